//! `cargo xtask tidy`: the rules of the project that no compiler checks. Each rule is one function over the files of
//! the repository, or over the packages of the workspace; CONTRIBUTING.md gives the reasons.

mod dependencies;
mod edges;
mod links;
mod papers;
mod source;
mod tokens;
mod tree;
mod undone;
mod unsafety;

use anyhow::{Result, bail};

use self::tree::{Finding, Tree};
use crate::tools;
use crate::workspace::Workspace;

type Rule = fn(&Tree, &Workspace) -> Vec<Finding>;

const RULES: &[Rule] = &[
    dependencies::have_a_line,
    edges::arrows,
    edges::loom_only_in_base,
    edges::macro_crates_are_pinned,
    edges::lints_are_inherited,
    links::lead_somewhere,
    links::labels_are_defined,
    papers::crates_are_complete,
    papers::changelogs_name_the_version,
    papers::readmes_are_written,
    papers::files_are_small,
    source::tokens_are_readable,
    source::files_are_short,
    source::lib_files_hold_no_code,
    source::lib_files_ask_for_docs,
    source::primitives_come_from_base,
    undone::no_code_is_missing,
    undone::no_reminders,
    unsafety::only_in_listed_files,
    unsafety::every_site_is_justified,
    unsafety::crates_forbid_the_rest,
];

pub(crate) fn run() -> Result<()> {
    let tree = Tree::read(&tools::root())?;
    let findings = check(&tree, &Workspace::read()?);
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => Ok(()),
        count => bail!("tidy found {count} faults"),
    }
}

fn check(tree: &Tree, workspace: &Workspace) -> Vec<Finding> {
    let mut findings: Vec<_> = RULES.iter().flat_map(|rule| rule(tree, workspace)).collect();
    findings.sort();
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::{Dependency, Package};

    const UNSAFE_LIST: &str = "# Map\n\n## Unsafe code\n\n- `crates/pool/src/slab.rs`: slots\n";

    fn sound() -> (Tree, Workspace) {
        let tree = Tree::made_up(&[
            ("ARCHITECTURE.md", UNSAFE_LIST),
            ("README.md", "See [the map](ARCHITECTURE.md#unsafe-code)."),
            ("LICENSE-MIT", "MIT"),
            ("LICENSE-APACHE", "Apache"),
            ("crates/pool/Cargo.toml", "[package]\n[lints]\nworkspace = true\n"),
            ("crates/pool/LICENSE-MIT", "MIT"),
            ("crates/pool/LICENSE-APACHE", "Apache"),
            ("crates/pool/README.md", "# Pool\n\nPools."),
            ("crates/pool/CHANGELOG.md", "# Changelog\n\n## 0.1.0 (unreleased)\n"),
            ("crates/pool/src/lib.rs", "//! Pools.\n#![deny(unsafe_code)]\n#![warn(missing_docs)]\nmod slab;\n"),
            ("crates/pool/src/slab.rs", "fn f(x: *const u8) {\n    // SAFETY: valid.\n    unsafe { x.read() };\n}\n"),
        ]);
        let base = Dependency { name: "lagom-base".into(), requirement: "^0.1.0".into(), dev: false };
        let pool = Package {
            name: "lagom-pool".into(),
            version: "0.1.0".into(),
            dir: "crates/pool".into(),
            published: true,
            dependencies: vec![base],
            ..Package::default()
        };
        (tree, Workspace { packages: vec![pool], ..Workspace::default() })
    }

    #[test]
    fn a_sound_tree_passes() {
        let (tree, workspace) = sound();
        assert_eq!(check(&tree, &workspace), []);
    }

    #[test]
    fn an_unsound_tree_fails() {
        let (mut tree, mut workspace) = sound();
        tree.add("crates/pool/src/other.rs", "fn f() { unsafe { todo!() } }");
        workspace.packages[0].dependencies.push(Dependency {
            name: "lagom-memo".into(),
            requirement: "^0.1.0".into(),
            dev: true,
        });
        let found: Vec<_> = check(&tree, &workspace).iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), 4, "{found:#?}");
        assert!(found[0].starts_with("crates/pool/Cargo.toml:1: "), "{found:#?}");
        for line in &found[1..] {
            assert!(line.starts_with("crates/pool/src/other.rs:1: "), "{found:#?}");
        }
    }
}

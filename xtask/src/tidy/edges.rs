//! Which crate may depend on which, and how.

use super::tree::{Finding, Tree};
use crate::workspace::{Package, Workspace};

/// The crates that a user picks from; each stands alone.
const SIX: [&str; 6] = ["lagom-lazy", "lagom-memo", "lagom-pool", "lagom-profiler", "lagom-vecproc", "lagom-weakcache"];

/// No edge between crates but those of the map in ARCHITECTURE.md, for tests as well.
pub(super) fn arrows(_: &Tree, workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in &workspace.packages {
        for dependency in &package.dependencies {
            if is_ours(&dependency.name, workspace) && !may_depend(package, &dependency.name) {
                let whose = if dependency.dev { "the tests of " } else { "the sources of " };
                let (from, to, advice) = (&package.name, &dependency.name, advice(&package.name));
                let what = format!("{whose}{from} depend on {to}, which is no edge of the map; {advice}");
                findings.push(Finding::new(manifest(package), 1, what));
            }
        }
    }
    findings
}

/// Whether a package is one of this project, here or elsewhere.
pub(super) fn is_ours(name: &str, workspace: &Workspace) -> bool {
    name == "lagom" || name.starts_with("lagom-") || workspace.get(name).is_some()
}

/// Whether it is one of the packages that know the rivals.
pub(super) fn has_rivals(name: &str) -> bool {
    matches!(name, "lagom-benches" | "lagom-benches-heap")
}

fn may_depend(package: &Package, other: &str) -> bool {
    let name = package.name.as_str();
    match name {
        // Who builds the benches builds every rival.
        _ if has_rivals(other) => false,
        "lagom" => SIX.contains(&other),
        "cargo-lagom" => other == "lagom-profiler",
        _ if SIX.contains(&name) => other == "lagom-base" || other.strip_suffix("-macros") == Some(name),
        _ => !package.published,
    }
}

fn advice(name: &str) -> &'static str {
    match name {
        "lagom" => "it may depend on the six crates that it re-exports",
        "cargo-lagom" => "it may depend on lagom-profiler",
        _ if SIX.contains(&name) => {
            "it may depend on lagom-base and its own macro crate; crates meet through std types"
        }
        "lagom-base" => "it is the ground floor and depends on no other crate of ours",
        _ if name.ends_with("-macros") => "a macro crate depends on no other crate of ours",
        _ => "nothing depends on the benches, or it would build every rival",
    }
}

/// Only `lagom-base` depends on loom, so that no user's lockfile has it.
pub(super) fn loom_only_in_base(_: &Tree, workspace: &Workspace) -> Vec<Finding> {
    let others = workspace.packages.iter().filter(|package| package.name != "lagom-base");
    others
        .filter(|package| package.dependencies.iter().any(|dependency| dependency.name == "loom"))
        .map(|package| {
            let what = "depends on loom; only lagom-base may, and re-exports what the models need";
            Finding::new(manifest(package), 1, what)
        })
        .collect()
}

/// A macro crate is required exactly by its parent, for the two are one; everything else of ours by caret, so that
/// crates released apart resolve together.
pub(super) fn macro_crates_are_pinned(_: &Tree, workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in workspace.published() {
        for dependency in &package.dependencies {
            let Some(other) = workspace.get(&dependency.name) else { continue };
            let is_macro = other.name.ends_with("-macros");
            let right = if is_macro { format!("={}", other.version) } else { format!("^{}", other.version) };
            let fits = if is_macro { dependency.requirement == right } else { dependency.requirement.starts_with('^') };
            if !fits {
                let what = format!("requires {} `{}`; `{right}` is right", other.name, dependency.requirement);
                findings.push(Finding::new(manifest(package), 1, what));
            }
        }
    }
    findings
}

/// Every manifest of ours inherits the lints; the downstream crates are users and have none.
pub(super) fn lints_are_inherited(tree: &Tree, workspace: &Workspace) -> Vec<Finding> {
    let ours = workspace.packages.iter().filter(|package| !package.dir.starts_with("tests/downstream/"));
    ours.filter_map(|package| {
        let path = manifest(package);
        let text: String = tree.text(&path)?.lines().map(|line| line.replace(' ', "") + "\n").collect();
        let inherits = text.contains("\n[lints]\nworkspace=true\n") || text.contains("\nlints.workspace=true\n");
        (!inherits).then(|| Finding::new(path, 1, "the lints are not inherited; add `[lints] workspace = true`"))
    })
    .collect()
}

pub(super) fn manifest(package: &Package) -> String {
    format!("{}/Cargo.toml", package.dir)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    fn package(name: &str, dependencies: &[(&str, &str)]) -> Package {
        let published = !["lagom-tests", "lagom-benches", "lagom-benches-heap", "xtask"].contains(&name);
        let dependencies = dependencies.iter().map(|(name, requirement)| Dependency {
            name: (*name).into(),
            requirement: (*requirement).into(),
            dev: false,
        });
        let dir = format!("crates/{name}");
        let version = "0.1.0".into();
        Package {
            name: name.into(),
            version,
            dir,
            published,
            dependencies: dependencies.collect(),
            ..Package::default()
        }
    }

    fn workspace(packages: &[(&str, &[(&str, &str)])]) -> Workspace {
        let packages = packages.iter().map(|(name, dependencies)| package(name, dependencies)).collect();
        Workspace { packages, ..Workspace::default() }
    }

    fn allowed(from: &str, to: &str) -> bool {
        arrows(&Tree::default(), &workspace(&[(from, &[(to, "^0.1.0")])])).is_empty()
    }

    #[test]
    fn the_arrows_of_the_map_are_allowed() {
        assert!(allowed("lagom", "lagom-pool"));
        assert!(allowed("lagom-memo", "lagom-base"));
        assert!(allowed("lagom-memo", "lagom-memo-macros"));
        assert!(allowed("lagom-tests", "lagom"));
        assert!(allowed("lagom-benches", "lagom-pool"));
        assert!(allowed("lagom-benches-heap", "lagom-profiler"));
        assert!(allowed("cargo-lagom", "lagom-profiler"));
        assert!(allowed("lagom-base", "parking_lot"));
    }

    #[test]
    fn other_arrows_are_found() {
        assert!(!allowed("lagom", "lagom-base"));
        assert!(!allowed("lagom-memo", "lagom-pool"));
        assert!(!allowed("lagom-memo", "lagom-profiler-macros"));
        assert!(!allowed("lagom-memo", "lagom"));
        assert!(!allowed("lagom-base", "lagom-pool"));
        assert!(!allowed("lagom-memo-macros", "lagom-base"));
        assert!(!allowed("cargo-lagom", "lagom-pool"));
        assert!(!allowed("lagom-tests", "lagom-benches"));
        assert!(!allowed("xtask", "lagom-benches"));
        assert!(!allowed("lagom-benches", "lagom-benches-heap"));
    }

    #[test]
    fn arrows_of_tests_count() {
        let mut workspace = workspace(&[("lagom-pool", &[("lagom-memo", "^0.1.0")])]);
        workspace.packages[0].dependencies[0].dev = true;
        let found = arrows(&Tree::default(), &workspace);
        assert_eq!(found.len(), 1);
        assert!(found[0].to_string().starts_with("crates/lagom-pool/Cargo.toml:1: the tests of lagom-pool depend on "));
    }

    #[test]
    fn loom_is_found_outside_base() {
        let workspace = workspace(&[("lagom-base", &[("loom", "^0.7")]), ("lagom-pool", &[("loom", "^0.7")])]);
        let found = loom_only_in_base(&Tree::default(), &workspace);
        assert_eq!(found.len(), 1);
        assert!(found[0].to_string().starts_with("crates/lagom-pool/"));
    }

    #[test]
    fn loose_macro_crates_and_pinned_others_are_found() {
        let packages: &[(&str, &[(&str, &str)])] = &[
            ("lagom-base", &[]),
            ("lagom-memo-macros", &[]),
            ("lagom-memo", &[("lagom-memo-macros", "=0.1.0"), ("lagom-base", "^0.1.0")]),
        ];
        assert_eq!(macro_crates_are_pinned(&Tree::default(), &workspace(packages)), []);
        let packages: &[(&str, &[(&str, &str)])] = &[
            ("lagom-base", &[]),
            ("lagom-memo-macros", &[]),
            ("lagom-memo", &[("lagom-memo-macros", "^0.1.0"), ("lagom-base", "=0.1.0")]),
        ];
        let found = macro_crates_are_pinned(&Tree::default(), &workspace(packages));
        assert_eq!(found.len(), 2);
        assert!(found[0].to_string().ends_with("requires lagom-memo-macros `^0.1.0`; `=0.1.0` is right"));
    }

    #[test]
    fn manifests_without_the_lints_are_found() {
        let workspace = workspace(&[("a", &[]), ("b", &[]), ("c", &[])]);
        let tree = Tree::made_up(&[
            ("crates/a/Cargo.toml", "[package]\n\n[lints]\nworkspace = true\n"),
            ("crates/b/Cargo.toml", "[package]\nname = \"b\"\n"),
            ("crates/c/Cargo.toml", "[package]\n[lints.rust]\nworkspace = true\n"),
        ]);
        let found: Vec<_> = lints_are_inherited(&tree, &workspace).iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), 2, "{found:?}");
    }
}

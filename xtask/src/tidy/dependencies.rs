//! Every package that is built has its reason in ARCHITECTURE.md.

use super::edges;
use super::tree::{Finding, Tree};
use crate::workspace::Workspace;

const LIST: &str = "ARCHITECTURE.md";

/// The line of all that only the benches depend on.
const RIVALS: &str = "the rivals";

/// Every dependency of a crate has its line, and every line its dependency.
pub(super) fn have_a_line(tree: &Tree, workspace: &Workspace) -> Vec<Finding> {
    let listed = listed(tree);
    let is_listed = |name: &str| listed.iter().any(|(_, entry)| entry == name);
    let mut findings = Vec::new();
    let mut used = vec![RIVALS];
    for package in &workspace.packages {
        for dependency in &package.dependencies {
            let name = &*dependency.name;
            let covered = is_listed(name) || (edges::has_rivals(&package.name) && is_listed(RIVALS));
            if !covered && !edges::is_ours(name, workspace) {
                let what = format!("{name} has no line under \"Dependencies\" in {LIST}; say why it is needed");
                findings.push(Finding::new(edges::manifest(package), 1, what));
            }
            used.push(name);
        }
    }
    for (line, entry) in &listed {
        if !used.contains(&&**entry) {
            let what = format!("`{entry}` is listed under \"Dependencies\" and nothing needs it; take it off the list");
            findings.push(Finding::new(LIST, *line, what));
        }
    }
    findings
}

/// The packages in the first column of the table, with their lines.
fn listed(tree: &Tree) -> Vec<(usize, String)> {
    let text = tree.text(LIST).unwrap_or_default();
    let section = (1..).zip(text.lines()).skip_while(|(_, line)| *line != "## Dependencies").skip(1);
    let rows = section.take_while(|(_, line)| !line.starts_with("## ")).filter(|(_, line)| line.starts_with('|'));
    // The heading and the rule below it.
    let cells = rows.skip(2).filter_map(|(at, line)| Some((at, line.split('|').nth(1)?)));
    cells
        .flat_map(|(at, cell)| cell.split(',').map(move |name| (at, name.trim().trim_matches('`').to_owned())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::{Dependency, Package};

    #[test]
    fn dependencies_without_a_line_and_lines_without_a_dependency_are_found() {
        let map = "# Map\n\n## Dependencies\n\n| package | why |\n| --- | --- |\n| a, `b` | x |\n| gone | y |\n\
                   | the rivals | z |\n\n## Else\n| d | |\n";
        let package = |name: &str, dependencies: &[&str]| Package {
            name: name.into(),
            dir: format!("crates/{name}"),
            dependencies: dependencies
                .iter()
                .map(|name| Dependency { name: (*name).into(), ..Dependency::default() })
                .collect(),
            ..Package::default()
        };
        let packages =
            vec![package("lagom-pool", &["a", "b", "d", "lagom-base"]), package("lagom-benches", &["a", "rival"])];
        let workspace = Workspace { packages, ..Workspace::default() };
        let found = have_a_line(&Tree::made_up(&[(LIST, map)]), &workspace);
        let found: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("crates/lagom-pool/Cargo.toml:1: d has no line"), "{found:?}");
        assert!(found[1].starts_with("ARCHITECTURE.md:8: `gone` is listed"), "{found:?}");
        let map = map.replace("the rivals", "a");
        assert_eq!(have_a_line(&Tree::made_up(&[(LIST, &map)]), &workspace).len(), 3);
    }
}

//! What lies beside the code: licences, changelogs, READMEs, large files.

use super::links;
use super::tree::{Finding, Tree};
use crate::workspace::{Package, Workspace};

/// In bytes. History keeps every version for ever.
const LARGEST_FILE: u64 = 1 << 20;

/// Every crate carries what its package needs; cargo takes no file of a parent folder.
pub(super) fn crates_are_complete(tree: &Tree, workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in crates(workspace) {
        for file in ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"] {
            let path = format!("{}/{file}", package.dir);
            let licence = file.starts_with("LICENSE");
            match tree.text(&path) {
                None => findings.push(Finding::new(path, 1, "is missing; every crate has its own")),
                Some(text) if licence && tree.text(file) != Some(text) => {
                    findings.push(Finding::new(path, 1, format!("differs from the root's {file}; copy that one")));
                }
                Some(_) => {}
            }
        }
    }
    findings
}

/// The newest changelog is about the version in the manifest.
pub(super) fn changelogs_name_the_version(tree: &Tree, workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in crates(workspace) {
        let path = format!("{}/CHANGELOG.md", package.dir);
        let Some(text) = tree.text(&path) else { continue };
        let newest = text.lines().enumerate().find_map(|(at, line)| Some((at + 1, line.strip_prefix("## ")?)));
        let version = newest.and_then(|(_, heading)| heading.split_whitespace().next());
        if version.map(|version| version.trim_matches(['[', ']'])) != Some(&package.version) {
            let (line, found) = newest.unwrap_or((1, "nothing"));
            let what = format!("the newest heading is `{found}`; the manifest says `{}`", package.version);
            findings.push(Finding::new(path, line, what));
        }
    }
    findings
}

fn crates(workspace: &Workspace) -> impl Iterator<Item = &Package> {
    workspace.packages.iter().filter(|package| package.dir.starts_with("crates/"))
}

/// No large file: data sets are fetched or made small.
pub(super) fn files_are_small(tree: &Tree, _: &Workspace) -> Vec<Finding> {
    let large = tree.sizes().filter(|(_, size)| *size > LARGEST_FILE);
    large.map(|(path, size)| Finding::new(path, 1, format!("is {size} bytes; at most {LARGEST_FILE} go in"))).collect()
}

/// Every README says something, and all of it is said: no word in capitals waits for a table.
pub(super) fn readmes_are_written(tree: &Tree, _: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.ending("README.md") {
        let says = |line: &&str| !line.trim().is_empty() && !line.starts_with('#');
        if !text.lines().any(|line| says(&line)) {
            findings.push(Finding::new(path, 1, "is empty; say what this is"));
        }
        for (line, prose) in links::prose(text) {
            let words = prose.split(|c: char| !c.is_alphanumeric() && c != '_');
            for word in words.filter(|word| is_placeholder(word)) {
                findings.push(Finding::new(path, line, format!("`{word}` stands for something; put that in")));
            }
        }
    }
    findings
}

fn is_placeholder(word: &str) -> bool {
    word.trim_matches('_').contains('_')
        && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace() -> Workspace {
        let package = Package { dir: "crates/a".into(), version: "0.2.0".into(), ..Package::default() };
        Workspace { packages: vec![package], ..Workspace::default() }
    }

    fn found(findings: &[Finding]) -> Vec<String> {
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn missing_and_different_papers_are_found() {
        let tree = Tree::made_up(&[
            ("LICENSE-MIT", "MIT"),
            ("LICENSE-APACHE", "Apache"),
            ("crates/a/LICENSE-MIT", "MIT"),
            ("crates/a/LICENSE-APACHE", "something else"),
            ("crates/a/README.md", ""),
        ]);
        assert_eq!(
            found(&crates_are_complete(&tree, &workspace())),
            [
                "crates/a/CHANGELOG.md:1: is missing; every crate has its own",
                "crates/a/LICENSE-APACHE:1: differs from the root's LICENSE-APACHE; copy that one",
            ]
        );
    }

    #[test]
    fn changelogs_behind_the_manifest_are_found() {
        for right in ["# C\n\n## 0.2.0 (unreleased)\n## 0.1.0", "## [0.2.0] - 2030-01-01"] {
            let tree = Tree::made_up(&[("crates/a/CHANGELOG.md", right)]);
            assert_eq!(changelogs_name_the_version(&tree, &workspace()), []);
        }
        for wrong in ["# C\n\n## 0.1.0\n## 0.2.0", "## Unreleased\n## 0.2.0", "# 0.2.0"] {
            let tree = Tree::made_up(&[("crates/a/CHANGELOG.md", wrong)]);
            assert_eq!(changelogs_name_the_version(&tree, &workspace()).len(), 1, "{wrong}");
        }
    }

    #[test]
    fn unwritten_readmes_are_found() {
        let text = "# A\n\nSets `MAX_LEN`; HTTP, x86_64.\n```sh\nA_B=1\n```\n\nBENCH_TABLE\n";
        let tree = Tree::made_up(&[("a/README.md", text), ("b/README.md", "# B\n\n"), ("c.md", "C_D")]);
        assert_eq!(
            found(&readmes_are_written(&tree, &Workspace::default())),
            [
                "a/README.md:8: `BENCH_TABLE` stands for something; put that in",
                "b/README.md:1: is empty; say what this is",
            ]
        );
    }

    #[test]
    fn large_files_are_found() {
        let large = "x".repeat(LARGEST_FILE as usize + 1);
        let tree = Tree::made_up(&[("a", &large), ("b", &large[1..])]);
        assert_eq!(files_are_small(&tree, &Workspace::default()).len(), 1);
    }
}

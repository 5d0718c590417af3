//! What lies beside the code: licences, changelogs, links, large files.

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

/// Every relative link in a Markdown file leads to a file or folder of the repository.
pub(super) fn links_lead_somewhere(tree: &Tree, _: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.ending(".md") {
        for (line, target) in links(text) {
            let file = target.split(['#', '?']).next().unwrap_or_default();
            // `scheme:` leads outside, `a::b` is an item for rustdoc.
            if file.is_empty() || file.contains(':') {
                continue;
            }
            let resolved = resolve(path, file);
            if !resolved.as_deref().is_some_and(|file| tree.has(file)) {
                findings.push(Finding::new(path, line, format!("the link `{target}` leads nowhere; name a file")));
            }
        }
    }
    findings
}

/// The targets of `[text](target)` and `[text]: target`, outside of code.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut in_code = false;
    for (at, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        let line = without_code_spans(line);
        let definition = line.trim_start().strip_prefix('[').and_then(|rest| rest.split_once("]: "));
        let inline = line.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0));
        for target in definition.map(|(_, target)| target).into_iter().chain(inline) {
            let target = target.split_whitespace().next().unwrap_or_default();
            found.push((at + 1, target.trim_matches(['<', '>']).to_owned()));
        }
    }
    found
}

fn without_code_spans(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("`")
}

/// `target` as a path from the root, seen from the file `from`; nothing if it leaves the root.
fn resolve(from: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
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
    fn dead_links_are_found() {
        let text = "[a](../README.md#x) [b](nowhere.md) <https://x.y> [c](https://x.y/z) [d](#here)\n\
                    `[e](code.md)` [f](src) [g](crate::Item)\n```\n[h](code.md)\n```\n[i]: gone.md\n[j](../../out.md)";
        let tree = Tree::made_up(&[("a/b.md", text), ("README.md", ""), ("a/src/lib.rs", "")]);
        assert_eq!(
            found(&links_lead_somewhere(&tree, &Workspace::default())),
            [
                "a/b.md:1: the link `nowhere.md` leads nowhere; name a file",
                "a/b.md:6: the link `gone.md` leads nowhere; name a file",
                "a/b.md:7: the link `../../out.md` leads nowhere; name a file",
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

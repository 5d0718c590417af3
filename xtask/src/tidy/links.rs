//! Where the links of the Markdown files lead.

use super::tree::{Finding, Tree};
use crate::workspace::Workspace;

/// Every relative link in a Markdown file leads to a file or folder of the repository, and its anchor to a heading.
pub(super) fn lead_somewhere(tree: &Tree, _: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.ending(".md") {
        for (line, target) in links(text) {
            let (address, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let file = address.split('?').next().unwrap_or_default();
            // `scheme:` leads outside, `a::b` is an item for rustdoc.
            if file.contains(':') {
                continue;
            }
            let resolved = if file.is_empty() { Some(path.to_owned()) } else { resolve(path, file) };
            let Some(resolved) = resolved.filter(|file| tree.has(file)) else {
                findings.push(Finding::new(path, line, format!("the link `{target}` leads nowhere; name a file")));
                continue;
            };
            let other = tree.text(&resolved).filter(|_| resolved.ends_with(".md") && !anchor.is_empty());
            if other.is_some_and(|text| !anchors(text).iter().any(|known| known == anchor)) {
                let what = format!("the link `{target}` leads to no heading of {resolved}; name one");
                findings.push(Finding::new(path, line, what));
            }
        }
    }
    findings
}

/// Every `[text][label]` has its `[label]: target`.
pub(super) fn labels_are_defined(tree: &Tree, _: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.ending(".md") {
        let lines: Vec<_> = prose(text).collect();
        let defined: Vec<_> = lines.iter().filter_map(|(_, line)| Some(definition(line)?.0.to_lowercase())).collect();
        for (at, line) in &lines {
            for (before, after) in line.match_indices("][").map(|(cut, _)| (&line[..cut], &line[cut + 2..])) {
                let Some((second, _)) = after.split_once(']') else { continue };
                let first = before.rsplit_once('[').map_or(before, |(_, first)| first);
                let label = if second.is_empty() { first } else { second };
                // What rustdoc finds by itself has a path.
                if !label.contains("::") && !defined.contains(&label.to_lowercase()) {
                    findings.push(Finding::new(path, *at, format!("the label `{label}` is nowhere defined")));
                }
            }
        }
    }
    findings
}

/// The lines outside of code, numbered, with the code within them taken out.
pub(super) fn prose(text: &str) -> impl Iterator<Item = (usize, String)> {
    outside_fences(text).map(|(at, line)| (at, without_code_spans(line)))
}

fn outside_fences(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_code = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        in_code ^= is_fence;
        !in_code && !is_fence
    })
}

fn without_code_spans(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("`")
}

/// The targets of `[text](target)` and `[text]: target`, outside of code.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, line) in prose(text) {
        let inline = line.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0));
        for target in definition(&line).map(|(_, target)| target).into_iter().chain(inline) {
            let target = target.split_whitespace().next().unwrap_or_default();
            found.push((at, target.trim_matches(['<', '>']).to_owned()));
        }
    }
    found
}

/// The label and the target of `[label]: target`; `[^1]: text` is a footnote.
fn definition(line: &str) -> Option<(&str, &str)> {
    let (label, target) = line.trim_start().strip_prefix('[')?.split_once("]: ")?;
    (!label.starts_with('^')).then_some((label, target))
}

/// The anchors of the headings, as forges make them; of equal ones the second ends with `-1`.
fn anchors(text: &str) -> Vec<String> {
    let titles = outside_fences(text).filter_map(|(_, line)| {
        let title = line.trim_start_matches('#');
        (title.len() < line.len()).then(|| title.strip_prefix(' ')).flatten()
    });
    let plain: Vec<_> = titles.map(anchor).collect();
    let numbered = plain.iter().enumerate().map(|(at, anchor)| {
        match plain[..at].iter().filter(|before| *before == anchor).count() {
            0 => anchor.clone(),
            same => format!("{anchor}-{same}"),
        }
    });
    numbered.collect()
}

fn anchor(title: &str) -> String {
    // Of a link in a heading only the text counts.
    let parts = title.trim().split("](").enumerate();
    let text = parts.map(|(at, part)| if at == 0 { part } else { part.split_once(')').map_or(part, |(_, rest)| rest) });
    let kept = text.flat_map(str::chars).filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
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

    fn found(findings: &[Finding]) -> Vec<String> {
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn dead_links_are_found() {
        let text = "[a](../README.md#x) [b](nowhere.md) <https://x.y> [c](https://x.y/z) [d](?x)\n\
                    `[e](code.md)` [f](src) [g](crate::Item)\n```\n[h](code.md)\n```\n[i]: gone.md\n[j](../../out.md)";
        let tree = Tree::made_up(&[("a/b.md", text), ("README.md", "## X"), ("a/src/lib.rs", "")]);
        assert_eq!(
            found(&lead_somewhere(&tree, &Workspace::default())),
            [
                "a/b.md:1: the link `nowhere.md` leads nowhere; name a file",
                "a/b.md:6: the link `gone.md` leads nowhere; name a file",
                "a/b.md:7: the link `../../out.md` leads nowhere; name a file",
            ]
        );
    }

    #[test]
    fn dead_anchors_are_found() {
        let text = "# The `a` of [b](c.md), it's\n## Twice\n## Twice\n```\n# Code\n```\n\
                    [1](#the-a-of-b-its) [2](#twice-1) [3](#twice-2) [4](#code)\n[l]: d.md#here\n[r](../src/lib.rs#L1)";
        let tree = Tree::made_up(&[("a/b.md", text), ("a/c.md", ""), ("a/d.md", "# There\n#Here"), ("src/lib.rs", "")]);
        assert_eq!(
            found(&lead_somewhere(&tree, &Workspace::default())),
            [
                "a/b.md:7: the link `#twice-2` leads to no heading of a/b.md; name one",
                "a/b.md:7: the link `#code` leads to no heading of a/b.md; name one",
                "a/b.md:8: the link `d.md#here` leads to no heading of a/d.md; name one",
            ]
        );
    }

    #[test]
    fn labels_without_a_definition_are_found() {
        let text = "[a][here] [Here][] [b][gone] [lost][] `x[1][2]` [c][crate::Item]\n[^1]: A note.\n\n[here]: b.md";
        let tree = Tree::made_up(&[("a/b.md", text)]);
        assert_eq!(
            found(&labels_are_defined(&tree, &Workspace::default())),
            ["a/b.md:1: the label `gone` is nowhere defined", "a/b.md:1: the label `lost` is nowhere defined"]
        );
        assert_eq!(found(&lead_somewhere(&tree, &Workspace::default())), [""; 0]);
    }
}

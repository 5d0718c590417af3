//! What was to be done later.

use super::tokens;
use super::tree::{Finding, Tree};
use crate::workspace::Workspace;

/// No macro or attribute stands for code, no test is switched off, no probe is left behind.
pub(super) fn no_code_is_missing(tree: &Tree, _: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.ending(".rs") {
        let Ok(tokens) = tokens::lex(text) else { continue };
        for (name, line) in tokens::macro_calls(tokens.clone()) {
            if ["todo", "unimplemented", "dbg"].contains(&name.as_str()) {
                findings.push(Finding::new(path, line, format!("`{name}!`; finish it or take it out")));
            }
        }
        for (attribute, line) in tokens::attributes(tokens) {
            if ignores(&attribute) {
                findings.push(Finding::new(path, line, "an ignored test; make it run or take it out"));
            }
        }
    }
    for (path, text) in tree.ending(".md") {
        for (line, _) in (1..).zip(text.lines()).filter(|(_, line)| is_ignored_fence(line)) {
            findings.push(Finding::new(path, line, "an ignored example; make it run or take it out"));
        }
    }
    findings
}

/// Whether an attribute, without spaces, switches a test or an example off. Miri, an interpreter, cannot run them all.
fn ignores(attribute: &str) -> bool {
    if let Some(doc) = attribute.strip_prefix("doc=") {
        // A block comment is one text, with its line breaks escaped.
        return doc.trim_matches('"').split("\\n").any(is_ignored_fence);
    }
    let is_ignore = |word: &str| word == "ignore" || word.starts_with("ignore=");
    let conditional = attribute.strip_prefix("cfg_attr(").filter(|rest| !rest.starts_with("miri,"));
    is_ignore(attribute) || conditional.is_some_and(|rest| rest.trim_end_matches(')').split(',').any(is_ignore))
}

/// Whether a line opens a block of code that rustdoc does not even compile: ` ```ignore`, ` ```rust,ignore-wasm`.
fn is_ignored_fence(line: &str) -> bool {
    let words = line.trim_start_matches([' ', '*', '>']).strip_prefix("```");
    words.is_some_and(|words| words.split([',', ' ']).any(|word| word.split('-').next() == Some("ignore")))
}

/// No note says what is still to be done: an issue does, or it is done.
pub(super) fn no_reminders(tree: &Tree, _: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut look = |path: &str, text: &str| {
        for (line, text) in (1..).zip(text.lines()) {
            let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
            if let Some(word) = words.find(|word| ["TODO", "FIXME"].contains(word)) {
                findings.push(Finding::new(path, line, format!("`{word}`; do it or open an issue")));
            }
        }
    };
    for (path, text) in tree.ending(".rs") {
        if let Some(text) = tokens::without_literals(text) {
            look(path, &text);
        }
    }
    for end in [".md", ".toml", ".sh", ".ci/run"] {
        tree.ending(end).for_each(|(path, text)| look(path, text));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    type Rule = fn(&Tree, &Workspace) -> Vec<Finding>;

    /// The lines that `rule` finds in one file.
    fn lines(rule: Rule, path: &str, text: &str) -> Vec<usize> {
        let found = rule(&Tree::made_up(&[(path, text)]), &Workspace::default());
        found.iter().map(|finding| finding.to_string().split(':').nth(1).unwrap().parse().unwrap()).collect()
    }

    #[test]
    fn missing_code_is_found() {
        let text = "fn a() { todo!() }\nfn b() { dbg!(unimplemented!()) }\n#[test]\n#[ignore = \"slow\"]\nfn c() {}\n\
                    /// ```ignore\n/// x\n/// ```\nfn d() {}\n";
        assert_eq!(lines(no_code_is_missing, "a.rs", text), [1, 2, 2, 4, 6]);
        assert_eq!(lines(no_code_is_missing, "a.rs", "// todo!()\nfn todo() { \"dbg!()\" }"), [0; 0]);
    }

    #[test]
    fn tests_that_are_ignored_in_other_ways_are_found() {
        for off in [
            "#[cfg_attr(windows, ignore)]",
            "#[cfg_attr(any(miri, windows), ignore = \"slow\")]",
            "#[cfg_attr(unix, test, ignore)]",
            "//! ```rust,ignore",
            "/// ``` text, ignore",
            "/** A\n * ```ignore-windows\n */",
        ] {
            assert_eq!(lines(no_code_is_missing, "a.rs", &format!("{off}\nfn f() {{}}")), [1], "{off}");
        }
        for on in
            ["#[cfg_attr(miri, ignore = \"starts cargo\")]", "#[cfg_attr(x, allow(ignored))]", "/// ```should_panic"]
        {
            assert_eq!(lines(no_code_is_missing, "a.rs", &format!("{on}\nfn f() {{}}")), [0; 0], "{on}");
        }
        let text = "```rust\n```\n\n  ```rust,ignore\n  ```\nA ```ignore`.\n```ignore\n";
        assert_eq!(lines(no_code_is_missing, "README.md", text), [4, 7]);
    }

    #[test]
    fn reminders_are_found() {
        let text = "// TODO: x\n//! A FIXME.\nfn f() {\n    g(); /* a\n    TODO(b) */\n}\n/// TODO\nfn h() {}\n";
        assert_eq!(lines(no_reminders, "a.rs", text), [1, 2, 5, 7]);
        let text =
            "fn f() {\n    \"TODO\"; r#\"\nFIXME\"#; b\"TODO\"; 'ä'; /* ä */ \"TODO\"; // AUTODO, TODOS, todo\n}\n";
        assert_eq!(lines(no_reminders, "a.rs", text), [0; 0]);
        assert_eq!(lines(no_reminders, "a/Cargo.toml", "x = 1 # TODO"), [1]);
        assert_eq!(lines(no_reminders, "a.svg", "TODO"), [0; 0]);
    }
}

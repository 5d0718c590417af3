//! The shape of the Rust source.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::tokens::{self, is_ident, is_punct};
use super::tree::{Finding, Tree};
use crate::workspace::Workspace;

/// In lines.
const LONGEST_FILE: usize = 600;

/// Every Rust file can be lexed: the other rules skip what cannot.
pub(super) fn tokens_are_readable(tree: &Tree, _: &Workspace) -> Vec<Finding> {
    let unreadable = tree.ending(".rs").filter_map(|(path, text)| Some((path, tokens::lex(text).err()?)));
    unreadable.map(|(path, (line, error))| Finding::new(path, line, format!("is no Rust source: {error}"))).collect()
}

/// No file is longer than one idea needs.
pub(super) fn files_are_short(tree: &Tree, _: &Workspace) -> Vec<Finding> {
    tree.ending(".rs")
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST_FILE)
        .map(|(path, lines)| {
            let what = format!("{lines} lines; split it by idea, at most {LONGEST_FILE} are allowed");
            Finding::new(path, LONGEST_FILE + 1, what)
        })
        .collect()
}

/// The `lib.rs` of a crate is its table of contents: docs, attributes, modules and re-exports.
pub(super) fn lib_files_hold_no_code(tree: &Tree, _: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, tokens) in lib_files(tree) {
        for line in code(tokens) {
            let what = "is code; move it into a module, a lib.rs holds docs, attributes, `mod` and `use` only";
            findings.push(Finding::new(path, line, what));
        }
    }
    findings
}

/// Every `lib.rs` warns of items without docs.
pub(super) fn lib_files_ask_for_docs(tree: &Tree, _: &Workspace) -> Vec<Finding> {
    lib_files(tree)
        .filter(|(_, tokens)| {
            let levels = ["warn", "deny", "forbid"].map(|level| format!("{level}(missing_docs)"));
            !tokens::attributes(tokens.clone()).iter().any(|(attribute, _)| levels.contains(attribute))
        })
        .map(|(path, _)| Finding::new(path, 1, "does not ask for docs; add `#![warn(missing_docs)]`"))
        .collect()
}

fn lib_files(tree: &Tree) -> impl Iterator<Item = (&str, TokenStream)> {
    let published = tree.ending("/src/lib.rs").filter(|(path, _)| path.starts_with("crates/"));
    published.filter_map(|(path, text)| Some((path, tokens::lex(text).ok()?)))
}

/// The lines of the items that are code.
fn code(tokens: TokenStream) -> Vec<usize> {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let mut attributes = Vec::new();
        while is_punct(tokens.get(at), '#') {
            at += if is_punct(tokens.get(at + 1), '!') { 2 } else { 1 };
            if let Some(TokenTree::Group(group)) = tokens.get(at) {
                attributes.push(tokens::squeeze(group.stream()));
            }
            at += 1;
        }
        if is_ident(tokens.get(at), "pub") {
            at += 1;
            if matches!(tokens.get(at), Some(TokenTree::Group(_))) {
                at += 1;
            }
        }
        let Some(item) = tokens.get(at) else { break };
        // An item ends with `;` or its braces; those of a `use` are followed by `;`.
        let is_use = is_ident(Some(item), "use");
        let is_end = |token: &TokenTree| match token {
            TokenTree::Punct(punct) => punct.as_char() == ';',
            TokenTree::Group(group) => !is_use && group.delimiter() == Delimiter::Brace,
            _ => false,
        };
        let end = tokens[at..].iter().position(is_end).map_or(tokens.len(), |length| at + length);
        match item {
            TokenTree::Ident(ident) if ident == "mod" => {
                if let Some(TokenTree::Group(group)) = tokens.get(end) {
                    found.extend(code(group.stream()));
                }
            }
            TokenTree::Ident(ident) if ["use", "extern", "compile_error"].iter().any(|word| ident == word) => {}
            // The compiler wants the entry of a macro here, and rustdoc something to hang a README on.
            TokenTree::Ident(ident)
                if ident == "fn" && attributes.iter().any(|text| text.starts_with("proc_macro")) => {}
            TokenTree::Ident(ident) if ident == "struct" && attributes.iter().any(|text| is_doctest(text)) => {}
            other => found.push(other.span().start().line),
        }
        at = end + 1;
    }
    found
}

fn is_doctest(attribute: &str) -> bool {
    attribute.starts_with("cfg(") && attribute.contains("doctest")
}

/// Teaches the locks of std a trait, and makes none.
const OF_STD: &[&str] = &["crates/profiler/src/heap/size/shared.rs", "crates/profiler/src/heap/size/visitor.rs"];

/// Locks and loom come from `lagom-base`, the only place that chooses between implementations.
pub(super) fn primitives_come_from_base(tree: &Tree, _: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    let sources = tree
        .ending(".rs")
        .filter(|(path, _)| path.starts_with("crates/") && path.contains("/src/") && !path.starts_with("crates/base/"))
        .filter(|(path, _)| !OF_STD.contains(path));
    for (path, text) in sources {
        let Ok(tokens) = tokens::lex(text) else { continue };
        for name in tokens::names(tokens) {
            let locks = ["Mutex", "RwLock", "Condvar"].iter().any(|lock| name.starts_with(&["std", "sync", lock]));
            let whole = name.segments == ["std", "sync"] || name.segments == ["std", "sync", "self"];
            if locks || whole || name.starts_with(&["parking_lot"]) || name.starts_with(&["loom"]) {
                // A macro crate depends on no other of ours; what it writes is compiled with its parent.
                let is_macro = path.split('/').nth(1).is_some_and(|folder| folder.ends_with("-macros"));
                let advice = if is_macro {
                    "let its parent crate offer what is needed"
                } else {
                    "take it from `lagom_base::sync`"
                };
                let what = format!("names `{}`; {advice}", name.segments.join("::"));
                findings.push(Finding::new(path, name.line, what));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    type Rule = fn(&Tree, &Workspace) -> Vec<Finding>;

    /// The lines that `rule` finds in one file.
    fn lines(rule: Rule, path: &str, text: &str) -> Vec<String> {
        let found = rule(&Tree::made_up(&[(path, text)]), &Workspace::default());
        found.iter().map(|finding| finding.to_string().split(": ").next().unwrap().to_owned()).collect()
    }

    #[test]
    fn long_files_are_found() {
        assert_eq!(lines(files_are_short, "a.rs", &"\n".repeat(600)), [""; 0]);
        assert_eq!(lines(files_are_short, "a.rs", &"\n".repeat(601)), ["a.rs:601"]);
        assert_eq!(lines(files_are_short, "a.md", &"\n".repeat(601)), [""; 0]);
    }

    #[test]
    fn unreadable_files_are_found() {
        assert_eq!(lines(tokens_are_readable, "a.rs", "fn f() {}\n}"), ["a.rs:2"]);
    }

    #[test]
    fn a_table_of_contents_passes() {
        let text = "//! Docs.\n#![warn(missing_docs)]\nextern crate alloc;\ncompile_error!(\"no\");\nmod a;\npub(crate) mod b;\n\
                    pub use a::{A, B};\n#[doc(inline)]\npub use b::C;\npub mod d { pub use e::*; }\n\
                    #[proc_macro_attribute]\npub fn memoize(a: T, b: T) -> T { m::f(a, b) }\n\
                    #[doc = \"x\"]\n#[cfg(all(doctest, feature = \"x\"))]\npub struct Readme;\n";
        assert_eq!(lines(lib_files_hold_no_code, "crates/a/src/lib.rs", text), [""; 0]);
    }

    #[test]
    fn code_in_a_table_of_contents_is_found() {
        let text = "//! Docs.\nmod a;\npub fn f() { g() }\nuse a::{B};\nimpl B {}\nmod c {\n    pub struct S;\n}\n\
                    macro_rules! m { () => {} }\nconst fn h() {}\n";
        let found =
            ["crates/a/src/lib.rs:3", "crates/a/src/lib.rs:5", "crates/a/src/lib.rs:7", "crates/a/src/lib.rs:9"];
        assert_eq!(lines(lib_files_hold_no_code, "crates/a/src/lib.rs", text)[..4], found);
        assert_eq!(lines(lib_files_hold_no_code, "crates/a/src/lib.rs", text).len(), 5);
        assert_eq!(lines(lib_files_hold_no_code, "tests/src/lib.rs", text), [""; 0]);
    }

    #[test]
    fn lib_files_that_ask_for_no_docs_are_found() {
        assert_eq!(lines(lib_files_ask_for_docs, "crates/a/src/lib.rs", "#![warn(missing_docs)]"), [""; 0]);
        assert_eq!(lines(lib_files_ask_for_docs, "crates/a/src/lib.rs", "#![allow(missing_docs)]").len(), 1);
    }

    #[test]
    fn primitives_from_elsewhere_are_found() {
        let text = "use std::{fmt, sync::{Arc,\n Mutex}};\nuse parking_lot::RwLock;\nfn f() { loom::model(g) }\n\
                    use std::sync as s;\nuse std::sync::Condvar;\n";
        let found = ["2", "3", "4", "5", "6"].map(|line| format!("crates/pool/src/a.rs:{line}"));
        assert_eq!(lines(primitives_come_from_base, "crates/pool/src/a.rs", text), found);
        assert_eq!(lines(primitives_come_from_base, "crates/base/src/a.rs", text), [""; 0]);
        assert_eq!(lines(primitives_come_from_base, "crates/pool/tests/a.rs", text), [""; 0]);
        let text = "// std::sync::Mutex\nuse std::sync::{Arc, atomic::AtomicUsize};\nuse lagom_base::sync::Mutex;\n\
                    #[cfg(feature = \"loom\")]\n#[cfg(lagom_loom)]\nuse lagom_base::loom::model;\n";
        assert_eq!(lines(primitives_come_from_base, "crates/pool/src/a.rs", text), [""; 0]);
    }

    #[test]
    fn macro_crates_are_not_sent_to_base() {
        let advice = |path: &str| {
            let tree = Tree::made_up(&[(path, "use std::sync::Mutex;")]);
            primitives_come_from_base(&tree, &Workspace::default())[0].to_string()
        };
        assert!(advice("crates/memo/src/a.rs").ends_with("take it from `lagom_base::sync`"));
        assert!(advice("crates/memo-macros/src/a.rs").ends_with("let its parent crate offer what is needed"));
    }
}

//! Where unsafe code stands, and whether it says why it is sound. Clippy checks the same of what it compiles; here
//! macros and code for other platforms count as well.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::tokens::{self, is_ident, is_punct};
use super::tree::{Finding, Tree};
use crate::workspace::Workspace;

const LIST: &str = "ARCHITECTURE.md";
const HEADING: &str = "unsafe code";

/// Unsafe code stands only in the files and folders that ARCHITECTURE.md lists, and each of those has some.
pub(super) fn only_in_listed_files(tree: &Tree, _: &Workspace) -> Vec<Finding> {
    let listed = listed(tree);
    let files: Vec<_> = sites_by_file(tree).filter(|(_, _, sites)| !sites.is_empty()).collect();
    let mut findings = Vec::new();
    for (path, _, sites) in &files {
        if !listed.iter().any(|(_, entry)| covers(entry, path)) {
            let what = format!("unsafe code; write safe code, or list this file in {LIST} under \"Unsafe code\"");
            findings.push(Finding::new(*path, sites[0].line, what));
        }
    }
    for (line, entry) in &listed {
        if !files.iter().any(|(path, ..)| covers(entry, path)) {
            let what = format!("`{entry}` is listed under \"Unsafe code\" and has none; take it off the list");
            findings.push(Finding::new(LIST, *line, what));
        }
    }
    findings
}

/// The entries of the list: what stands in backticks, or on a line of a fenced block, and looks like a path.
fn listed(tree: &Tree) -> Vec<(usize, String)> {
    let mut entries = Vec::new();
    let (mut in_section, mut in_fence) = (false, false);
    for (at, line) in tree.text(LIST).unwrap_or_default().lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_fence = !in_fence;
        } else if line.starts_with('#') && !in_fence {
            in_section = line.trim_start_matches('#').trim().eq_ignore_ascii_case(HEADING);
        } else if in_section {
            let words: Vec<_> = if in_fence {
                line.split_whitespace().take(1).collect()
            } else {
                line.split('`').skip(1).step_by(2).collect()
            };
            let paths = words.into_iter().filter(|word| word.contains('/') && !word.contains([' ', ':']));
            entries.extend(paths.map(|word| (at + 1, word.to_owned())));
        }
    }
    entries
}

/// A file covers itself, a folder (ending with `/`) what it holds.
fn covers(entry: &str, path: &str) -> bool {
    entry == path || entry.ends_with('/') && path.starts_with(entry)
}

/// Every unsafe block and impl has a SAFETY comment directly above, every unsafe function and trait says what its
/// caller owes.
pub(super) fn every_site_is_justified(tree: &Tree, _: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text, sites) in sites_by_file(tree) {
        let lines: Vec<_> = text.lines().collect();
        for site in sites {
            let right: &[&str] = match site.kind {
                Kind::Contract => &["# Safety", "SAFETY:"],
                Kind::Promise => &["SAFETY:"],
            };
            if !is_noted(&lines, &site, right) {
                let what = match site.kind {
                    Kind::Contract => "unsafe without a `# Safety` section in its docs that says what the caller owes",
                    Kind::Promise => "unsafe without a `// SAFETY:` comment directly above that says why it is sound",
                };
                findings.push(Finding::new(path, site.line, what));
            }
        }
    }
    findings
}

/// Whether a comment of the statement or item at `site` holds one of `marks`.
fn is_noted(lines: &[&str], site: &Site, marks: &[&str]) -> bool {
    let holds = |text: &str| marks.iter().any(|mark| text.contains(mark));
    if holds(&lines[site.line - 1].chars().take(site.column).collect::<String>()) {
        return true;
    }
    let mut in_comment = false;
    for line in lines[..site.line - 1].iter().rev().map(|line| line.trim()) {
        let is_comment = ["//", "/*", "*"].iter().any(|start| line.starts_with(start));
        if is_comment && holds(line) {
            return true;
        }
        // Above the first comment may stand lines of the same statement; above an attribute, the docs.
        let goes_on =
            line.starts_with("#[") || !in_comment && !line.is_empty() && !line.ends_with([';', '{', '}', ',']);
        if !is_comment && !goes_on {
            return false;
        }
        in_comment |= is_comment;
    }
    false
}

/// A crate without unsafe code forbids it; one with some denies it everywhere else.
pub(super) fn crates_forbid_the_rest(tree: &Tree, workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in workspace.published() {
        let path = format!("{}/src/lib.rs", package.dir);
        let Some(text) = tree.text(&path) else { continue };
        let Ok(tokens) = tokens::lex(text) else { continue };
        let source = format!("{}/src/", package.dir);
        let has_unsafe = sites_by_file(tree).any(|(path, _, sites)| path.starts_with(&source) && !sites.is_empty());
        let level = if has_unsafe { "deny" } else { "forbid" };
        let right = format!("{level}(unsafe_code)");
        if !tokens::attributes(tokens).iter().any(|(attribute, _)| *attribute == right) {
            findings.push(Finding::new(path, 1, format!("does not say `#![{right}]`; add it")));
        }
    }
    findings
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    /// The writer promises that it is sound: a block, an impl, an extern block, an attribute.
    Promise,
    /// The caller has to: a function or a trait.
    Contract,
}

#[derive(Debug)]
struct Site {
    kind: Kind,
    line: usize,
    /// In characters from the start of the line.
    column: usize,
}

fn sites_by_file(tree: &Tree) -> impl Iterator<Item = (&str, &str, Vec<Site>)> {
    // The programs under `tests/ui/` are there to be refused by the compiler.
    tree.ending(".rs").filter(|(path, _)| !path.contains("/tests/ui/")).map(|(path, text)| {
        let mut sites = Vec::new();
        if let Ok(tokens) = tokens::lex(text) {
            find_sites(tokens, false, &mut sites);
        }
        (path, text, sites)
    })
}

/// Every use of the word; `of_trait` says that the tokens are the body of a trait's impl, whose contract stands at the
/// trait.
fn find_sites(tokens: TokenStream, of_trait: bool, sites: &mut Vec<Site>) {
    let tokens: Vec<_> = tokens.into_iter().collect();
    // Between `impl` and its braces: whether ` for ` has been met.
    let mut header: Option<bool> = None;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Ident(ident) if ident == "unsafe" => {
                let start = ident.span().start();
                if let Some(kind) = kind(&tokens[at + 1..])
                    && !(of_trait && kind == Kind::Contract)
                {
                    sites.push(Site { kind, line: start.line, column: start.column });
                }
            }
            TokenTree::Ident(ident) if ident == "impl" => header = Some(false),
            TokenTree::Ident(ident) if ident == "for" && !is_punct(tokens.get(at + 1), '<') && header.is_some() => {
                header = Some(true);
            }
            TokenTree::Punct(punct) if punct.as_char() == ';' => header = None,
            TokenTree::Group(group) => {
                let body = group.delimiter() == Delimiter::Brace;
                let of_trait = body && header == Some(true);
                if body {
                    header = None;
                }
                find_sites(group.stream(), of_trait, sites);
            }
            _ => {}
        }
    }
}

/// What the tokens after `unsafe` make of it; nothing for a type such as `unsafe fn(*const u8)`.
fn kind(next: &[TokenTree]) -> Option<Kind> {
    match next.first()? {
        TokenTree::Ident(ident) if ident == "impl" => Some(Kind::Promise),
        TokenTree::Ident(ident) if ident == "trait" => Some(Kind::Contract),
        TokenTree::Ident(ident) if ident == "fn" => match next.get(1)? {
            TokenTree::Group(_) => None,
            _ => Some(Kind::Contract),
        },
        TokenTree::Ident(ident) if ident == "extern" => {
            let abi = usize::from(matches!(next.get(1)?, TokenTree::Literal(_)));
            if is_ident(next.get(1 + abi), "fn") { kind(&next[1 + abi..]) } else { Some(Kind::Promise) }
        }
        TokenTree::Group(_) => Some(Kind::Promise),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unjustified(text: &str) -> Vec<usize> {
        let tree = Tree::made_up(&[("a.rs", text)]);
        every_site_is_justified(&tree, &Workspace::default())
            .iter()
            .map(|finding| finding.to_string().split(':').nth(1).unwrap().parse().unwrap())
            .collect()
    }

    #[test]
    fn justified_code_passes() {
        let text = r#"
            // SAFETY: of no thread.
            unsafe impl Send for A {}
            // SAFETY: as above,
            // and more.
            #[allow(dead_code)]
            unsafe impl Sync for A {}
            fn f() {
                // SAFETY: in bounds.
                let x =
                    unsafe { y.get(0) };
                g(/* SAFETY: valid. */ unsafe { z });
                "unsafe { }"; // unsafe { }
            }
            /// Reads.
            ///
            /// # Safety
            /// `p` is valid.
            #[inline]
            pub unsafe fn read(p: *const u8) {}
            // SAFETY: forwards to the system.
            unsafe impl GlobalAlloc for B {
                unsafe fn alloc(&self) {
                    // SAFETY: forwarded.
                    unsafe { System.alloc() }
                }
            }
            struct C { drop: unsafe fn(*mut u8), call: unsafe extern "C" fn() }
            // SAFETY: as declared in the header.
            unsafe extern "C" { fn getpid(); }
            // SAFETY: no other symbol has this name.
            #[unsafe(no_mangle)]
            fn h() {}
        "#;
        assert_eq!(unjustified(text), [0; 0]);
    }

    #[test]
    fn unjustified_code_is_found() {
        let text = "// SAFETY: for the first.\nunsafe impl Send for A {}\nunsafe impl Sync for A {}\n\
                    fn f() {\n    // Fast.\n    unsafe { a };\n\n    // SAFETY: far.\n\n    unsafe { b };\n}\n\
                    /// Docs.\npub unsafe fn g() {}\nunsafe trait T {}\nmacro_rules! m { () => { unsafe { x } } }\n\
                    impl A {\n    unsafe fn h() {}\n}\nfn i() -> impl Fn() {\n    unsafe { c }\n}\n\
                    unsafe extern \"C\" fn j() {}\n// SAFETY: for k.\nk();\nmatch x {\n    // SAFETY: one.\n    1 => unsafe { a },\n    _ => unsafe { b },\n}";
        assert_eq!(unjustified(text), [3, 6, 10, 13, 14, 15, 17, 20, 22, 28]);
    }

    #[test]
    fn unlisted_and_stale_files_are_found() {
        let list = "## Unsafe code\nIn `a.rs`-like files:\n| `crates/a/src/x.rs` | why |\n| `crates/a/src/sys/` | why |\n\
                    | `crates/a/src/gone.rs` | why |\n```\ncrates/a/src/y.rs  slots\n```\n## Else\n`crates/a/src/z.rs`\n";
        let code = "fn f() {\n    unsafe {}\n}";
        let tree = Tree::made_up(&[
            ("ARCHITECTURE.md", list),
            ("crates/a/src/x.rs", code),
            ("crates/a/src/y.rs", code),
            ("crates/a/src/sys/linux.rs", code),
            ("crates/a/src/z.rs", code),
            ("crates/a/tests/ui/refused.rs", code),
            ("crates/a/src/safe.rs", "// unsafe {}\nfn f() { \"unsafe {}\" }"),
        ]);
        let found: Vec<_> =
            only_in_listed_files(&tree, &Workspace::default()).iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("crates/a/src/z.rs:2: unsafe code;"), "{found:?}");
        assert!(found[1].starts_with("ARCHITECTURE.md:5: `crates/a/src/gone.rs` is listed"), "{found:?}");
    }

    #[test]
    fn crates_that_forbid_too_little_are_found() {
        use crate::workspace::Package;
        let package = Package { dir: "crates/a".into(), published: true, ..Package::default() };
        let workspace = Workspace { packages: vec![package], ..Workspace::default() };
        let check = |lib: &str, code: &str| {
            let tree = Tree::made_up(&[("crates/a/src/lib.rs", lib), ("crates/a/src/x.rs", code)]);
            crates_forbid_the_rest(&tree, &workspace).len()
        };
        assert_eq!(check("#![forbid(unsafe_code)]", ""), 0);
        assert_eq!(check("#![deny(unsafe_code)]", "fn f() { unsafe {} }"), 0);
        assert_eq!(check("#![deny(unsafe_code)]", ""), 1);
        assert_eq!(check("//! Docs.", "fn f() { unsafe {} }"), 1);
    }
}

//! Rust source as tokens: a word in a comment or a string is no code.

use std::str::FromStr;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The tokens of a file, or the line and the reason why there are none.
pub(super) fn lex(text: &str) -> Result<TokenStream, (usize, String)> {
    TokenStream::from_str(text).map_err(|error| (error.span().start().line, error.to_string()))
}

/// A name as written in the source, with the prefixes of nested `use` groups resolved.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) segments: Vec<String>,
    pub(super) line: usize,
}

impl Name {
    pub(super) fn starts_with(&self, segments: &[&str]) -> bool {
        self.segments.len() >= segments.len() && self.segments.iter().zip(segments).all(|(mine, other)| mine == other)
    }
}

/// Every name: `use std::sync::{Arc, atomic::*}` yields `std::sync::Arc` and `std::sync::atomic`.
pub(super) fn names(tokens: TokenStream) -> Vec<Name> {
    let mut found = Vec::new();
    collect_names(tokens, &[], &mut found);
    found
}

fn collect_names(tokens: TokenStream, prefix: &[String], found: &mut Vec<Name>) {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let mut open: Option<Name> = None;
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Ident(ident) => {
                let line = ident.span().start().line;
                let name = open.get_or_insert_with(|| Name { segments: prefix.to_vec(), line });
                name.segments.push(ident.to_string());
                if is_path_separator(&tokens, at + 1) {
                    at += 2;
                } else {
                    found.extend(open.take());
                }
            }
            TokenTree::Group(group) => match open.take() {
                Some(name) if group.delimiter() == Delimiter::Brace => {
                    collect_names(group.stream(), &name.segments, found);
                }
                name => {
                    found.extend(name);
                    collect_names(group.stream(), &[], found);
                }
            },
            _ => found.extend(open.take()),
        }
        at += 1;
    }
    found.extend(open);
}

fn is_path_separator(tokens: &[TokenTree], at: usize) -> bool {
    is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':')
}

pub(super) fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

pub(super) fn is_ident(token: Option<&TokenTree>, wanted: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(ident)) if ident == wanted)
}

/// The text of a file with its literals emptied, line by line the same; comments, those for rustdoc too, stay. Nothing
/// where it cannot be lexed.
pub(super) fn without_literals(text: &str) -> Option<String> {
    let mut blanked = text.as_bytes().to_vec();
    each_level(lex(text).ok()?, &mut |level| {
        for token in level {
            if let TokenTree::Literal(literal) = token {
                let range = literal.span().byte_range();
                // The text of a doc comment is a literal that stands where the comment does.
                if !text[range.clone()].starts_with('/') {
                    blanked[range].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
                }
            }
        }
    });
    String::from_utf8(blanked).ok()
}

/// The name of a macro that is called, `dbg` for `dbg!(…)`, with its line; also within the arguments of others.
pub(super) fn macro_calls(tokens: TokenStream) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    each_level(tokens, &mut |level| {
        for (at, token) in level.iter().enumerate() {
            if let TokenTree::Ident(ident) = token
                && is_punct(level.get(at + 1), '!')
                && matches!(level.get(at + 2), Some(TokenTree::Group(_)))
            {
                found.push((ident.to_string(), ident.span().start().line));
            }
        }
    });
    found
}

/// The attributes, each as its text without spaces (`forbid(unsafe_code)`), with its line; doc comments are `doc="…"`.
pub(super) fn attributes(tokens: TokenStream) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    each_level(tokens, &mut |level| {
        for (at, token) in level.iter().enumerate() {
            let at = if is_punct(level.get(at + 1), '!') { at + 2 } else { at + 1 };
            if is_punct(Some(token), '#')
                && let Some(TokenTree::Group(group)) = level.get(at)
                && group.delimiter() == Delimiter::Bracket
            {
                found.push((squeeze(group.stream()), token.span().start().line));
            }
        }
    });
    found
}

/// The text of tokens without the spaces between them.
pub(super) fn squeeze(tokens: TokenStream) -> String {
    tokens
        .into_iter()
        .map(|token| match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                format!("{open}{}{close}", squeeze(group.stream()))
            }
            other => other.to_string(),
        })
        .collect()
}

/// Calls `visit` with the tokens of every nesting level.
pub(super) fn each_level(tokens: TokenStream, visit: &mut impl FnMut(&[TokenTree])) {
    let level: Vec<_> = tokens.into_iter().collect();
    visit(&level);
    for token in level {
        if let TokenTree::Group(group) = token {
            each_level(group.stream(), visit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_names(text: &str) -> Vec<String> {
        names(lex(text).unwrap()).into_iter().map(|name| name.segments.join("::")).collect()
    }

    #[test]
    fn names_are_resolved_through_groups() {
        let found = all_names("use std::{sync::{Arc, atomic::*}, fmt as f}; let x = a::B::<c::D>::new();");
        for name in ["std::sync::Arc", "std::sync::atomic", "std::fmt", "a::B", "c::D"] {
            assert!(found.iter().any(|other| other == name), "{name} is not in {found:?}");
        }
        assert!(all_names("::loom::model(f)").contains(&"loom::model".to_owned()));
    }

    #[test]
    fn comments_and_strings_hold_no_names() {
        let text = "/* loom::a */ // loom::b\n/// loom::c\nfn f() { \"loom::d\"; r#\"loom::e\"#; 'l'; }";
        assert!(!all_names(text).iter().any(|name| name.contains("loom")));
    }

    #[test]
    fn calls_and_attributes_have_lines() {
        let tokens = lex("fn f() {\n    assert!(dbg!(x) != y);\n}\n#[cfg( test )]\nmod t {}").unwrap();
        assert_eq!(macro_calls(tokens.clone()), [("assert".to_owned(), 2), ("dbg".to_owned(), 2)]);
        assert_eq!(attributes(tokens), [("cfg(test)".to_owned(), 4)]);
    }

    #[test]
    fn what_cannot_be_read_is_an_error_with_its_line() {
        assert_eq!(lex("fn f() {}\n\"").unwrap_err().0, 2);
    }
}

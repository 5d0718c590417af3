//! The text of a function's lines.

use proc_macro2::{Span, TokenStream};

/// The source between the braces of a function, if the compiler knows it.
pub(super) struct Source {
    /// The line of the opening brace.
    first: usize,
    lines: Vec<String>,
}

impl Source {
    /// `braces` spans the whole body.
    pub(super) fn of(braces: Span) -> Self {
        let text = braces.source_text().unwrap_or_default();
        let text = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or_default();
        Self { first: line(braces), lines: text.lines().map(|line| line.trim_end().to_owned()).collect() }
    }

    /// The text of a line, with its indentation; else of the statement that was made there.
    pub(super) fn text(&self, line: usize, statement: &TokenStream) -> String {
        let found = line.checked_sub(self.first).and_then(|place| self.lines.get(place));
        match found {
            Some(text) if !text.trim().is_empty() => text.clone(),
            _ => statement.to_string().split_whitespace().collect::<Vec<_>>().join(" "),
        }
    }
}

/// The line in which a token begins.
pub(super) fn line(span: Span) -> usize {
    span.unwrap().line()
}

/// Takes off the indentation that all the texts share.
pub(super) fn dedent<'a>(texts: impl Iterator<Item = &'a mut String>) {
    let mut texts: Vec<_> = texts.collect();
    let indentation = |text: &String| text.len() - text.trim_start().len();
    let shared = texts.iter().map(|text| indentation(text)).min().unwrap_or(0);
    for text in &mut texts {
        // Where tabs and wider spaces are mixed, that may be inside a character.
        **text = text.get(shared..).unwrap_or_else(|| text.trim_start()).to_owned();
    }
}

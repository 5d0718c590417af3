//! Text under construction, in which what comes from outside is always escaped.

use std::fmt::Display;

use crate::format::printable;

pub(in crate::export) struct Markup(String);

impl Markup {
    pub(in crate::export) const fn new() -> Self {
        Self(String::new())
    }

    /// Markup of our own.
    pub(in crate::export) fn raw(&mut self, markup: &str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text from anywhere, as content or between double quotes.
    pub(in crate::export) fn text(&mut self, text: &str) -> &mut Self {
        for c in printable(text).chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                // They would turn the text around them.
                '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => self.0.push('\u{FFFD}'),
                c => self.0.push(c),
            }
        }
        self
    }

    pub(in crate::export) fn show(&mut self, value: impl Display) -> &mut Self {
        self.text(&value.to_string())
    }

    /// Several lines, which stay so.
    pub(in crate::export) fn show_lines(&mut self, text: &str) -> &mut Self {
        for line in text.lines() {
            self.text(line).raw("\n");
        }
        self
    }

    /// `name="value"`, with a space before it.
    pub(in crate::export) fn attribute(&mut self, name: &str, value: impl Display) -> &mut Self {
        self.raw(" ").raw(name).raw("=\"").show(value).raw("\"")
    }

    /// A coordinate: two decimals are a hundredth of a pixel.
    pub(in crate::export) fn place(&mut self, name: &str, value: f64) -> &mut Self {
        self.attribute(name, format_args!("{value:.2}"))
    }

    pub(in crate::export) fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_comes_from_outside_is_markup() {
        let mut markup = Markup::new();
        markup.raw("<b").attribute("title", "\"><script>'&").raw(">").text("</b>\u{0}\u{202e}");
        let text = markup.into_string();
        assert_eq!(text, "<b title=\"&quot;&gt;&lt;script&gt;&#39;&amp;\">&lt;/b&gt;\\u{0}\u{FFFD}");
    }
}

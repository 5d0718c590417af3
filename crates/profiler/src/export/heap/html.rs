//! A heap profile as one page that needs nothing else: no network, no other file.

mod data;
mod parts;
#[cfg(test)]
mod tests;

use std::io;
use std::path::Path;

use crate::export::html::markup::Markup;
use crate::export::html::{POLICY, SCRIPT, STYLE};
use crate::heap::HeapProfile;

const OWN_STYLE: &str = include_str!("html/heap.css");
const OWN_SCRIPT: &str = include_str!("html/heap.js");

impl HeapProfile {
    /// The profile as one self-contained page: the heap over time, flame graph and tree of every view, the places in the program
    /// as a table, types, sizes, lifetimes. Loads nothing from elsewhere; without scripts flame graph and tree are missing.
    ///
    /// ```
    /// let page = lagom_profiler::heap::HeapProfile::default().to_html();
    /// assert!(page.starts_with("<!DOCTYPE html>") && page.contains("Content-Security-Policy"));
    /// ```
    #[must_use]
    pub fn to_html(&self) -> String {
        let title = if self.command.trim().is_empty() { "Heap profile" } else { &self.command };
        let mut page = Markup::new();
        page.raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n");
        page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n");
        page.raw("<meta name=\"color-scheme\" content=\"light dark\"/>\n");
        page.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"").raw(POLICY).raw("\"/>\n");
        page.raw("<title>").text(title).raw("</title>\n<style>\n").raw(STYLE).raw(OWN_STYLE);
        page.raw("</style>\n</head>\n<body>\n<header>\n<h1>").text(title).raw("</h1>\n");
        parts::cards(&mut page, self);
        page.raw("</header>\n<main>\n");
        parts::timeline(&mut page, self);
        data::write(&mut page, self);
        parts::table(&mut page, self);
        parts::types(&mut page, self);
        parts::distributions(&mut page, self);
        page.raw("</main>\n<footer><p>Bytes are those that were asked for.</p><p>Written by lagom-profiler ");
        page.raw(env!("CARGO_PKG_VERSION")).raw(".</p></footer>\n<script>\n");
        page.raw(SCRIPT).raw(OWN_SCRIPT).raw("</script>\n</body>\n</html>\n");
        page.into_string()
    }

    /// Writes [`to_html`](Self::to_html) to a file, which it replaces.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    ///
    /// ```
    /// let path = std::env::temp_dir().join("heap.html");
    /// lagom_profiler::heap::HeapProfile::default().write_html(&path)?;
    /// # std::fs::remove_file(path)?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn write_html(&self, path: impl AsRef<Path>) -> io::Result<()> {
        std::fs::write(path, self.to_html())
    }
}

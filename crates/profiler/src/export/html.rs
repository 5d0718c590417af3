//! One page of HTML that needs nothing else: no network, no other file.

mod cards;
mod flame;
mod functions;
mod histogram;
pub(super) mod markup;
pub(super) mod memory;
mod notes;
#[cfg(test)]
pub(super) mod tests;

use std::io;
use std::path::Path;

use self::markup::Markup;
use crate::report::Report;

pub(super) const STYLE: &str = include_str!("html/page.css");
pub(super) const SCRIPT: &str = include_str!("html/page.js");

/// Whatever a name may hold, the browser loads nothing and sends nothing.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

impl Report {
    /// The report as one self-contained page: memory over time, functions with their distributions, call tree, alerts,
    /// advice. Loads nothing from elsewhere; without scripts it only sorts and zooms no more.
    ///
    /// ```
    /// let page = lagom_profiler::report::Report::now().titled("import").to_html();
    /// assert!(page.starts_with("<!DOCTYPE html>") && page.contains("<h1>import</h1>"));
    /// ```
    #[must_use]
    pub fn to_html(&self) -> String {
        let mut page = Markup::new();
        page.raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n");
        page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n");
        page.raw("<meta name=\"color-scheme\" content=\"light dark\"/>\n");
        page.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"").raw(POLICY).raw("\"/>\n");
        page.raw("<title>").text(&self.title).raw("</title>\n<style>\n").raw(STYLE).raw("</style>\n</head>\n<body>\n");
        page.raw("<header>\n<h1>").text(&self.title).raw("</h1>\n");
        cards::write(&mut page, self);
        page.raw("</header>\n<main>\n");
        notes::advice(&mut page, self);
        notes::alerts(&mut page, self);
        functions::write(&mut page, &self.summary);
        flame::write(&mut page, &self.summary);
        memory::write(&mut page, self);
        histogram::write(&mut page, &self.summary);
        notes::figures(&mut page, &self.summary);
        page.raw("</main>\n<footer><p>").text(&self.summary.clock().to_string());
        page.raw(".</p><p>Written by lagom-profiler ").raw(env!("CARGO_PKG_VERSION")).raw(".</p></footer>\n<script>\n");
        page.raw(SCRIPT).raw("</script>\n</body>\n</html>\n");
        page.into_string()
    }

    /// Writes [`to_html`](Self::to_html) to a file, which it replaces.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    ///
    /// ```
    /// let path = std::env::temp_dir().join("report.html");
    /// lagom_profiler::report::Report::now().write_html(&path)?;
    /// # std::fs::remove_file(path)?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn write_html(&self, path: impl AsRef<Path>) -> io::Result<()> {
        std::fs::write(path, self.to_html())
    }
}

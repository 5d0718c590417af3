//! Which stacks are looked at.

use super::By;
use super::by::frame_key;
use super::pattern::{matches, matches_file};
use super::place::place;
use crate::heap::Measure;
use crate::heap::{Frame, Site};

/// A condition on stacks, for [`Snapshot::filter`](super::Snapshot::filter).
///
/// Several conditions of one filter must hold together, those on frames of one and the same frame: the one that counts
/// ([`Site::place`]), or any of the stack with [`all_frames`](Self::all_frames). Names are patterns: `*` stands for any
/// characters, `?` for one.
///
/// ```
/// use lagom_profiler::heap::Filter;
///
/// // Everything from the parser's files that did not pass through a cache.
/// let filters = [Filter::include().file("src/parser/*.rs"), Filter::exclude().function("*::Cache<*").all_frames()];
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "a filter is given to `Snapshot::filter`"]
pub struct Filter {
    excludes: bool,
    all_frames: bool,
    file: Option<String>,
    line: Option<u32>,
    function: Option<String>,
    module: Option<String>,
    crate_name: Option<String>,
    thread: Option<String>,
    span: Option<String>,
    min_bytes: u64,
}

impl Filter {
    /// Lets pass the stacks that the conditions hold for.
    ///
    /// ```
    /// let filter = lagom_profiler::heap::Filter::include().crate_name("my_app");
    /// ```
    pub fn include() -> Self {
        Self::default()
    }

    /// Keeps out the stacks that the conditions hold for; without a condition, all.
    ///
    /// ```
    /// let filter = lagom_profiler::heap::Filter::exclude().file("*/tests/*");
    /// ```
    pub fn exclude() -> Self {
        Self { excludes: true, ..Self::default() }
    }

    /// The source file, by its whole path or the end of it: `main.rs`, `src/*.rs`.
    ///
    /// ```
    /// let filter = lagom_profiler::heap::Filter::include().file("src/*.rs");
    /// ```
    pub fn file(mut self, pattern: impl Into<String>) -> Self {
        self.file = Some(pattern.into());
        self
    }

    /// The line of the file.
    ///
    /// ```
    /// let filter = lagom_profiler::heap::Filter::include().file("src/main.rs").line(12);
    /// ```
    pub const fn line(mut self, line: u32) -> Self {
        self.line = Some(line);
        self
    }

    /// The function, with its path.
    ///
    /// ```
    /// let filter = lagom_profiler::heap::Filter::include().function("*::parse*");
    /// ```
    pub fn function(mut self, pattern: impl Into<String>) -> Self {
        self.function = Some(pattern.into());
        self
    }

    /// The module: `my_app::net`, or with everything below `my_app::net*`.
    ///
    /// ```
    /// let filter = lagom_profiler::heap::Filter::include().module("my_app::net*");
    /// ```
    pub fn module(mut self, pattern: impl Into<String>) -> Self {
        self.module = Some(pattern.into());
        self
    }

    /// The crate, as code names it: `serde_json`.
    ///
    /// ```
    /// let filter = lagom_profiler::heap::Filter::exclude().crate_name("serde_json").all_frames();
    /// ```
    pub fn crate_name(mut self, pattern: impl Into<String>) -> Self {
        self.crate_name = Some(pattern.into());
        self
    }

    /// The thread that allocated.
    ///
    /// ```
    /// let filter = lagom_profiler::heap::Filter::include().thread("worker-*");
    /// ```
    pub fn thread(mut self, pattern: impl Into<String>) -> Self {
        self.thread = Some(pattern.into());
        self
    }

    /// The span or profiled function.
    ///
    /// ```
    /// let filter = lagom_profiler::heap::Filter::include().span("load");
    /// ```
    pub fn span(mut self, pattern: impl Into<String>) -> Self {
        self.span = Some(pattern.into());
        self
    }

    /// So many bytes at least, of the stack together.
    ///
    /// ```
    /// let filter = lagom_profiler::heap::Filter::include().min_bytes(1 << 20);
    /// ```
    pub const fn min_bytes(mut self, bytes: u64) -> Self {
        self.min_bytes = bytes;
        self
    }

    /// Looks at all frames of the stack: one that meets the conditions is enough.
    ///
    /// ```
    /// let filter = lagom_profiler::heap::Filter::exclude().function("*::Cache<*").all_frames();
    /// ```
    pub const fn all_frames(mut self) -> Self {
        self.all_frames = true;
        self
    }

    fn holds(&self, site: &Site, measure: Measure) -> bool {
        let named =
            |pattern: &Option<String>, name: &str| pattern.as_ref().is_none_or(|pattern| matches(pattern, name));
        if !named(&self.thread, &site.thread) || !named(&self.span, &site.span) {
            return false;
        }
        if measure.of(site).bytes < self.min_bytes {
            return false;
        }
        let frames =
            if self.all_frames { &site.frames[..] } else { place(&site.frames).map_or(&[][..], std::slice::from_ref) };
        self.asks_nothing_of_frames() || frames.iter().any(|frame| self.holds_for(frame))
    }

    const fn asks_nothing_of_frames(&self) -> bool {
        self.file.is_none()
            && self.line.is_none()
            && self.function.is_none()
            && self.module.is_none()
            && self.crate_name.is_none()
    }

    fn holds_for(&self, frame: &Frame) -> bool {
        let key = |pattern: &Option<String>, by| {
            pattern.as_ref().is_none_or(|pattern| matches(pattern, &frame_key(frame, by)))
        };
        self.line.is_none_or(|line| line == frame.line())
            && self.file.as_ref().is_none_or(|pattern| matches_file(pattern, frame.file()))
            && key(&self.function, By::Function)
            && key(&self.module, By::Module)
            && key(&self.crate_name, By::Crate)
    }
}

/// At least one that includes, if there is one, and none that excludes.
pub(super) fn passes(filters: &[Filter], site: &Site, measure: Measure) -> bool {
    let holds = |filter: &Filter| filter.holds(site, measure);
    let mut including = filters.iter().filter(|filter| !filter.excludes).peekable();
    (including.peek().is_none() || including.any(holds)) && !filters.iter().filter(|filter| filter.excludes).any(holds)
}

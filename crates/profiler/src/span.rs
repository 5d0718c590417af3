//! Spans: the guard, the place it stands for, and the macro that opens one.

use crate::engine;

/// Opens a [`Span`] that lasts to the end of its scope: `let _span = span!("parse");`
///
/// The name is any constant `&'static str`. Calls, total and self time, errors, panics and allocations of the place turn
/// up in [`summary`](crate::summary()). Two clock reads and a few plain stores per span; no lock, no allocation after the
/// first time in a thread.
///
/// `let _ = span!("parse");` drops the guard at once and measures nothing.
///
/// ```
/// # use lagom_profiler as profiler;
/// fn area(width: u32, height: u32) -> u32 {
///     let _span = profiler::span!("area");
///     width * height
/// }
/// assert_eq!(area(6, 7), 42);
/// # #[cfg(feature = "enabled")]
/// assert_eq!(profiler::summary().get("area").unwrap().calls(), 1);
/// ```
#[macro_export]
macro_rules! span {
    ($name:expr) => {
        $crate::__private::enter({
            static __LAGOM_SITE: $crate::__private::Site =
                $crate::__private::Site::new($name, ::core::module_path!(), ::core::file!(), ::core::line!());
            &__LAGOM_SITE
        })
    };
}

/// A profiled place in the source; made by [`span!`] and `#[profile]` as a hidden static.
#[derive(Debug)]
pub struct Site(pub(crate) engine::Site);

impl Site {
    /// For the macros.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(name: &'static str, module: &'static str, file: &'static str, line: u32) -> Self {
        Self(engine::Site::new(name, module, file, line))
    }
}

/// An open span: dropping it records the call. Made by [`span!`].
///
/// Spans nest per thread, which is why the guard is not `Send`:
///
/// ```compile_fail,E0277
/// let span = lagom_profiler::span!("work");
/// std::thread::spawn(move || drop(span));
/// ```
///
/// A span that a panic ends is counted as such, unless it was opened while its thread was unwinding already: then its end
/// cannot be told from the older panic's, and it counts as a success.
///
/// A guard that outlives the span it was opened in still counts its call and its whole duration; its *self* time ends with
/// its parent, and its total never counts a moment twice. A guard that is forgotten (`mem::forget`) is no call; until its
/// parent ends or the next [`reset`](crate::reset) the time goes on as its own, not the parent's, and the thread keeps
/// some 100 bytes for it (for the last 65,536 of them at most).
///
/// ```
/// let span = lagom_profiler::span!("read");
/// // …
/// drop(span);
/// ```
#[derive(Debug)]
#[must_use = "a span ends where its guard drops; bind it to a name such as `_span`"]
pub struct Span(engine::Span);

impl Span {
    #[inline]
    pub(crate) fn enter(site: &'static Site) -> Self {
        Self(engine::Span::enter(&site.0))
    }

    /// Counts this call as an error when the span ends.
    ///
    /// ```
    /// let span = lagom_profiler::span!("connect");
    /// let reachable = false;
    /// if !reachable {
    ///     span.fail();
    /// }
    /// ```
    pub fn fail(&self) {
        self.0.fail();
    }
}

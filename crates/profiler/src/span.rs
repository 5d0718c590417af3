//! Spans: the guard, the place it stands for, and the macro that opens one.

use crate::engine;

/// Opens a [`Span`] that lasts to the end of its scope: `let _span = span!("parse");`
///
/// The name is any constant `&'static str`. Calls, total and self time, errors, panics and allocations of the place turn
/// up in [`summary`](crate::summary()). About a nanosecond for a span that is counted, two readings of the clock and ten
/// nanoseconds for one that is timed; no lock, no allocation after the first times in a thread.
///
/// `let _ = span!("parse");` drops the guard at once and measures nothing.
///
/// After the name, both optional: `group = "…"`, a constant too, names what the place belongs to; `size = expression` says
/// how large its input is, any number that `as u64` converts. It is evaluated when the span opens, and only if this call is
/// timed.
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
///
/// fn sort(words: &mut [&str]) {
///     let _span = profiler::span!("sort", group = "text", size = words.len());
///     words.sort();
/// }
/// sort(&mut ["b", "a"]);
/// ```
#[macro_export]
macro_rules! span {
    ($name:expr $(, group = $group:expr)? $(,)?) => {
        $crate::__span!($name $(, group($group))?)
    };
    ($name:expr $(, group = $group:expr)?, size = $size:expr $(,)?) => {{
        let __lagom_span = $crate::__span!($name $(, group($group))?, sized());
        __lagom_span.size(|| {
            let __lagom_size = $size;
            __lagom_size as ::core::primitive::u64
        });
        __lagom_span
    }};
    ($name:expr, size = $size:expr, group = $group:expr $(,)?) => {
        $crate::span!($name, group = $group, size = $size)
    };
}

/// Opens a span, whose site has these settings.
#[doc(hidden)]
#[macro_export]
macro_rules! __span {
    ($name:expr $(, $setting:ident($($value:expr)?))*) => {
        $crate::__private::enter({
            static __LAGOM_SITE: $crate::__private::Site =
                $crate::__private::Site::new($name, ::core::module_path!(), ::core::file!(), ::core::line!())
                    $(.$setting($($value)?))*;
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
/// A guard that outlives the span it was opened in still counts its call, its duration and its total time, but as that
/// span's own time; of guards of one place that overlap so, some time may be given up, but none is counted twice. A guard that
/// is forgotten (`mem::forget`) is a call without a duration, and open until the span it was opened in ends.
///
/// ```
/// let span = lagom_profiler::span!("read");
/// // …
/// drop(span);
/// ```
#[derive(Debug)]
#[must_use = "a span ends where its guard drops; bind it to a name such as `_span`"]
pub struct Span(pub(crate) engine::Span);

impl Span {
    #[inline(always)]
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

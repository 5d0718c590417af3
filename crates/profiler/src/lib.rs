#![cfg_attr(feature = "macros", doc = include_str!("../README.md"))]
#![cfg_attr(not(feature = "macros"), doc = "Spans, allocation counts, a process monitor, advice with evidence.")]
#![deny(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod allocator;
mod control;
mod figures;
mod format;
pub mod heap;
mod monitor;
#[cfg(not(feature = "enabled"))]
mod off;
#[cfg(feature = "enabled")]
mod on;
mod span;
mod suggestions;
mod summary;

#[cfg(not(feature = "enabled"))]
use off as engine;
#[cfg(feature = "enabled")]
use on as engine;

pub use allocator::TrackingAllocator;
pub use control::{is_enabled, reset, set_enabled};
pub use figures::{FigureSet, Figures, Registration, figures, register};
pub use monitor::{Alert, Gauge, Monitor, MonitorBuilder, MonitorSummary, Sample, sample_now};
pub use span::Span;
pub use suggestions::{Rule, Suggestion, suggestions, thresholds};
pub use summary::{FunctionStats, Summary, summary};

/// Profiles a function: counts its calls and how they end, and times them.
///
/// Goes on free functions, methods (in traits and their impls too) and `async fn`s, generic or not; on `const fn` it is an
/// error. The function's figures turn up in [`summary`](summary()) under its name; all instances of a generic function share
/// them.
///
/// An `Err` is counted as an error, whatever its type. A panic is counted for every function it passes, but not
/// for a function that was called while its thread was unwinding already (from a `drop`): how such a call ends cannot be
/// told, and it counts as a success. Of an async function each poll is timed where it runs; a future that is dropped after
/// its first poll counts as cancelled.
///
/// Arguments, all optional:
/// - `name = "…"`: the name in the reports instead of the function's.
/// - `crate = path`: where this crate is found, if it is renamed or re-exported: `crate = other::profiler`.
///
/// What to know: the body of a function that may return a `Result` becomes a closure that is called at once, so what it does
/// not use of its parameters is dropped after what it uses; functions with `#[track_caller]` keep their body, and their
/// errors are not counted.
///
/// ```
/// # use lagom_profiler as profiler;
/// #[profiler::profile]
/// fn parse(text: &str) -> Result<u32, std::num::ParseIntError> {
///     text.parse()
/// }
///
/// let _ = (parse("7"), parse("seven"));
/// # #[cfg(feature = "enabled")] {
/// let summary = profiler::summary();
/// let parse = summary.get("parse").unwrap();
/// assert_eq!((parse.calls(), parse.errors()), (2, 1));
/// # }
/// ```
#[cfg(feature = "macros")]
pub use lagom_profiler_macros::profile;
#[cfg(feature = "macros")]
#[doc(hidden)]
pub use lagom_profiler_macros::profile_facade;

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
mod export;
mod figures;
mod format;
pub mod heap;
mod lines;
#[cfg(feature = "metrics")]
pub mod metrics;
mod monitor;
#[cfg(not(feature = "enabled"))]
mod off;
#[cfg(feature = "enabled")]
mod on;
pub mod report;
mod span;
mod statistics;
mod suggestions;
mod summary;
mod time_it;
#[cfg(feature = "tracing")]
pub mod tracing;

#[cfg(not(feature = "enabled"))]
use off as engine;
#[cfg(feature = "enabled")]
use on as engine;

pub use allocator::TrackingAllocator;
pub use control::{Mode, mode, reset, set_mode};
pub use figures::{FigureSet, Figures, Registration, figures, register};
pub use lines::{LineStats, LineTable, lines};
pub use monitor::{
    Alert, AlertKind, AlertRule, Gauge, Leak, LeakRule, Level, Metric, Monitor, MonitorBuilder, MonitorSummary, Sample,
    Watched, sample_now,
};
pub use span::Span;
pub use suggestions::{Confidence, Rule, Suggestion, suggestions, thresholds};
pub use summary::{
    Bucket, CallNode, CallTree, Clock, FunctionStats, Histogram, Record, RecordOutcome, Repeats, SizeClass, Stretch,
    Summary, Waiting, summary,
};
pub use time_it::{TimeIt, Timing, TimingComparison};

/// Profiles a function: counts its calls and how they end, and times them.
///
/// Goes on free functions, methods (in traits and their impls too) and `async fn`s, generic or not; on `const fn` it is an
/// error. The function's figures turn up in [`summary`](summary()) under its name; all instances of a generic function share
/// them. [`profile_all`](macro@profile_all) puts it on many functions at once.
///
/// An `Err` is counted as an error, whatever its type. A panic is counted for every function it passes, but not
/// for a function that was called while its thread was unwinding already (from a `drop`): how such a call ends cannot be
/// told, and it counts as a success. Of an async function each poll is timed where it runs; a future that is dropped after
/// its first poll counts as cancelled.
///
/// Arguments, all optional:
/// - `name = "…"`: the name in the reports instead of the function's.
/// - `group = "…"`: what it belongs to: a layer, a component.
/// - `size = expression`: how large the input is, over the parameters: any number that `as u64` converts. Evaluated before
///   the body, and only for calls that are timed. Without it the length of the first parameter that is a reference to a
///   slice or `Vec` of numbers is taken, as in `values: &[f64]`.
/// - `repeats`: find calls with arguments that were seen before, which a cache would save. Looks at every call, at the
///   parameters and `self`, but for those whose names begin with `_`: by `Hash`, floating point numbers by their bits,
///   references to other types by their address. A call with an argument of any other type is not looked at, as different
///   ones would look alike. `repeats(key, options.depth)` compares these expressions instead, `repeats = key` this one; they
///   must be `Hash` or floating point numbers.
/// - `records` or `records = N`: keep the last N calls, 1,000 if it is not said, with the text of the errors they returned:
///   at most 256 bytes by `Display`, else by `Debug`, else the name of the type.
/// - `crate = path`: where this crate is found, if it is renamed or re-exported: `crate = other::profiler`.
/// - `skip`, alone: leave the function as it is, also under [`profile_all`](macro@profile_all).
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
/// #[profiler::profile(name = "Text::search", group = "text", size = text.len(), repeats(word))]
/// fn search(text: &str, word: &str) -> Option<usize> {
///     text.find(word)
/// }
///
/// #[profiler::profile(records = 100)]
/// fn connect(_address: &str) -> Result<(), String> {
///     Err("nobody there".to_owned())
/// }
///
/// let _ = (parse("7"), parse("seven"), search("a needle", "need"), connect("moon"));
/// # #[cfg(feature = "enabled")] {
/// let summary = profiler::summary();
/// let parse = summary.get("parse").unwrap();
/// assert_eq!((parse.calls(), parse.errors()), (2, 1));
/// # assert_eq!(summary.get("Text::search").unwrap().calls(), 1);
/// # assert_eq!(summary.get("connect").unwrap().errors(), 1);
/// # }
/// ```
#[cfg(feature = "macros")]
pub use lagom_profiler_macros::profile;
/// Puts [`profile`](macro@profile) on every function of an `impl` block, a trait or a module.
///
/// The names in the reports are `Type::method`, or `Trait::method` in a trait, and a free function's own. In a module it
/// reaches the `impl` blocks, traits and modules inside whose bodies stand there, too. It leaves out what cannot be profiled
/// (`const fn`s, functions without a body) and every item that says something for itself: `#[profile(…)]` with other
/// arguments, `#[profile(skip)]`, `#[profile_all(…)]`. Functions inside functions, and what a macro makes, it does not see.
///
/// Arguments, all optional: `group = "…"` and `crate = path`, which go on to each function; a path must hold in all the
/// modules inside, so begin it with `::` or `crate`. `skip`, alone: leave the item as it is, also inside another.
///
/// ```
/// # use lagom_profiler as profiler;
/// use profiler::{profile, profile_all};
///
/// struct Stack(Vec<u8>);
///
/// #[profile_all(group = "stack")]
/// impl Stack {
///     fn push(&mut self, value: u8) {
///         self.0.push(value);
///     }
///
///     #[profile(skip)]
///     fn len(&self) -> usize {
///         self.0.len()
///     }
/// }
///
/// let mut stack = Stack(Vec::new());
/// stack.push(1);
/// assert_eq!(stack.len(), 1);
/// # #[cfg(feature = "enabled")] {
/// let summary = profiler::summary();
/// assert_eq!(summary.get("Stack::push").unwrap().calls(), 1);
/// assert!(summary.get("Stack::len").is_none());
/// # }
/// ```
#[cfg(feature = "macros")]
pub use lagom_profiler_macros::profile_all;
/// Profiles a function line by line: how often each line with a statement is reached, and the time until the next.
///
/// The tables are in [`lines`](lines()), apart from the [`summary`](summary()). For a function under suspicion, not for all:
/// each line that is reached costs a reading of the clock, some 20 ns, of which the known part is taken off the times.
///
/// Reads the statements of the body and of the blocks that run in place: of `if`, the arms of `match`, loops and `unsafe`.
/// What lies in closures, in functions inside and in macros counts for the line of its statement, as do the
/// functions called. Statements in one line share its figures. The line of a `for` or `while` has a hit when it is reached and one
/// for every turn that ends, by whatever way. In a recursion the time of the inner calls is that of the line that calls;
/// their lines have hits only, so that no moment counts twice. A call that leaves early, by `return`, `?` or a panic, counts
/// up to there.
///
/// Arguments, all optional: `name = "…"` and `crate = path`, as for [`profile`](macro@profile), which it goes together
/// with: `#[profile_lines]` above `#[profile]`. On `const fn` and `async fn` it is an error. Each call keeps 16 bytes per
/// line on its stack.
///
/// ```
/// # use lagom_profiler as profiler;
/// #[profiler::profile_lines]
/// fn sum_of_squares(count: u64) -> u64 {
///     let mut sum = 0;
///     for i in 0..count {
///         sum += i * i;
///     }
///     sum
/// }
///
/// sum_of_squares(10);
/// # #[cfg(feature = "enabled")] {
/// let tables = profiler::lines();
/// println!("{}", tables[0]);
/// let hits: Vec<u64> = tables[0].lines().iter().map(|line| line.hits()).collect();
/// assert_eq!(hits, [1, 11, 10, 1]);
/// assert_eq!(tables[0].lines()[2].text(), "    sum += i * i;");
/// # }
/// ```
#[cfg(feature = "macros")]
pub use lagom_profiler_macros::profile_lines;
#[cfg(feature = "macros")]
#[doc(hidden)]
pub use lagom_profiler_macros::{profile_all_facade, profile_facade, profile_lines_facade};

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
pub use heap::layout::MemoryLayout;
pub use heap::size::HeapSize;
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

/// Tells how much heap memory a value owns: what its fields own, together.
///
/// It goes on structs and enums; a type parameter must implement `HeapSize` if a field uses it, but for `PhantomData<T>`.
///
/// Attributes:
/// - `#[heap_size(skip)]` on a field or a variant: leave it out.
/// - `#[heap_size(with = function)]` on a field: ask this function, a `fn(&Field) -> usize`, for the bytes that the field owns.
/// - `#[heap_size(bound = "T: Bound")]` on the type: what to ask of its parameters, instead.
/// - `#[heap_size(crate = path)]` on the type: where this crate is found, if it is renamed or re-exported.
///
/// ```
/// # use lagom_profiler as profiler;
/// use profiler::HeapSize;
///
/// #[derive(HeapSize)]
/// struct Page<T> {
///     title: String,
///     lines: Vec<T>,
///     #[heap_size(skip)]
///     file: Option<std::fs::File>,
///     #[heap_size(with = |image: &Image| image.0)]
///     image: Image,
/// }
///
/// /// Of another crate, with so many bytes.
/// struct Image(usize);
///
/// let page = Page { title: "A".to_owned(), lines: vec![7_u16; 10], file: None, image: Image(1000) };
/// assert_eq!(page.heap_size(), 1 + 20 + 1000);
/// ```
#[cfg(feature = "macros")]
pub use lagom_profiler_macros::HeapSize;
/// Tells how a type lies in memory; on structs and enums.
///
/// Attribute: `#[memory_layout(crate = path)]`, where this crate is found, if it is renamed or re-exported.
///
/// ```
/// # use lagom_profiler as profiler;
/// use profiler::MemoryLayout;
///
/// #[derive(MemoryLayout)]
/// struct Sample<T> {
///     at: u64,
///     value: T,
/// }
///
/// println!("{}", Sample::<u8>::memory_layout());
/// assert_eq!(Sample::<u8>::memory_layout().padding(), 7);
/// ```
#[cfg(feature = "macros")]
pub use lagom_profiler_macros::MemoryLayout;
/// A `#[test]` with limits on what it allocates.
///
/// Measured is the thread that runs the test, exactly, so that tests may run at the same time in one program. Threads that
/// the test starts are not seen: measure there with [`heap::measure`]. What is printed counts, since the test harness keeps it.
/// The program must have a [`TrackingAllocator`] as its `#[global_allocator]`, else the test fails and says so.
///
/// Limits, at least one, each a number, a text such as `"64 KiB"` or `"1.5 MB"`, or a constant expression:
/// - `max_live`, also called `max_peak`: the most live bytes at any moment, above those at the begin.
/// - `max_allocs`: allocations; a `realloc` is one.
/// - `max_bytes`: bytes that they ask for.
/// - `max_left`: bytes live at the end that were not at the begin; `no_leak` is `max_left = 0`. What a test sets up once for the
///   thread or the program (a `LazyLock`, a buffer) is left, too: then let the body run before.
///
/// Besides: `warm_up = N` runs the body that often before it is measured; `crate = path` as for [`profile`](macro@profile).
///
/// A test may return a `Result`, which is looked at first. The message names the limits that do not hold, by how much, and with
/// [`heap::Mode::Live`] the stacks to which it goes back. Without the feature `enabled` the body is run and nothing is checked.
/// For single expressions there is [`assert_allocs!`].
///
/// ```
/// # use lagom_profiler as profiler;
/// use profiler::TrackingAllocator;
///
/// #[global_allocator]
/// static ALLOCATOR: TrackingAllocator = TrackingAllocator::new();
///
/// #[profiler::heap_test(max_live = "64 KiB", max_allocs = 100, no_leak)]
/// fn parsing_is_frugal() {
///     let words: Vec<&str> = "a b c".split(' ').collect();
///     assert_eq!(words.len(), 3);
/// }
/// # fn main() {}
/// ```
#[cfg(feature = "macros")]
pub use lagom_profiler_macros::heap_test;
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
/// each line that is reached costs a reading of the clock, some 20 ns (30 more for the heap where a [`TrackingAllocator`] is
/// installed), of which the known part is taken off the times.
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
/// line on its stack, 40 where a [`TrackingAllocator`] is installed: then each line also tells its allocations and by how much it
/// changed the live bytes of its thread.
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
/// Measures what each call of a function does with the heap: allocations, bytes, what it leaves behind, the peak.
///
/// The figures are in [`heap::scopes`], under the function's name, as if its body began with a [`heap::scope`]; so they are
/// exact, of the calling thread, and zero without a [`TrackingAllocator`]. What the call returns is left behind; parameters it did
/// not use up go after it has ended. Prints nothing. Of an `async fn` the polls are measured, on whatever threads they run, and
/// added up; what was live at the peak of one is added to what those before it left.
///
/// Arguments, all optional: `name = "…"` and `crate = path`, as for [`profile`](macro@profile), which it goes together with, in
/// either order. Below `#[profile_lines]`, not above; on `const fn` it is an error. Some 200 ns a call.
///
/// ```
/// # use lagom_profiler as profiler;
/// use profiler::TrackingAllocator;
///
/// #[global_allocator]
/// static ALLOCATOR: TrackingAllocator = TrackingAllocator::new();
///
/// #[profiler::profile_memory]
/// fn squares(count: u64) -> Vec<u64> {
///     let numbers: Vec<u64> = (0..count).collect();
///     numbers.iter().map(|number| number * number).collect()
/// }
///
/// fn main() {
///     let kept = squares(100);
///     # assert_eq!(kept.len(), 100);
///     let scopes = profiler::heap::scopes();
///     # #[cfg(feature = "enabled")] {
///     let squares = scopes.get("squares").unwrap();
///     assert_eq!((squares.count(), squares.peak(), squares.net_bytes()), (1, 1_600, 800));
///     # }
///     println!("{scopes}");
/// }
/// ```
#[cfg(feature = "macros")]
pub use lagom_profiler_macros::profile_memory;
#[cfg(feature = "macros")]
#[doc(hidden)]
pub use lagom_profiler_macros::{
    HeapSizeFacade, MemoryLayoutFacade, heap_test_facade, profile_all_facade, profile_facade, profile_lines_facade,
    profile_memory_facade,
};

//! One row of a summary.

use std::borrow::Cow;
use std::time::Duration;

use super::details::{Record, Repeats, SizeClass, Stretch, Waiting};
use super::histogram::{Histogram, nanos};

/// What one profiled function or span did, over all threads; a row of [`Summary`](crate::Summary).
///
/// A call is counted when it begins. Counts are exact in every mode. Times are exact where every call was timed
/// ([`is_exact`](Self::is_exact)), else estimates from the calls that were, with [`margin`](Self::margin) as their 95 %
/// confidence interval. What the probes themselves take is taken off.
///
/// *Duration* is from entry to return; of an async function from the first poll to completion. *Total* is the time in
/// which the function ran on some thread, calls within itself counted once; of an async function the time of its polls.
/// *Self* is total without the time of profiled functions called from it.
///
/// ```
/// # use lagom_profiler as profiler;
/// for _ in 0..3 {
///     drop(profiler::span!("step"));
/// }
/// let summary = profiler::summary();
/// # #[cfg(feature = "enabled")] {
/// let step = summary.get("step").unwrap();
/// assert_eq!(step.calls(), 3);
/// assert!(step.min() <= step.max());
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct FunctionStats {
    /// What nodes of the call tree name it by.
    pub(crate) id: u32,
    pub(crate) name: Cow<'static, str>,
    pub(crate) group: Cow<'static, str>,
    pub(crate) module: Cow<'static, str>,
    pub(crate) file: Cow<'static, str>,
    pub(crate) line: u32,
    /// The element type of the slice whose length is the size, empty if there is none.
    pub(crate) element: Cow<'static, str>,
    pub(crate) calls: u64,
    pub(crate) timed: u64,
    pub(crate) errors: u64,
    pub(crate) panics: u64,
    pub(crate) cancelled: u64,
    pub(crate) total_ns: u64,
    pub(crate) margin_ns: u64,
    pub(crate) self_ns: u64,
    pub(crate) wall_ns: u64,
    pub(crate) failed_ns: u64,
    pub(crate) overhead_ns: u64,
    pub(crate) min_ns: u64,
    pub(crate) max_ns: u64,
    pub(crate) first_ns: u64,
    /// The part of it in which the thread waited for a core; 0 where the system does not tell.
    pub(crate) first_queued_ns: u64,
    pub(crate) rest_max_ns: u64,
    pub(crate) histogram: Histogram,
    pub(crate) polls: u64,
    pub(crate) long_polls: u64,
    pub(crate) long_polls_ns: f64,
    pub(crate) longest_poll_ns: u64,
    pub(crate) allocations: u64,
    pub(crate) allocated_bytes: u64,
    pub(crate) net_bytes: i64,
    pub(crate) self_allocations: u64,
    pub(crate) self_allocated_bytes: u64,
    pub(crate) waiting: Waiting,
    pub(crate) repeats: Option<Repeats>,
    pub(crate) sizes: Vec<SizeClass>,
    pub(crate) stretches: Vec<Stretch>,
    pub(crate) records: Vec<Record>,
}

/// Getters that hand out a field, with the example that all of them share.
macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident: $type:ty = |$this:ident| $value:expr;)*) => {
        impl FunctionStats {
            $(
                $(#[$doc])*
                ///
                /// ```
                /// # use lagom_profiler as profiler;
                /// # drop(profiler::span!("step"));
                /// for function in profiler::summary().functions() {
                #[doc = concat!("    println!(\"{:?}\", function.", stringify!($name), "());")]
                /// }
                /// ```
                #[must_use]
                pub fn $name(&self) -> $type {
                    let $this = self;
                    $value
                }
            )*
        }
    };
}

getters! {
    /// The function's name, or the one given to the macro.
    name: &str = |this| &this.name;
    /// The group given to the macro; empty if none was.
    group: &str = |this| &this.group;
    /// The path of the module it stands in.
    module: &str = |this| &this.module;
    /// The source file it stands in.
    file: &str = |this| &this.file;
    /// The line it stands on.
    line: u32 = |this| this.line;
    /// Calls that began; exact.
    calls: u64 = |this| this.calls;
    /// Calls that were timed and have ended.
    timed: u64 = |this| this.timed;
    /// Whether every call that has ended was timed: then no time is an estimate.
    is_exact: bool = |this| this.margin_ns == 0;
    /// Calls that returned an `Err` or were marked by [`Span::fail`](crate::Span::fail); exact.
    errors: u64 = |this| this.errors;
    /// Calls that a panic ended, but for those made while their thread was unwinding already; exact.
    panics: u64 = |this| this.panics;
    /// Calls of async functions that were dropped between the first poll and completion; exact.
    cancelled: u64 = |this| this.cancelled;
    /// Time spent running, calls within itself counted once; never more than the wall time on one thread.
    total: Duration = |this| Duration::from_nanos(this.total_ns);
    /// Half the width of the 95 % confidence interval of [`total`](Self::total); zero if that is no estimate.
    margin: Duration = |this| Duration::from_nanos(this.margin_ns);
    /// Total without the profiled functions it called.
    self_time: Duration = |this| Duration::from_nanos(this.self_ns);
    /// The durations of all calls added up, calls within itself and waiting included.
    wall: Duration = |this| Duration::from_nanos(this.wall_ns);
    /// The part of [`wall`](Self::wall) in calls that ended with an error or a panic.
    failed: Duration = |this| Duration::from_nanos(this.failed_ns);
    /// What probes took of the function's time, its own and those of what it called; it is in no other time.
    overhead: Duration = |this| Duration::from_nanos(this.overhead_ns);
    /// The shortest duration that was timed.
    min: Duration = |this| Duration::from_nanos(this.min_ns);
    /// The mean duration of the calls that have ended; zero without any.
    mean: Duration = |this| Duration::from_nanos(this.mean_ns());
    /// The longest duration that was timed.
    max: Duration = |this| Duration::from_nanos(this.max_ns);
    /// The duration of the first call since the start or the last reset.
    first: Duration = |this| Duration::from_nanos(this.first_ns);
    /// The duration that half of the calls do not exceed.
    p50: Duration = |this| this.histogram.quantile(0.5);
    /// The duration that 90 % of the calls do not exceed.
    p90: Duration = |this| this.histogram.quantile(0.9);
    /// The duration that 99 % of the calls do not exceed.
    p99: Duration = |this| this.histogram.quantile(0.99);
    /// The duration that 99.9 % of the calls do not exceed.
    p999: Duration = |this| this.histogram.quantile(0.999);
    /// All durations.
    histogram: &Histogram = |this| &this.histogram;
    /// Polls of an async function; zero for others; exact.
    polls: u64 = |this| this.polls;
    /// Polls that took more than a millisecond, of those that were timed.
    long_polls: u64 = |this| this.long_polls;
    /// The time in polls that took more than a millisecond.
    long_poll_time: Duration = |this| nanos(this.long_polls_ns);
    /// The longest poll of an async function; zero for others.
    longest_poll: Duration = |this| Duration::from_nanos(this.longest_poll_ns);
    /// Allocations during all calls; zero unless [`TrackingAllocator`](crate::TrackingAllocator) counts.
    allocations: u64 = |this| this.allocations;
    /// Bytes requested by those allocations.
    allocated_bytes: u64 = |this| this.allocated_bytes;
    /// Bytes requested less bytes released during all calls: what they left behind.
    net_bytes: i64 = |this| this.net_bytes;
    /// Allocations without those of the profiled functions it called.
    self_allocations: u64 = |this| this.self_allocations;
    /// Bytes requested by [`self_allocations`](Self::self_allocations).
    self_allocated_bytes: u64 = |this| this.self_allocated_bytes;
    /// Allocations per call, those of called functions included; 0.0 without a call.
    allocations_per_call: f64 = |this| this.per_call(this.allocations);
    /// Bytes requested per call, those of called functions included; 0.0 without a call.
    bytes_per_call: f64 = |this| this.per_call(this.allocated_bytes);
    /// How it waits.
    waiting: Waiting = |this| this.waiting;
    /// How often its arguments come again; `None` without `#[profile(repeats)]`.
    repeats: Option<Repeats> = |this| this.repeats;
    /// Its calls by the size of the input, small sizes first; empty without `#[profile(size = …)]`.
    sizes: &[SizeClass] = |this| &this.sizes;
    /// Its durations over time, the earliest first.
    stretches: &[Stretch] = |this| &this.stretches;
    /// Its last calls, oldest first; empty without `#[profile(records)]`.
    records: &[Record] = |this| &this.records;
}

impl FunctionStats {
    pub(crate) fn mean_ns(&self) -> u64 {
        // Calls that are still open have no duration yet.
        let ended = if self.margin_ns == 0 { self.timed } else { self.calls };
        let mean = self.wall_ns.checked_div(ended).unwrap_or(0);
        // The sum may have been read with a call more than their number.
        if self.max_ns > 0 { mean.min(self.max_ns).max(self.min_ns) } else { mean }
    }

    pub(crate) fn per_call(&self, value: u64) -> f64 {
        if self.calls == 0 { 0.0 } else { value as f64 / self.calls as f64 }
    }

    /// A name that tells places of one name apart.
    pub(crate) fn place(&self) -> (&str, &str, u32) {
        (&self.name, &self.file, self.line)
    }
}

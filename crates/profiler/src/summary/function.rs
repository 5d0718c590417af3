//! One row of a summary.

use std::time::Duration;

/// What one profiled function or span did, over all threads; a row of [`Summary`](crate::Summary).
///
/// A call is counted when it ends. *Duration* is from entry to return; of an async function from the first poll to
/// completion. *Total* is the time in which the function ran on some thread, calls within itself counted once; of an async
/// function the time of its polls. *Self* is total without the time of profiled functions called from it.
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
/// assert!(step.min() <= step.mean() && step.mean() <= step.max());
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct FunctionStats {
    pub(crate) name: &'static str,
    pub(crate) module: &'static str,
    pub(crate) file: &'static str,
    pub(crate) line: u32,
    pub(crate) calls: u64,
    pub(crate) errors: u64,
    pub(crate) panics: u64,
    pub(crate) cancelled: u64,
    pub(crate) total_ns: u64,
    pub(crate) self_ns: u64,
    pub(crate) wall_ns: u64,
    pub(crate) failed_ns: u64,
    pub(crate) min_ns: u64,
    pub(crate) max_ns: u64,
    pub(crate) first_ns: u64,
    pub(crate) rest_max_ns: u64,
    pub(crate) polls: u64,
    pub(crate) longest_poll_ns: u64,
    pub(crate) allocations: u64,
    pub(crate) allocated_bytes: u64,
    pub(crate) self_allocations: u64,
    pub(crate) self_allocated_bytes: u64,
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
    name: &'static str = |this| this.name;
    /// The path of the module it stands in.
    module: &'static str = |this| this.module;
    /// The source file it stands in.
    file: &'static str = |this| this.file;
    /// The line it stands on.
    line: u32 = |this| this.line;
    /// Calls that ended, however they did.
    calls: u64 = |this| this.calls;
    /// Calls that returned an `Err` or were marked by [`Span::fail`](crate::Span::fail).
    errors: u64 = |this| this.errors;
    /// Calls that a panic ended, but for those made while their thread was unwinding already.
    panics: u64 = |this| this.panics;
    /// Calls of async functions that were dropped between the first poll and completion.
    cancelled: u64 = |this| this.cancelled;
    /// Time spent running, calls within itself counted once; never more than the wall time on one thread.
    total: Duration = |this| Duration::from_nanos(this.total_ns);
    /// Total without the profiled functions it called.
    self_time: Duration = |this| Duration::from_nanos(this.self_ns);
    /// The durations of all calls added up, calls within itself and waiting included.
    wall: Duration = |this| Duration::from_nanos(this.wall_ns);
    /// The part of [`wall`](Self::wall) in calls that ended with an error or a panic.
    failed: Duration = |this| Duration::from_nanos(this.failed_ns);
    /// The shortest duration.
    min: Duration = |this| Duration::from_nanos(this.min_ns);
    /// The mean duration; zero without a call.
    mean: Duration = |this| Duration::from_nanos(this.mean_ns());
    /// The longest duration.
    max: Duration = |this| Duration::from_nanos(this.max_ns);
    /// The duration of the first call since the start or the last reset.
    first: Duration = |this| Duration::from_nanos(this.first_ns);
    /// Polls of an async function; zero for others.
    polls: u64 = |this| this.polls;
    /// The longest poll of an async function; zero for others.
    longest_poll: Duration = |this| Duration::from_nanos(this.longest_poll_ns);
    /// Allocations during all calls; zero unless [`TrackingAllocator`](crate::TrackingAllocator) counts.
    allocations: u64 = |this| this.allocations;
    /// Bytes requested by those allocations.
    allocated_bytes: u64 = |this| this.allocated_bytes;
    /// Allocations without those of the profiled functions it called.
    self_allocations: u64 = |this| this.self_allocations;
    /// Bytes requested by [`self_allocations`](Self::self_allocations).
    self_allocated_bytes: u64 = |this| this.self_allocated_bytes;
    /// Allocations per call, those of called functions included; 0.0 without a call.
    allocations_per_call: f64 = |this| this.per_call(this.allocations);
    /// Bytes requested per call, those of called functions included; 0.0 without a call.
    bytes_per_call: f64 = |this| this.per_call(this.allocated_bytes);
}

impl FunctionStats {
    pub(crate) fn mean_ns(&self) -> u64 {
        self.wall_ns.checked_div(self.calls).unwrap_or(0)
    }

    pub(crate) fn per_call(&self, value: u64) -> f64 {
        if self.calls == 0 { 0.0 } else { value as f64 / self.calls as f64 }
    }

    /// A name that tells places of one name apart.
    pub(crate) fn place(&self) -> (&'static str, &'static str, u32) {
        (self.name, self.file, self.line)
    }
}

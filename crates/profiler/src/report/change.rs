//! One function in two runs.

use std::borrow::Cow;
use std::time::Duration;

use super::Thresholds;
use crate::statistics::{Interval, Z95, rank_histograms};
use crate::summary::{Clock, FunctionStats, Histogram, nanos};

/// What became of a function's durations; of a [`Change`].
///
/// ```
/// use lagom_profiler::report::{Verdict, compare};
///
/// let summary = lagom_profiler::summary();
/// let comparison = compare(&summary, &summary);
/// assert!(comparison.changes().iter().all(|change| change.verdict() != Verdict::Slower));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Verdict {
    /// Too few timed calls in one of the runs, or all below what the clock can tell.
    #[default]
    Unclear,
    /// No change that reaches the thresholds.
    Same,
    /// It takes longer.
    Slower,
    /// It takes less.
    Faster,
}

/// One function that is in both runs; of a [`Comparison`](super::Comparison).
///
/// ```
/// let summary = lagom_profiler::summary();
/// for change in lagom_profiler::report::compare(&summary, &summary).changes() {
///     println!("{}: {:.2}x, p {:.4}", change.name(), change.ratio(), change.p());
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Change {
    pub(super) name: Cow<'static, str>,
    pub(super) module: Cow<'static, str>,
    pub(super) file: Cow<'static, str>,
    pub(super) line: u32,
    pub(super) baseline: Run,
    pub(super) now: Run,
    pub(super) ratio: f64,
    pub(super) ratio_interval: Interval,
    pub(super) effect: f64,
    pub(super) p: f64,
    pub(super) verdict: Verdict,
    pub(super) allocates_more: bool,
    pub(super) measurable: bool,
    pub(super) heap_tracked: bool,
}

/// A function in one of the runs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(super) struct Run {
    pub(super) calls: u64,
    pub(super) timed: u64,
    pub(super) calls_per_second: f64,
    pub(super) median_ns: f64,
    pub(super) self_per_call_ns: f64,
    pub(super) allocations_per_call: f64,
    pub(super) bytes_per_call: f64,
}

impl Run {
    fn of(function: &FunctionStats, elapsed_ns: u64) -> Self {
        Self {
            calls: function.calls,
            timed: measured(function),
            calls_per_second: function.calls as f64 / (elapsed_ns.max(1) as f64 / 1e9),
            median_ns: function.histogram.quantile_ns(0.5),
            self_per_call_ns: function.per_call(function.self_ns),
            allocations_per_call: function.allocations_per_call(),
            bytes_per_call: function.bytes_per_call(),
        }
    }
}

/// Calls that were measured: a call that stands for others is one measurement.
fn measured(function: &FunctionStats) -> u64 {
    function.timed.min(function.histogram.count())
}

/// One side of a comparison.
pub(super) struct Side<'a> {
    pub(super) function: &'a FunctionStats,
    pub(super) elapsed_ns: u64,
    pub(super) clock: &'a Clock,
    pub(super) heap_tracked: bool,
}

impl Change {
    /// The figures, without a verdict.
    pub(super) fn new(baseline: &Side<'_>, now: &Side<'_>) -> Self {
        let (before, after) = (baseline.function, now.function);
        let runs = (Run::of(before, baseline.elapsed_ns), Run::of(after, now.elapsed_ns));
        let rank = rank_histograms(&before.histogram, &after.histogram, (measured(before), measured(after)), 1.0);
        let below_the_clock = |run: &Run, clock: &Clock| run.median_ns < 5.0 * clock.step_ns;
        Self {
            name: after.name.clone(),
            module: after.module.clone(),
            file: after.file.clone(),
            line: after.line,
            baseline: runs.0,
            now: runs.1,
            ratio: ratio(runs.1.median_ns, runs.0.median_ns),
            ratio_interval: ratio_of_medians(before, after),
            effect: rank.effect,
            p: rank.p,
            measurable: !(below_the_clock(&runs.0, baseline.clock) && below_the_clock(&runs.1, now.clock)),
            heap_tracked: baseline.heap_tracked && now.heap_tracked,
            ..Self::default()
        }
    }

    /// What the figures mean; `p` is the corrected one.
    pub(super) fn judge(&mut self, thresholds: &Thresholds, p: f64) {
        self.p = p;
        let enough = self.baseline.timed.min(self.now.timed) >= thresholds.samples.max(1);
        let beyond = |ratio: f64, effect: f64, interval: bool| {
            p < thresholds.alpha && effect >= thresholds.effect && ratio >= thresholds.ratio && interval
        };
        self.verdict = if !enough || !self.measurable {
            Verdict::Unclear
        } else if beyond(self.ratio, self.effect, self.ratio_interval.low > 1.0) {
            Verdict::Slower
        } else if beyond(1.0 / self.ratio, -self.effect, self.ratio_interval.high < 1.0) {
            Verdict::Faster
        } else {
            Verdict::Same
        };
        let (before, after) = (self.baseline.allocations_per_call, self.now.allocations_per_call);
        let calls = self.baseline.calls.min(self.now.calls);
        self.allocates_more = self.heap_tracked
            && calls >= thresholds.samples.max(1)
            && after - before >= 0.5
            && after >= before * thresholds.allocations;
    }
}

fn ratio(now: f64, baseline: f64) -> f64 {
    if now == baseline { 1.0 } else { now / baseline }
}

/// Where the true ratio lies: each median between the ranks that hold it (binomial, the buckets' edges outwards), the
/// two joined on the logarithmic scale (Zou and Donner 2008).
fn ratio_of_medians(baseline: &FunctionStats, now: &FunctionStats) -> Interval {
    let logs = |function: &FunctionStats| {
        let (low, high) = median_interval(&function.histogram, measured(function));
        let known = |ns: f64| ns.max(f64::MIN_POSITIVE).ln();
        (known(low), known(function.histogram.quantile_ns(0.5)), known(high))
    };
    let (b, n) = (logs(baseline), logs(now));
    let difference = n.1 - b.1;
    let low = difference - (n.1 - n.0).hypot(b.2 - b.1);
    let high = difference + (n.2 - n.1).hypot(b.1 - b.0);
    Interval { low: low.exp(), high: high.exp() }
}

fn median_interval(histogram: &Histogram, measured: u64) -> (f64, f64) {
    let reach = Z95 * 0.5 / (measured.max(1) as f64).sqrt();
    let at = |q: f64| bucket_at(histogram, q).unwrap_or_default();
    (at(0.5 - reach).0, at(0.5 + reach).1)
}

/// The edges of the bucket into which a quantile falls.
fn bucket_at(histogram: &Histogram, q: f64) -> Option<(f64, f64)> {
    let wanted = q.clamp(0.0, 1.0) * histogram.count() as f64;
    let mut below = 0.0;
    let found = histogram.buckets.iter().filter(|bucket| bucket.count > 0).find(|bucket| {
        below += bucket.count as f64;
        below >= wanted
    });
    found.or(histogram.buckets.last()).map(|bucket| (bucket.from_ns, bucket.to_ns))
}

/// Getters with the example that all of them share.
macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident: $type:ty = |$this:ident| $value:expr;)*) => {
        impl Change {
            $(
                $(#[$doc])*
                ///
                /// ```
                /// let summary = lagom_profiler::summary();
                /// for change in lagom_profiler::report::compare(&summary, &summary).changes() {
                #[doc = concat!("    println!(\"{:?}\", change.", stringify!($name), "());")]
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
    /// The function's name.
    name: &str = |this| &this.name;
    /// The path of the module it stands in.
    module: &str = |this| &this.module;
    /// The source file it stands in now.
    file: &str = |this| &this.file;
    /// The line it stands on now.
    line: u32 = |this| this.line;
    /// What became of its durations.
    verdict: Verdict = |this| this.verdict;
    /// Whether it allocates more per call than [`Thresholds::allocations`] allows.
    allocates_more: bool = |this| this.allocates_more;
    /// Whether it is slower or allocates more.
    is_regression: bool = |this| this.verdict == Verdict::Slower || this.allocates_more;
    /// Calls in the baseline.
    baseline_calls: u64 = |this| this.baseline.calls;
    /// Calls now.
    calls: u64 = |this| this.now.calls;
    /// Calls per second of wall time in the baseline.
    baseline_calls_per_second: f64 = |this| this.baseline.calls_per_second;
    /// Calls per second of wall time now.
    calls_per_second: f64 = |this| this.now.calls_per_second;
    /// The median duration in the baseline.
    baseline_median: Duration = |this| nanos(this.baseline.median_ns);
    /// The median duration now.
    median: Duration = |this| nanos(this.now.median_ns);
    /// The median now as a multiple of the baseline's.
    ratio: f64 = |this| this.ratio;
    /// The 95 % confidence interval of [`ratio`](Self::ratio), the width of the histogram's buckets included.
    ratio_interval: (f64, f64) = |this| (this.ratio_interval.low, this.ratio_interval.high);
    /// How much more often a call now exceeds a call of the baseline than the reverse, -1.0 to 1.0: Cliff's delta.
    effect: f64 = |this| this.effect;
    /// How probable such an effect is by chance, the number of functions looked at taken into account (Holm 1979).
    p: f64 = |this| this.p;
    /// Self time per call in the baseline: tells whether a function is slower or only what it calls.
    baseline_self_time: Duration = |this| nanos(this.baseline.self_per_call_ns);
    /// Self time per call now.
    self_time: Duration = |this| nanos(this.now.self_per_call_ns);
    /// Allocations per call in the baseline; zero unless they were counted.
    baseline_allocations: f64 = |this| this.baseline.allocations_per_call;
    /// Allocations per call now; zero unless they were counted.
    allocations: f64 = |this| this.now.allocations_per_call;
    /// Bytes requested per call in the baseline.
    baseline_bytes: f64 = |this| this.baseline.bytes_per_call;
    /// Bytes requested per call now.
    bytes: f64 = |this| this.now.bytes_per_call;
}

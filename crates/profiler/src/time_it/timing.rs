//! What was measured.

use std::fmt;
use std::time::Duration;

use super::clock::StdClock;
use crate::format::{Count, printable};
use crate::report::{Chance, Ratio, Verdict};
use crate::statistics::{
    Interval, mean, mean_interval, median, median_deviation, rank_samples, ratio_interval, sorted,
};

/// How far beyond the median deviation a sample is an outlier, in standard deviations (Iglewicz and Hoaglin 1993).
const OUTLIER: f64 = 3.5;
/// A median deviation as a part of a standard deviation, of normal samples.
const DEVIATION: f64 = 0.6745;

/// How long a closure takes, from [`TimeIt::run`](super::TimeIt::run). Times are in nanoseconds per call.
///
/// `Display` has two lines: the figures, and what they come from.
///
/// ```
/// # use std::time::Duration;
/// let timing = lagom_profiler::TimeIt::new("nothing").budget(Duration::from_millis(5)).run(|| ());
/// assert_eq!(timing.to_string().lines().count(), 2);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Timing {
    name: String,
    samples_ns: Vec<f64>,
    batch: u64,
    min_ns: f64,
    median_ns: f64,
    deviation_ns: f64,
    mean_ns: f64,
    mean_interval_ns: Interval,
    outliers: usize,
    wall: Duration,
    cpu: Option<Duration>,
    clock: StdClock,
}

impl Timing {
    pub(super) fn new(
        name: String,
        samples_ns: Vec<f64>,
        batch: u64,
        wall: Duration,
        cpu: Option<Duration>,
        clock: StdClock,
    ) -> Self {
        let (median_ns, deviation_ns) = (median(&samples_ns), median_deviation(&samples_ns));
        let beyond = |sample: &&f64| (**sample - median_ns).abs() * DEVIATION > OUTLIER * deviation_ns;
        Self {
            name,
            batch,
            min_ns: sorted(&samples_ns).first().copied().unwrap_or(0.0),
            median_ns,
            deviation_ns,
            mean_ns: mean(&samples_ns),
            mean_interval_ns: mean_interval(&samples_ns),
            outliers: samples_ns.iter().filter(beyond).count(),
            wall,
            cpu,
            clock,
            samples_ns,
        }
    }

    /// Holds this timing against another, best one of [`TimeIt::run_against`](super::TimeIt::run_against): the ratio
    /// of the medians with its 95 % interval (bootstrap), and the rank test of Mann and Whitney.
    ///
    /// ```
    /// # use std::{hint::black_box, time::Duration};
    /// use lagom_profiler::TimeIt;
    ///
    /// let sum = |count: u64| (0..black_box(count)).map(black_box).sum::<u64>();
    /// let (ten, hundred) = TimeIt::new("sum").budget(Duration::from_millis(10)).run_against(|| sum(10), || sum(100));
    /// println!("{}", hundred.compare(&ten));
    /// ```
    #[must_use]
    pub fn compare(&self, baseline: &Self) -> TimingComparison {
        let rank = rank_samples(&baseline.samples_ns, &self.samples_ns);
        let interval = ratio_interval(&baseline.samples_ns, &self.samples_ns);
        let enough = baseline.samples_ns.len().min(self.samples_ns.len()) >= SAMPLES_TO_JUDGE;
        let found = rank.p < ALPHA;
        TimingComparison {
            name: self.name.clone(),
            baseline: baseline.name.clone(),
            ratio: self.median_ns / baseline.median_ns,
            ratio_interval: interval,
            effect: rank.effect,
            p: rank.p,
            verdict: match () {
                () if !enough => Verdict::Unclear,
                () if found && interval.low > 1.0 => Verdict::Slower,
                () if found && interval.high < 1.0 => Verdict::Faster,
                () => Verdict::Same,
            },
        }
    }

    /// The name it was given.
    ///
    /// ```
    /// # let quick = lagom_profiler::TimeIt::new("f").budget(std::time::Duration::ZERO);
    /// assert_eq!(quick.run(|| ()).name(), "f");
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Each sample, in the order in which they were taken.
    ///
    /// ```
    /// # let quick = lagom_profiler::TimeIt::new("f").budget(std::time::Duration::ZERO);
    /// assert_eq!(quick.run(|| ()).samples_ns().len(), 5);
    /// ```
    #[must_use]
    pub fn samples_ns(&self) -> &[f64] {
        &self.samples_ns
    }
}

/// Rank tests of fewer samples say nothing.
const SAMPLES_TO_JUDGE: usize = 8;
const ALPHA: f64 = 0.01;

/// Getters with the example that all of them share.
macro_rules! getters {
    ($type:ident, $example:literal: $($(#[$doc:meta])* $name:ident: $of:ty = |$this:ident| $value:expr;)*) => {
        impl $type {
            $(
                $(#[$doc])*
                ///
                /// ```
                /// # let quick = lagom_profiler::TimeIt::new("f").budget(std::time::Duration::ZERO);
                #[doc = concat!("let figure = ", $example, ".", stringify!($name), "();")]
                /// println!("{figure:?}");
                /// ```
                #[must_use]
                pub fn $name(&self) -> $of {
                    let $this = self;
                    $value
                }
            )*
        }
    };
}

getters! { Timing, "quick.run(|| ())":
    /// The least sample: what the work takes when nothing disturbs it.
    min_ns: f64 = |this| this.min_ns;
    /// The median of the samples.
    median_ns: f64 = |this| this.median_ns;
    /// The median distance of the samples from their median (MAD).
    deviation_ns: f64 = |this| this.deviation_ns;
    /// The mean of the samples, outliers included.
    mean_ns: f64 = |this| this.mean_ns;
    /// The 95 % confidence interval of the mean, by bootstrap (Efron 1979).
    mean_interval_ns: (f64, f64) = |this| (this.mean_interval_ns.low, this.mean_interval_ns.high);
    /// Samples farther from the median than 3.5 standard deviations, as the median deviation estimates them; they are
    /// counted, not dropped.
    outliers: usize = |this| this.outliers;
    /// Calls per sample.
    batch: u64 = |this| this.batch;
    /// Calls in all samples.
    calls: u64 = |this| this.batch.saturating_mul(this.samples_ns.len() as u64);
    /// Wall time of all samples.
    wall: Duration = |this| this.wall;
    /// CPU time of the process, all its threads, during the samples; `None` where the platform or, without the feature
    /// `enabled`, the build does not tell, and where two closures took turns.
    cpu: Option<Duration> = |this| this.cpu;
    /// CPU time per wall time: near 1.0 it computes, near 0.0 it waits or had to wait, above 1.0 several threads ran.
    cpu_share: Option<f64> = |this| this.cpu.filter(|_| !this.wall.is_zero()).map(|cpu| cpu.as_secs_f64() / this.wall.as_secs_f64());
    /// The least by which the clock was seen to move.
    clock_step_ns: f64 = |this| this.clock.step_ns;
    /// What a reading of the clock takes; it happens once per sample.
    clock_read_ns: f64 = |this| this.clock.read_ns;
}

/// `parse: 12.3 ns (median, MAD 0.10 ns), least 12.1 ns, mean 12.6 ns (95 %: 12.4 ns to 12.9 ns)`
/// `  100 samples of 40000 calls, 3 outliers; CPU 99 %; the clock adds up to 0.001 ns to a call`
impl fmt::Display for Timing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Interval { low, high } = self.mean_interval_ns;
        write!(
            f,
            "{}: {} (median, MAD {}), least {}, mean {} (95 %: {} to {})",
            printable(&self.name),
            Nanos(self.median_ns),
            Nanos(self.deviation_ns),
            Nanos(self.min_ns),
            Nanos(self.mean_ns),
            Nanos(low),
            Nanos(high)
        )?;
        write!(f, "\n  {} samples of {} calls, {} outliers", self.samples_ns.len(), Count(self.batch), self.outliers)?;
        if let Some(share) = self.cpu_share() {
            write!(f, "; CPU {:.0} %", 100.0 * share)?;
        }
        let error = self.clock.error_ns() / self.batch as f64;
        write!(f, "; the clock (step {}) is worth {} a call", Nanos(self.clock.step_ns), Nanos(error))?;
        if error > self.median_ns / 100.0 {
            write!(f, ": too coarse for this")?;
        }
        Ok(())
    }
}

/// Nanoseconds with three digits, also below one.
struct Nanos(f64);

impl fmt::Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, unit) = match self.0 {
            ns if ns < 999.5 => (ns, "ns"),
            ns if ns < 999.5e3 => (ns / 1e3, "us"),
            ns if ns < 999.5e6 => (ns / 1e6, "ms"),
            ns => (ns / 1e9, "s"),
        };
        match value {
            v if v < 0.0005 => write!(f, "0 {unit}"),
            v if v < 0.9995 => write!(f, "{v:.3} {unit}"),
            v if v < 9.995 => write!(f, "{v:.2} {unit}"),
            v if v < 99.95 => write!(f, "{v:.1} {unit}"),
            v => write!(f, "{v:.0} {unit}"),
        }
    }
}

/// Two timings held against each other, from [`Timing::compare`].
///
/// ```
/// use lagom_profiler::report::Verdict;
///
/// let quick = lagom_profiler::TimeIt::new("f").budget(std::time::Duration::ZERO);
/// let timing = quick.run(|| ());
/// // Five samples are too few to tell anything.
/// assert_eq!(timing.compare(&timing).verdict(), Verdict::Unclear);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct TimingComparison {
    name: String,
    baseline: String,
    ratio: f64,
    ratio_interval: Interval,
    effect: f64,
    p: f64,
    verdict: Verdict,
}

getters! { TimingComparison, "quick.run(|| ()).compare(&quick.run(|| ()))":
    /// The median as a multiple of the baseline's.
    ratio: f64 = |this| this.ratio;
    /// The 95 % confidence interval of [`ratio`](Self::ratio), by bootstrap.
    ratio_interval: (f64, f64) = |this| (this.ratio_interval.low, this.ratio_interval.high);
    /// How much more often a sample exceeds one of the baseline than the reverse, -1.0 to 1.0: Cliff's delta.
    effect: f64 = |this| this.effect;
    /// How probable such an effect is by chance.
    p: f64 = |this| this.p;
    /// Slower or faster if `p` is below 0.01 and the interval of the ratio does not hold 1; unclear below eight samples.
    verdict: Verdict = |this| this.verdict;
}

/// `new against old: 1.25x (95 %: 1.20 to 1.31), p <0.0001: slower`
impl fmt::Display for TimingComparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Interval { low, high } = self.ratio_interval;
        let (name, baseline) = (printable(&self.name), printable(&self.baseline));
        write!(f, "{name} against {baseline}: {}x (95 %: ", Ratio(self.ratio))?;
        write!(f, "{} to {}), p {}: {}", Ratio(low), Ratio(high), Chance(self.p), self.verdict)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::Random;

    fn timing(name: &str, samples: Vec<f64>) -> Timing {
        let clock = StdClock { step_ns: 10.0, read_ns: 20.0 };
        Timing::new(name.into(), samples, 1_000, Duration::from_secs(2), Some(Duration::from_secs(1)), clock)
    }

    fn noisy(random: &mut Random, center: f64, count: usize) -> Vec<f64> {
        // One in ten was preempted.
        (0..count)
            .map(|_| center * (0.02 * random.normal()).exp() * if random.below(10) == 0 { 5.0 } else { 1.0 })
            .collect()
    }

    #[test]
    fn the_figures_are_those_of_the_samples() {
        let timing = timing("f\n", vec![10.0, 12.0, 11.0, 10.0, 1_000.0]);
        assert_eq!((timing.min_ns(), timing.median_ns(), timing.deviation_ns()), (10.0, 11.0, 1.0));
        assert_eq!((timing.mean_ns(), timing.outliers(), timing.calls()), (208.6, 1, 5_000));
        assert_eq!(timing.cpu_share(), Some(0.5));
        let (low, high) = timing.mean_interval_ns();
        assert!(low < 208.6 && 208.6 < high, "{low} {high}");
        let text = timing.to_string();
        assert!(text.starts_with("f\\n: 11.0 ns (median, MAD 1.00 ns), least 10.0 ns, mean 209 ns (95 %: "), "{text}");
        assert!(text.contains("5 samples of 1000 calls, 1 outliers; CPU 50 %"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 110), "{text}");
    }

    #[test]
    fn a_clock_too_coarse_is_named() {
        let mut timing = timing("f", vec![0.1; 5]);
        timing.batch = 1;
        assert!(timing.to_string().ends_with("too coarse for this"), "{timing}");
    }

    #[test]
    fn samples_that_are_all_alike_have_no_outlier() {
        assert_eq!(timing("f", vec![3.0; 9]).outliers(), 0);
        assert_eq!(timing("f", Vec::new()).median_ns(), 0.0);
    }

    #[test]
    fn times_have_three_digits() {
        let texts = [0.0, 0.25, 1.0, 12.34, 999.4, 999.6, 1e6, 2.5e9].map(|ns| Nanos(ns).to_string());
        assert_eq!(texts, ["0 ns", "0.250 ns", "1.00 ns", "12.3 ns", "999 ns", "1.00 us", "1.00 ms", "2.50 s"]);
    }

    #[test]
    #[cfg_attr(miri, ignore = "too much for it")]
    fn a_tenth_slower_is_found_and_nothing_is_not() {
        let mut random = Random::new(5);
        let mut compare = |center: f64| {
            let (baseline, now) = (noisy(&mut random, 100.0, 60), noisy(&mut random, center, 60));
            timing("new", now).compare(&timing("old", baseline))
        };
        let slower = (0..10).filter(|_| compare(110.0).verdict() == Verdict::Slower).count();
        let faster = (0..10).filter(|_| compare(90.0).verdict() == Verdict::Faster).count();
        let changed = (0..40).filter(|_| compare(100.0).verdict() != Verdict::Same).count();
        assert!(slower == 10 && faster == 10 && changed <= 2, "{slower} {faster} {changed}");
        let text = compare(125.0).to_string();
        assert!(text.starts_with("new against old: 1.2") && text.ends_with("p <0.0001: slower"), "{text}");
    }
}

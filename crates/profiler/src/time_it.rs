//! How long a closure takes.

mod clock;
mod timing;

use std::hint::black_box;
use std::time::{Duration, Instant};

use self::clock::StdClock;
pub use self::timing::{Timing, TimingComparison};
use crate::engine;

/// Even when the budget is spent.
const SAMPLES_AT_LEAST: usize = 5;

/// A batch is so many times as long as reading the clock is wrong by: a thousandth is what that adds to a sample.
const ERRORS_PER_BATCH: f64 = 1_000.0;

/// Times a closure: many batches of calls, after a warm-up, with what can be said of the spread.
///
/// A *sample* is the mean of a batch, which is at least a thousand times as long as the clock's step and the reading of
/// it: a closure of a nanosecond is timed as well as one of a second. The batches last together about the
/// [`budget`](Self::budget). It works with the feature `enabled` off, too: it is no probe but a measurement.
///
/// What the closure returns goes through `black_box` and is dropped within the time. The arguments must go through
/// [`black_box`] in the closure, or the compiler may compute the result ahead.
///
/// ```
/// use lagom_profiler::TimeIt;
/// use std::hint::black_box;
/// use std::time::Duration;
///
/// let text = "just the right amount";
/// let short = TimeIt::new("words").budget(Duration::from_millis(20)).warm_up(Duration::from_millis(2));
/// let timing = short.run(|| black_box(text).split(' ').count());
/// println!("{timing}");
/// assert!(timing.min_ns() <= timing.median_ns());
/// ```
#[derive(Clone, Debug)]
pub struct TimeIt {
    name: String,
    samples: usize,
    budget: Duration,
    warm_up: Duration,
}

impl TimeIt {
    /// 100 samples in half a second, after a tenth of a second of warm-up.
    ///
    /// ```
    /// let parse = lagom_profiler::TimeIt::new("parse");
    /// ```
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            samples: 100,
            budget: Duration::from_millis(500),
            warm_up: Duration::from_millis(100),
        }
    }

    /// How many samples are taken, 100 by default; fewer if the [`budget`](Self::budget) is spent before.
    ///
    /// ```
    /// let timing = lagom_profiler::TimeIt::new("add").samples(10).run(|| 1 + 1);
    /// assert!((5..=10).contains(&timing.samples_ns().len())); // fewer on a machine that is busy with something else
    /// ```
    #[must_use]
    pub fn samples(mut self, samples: usize) -> Self {
        self.samples = samples.max(1);
        self
    }

    /// How long all samples may take together. A closure too long for it is called five times all the same.
    ///
    /// ```
    /// # use std::time::Duration;
    /// let timing = lagom_profiler::TimeIt::new("sleep").budget(Duration::ZERO).warm_up(Duration::ZERO).run(|| {
    ///     std::thread::sleep(Duration::from_millis(1));
    /// });
    /// assert_eq!((timing.samples_ns().len(), timing.batch()), (5, 1));
    /// ```
    #[must_use]
    pub fn budget(mut self, budget: Duration) -> Self {
        self.budget = budget;
        self
    }

    /// How long it runs before, for caches and clock rates; a call at least, which also tells how long a batch must be.
    ///
    /// ```
    /// # use std::time::Duration;
    /// let parse = lagom_profiler::TimeIt::new("parse").warm_up(Duration::from_secs(1));
    /// ```
    #[must_use]
    pub fn warm_up(mut self, warm_up: Duration) -> Self {
        self.warm_up = warm_up;
        self
    }

    /// Times the closure.
    ///
    /// ```
    /// # use std::{hint::black_box, time::Duration};
    /// let numbers: Vec<u64> = (0..100).collect();
    /// let short = lagom_profiler::TimeIt::new("sum").budget(Duration::from_millis(10));
    /// println!("{}", short.run(|| black_box(&numbers).iter().sum::<u64>()));
    /// ```
    #[must_use]
    pub fn run<T>(&self, mut work: impl FnMut() -> T) -> Timing {
        let mut run = Run::new(self, &mut work);
        let start = Instant::now();
        let cpu = process_cpu();
        while run.goes_on(self, start, 1) {
            run.sample();
        }
        run.cpu = cpu.zip(process_cpu()).map(|(before, after)| after.saturating_sub(before));
        run.timing(self.name.clone())
    }

    /// Times two closures in turns, so that what the machine does meanwhile meets both: first `baseline`, then `work`.
    ///
    /// For [`Timing::compare`]. Two timings taken one after the other may differ by another clock rate or a busier
    /// neighbour alone. The budget is for each; the CPU time is not told, as it would be that of both.
    ///
    /// ```
    /// # use std::{hint::black_box, time::Duration};
    /// let numbers: Vec<u64> = (0..100).collect();
    /// let short = lagom_profiler::TimeIt::new("sum").budget(Duration::from_millis(10));
    /// let (all, half) = short.run_against(
    ///     || black_box(&numbers).iter().sum::<u64>(),
    ///     || black_box(&numbers[50..]).iter().sum::<u64>(),
    /// );
    /// println!("{}", half.compare(&all));
    /// ```
    #[must_use]
    pub fn run_against<T, U>(&self, mut baseline: impl FnMut() -> T, mut work: impl FnMut() -> U) -> (Timing, Timing) {
        let (mut before, mut after) = (Run::new(self, &mut baseline), Run::new(self, &mut work));
        let start = Instant::now();
        while before.goes_on(self, start, 2) {
            before.sample();
            after.sample();
        }
        (before.timing(format!("{} (baseline)", self.name)), after.timing(self.name.clone()))
    }

    /// Runs for the time of the warm-up; tells the nanoseconds of a call.
    fn warm<T>(&self, work: &mut impl FnMut() -> T) -> f64 {
        let start = Instant::now();
        let (mut batch, mut least) = (1_u64, f64::INFINITY);
        loop {
            let took = time(batch, work);
            // Long enough to be told from the clock's step.
            if took >= Duration::from_micros(10) {
                // A batch that was interrupted would make all others too short.
                least = least.min(nanoseconds(took) / batch as f64);
                if start.elapsed() >= self.warm_up {
                    return least;
                }
            }
            if took < Duration::from_millis(1) {
                batch = batch.saturating_mul(2);
            }
        }
    }

    /// The calls in a batch: long enough for the clock, and as many as fill the budget.
    fn batch(&self, call_ns: f64, clock: &StdClock) -> u64 {
        let least = ERRORS_PER_BATCH * clock.error_ns();
        let even = nanoseconds(self.budget) / self.samples as f64;
        (least.max(even) / call_ns.max(0.01)).clamp(1.0, 1e12) as u64
    }
}

/// One closure being timed.
struct Run<F> {
    work: F,
    clock: StdClock,
    batch: u64,
    samples: Vec<f64>,
    wall: Duration,
    cpu: Option<Duration>,
}

impl<T, F: FnMut() -> T> Run<F> {
    fn new(settings: &TimeIt, mut work: F) -> Self {
        let clock = StdClock::measure();
        let batch = settings.batch(settings.warm(&mut work), &clock);
        Self { work, clock, batch, samples: Vec::new(), wall: Duration::ZERO, cpu: None }
    }

    /// Whether there is a sample to take; `runs` of them share the time.
    fn goes_on(&self, settings: &TimeIt, start: Instant, runs: u32) -> bool {
        let taken = self.samples.len();
        let budget = settings.budget.saturating_mul(runs);
        taken < settings.samples && (taken < SAMPLES_AT_LEAST || start.elapsed() < budget)
    }

    fn sample(&mut self) {
        let took = time(self.batch, &mut self.work);
        self.wall += took;
        self.samples.push(nanoseconds(took) / self.batch as f64);
    }

    fn timing(self, name: String) -> Timing {
        Timing::new(name, self.samples, self.batch, self.wall, self.cpu, self.clock)
    }
}

/// One batch.
fn time<T>(batch: u64, work: &mut impl FnMut() -> T) -> Duration {
    let start = Instant::now();
    for _ in 0..batch {
        black_box(work());
    }
    start.elapsed()
}

fn nanoseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}

/// All threads' CPU time, where the platform tells.
fn process_cpu() -> Option<Duration> {
    engine::sample_now().cpu_time()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_long_for_the_clock_and_short_for_the_budget() {
        let clock = StdClock { step_ns: 10.0, read_ns: 20.0 };
        let timer = TimeIt::new("f").samples(100).budget(Duration::from_millis(100));
        assert_eq!(timer.batch(10.0, &clock), 100_000);
        assert_eq!(timer.clone().budget(Duration::ZERO).batch(10.0, &clock), 3_000);
        assert_eq!(timer.batch(1e9, &clock), 1);
        assert_eq!(timer.batch(0.0, &clock), 100_000_000);
        assert_eq!(timer.budget(Duration::MAX).batch(0.0, &clock), 1_000_000_000_000);
    }
}

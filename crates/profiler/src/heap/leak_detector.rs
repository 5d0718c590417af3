//! What grows with every round of the same work.

mod growth;
mod table;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use super::raw::{Raw, RawSite};
use super::snapshot::key;
use super::symbols::resolve_sites;
use super::{Amount, By, Mode};
use crate::engine;

pub use self::growth::Growth;
use self::growth::{Series, examine};

/// Finds what keeps growing while the same work is done again and again.
///
/// A leak is where memory grows from cycle to cycle and does not stop. After each cycle it notes what every call stack
/// holds. Of those whose bytes changed after the warm-up it lists the ones for which all of this holds:
///
/// - later cycles end with more than earlier ones: the rank test of Mann (1945) and Kendall (1948), one-sided, with
///   Holm's (1979) correction for all that changed, is significant at 1 % or what [`significance`](Self::significance)
///   says;
/// - the median slope (Sen 1968) is at least [`min_growth`](Self::min_growth) bytes per cycle, 1 if it is not said;
/// - growth has not ended: of the cycles in four parts (three of fewer than eight, two of fewer than six), the median
///   of the last lies above that of the part before, by half of its share of the whole growth at least, and the parts
///   before have grown, too. So a cache that fills up and stops is not listed, nor is one step.
///
/// Five cycles after the warm-up are the least that can be told from chance; take ten or more. A cache that has not
/// filled up by the end looks like a leak.
///
/// It needs the mode [`Live`](super::Mode::Live), exact, or [`Sample`](super::Mode::Sample), where growth far below the
/// interval drowns in noise, which the report says. One pass over all stacks and some 24 bytes per stack and cycle.
///
/// ```
/// use lagom_profiler::heap::{self, LeakDetector, Mode};
///
/// heap::set_mode(Mode::Live);
/// let mut detector = LeakDetector::new();
/// let mut kept = Vec::new();
/// for round in 0..12_u64 {
///     detector.cycle(|| kept.push(Box::new(round)));
/// }
/// let report = detector.report();
/// println!("{report}");
/// # heap::set_mode(Mode::Count);
/// ```
#[derive(Debug)]
pub struct LeakDetector {
    warm_up: usize,
    min_growth: f64,
    significance: f64,
    by: By,
    read: fn() -> Raw,
    /// By the number of the stack, and by thread.
    stacks: HashMap<(u32, u32), Stack>,
    threads: Vec<String>,
    cycles: usize,
    mode: Option<Mode>,
    mixed: bool,
    interval: u64,
    lost: u64,
}

/// One stack, and what it held at the ends of cycles; not of those at which it was not known yet.
#[derive(Debug)]
struct Stack {
    site: RawSite,
    held: Vec<(usize, Amount)>,
}

impl Default for LeakDetector {
    fn default() -> Self {
        Self::new()
    }
}

impl LeakDetector {
    /// Two cycles of warm-up, growth told by call stack.
    ///
    /// ```
    /// let detector = lagom_profiler::heap::LeakDetector::new();
    /// assert_eq!(detector.cycles(), 0);
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self {
            warm_up: 2,
            min_growth: 1.0,
            significance: 0.01,
            by: By::Stack,
            read: engine::heap_raw,
            stacks: HashMap::new(),
            threads: Vec::new(),
            cycles: 0,
            mode: None,
            mixed: false,
            interval: 0,
            lost: 0,
        }
    }

    /// How many cycles are done before anything counts: caches and lazy statics fill.
    ///
    /// ```
    /// let detector = lagom_profiler::heap::LeakDetector::new().warm_up(5);
    /// ```
    #[must_use]
    pub const fn warm_up(mut self, cycles: usize) -> Self {
        self.warm_up = cycles;
        self
    }

    /// The least growth that is listed, bytes per cycle.
    ///
    /// ```
    /// let detector = lagom_profiler::heap::LeakDetector::new().min_growth(1_024.0);
    /// ```
    #[must_use]
    pub const fn min_growth(mut self, bytes_per_cycle: f64) -> Self {
        self.min_growth = bytes_per_cycle;
        self
    }

    /// How probable it may be at most that chance made anything listed; 0.01.
    ///
    /// ```
    /// let detector = lagom_profiler::heap::LeakDetector::new().significance(0.001);
    /// ```
    #[must_use]
    pub const fn significance(mut self, p: f64) -> Self {
        self.significance = p;
        self
    }

    /// What growth is told by: the whole stack, or coarser, where a leak is reached in many ways.
    ///
    /// ```
    /// use lagom_profiler::heap::{By, LeakDetector};
    ///
    /// let detector = LeakDetector::new().by(By::Line);
    /// ```
    #[must_use]
    pub const fn by(mut self, by: By) -> Self {
        self.by = by;
        self
    }

    /// Does the work once, and notes what is live behind it. What the work returns is live while it is noted; so that
    /// it does not count, drop it in the closure.
    ///
    /// ```
    /// let mut detector = lagom_profiler::heap::LeakDetector::new();
    /// assert_eq!(detector.cycle(|| 7), 7);
    /// assert_eq!(detector.cycles(), 1);
    /// ```
    pub fn cycle<R>(&mut self, work: impl FnOnce() -> R) -> R {
        let result = work();
        self.note();
        result
    }

    /// Does the work so many times.
    ///
    /// ```
    /// let mut detector = lagom_profiler::heap::LeakDetector::new();
    /// detector.run(10, || drop(vec![1, 2, 3]));
    /// assert_eq!(detector.cycles(), 10);
    /// ```
    pub fn run(&mut self, cycles: usize, mut work: impl FnMut()) {
        for _ in 0..cycles {
            self.cycle(&mut work);
        }
    }

    /// How many cycles have been done, those of the warm-up among them.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::LeakDetector::new().cycles(), 0);
    /// ```
    #[must_use]
    pub const fn cycles(&self) -> usize {
        self.cycles
    }

    fn note(&mut self) {
        engine::heap_aside(|| {
            let raw = (self.read)();
            self.mixed |= self.mode.is_some_and(|mode| mode != raw.mode);
            self.mode = Some(raw.mode);
            self.interval = raw.interval;
            self.lost = raw.lost;
            // Indices of threads stay what they are.
            if raw.threads.len() > self.threads.len() {
                self.threads = raw.threads;
            }
            for site in raw.sites {
                let amount = site.live;
                let known = self.stacks.entry((site.stack, site.thread));
                let stack = known.or_insert_with(|| Stack { site, held: Vec::new() });
                match stack.held.last_mut() {
                    // The same stack in two spans, as far as numbers do not tell them apart.
                    Some((cycle, held)) if *cycle == self.cycles => *held = held.plus(amount),
                    _ => stack.held.push((self.cycles, amount)),
                }
            }
            self.cycles += 1;
        });
    }

    /// What has been found so far; more cycles may follow.
    ///
    /// Looks up the names of all stacks that changed; see [`Snapshot::take`](super::Snapshot::take).
    ///
    /// ```
    /// let mut detector = lagom_profiler::heap::LeakDetector::new();
    /// detector.run(10, || drop(vec![1, 2, 3]));
    /// assert!(detector.report().leaks().is_empty());
    /// ```
    #[must_use]
    pub fn report(&self) -> LeakReport {
        engine::heap_aside(|| {
            let counted = self.cycles.saturating_sub(self.warm_up);
            let (mut sites, mut held) = (Vec::new(), Vec::new());
            for stack in self.stacks.values() {
                let series = self.series(stack, counted);
                if series.windows(2).any(|pair| pair[0] != pair[1]) || self.by != By::Stack {
                    sites.push(stack.site.clone());
                    held.push(series);
                }
            }
            let mode = self.mode.unwrap_or(Mode::Off);
            let raw = Raw { mode, sites, threads: self.threads.clone(), interval: self.interval, lost: self.lost };
            let mut groups: HashMap<String, Series> = HashMap::new();
            for (site, held) in resolve_sites(raw).into_iter().zip(held) {
                let name = key(&site, self.by).into_owned();
                let last = held.last().map_or(0, |amount| amount.bytes);
                match groups.get_mut(&name) {
                    None => drop(groups.insert(name, Series { frames: site.frames, largest: last, held })),
                    Some(group) => {
                        for (sum, amount) in group.held.iter_mut().zip(held) {
                            *sum = sum.plus(amount);
                        }
                        if last > group.largest {
                            (group.frames, group.largest) = (site.frames, last);
                        }
                    }
                }
            }
            let (leaks, changed) = examine(groups, self.min_growth, self.significance);
            LeakReport {
                leaks,
                changed,
                cycles: counted,
                warm_up: self.warm_up.min(self.cycles),
                by: self.by,
                mode,
                mixed: self.mixed,
                interval: self.interval,
            }
        })
    }

    /// What it held at the end of each cycle that counts.
    fn series(&self, stack: &Stack, counted: usize) -> Vec<Amount> {
        let mut series = vec![Amount::default(); counted];
        for &(cycle, amount) in &stack.held {
            if let Some(place) = cycle.checked_sub(self.warm_up) {
                series[place] = amount;
            }
        }
        series
    }
}

/// What a [`LeakDetector`] has found: the fastest growth first.
///
/// ```
/// let mut detector = lagom_profiler::heap::LeakDetector::new();
/// detector.run(10, || drop(vec![1, 2, 3]));
/// let report = detector.report();
/// assert!(report.leaks().is_empty(), "{report}");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct LeakReport {
    leaks: Vec<Growth>,
    /// Groups whose bytes changed.
    changed: usize,
    cycles: usize,
    warm_up: usize,
    by: By,
    mode: Mode,
    mixed: bool,
    interval: u64,
}

impl LeakReport {
    /// What grows steadily.
    ///
    /// ```
    /// let report = lagom_profiler::heap::LeakDetector::new().report();
    /// assert!(report.leaks().is_empty());
    /// ```
    #[must_use]
    pub fn leaks(&self) -> &[Growth] {
        &self.leaks
    }

    /// The cycles that were looked at, without the warm-up.
    ///
    /// ```
    /// let mut detector = lagom_profiler::heap::LeakDetector::new().warm_up(3);
    /// detector.run(10, || ());
    /// assert_eq!(detector.report().cycles(), 7);
    /// ```
    #[must_use]
    pub const fn cycles(&self) -> usize {
        self.cycles
    }

    /// Whether it could have found a leak at all: stacks were recorded, in one mode, over five cycles at least.
    ///
    /// ```
    /// // No tracking allocator, no stacks.
    /// let mut detector = lagom_profiler::heap::LeakDetector::new();
    /// detector.run(10, || ());
    /// assert!(!detector.report().is_conclusive());
    /// ```
    #[must_use]
    pub fn is_conclusive(&self) -> bool {
        self.mode.keeps_stacks() && !self.mixed && self.cycles >= growth::LEAST
    }
}

//! One run against another.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::change::Side;
use super::{Change, Thresholds};
use crate::statistics::holm;
use crate::summary::{FunctionStats, Summary};

/// Holds one run against a saved one, function by function: for a check that fails when something became slower.
///
/// Durations are compared by their ranks (Mann and Whitney 1947), so that a few preempted calls change nothing. Functions
/// are matched by module and name, several of one name in the order of their lines. The baseline may come from another
/// build of the program; compare what ran on one machine, and ran the same work.
///
/// ```
/// # use lagom_profiler as profiler;
/// use lagom_profiler::report::compare;
///
/// # #[cfg(feature = "export")] {
/// let saved = profiler::summary().to_json(); // kept in a file
/// // … another day, another build …
/// let baseline = profiler::Summary::from_json(&saved).unwrap();
/// let comparison = compare(&baseline, &profiler::summary());
/// println!("{comparison}");
/// assert_eq!(comparison.exit_code(), 0);
/// # }
/// ```
#[must_use]
pub fn compare(baseline: &Summary, now: &Summary) -> Comparison {
    let mut rest = by_name(baseline);
    let (mut changes, mut new) = (Vec::new(), Vec::new());
    for (name, functions) in by_name(now) {
        let mut then = rest.remove(&name).unwrap_or_default().into_iter();
        for function in functions {
            match then.next() {
                Some(before) => changes.push(Change::new(&side(baseline, before), &side(now, function))),
                None => new.push(label(function)),
            }
        }
        rest.insert(name, then.collect());
    }
    let vanished = rest.into_values().flatten().map(label).collect();
    let chance = changes.iter().map(|change: &Change| change.p).collect();
    let clocks_differ = baseline.clock.source != now.clock.source;
    let comparison = Comparison { thresholds: Thresholds::new(), changes, new, vanished, chance, clocks_differ };
    comparison.with_thresholds(Thresholds::new())
}

type ByName<'a> = BTreeMap<(&'a str, &'a str), Vec<&'a FunctionStats>>;

fn by_name(summary: &Summary) -> ByName<'_> {
    let mut found = ByName::new();
    for function in &summary.functions {
        found.entry((&*function.module, &*function.name)).or_default().push(function);
    }
    found.values_mut().for_each(|rows| rows.sort_by_key(|function| (&*function.file, function.line)));
    found
}

fn side<'a>(summary: &'a Summary, function: &'a FunctionStats) -> Side<'a> {
    Side { function, elapsed_ns: summary.elapsed_ns, clock: &summary.clock, heap_tracked: summary.heap_tracked }
}

fn label(function: &FunctionStats) -> Cow<'static, str> {
    function.name.clone()
}

/// What became of each function between two runs, from [`compare`].
///
/// `Display` is a table of at most 100 columns, what became slower first.
///
/// ```
/// let summary = lagom_profiler::summary();
/// let comparison = lagom_profiler::report::compare(&summary, &summary);
/// assert!(comparison.regressions().next().is_none());
/// println!("{comparison}");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Comparison {
    pub(super) thresholds: Thresholds,
    pub(super) changes: Vec<Change>,
    pub(super) new: Vec<Cow<'static, str>>,
    pub(super) vanished: Vec<Cow<'static, str>>,
    pub(super) clocks_differ: bool,
    /// What the test says of each change by itself; in the order in which they were found.
    #[cfg_attr(feature = "serde", serde(skip))]
    chance: Vec<f64>,
}

impl Comparison {
    /// The same comparison, judged by other thresholds.
    ///
    /// ```
    /// use lagom_profiler::report::{Thresholds, compare};
    ///
    /// let summary = lagom_profiler::summary();
    /// let comparison = compare(&summary, &summary).with_thresholds(Thresholds::new().ratio(1.5));
    /// assert_eq!(comparison.exit_code(), 0);
    /// ```
    #[must_use]
    pub fn with_thresholds(mut self, thresholds: Thresholds) -> Self {
        self.thresholds = thresholds;
        // Only what can be judged was looked at.
        let judged = |change: &Change| {
            change.measurable && change.baseline.timed.min(change.now.timed) >= thresholds.samples.max(1)
        };
        let p: Vec<f64> = self.changes.iter().zip(&self.chance).filter(|(c, _)| judged(c)).map(|(_, p)| *p).collect();
        let mut corrected = holm(&p).into_iter();
        for change in &mut self.changes {
            let p = if judged(change) { corrected.next().unwrap_or(1.0) } else { 1.0 };
            change.judge(&thresholds, p);
        }
        self
    }

    /// The functions that are in both runs, by module and name.
    ///
    /// ```
    /// let empty = lagom_profiler::Summary::default();
    /// assert!(lagom_profiler::report::compare(&empty, &empty).changes().is_empty());
    /// ```
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The functions that are slower or allocate more.
    ///
    /// ```
    /// let summary = lagom_profiler::summary();
    /// assert_eq!(lagom_profiler::report::compare(&summary, &summary).regressions().count(), 0);
    /// ```
    pub fn regressions(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| change.is_regression())
    }

    /// The functions that only the new run called.
    ///
    /// ```
    /// # drop(lagom_profiler::span!("step"));
    /// let comparison = lagom_profiler::report::compare(&Default::default(), &lagom_profiler::summary());
    /// assert!(comparison.new_functions().all(|name| name == "step"));
    /// ```
    pub fn new_functions(&self) -> impl ExactSizeIterator<Item = &str> {
        self.new.iter().map(|name| &**name)
    }

    /// The functions that only the baseline called.
    ///
    /// ```
    /// # drop(lagom_profiler::span!("step"));
    /// let comparison = lagom_profiler::report::compare(&lagom_profiler::summary(), &Default::default());
    /// assert!(comparison.vanished_functions().all(|name| name == "step"));
    /// ```
    pub fn vanished_functions(&self) -> impl ExactSizeIterator<Item = &str> {
        self.vanished.iter().map(|name| &**name)
    }

    /// Whether any function is slower or allocates more.
    ///
    /// ```
    /// let summary = lagom_profiler::summary();
    /// assert!(!lagom_profiler::report::compare(&summary, &summary).is_regression());
    /// ```
    #[must_use]
    pub fn is_regression(&self) -> bool {
        self.regressions().next().is_some()
    }

    /// 1 if any function is slower or allocates more, else 0: for `std::process::exit`.
    ///
    /// ```
    /// let summary = lagom_profiler::summary();
    /// std::process::exit(lagom_profiler::report::compare(&summary, &summary).exit_code());
    /// ```
    #[must_use]
    pub fn exit_code(&self) -> i32 {
        i32::from(self.is_regression())
    }
}

//! What the profiled functions did, as one report.

mod clock;
mod details;
mod function;
mod histogram;
mod table;
mod tree;

use std::time::Duration;

pub use clock::Clock;
#[cfg(any(feature = "enabled", test))]
pub(crate) use details::Queued;
pub use details::{Record, RecordOutcome, Repeats, SizeClass, Stretch, Waiting};
pub use function::FunctionStats;
pub use histogram::{Bucket, Histogram};
pub use tree::{CallNode, CallTree};

pub(crate) use histogram::nanos;

use crate::figures::Figures;
use crate::suggestions::{self, Suggestion};
use crate::{engine, heap};

/// The figures of every function called since the start or the last [`reset`](crate::reset), and what
/// [registered](crate::register) closures tell.
///
/// Reads while all threads go on: each thread's figures for a function belong to one moment. Takes time in proportion to
/// functions times threads; calls of spans that are still open are not in it.
///
/// ```
/// # use lagom_profiler as profiler;
/// drop(profiler::span!("load"));
/// println!("{}", profiler::summary());
/// ```
#[must_use]
pub fn summary() -> Summary {
    let mut snapshot = engine::snapshot();
    snapshot.functions.sort_by(|a, b| b.self_ns.cmp(&a.self_ns).then_with(|| a.place().cmp(&b.place())));
    Summary {
        elapsed_ns: snapshot.elapsed_ns,
        heap_tracked: heap::is_installed(),
        heap_grown: heap::grown(),
        clock: snapshot.clock,
        functions: snapshot.functions,
        tree: snapshot.tree,
        figures: crate::figures(),
    }
}

/// What the engine tells at one moment.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    pub(crate) elapsed_ns: u64,
    pub(crate) clock: Clock,
    pub(crate) functions: Vec<FunctionStats>,
    pub(crate) tree: CallTree,
}

/// A report over all profiled functions, from [`summary`].
///
/// `Display` is a table of at most 100 columns, the largest self time first.
///
/// ```
/// # use lagom_profiler as profiler;
/// {
///     let _outer = profiler::span!("outer");
///     let _inner = profiler::span!("inner");
/// }
/// let summary = profiler::summary();
/// # #[cfg(feature = "enabled")]
/// assert!(summary.get("outer").unwrap().total() >= summary.get("inner").unwrap().total());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct Summary {
    pub(crate) elapsed_ns: u64,
    pub(crate) heap_tracked: bool,
    pub(crate) heap_grown: i64,
    pub(crate) clock: Clock,
    pub(crate) functions: Vec<FunctionStats>,
    pub(crate) tree: CallTree,
    pub(crate) figures: Figures,
}

impl Summary {
    /// A row per profiled place; places of the same name stay apart.
    ///
    /// ```
    /// for function in lagom_profiler::summary().functions() {
    ///     println!("{} was called {} times", function.name(), function.calls());
    /// }
    /// ```
    #[must_use]
    pub fn functions(&self) -> &[FunctionStats] {
        &self.functions
    }

    /// The first row of that name: with the default order the one of the largest self time.
    ///
    /// ```
    /// assert!(lagom_profiler::summary().get("no such function").is_none());
    /// ```
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&FunctionStats> {
        self.functions.iter().find(|function| function.name == name)
    }

    /// The function of a node of [`tree`](Self::tree).
    ///
    /// # Panics
    ///
    /// If the node is of another summary, in which there were other functions.
    ///
    /// ```
    /// let summary = lagom_profiler::summary();
    /// for node in summary.tree().nodes() {
    ///     println!("{}", summary.function(node).name());
    /// }
    /// ```
    #[must_use]
    pub fn function(&self, node: &CallNode) -> &FunctionStats {
        let found = self.functions.iter().find(|function| function.id == node.function);
        found.expect("a node of this summary")
    }

    /// Who called whom.
    ///
    /// ```
    /// assert!(lagom_profiler::Summary::default().tree().nodes().is_empty());
    /// ```
    #[must_use]
    pub fn tree(&self) -> &CallTree {
        &self.tree
    }

    /// What was measured with.
    ///
    /// ```
    /// println!("{}", lagom_profiler::summary().clock());
    /// ```
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The same report with the largest total time first.
    ///
    /// ```
    /// println!("{}", lagom_profiler::summary().by_total());
    /// ```
    #[must_use]
    pub fn by_total(mut self) -> Self {
        self.functions.sort_by(|a, b| b.total_ns.cmp(&a.total_ns).then_with(|| a.place().cmp(&b.place())));
        self
    }

    /// The number of rows.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::Summary::default().len(), 0);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.functions.len()
    }

    /// Whether no profiled function was called.
    ///
    /// ```
    /// assert!(lagom_profiler::Summary::default().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.functions.is_empty()
    }

    /// Wall time since the start of profiling or the last reset.
    ///
    /// ```
    /// assert!(lagom_profiler::Summary::default().elapsed().is_zero());
    /// ```
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.elapsed_ns)
    }

    /// The self times of all functions together: the time that was spent under any probe, over all threads.
    ///
    /// ```
    /// assert!(lagom_profiler::Summary::default().profiled().is_zero());
    /// ```
    #[must_use]
    pub fn profiled(&self) -> Duration {
        Duration::from_nanos(self.profiled_ns())
    }

    pub(crate) fn profiled_ns(&self) -> u64 {
        self.functions.iter().map(|function| function.self_ns).fold(0, u64::saturating_add)
    }

    /// Whether allocations were counted, so that zeros in the rows mean none.
    ///
    /// ```
    /// assert!(!lagom_profiler::summary().heap_tracked()); // no `TrackingAllocator` here
    /// ```
    #[must_use]
    pub fn heap_tracked(&self) -> bool {
        self.heap_tracked
    }

    /// Bytes on the heap now less those at the last [`reset`](crate::reset); zero unless
    /// [`TrackingAllocator`](crate::TrackingAllocator) counts.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::summary().heap_grown(), 0); // no `TrackingAllocator` here
    /// ```
    #[must_use]
    pub fn heap_grown(&self) -> i64 {
        self.heap_grown
    }

    /// What the registered closures answered.
    ///
    /// ```
    /// let _registration = lagom_profiler::register("cache", || [("entries", 12.0)]);
    /// # #[cfg(feature = "enabled")]
    /// assert_eq!(lagom_profiler::summary().figures().get("cache", "entries"), Some(12.0));
    /// ```
    #[must_use]
    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    /// Advice that these figures bear out, the largest possible gain first; see [`suggestions`](crate::suggestions()).
    ///
    /// ```
    /// assert!(lagom_profiler::Summary::default().suggestions().is_empty());
    /// ```
    #[must_use]
    pub fn suggestions(&self) -> Vec<Suggestion> {
        suggestions::examine(self)
    }

    /// The same, and what takes longer than in `baseline`: functions are matched by name and module, durations by ranks.
    ///
    /// ```
    /// # use lagom_profiler as profiler;
    /// let baseline = profiler::summary(); // or one that was saved, with the feature `serde`
    /// // … the new version runs …
    /// for advice in profiler::summary().suggestions_against(&baseline) {
    ///     println!("{advice}");
    /// }
    /// ```
    #[must_use]
    pub fn suggestions_against(&self, baseline: &Self) -> Vec<Suggestion> {
        suggestions::examine_against(self, baseline)
    }

    #[cfg(test)]
    pub(crate) fn of(functions: Vec<FunctionStats>, heap_tracked: bool) -> Self {
        Self { elapsed_ns: 1_000_000_000, heap_tracked, functions, ..Self::default() }
    }
}

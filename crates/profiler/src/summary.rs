//! What the profiled functions did, as one report.

mod function;
mod table;

use std::time::Duration;

pub use function::FunctionStats;

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
    let (elapsed_ns, mut functions) = engine::snapshot();
    functions.sort_by(|a, b| b.self_ns.cmp(&a.self_ns).then_with(|| a.place().cmp(&b.place())));
    Summary { elapsed_ns, heap_tracked: heap::is_installed(), functions, figures: crate::figures() }
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
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Summary {
    elapsed_ns: u64,
    heap_tracked: bool,
    functions: Vec<FunctionStats>,
    figures: Figures,
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

    #[cfg(test)]
    pub(crate) fn of(functions: Vec<FunctionStats>, heap_tracked: bool) -> Self {
        Self { elapsed_ns: 1_000_000_000, heap_tracked, functions, figures: Figures::default() }
    }
}

//! The live heap at one moment, by call stack; what to ask it.

mod by;
mod compare;
mod filter;
#[cfg(feature = "export")]
mod json;
mod pattern;
mod place;
mod source_line;
mod statistics;
#[cfg(feature = "serde")]
mod stored;
mod table;
#[cfg(test)]
mod tests;

use super::raw::Raw;
use super::symbols::resolve_sites;
use super::{Amount, Mode, Site};
use crate::engine;

pub use self::by::By;
pub(crate) use self::by::key;
pub use self::compare::{Difference, Differences};
pub use self::filter::Filter;
pub(crate) use self::place::{is_internal, is_static};
pub(crate) use self::source_line::SourceLines;
pub use self::statistics::{Statistic, Statistics};
pub(crate) use self::table::{Signed, stack};
use super::Measure;

/// What is live on the heap, by call stack, at one moment.
///
/// Taken in [`Mode::Live`](super::Mode) the figures are exact, of all blocks allocated since that mode was switched on;
/// in `Mode::Sample` they are estimates with intervals, and the tables say so; in the other modes no stacks are known,
/// and it is empty. Names, files and lines need the feature `symbols` and debug information (`debug =
/// "line-tables-only"` is enough); else functions are offsets in files.
///
/// ```
/// use lagom_profiler::heap::{self, By, Filter, Mode, Snapshot};
///
/// heap::set_mode(Mode::Live);
/// let before = Snapshot::take();
/// let kept = vec![0u8; 10_000];
/// let after = Snapshot::take();
/// println!("{}", after.statistics(By::Line));
/// println!("{}", after.filter([Filter::include().file("src/*")]).compare(&before, By::Function));
/// # heap::set_mode(Mode::Count);
/// # drop(kept);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(into = "stored::Stored", try_from = "stored::Stored"))]
pub struct Snapshot {
    mode: Mode,
    /// Mean bytes between two samples; 0 where figures are exact.
    interval: u64,
    measure: Measure,
    /// Allocations that no stack was kept of.
    lost: u64,
    sites: Vec<Site>,
}

impl Snapshot {
    /// The heap as it is now.
    ///
    /// Waits for no allocation and stops no thread: blocks that come and go meanwhile may or may not be in it. Its own
    /// memory is left out. Looking up names takes milliseconds to seconds the first time, by the size of the debug
    /// information; what was looked up is kept.
    ///
    /// ```
    /// let snapshot = lagom_profiler::heap::Snapshot::take();
    /// println!("{} bytes are live", snapshot.total().bytes());
    /// ```
    #[must_use]
    pub fn take() -> Self {
        engine::heap_aside(|| Self::from_raw(engine::heap_raw()))
    }

    pub(crate) fn from_raw(raw: Raw) -> Self {
        let (mode, interval, lost) = (raw.mode, raw.interval, raw.lost);
        Self { lost, ..Self::from_sites(resolve_sites(raw), mode, interval) }
    }

    /// Sites with names, of a recording perhaps.
    pub(crate) const fn from_sites(sites: Vec<Site>, mode: Mode, interval: u64) -> Self {
        Self { mode, interval, measure: Measure::Live, lost: 0, sites }
    }

    /// The call stacks, in no order.
    ///
    /// ```
    /// let snapshot = lagom_profiler::heap::Snapshot::take();
    /// assert!(snapshot.sites().len() < 1_000_000);
    /// ```
    #[must_use]
    pub fn sites(&self) -> &[Site] {
        &self.sites
    }

    /// The mode it was taken in.
    ///
    /// ```
    /// use lagom_profiler::heap;
    ///
    /// assert_eq!(heap::Snapshot::take().mode(), heap::mode());
    /// ```
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// Whether its figures are estimated from samples.
    ///
    /// ```
    /// assert!(!lagom_profiler::heap::Snapshot::take().is_estimate());
    /// ```
    #[must_use]
    pub const fn is_estimate(&self) -> bool {
        self.interval > 0
    }

    /// How many call stacks or samples found no room and are in no figure; 0 but in programs of a great many stacks.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Snapshot::take().lost(), 0);
    /// ```
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    /// What all its stacks hold.
    ///
    /// ```
    /// let total = lagom_profiler::heap::Snapshot::take().total();
    /// println!("{} bytes in {} blocks", total.bytes(), total.blocks());
    /// ```
    #[must_use]
    pub fn total(&self) -> Amount {
        self.sites.iter().fold(Amount::default(), |sum, site| sum.plus(self.measure.of(site)))
    }

    /// The same stacks with another of their figures: what they ever allocated, or what they had at the peak.
    ///
    /// ```
    /// use lagom_profiler::heap::{By, Measure, Snapshot};
    ///
    /// let snapshot = Snapshot::take().measured_by(Measure::Total);
    /// println!("{}", snapshot.statistics(By::Function));
    /// ```
    #[must_use]
    pub const fn measured_by(mut self, measure: Measure) -> Self {
        self.measure = measure;
        self
    }

    /// Groups all stacks: the largest first.
    ///
    /// A stack counts at the innermost frame that is neither the allocator's nor std's, see [`Site::place`].
    ///
    /// ```
    /// use lagom_profiler::heap::{By, Snapshot};
    ///
    /// for row in Snapshot::take().statistics(By::Crate).top(3) {
    ///     println!("{}: {} bytes, {:.0} %", row.key(), row.amount().bytes(), 100.0 * row.share());
    /// }
    /// ```
    #[must_use]
    pub fn statistics(&self, by: By) -> Statistics {
        engine::heap_aside(|| Statistics::new(self, by, false))
    }

    /// Groups all stacks, each counted for every frame that it passes, and once where it passes one again: what
    /// everything that was called from somewhere holds.
    ///
    /// By stack, type, thread and span the same as [`statistics`](Self::statistics), as a stack has only one of these.
    ///
    /// ```
    /// use lagom_profiler::heap::{By, Snapshot};
    ///
    /// println!("{}", Snapshot::take().cumulative(By::Function));
    /// ```
    #[must_use]
    pub fn cumulative(&self, by: By) -> Statistics {
        engine::heap_aside(|| Statistics::new(self, by, true))
    }

    /// How this differs from an earlier one, the largest difference first, whichever its sign.
    ///
    /// The earlier one may be of another run or of another process: what is grouped is the same if it is called the
    /// same.
    ///
    /// ```
    /// use lagom_profiler::heap::{By, Snapshot};
    ///
    /// let before = Snapshot::take();
    /// // … work …
    /// println!("{}", Snapshot::take().compare(&before, By::Line));
    /// ```
    #[must_use]
    pub fn compare(&self, older: &Self, by: By) -> Differences {
        engine::heap_aside(|| Differences::new(&self.statistics(by), &older.statistics(by)))
    }

    /// The stacks that pass: at least one of the filters that include, if there are any, and none of those that
    /// exclude.
    ///
    /// ```
    /// use lagom_profiler::heap::{Filter, Snapshot};
    ///
    /// let mine = Snapshot::take().filter([Filter::include().crate_name("my_app"), Filter::exclude().function("*::tests::*")]);
    /// ```
    #[must_use]
    pub fn filter(&self, filters: impl IntoIterator<Item = Filter>) -> Self {
        engine::heap_aside(|| {
            let filters: Vec<Filter> = filters.into_iter().collect();
            self.retaining(|site| filter::passes(&filters, site, self.measure))
        })
    }

    /// Without what stays until the end of the program because it belongs to statics, threads or the runtime.
    ///
    /// That is, without the stacks that pass one of these: the initialisation of a `Once`, `OnceLock`, `LazyLock` or
    /// thread-local, or of `once_cell`'s and `lazy_static`'s counterparts; the making of a thread; std's own start-up,
    /// input and output. A static that grows later, such as a `Mutex<Vec<T>>`, is not told apart from a leak.
    ///
    /// ```
    /// let snapshot = lagom_profiler::heap::Snapshot::take();
    /// assert!(snapshot.without_statics().sites().len() <= snapshot.sites().len());
    /// ```
    #[must_use]
    pub fn without_statics(&self) -> Self {
        engine::heap_aside(|| self.retaining(|site| !is_static(&site.frames)))
    }

    fn retaining(&self, keep: impl Fn(&Site) -> bool) -> Self {
        Self { sites: self.sites.iter().filter(|site| keep(site)).cloned().collect(), ..*self }
    }
}

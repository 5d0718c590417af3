//! The heap as [`TrackingAllocator`](crate::TrackingAllocator) sees it, and what values and types say of themselves.
//!
//! - Figures of the whole program: [`current`], [`peak`], [`allocations`], [`churn`], [`fragmentation`].
//! - Who allocated what is live, in [`Mode::Live`] or [`Mode::Sample`]: [`Snapshot`], [`LeakDetector`], [`leaks`], [`why_alive`].
//! - Every event in a file: [`record`], [`Recording`], [`HeapProfile`].
//! - One block of code: [`scope`](scope()), [`measure`], [`assert_allocs!`](crate::assert_allocs).
//! - Without the allocator: [`HeapSize`](crate::HeapSize), [`StringCensus`], [`ContainerComparison`], [`Counted`].
//!
//! All figures are of requested bytes, not of what the allocator behind needs to serve them, and zero while no
//! `TrackingAllocator` is the program's `#[global_allocator]`, or while it has counted nothing yet.
//!
//! ```
//! use lagom_profiler::{TrackingAllocator, heap};
//!
//! #[global_allocator]
//! static ALLOCATOR: TrackingAllocator = TrackingAllocator::new();
//!
//! fn main() {
//!     let before = heap::current();
//!     let block = vec![1u8; 10_000];
//!     # #[cfg(feature = "enabled")]
//!     assert!(heap::current() >= before + 10_000);
//!     drop(block);
//! }
//! ```

mod allocated_type;
mod assert;
mod at_exit;
mod blame;
mod byte_size;
mod census;
pub(crate) mod check;
mod churn;
mod containers;
mod instances;
pub(crate) mod layout;
mod leak_detector;
mod measure;
mod profile;
pub(crate) mod raw;
mod recorded;
pub(crate) mod recording;
mod rust_type;
pub(crate) mod scan;
mod scope;
mod site;
pub(crate) mod size;
pub(crate) mod snapshot;
mod symbols;
mod timed_drop;
mod unwinding;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::engine;
use crate::format::{Bytes, Count};

pub use self::at_exit::{ExitReport, report_at_exit};
pub use self::census::{RepeatedString, StringCensus};
pub use self::churn::{Churn, Fragmentation, Holder, churn, fragmentation};
pub use self::containers::{ContainerComparison, ContainerRow};
pub use self::instances::{
    Counted, Counter, GrownType, InstanceCount, InstanceGrowth, Instances, instance_growth, instances,
};
pub use self::layout::{FieldLayout, TypeLayout, VariantLayout};
pub use self::leak_detector::{Growth, LeakDetector, LeakReport};
pub use self::measure::Measure;
pub use self::profile::{Class, EventCounts, HeapProfile, Moment, Unit};
pub use self::recorded::{RECORDING_VARIABLE, Recorded, record, record_if_asked, stop_recording};
pub use self::recording::{Module, Recording, RecordingError};
pub use self::scan::{Chain, Leak, LeakScan, LeakedBlock, Link, Root, ScanError, Target, WhyAlive, leaks, why_alive};
pub use self::scope::{Scope, ScopeStats, ScopeTable, ScopeTotals, measure, scope, scopes};
pub use self::site::{Amount, Frame, Site};
pub use self::size::{Measured, SizeVisitor, measure_value, measure_values};
pub use self::snapshot::{By, Difference, Differences, Filter, Snapshot, Statistic, Statistics};
pub use self::timed_drop::{TimedDrop, timed_drop};
pub use self::unwinding::{Unwinding, set_unwinding, unwinding};

/// Live bytes at the last reset of all figures.
static MARK: AtomicU64 = AtomicU64::new(0);

/// From here on [`grown`] counts.
pub(crate) fn mark() {
    MARK.store(current(), Ordering::Relaxed);
    engine::mark_churn();
}

/// Live bytes now less those at the last [`mark`].
pub(crate) fn grown() -> i64 {
    current().cast_signed().saturating_sub(MARK.load(Ordering::Relaxed).cast_signed())
}

/// What the tracking allocator does besides allocating.
///
/// ```
/// use lagom_profiler::heap::{self, Mode};
///
/// heap::set_mode(Mode::Off);
/// assert_eq!(heap::mode(), Mode::Off);
/// heap::set_mode(Mode::Count);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
#[repr(u8)]
pub enum Mode {
    /// Nothing but one relaxed load per call.
    Off = 0,
    /// Exact live bytes, totals and peak; the default.
    Count = 1,
    /// One allocation in [`interval`] bytes with its call stack, and nothing else: for production.
    Sample = 2,
    /// Both.
    CountAndSample = 3,
    /// Counts, and keeps exactly what is live by the call stack that allocated it.
    Live = 4,
}

impl Mode {
    /// Allocations are kept by call stack, all of them or samples.
    pub(crate) const fn keeps_stacks(self) -> bool {
        matches!(self, Self::Sample | Self::CountAndSample | Self::Live)
    }
}

/// The mode of the tracking allocator; [`Mode::Off`] without the feature `enabled`.
///
/// ```
/// use lagom_profiler::heap::{self, Mode};
///
/// assert_eq!(heap::mode() == Mode::Count, cfg!(feature = "enabled"));
/// ```
#[must_use]
pub fn mode() -> Mode {
    engine::heap_mode()
}

/// Switches the mode; any thread may, at any time.
///
/// While nothing is counted, a block that is freed stays in [`current`] for ever, and one that was allocated then
/// and is freed later lowers it (never below zero). So after a switch `current` is off by what passed meanwhile; totals
/// hold what happened while counting. What was sampled, or kept in [`Mode::Live`], stays known in every mode until it is released (a
/// sample also until it is resized while nothing is sampled);
/// what was allocated in other modes never counts for either.
///
/// ```
/// use lagom_profiler::heap::{self, Mode};
///
/// heap::set_mode(Mode::Count);
/// ```
pub fn set_mode(mode: Mode) {
    engine::set_heap_mode(mode);
}

/// Mean bytes between two samples, 512 KiB at first; 0 without the feature `enabled`.
///
/// ```
/// use lagom_profiler::heap;
///
/// assert!(heap::interval() == 512 << 10 || cfg!(not(feature = "enabled")));
/// ```
#[must_use]
pub fn interval() -> u64 {
    engine::heap_interval()
}

/// Sets the mean number of bytes between two samples, 1 to 4 GiB less one: small ones for precision, large ones for speed.
///
/// A block of `s` bytes is sampled with the chance `1 - exp(-s / interval)`, whatever came before it (a Poisson process over the
/// bytes), and stands for the inverse of that. Blocks that were sampled before keep what they stand for.
///
/// ```
/// use lagom_profiler::heap;
///
/// heap::set_interval(128 << 10);
/// ```
pub fn set_interval(bytes: u64) {
    engine::set_heap_interval(bytes);
}

/// Whether [`peak`] is exact.
///
/// ```
/// assert!(!lagom_profiler::heap::exact_peak());
/// ```
#[must_use]
pub fn exact_peak() -> bool {
    engine::exact_peak()
}

/// Lets [`peak`] be exact from now on, for two atomic additions per pair of allocation and release; off at first.
///
/// ```
/// use lagom_profiler::heap;
///
/// heap::set_exact_peak(true);
/// heap::reset_peak();
/// // … work …
/// println!("{} bytes at most", heap::peak());
/// # heap::set_exact_peak(false);
/// ```
pub fn set_exact_peak(exact: bool) {
    engine::set_exact_peak(exact);
}

/// Whether a tracking allocator is at work: it has counted at least one allocation.
///
/// So false before the first one, and as long as the mode was [`Mode::Off`] from the start.
///
/// ```
/// // This program has none.
/// assert!(!lagom_profiler::heap::is_installed());
/// ```
#[must_use]
pub fn is_installed() -> bool {
    engine::is_installed()
}

/// Live bytes now: exact when no thread allocates meanwhile, else off by what they do while this reads. Time in proportion to
/// the threads that ever allocated at once.
///
/// ```
/// assert!(lagom_profiler::heap::current() <= lagom_profiler::heap::peak());
/// ```
#[must_use]
pub fn current() -> u64 {
    engine::current()
}

/// The most live bytes at any moment since the start or the last [`reset_peak`].
///
/// Threads tell of their growth by 64 KiB, so this may be off by so much per thread that allocates, in either direction; never below
/// [`current`]. After [`set_exact_peak`] it is exact.
///
/// ```
/// lagom_profiler::heap::reset_peak();
/// // … work …
/// println!("{} bytes at most", lagom_profiler::heap::peak());
/// ```
#[must_use]
pub fn peak() -> u64 {
    engine::peak()
}

/// Lets the peak start over from the bytes that are live now.
///
/// ```
/// lagom_profiler::heap::reset_peak();
/// ```
pub fn reset_peak() {
    engine::reset_peak();
}

/// Successful allocations so far, of all threads, ended ones included; a `realloc` is one of them.
///
/// ```
/// let before = lagom_profiler::heap::allocations();
/// // … work …
/// assert!(lagom_profiler::heap::allocations() >= before);
/// ```
#[must_use]
pub fn allocations() -> u64 {
    engine::allocations()
}

/// Bytes requested so far by all those allocations; a `realloc` adds its growth.
///
/// ```
/// let before = lagom_profiler::heap::allocated_bytes();
/// // … work …
/// assert!(lagom_profiler::heap::allocated_bytes() >= before);
/// ```
#[must_use]
pub fn allocated_bytes() -> u64 {
    engine::allocated_bytes()
}

/// All figures at once.
///
/// ```
/// let stats = lagom_profiler::heap::stats();
/// assert!(stats.current() <= stats.peak());
/// println!("{stats}");
/// ```
#[must_use]
pub fn stats() -> HeapStats {
    // Current first: a growth meanwhile may raise the peak, but not leave it below.
    let current = engine::current();
    HeapStats {
        current,
        peak: engine::peak().max(current),
        allocations: engine::allocations(),
        allocated_bytes: engine::allocated_bytes(),
    }
}

/// The figures of the heap at one moment, from [`stats`].
///
/// ```
/// let stats = lagom_profiler::heap::stats();
/// assert!(stats.to_string().starts_with("heap: "));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct HeapStats {
    current: u64,
    peak: u64,
    allocations: u64,
    allocated_bytes: u64,
}

impl HeapStats {
    /// Live bytes.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::HeapStats::default().current(), 0);
    /// ```
    #[must_use]
    pub const fn current(&self) -> u64 {
        self.current
    }

    /// The most live bytes so far.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::HeapStats::default().peak(), 0);
    /// ```
    #[must_use]
    pub const fn peak(&self) -> u64 {
        self.peak
    }

    /// Successful allocations.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::HeapStats::default().allocations(), 0);
    /// ```
    #[must_use]
    pub const fn allocations(&self) -> u64 {
        self.allocations
    }

    /// Bytes requested in all.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::HeapStats::default().allocated_bytes(), 0);
    /// ```
    #[must_use]
    pub const fn allocated_bytes(&self) -> u64 {
        self.allocated_bytes
    }
}

impl fmt::Display for HeapStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "heap: {} live, {} at peak, {} allocations of {} in all",
            Bytes(self.current),
            Bytes(self.peak),
            Count(self.allocations),
            Bytes(self.allocated_bytes)
        )
    }
}

//! The heap as [`TrackingAllocator`](crate::TrackingAllocator) sees it: live bytes, their peak, allocations so far.
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

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::engine;
use crate::format::{Bytes, Count};

/// Live bytes at the last reset of all figures.
static MARK: AtomicU64 = AtomicU64::new(0);

/// From here on [`grown`] counts.
pub(crate) fn mark() {
    MARK.store(current(), Ordering::Relaxed);
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
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
#[repr(u8)]
pub enum Mode {
    /// Nothing but one relaxed load per call.
    Off = 0,
    /// Exact live bytes, peak and totals; the default.
    Count = 1,
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
/// While off nothing is counted: a block that is freed then stays in [`current`] for ever, and one that was allocated then
/// and is freed later lowers it (never below zero). So after a switch `current` is off by what passed meanwhile; totals
/// hold what happened while counting.
///
/// ```
/// use lagom_profiler::heap::{self, Mode};
///
/// heap::set_mode(Mode::Count);
/// ```
pub fn set_mode(mode: Mode) {
    engine::set_heap_mode(mode);
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

/// Live bytes now, exact.
///
/// ```
/// assert!(lagom_profiler::heap::current() <= lagom_profiler::heap::peak());
/// ```
#[must_use]
pub fn current() -> u64 {
    engine::current()
}

/// The most live bytes at any moment since the start or the last [`reset_peak`], exact.
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

//! Switching the profiler.

use crate::{engine, heap};

/// How functions are profiled; see [`set_mode`].
///
/// ```
/// assert_eq!(lagom_profiler::Mode::default(), lagom_profiler::Mode::Adaptive);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[repr(u8)]
pub enum Mode {
    /// A probe is one relaxed load and a branch; nothing is counted.
    Off = 0,
    /// Every call is counted; timed is every call of functions that are called seldom, and a random share of the others', so
    /// that timing takes about 1 % of a thread's time. Estimates come with their confidence interval. A hot function that becomes
    /// slow is timed again within some 10 ms, if anything else in its thread is timed or somebody reads the figures meanwhile;
    /// else after 8,192 calls at the latest.
    #[default]
    Adaptive = 1,
    /// Every call is counted and timed: two readings of the clock and a few nanoseconds more per call.
    Exact = 2,
}

/// Switches the profiler at run time, for all threads; [`Mode::Adaptive`] at the start.
///
/// A span is recorded in the way in which it was opened. One relaxed store; threads see it when they next look.
///
/// ```
/// use lagom_profiler::{Mode, mode, set_mode};
///
/// set_mode(Mode::Off);
/// drop(lagom_profiler::span!("quiet"));
/// assert!(lagom_profiler::summary().get("quiet").is_none());
/// set_mode(Mode::Exact);
/// # #[cfg(feature = "enabled")]
/// assert_eq!(mode(), Mode::Exact);
/// ```
pub fn set_mode(mode: Mode) {
    engine::set_mode(mode);
}

/// How functions are profiled now; [`Mode::Off`] without the feature `enabled`.
///
/// ```
/// println!("{:?}", lagom_profiler::mode());
/// ```
#[must_use]
pub fn mode() -> Mode {
    engine::mode()
}

/// Forgets all figures of functions; what is registered and the heap's counts stay.
///
/// Spans that are open go on and are not recorded. Takes time in proportion to functions times threads; waits for a
/// [`summary`](crate::summary()) that several resets have disturbed.
///
/// ```
/// drop(lagom_profiler::span!("before"));
/// lagom_profiler::reset();
/// assert!(lagom_profiler::summary().get("before").is_none());
/// ```
pub fn reset() {
    heap::mark();
    engine::reset();
}

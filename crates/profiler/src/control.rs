//! Switching the profiler on and off, and starting over.

use crate::engine;

/// Whether calls are recorded: on at the start; always off without the feature `enabled`. One relaxed load.
///
/// ```
/// assert_eq!(lagom_profiler::is_enabled(), cfg!(feature = "enabled"));
/// ```
#[must_use]
pub fn is_enabled() -> bool {
    engine::is_enabled()
}

/// Switches the recording of calls on or off for the whole program.
///
/// A span that is open goes on to be recorded; one opened while off never is. The counting of allocations has its own
/// switch, [`heap::set_mode`](crate::heap::set_mode).
///
/// ```
/// # use lagom_profiler as profiler;
/// profiler::set_enabled(false);
/// drop(profiler::span!("unseen"));
/// profiler::set_enabled(true);
/// assert!(profiler::summary().get("unseen").is_none());
/// ```
pub fn set_enabled(enabled: bool) {
    engine::set_enabled(enabled);
}

/// Forgets all calls; takes constant time and disturbs no thread.
///
/// Spans that are open are not recorded when they end: part of their time lies before the reset. Figures of the heap stay
/// (see [`heap::reset_peak`](crate::heap::reset_peak)), as do registered closures.
///
/// ```
/// # use lagom_profiler as profiler;
/// drop(profiler::span!("warm up"));
/// profiler::reset();
/// assert!(profiler::summary().get("warm up").is_none());
/// ```
pub fn reset() {
    engine::reset();
}

//! The evidence that advice needs. Chosen so that a program of constant work on a shared machine hears nothing but which
//! of its functions is hot.

use std::time::Duration;

/// Below this much profiled time in all nothing is advised: nobody waits for it, and one interrupt outweighs it.
pub const MIN_PROFILED: Duration = Duration::from_millis(10);

/// `hot-self-share`: the least share of all profiled time that is spent in the function itself.
pub const HOT_SHARE: f64 = 0.10;
/// `hot-self-share`: the fewest calls.
pub const HOT_CALLS: u64 = 10;
/// `hot-self-share`: from so many calls on the remedy is to remember results, below to speed up a loop inside.
pub const HOT_MANY_CALLS: u64 = 1_000;

/// `allocation-heavy`: the fewest calls.
pub const ALLOCATION_CALLS: u64 = 1_000;
/// `allocation-heavy`: so many allocations per call are many. Those of called profiled functions do not count.
pub const ALLOCATIONS_PER_CALL: f64 = 2.0;
/// `allocation-heavy`: so many bytes per call are much, even in one allocation.
pub const ALLOCATED_BYTES_PER_CALL: f64 = 4_096.0;
/// `allocation-heavy`: the least share of all profiled time that is spent in the function itself.
pub const ALLOCATION_SHARE: f64 = 0.02;

/// `tiny-and-frequent`: the fewest calls.
pub const TINY_CALLS: u64 = 100_000;
/// `tiny-and-frequent`: the longest mean of self time per call; a few times what two clock readings cost.
pub const TINY_MEAN: Duration = Duration::from_nanos(200);
/// `tiny-and-frequent`: the least share of all profiled time.
pub const TINY_SHARE: f64 = 0.05;

/// `costly-failures`: the fewest calls that failed.
pub const FAILURES: u64 = 20;
/// `costly-failures`: the least share of all profiled time that calls which failed took.
pub const FAILURE_SHARE: f64 = 0.05;

/// `dear-first-call`: the fewest calls.
pub const FIRST_CALLS: u64 = 20;
/// `dear-first-call`: the least duration of the first call, longer than a preempted thread usually waits.
pub const FIRST_AT_LEAST: Duration = Duration::from_millis(10);
/// `dear-first-call`: how many times the *longest* other call the first one takes at least; where other calls were
/// preempted too, nothing is said.
pub const FIRST_TO_LONGEST: u64 = 5;
/// `dear-first-call`: the least share of all profiled time.
pub const FIRST_SHARE: f64 = 0.02;

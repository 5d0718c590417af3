//! The evidence that advice needs. Chosen so that a program of constant work hears nothing, on a busy machine neither.
//!
//! These values were fixed before the first of the programs in `tests/advice` was written, which they are judged by: planted
//! faults, and constant work of all shapes. Whoever changes one says here since when and why. After the first runs four
//! came to it: [`RECURSIVE`], since calls within calls differ by their depth; [`TAIL_TO_QUEUED`], [`TAIL_MANY`] and
//! [`TAIL_WAIT`], since a consumer waits for its producer, and longer if that is preempted. After twenty rounds
//! [`DRIFT_WAITING`] did, for the same reason.

use std::time::Duration;

/// Below this much profiled time in all nothing is advised: nobody waits for it, and one interrupt outweighs it.
pub const MIN_PROFILED: Duration = Duration::from_millis(10);
/// From so many times its threshold on, the lower end of the evidence makes for high confidence.
pub const TWICE: f64 = 2.0;
/// A function whose own time is less than this share of its total only calls others.
pub const PASSES_ON: f64 = 0.10;
/// A function whose durations add up to so many times its total calls itself.
pub const RECURSIVE: f64 = 1.25;

/// `hot-self-share`: the least share of all profiled time that is spent in the function itself.
pub const HOT_SHARE: f64 = 0.10;
/// `hot-self-share`: so many times the share that it would have if the time were spread evenly over all functions that do
/// something themselves. So one of two can never be hot, and one of three has two thirds of the time.
pub const HOT_TO_EVEN: f64 = 2.0;
/// `hot-self-share`: the fewest calls.
pub const HOT_CALLS: u64 = 5;
/// `hot-self-share`: from so many calls on the remedy is to remember results, below to speed up a loop inside.
pub const HOT_MANY_CALLS: u64 = 1_000;
/// `hot-self-share`: what waits for so large a share of its time is not hot.
pub const HOT_WAITING: f64 = 0.5;

/// `tiny-and-frequent`: the fewest calls.
pub const TINY_CALLS: u64 = 1_000_000;
/// `tiny-and-frequent`: the longest mean of self time per call; a few times what a timed probe costs.
pub const TINY_MEAN: Duration = Duration::from_nanos(100);
/// `tiny-and-frequent`: the least share of all profiled time, what counting the calls took included.
pub const TINY_SHARE: f64 = 0.10;

/// `repeated-arguments`: the fewest calls whose arguments were looked at.
pub const REPEAT_CALLS: u64 = 200;
/// `repeated-arguments`: the least share of them with arguments that came before.
pub const REPEAT_SHARE: f64 = 0.20;
/// `repeated-arguments`: what finding a remembered result is taken to cost; a call that takes less is not worth it.
pub const REPEAT_HIT: Duration = Duration::from_nanos(100);
/// `repeated-arguments`: the least share of all profiled time that remembering would save.
pub const REPEAT_SAVING: f64 = 0.05;

/// `allocation-heavy`: the fewest calls.
pub const ALLOCATION_CALLS: u64 = 100;
/// `allocation-heavy`: so many allocations per call are many. Those of called profiled functions do not count.
pub const ALLOCATIONS_PER_CALL: f64 = 8.0;
/// `allocation-heavy`: so many bytes per call are much, even in one allocation.
pub const ALLOCATED_BYTES_PER_CALL: f64 = 65_536.0;
/// `allocation-heavy`: what an allocation and its release are taken to cost.
pub const ALLOCATION_COST: Duration = Duration::from_nanos(50);
/// `allocation-heavy`: what a byte of a large allocation is taken to cost, in nanoseconds: its page is mapped and cleared.
pub const ALLOCATED_BYTE_COST_NS: f64 = 0.03;
/// `allocation-heavy`: the least share of the function's own time that its allocations are taken to cost.
pub const ALLOCATION_OF_SELF: f64 = 0.10;
/// `allocation-heavy`: the least share of all profiled time that they are taken to cost.
pub const ALLOCATION_SHARE: f64 = 0.02;

/// `costly-failures`: the fewest calls that failed.
pub const FAILURES: u64 = 20;
/// `costly-failures`: the least share of all profiled time that calls which failed took, the longest call not counted.
pub const FAILURE_SHARE: f64 = 0.10;
/// `costly-failures`: a failure that takes less than this part of a success is cheap.
pub const FAILURE_TO_SUCCESS: f64 = 0.5;

/// `dear-first-call`: the fewest timed calls.
pub const FIRST_CALLS: u64 = 50;
/// `dear-first-call`: the least duration of the first call, what it waited for a core not counted where that is known.
pub const FIRST_AT_LEAST: Duration = Duration::from_millis(10);
/// `dear-first-call`: how many times as long as nearly all others it takes.
pub const FIRST_TO_OTHERS: f64 = 5.0;
/// `dear-first-call`: the largest share of others that come nearer, since they were preempted: so rare is it then that the
/// first is among them by chance.
pub const FIRST_NEARER: f64 = 0.005;
/// `dear-first-call`: the least share of all profiled time.
pub const FIRST_SHARE: f64 = 0.05;

/// `element-loop`, `grows-with-size`: the fewest timed calls with a size.
pub const SIZED_CALLS: u64 = 20;
/// `element-loop`: from so many elements on a slice is large.
pub const ELEMENTS: f64 = 1_024.0;
/// `element-loop`: the least share of the time of sized calls in those with large slices.
pub const ELEMENTS_SHARE: f64 = 0.5;
/// `element-loop`: how far from 1 the exponent's interval may reach, where sizes differ.
pub const ELEMENT_EXPONENT: f64 = 0.25;
/// `element-loop`: what takes less per element is done in vectors already.
pub const ELEMENT_AT_LEAST_NS: f64 = 0.5;
/// `element-loop`: what takes more per element is no arithmetic.
pub const ELEMENT_AT_MOST_NS: f64 = 50.0;
/// `element-loop`: the least share of all profiled time that is spent in the function itself.
pub const ELEMENT_SHARE: f64 = 0.10;

/// `grows-with-size`: the fewest timed calls in a size class.
pub const GROWTH_CLASS_CALLS: u64 = 3;
/// `grows-with-size`: the largest size as a multiple of the smallest, at least.
pub const GROWTH_SPAN: f64 = 4.0;
/// `grows-with-size`: the least exponent, the lower end of its interval.
pub const GROWTH_EXPONENT: f64 = 1.2;
/// `grows-with-size`: the least share of all profiled time.
pub const GROWTH_SHARE: f64 = 0.10;

/// `waiting-tail`, `computing-tail`: the fewest timed calls.
pub const TAIL_CALLS: u64 = 100;
/// `waiting-tail`, `computing-tail`: a call is long from so many times the median on.
pub const TAIL_FROM: f64 = 4.0;
/// `waiting-tail`, `computing-tail`: the least share of long calls.
pub const TAIL_LONG: f64 = 0.005;
/// `waiting-tail`, `computing-tail`: the largest share of long calls: what every third call does is no exception.
pub const TAIL_MANY: f64 = 0.20;
/// `waiting-tail`, `computing-tail`: the least share of the function's time in long calls.
pub const TAIL_OF_TOTAL: f64 = 0.25;
/// `waiting-tail`, `computing-tail`: the least share of all profiled time in long calls.
pub const TAIL_SHARE: f64 = 0.05;
/// `waiting-tail`, `computing-tail`: the fewest calls of each kind, long and other, whose CPU time was read.
pub const TAIL_READ: u64 = 5;
/// `waiting-tail`, `computing-tail`: how many times as long as the others the long calls waited, or computed.
pub const TAIL_CAUSE: f64 = 3.0;
/// `waiting-tail`: the least mean wait, longer than handing work from thread to thread takes.
pub const TAIL_WAIT: Duration = Duration::from_micros(200);
/// `waiting-tail`: how many times as long as for a core they waited for anything else: who waits for a thread that was
/// preempted waits as long as that does.
pub const TAIL_TO_QUEUED: f64 = 3.0;

/// `long-polls`: the fewest polls of more than a millisecond.
pub const LONG_POLLS: u64 = 20;
/// `long-polls`: the least share of such polls.
pub const LONG_POLL_PART: f64 = 0.01;
/// `long-polls`: how many times the share that one preemption in each millisecond of the other polls would make.
pub const LONG_POLL_TO_PREEMPTED: f64 = 3.0;
/// `long-polls`: the least share of all profiled time in such polls.
pub const LONG_POLL_SHARE: f64 = 0.05;

/// `drift`: the fewest stretches of time.
pub const DRIFT_STRETCHES: usize = 8;
/// `drift`: the fewest timed calls in each.
pub const DRIFT_CALLS: u64 = 5;
/// `drift`: the least tau: a single step, as when another program starts, has about 0.5.
pub const DRIFT_TAU: f64 = 0.8;
/// `drift`: the least statistic of Mann's test.
pub const DRIFT_Z: f64 = 3.0;
/// `drift`: how many times its typical duration at first the function takes in the end, by Sen's slope.
pub const DRIFT_GROWTH: f64 = 2.0;
/// `drift`: what waits for so large a share of its time takes as long as what it waits for.
pub const DRIFT_WAITING: f64 = 0.5;
/// `drift`: the least share of all profiled time.
pub const DRIFT_SHARE: f64 = 0.05;

/// `slow-calls`: a typical call of so long is slow.
pub const SLOW: Duration = Duration::from_secs(1);
/// `slow-calls`: the fewest timed calls then.
pub const SLOW_CALLS: u64 = 5;
/// `slow-calls`: a typical call of so long is slow in a function that is called often.
pub const SLOW_OFTEN: Duration = Duration::from_millis(100);
/// `slow-calls`: so many timed calls are often.
pub const SLOW_OFTEN_CALLS: u64 = 100;

/// `memory-growth`: the fewest calls.
pub const MEMORY_CALLS: u64 = 100;
/// `memory-growth`: the least growth of the whole heap since the last reset, in bytes.
pub const MEMORY_GROWTH: i64 = 4 << 20;
/// `memory-growth`: the least part of it that the calls left behind.
pub const MEMORY_PART: f64 = 0.5;

/// `regression`: the fewest timed calls, now and in the baseline.
pub const REGRESSION_CALLS: u64 = 30;
/// `regression`: the least effect: how much more probable it is that a new call is longer than an old one than the reverse.
/// "Large" by Romano and others (2006).
pub const REGRESSION_EFFECT: f64 = 0.474;
/// `regression`: the least statistic of the rank test.
pub const REGRESSION_Z: f64 = 3.3;
/// `regression`: the new median as a multiple of the old, at least.
pub const REGRESSION_RATIO: f64 = 1.25;
/// `regression`: the least share of all profiled time.
pub const REGRESSION_SHARE: f64 = 0.02;

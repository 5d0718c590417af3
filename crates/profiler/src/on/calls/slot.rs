//! The figures of one site in one thread: written by that thread alone, read by any.
//!
//! All of it is atomics without an order between them: a reader may find figures that belong together a call apart.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use super::details::Details;
use super::fork::{Around, Lock};
use super::histogram::{self, Buckets};
use super::schedule::Schedule;
use super::stretches::Stretches;
use super::tree;

/// What is counted of every call, and never goes back: a reset takes note of where it stood.
#[derive(Clone, Copy, Debug)]
#[repr(usize)]
pub(super) enum Counter {
    Errors,
    Panics,
    Cancelled,
    Polls,
    Calls,
}

const COUNTERS: usize = Counter::Calls as usize + 1;

/// What is added up over timed calls, in ticks where it is time; voided by a reset.
#[derive(Clone, Copy, Debug)]
#[repr(usize)]
pub(super) enum Sum {
    /// Timed calls that ended.
    Timed,
    /// How many more calls those stand for.
    Others,
    /// Timed calls that stand for others, too, and the ticks of all for which they stand.
    Sampled,
    SampledWall,
    Wall,
    Failed,
    /// Of calls that are not in the call tree: their time, each moment of it once; their time, as it is their own and that of
    /// what they called; and what was not this function's own time, since it called such.
    Outside,
    OutsideOwn,
    OutsideBelow,
    LongPolls,
    CpuCalls,
    CpuWall,
    CpuNs,
    Queued,
    LongCpuCalls,
    LongCpuWall,
    LongCpuNs,
    LongQueued,
    LongPollTime,
    // No sums from here on.
    LongestPoll,
    Min,
    First,
    FirstAt,
    /// How long the thread waited for a core in it.
    FirstQueued,
    RestMax,
    /// When the last timed call ended.
    LastEnd,
    /// When the last one ended that outlived its parent.
    DetachedEnd,
}

pub(super) const SUMS: usize = Sum::LongestPoll as usize;
const FIELDS: usize = Sum::DetachedEnd as usize + 1;

/// Of weights `w` and durations `d`, in sampled calls alone: sums of w(w-1), w(w-1)d and w(w-1)d².
const MOMENTS: usize = 3;

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    Error,
    Panic,
    Cancelled,
}

#[derive(Debug)]
pub(super) struct Slot {
    // These three are all that a call touches which is not timed.
    pub(super) calls: AtomicU64,
    /// The number of the call that is timed next.
    pub(super) next: AtomicU64,
    /// Calls are all timed that are less deep on the path than this: of a recursion the outermost ones, which are few and hold
    /// all of its time.
    pub(super) shallow: AtomicU32,
    shallow_calls: AtomicU32,
    counters: [AtomicU64; COUNTERS - 1],
    /// Where the counters stood at the last reset.
    bases: [AtomicU64; COUNTERS],
    /// The reset that the timed figures belong to; older ones are void.
    epoch: AtomicU64,
    pub(super) schedule: Schedule,
    sums: [AtomicU64; FIELDS],
    moments: [AtomicU64; MOMENTS],
    pub(super) buckets: Buckets,
    pub(super) stretches: Stretches,
    /// The last caller's node in the call tree, and that of the calls from there.
    caller: AtomicU32,
    node: AtomicU32,
    /// The next call is the first, or calls take long enough to ask for their CPU time.
    asks_for_cpu: AtomicBool,
    details: OnceLock<Box<Details>>,
}

/// So few calls may be the outermost ones of a recursion.
const SHALLOW_ALLOWED: u64 = 4;
const SHALLOW_ONE_IN: u64 = 256;

/// Held while details are made, so that a fork meets none whose locks it has not seen.
pub(super) static MAKING: Lock<()> = Lock::new(());

/// While the figures are cleared.
const VOID: u64 = u64::MAX;

/// A timed call that has ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    pub(super) start: u64,
    pub(super) end: u64,
    /// What it took, the profiler's own time taken off.
    pub(super) ticks: u64,
    pub(super) weight: u32,
    pub(super) outcome: Outcome,
}

impl Slot {
    pub(super) fn new() -> Self {
        Self {
            calls: AtomicU64::new(0),
            next: AtomicU64::new(0),
            shallow: AtomicU32::new(u32::MAX),
            shallow_calls: AtomicU32::new(0),
            counters: [const { AtomicU64::new(0) }; COUNTERS - 1],
            bases: [const { AtomicU64::new(0) }; COUNTERS],
            epoch: AtomicU64::new(VOID),
            schedule: Schedule::new(),
            sums: [const { AtomicU64::new(0) }; FIELDS],
            moments: [const { AtomicU64::new(0) }; MOMENTS],
            buckets: Buckets::default(),
            stretches: Stretches::default(),
            caller: AtomicU32::new(tree::NONE),
            node: AtomicU32::new(tree::NONE),
            asks_for_cpu: AtomicBool::new(true),
            details: OnceLock::new(),
        }
    }

    /// Takes note of a call that is no deeper than the first; such calls are no longer timed one and all when they turn out to
    /// be many.
    pub(super) fn count_shallow(&self, call: u64, depth: u32) {
        if self.shallow_calls.load(Ordering::Relaxed) == 0 {
            self.shallow.store(depth + 1, Ordering::Relaxed);
        }
        let calls = self.shallow_calls.load(Ordering::Relaxed).saturating_add(1);
        self.shallow_calls.store(calls, Ordering::Relaxed);
        if u64::from(calls) > SHALLOW_ALLOWED + call / SHALLOW_ONE_IN {
            self.shallow.store(0, Ordering::Relaxed);
        }
    }

    /// Counts what is no call: by a read-modify-write, since a guard may end after its thread gave the slot away.
    pub(super) fn count(&self, counter: Counter) {
        let counter = self.counters.get(counter as usize).unwrap_or(&self.calls);
        counter.fetch_add(1, Ordering::Release);
    }

    pub(super) fn outcome(&self, outcome: Outcome) {
        match outcome {
            Outcome::Done => {}
            Outcome::Error => self.count(Counter::Errors),
            Outcome::Panic => self.count(Counter::Panics),
            Outcome::Cancelled => self.count(Counter::Cancelled),
        }
    }

    fn counter(&self, counter: usize) -> u64 {
        self.counters.get(counter).unwrap_or(&self.calls).load(Ordering::Acquire)
    }

    /// The counters since the last reset. Calls come last, so that what became of them is never more.
    pub(super) fn counts(&self) -> [u64; COUNTERS] {
        std::array::from_fn(|place| self.counter(place).saturating_sub(self.bases[place].load(Ordering::Relaxed)))
    }

    /// The next call is timed, for itself alone, and so are those after it until their rate is known.
    pub(super) fn begin_sampling_anew(&self) {
        self.next.store(0, Ordering::Relaxed);
    }

    /// Has the next call timed if calls have become slow since this was last asked, `elapsed` ticks ago.
    pub(super) fn notice_slowness(&self, elapsed: u64) {
        if self.schedule.has_slowed(self.calls.load(Ordering::Relaxed), elapsed) {
            self.begin_sampling_anew();
        }
    }

    /// Begins the counters anew; by whoever resets. The next call is timed.
    pub(super) fn rebase(&self) {
        for place in (0..COUNTERS).rev() {
            self.bases[place].store(self.counter(place), Ordering::Relaxed);
        }
        self.begin_sampling_anew();
    }

    pub(super) fn get(&self, sum: Sum) -> u64 {
        self.sums[sum as usize].load(Ordering::Relaxed)
    }

    pub(super) fn set(&self, sum: Sum, value: u64) {
        self.sums[sum as usize].store(value, Ordering::Relaxed);
    }

    /// Adds, by a plain load and store: there is one writer.
    pub(super) fn add(&self, sum: Sum, value: u64) {
        self.set(sum, self.get(sum).wrapping_add(value));
    }

    pub(super) fn raise(&self, sum: Sum, value: u64) {
        if value > self.get(sum) {
            self.set(sum, value);
        }
    }

    /// Clears what is older than the last reset.
    #[inline]
    pub(super) fn begin(&self, epoch: u64) {
        if self.epoch.load(Ordering::Relaxed) != epoch {
            self.clear(epoch);
        }
    }

    #[cold]
    fn clear(&self, epoch: u64) {
        self.epoch.store(VOID, Ordering::Release);
        self.caller.store(tree::NONE, Ordering::Relaxed);
        self.asks_for_cpu.store(true, Ordering::Relaxed);
        for value in self.sums.iter().chain(&self.moments) {
            value.store(0, Ordering::Release);
        }
        self.buckets.clear();
        self.stretches.clear();
        if let Some(details) = self.details.get() {
            details.clear();
        }
        self.epoch.store(epoch, Ordering::Release);
    }

    /// The node of its calls from `caller`, if those were the last.
    #[inline(always)]
    pub(super) fn node_from(&self, caller: u32) -> Option<u32> {
        (self.caller.load(Ordering::Relaxed) == caller).then(|| self.node.load(Ordering::Relaxed))
    }

    pub(super) fn set_node(&self, caller: u32, node: u32) {
        self.caller.store(caller, Ordering::Relaxed);
        self.node.store(node, Ordering::Relaxed);
    }

    /// Whether the timed figures are those of `epoch`.
    pub(super) fn is_of(&self, epoch: u64) -> bool {
        self.epoch.load(Ordering::Acquire) == epoch
    }

    /// Meets its locks, while no new ones are made.
    pub(super) fn around_fork(&self, around: Around) {
        self.buckets.around_fork(around);
        if let Some(details) = self.details.get() {
            details.around_fork(around);
        }
    }

    pub(super) fn details(&self) -> &Details {
        self.details.get().unwrap_or_else(|| {
            let _making = MAKING.lock();
            self.details.get_or_init(Box::default)
        })
    }

    pub(super) fn existing_details(&self) -> Option<&Details> {
        self.details.get().map(|details| &**details)
    }

    /// Enters a timed call whose duration falls into `bucket`; `since` is when the figures began.
    #[inline(always)]
    pub(super) fn record(&self, ended: Ended, bucket: usize, since: u64) {
        let Ended { start, end, ticks, weight, outcome } = ended;
        let timed = self.get(Sum::Timed);
        if timed == 0 {
            self.set(Sum::Min, ticks);
            self.set(Sum::First, ticks);
            self.set(Sum::FirstAt, start);
        } else {
            if ticks < self.get(Sum::Min) {
                self.set(Sum::Min, ticks);
            }
            self.raise(Sum::RestMax, ticks);
        }
        let total = ticks.wrapping_mul(u64::from(weight));
        self.add(Sum::Wall, total);
        if outcome != Outcome::Done && outcome != Outcome::Cancelled {
            self.add(Sum::Failed, total);
        }
        if weight > 1 {
            self.add_others(ticks, weight);
        }
        self.stretches.add(end.saturating_sub(since), bucket);
        self.buckets.add(bucket, weight);
        // Last, and after this a reader divides by it.
        self.sums[Sum::Timed as usize].store(timed + 1, Ordering::Release);
    }

    /// What makes the sum an estimate.
    #[inline(never)]
    fn add_others(&self, ticks: u64, weight: u32) {
        self.add(Sum::Others, u64::from(weight - 1));
        self.add(Sum::Sampled, 1);
        self.add(Sum::SampledWall, ticks.wrapping_mul(u64::from(weight)));
        let weights = f64::from(weight) * f64::from(weight - 1);
        let duration = ticks as f64;
        for (moment, term) in self.moments.iter().zip([weights, weights * duration, weights * duration * duration]) {
            let sum = f64::from_bits(moment.load(Ordering::Relaxed)) + term;
            moment.store(sum.to_bits(), Ordering::Relaxed);
        }
    }

    /// Whether a duration, which is entered already, is more than four times the typical one: two octaves above the mean
    /// logarithm.
    pub(super) fn is_long(&self, ticks: u64) -> bool {
        let (calls, logs) = self.stretches.sums();
        histogram::index(ticks).saturating_sub(64) as u64 * calls > logs
    }

    /// The mean duration so far in ticks; 0 without a timed call.
    pub(super) fn mean(&self) -> u64 {
        self.get(Sum::Wall).checked_div(self.get(Sum::Timed) + self.get(Sum::Others)).unwrap_or(0)
    }

    /// Whether the next call is the first, or calls take long enough to ask for their CPU time.
    #[inline(always)]
    pub(super) fn asks_for_cpu(&self) -> bool {
        self.asks_for_cpu.load(Ordering::Relaxed)
    }

    /// Whether no call has been timed yet.
    #[inline(always)]
    pub(super) fn is_unused(&self) -> bool {
        self.get(Sum::Timed) == 0
    }

    /// Decides now and then whether calls take at least `ticks`, long enough to ask for their CPU time.
    #[inline]
    pub(super) fn look_at_cpu(&self, ticks: impl FnOnce() -> f64) {
        let timed = self.get(Sum::Timed);
        if timed < 16 || timed.is_multiple_of(64) {
            self.asks_for_cpu.store(self.mean() as f64 >= ticks(), Ordering::Relaxed);
        }
    }

    pub(super) fn sums(&self) -> [u64; FIELDS] {
        let timed = self.sums[Sum::Timed as usize].load(Ordering::Acquire);
        let mut sums = std::array::from_fn(|place| self.sums[place].load(Ordering::Relaxed));
        sums[Sum::Timed as usize] = timed;
        sums
    }

    pub(super) fn moments(&self) -> [f64; MOMENTS] {
        std::array::from_fn(|place| f64::from_bits(self.moments[place].load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(start: u64, ticks: u64, weight: u32, outcome: Outcome) -> Ended {
        Ended { start, end: start + ticks, ticks, weight, outcome }
    }

    fn record(slot: &Slot, ended: Ended, since: u64) {
        slot.record(ended, histogram::index(ended.ticks), since);
    }

    #[test]
    fn an_older_epoch_is_void_and_cleared_by_the_next_write() {
        let slot = Slot::new();
        slot.begin(0);
        record(&slot, ended(1, 5, 1, Outcome::Error), 0);
        assert!(slot.is_of(0) && !slot.is_of(1));
        slot.begin(1);
        record(&slot, ended(2, 9, 1, Outcome::Done), 0);
        assert!(slot.is_of(1));
        assert_eq!((slot.get(Sum::Timed), slot.get(Sum::Failed), slot.get(Sum::Min)), (1, 0, 9));
    }

    #[test]
    fn a_reset_begins_the_counters_anew() {
        let slot = Slot::new();
        slot.count(Counter::Calls);
        slot.count(Counter::Errors);
        slot.rebase();
        slot.count(Counter::Calls);
        assert_eq!(slot.counts(), [0, 0, 0, 0, 1]);
    }

    #[test]
    fn a_sampled_call_counts_for_those_it_stands_for() {
        let slot = Slot::new();
        slot.begin(0);
        record(&slot, ended(0, 10, 1, Outcome::Done), 0);
        record(&slot, ended(20, 30, 7, Outcome::Error), 0);
        assert_eq!((slot.get(Sum::Timed), slot.get(Sum::Others), slot.get(Sum::Wall)), (2, 6, 220));
        assert_eq!((slot.get(Sum::Failed), slot.get(Sum::First), slot.get(Sum::RestMax)), (210, 10, 30));
        assert_eq!(slot.moments(), [42.0, 1_260.0, 37_800.0]);
        assert_eq!(slot.mean(), 27);
    }

    #[test]
    fn a_long_call_is_one_of_more_than_four_times_the_typical_duration() {
        let slot = Slot::new();
        slot.begin(0);
        for call in 0..100 {
            record(&slot, ended(call, 1_000 + call, 1, Outcome::Done), 0);
        }
        assert!(!slot.is_long(1_000) && !slot.is_long(3_900) && slot.is_long(4_700));
    }
}

//! A thread's heap within stretches of its time: how far its live bytes rose above where they were, and what of it was the
//! profiler's own.
//!
//! While a stretch is open, the thread keeps the highest value since the last one was opened. What was the highest until then
//! waits in a slot, so that stretches may end in any order, or never.
//!
//! Nothing here allocates, locks or panics.

use std::cell::Cell;
use std::marker::PhantomData;

use super::heap::{self as counters, Counts};

/// So many open stretches may end in any order; what is opened inside them must end innermost first.
const SLOTS: usize = 64;

/// What stands for the highest value while no stretch is open: nothing is higher.
const NONE: i64 = i64::MAX;

struct Local {
    /// The highest balance since a stretch was opened or closed.
    high: Cell<i64>,
    /// What the profiler itself did.
    own: Cell<Counts>,
    /// Slots in use.
    depth: Cell<usize>,
    /// Those of them, by bits, whose stretches have ended.
    ended: Cell<u64>,
    /// What was the highest when the stretch of a slot began, the profiler's own taken off.
    saved: [Cell<i64>; SLOTS],
}

thread_local! {
    static LOCAL: Local = const {
        Local {
            high: Cell::new(NONE),
            own: Cell::new(Counts::ZERO),
            depth: Cell::new(0),
            ended: Cell::new(0),
            saved: [const { Cell::new(0) }; SLOTS],
        }
    };
}

/// An open stretch of a thread's time.
#[derive(Debug)]
#[must_use]
pub(crate) struct PeakMark {
    /// The balance at its begin.
    base: i64,
    place: Place,
    not_send: PhantomData<*const ()>,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Slot(usize),
    /// No slot was free: the highest value so far.
    Beyond(i64),
}

/// The thread's live bytes have become `balance`, which is more than before.
#[inline(always)]
pub(crate) fn raise(balance: i64) {
    let _ = LOCAL.try_with(|local| {
        if balance > local.high.get() {
            local.high.set(balance);
        }
    });
}

/// Bytes allocated less bytes freed; negative for a thread that frees what others allocated.
pub(super) fn balance(counts: Counts) -> i64 {
    counts.bytes.wrapping_sub(counts.freed).cast_signed()
}

/// What the calling thread's program has allocated so far, without the profiler's own.
#[inline(never)]
pub(crate) fn program() -> Counts {
    LOCAL.try_with(|local| counters::thread() - local.own.get()).unwrap_or(Counts::ZERO)
}

/// Runs the profiler's own work: what it allocates counts for no span and no stretch.
#[inline]
pub(crate) fn aside<R>(work: impl FnOnce() -> R) -> R {
    let (before, own, high) = LOCAL.with(|local| (counters::thread(), local.own.get(), local.high.get()));
    let result = counters::aside(work);
    LOCAL.with(|local| {
        let done = counters::thread() - before;
        local.own.set(own + done);
        local.high.set(if high == NONE { NONE } else { high + balance(done) });
    });
    result
}

impl Local {
    /// The highest value, the profiler's own taken off.
    fn high(&self) -> i64 {
        self.high.get() - balance(self.own.get())
    }

    /// It was at least so high, the profiler's own taken off.
    fn was(&self, high: i64) {
        self.high.set(self.high.get().max(high + balance(self.own.get())));
    }

    fn begin(&self) -> PeakMark {
        let depth = self.depth.get();
        if depth == 0 {
            // Who waits for a lock may allocate.
            aside(counters::watch);
        }
        let counts = counters::thread();
        let place = match self.saved.get(depth) {
            Some(slot) => {
                slot.set(if depth == 0 { i64::MIN } else { self.high() });
                self.depth.set(depth + 1);
                Place::Slot(depth)
            }
            None => Place::Beyond(self.high()),
        };
        self.high.set(balance(counts));
        PeakMark { base: balance(counts) - balance(self.own.get()), place, not_send: PhantomData }
    }

    /// The highest value since a stretch began.
    fn highest(&self, mark: &PeakMark) -> i64 {
        let later = match mark.place {
            Place::Slot(slot) => &self.saved[slot + 1..self.depth.get()],
            Place::Beyond(_) => &[],
        };
        later.iter().map(Cell::get).fold(self.high(), i64::max)
    }

    fn end(&self, mark: &PeakMark) {
        match mark.place {
            Place::Beyond(high) => self.was(high),
            Place::Slot(slot) => self.ended.set(self.ended.get() | 1 << slot),
        }
        while let Some(last) = self.depth.get().checked_sub(1)
            && self.ended.get() & 1 << last != 0
        {
            self.depth.set(last);
            self.ended.set(self.ended.get() & !(1 << last));
            if last == 0 {
                self.high.set(NONE);
                aside(counters::unwatch);
            } else {
                self.was(self.saved[last].get());
            }
        }
    }
}

/// Begins a stretch.
pub(crate) fn peak_begin() -> PeakMark {
    LOCAL.with(Local::begin)
}

/// By how many bytes the thread's live bytes have been above those at the begin.
pub(crate) fn peak_so_far(mark: &PeakMark) -> u64 {
    LOCAL.with(|local| u64::try_from(local.highest(mark) - mark.base).unwrap_or(0))
}

/// The same at the end of the stretch.
#[expect(clippy::needless_pass_by_value, reason = "a stretch ends once")]
pub(crate) fn peak_end(mark: PeakMark) -> u64 {
    let peak = peak_so_far(&mark);
    LOCAL.with(|local| local.end(&mark));
    peak
}

//! The figures of one site in one thread: written by that thread alone, read by any.

use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::time::Duration;

/// What is kept. Up to [`Field::SUMS`] fields add up over threads; the others are merged by rule.
#[derive(Clone, Copy, Debug)]
#[repr(usize)]
pub(crate) enum Field {
    Calls,
    Errors,
    Panics,
    Cancelled,
    Total,
    Own,
    Wall,
    FailedWall,
    Polls,
    Allocations,
    Bytes,
    OwnAllocations,
    OwnBytes,
    // Not sums from here on.
    LongestPoll,
    Min,
    First,
    FirstAt,
    RestMax,
}

impl Field {
    const SUMS: usize = Self::LongestPoll as usize;
    const COUNT: usize = Self::RestMax as usize + 1;
}

/// How often a reader tries for figures that belong together before it takes them as they are, about half a second: a
/// writer that was stopped in the middle of an update must not hang it.
const READ_TRIES: u32 = 5_000;
/// So many of them without a break; an update takes nanoseconds unless its thread has lost the processor.
const READ_SPINS: u32 = 200;
const READ_BREAK: Duration = Duration::from_micros(100);

/// A seqlock with one writer, all of it atomics (Boehm, "Can seqlocks get along with programming language memory
/// models?", 2012).
#[derive(Debug)]
pub(crate) struct Slot {
    /// Odd while an update is under way.
    version: AtomicU64,
    /// The reset that the values belong to; older ones are void.
    epoch: AtomicU64,
    values: [AtomicU64; Field::COUNT],
}

impl Slot {
    pub(crate) const fn new() -> Self {
        Self {
            version: AtomicU64::new(0),
            epoch: AtomicU64::new(0),
            values: [const { AtomicU64::new(0) }; Field::COUNT],
        }
    }

    /// Changes the values; called by the one thread that owns the block.
    #[inline]
    pub(crate) fn update(&self, epoch: u64, change: impl FnOnce(&Writer<'_>)) {
        let version = self.version.load(Ordering::Relaxed);
        self.version.store(version.wrapping_add(1), Ordering::Relaxed);
        fence(Ordering::Release);
        if self.epoch.load(Ordering::Relaxed) != epoch {
            for value in &self.values {
                value.store(0, Ordering::Relaxed);
            }
            self.epoch.store(epoch, Ordering::Relaxed);
        }
        change(&Writer(self));
        self.version.store(version.wrapping_add(2), Ordering::Release);
    }

    /// The values of this epoch, `None` if there are none.
    pub(crate) fn read(&self, epoch: u64) -> Option<Tally> {
        let mut tries = 0;
        loop {
            let before = self.version.load(Ordering::Acquire);
            let found = self.epoch.load(Ordering::Relaxed);
            let tally = Tally(std::array::from_fn(|i| self.values[i].load(Ordering::Relaxed)));
            fence(Ordering::Acquire);
            let whole = before.is_multiple_of(2) && self.version.load(Ordering::Relaxed) == before;
            tries += 1;
            if whole || tries == READ_TRIES {
                return (found == epoch).then_some(tally);
            }
            if tries < READ_SPINS {
                std::hint::spin_loop();
            } else {
                std::thread::sleep(READ_BREAK);
            }
        }
    }
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    Error,
    Panic,
    Cancelled,
}

/// The right to change a slot, for the length of one update.
#[derive(Debug)]
pub(crate) struct Writer<'a>(&'a Slot);

impl Writer<'_> {
    fn get(&self, field: Field) -> u64 {
        self.0.values[field as usize].load(Ordering::Relaxed)
    }

    fn set(&self, field: Field, value: u64) {
        self.0.values[field as usize].store(value, Ordering::Relaxed);
    }

    /// Adds, by a plain load and store: there is one writer.
    pub(crate) fn add(&self, field: Field, value: u64) {
        self.set(field, self.get(field).wrapping_add(value));
    }

    pub(crate) fn raise(&self, field: Field, value: u64) {
        if value > self.get(field) {
            self.set(field, value);
        }
    }

    /// Counts a call that began at `start` and took `duration`.
    pub(crate) fn call(&self, start: u64, duration: u64, outcome: Outcome) {
        if self.get(Field::Calls) == 0 {
            self.set(Field::Min, duration);
            self.set(Field::First, duration);
            self.set(Field::FirstAt, start);
        } else {
            self.set(Field::Min, self.get(Field::Min).min(duration));
            self.raise(Field::RestMax, duration);
        }
        self.add(Field::Calls, 1);
        self.add(Field::Wall, duration);
        let kind = match outcome {
            Outcome::Done => return,
            Outcome::Error => Field::Errors,
            Outcome::Panic => Field::Panics,
            Outcome::Cancelled => Field::Cancelled,
        };
        self.add(kind, 1);
        if outcome != Outcome::Cancelled {
            self.add(Field::FailedWall, duration);
        }
    }
}

/// Values read together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tally([u64; Field::COUNT]);

impl Tally {
    pub(crate) const EMPTY: Self = Self([0; Field::COUNT]);

    pub(crate) fn get(&self, field: Field) -> u64 {
        self.0[field as usize]
    }

    /// Adds another thread's values.
    pub(crate) fn merge(&mut self, other: &Self) {
        use Field::{Calls, First, FirstAt, LongestPoll, Min, RestMax};
        if other.get(Calls) > 0 {
            if self.get(Calls) == 0 {
                for field in [Min, First, FirstAt, RestMax] {
                    self.0[field as usize] = other.get(field);
                }
            } else {
                self.0[Min as usize] = self.get(Min).min(other.get(Min));
                // The later of two first calls is one of the rest.
                let later = if other.get(FirstAt) < self.get(FirstAt) {
                    let later = self.get(First);
                    self.0[First as usize] = other.get(First);
                    self.0[FirstAt as usize] = other.get(FirstAt);
                    later
                } else {
                    other.get(First)
                };
                self.0[RestMax as usize] = self.get(RestMax).max(other.get(RestMax)).max(later);
            }
        }
        self.0[LongestPoll as usize] = self.get(LongestPoll).max(other.get(LongestPoll));
        for (sum, more) in self.0.iter_mut().zip(&other.0).take(Field::SUMS) {
            *sum = sum.wrapping_add(*more);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn an_older_epoch_is_void_and_cleared_by_the_next_write() {
        let slot = Slot::new();
        slot.update(0, |w| w.call(1, 5, Outcome::Error));
        assert!(slot.read(1).is_none());
        slot.update(1, |w| w.call(2, 9, Outcome::Done));
        let tally = slot.read(1).expect("written in this epoch");
        assert_eq!(tally.get(Field::Calls), 1);
        assert_eq!(tally.get(Field::Errors), 0);
        assert_eq!(tally.get(Field::Min), 9);
    }

    #[test]
    fn the_earliest_first_call_stays_first_and_the_other_joins_the_rest() {
        let tally = |at, duration| {
            let slot = Slot::new();
            slot.update(0, |w| w.call(at, duration, Outcome::Done));
            slot.read(0).expect("written")
        };
        for pair in [[tally(10, 7), tally(5, 90)], [tally(5, 90), tally(10, 7)]] {
            let mut sum = Tally::EMPTY;
            pair.iter().for_each(|one| sum.merge(one));
            assert_eq!(sum.get(Field::First), 90);
            assert_eq!(sum.get(Field::RestMax), 7);
            assert_eq!(sum.get(Field::Min), 7);
            assert_eq!(sum.get(Field::Wall), 97);
        }
    }

    #[test]
    fn a_reader_sees_values_of_one_moment() {
        let slot = Slot::new();
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for i in 0..200_000 {
                    slot.update(0, |w| w.call(i, 3, Outcome::Done));
                }
                stop.store(true, Ordering::Relaxed);
            });
            while !stop.load(Ordering::Relaxed) {
                if let Some(tally) = slot.read(0) {
                    assert_eq!(tally.get(Field::Wall), 3 * tally.get(Field::Calls));
                }
            }
        });
    }
}

//! Durations over time: sixteen stretches of equal length, which doubles when they are full.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

pub(super) const STRETCHES: usize = 16;
/// The first stretches are of 2^26 ticks: some hundredths of a second.
const FIRST: u32 = 26;

/// Per stretch the timed calls and the sum of their buckets' numbers, which are logarithms of the durations in 32nds of
/// an octave. One thread adds, any reads.
#[derive(Debug, Default)]
pub(super) struct Stretches {
    /// How many times the length has doubled.
    doubled: AtomicU32,
    calls: [AtomicU64; STRETCHES],
    logs: [AtomicU64; STRETCHES],
}

/// What was read of [`Stretches`]; all of several threads together.
#[derive(Clone, Debug, Default)]
pub(super) struct Read {
    pub(super) doubled: u32,
    pub(super) calls: [u64; STRETCHES],
    pub(super) logs: [u64; STRETCHES],
}

impl Stretches {
    /// Adds a call that ended `at` ticks after the figures began.
    #[inline]
    pub(super) fn add(&self, at: u64, log: usize) {
        let mut place = at >> (FIRST + self.doubled.load(Ordering::Relaxed));
        while place >= STRETCHES as u64 {
            self.double();
            place >>= 1;
        }
        let place = place as usize;
        bump(&self.calls[place], 1);
        bump(&self.logs[place], log as u64);
    }

    #[cold]
    fn double(&self) {
        for sums in [&self.calls, &self.logs] {
            for place in 0..STRETCHES {
                let pair = sums.get(2 * place..2 * place + 2).unwrap_or_default();
                let sum = pair.iter().map(|value| value.load(Ordering::Relaxed)).sum();
                sums[place].store(sum, Ordering::Relaxed);
            }
        }
        self.doubled.store(self.doubled.load(Ordering::Relaxed) + 1, Ordering::Release);
    }

    /// Calls and logarithms of all stretches.
    pub(super) fn sums(&self) -> (u64, u64) {
        let sum = |values: &[AtomicU64]| values.iter().map(|value| value.load(Ordering::Relaxed)).sum();
        (sum(&self.calls), sum(&self.logs))
    }

    pub(super) fn clear(&self) {
        for value in self.calls.iter().chain(&self.logs) {
            value.store(0, Ordering::Relaxed);
        }
        self.doubled.store(0, Ordering::Release);
    }

    /// Nothing if the length doubled meanwhile, which happens some thirty times in a program's life.
    pub(super) fn read(&self) -> Option<Read> {
        let doubled = self.doubled.load(Ordering::Acquire);
        let read = Read {
            doubled,
            calls: std::array::from_fn(|place| self.calls[place].load(Ordering::Relaxed)),
            logs: std::array::from_fn(|place| self.logs[place].load(Ordering::Relaxed)),
        };
        (self.doubled.load(Ordering::Acquire) == doubled).then_some(read)
    }
}

fn bump(value: &AtomicU64, by: u64) {
    value.store(value.load(Ordering::Relaxed).wrapping_add(by), Ordering::Relaxed);
}

impl Read {
    /// Adds another thread's, the shorter stretches joined to the longer.
    pub(super) fn merge(&mut self, mut other: Self) {
        let longest = self.doubled.max(other.doubled);
        self.lengthen(longest);
        other.lengthen(longest);
        for place in 0..STRETCHES {
            self.calls[place] += other.calls[place];
            self.logs[place] += other.logs[place];
        }
    }

    fn lengthen(&mut self, doubled: u32) {
        while self.doubled < doubled {
            for sums in [&mut self.calls, &mut self.logs] {
                for place in 0..STRETCHES {
                    sums[place] = sums.get(2 * place..2 * place + 2).unwrap_or_default().iter().sum();
                }
            }
            self.doubled += 1;
        }
    }

    /// The length of a stretch in ticks.
    pub(super) fn length(&self) -> u64 {
        1 << (FIRST + self.doubled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_when_stretches_double() {
        let stretches = Stretches::default();
        for call in 0..10_000_u64 {
            stretches.add(call << 24, 100);
        }
        let read = stretches.read().unwrap();
        assert_eq!(read.calls.iter().sum::<u64>(), 10_000);
        assert_eq!(read.logs.iter().sum::<u64>(), 1_000_000);
        assert!(read.length() * (STRETCHES as u64) > 9_999 << 24);
        assert!(read.calls[..9].iter().all(|calls| *calls == read.calls[0]), "{read:?}");
    }

    #[test]
    fn threads_of_different_age_add_up() {
        let (old, young) = (Stretches::default(), Stretches::default());
        old.add(1 << 34, 10);
        young.add(5, 20);
        let mut sum = old.read().unwrap();
        sum.merge(young.read().unwrap());
        let mut other = young.read().unwrap();
        other.merge(old.read().unwrap());
        assert_eq!((sum.doubled, sum.calls, sum.logs), (other.doubled, other.calls, other.logs));
        assert_eq!((sum.calls[0], sum.calls.iter().sum::<u64>()), (1, 2));
    }
}

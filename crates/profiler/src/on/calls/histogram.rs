//! Durations in buckets: exact up to 63 ticks, then 32 to an octave (log-linear, as in HdrHistogram).

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use super::fork::{Around, Lock};

/// Buckets are made this many at a time: two octaves.
const GROUP: usize = 64;
/// Longer ones, hours of any clock's ticks, fall into the last bucket.
const LONGEST: u64 = (1 << 45) - 1;
const GROUPS: usize = index(LONGEST) / GROUP + 1;

/// The histogram of one slot: one thread adds, any reads.
#[derive(Debug, Default)]
pub(super) struct Buckets {
    groups: [OnceLock<Box<[AtomicU32; GROUP]>>; GROUPS],
    /// The buckets that ran over, once for each time.
    spilled: Lock<Vec<usize>>,
}

/// The bucket of a duration.
pub(super) const fn index(ticks: u64) -> usize {
    let ticks = if ticks > LONGEST { LONGEST } else { ticks };
    let shift = (ticks | 32).ilog2() - 5;
    ((shift as usize) << 5) + (ticks >> shift) as usize
}

/// The shortest duration of a bucket, and that of the next.
pub(super) fn bounds(index: usize) -> (u64, u64) {
    if index < GROUP {
        return (index as u64, index as u64 + 1);
    }
    let shift = (index >> 5) - 1;
    let from = (32 + (index & 31)) as u64;
    (from << shift, (from + 1) << shift)
}

impl Buckets {
    /// Whether the bucket has been made.
    #[inline(always)]
    pub(super) fn has(&self, index: usize) -> bool {
        self.groups[index / GROUP].get().is_some()
    }

    /// Adds a call that stands for `weight` calls; by the one thread that owns the slot.
    #[inline(always)]
    pub(super) fn add(&self, index: usize, weight: u32) {
        let group = match self.groups[index / GROUP].get() {
            Some(group) => group,
            None => self.make(index),
        };
        let bucket = &group[index % GROUP];
        let (count, over) = bucket.load(Ordering::Relaxed).overflowing_add(weight);
        bucket.store(count, Ordering::Relaxed);
        if over {
            self.spill(index);
        }
    }

    #[cold]
    fn make(&self, index: usize) -> &[AtomicU32; GROUP] {
        self.groups[index / GROUP].get_or_init(|| Box::new([const { AtomicU32::new(0) }; GROUP]))
    }

    #[cold]
    fn spill(&self, index: usize) {
        self.spilled.lock().push(index);
    }

    pub(super) fn around_fork(&self, around: Around) {
        around.meet(&self.spilled);
    }

    /// By the owner.
    pub(super) fn clear(&self) {
        for bucket in self.groups.iter().filter_map(OnceLock::get).flat_map(|group| group.iter()) {
            bucket.store(0, Ordering::Relaxed);
        }
        self.spilled.lock().clear();
    }

    /// Adds every bucket's calls to `sums`, which has a place for each.
    pub(super) fn add_to(&self, sums: &mut Vec<u64>) {
        for (place, group) in self.groups.iter().enumerate() {
            let Some(group) = group.get() else { continue };
            if sums.len() < (place + 1) * GROUP {
                sums.resize((place + 1) * GROUP, 0);
            }
            for (sum, bucket) in sums[place * GROUP..].iter_mut().zip(group.iter()) {
                *sum += u64::from(bucket.load(Ordering::Relaxed));
            }
        }
        for &index in self.spilled.lock().iter() {
            sums[index] += 1 << 32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_duration_lies_within_its_bucket_and_buckets_are_narrow() {
        let mut values: Vec<u64> = (0..5_000).collect();
        values.extend((12..45).flat_map(|bit| [(1 << bit) - 1, 1 << bit, (1 << bit) + 1, 3 << (bit - 1)]));
        values.retain(|value| *value <= LONGEST);
        for value in values {
            let (from, to) = bounds(index(value));
            assert!(from <= value && value < to, "{value} in {from}..{to}");
            assert!((to - from) * 32 <= from.max(32), "{from}..{to}");
        }
        assert_eq!(index(u64::MAX), index(LONGEST));
        assert!(index(LONGEST) / GROUP < GROUPS);
    }

    #[test]
    fn buckets_follow_each_other_without_gaps() {
        for place in 0..index(LONGEST) {
            assert_eq!(bounds(place).1, bounds(place + 1).0, "{place}");
            assert_eq!(index(bounds(place).0), place);
        }
    }

    #[test]
    fn a_bucket_that_runs_over_loses_nothing() {
        let buckets = Buckets::default();
        for _ in 0..3 {
            buckets.add(70, u32::MAX);
        }
        let mut sums = Vec::new();
        buckets.add_to(&mut sums);
        assert_eq!(sums[70], 3 * u64::from(u32::MAX));
        buckets.clear();
        let mut sums = Vec::new();
        buckets.add_to(&mut sums);
        assert_eq!(sums.iter().sum::<u64>(), 0);
    }
}

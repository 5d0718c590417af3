//! What a probe keeps only where it was asked to: repeated arguments, sizes, the last calls.
//!
//! Behind locks of the slot, which its thread takes and, for a moment, a reader.

use std::collections::VecDeque;

use super::fork::{Around, Lock};
use super::heap::Counts;
use super::slot::Outcome;

/// The details of one site in one thread.
#[derive(Debug, Default)]
pub(super) struct Details {
    pub(super) repeats: Lock<Repeats>,
    pub(super) sizes: Lock<Vec<Size>>,
    pub(super) records: Lock<VecDeque<Entry>>,
}

impl Details {
    pub(super) fn clear(&self) {
        let repeats = std::mem::take(&mut *self.repeats.lock());
        let sizes = std::mem::take(&mut *self.sizes.lock());
        let records = std::mem::take(&mut *self.records.lock());
        drop((repeats, sizes, records));
    }

    pub(super) fn around_fork(&self, around: Around) {
        around.meet(&self.repeats);
        around.meet(&self.sizes);
        around.meet(&self.records);
    }
}

/// So many different keys back a repetition is seen.
const REMEMBERED: u32 = 1_000;
const SETS: usize = 1_024;
const WAYS: usize = 4;

/// Which keys came lately: a table of sets of four, of which the least recent gives way. Of 1,000 keys all but 4 in a
/// thousand find room.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    pub(super) calls: u64,
    pub(super) repeated: u64,
    /// Ticks that repeated calls took, by the timed ones.
    pub(super) ticks: f64,
    /// Keys that were new.
    stamp: u32,
    table: Vec<[Key; WAYS]>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Key {
    tag: u32,
    /// The number of new keys when it came last, 0 if none ever did.
    stamp: u32,
}

impl Repeats {
    /// Whether the key is one of the last thousand.
    pub(super) fn see(&mut self, hash: u64) -> bool {
        if self.table.is_empty() {
            self.table = vec![[Key::default(); WAYS]; SETS];
        }
        self.calls += 1;
        if self.stamp == u32::MAX {
            // Once in 2^32 new keys all are forgotten.
            self.stamp = 0;
            self.table.fill([Key::default(); WAYS]);
        }
        let tag = (hash >> 32) as u32;
        let set = &mut self.table[hash as usize % SETS];
        if let Some(key) = set.iter_mut().find(|key| key.stamp != 0 && key.tag == tag) {
            let repeated = self.stamp - key.stamp < REMEMBERED;
            if !repeated {
                self.stamp += 1;
            }
            key.stamp = self.stamp;
            self.repeated += u64::from(repeated);
            return repeated;
        }
        self.stamp += 1;
        if let Some(oldest) = set.iter_mut().min_by_key(|key| key.stamp) {
            *oldest = Key { tag, stamp: self.stamp };
        }
        false
    }
}

/// Timed calls whose size has so many binary digits; sums over natural logarithms, in ticks.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Size {
    pub(super) calls: u64,
    pub(super) log_size: f64,
    pub(super) log_ticks: f64,
    pub(super) log_ticks_squared: f64,
    pub(super) size: f64,
    pub(super) ticks: f64,
}

impl Size {
    fn add(&mut self, size: u64, ticks: u64) {
        let log = (ticks.max(1) as f64).ln();
        self.calls += 1;
        self.log_size += (size.max(1) as f64).ln();
        self.log_ticks += log;
        self.log_ticks_squared += log * log;
        self.size += size as f64;
        self.ticks += ticks as f64;
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.calls += other.calls;
        self.log_size += other.log_size;
        self.log_ticks += other.log_ticks;
        self.log_ticks_squared += other.log_ticks_squared;
        self.size += other.size;
        self.ticks += other.ticks;
    }
}

/// Enters the size of a timed call.
pub(super) fn add_size(sizes: &mut Vec<Size>, size: u64, ticks: u64) {
    let class = (u64::BITS - size.leading_zeros()) as usize;
    if sizes.len() <= class {
        sizes.resize(class + 1, Size::default());
    }
    sizes[class].add(size, ticks);
}

/// One of the last calls.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) start: u64,
    pub(super) ticks: u64,
    pub(super) heap: Counts,
    pub(super) outcome: Outcome,
    pub(super) error: Option<String>,
}

/// Keeps an entry; returns the one that gives way, to be dropped without the lock.
pub(super) fn keep(records: &mut VecDeque<Entry>, entry: Entry, capacity: usize) -> Option<Entry> {
    let gone = if records.len() >= capacity { records.pop_front() } else { None };
    if capacity > 0 {
        records.push_back(entry);
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A good hash of a small number.
    fn hash(n: u64) -> u64 {
        let n = (n ^ (n >> 31)).wrapping_mul(0x7fb5_d329_728e_a185);
        (n ^ (n >> 27)).wrapping_mul(0x81da_def4_bc2d_d44d)
    }

    #[test]
    fn keys_of_a_small_circle_repeat_and_those_of_a_large_one_do_not() {
        for (circle, least, most) in [(1, 0.99, 1.0), (900, 0.9, 0.98), (5_000, 0.0, 0.001)] {
            let mut repeats = Repeats::default();
            for call in 0..20_000 {
                repeats.see(hash(call % circle + 1));
            }
            let share = repeats.repeated as f64 / repeats.calls as f64;
            assert!(share >= least && share <= most, "{circle}: {share}");
        }
    }

    #[test]
    fn a_key_in_use_stays_known_among_many_new_ones() {
        let mut repeats = Repeats::default();
        let mut seen = 0;
        for call in 0..10_000_u64 {
            repeats.see(hash(1_000_000 + call));
            seen += u32::from(repeats.see(hash(7)));
        }
        assert!(seen > 9_900, "{seen}");
    }

    #[test]
    fn keys_do_not_repeat_for_want_of_numbers() {
        let mut repeats = Repeats { stamp: u32::MAX - 10, ..Repeats::default() };
        for call in 0..20_000_u64 {
            repeats.see(hash(call % 5_000 + 1));
        }
        assert!(repeats.repeated < 20, "{}", repeats.repeated);
        repeats.see(hash(3));
        assert!(repeats.see(hash(3)));
    }

    #[test]
    fn sizes_fall_into_classes_by_their_digits() {
        let mut sizes = Vec::new();
        for size in [0, 1, 2, 3, 4, u64::MAX] {
            add_size(&mut sizes, size, 10);
        }
        let calls: Vec<_> = sizes.iter().map(|size| size.calls).collect();
        assert_eq!(calls[..4], [1, 1, 2, 1]);
        assert_eq!((calls.len(), calls[64]), (65, 1));
    }

    #[test]
    fn records_keep_the_last() {
        let entry = |start| Entry { start, ticks: 0, heap: Counts::ZERO, outcome: Outcome::Done, error: None };
        let mut records = VecDeque::new();
        for start in 0..10 {
            keep(&mut records, entry(start), 3);
        }
        assert_eq!(records.iter().map(|record| record.start).collect::<Vec<_>>(), [7, 8, 9]);
        assert!(keep(&mut VecDeque::new(), entry(1), 0).is_none());
    }
}

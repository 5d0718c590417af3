//! The stacks that a thread was seen with lately.

use std::cell::Cell;

use super::Bounds;
use super::store::CAPACITY;

/// Entries in pairs: two stacks that meet in one place do not drive each other out.
const PAIRS: usize = 8192;

/// Of an entry the bits that are its stack's number; the others are of its hash. They and those that say where it is are all
/// of the hash but the lowest, which a multiplication mixes least.
const NUMBER: u64 = (1 << 21) - 1;

/// Stands for a stack that the full table has no number for, so that it is not asked again and again.
const REFUSED: u64 = NUMBER;

const _: () = assert!((CAPACITY as u64) < REFUSED);

/// What a thread remembers of its stacks, 128 KiB: their numbers by hash, and where its own stack lies. All zero is a valid
/// one. One thread at a time uses it; who hands it on calls [`forget_thread`](Self::forget_thread).
pub(crate) struct StackCache {
    pub(super) bounds: Bounds,
    /// Each in one word, so that a signal handler that comes between sees all of it or nothing.
    pairs: [[Cell<u64>; 2]; PAIRS],
}

impl StackCache {
    #[cfg_attr(not(test), expect(dead_code, reason = "others have theirs from memory that is zero"))]
    pub(crate) const fn new() -> Self {
        Self { bounds: Bounds::new(), pairs: [const { [Cell::new(0), Cell::new(0)] }; PAIRS] }
    }

    /// The thread ends: the next one to use this has another stack. Numbers stay, they are the same for all.
    pub(crate) fn forget_thread(&self) {
        self.bounds.forget();
    }

    #[inline(always)]
    fn pair(&self, hash: u64) -> &[Cell<u64>; 2] {
        // The upper bits are those that a multiplication mixes.
        &self.pairs[(hash >> 51) as usize % PAIRS]
    }

    /// The bits of a hash in its entry.
    #[inline(always)]
    const fn tag(hash: u64) -> u64 {
        (hash << 13) & !NUMBER
    }

    #[inline(always)]
    pub(super) fn find(&self, hash: u64) -> Option<u32> {
        let [first, second] = self.pair(hash);
        let entry = if (first.get() ^ Self::tag(hash)) & !NUMBER == 0 { first.get() } else { second.get() };
        // With another's bits it is no number.
        match entry ^ Self::tag(hash) {
            0 => None,
            REFUSED => Some(0),
            number if number < REFUSED => Some(number as u32),
            _ => None,
        }
    }

    pub(super) fn insert(&self, hash: u64, number: u32) {
        let [first, second] = self.pair(hash);
        second.set(first.get());
        first.set(Self::tag(hash) | if number == 0 { REFUSED } else { u64::from(number) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_remembers() {
        let cache = Box::new(StackCache::new());
        let hashes: Vec<u64> = (1..=1000u64).map(|at| at.wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect();
        for (number, hash) in (1..).zip(&hashes) {
            assert_eq!(cache.find(*hash), None);
            cache.insert(*hash, number);
            assert_eq!(cache.find(*hash), Some(number));
        }
        let kept = (1..).zip(&hashes).filter(|(number, hash)| cache.find(**hash) == Some(*number)).count();
        assert!(kept >= 980, "{kept}");
    }

    #[test]
    fn two_in_one_place_live_together() {
        let cache = Box::new(StackCache::new());
        let [one, two, three] = [1 << 40, 2 << 40, 3 << 40];
        cache.insert(one, 10);
        cache.insert(two, 20);
        assert_eq!((cache.find(one), cache.find(two)), (Some(10), Some(20)));
        cache.insert(three, 30);
        assert_eq!((cache.find(one), cache.find(two), cache.find(three)), (None, Some(20), Some(30)));
    }

    #[test]
    fn an_empty_place_is_nobodys() {
        let cache = Box::new(StackCache::new());
        assert_eq!(cache.find(0), None);
        cache.insert(0, 7);
        assert_eq!(cache.find(0), Some(7));
    }

    #[test]
    fn a_refusal_is_remembered() {
        let cache = Box::new(StackCache::new());
        cache.insert(5, 0);
        assert_eq!(cache.find(5), Some(0));
    }
}

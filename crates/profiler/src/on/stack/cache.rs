//! The stacks that a thread was seen with lately.

use std::cell::Cell;
use std::sync::atomic::{Ordering, compiler_fence};

use super::Bounds;

/// Entries in pairs: two stacks that meet in one place do not drive each other out.
const PAIRS: usize = 2048;

/// Stands for a stack that the full table has no number for, so that it is not asked again and again.
const REFUSED: u32 = u32::MAX;

/// What a thread remembers of its stacks, 64 KiB: their numbers by hash, and where its own stack lies. All zero is a valid
/// one. One thread at a time uses it; who hands it on calls [`forget_thread`](Self::forget_thread).
pub(crate) struct StackCache {
    pub(super) bounds: Bounds,
    pairs: [[Entry; 2]; PAIRS],
}

struct Entry {
    hash: Cell<u64>,
    /// 0 for none.
    number: Cell<u32>,
}

impl Entry {
    const fn new() -> Self {
        Self { hash: Cell::new(0), number: Cell::new(0) }
    }
}

impl StackCache {
    #[cfg_attr(not(test), expect(dead_code, reason = "others have theirs from memory that is zero"))]
    pub(crate) const fn new() -> Self {
        Self { bounds: Bounds::new(), pairs: [const { [Entry::new(), Entry::new()] }; PAIRS] }
    }

    /// The thread ends: the next one to use this has another stack. Numbers stay, they are the same for all.
    pub(crate) fn forget_thread(&self) {
        self.bounds.forget();
    }

    #[inline(always)]
    fn pair(&self, hash: u64) -> &[Entry; 2] {
        // The upper bits are those that a multiplication mixes.
        &self.pairs[(hash >> 48) as usize % PAIRS]
    }

    #[inline(always)]
    pub(super) fn find(&self, hash: u64) -> Option<u32> {
        let pair = self.pair(hash);
        let entry = if pair[0].hash.get() == hash { &pair[0] } else { &pair[1] };
        match entry.number.get() {
            _ if entry.hash.get() != hash => None,
            0 => None,
            REFUSED => Some(0),
            number => Some(number),
        }
    }

    pub(super) fn insert(&self, hash: u64, number: u32) {
        let [first, second] = self.pair(hash);
        second.set(first.hash.get(), first.number.get());
        first.set(hash, if number == 0 { REFUSED } else { number });
    }
}

impl Entry {
    /// In an order in which a signal handler that comes between sees no number with another's hash.
    fn set(&self, hash: u64, number: u32) {
        self.number.set(0);
        compiler_fence(Ordering::SeqCst);
        self.hash.set(hash);
        compiler_fence(Ordering::SeqCst);
        self.number.set(number);
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
        cache.insert(1, 10);
        cache.insert(2, 20);
        assert_eq!((cache.find(1), cache.find(2)), (Some(10), Some(20)));
        cache.insert(3, 30);
        assert_eq!((cache.find(1), cache.find(2), cache.find(3)), (None, Some(20), Some(30)));
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

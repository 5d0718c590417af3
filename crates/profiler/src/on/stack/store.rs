//! Where the stacks lie: memory of their own that is never given back, touched as it is needed.
#![allow(unsafe_code, reason = "tables and arenas in memory that no allocator knows")]

use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering};

use super::interning::{Record, Store};
use crate::on::memory;

/// So many stacks are told apart.
pub(super) const CAPACITY: u32 = 1 << 20;

/// Types of which all zeros are a value that may be shared.
///
/// # Safety
///
/// Just that.
unsafe trait Zeroed: Sync {}
// SAFETY: atomic integers.
unsafe impl Zeroed for AtomicU32 {}
// SAFETY: atomic integers.
unsafe impl Zeroed for AtomicUsize {}
// SAFETY: it consists of atomic integers.
unsafe impl Zeroed for Record {}

/// Up to `COUNT` chunks of `LENGTH` values, made when they are first asked for.
struct Chunks<T, const COUNT: usize, const LENGTH: usize>([AtomicPtr<T>; COUNT]);

impl<T: Zeroed, const COUNT: usize, const LENGTH: usize> Chunks<T, COUNT, LENGTH> {
    const fn new() -> Self {
        Self([const { AtomicPtr::new(ptr::null_mut()) }; COUNT])
    }

    #[inline]
    fn chunk(&self, number: usize) -> Option<&[T]> {
        let pointer = self.0.get(number)?.load(Ordering::Acquire);
        if pointer.is_null() { self.make(number) } else { Some(Self::slice(pointer)) }
    }

    /// Two who meet here both reserve, and one reservation is left alone: addresses, no memory.
    #[cold]
    fn make(&self, number: usize) -> Option<&[T]> {
        let fresh = memory::reserve(LENGTH * size_of::<T>())?.cast::<T>().as_ptr();
        let place = &self.0[number];
        match place.compare_exchange(ptr::null_mut(), fresh, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => Some(Self::slice(fresh)),
            Err(theirs) => Some(Self::slice(theirs)),
        }
    }

    #[inline]
    fn slice<'a>(pointer: *mut T) -> &'a [T] {
        // SAFETY: `make` reserved room for `LENGTH` values, aligned to a page and zero, which `T` may be; for ever.
        unsafe { std::slice::from_raw_parts(pointer, LENGTH) }
    }

    fn value(&self, index: usize) -> Option<&T> {
        self.chunk(index / LENGTH)?.get(index % LENGTH)
    }
}

const BUCKETS: usize = 1 << 18;
/// 4 MiB of frames.
const WORDS: usize = (4 << 20) / size_of::<usize>();
/// 1 GiB of them.
const CHUNKS: usize = 256;
const RECORDS: usize = 4096;

/// A table of stacks.
pub(super) struct Stacks {
    capacity: u32,
    numbers: AtomicU32,
    /// Words that were lent, or lie unused at the end of a chunk.
    used: AtomicUsize,
    buckets: Chunks<AtomicU32, 1, BUCKETS>,
    records: Chunks<Record, { CAPACITY as usize / RECORDS }, RECORDS>,
    words: Chunks<AtomicUsize, CHUNKS, WORDS>,
}

impl Stacks {
    /// For at most so many stacks, or [`CAPACITY`].
    pub(super) const fn new(capacity: u32) -> Self {
        Self {
            capacity: if capacity < CAPACITY { capacity } else { CAPACITY },
            numbers: AtomicU32::new(0),
            used: AtomicUsize::new(0),
            buckets: Chunks::new(),
            records: Chunks::new(),
            words: Chunks::new(),
        }
    }
}

impl Store for Stacks {
    fn capacity(&self) -> u32 {
        self.capacity
    }

    fn numbers(&self) -> &AtomicU32 {
        &self.numbers
    }

    fn bucket(&self, hash: u64) -> Option<&AtomicU32> {
        self.buckets.value((hash >> 40) as usize % BUCKETS)
    }

    fn record(&self, number: u32) -> Option<&Record> {
        self.records.value((number as usize).checked_sub(1)?)
    }

    fn reserve(&self, words: usize) -> Option<usize> {
        debug_assert!(words <= WORDS);
        loop {
            // Looked at first, so that asking in vain does not count up for ever.
            if self.used.load(Ordering::Relaxed) >= CHUNKS * WORDS {
                return None;
            }
            let start = self.used.fetch_add(words, Ordering::Relaxed);
            let end = start + words;
            if end > CHUNKS * WORDS {
                return None;
            }
            // Not across the end of a chunk.
            if words == 0 || start / WORDS == (end - 1) / WORDS {
                return self.words.chunk((start / WORDS).min(CHUNKS - 1)).map(|_| start);
            }
        }
    }

    fn words(&self, start: usize, length: usize) -> &[AtomicUsize] {
        let chunk = self.words.chunk(start / WORDS);
        chunk.and_then(|chunk| chunk.get(start % WORDS..start % WORDS + length)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::interning::{count, intern, stack};
    use super::*;

    fn frames(stacks: &Stacks, number: u32) -> Option<(Vec<usize>, u32)> {
        let (words, span) = stack(stacks, number)?;
        Some((words.iter().map(|word| word.load(Ordering::Relaxed)).collect(), span))
    }

    #[test]
    fn equal_stacks_have_equal_numbers() {
        static STACKS: Stacks = Stacks::new(CAPACITY);
        assert_eq!(intern(&STACKS, 9, 0, &[1, 2, 3]), 1);
        assert_eq!(intern(&STACKS, 9, 0, &[1, 2, 3]), 1);
        // All of one hash: what differs in anything is told apart.
        assert_eq!(intern(&STACKS, 9, 1, &[1, 2, 3]), 2);
        assert_eq!(intern(&STACKS, 9, 0, &[1, 2, 4]), 3);
        assert_eq!(intern(&STACKS, 9, 0, &[1, 2]), 4);
        assert_eq!(intern(&STACKS, 9, 0, &[]), 5);
        assert_eq!(intern(&STACKS, 9, 0, &[]), 5);
        assert_eq!(intern(&STACKS, 9, 0, &[1, 2, 4]), 3);
        assert_eq!(count(&STACKS), 5);
        assert_eq!(frames(&STACKS, 2), Some((vec![1, 2, 3], 1)));
        assert_eq!(frames(&STACKS, 5), Some((vec![], 0)));
        for nobodys in [0, 6, u32::MAX] {
            assert_eq!(frames(&STACKS, nobodys), None);
        }
    }

    #[test]
    fn a_full_table_gives_no_number() {
        static STACKS: Stacks = Stacks::new(3);
        let numbers = [7, 8, 9, 10, 8, 11].map(|frame| intern(&STACKS, frame as u64, 0, &[frame]));
        assert_eq!(numbers, [1, 2, 3, 0, 2, 0]);
        assert_eq!(STACKS.used.load(Ordering::Relaxed), 3, "room for those that have no number");
        assert_eq!(count(&STACKS), 3);
        assert_eq!(frames(&STACKS, 3), Some((vec![9], 0)));
        assert_eq!(frames(&STACKS, 4), None);
    }

    #[test]
    fn frames_lie_in_one_chunk() {
        static STACKS: Stacks = Stacks::new(CAPACITY);
        // Odd lengths, so that the ends of chunks are met anywhere.
        let stack = |at: usize| (0..97 + at % 31).map(|frame| at << 8 | frame).collect::<Vec<_>>();
        let count = 3 * WORDS / 100;
        for at in 0..count {
            assert_eq!(intern(&STACKS, (at as u64) << 40, 0, &stack(at)), at as u32 + 1);
        }
        for at in 0..count {
            assert_eq!(frames(&STACKS, at as u32 + 1), Some((stack(at), 0)));
        }
    }

    #[test]
    fn a_million_stacks_and_no_more() {
        static STACKS: Stacks = Stacks::new(CAPACITY);
        let intern = |at: u32| {
            let hash = u64::from(at).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            intern(&STACKS, hash, 0, &[at as usize, at as usize / 3])
        };
        assert!((0..CAPACITY).all(|at| intern(at) == at + 1));
        assert!((CAPACITY..CAPACITY + 100).all(|at| intern(at) == 0));
        assert!((0..CAPACITY).step_by(1000).all(|at| intern(at) == at + 1));
        assert_eq!(count(&STACKS), CAPACITY);
    }

    #[test]
    fn threads_agree() {
        static STACKS: Stacks = Stacks::new(CAPACITY);
        const DIFFERENT: usize = 2000;
        let numbers: Vec<Vec<u32>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|thread| {
                    scope.spawn(move || {
                        let order = (0..DIFFERENT).map(|at| (at + thread % 2 * 7) % DIFFERENT);
                        let mut numbers = vec![0; DIFFERENT];
                        // Few buckets, so that they meet.
                        order.for_each(|at| numbers[at] = intern(&STACKS, ((at % 16) as u64) << 40, 3, &[at; 5]));
                        numbers
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(numbers.iter().all(|those| *those == numbers[0]));
        for (at, number) in numbers[0].iter().enumerate() {
            assert_eq!(frames(&STACKS, *number), Some((vec![at; 5], 3)));
        }
        let mut different = numbers[0].clone();
        different.sort_unstable();
        different.dedup();
        assert_eq!(different.len(), DIFFERENT);
    }
}

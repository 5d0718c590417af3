//! Equal stacks get equal numbers: a table that only grows, without locks.
//!
//! A bucket is a list of records, newest first. Who misses writes a record of its own and puts it in front by one
//! compare-and-swap; if others were faster, only what they put there has to be looked at before the next try. Nothing is ever
//! taken out, so that a list which was read stays true.

use lagom_base::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

/// One stack. All zero is a valid one: nobody's.
#[derive(Debug)]
pub(crate) struct Record {
    hash: AtomicU64,
    /// Where its frames begin among the words.
    start: AtomicUsize,
    /// One more than the frames, so that 0 says "not written yet".
    length: AtomicU32,
    span: AtomicU32,
    /// The number of the next in the bucket.
    next: AtomicU32,
}

impl Record {
    #[cfg(lagom_loom)]
    pub(crate) fn new() -> Self {
        Self {
            hash: AtomicU64::new(0),
            start: AtomicUsize::new(0),
            length: AtomicU32::new(0),
            span: AtomicU32::new(0),
            next: AtomicU32::new(0),
        }
    }
}

/// Where the table lies. What it lends is the same place for the same argument, for ever.
pub(crate) trait Store {
    /// So many stacks fit.
    fn capacity(&self) -> u32;
    /// How many numbers were given out, or tried to.
    fn numbers(&self) -> &AtomicU32;
    /// The bucket of a hash, which holds the number of its first record, 0 for none. `None` if memory is short.
    fn bucket(&self, hash: u64) -> Option<&AtomicU32>;
    /// The record of a number from 1 to the capacity. `None` if memory is short, but not for one that was lent before.
    fn record(&self, number: u32) -> Option<&Record>;
    /// The beginning of so many words that nobody else is lent; `None` if no more fit.
    fn reserve(&self, words: usize) -> Option<usize>;
    /// Words that were reserved.
    fn words(&self, start: usize, length: usize) -> &[AtomicUsize];
}

/// The number of these frames in this span, from 1; 0 if the table is full. Two stacks with one hash are told apart.
pub(crate) fn intern(store: &impl Store, hash: u64, span: u32, frames: &[usize]) -> u32 {
    let Some(bucket) = store.bucket(hash) else { return 0 };
    let is_wanted = |record: &Record| {
        record.hash.load(Ordering::Relaxed) == hash
            && record.span.load(Ordering::Relaxed) == span
            && words(store, record).is_some_and(|words| {
                words.len() == frames.len()
                    && words.iter().zip(frames).all(|(word, frame)| word.load(Ordering::Relaxed) == *frame)
            })
    };
    // Acquire, here and below: a record is written before it is in a bucket.
    let mut first = bucket.load(Ordering::Acquire);
    if let Some(number) = find(store, first, 0, is_wanted) {
        return number;
    }
    let Some((number, record)) = write(store, hash, span, frames) else { return 0 };
    loop {
        record.next.store(first, Ordering::Relaxed);
        match bucket.compare_exchange(first, number, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => return number,
            Err(now) => {
                // The record that was written is nobody's then.
                if let Some(number) = find(store, now, first, is_wanted) {
                    return number;
                }
                first = now;
            }
        }
    }
}

/// A new record, in no bucket yet.
fn write<'a>(store: &'a impl Store, hash: u64, span: u32, frames: &[usize]) -> Option<(u32, &'a Record)> {
    if store.numbers().load(Ordering::Relaxed) >= store.capacity() {
        return None;
    }
    let start = store.reserve(frames.len())?;
    let number = store.numbers().fetch_add(1, Ordering::Relaxed) + 1;
    if number > store.capacity() {
        return None;
    }
    let record = store.record(number)?;
    for (word, frame) in store.words(start, frames.len()).iter().zip(frames) {
        word.store(*frame, Ordering::Relaxed);
    }
    record.hash.store(hash, Ordering::Relaxed);
    record.span.store(span, Ordering::Relaxed);
    record.start.store(start, Ordering::Relaxed);
    // Release: for who goes through the numbers, not through the buckets.
    record.length.store(frames.len() as u32 + 1, Ordering::Release);
    Some((number, record))
}

/// The first wanted one from this number on, before that.
fn find(store: &impl Store, from: u32, end: u32, is_wanted: impl Fn(&Record) -> bool) -> Option<u32> {
    let mut number = from;
    while number != end {
        let record = store.record(number)?;
        if is_wanted(record) {
            return Some(number);
        }
        number = record.next.load(Ordering::Relaxed);
    }
    None
}

fn words<'a>(store: &'a impl Store, record: &Record) -> Option<&'a [AtomicUsize]> {
    let length = record.length.load(Ordering::Acquire).checked_sub(1)?;
    Some(store.words(record.start.load(Ordering::Relaxed), length as usize))
}

/// How many numbers there are. One may be nobody's: two threads met with the same stack, and one of them was faster.
pub(crate) fn count(store: &impl Store) -> u32 {
    store.numbers().load(Ordering::Relaxed).min(store.capacity())
}

/// The stack of a number and its span; `None` as long as there is none.
pub(crate) fn stack(store: &impl Store, number: u32) -> Option<(&[AtomicUsize], u32)> {
    if number == 0 || number > count(store) {
        return None;
    }
    let record = store.record(number)?;
    let words = words(store, record)?;
    Some((words, record.span.load(Ordering::Relaxed)))
}

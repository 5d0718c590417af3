//! A lock that is given back by a plain store.

use lagom_base::lock::{Queue, Word};
use lagom_base::sync::cell::UnsafeCell;
use lagom_base::sync::{Arc, loom};

struct Locks {
    queue: Queue,
    words: [Word; 2],
    /// What they guard.
    counts: [UnsafeCell<usize>; 2],
}

impl Locks {
    fn new() -> Arc<Self> {
        let counts = [UnsafeCell::new(0), UnsafeCell::new(0)];
        Arc::new(Self { queue: Queue::new(), words: [Word::new(), Word::new()], counts })
    }

    /// Under one of the locks.
    fn count(&self, which: usize) {
        self.words[which].take(&self.queue);
        // SAFETY: the lock is held.
        self.counts[which].with_mut(|count| unsafe { *count += 1 });
        self.words[which].give(&self.queue);
    }

    fn counts(&self) -> [usize; 2] {
        // SAFETY: the threads have ended.
        [0, 1].map(|which| self.counts[which].with(|count| unsafe { *count }))
    }
}

/// What threads do that each count under these locks, one after the other.
fn model(threads: &'static [&'static [usize]], counts: [usize; 2]) {
    loom::model(move || {
        let locks = Locks::new();
        let (own, others) = threads.split_first().unwrap();
        let others: Vec<_> = others
            .iter()
            .map(|uses| {
                let locks = Arc::clone(&locks);
                loom::thread::spawn(move || uses.iter().for_each(|which| locks.count(*which)))
            })
            .collect();
        own.iter().for_each(|which| locks.count(*which));
        others.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(locks.counts(), counts);
    });
}

#[test]
fn two_threads() {
    model(&[&[0, 0], &[0, 0]], [4, 0]);
}

#[test]
fn three_threads() {
    model(&[&[0], &[0], &[0]], [3, 0]);
}

#[test]
fn two_locks_with_one_queue() {
    model(&[&[0, 1], &[0], &[1]], [2, 2]);
}

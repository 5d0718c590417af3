//! Many threads intern and drop the same few values: never two live objects of one value, none left behind.

use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::thread;

use lagom_weakcache::{Interned, Interner};

/// Few where an interpreter runs the test.
const ROUNDS: usize = if cfg!(miri) { 50 } else { 20_000 };

/// A value of which the copies in the interner are counted, not those that are asked with.
struct Life {
    key: usize,
    copies: Arc<AtomicUsize>,
    is_copy: bool,
}

impl Hash for Life {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl PartialEq for Life {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Life {}

impl Clone for Life {
    fn clone(&self) -> Self {
        self.copies.fetch_add(1, SeqCst);
        Self { key: self.key, copies: Arc::clone(&self.copies), is_copy: true }
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.copies.fetch_sub(usize::from(self.is_copy), SeqCst);
    }
}

#[test]
fn never_two_live_objects_of_one_value() {
    for shards in [1, 16] {
        let values = Interner::<Life>::builder().shards(shards).build();
        let copies = Arc::new(AtomicUsize::new(0));
        let gate = Barrier::new(4);
        thread::scope(|scope| {
            for thread in 0..4_usize {
                let (values, copies, gate) = (&values, &copies, &gate);
                scope.spawn(move || {
                    gate.wait();
                    for round in 0..ROUNDS {
                        let key = (round * (thread + 1)) % 4;
                        let asked = Life { key, copies: Arc::clone(copies), is_copy: false };
                        let handle = values.intern(&asked);
                        // Whoever holds it with others holds the same one.
                        let again = values.get(&asked).expect("held");
                        assert!(handle == again && std::ptr::eq(&*handle, &*again) && handle.key == key);
                        if round % 3 == 0 {
                            thread::yield_now();
                        }
                    }
                });
            }
        });
        let stats = values.stats();
        assert_eq!((stats.len(), stats.loads() - stats.deaths()), (0, 0));
        assert_eq!(values.bytes().values(), 0, "also those that were replaced while they died are counted out");
        assert_eq!(stats.hits() + stats.misses(), 8 * ROUNDS as u64);
        assert_eq!(copies.load(SeqCst), 0, "each copy was dropped, once");
    }
}

#[test]
fn what_is_held_at_once_is_one_object() {
    // In each round all threads hold a handle of the same new text at one time.
    let texts = Interner::<str>::new();
    let (gate, held) = (Barrier::new(4), Barrier::new(4));
    let addresses: Vec<AtomicUsize> = (0..ROUNDS).map(|_| AtomicUsize::new(0)).collect();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for (round, address) in addresses.iter().enumerate() {
                    gate.wait();
                    let handle: Interned<str> = texts.intern(&format!("text {}", round % 7));
                    let mine = handle.as_ptr().addr();
                    let theirs = address.compare_exchange(0, mine, SeqCst, SeqCst).unwrap_or_else(|theirs| theirs);
                    assert!(theirs == 0 || theirs == mine, "two objects of one text");
                    held.wait();
                }
            });
        }
    });
    let stats = texts.stats();
    assert_eq!((stats.len(), stats.deaths()), (0, stats.loads()));
    assert!(stats.loads() <= ROUNDS as u64, "at most one life a round, {}", stats.loads());
}

#[test]
fn a_thousand_short_threads_and_an_interner_that_goes_first() {
    for _ in 0..ROUNDS / 2_000 {
        let texts = Arc::new(Interner::<str>::new());
        let threads: Vec<_> = (0..100)
            .map(|n| {
                let texts = Arc::clone(&texts);
                thread::spawn(move || [texts.intern("shared"), texts.intern(&format!("own {n}"))])
            })
            .collect();
        drop(texts);
        for (n, thread) in threads.into_iter().enumerate() {
            let [shared, own] = thread.join().unwrap();
            assert_eq!((&*shared, &*own), ("shared", &*format!("own {n}")));
        }
    }
}

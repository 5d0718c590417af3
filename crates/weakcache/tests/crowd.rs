//! Crowds of threads on few keys: what a thread holds is found by all, as the same object, whatever the others do.

mod common;

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::mpsc;
use std::thread;

use common::{Counted, Ledger};
use lagom_weakcache::{Cached, WeakCache};

const THREADS: u64 = if cfg!(miri) { 3 } else { 8 };
const ROUNDS: usize = if cfg!(miri) { 60 } else { 4_000 };

/// Small, fast, and good enough to mix operations.
struct Random(u64);

impl Random {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

/// A hash of which only the bits of the mask differ; none is the constant hasher.
#[derive(Clone, Copy)]
struct Masked(u64);

impl BuildHasher for Masked {
    type Hasher = MaskedHasher;

    fn build_hasher(&self) -> MaskedHasher {
        MaskedHasher { mask: self.0, hash: 0 }
    }
}

struct MaskedHasher {
    mask: u64,
    hash: u64,
}

impl Hasher for MaskedHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
        }
    }

    fn finish(&self) -> u64 {
        self.hash & self.mask
    }
}

/// Each thread alone puts its own keys in and takes them out, and all look for all keys: a thread knows at any time what
/// is to be found of its own, and of the others' that it is what it says.
fn owners<S: BuildHasher + Sync>(cache: &WeakCache<u64, Counted, S>, ledger: &Ledger) {
    const OWN: u64 = 3;
    thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                let mut random = Random(thread + 1);
                let mut held: [Option<Cached<Counted>>; OWN as usize] = Default::default();
                for _ in 0..ROUNDS {
                    let own = random.next(OWN);
                    let key = thread * OWN + own;
                    let holding = &mut held[own as usize];
                    match random.next(10) {
                        0 => *holding = Some(cache.insert(key, ledger.value(key))),
                        1 => {
                            let removed = cache.remove(&key);
                            if let Some(held) = &holding {
                                assert!(Cached::ptr_eq(held, &removed.expect("held")));
                            }
                            *holding = None;
                            assert!(!cache.contains_key(&key), "nobody else puts it in");
                        }
                        2 => *holding = None,
                        3..6 => match (&*holding, cache.get(&key)) {
                            (Some(held), Some(found)) => assert!(Cached::ptr_eq(held, &found)),
                            (Some(_), None) => panic!("held, but not found"),
                            (None, _) => {}
                        },
                        6 => {
                            let mut made = false;
                            let found = cache.get_or_insert_with(key, || {
                                made = true;
                                ledger.value(key)
                            });
                            if let Some(held) = &holding {
                                assert!(!made && Cached::ptr_eq(held, &found), "two live objects of one key");
                            }
                            *holding = Some(found);
                        }
                        7 => {
                            let seen = cache.with(&key, |value| (value.id, std::ptr::from_ref(value).addr()));
                            if let Some(held) = &holding {
                                assert_eq!(seen, Some((key, std::ptr::from_ref::<Counted>(held).addr())));
                            }
                        }
                        _ => {
                            let key = random.next(THREADS * OWN);
                            assert!(cache.get(&key).is_none_or(|found| found.id == key));
                            assert_eq!(cache.with(&key, |value| value.id).unwrap_or(key), key);
                        }
                    }
                }
            });
        }
    });
    let stats = cache.stats();
    assert_eq!((stats.len(), stats.len()), (stats.strong_len(), ledger.alive()), "nobody holds anything");
    assert!(stats.strong_len() <= cache.capacity());
    cache.clear();
    assert_eq!((cache.len(), ledger.alive()), (0, 0));
}

#[test]
fn what_is_held_is_found() {
    for capacity in [0, 1, 3, usize::MAX] {
        for shards in [1, 4] {
            owners(&WeakCache::builder().capacity(capacity).shards(shards).build(), &Ledger::default());
        }
    }
}

#[test]
fn what_is_held_is_found_whatever_the_hasher() {
    for mask in [0, 1, 0xFF, 0xFF << 24, 0xFF << 56, 1 << 63, u64::MAX] {
        for capacity in [0, 2] {
            owners(&WeakCache::builder().capacity(capacity).hasher(Masked(mask)).build(), &Ledger::default());
        }
    }
}

/// Of every key there is one object at a time as long as values come by loads alone; what is cleared away or taken out
/// while it is held goes on beside the next one, so nobody does that here.
#[test]
fn one_object_of_a_key_at_a_time() {
    const KEYS: usize = 3;
    for (capacity, mask) in [(0, u64::MAX), (1, u64::MAX), (1, 0)] {
        let (cache, ledger) = (WeakCache::builder().capacity(capacity).hasher(Masked(mask)).build(), Ledger::default());
        let calls = AtomicU64::new(0);
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let (cache, ledger, calls) = (&cache, &ledger, &calls);
                scope.spawn(move || {
                    let mut random = Random(thread + 7);
                    for _ in 0..ROUNDS {
                        let key = random.next(KEYS as u64) as usize;
                        let held = cache.get_or_insert_with(key, || {
                            calls.fetch_add(1, SeqCst);
                            ledger.value(key as u64)
                        });
                        let address = std::ptr::from_ref::<Counted>(&held).addr();
                        assert_eq!(cache.with(&key, |value| std::ptr::from_ref(value).addr()), Some(address), "held");
                        assert!(Cached::ptr_eq(&held, &cache.get(&key).expect("held")));
                    }
                });
            }
        });
        let stats = cache.stats();
        assert_eq!((ledger.made() as u64, stats.loads()), (calls.load(SeqCst), calls.load(SeqCst)));
        assert_eq!(stats.deaths() + stats.len() as u64, calls.load(SeqCst), "every life but the strong ones is over");
        assert_eq!(ledger.alive(), stats.len());
    }
}

/// A reader stays in `with` while others write: they go on, the entry is found no more once it is evicted, and its value
/// is dropped when the reader is done.
#[test]
fn a_reader_that_stays() {
    const CHURN: u64 = if cfg!(miri) { 100 } else { 50_000 };
    for how in ["clear", "remove", "insert", "churn"] {
        let (cache, ledger) = (WeakCache::new(2), Ledger::default());
        cache.insert(0, ledger.value(0));
        assert_eq!(cache.with(&0, |value| value.id), Some(0), "from now on it may be borrowed without a handle");
        thread::scope(|scope| {
            let (inside, entered) = mpsc::channel();
            let (leave, left) = mpsc::channel::<()>();
            let (cache, reading) = (&cache, &ledger);
            let reader = scope.spawn(move || {
                cache.with(&0, |value| {
                    inside.send(()).unwrap();
                    left.recv().unwrap();
                    assert!(reading.alive() > 0);
                    value.id
                })
            });
            entered.recv().unwrap();
            match how {
                "clear" => cache.clear(),
                "remove" => drop(cache.remove(&0).expect("in the strong tier")),
                "insert" => drop(cache.insert(0, ledger.value(100))),
                _ => {}
            }
            let expected = usize::from(how == "insert");
            assert_eq!(
                cache.with(&0, |value| value.id),
                match how {
                    "insert" => Some(100),
                    "churn" => Some(0),
                    _ => None,
                }
            );
            if how != "churn" {
                assert_eq!((cache.len(), ledger.alive()), (expected, expected + 1), "{how}: it lives for the reader");
            }
            for key in 1..=CHURN {
                cache.insert(key, ledger.value(key));
                assert!(cache.stats().strong_len() <= 2 && ledger.alive() <= 4);
            }
            leave.send(()).unwrap();
            assert_eq!(reader.join().unwrap(), Some(0));
        });
        assert_eq!((cache.len(), ledger.alive()), (2, 2), "{how}");
    }
}

/// Many borrows, one in the other, of one thread: more than it has places for.
#[test]
fn borrows_nest() {
    fn nest(cache: &WeakCache<u64, Counted>, key: u64) -> u64 {
        if key == 10 {
            cache.clear();
            assert_eq!(cache.len(), 0);
            return 0;
        }
        cache.with(&key, |value| value.id + nest(cache, key + 1)).expect("in the strong tier")
    }

    let (cache, ledger) = (WeakCache::new(100), Ledger::default());
    for key in 0..10 {
        cache.insert(key, ledger.value(1));
        cache.with(&key, |_| ());
    }
    assert_eq!(nest(&cache, 0), 10);
    assert_eq!(ledger.alive(), 0);
}

/// A value that is evicted by the very borrow of it, whose reader panics.
#[test]
fn a_panic_ends_a_borrow() {
    let (cache, ledger) = (WeakCache::new(1), Ledger::default());
    cache.insert(0, ledger.value(0));
    cache.with(&0, |_| ());
    let message = common::panic_message(|| {
        cache.with(&0, |_| {
            cache.clear();
            assert_eq!(ledger.alive(), 1);
            panic!("in the borrow");
        })
    });
    assert_eq!((message.as_str(), cache.len(), ledger.alive()), ("in the borrow", 0, 0));
}

/// Threads come and go.
#[test]
fn a_thousand_short_threads() {
    const COUNT: u64 = if cfg!(miri) { 20 } else { 1_000 };
    let (cache, ledger) = (WeakCache::new(3), Ledger::default());
    for batch in 0..COUNT / 10 {
        thread::scope(|scope| {
            for thread in 0..10 {
                let (cache, ledger) = (&cache, &ledger);
                scope.spawn(move || {
                    let key = (batch + thread) % 5;
                    let held = cache.get_or_insert_with(key, || ledger.value(key));
                    assert_eq!(cache.with(&key, |value| value.id), Some(key));
                    assert!(Cached::ptr_eq(&held, &cache.get(&key).expect("held")));
                });
            }
        });
    }
    assert_eq!((cache.len(), ledger.alive()), (3, 3));
    assert_eq!(cache.stats().hits() + cache.stats().misses(), 3 * COUNT);
}

/// A load that many want: one call, whoever panics hands over, and other keys go on.
#[test]
fn one_call_for_all() {
    let (cache, ledger) = (WeakCache::builder().capacity(10).hasher(Masked(0)).build(), Ledger::default());
    let (calls, go) = (AtomicU64::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let load = || {
                    let call = calls.fetch_add(1, SeqCst);
                    while !go.load(SeqCst) {
                        thread::yield_now();
                    }
                    assert!(call > 0, "the first load");
                    ledger.value(1)
                };
                let result =
                    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| cache.get_or_insert_with(1, load)));
                assert!(result.is_err() || result.is_ok_and(|value| value.id == 1));
            });
        }
        while calls.load(SeqCst) == 0 {
            thread::yield_now();
        }
        // A key of the same hash, in the meantime.
        assert_eq!(cache.get_or_insert_with(2, || ledger.value(2)).id, 2);
        go.store(true, SeqCst);
    });
    assert_eq!((calls.load(SeqCst), ledger.alive()), (2, 2), "one panicked, one loaded, the strong tier keeps it");
}

/// The standard hasher does, too.
#[test]
fn the_standard_hasher() {
    owners(&WeakCache::builder().capacity(2).hasher(RandomState::new()).build(), &Ledger::default());
}

/// However busy the readers, what is given up is freed.
#[test]
fn busy_readers_hold_up_no_memory() {
    let cache = WeakCache::builder().capacity(0).shards(1).build();
    let held: Vec<_> = (0..100_u64).map(|key| cache.insert(key, [key; 8])).collect();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while !stop.load(SeqCst) {
                    assert!((0..100).all(|key| cache.contains_key(&key)));
                }
            });
        }
        let mut most = 0;
        for round in 1..=20 {
            drop((0..5_000).map(|key| cache.insert(round << 32 | key, [0; 8])).collect::<Vec<_>>());
            most = most.max(cache.memory_usage().total());
        }
        stop.store(true, SeqCst);
        // What a thread that was stopped in its look kept may be there still, but not what was given up in all rounds.
        assert!(most < 2 << 20, "{most} bytes");
    });
    cache.shrink_to_fit();
    assert!(cache.memory_usage().total() < 64 << 10, "{}", cache.memory_usage());
    drop(held);
}

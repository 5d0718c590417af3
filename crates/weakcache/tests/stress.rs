//! Many threads: never two live objects of one key, every value dropped once, counts that agree in the end.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;

use common::Ledger;
use lagom_weakcache::{Cached, WeakCache};

const THREADS: u64 = 4;
const KEYS: usize = 8;

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

/// Loads only: while a handle of a key lives, every load of it gives the same object, and no factory runs.
///
/// A checker beside the cache knows for each key how many handles threads hold, and which object they are of.
#[test]
fn factory_calls_are_lives() {
    for capacity in [0, 2] {
        let (cache, ledger) = (WeakCache::new(capacity), Ledger::default());
        // Number of holders in the low half, the id of the object in the high half.
        let held: [AtomicU64; KEYS] = Default::default();
        let next = AtomicU64::new(1);
        thread::scope(|scope| {
            for seed in 1..=THREADS {
                let (cache, ledger, held, next) = (&cache, &ledger, &held, &next);
                scope.spawn(move || {
                    let mut random = Random(seed * 0x9E37_79B9);
                    for _ in 0..5_000 {
                        let key = random.next(KEYS as u64) as usize;
                        let value = cache.get_or_insert_with(key, || ledger.value(next.fetch_add(1, SeqCst)));
                        let enter = held[key].fetch_update(SeqCst, SeqCst, |now| match now & 0xFFFF_FFFF {
                            0 => Some(value.id << 32 | 1),
                            _ => Some(now + 1),
                        });
                        let before = enter.unwrap();
                        assert!(before & 0xFFFF_FFFF == 0 || before >> 32 == value.id, "two live objects of one key");
                        if random.next(4) == 0 {
                            thread::yield_now();
                        }
                        let again = cache.get(&key).expect("held");
                        assert!(Cached::ptr_eq(&again, &value));
                        drop(again);
                        held[key].fetch_sub(1, SeqCst);
                        drop(value);
                    }
                });
            }
        });
        let stats = cache.stats();
        assert_eq!((stats.loads(), ledger.made() as u64), (next.load(SeqCst) - 1, next.load(SeqCst) - 1));
        assert_eq!(stats.deaths() + stats.len() as u64, stats.loads(), "every life but the strong ones is over");
        assert_eq!((stats.len(), ledger.alive()), (capacity, capacity));
        drop(cache);
        assert_eq!(ledger.alive(), 0);
    }
}

/// Every operation at once; nothing is lost, found twice, or dropped twice, and the tier keeps its bound.
#[test]
fn everything_at_once() {
    let (cache, ledger) = (Arc::new(WeakCache::new(3)), Ledger::default());
    thread::scope(|scope| {
        for seed in 1..=THREADS {
            let (cache, ledger) = (&cache, &ledger);
            scope.spawn(move || {
                let mut random = Random(seed * 0x0123_4567_89AB);
                let mut kept = Vec::new();
                for step in 0..4_000 {
                    let key = random.next(KEYS as u64);
                    match random.next(16) {
                        0..4 => kept.extend(cache.get(&key)),
                        4..7 => kept.push(cache.insert(key, ledger.value(key))),
                        7..11 => kept.push(cache.get_or_insert_with(key, || ledger.value(key))),
                        11 => drop(cache.try_get_or_insert_with(key, || Err(()))),
                        12 => kept.extend(cache.remove(&key)),
                        13 => cache.retain(|other, value| *other == value.id && *other != key),
                        14 if step % 64 == 0 => cache.clear(),
                        _ => assert_eq!(cache.with(&key, |value| value.id).unwrap_or(key), key),
                    }
                    if kept.len() > 4 {
                        kept.swap_remove(random.next(5) as usize);
                    }
                    assert!(cache.stats().strong_len() <= 3);
                }
            });
        }
    });
    assert_eq!(cache.len(), ledger.alive(), "nobody holds anything: what lives is strong");
    assert_eq!(cache.len(), cache.stats().strong_len());
    cache.clear();
    assert_eq!(ledger.alive(), 0);
}

/// One key, two threads that always drop the last handle and look for it at the same time.
#[test]
fn resurrection() {
    let (cache, ledger) = (WeakCache::new(0), Ledger::default());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..20_000 {
                    let handle = cache.get_or_insert_with((), || ledger.value(7));
                    assert_eq!(handle.id, 7);
                    if let Some(other) = cache.get(&()) {
                        assert!(Cached::ptr_eq(&handle, &other));
                    } else {
                        panic!("held, but not found");
                    }
                }
            });
        }
    });
    let stats = cache.stats();
    assert_eq!((stats.len(), ledger.alive()), (0, 0));
    assert_eq!((stats.deaths(), stats.loads()), (ledger.made() as u64, ledger.made() as u64));
}

/// Caches that die while other threads drop their handles.
#[test]
fn the_cache_dies_in_the_crowd() {
    let ledger = Ledger::default();
    for _ in 0..200 {
        let cache = WeakCache::new(4);
        let handles: Vec<_> = (0..16).map(|key| cache.insert(key, ledger.value(key))).collect();
        thread::scope(|scope| {
            let (first, second) = handles.split_at(8);
            let (first, second) = (first.to_vec(), second.to_vec());
            scope.spawn(move || drop(first));
            scope.spawn(move || drop(second));
            scope.spawn(move || drop(cache));
            drop(handles);
        });
        assert_eq!(ledger.alive(), 0);
    }
}

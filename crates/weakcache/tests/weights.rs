//! Weights, budgets of bytes, and the bound of the strong tier.

#[path = "common/alloc.rs"]
mod alloc;
mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::thread;

use alloc::Meter;
use common::Ledger;
use lagom_weakcache::{Eviction, WeakCache, WeakCacheBuilder};

const POLICIES: [Eviction; 2] = [Eviction::Adaptive, Eviction::Lru];

/// Numbers that look random (Steele, Lea and Flood 2014).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ mixed >> 31) % end
    }
}

/// A cache of values that are their own weights.
fn weighed(capacity: usize, eviction: Eviction) -> WeakCache<u64, u64> {
    WeakCache::builder().capacity(capacity).eviction(eviction).weigher(|_, value| *value).build()
}

fn weight(cache: &WeakCache<u64, u64>) -> u128 {
    cache.iter().map(|entry| u128::from(*entry.value())).sum()
}

#[test]
fn the_sum_of_weights_is_bounded() {
    for eviction in POLICIES {
        let (cache, mut numbers) = (weighed(1000, eviction), Numbers(1));
        let mut most = 0;
        for _ in 0..20_000 {
            cache.insert(numbers.below(500), numbers.below(100));
            cache.get(&numbers.below(500));
            let weight = weight(&cache);
            assert_eq!(u128::from(cache.stats().strong_weight()), weight);
            most = most.max(weight);
            assert!(most <= 1000, "{most} by {eviction:?}");
        }
        assert!(most > 950, "the room is used: {most}");
    }
}

#[test]
fn stats_tell_entries_from_weights_and_bytes() {
    let start = |cache: &WeakCache<u64, u64>| {
        cache.insert(1, 60);
        let _gone = (cache.insert(2, 60), cache.remove(&2));
        cache.stats().to_string().split(" hits").next().unwrap().to_owned()
    };
    for eviction in POLICIES {
        let builder = || WeakCache::builder().eviction(eviction);
        assert_eq!(start(&builder().capacity(10).build()), "1 live, 1 of 10 strong, 0");
        assert_eq!(start(&weighed(200, eviction)), "1 live, 1 strong, weighing 60 of 200, 0");
        let bytes = builder().max_bytes(1 << 20).weigher(|_, value| *value).shards(4).build();
        let told = start(&bytes);
        let weight = bytes.stats().strong_weight();
        assert_eq!(told, format!("1 live, 1 strong, {weight} of 1048576 bytes, 0"));
        // Key and value, what the value says that it owns, and what the cache needs for it.
        assert!((60 + 16 + 16..60 + 16 + 100).contains(&weight), "{weight}");
    }
}

#[test]
fn the_weightless_stay_and_the_heaviest_do_not() {
    for eviction in POLICIES {
        let cache = weighed(3, eviction);
        for key in 0..1000 {
            cache.insert(key, 0);
        }
        assert_eq!((cache.len(), cache.stats().evictions()), (1000, 0));
        // Heavier than all that there is room for: nobody has to leave for it, and it stays while it is held.
        let heavy = [5000, 1 << 32, (1 << 32) + 1, u64::MAX].map(|weight| cache.insert(weight, weight));
        assert_eq!((cache.len(), cache.stats().strong_len(), cache.stats().evictions()), (1004, 1000, 0));
        for handle in &heavy {
            for _ in 0..5 {
                assert_eq!(cache.get(&**handle).as_deref(), Some(&**handle));
            }
        }
        drop(heavy);
        assert_eq!((cache.len(), cache.stats().deaths()), (1000, 4));
        cache.insert(2000, 3);
        assert!(cache.contains_key(&2000));
        cache.remove(&2000);
        assert_eq!(cache.len(), 1000);
        cache.set_capacity(0);
        assert_eq!((cache.len(), cache.stats().strong_len()), (0, 0), "not even the weightless");
        cache.insert(1, 0);
        assert!(cache.is_empty());
    }
}

#[test]
fn weights_do_not_overflow() {
    for eviction in POLICIES {
        let cache = weighed(usize::MAX, eviction);
        for (key, weight) in
            [u64::MAX, u64::MAX, 1, u64::MAX - 1, 1, u64::MAX / 2, u64::MAX / 2, 2].into_iter().enumerate()
        {
            cache.insert(key as u64, weight);
            assert!(cache.contains_key(&(key as u64)), "{eviction:?} {key}");
            assert!(self::weight(&cache) <= u128::from(u64::MAX));
        }
        cache.insert(7, 5);
        cache.set_capacity(5);
        assert!(weight(&cache) <= 5);
        let bytes = WeakCache::builder().max_bytes(usize::MAX).weigher(|_: &u8, weight: &u64| *weight).build();
        bytes.insert(1, u64::MAX);
        bytes.insert(2, u64::MAX);
        assert_eq!(bytes.len(), 1);
    }
}

/// Replaced, and held while it leaves and comes back.
#[test]
fn an_entry_weighs_what_it_weighed_when_it_came() {
    for eviction in POLICIES {
        let weights = Arc::new(AtomicI64::new(10));
        let own = Arc::clone(&weights);
        let cache = WeakCache::builder().capacity(100).eviction(eviction);
        let cache = cache.weigher(move |_: &u32, _: &u32| own.load(SeqCst) as u64).build();
        for round in 0..50 {
            weights.store(1 + round % 20, SeqCst);
            for key in 0..30 {
                let held = cache.insert(key, key);
                weights.store(1 + (round + i64::from(key)) % 20, SeqCst);
                cache.insert(key + 1000, 0);
                for _ in 0..3 {
                    cache.get(&key);
                }
                cache.keep(&key);
                cache.release(&key);
                drop(held);
                cache.remove(&(key + 1000));
            }
        }
        cache.clear();
        weights.store(100, SeqCst);
        cache.insert(1, 1);
        assert_eq!(cache.len(), 1, "after all left nothing weighs");
        weights.store(1, SeqCst);
        for key in 0..200 {
            cache.insert(key, 1);
        }
        assert_eq!(cache.len(), 100);
    }
}

#[test]
fn a_weigher_that_panics_leaves_nothing() {
    let ledger = Ledger::default();
    let cache = WeakCache::builder().capacity(10);
    let cache = cache.weigher(|key: &u32, _: &common::Counted| if *key == 13 { panic!("unlucky") } else { 1 }).build();
    cache.insert(1, ledger.value(1));
    for _ in 0..3 {
        assert_eq!(common::panic_message(|| cache.insert(13, ledger.value(2))), "unlucky");
        assert_eq!(common::panic_message(|| cache.get_or_insert_with(13, || ledger.value(2))), "unlucky");
        assert_eq!((cache.len(), ledger.alive()), (1, 1));
    }
    // Who waits takes over, and panics itself.
    let panics = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let load = || {
                    thread::sleep(std::time::Duration::from_millis(5));
                    ledger.value(3)
                };
                catch_unwind(AssertUnwindSafe(|| cache.get_or_insert_with(13, load))).unwrap_err();
                panics.fetch_add(1, SeqCst);
            });
        }
    });
    assert_eq!((panics.load(SeqCst), cache.len(), ledger.alive()), (4, 1, 1));
    assert_eq!(cache.get(&1).unwrap().id, 1);
}

#[test]
fn a_weigher_may_use_the_cache() {
    type Cache = WeakCache<u32, u32>;
    let own: Arc<OnceLock<Weak<Cache>>> = Arc::default();
    let back = Arc::clone(&own);
    let cache = Arc::new(
        WeakCache::builder()
            .capacity(20)
            .shards(1)
            .weigher(move |key: &u32, _: &u32| {
                let Some(cache) = back.get().and_then(Weak::upgrade) else { return 1 };
                if *key > 0 {
                    cache.insert(key - 1, *key);
                    cache.remove(key);
                    cache.get(&(key + 1));
                    cache.get_or_insert_with(key - 1, || unreachable!());
                    cache.purge_expired();
                    cache.set_capacity(20);
                }
                u64::from(*key)
            })
            .build(),
    );
    own.set(Arc::downgrade(&cache)).unwrap();
    cache.insert(5, 5);
    assert!(cache.contains_key(&5) && cache.contains_key(&0));
    assert_eq!(*cache.get_or_insert_with(6, || 6), 6);
    assert!(weight_of_keys(&cache) <= 20);
}

fn weight_of_keys(cache: &WeakCache<u32, u32>) -> u32 {
    cache.iter().map(|entry| *entry.key()).sum()
}

/// Entries in the strong tier are never too many, whoever looks whenever.
#[test]
fn the_bound_holds_at_every_instant() {
    for eviction in POLICIES {
        for shards in [1, 4] {
            for capacity in [0, 1, 3, 10, 100, usize::MAX] {
                let cache = WeakCache::builder().capacity(capacity).eviction(eviction).shards(shards).build();
                let over = AtomicBool::new(false);
                thread::scope(|scope| {
                    for thread in 0..4 {
                        let (cache, over) = (&cache, &over);
                        scope.spawn(move || {
                            let mut numbers = Numbers(thread);
                            let mut held = Vec::new();
                            for _ in 0..1500 {
                                let key = numbers.below(300);
                                match numbers.below(7) {
                                    0 => held.push(cache.insert(key, key)),
                                    1 => drop(cache.remove(&key)),
                                    2 => drop(held.pop()),
                                    3 => drop(cache.with(&key, |value| assert_eq!(*value, key))),
                                    4 => {
                                        cache.keep(&key);
                                    }
                                    5 => {
                                        cache.release(&key);
                                    }
                                    _ => drop(cache.get_or_insert_with(key, || key)),
                                }
                                if cache.stats().strong_len() > capacity {
                                    over.store(true, SeqCst);
                                }
                            }
                        });
                    }
                });
                assert!(!over.load(SeqCst), "{eviction:?}, {capacity}");
                for key in 0..300 {
                    cache.release(&key);
                }
                let stats = cache.stats();
                assert_eq!((stats.len(), stats.strong_len()), (stats.strong_len(), cache.iter().count()));
            }
        }
    }
}

/// A value that is on the scales while it lives.
struct Load {
    weight: u64,
    scales: Arc<AtomicI64>,
}

impl Load {
    fn new(weight: u64, scales: &Arc<AtomicI64>) -> Self {
        scales.fetch_add(weight as i64, SeqCst);
        Self { weight, scales: Arc::clone(scales) }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.scales.fetch_sub(self.weight as i64, SeqCst);
    }
}

#[test]
fn the_weight_is_bounded_at_every_instant() {
    const THREADS: i64 = 4;
    const MOST: i64 = 50;

    for eviction in POLICIES {
        let scales = Arc::new(AtomicI64::new(0));
        let cache =
            WeakCache::builder().capacity(1000).eviction(eviction).weigher(|_: &u64, load: &Load| load.weight).build();
        thread::scope(|scope| {
            for thread in 0..THREADS as u64 {
                let (cache, scales) = (&cache, &scales);
                scope.spawn(move || {
                    let mut numbers = Numbers(thread);
                    for _ in 0..5000 {
                        let (key, weight) = (numbers.below(300), numbers.below(MOST as u64));
                        match numbers.below(3) {
                            0 => drop(cache.insert(key, Load::new(weight, scales))),
                            1 => drop(cache.get_or_insert_with(key, || Load::new(weight, scales))),
                            _ => drop(cache.get(&key)),
                        }
                        // Each of the others may have just made one, and hold one that it takes out for it, or some of these.
                        assert!(scales.load(SeqCst) <= 1000 + 2 * (THREADS - 1) * MOST);
                    }
                });
            }
        });
        assert!((900..=1000).contains(&scales.load(SeqCst)), "{}", scales.load(SeqCst));
        drop(cache);
        assert_eq!(scales.load(SeqCst), 0);
    }
}

#[test]
fn the_capacity_changes_while_others_work() {
    for eviction in POLICIES {
        for shards in [1, 4] {
            let cache = WeakCache::builder().capacity(64).eviction(eviction).shards(shards).build();
            let done = AtomicBool::new(false);
            thread::scope(|scope| {
                for thread in 0..2 {
                    let (cache, done) = (&cache, &done);
                    scope.spawn(move || {
                        let mut numbers = Numbers(thread);
                        while !done.load(SeqCst) {
                            let key = numbers.below(300);
                            cache.insert(key, key);
                            cache.get(&numbers.below(300));
                        }
                    });
                }
                let setters: Vec<_> = (0..2)
                    .map(|thread| {
                        let cache = &cache;
                        scope.spawn(move || {
                            for capacity in
                                [0, 100, 3, usize::MAX, 1, 0, 64, 1000].into_iter().cycle().skip(thread).take(500)
                            {
                                cache.set_capacity(capacity);
                            }
                        })
                    })
                    .collect();
                setters.into_iter().for_each(|setter| setter.join().unwrap());
                for capacity in [100, 10, 0, 7, 0] {
                    cache.set_capacity(capacity);
                    for _ in 0..50 {
                        assert!(cache.stats().strong_len() <= capacity);
                    }
                }
                done.store(true, SeqCst);
            });
            assert_eq!((cache.len(), cache.stats().strong_len()), (0, 0));
            cache.set_capacity(8);
            (0..1000).for_each(|key| drop(cache.insert(key, key)));
            assert_eq!((cache.len(), cache.capacity()), (8, 8), "{eviction:?} in {shards}");
        }
    }
}

/// Of two that set it at once one comes last, for all parts of the cache.
#[test]
fn the_capacity_is_one_for_all_shards() {
    const LESS: usize = 1024;

    let cache = WeakCache::builder().shards(LESS).build();
    for _ in 0..if cfg!(miri) { 1 } else { 40 } {
        cache.set_capacity(4 * LESS);
        (0..6000).for_each(|key| drop(cache.insert(key, key)));
        let here = AtomicUsize::new(0);
        thread::scope(|scope| {
            for capacity in [LESS, 3 * LESS] {
                let (cache, here) = (&cache, &here);
                scope.spawn(move || {
                    here.fetch_add(1, SeqCst);
                    while here.load(SeqCst) < 2 {
                        std::hint::spin_loop();
                    }
                    cache.set_capacity(capacity);
                });
            }
        });
        (0..20_000).for_each(|key| drop(cache.insert(key, key)));
        assert_eq!(cache.stats().strong_len(), cache.capacity());
    }
}

#[test]
fn the_capacity_is_set_to_more_and_less() {
    for eviction in POLICIES {
        let ledger = Ledger::default();
        let cache = WeakCache::builder().capacity(0).eviction(eviction).shards(1).build();
        for (capacity, stay) in [(5, 5), (50, 50), (1, 1), (0, 0), (3, 3), (usize::MAX, 100), (10, 10)] {
            cache.set_capacity(capacity);
            assert_eq!(cache.capacity(), capacity);
            assert!(cache.len() <= capacity && ledger.alive() <= capacity);
            let held = cache.insert(1000, ledger.value(1000));
            cache.set_capacity(0);
            assert_eq!((cache.len(), ledger.alive()), (1, 1), "who is held lives on");
            cache.set_capacity(capacity);
            drop(held);
            (0..100).for_each(|key| drop(cache.insert(key, ledger.value(key))));
            assert_eq!((cache.len(), ledger.alive()), (stay, stay), "{eviction:?} {capacity}");
        }
    }
}

/// A cache that was made without a strong tier has many parts.
#[test]
fn a_tier_that_comes_later_is_bounded_and_filled() {
    const PARTS: usize = 8;

    for eviction in POLICIES {
        for capacity in [1, 3, 7, 8, 9, 100] {
            let cache = WeakCache::builder().capacity(0).shards(PARTS).eviction(eviction).build();
            cache.set_capacity(capacity);
            let mut gone_at_once = 0;
            for key in 0..if cfg!(miri) { 200 } else { 2000 } {
                cache.insert(key, key);
                gone_at_once += usize::from(!cache.contains_key(&key));
                assert!(cache.len() <= capacity);
            }
            assert_eq!(cache.len(), capacity, "all the room is used");
            // Only of the parts that get none.
            assert_eq!(gone_at_once > 0, capacity < PARTS, "{gone_at_once} of {capacity}");
        }
    }
}

fn texts(builder: WeakCacheBuilder<u64, String>, bytes: usize) -> WeakCache<u64, String> {
    builder.max_bytes(bytes).weigher(|_, text| text.capacity() as u64).build()
}

/// What the allocator sees stays below the limit plus an empty cache, whatever comes and goes.
#[test]
fn a_budget_of_bytes_is_one() {
    for eviction in POLICIES {
        for limit in [2_000, 20_000, 200_000, 1_000_000] {
            // What is asked for once.
            drop(texts(WeakCache::builder(), 1).insert(1, String::new()));
            let meter = Meter::new();
            let cache = texts(WeakCache::builder().eviction(eviction), limit);
            cache.get(&0);
            let empty = meter.bytes();
            let mut numbers = Numbers(1);
            let mut worst = 0;
            // Small ones, all kinds, large ones, small ones again, the same keys again and again.
            for (most, keys) in
                [(20, u64::MAX), (1000, u64::MAX), (3000, u64::MAX), (1, u64::MAX), (500, 300), (5000, 50)]
            {
                for _ in 0..if cfg!(miri) { 100 } else { 10_000 } {
                    let (key, len) = (numbers.below(keys), numbers.below(most));
                    drop(cache.insert(key, String::with_capacity(len as usize)));
                    worst = worst.max(meter.bytes() - empty);
                }
                assert!(worst <= limit as isize, "{worst} of {limit} by {eviction:?} with texts of up to {most}");
                worst = 0;
            }
            let usage = cache.memory_usage();
            if eviction == Eviction::Adaptive {
                assert_eq!(usage.total() as isize, meter.bytes());
            }
            assert!(limit < 200_000 || usage.owned() > limit / 10, "{usage}");
            drop(cache);
            assert_eq!(meter.bytes(), 0);
        }
    }
}

#[test]
fn a_budget_without_a_weigher_counts_what_lies_in_place() {
    let cache = WeakCache::builder().max_bytes(100_000).build();
    for key in 0..10_000_u64 {
        cache.insert(key, [key; 16]);
    }
    assert!((350..660).contains(&cache.len()), "{}", cache.len());
    assert_eq!(cache.memory_usage().owned(), 0);
    let held: Mutex<Vec<_>> = Mutex::default();
    let tiny = WeakCache::builder().max_bytes(10).build();
    held.lock().unwrap().push(tiny.insert(1, 1));
    assert_eq!((tiny.len(), tiny.stats().strong_len()), (1, 0), "no room for any");
}

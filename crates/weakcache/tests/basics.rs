//! What each operation does, in one thread.

mod common;

use std::hash::{BuildHasherDefault, Hasher};

use common::Ledger;
use lagom_weakcache::{Cached, Eviction, Interner, WeakCache};

#[test]
fn a_weak_entry_lives_with_its_handles() {
    let (cache, ledger) = (WeakCache::new(0), Ledger::default());
    let first = cache.insert("key", ledger.value(1));
    let second = first.clone();
    drop(first);
    assert_eq!((ledger.alive(), cache.len()), (1, 1));
    assert!(Cached::ptr_eq(&second, &cache.get("key").unwrap()));
    drop(second);
    assert_eq!((ledger.alive(), cache.len()), (0, 0));
    assert!(cache.get("key").is_none());
}

fn lru<K, V>(capacity: usize) -> WeakCache<K, V> {
    WeakCache::builder().capacity(capacity).eviction(Eviction::Lru).build()
}

#[test]
fn eviction_spares_what_is_held() {
    let (cache, ledger) = (lru(2), Ledger::default());
    let held = cache.insert(0, ledger.value(0));
    for key in 1..=5 {
        cache.insert(key, ledger.value(key));
    }
    // 4 and 5 are strong, 0 is held.
    assert_eq!((ledger.alive(), cache.len(), cache.stats().strong_len()), (3, 3, 2));
    assert!(Cached::ptr_eq(&held, &cache.get(&0).unwrap()));
    // The lookup took 0 back into the tier, for 4.
    drop(held);
    assert_eq!((cache.contains_key(&0), cache.contains_key(&4), cache.contains_key(&5)), (true, false, true));
    let stats = cache.stats();
    assert_eq!((stats.evictions(), stats.deaths(), stats.len()), (5, 4, 2));
    assert_eq!(ledger.alive(), 2);
}

#[test]
fn the_least_recently_used_leaves() {
    let cache = lru(3);
    for key in ["a", "b", "c"] {
        cache.insert(key, ());
    }
    cache.get("a");
    cache.with("b", |()| ());
    cache.contains_key("c"); // No use.
    cache.insert("d", ());
    let mut there = ["a", "b", "c", "d"].map(|key| cache.contains_key(key));
    assert_eq!(there, [true, true, false, true]);
    cache.get_or_insert_with("a", || unreachable!());
    cache.insert("e", ());
    there = ["a", "b", "d", "e"].map(|key| cache.contains_key(key));
    assert_eq!(there, [true, false, true, true]);
}

#[test]
fn capacities_at_the_edges() {
    for (capacity, stays) in [(0, 0), (1, 1), (3, 3), (100, 100), (usize::MAX, 1000)] {
        let (cache, ledger) = (WeakCache::new(capacity), Ledger::default());
        for key in 0..1000 {
            cache.insert(key, ledger.value(key));
            assert!(cache.stats().strong_len() <= capacity);
        }
        assert_eq!((cache.len(), ledger.alive(), cache.capacity()), (stays, stays, capacity));
        drop(cache);
        assert_eq!(ledger.alive(), 0);
    }
}

#[test]
fn a_cache_that_was_given_no_capacity_keeps_1000() {
    let (cache, ledger) = (WeakCache::builder().build(), Ledger::default());
    for key in 0..2000 {
        cache.insert(key, ledger.value(key));
    }
    assert_eq!((cache.len(), ledger.alive(), cache.capacity()), (1000, 1000, 1000));
}

#[test]
fn insert_replaces_and_keeps_old_handles_valid() {
    for capacity in [0, 1, 8] {
        let (cache, ledger) = (WeakCache::new(capacity), Ledger::default());
        let old = cache.insert(7, ledger.value(1));
        let new = cache.insert(7, ledger.value(2));
        assert_eq!((old.id, new.id, cache.len()), (1, 2, 1));
        drop(old); // A late death: the slot belongs to another entry now.
        assert_eq!((ledger.alive(), cache.len()), (1, 1));
        assert!(Cached::ptr_eq(&new, &cache.get(&7).unwrap()));
        assert_eq!(cache.stats().deaths(), 0);
    }
}

#[test]
fn remove_gives_the_entry_out() {
    for capacity in [0, 1] {
        let (cache, ledger) = (WeakCache::new(capacity), Ledger::default());
        let held = cache.insert("key".to_owned(), ledger.value(1));
        let removed = cache.remove("key").unwrap();
        assert!(Cached::ptr_eq(&held, &removed));
        assert!(cache.get("key").is_none() && cache.remove("key").is_none() && cache.is_empty());
        let again = cache.insert("key".to_owned(), ledger.value(2));
        drop((held, removed));
        assert_eq!((ledger.alive(), cache.len(), again.id), (1, 1, 2));
        assert_eq!(cache.stats().strong_len(), capacity);
    }
}

#[test]
fn retain_and_clear() {
    let (cache, ledger) = (WeakCache::new(5), Ledger::default());
    let held: Vec<_> = (0..10).map(|key| cache.insert(key, ledger.value(key))).collect();
    cache.retain(|key, value| {
        assert_eq!(*key, value.id);
        key % 2 == 0
    });
    assert_eq!((cache.len(), ledger.alive(), cache.stats().strong_len()), (5, 10, 2));
    assert!((0..10).all(|key| cache.contains_key(&key) == (key % 2 == 0)));
    cache.clear();
    assert_eq!((cache.len(), cache.stats().strong_len(), ledger.alive()), (0, 0, 10));
    let again = cache.insert(0, ledger.value(100));
    drop(held);
    assert_eq!((ledger.alive(), cache.get(&0).unwrap().id), (1, 100));
    drop(again);
    assert_eq!(cache.len(), 1, "the tier keeps it");
}

#[test]
fn hits_and_misses_are_counted() {
    let cache = WeakCache::new(10);
    assert_eq!(cache.stats().hit_ratio(), 0.0);
    assert!(cache.get("a").is_none()); // miss
    assert!(cache.with("a", |_: &u32| ()).is_none()); // miss
    cache.get_or_insert_with("a", || 1); // miss, load
    cache.get_or_insert_with("a", || 2); // hit
    cache.try_get_or_insert_with("b", || Err("no")).unwrap_err(); // miss
    cache.get("a"); // hit
    cache.with("a", |_| ()); // hit
    cache.contains_key("a");
    cache.insert("c", 3);
    let stats = cache.stats();
    assert_eq!((stats.hits(), stats.misses(), stats.loads()), (3, 4, 1));
    assert_eq!(stats.hit_ratio(), 3.0 / 7.0);
    assert_eq!(
        stats.to_string(),
        "2 live, 2 of 10 strong, 3 hits and 4 misses (42.9 %), 1 load, 0 evictions, 0 deaths"
    );
}

#[test]
fn without_a_strong_tier_nothing_is_said_of_it() {
    let cache = WeakCache::new(0);
    cache.insert("a", 1);
    assert_eq!(cache.stats().to_string(), "0 live, 0 hits and 0 misses (0.0 %), 0 loads, 1 death");
    let words = Interner::<str>::new();
    let _held = [words.intern("a"), words.intern("a")];
    assert_eq!(words.stats().to_string(), "1 live, 1 hit and 1 miss (50.0 %), 1 load, 0 deaths");
}

#[test]
fn a_failed_load_leaves_nothing() {
    let cache = WeakCache::new(10);
    assert_eq!(cache.try_get_or_insert_with(1, || Err::<(), _>("no")).unwrap_err(), "no");
    assert!(cache.is_empty() && !cache.contains_key(&1) && cache.remove(&1).is_none());
    assert!(cache.try_get_or_insert_with(1, || Ok::<_, &str>(())).is_ok());
}

#[test]
fn the_cache_goes_first() {
    let (cache, ledger) = (WeakCache::new(2), Ledger::default());
    let held: Vec<_> = (0..4).map(|key| cache.insert(key, ledger.value(key))).collect();
    cache.insert(4, ledger.value(4));
    drop(cache);
    assert_eq!(ledger.alive(), 4);
    let copy = held[0].clone();
    drop(held);
    assert_eq!((ledger.alive(), copy.id), (1, 0));
    std::thread::spawn(move || drop(copy)).join().unwrap();
    assert_eq!(ledger.alive(), 0);
}

/// Returns one hash, or a hash of few bits.
#[derive(Default)]
struct Poor<const MASK: u64>(u64);

impl<const MASK: u64> Hasher for Poor<MASK> {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        }
    }

    fn finish(&self) -> u64 {
        self.0 & MASK
    }
}

fn survives_hasher<const MASK: u64>() {
    let cache = WeakCache::builder().capacity(50).eviction(Eviction::Lru);
    let cache = cache.hasher(BuildHasherDefault::<Poor<MASK>>::new()).build();
    let held: Vec<_> = (0..100).map(|key| cache.insert(key, key)).collect();
    assert_eq!(cache.len(), 100);
    for (key, handle) in held.iter().enumerate() {
        assert!(Cached::ptr_eq(handle, &cache.get(&key).unwrap()));
    }
    drop(held);
    assert_eq!(cache.len(), 50);
    assert!((50..100).all(|key| cache.get(&key).is_some_and(|value| *value == key)));
}

#[test]
fn poor_hashers_are_only_slow() {
    survives_hasher::<0>();
    survives_hasher::<0xFF>();
    survives_hasher::<{ 0xFF << 56 }>();
}

#[test]
fn values_of_odd_shapes() {
    #[repr(align(256))]
    struct Wide(u8);

    let units = WeakCache::new(0);
    let (a, b) = (units.insert(1, ()), units.insert(2, ()));
    assert!(!Cached::ptr_eq(&a, &b), "entries differ even where values have no size");
    assert_eq!(units.len(), 2);

    let wide = WeakCache::new(0);
    let value = wide.insert((), Wide(7));
    assert_eq!((std::ptr::from_ref(&*value).addr() % 256, value.0), (0, 7));

    let boxed: WeakCache<Box<str>, Box<dyn Fn(u32) -> u32 + Send + Sync>> = WeakCache::new(1);
    boxed.insert("double".into(), Box::new(|n| 2 * n));
    assert_eq!(boxed.with("double", |f| f(21)), Some(42));
    assert!(boxed.get("triple").is_none());
}

#[test]
fn a_table_shrinks_after_a_crowd() {
    // Seen from outside only as speed and memory; this drives the path, many times over.
    let cache = WeakCache::new(0);
    for round in 0..3 {
        let crowd: Vec<_> = (0..5_000).map(|key| cache.insert(key, round)).collect();
        let few: Vec<_> = crowd.iter().step_by(500).cloned().collect();
        drop(crowd);
        assert_eq!(cache.len(), few.len());
        for key in (0..5_000).step_by(500) {
            assert_eq!(cache.get(&key).as_deref(), Some(&round));
        }
    }
    assert!(cache.is_empty());
}

#[cfg(feature = "serde")]
#[test]
fn stats_serialize() {
    let cache = WeakCache::new(3);
    for _ in 0..4 {
        cache.get_or_insert_with(1, || 1);
    }
    let json = serde_json::to_value(cache.stats()).unwrap();
    let expected = serde_json::json!({
        "hits": 3, "misses": 1, "hit_ratio": 0.75, "loads": 1, "load_seconds": 0.0, "evictions": 0, "deaths": 0,
        "expirations": 0, "len": 1, "strong_len": 1, "strong_weight": 1, "capacity": 3,
    });
    assert_eq!(json, expected);
}

#[test]
fn what_is_put_in_is_found_and_dies_as_what_is_inserted() {
    let (cache, ledger) = (WeakCache::new(2), Ledger::default());
    cache.put(1, ledger.value(1));
    cache.put(2, ledger.value(2));
    assert_eq!((cache.len(), cache.get(&1).unwrap().id, cache.get(&2).unwrap().id), (2, 1, 2));
    // In the place of another one, whose handles stay.
    let old = cache.get(&1).unwrap();
    cache.put(1, ledger.value(3));
    assert_eq!((old.id, cache.get(&1).unwrap().id, ledger.alive()), (1, 3, 3));
    drop(old);
    (10..20_u64).for_each(|key| cache.put(key, ledger.value(key)));
    assert_eq!((cache.len(), ledger.alive()), (2, 2));

    // Where nothing is kept it is gone at once.
    let (weak, before) = (WeakCache::new(0), ledger.alive());
    weak.put(1, ledger.value(30));
    assert_eq!((weak.len(), weak.get(&1).is_none(), ledger.alive()), (0, true, before));
}

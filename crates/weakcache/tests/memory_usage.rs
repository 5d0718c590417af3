//! What a cache says of its memory, against what the allocator knows.

#[path = "common/alloc.rs"]
mod alloc;

use std::time::Duration;

use alloc::Meter;
use lagom_weakcache::{Cached, Eviction, WeakCache, WeakCacheBuilder};

/// What is asked for once in a process, or a thread.
fn warm_up() {
    let cache = WeakCache::new(1);
    cache.insert(1, 1);
    cache.get(&1);
}

fn assert_close(cache: &WeakCache<u64, u64>, meter: &Meter, own: isize, what: &str) {
    let (said, seen) = (cache.memory_usage().total() as f64, (meter.bytes() - own) as f64);
    assert!((said - seen).abs() <= 0.02 * seen, "{what}: said {said}, seen {seen}");
    let usage = cache.memory_usage();
    assert_eq!(usage.total(), usage.keys() + usage.values() + usage.owned() + usage.overhead());
    assert_eq!((usage.keys(), usage.values()), (8 * usage.entries(), 8 * usage.entries()));
}

/// Many live, most die, the rest; all that is held goes into a vector made before.
fn weak(entries: u64, eviction: Eviction) {
    warm_up();
    let mut held: Vec<Cached<u64>> = Vec::with_capacity(entries as usize);
    let meter = Meter::new();
    let cache = WeakCache::builder().capacity(0).eviction(eviction).build();
    assert_close(&cache, &meter, 0, "empty");
    for key in 0..entries {
        held.push(cache.insert(key, key));
        if key.is_power_of_two() {
            assert_close(&cache, &meter, 0, "growing");
        }
    }
    assert_close(&cache, &meter, 0, "weak");
    let each = meter.bytes() as f64 / entries as f64 - 16.0;
    if entries == 100_000 {
        assert!(each <= 32.0, "{each} bytes beyond key and value");
    }
    // All over the blocks of memory.
    let mut key = 0;
    held.retain(|_| {
        key += 1;
        key % 10 == 0
    });
    assert_close(&cache, &meter, 0, "after deaths");
    let before = meter.bytes();
    cache.shrink_to_fit();
    assert_close(&cache, &meter, 0, "shrunk");
    assert!(meter.bytes() < before);
    held.clear();
    assert_close(&cache, &meter, 0, "all dead");
    cache.shrink_to_fit();
    assert_close(&cache, &meter, 0, "all dead, shrunk");
    assert!(meter.bytes() < 8192, "{} bytes left", meter.bytes());
    drop(cache);
    assert_eq!(meter.bytes(), 0);
}

fn strong(entries: u64, builder: WeakCacheBuilder<u64, u64>, most: f64) {
    warm_up();
    let meter = Meter::new();
    let cache = builder.capacity(entries as usize).build();
    assert_close(&cache, &meter, 0, "empty");
    for key in 0..entries {
        cache.insert(key, key);
        if key.is_power_of_two() {
            assert_close(&cache, &meter, 0, "growing");
        }
    }
    assert_close(&cache, &meter, 0, "full");
    // The order of the tier is at work, and remembers some that left.
    for key in 0..4 * entries {
        let key = key % 7 * entries / 3 + key / 7;
        cache.get_or_insert_with(key, || key);
        cache.get(&(key / 2));
    }
    assert_close(&cache, &meter, 0, "after evictions");
    let each = meter.bytes() as f64 / cache.len() as f64 - 16.0;
    if entries == 100_000 {
        assert!(each <= most, "{each} bytes beyond key and value");
    }
    cache.retain(|key, _| key % 10 == 0);
    assert_close(&cache, &meter, 0, "after removals");
    let before = meter.bytes();
    cache.shrink_to_fit();
    assert_close(&cache, &meter, 0, "shrunk");
    assert!(meter.bytes() < before);
    cache.set_capacity(100);
    assert_close(&cache, &meter, 0, "of less capacity");
    cache.clear();
    cache.shrink_to_fit();
    assert_close(&cache, &meter, 0, "cleared, shrunk");
    assert!(meter.bytes() < 24_000, "{} bytes left", meter.bytes());
    drop(cache);
    assert_eq!(meter.bytes(), 0);
}

#[test]
fn of_10_000_weak_entries() {
    weak(10_000, Eviction::Adaptive);
    weak(10_000, Eviction::Lru);
}

#[test]
#[cfg_attr(miri, ignore = "too much for it")]
fn of_100_000_weak_entries() {
    weak(100_000, Eviction::Adaptive);
}

#[test]
fn of_10_000_strong_entries() {
    strong(10_000, WeakCache::builder(), 48.0);
}

#[test]
#[cfg_attr(miri, ignore = "too much for it")]
fn of_100_000_strong_entries() {
    strong(100_000, WeakCache::builder(), 48.0);
}

#[test]
fn of_10_000_entries_by_last_use() {
    strong(10_000, WeakCache::builder().eviction(Eviction::Lru), 100.0);
}

#[test]
#[cfg_attr(miri, ignore = "too much for it")]
fn of_100_000_entries_by_last_use() {
    strong(100_000, WeakCache::builder().eviction(Eviction::Lru), 100.0);
}

#[test]
fn of_entries_that_expire() {
    strong(10_000, WeakCache::builder().ttl(Duration::MAX).weigher(|_, _| 1), 100.0);
}

//! Weights at their ends.

mod common;

use common::{Counted, Ledger};
use lagom_weakcache::{Eviction, WeakCache};

fn cache(capacity: usize, eviction: Eviction) -> WeakCache<u64, Counted> {
    // The id of a value is its weight.
    WeakCache::builder().capacity(capacity).eviction(eviction).weigher(|_, value: &Counted| value.id).shards(1).build()
}

#[test]
fn what_is_too_heavy_lives_only_while_it_is_held() {
    for eviction in [Eviction::Adaptive, Eviction::Lru] {
        for capacity in [0, 1, 10, usize::MAX] {
            let (cache, ledger) = (cache(capacity, eviction), Ledger::default());
            for weight in [11, 1 << 32, (1 << 32) + 1, u64::MAX] {
                let held = cache.insert(weight, ledger.value(weight));
                assert_eq!((cache.len(), cache.with(&weight, |value| value.id)), (1, Some(weight)));
                drop(held);
                let stays = usize::from(capacity == usize::MAX);
                assert_eq!(
                    (cache.len(), ledger.alive()),
                    (stays, stays),
                    "weight {weight} in {capacity}, {eviction:?}"
                );
                cache.clear();
            }
        }
    }
}

#[test]
fn what_weighs_nothing_takes_no_room() {
    for eviction in [Eviction::Adaptive, Eviction::Lru] {
        let (cache, ledger) = (cache(10, eviction), Ledger::default());
        for key in 0..100 {
            cache.insert(key, ledger.value(0));
        }
        cache.insert(100, ledger.value(10));
        assert_eq!((cache.len(), cache.stats().strong_len(), ledger.alive()), (101, 101, 101), "{eviction:?}");
        cache.clear();
        assert_eq!((cache.len(), ledger.alive()), (0, 0));
    }
}

/// What the strong tier weighs is never above the capacity.
#[test]
fn the_bound_holds() {
    for eviction in [Eviction::Adaptive, Eviction::Lru] {
        let (cache, ledger) = (cache(20, eviction), Ledger::default());
        let mut state = 1_u64;
        for _ in 0..20_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let (key, weight) = (state >> 33 & 63, state >> 40 & 31);
            match state >> 60 {
                0..5 => drop(cache.insert(key, ledger.value(weight))),
                5..10 => drop(cache.get_or_insert_with(key, || ledger.value(weight))),
                10 => drop(cache.remove(&key)),
                _ => drop(cache.get(&key)),
            }
            assert!(cache.iter().map(|entry| entry.value().id).sum::<u64>() <= 20);
            assert_eq!(cache.len(), ledger.alive());
        }
    }
}

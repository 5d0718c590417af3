//! Entries that are fresh for a while only.

mod common;

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use common::Ledger;
use lagom_weakcache::{Cached, Eviction, WeakCache, WeakCacheBuilder};

const SECOND: Duration = Duration::from_secs(1);
const LOTS: u64 = 1 << 40;

/// A clock that stands still until it is set.
#[derive(Clone, Default)]
struct Hands(Arc<AtomicU64>);

impl Hands {
    fn set(&self, seconds: u64) {
        self.0.store(seconds, SeqCst);
    }

    fn build<K, V>(&self, builder: WeakCacheBuilder<K, V>) -> WeakCache<K, V> {
        let hands = Arc::clone(&self.0);
        builder.clock(move || Duration::from_secs(hands.load(SeqCst))).build()
    }
}

fn ttl<K, V>(seconds: u64) -> WeakCacheBuilder<K, V> {
    WeakCache::builder().ttl(Duration::from_secs(seconds))
}

fn tti<K, V>(seconds: u64) -> WeakCacheBuilder<K, V> {
    WeakCache::builder().tti(Duration::from_secs(seconds))
}

fn is_found(cache: &WeakCache<u32, u32>, key: u32) -> bool {
    let found = cache.contains_key(&key);
    assert_eq!(cache.get(&key).is_some(), found);
    assert_eq!(cache.with(&key, |_| ()).is_some(), found);
    found
}

#[test]
fn nothing_is_found_with_a_ttl_of_0_and_everything_with_one_without_end() {
    type Setting = fn(WeakCacheBuilder<u32, u32>, Duration) -> WeakCacheBuilder<u32, u32>;
    let settings: [Setting; 3] = [
        |builder, span| builder.ttl(span),
        |builder, span| builder.tti(span),
        |builder, span| builder.expiry(move |_, _| span),
    ];
    for setting in settings {
        for eviction in [Eviction::Adaptive, Eviction::Lru] {
            for at in [0, 1, LOTS, u64::MAX] {
                let hands = Hands::default();
                hands.set(at);
                let never = hands.build(setting(WeakCache::builder().eviction(eviction), Duration::ZERO));
                let held = never.insert(1, 1);
                assert!(!is_found(&never, 1) && *held == 1);
                let calls = AtomicUsize::new(0);
                for _ in 0..3 {
                    never.get_or_insert_with(2, || calls.fetch_add(1, SeqCst) as u32);
                }
                assert_eq!(calls.load(SeqCst), 3);
                hands.set(0);
                never.insert(3, 3);
                assert!(!is_found(&never, 3), "also when the clock jumps back");
                assert_eq!(never.stats().hits(), 0);

                hands.set(at);
                let always = hands.build(setting(WeakCache::builder().eviction(eviction), Duration::MAX));
                always.insert(1, 1);
                for at in [0, LOTS, u64::MAX] {
                    hands.set(at);
                    assert!(is_found(&always, 1));
                    always.get_or_insert_with(1, || unreachable!());
                    assert_eq!(always.purge_expired(), 0);
                }
            }
        }
    }
}

#[test]
fn a_ttl_ends_at_its_moment() {
    let hands = Hands::default();
    let cache = hands.build(ttl(10));
    hands.set(100);
    cache.insert(1, 1);
    for now in [100, 109, 100, 109] {
        hands.set(now);
        assert!(is_found(&cache, 1), "{now}");
    }
    hands.set(110);
    assert_eq!((cache.len(), cache.stats().expirations()), (1, 0), "nobody has looked");
    assert!(!cache.contains_key(&1));
    let stats = cache.stats();
    assert_eq!(
        (stats.len(), stats.strong_len(), stats.expirations(), stats.deaths(), stats.evictions()),
        (0, 0, 1, 0, 0)
    );
    hands.set(109);
    assert!(!is_found(&cache, 1), "it is gone for good");
}

#[test]
fn a_clock_that_jumps() {
    let hands = Hands::default();
    let cache = hands.build(ttl(10));
    hands.set(1000);
    cache.insert(1, 1);
    hands.set(5);
    assert!(is_found(&cache, 1), "younger than it was");
    cache.insert(2, 2);
    hands.set(15);
    assert!(is_found(&cache, 1) && !is_found(&cache, 2));
    hands.set(u64::MAX);
    cache.insert(3, 3);
    assert!(!is_found(&cache, 1) && is_found(&cache, 3), "what would end beyond all time does not");
    hands.set(0);
    assert!(is_found(&cache, 3));

    let idle = hands.build(tti(10));
    hands.set(1000);
    idle.insert(1, 1);
    hands.set(0);
    assert!(is_found(&idle, 1));
    hands.set(10);
    assert!(!is_found(&idle, 1), "it was used at 0 last");
}

#[test]
fn every_use_puts_the_end_off_and_nothing_else_does() {
    type Use = fn(&WeakCache<u32, u32>);
    let uses: [Use; 4] = [
        |cache| drop(cache.get(&1).unwrap()),
        |cache| cache.with(&1, |_| ()).unwrap(),
        |cache| drop(cache.get_or_insert_with(1, || unreachable!())),
        |cache| drop(cache.try_get_or_insert_with(1, || Err(())).unwrap()),
    ];
    let others: [Use; 9] = [
        |cache| assert!(cache.contains_key(&1)),
        |cache| assert_eq!(cache.iter().count(), 1),
        |cache| cache.retain(|_, _| true),
        |cache| assert!(cache.keep(&1)),
        |cache| {
            cache.keep(&1);
            assert!(cache.release(&1));
        },
        |cache| assert_eq!(cache.purge_expired(), 0),
        |cache| assert!(cache.stats().len() == cache.len() && cache.memory_usage().entries() == 1),
        |cache| cache.shrink_to_fit(),
        |cache| cache.set_capacity(7),
    ];
    for eviction in [Eviction::Adaptive, Eviction::Lru] {
        for (uses, counts) in [(&uses[..], true), (&others, false)] {
            for (number, use_it) in uses.iter().enumerate() {
                let hands = Hands::default();
                let cache = hands.build(tti(10).eviction(eviction));
                cache.insert(1, 1);
                hands.set(9);
                use_it(&cache);
                hands.set(10);
                assert_eq!(cache.contains_key(&1), counts, "{number} at 10");
                hands.set(19);
                assert!(!cache.contains_key(&1), "{number} at 19");
            }
        }
    }
    // A use does not put the ttl off.
    let hands = Hands::default();
    let cache = hands.build(ttl(15).tti(10 * SECOND));
    cache.insert(1, 1);
    for now in [5, 10, 14] {
        hands.set(now);
        assert!(cache.get(&1).is_some());
    }
    hands.set(15);
    assert!(!is_found(&cache, 1));
}

#[test]
fn entries_have_ends_of_their_own() {
    let hands = Hands::default();
    let cache = hands.build(ttl(50).expiry(|key: &u32, value: &u32| Duration::from_secs(u64::from(key + value))));
    for key in 0..10 {
        cache.insert(key, 10 * key);
    }
    for now in [0, 1, 11, 22, 49, 50] {
        hands.set(now);
        for key in 0..10 {
            let ends = u64::from(11 * key).min(50);
            assert_eq!(is_found(&cache, key), now < ends, "{key} at {now}");
        }
    }
    assert_eq!(cache.stats().expirations(), 10);
}

#[test]
fn what_has_expired_is_valid_but_not_found() {
    for capacity in [0, 10] {
        let (hands, ledger) = (Hands::default(), Ledger::default());
        let cache = hands.build(ttl(10).capacity(capacity));
        let old = cache.insert(1, ledger.value(1));
        hands.set(10);
        assert!(cache.remove(&1).is_none());
        assert!(cache.get(&1).is_none() && old.id == 1);
        let new = cache.get_or_insert_with(1, || ledger.value(2));
        assert!(!Cached::ptr_eq(&old, &new) && new.id == 2);
        drop(old);
        assert_eq!((ledger.alive(), cache.len(), cache.stats().expirations()), (1, 1, 1));
        hands.set(20);
        let newer = cache.insert(1, ledger.value(3));
        assert!(Cached::ptr_eq(&newer, &cache.get(&1).unwrap()));
        drop((new, newer));
        assert_eq!(ledger.alive(), capacity.min(1));
        hands.set(30);
        assert_eq!(cache.iter().count(), 0);
        cache.retain(|_, _| unreachable!("it has expired"));
        assert!(!cache.keep(&1) && cache.is_empty());
        assert_eq!(ledger.alive(), 0);
    }
}

#[test]
fn an_entry_that_is_kept_expires_all_the_same() {
    let (hands, ledger) = (Hands::default(), Ledger::default());
    let cache = hands.build(ttl(10).capacity(0));
    let held = cache.insert(1, ledger.value(1));
    assert!(cache.keep(&1));
    drop(held);
    hands.set(9);
    assert!(cache.contains_key(&1));
    hands.set(10);
    assert_eq!((cache.purge_expired(), cache.len(), ledger.alive()), (1, 0, 0));
}

#[test]
fn a_load_counts_from_its_beginning() {
    let hands = Hands::default();
    let cache = hands.build(ttl(10));
    let slow = |take: u64| {
        let hands = hands.clone();
        move || {
            hands.set(hands.0.load(SeqCst) + take);
            7
        }
    };
    assert_eq!(*cache.get_or_insert_with(1, slow(9)), 7);
    assert!(is_found(&cache, 1));
    hands.set(10);
    assert!(!is_found(&cache, 1));
    // Stale when it comes: who loaded it gets it, and nobody else.
    assert_eq!(*cache.get_or_insert_with(2, slow(10)), 7);
    assert!(!is_found(&cache, 2));
    assert_eq!(cache.stats().expirations(), 2);
    // An entry cannot be swept while it is loaded, though its time is up.
    let value = cache.get_or_insert_with(3, || {
        hands.set(hands.0.load(SeqCst) + 100);
        cache.purge_expired();
        (100..200).for_each(|key| drop(cache.insert(key, key)));
        assert!(cache.get(&3).is_none() && !cache.contains_key(&3));
        3
    });
    assert_eq!(*value, 3);
}

/// Who waited for a value that came too late loads its own, and all end.
#[test]
fn waiters_do_not_get_what_is_stale() {
    let hands = Hands::default();
    let cache = hands.build(ttl(10));
    let (calls, barrier) = (AtomicU64::new(0), Barrier::new(4));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                barrier.wait();
                let asked = hands.0.load(SeqCst);
                let value = cache.get_or_insert_with(1, || {
                    let begun = hands.0.load(SeqCst);
                    calls.fetch_add(1, SeqCst);
                    thread::sleep(Duration::from_millis(10));
                    hands.0.fetch_add(20, SeqCst);
                    begun
                });
                assert!(*value + 10 > asked);
            });
        }
    });
    assert_eq!(calls.load(SeqCst), 4);
}

#[test]
fn a_purge_counts_what_it_takes() {
    for shards in [1, 8] {
        let (hands, ledger) = (Hands::default(), Ledger::default());
        let cache = hands.build(ttl(10).capacity(usize::MAX).shards(shards));
        let held: Vec<_> = (0..50).map(|key| cache.insert(key, ledger.value(key))).collect();
        // The sweep of insertions finds nothing to do.
        (50..1000).for_each(|key| drop(cache.insert(key, ledger.value(key))));
        hands.set(5);
        (1000..1500).for_each(|key| drop(cache.insert(key, ledger.value(key))));
        assert_eq!(cache.purge_expired(), 0);
        hands.set(10);
        assert_eq!(cache.purge_expired(), 1000);
        assert_eq!((cache.purge_expired(), cache.len(), ledger.alive()), (0, 500, 550));
        hands.set(15);
        assert_eq!((cache.purge_expired(), cache.len(), ledger.alive()), (500, 0, 50));
        assert_eq!(cache.stats().expirations(), 1500);
        drop(held);
        assert_eq!((ledger.alive(), cache.stats().deaths()), (0, 0));
    }
    let plain = WeakCache::new(1);
    plain.insert(1, 1);
    assert_eq!(plain.purge_expired(), 0);
}

/// Nobody looks anything up or purges: only insertions, or loads, of new keys.
#[test]
fn what_expired_does_not_pile_up() {
    for load in [false, true] {
        for shards in [1, 4] {
            let (hands, ledger) = (Hands::default(), Ledger::default());
            let cache = hands.build(ttl(1000).capacity(usize::MAX).shards(shards));
            let mut most = 0;
            for key in 0..if cfg!(miri) { 2_000 } else { 50_000 } {
                // 1000 are fresh at any time.
                hands.set(key);
                if load {
                    cache.get_or_insert_with(key, || ledger.value(key));
                } else {
                    cache.insert(key, ledger.value(key));
                }
                most = most.max(ledger.alive());
            }
            assert!(most < 2000, "{most} alive");
            // All at once, after which few come: the sweep goes round in less insertions than there are entries.
            let there = cache.len();
            hands.set(LOTS);
            for key in 0..there as u64 {
                cache.insert(LOTS + key, ledger.value(key));
            }
            assert_eq!((cache.purge_expired(), ledger.alive()), (0, there));
        }
    }
}

#[test]
fn the_clock_and_the_expiry_run_outside_of_locks() {
    static CACHE: std::sync::OnceLock<WeakCache<u32, u32>> = std::sync::OnceLock::new();
    std::thread_local! {
        static INSIDE: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
    }
    fn use_cache() -> Duration {
        if let Some(cache) = CACHE.get()
            && !INSIDE.replace(true)
        {
            cache.insert(1, 1);
            cache.get_or_insert_with(2, || 2);
            cache.remove(&3);
            cache.purge_expired();
            assert!(cache.iter().count() <= cache.stats().len() + 1);
            INSIDE.set(false);
        }
        SECOND
    }
    let cache = WeakCache::builder().capacity(5).ttl(SECOND).shards(1).clock(use_cache).expiry(|_, _| use_cache());
    CACHE.set(cache.build()).ok().unwrap();
    let cache = CACHE.get().unwrap();
    for key in 0..20 {
        cache.insert(key, key);
        cache.get(&key);
        cache.get_or_insert_with(key, || key);
        cache.remove(&key);
        cache.contains_key(&key);
        cache.keep(&key);
        cache.retain(|_, _| true);
    }
}

#[test]
fn a_clock_or_an_expiry_that_panics_breaks_nothing() {
    let (broken, ledger) = (Arc::new(AtomicBool::new(false)), Ledger::default());
    let (clock, expiry) = (Arc::clone(&broken), Arc::clone(&broken));
    let check =
        |broken: &AtomicBool, what: &str| if broken.load(SeqCst) { panic!("{}", what.to_owned()) } else { SECOND };
    let by_clock = WeakCache::builder().ttl(SECOND).clock(move || check(&clock, "clock")).build();
    let by_expiry = WeakCache::builder().expiry(move |_: &u32, _: &common::Counted| check(&expiry, "expiry")).build();
    for (cache, what) in [(&by_clock, "clock"), (&by_expiry, "expiry")] {
        cache.insert(1, ledger.value(1));
        let before = ledger.alive();
        broken.store(true, SeqCst);
        assert_eq!(common::panic_message(|| cache.insert(2, ledger.value(2))), what);
        assert_eq!(common::panic_message(|| cache.get_or_insert_with(2, || ledger.value(2))), what);
        broken.store(false, SeqCst);
        assert_eq!((cache.len(), ledger.alive()), (1, before));
        assert_eq!(cache.get_or_insert_with(2, || ledger.value(3)).id, 3);
        assert_eq!(cache.get(&1).unwrap().id, 1);
    }
}

/// The system's clock, a little.
#[test]
fn time_passes_by_itself() {
    let cache = WeakCache::builder().ttl(Duration::from_millis(30)).build();
    cache.insert(1, 1);
    let found = (0..1000).take_while(|_| {
        thread::sleep(Duration::from_millis(1));
        cache.get(&1).is_some()
    });
    assert!(found.count() < 1000);
}

#[test]
fn threads_agree_on_what_expired() {
    let (hands, ledger) = (Hands::default(), Ledger::default());
    let cache = hands.build(ttl(3).tti(2 * SECOND).capacity(50));
    thread::scope(|scope| {
        for thread in 0..4 {
            let (cache, hands, ledger) = (&cache, &hands, &ledger);
            scope.spawn(move || {
                for step in 0..if cfg!(miri) { 100 } else { 5000 } {
                    let key = step * 7 % 31;
                    match (step + thread) % 6 {
                        0 => drop(cache.insert(key, ledger.value(key))),
                        1 => drop(hands.0.fetch_add(1, SeqCst)),
                        2 => drop(cache.purge_expired()),
                        3 => drop(cache.with(&key, |value| assert_eq!(value.id, key))),
                        4 => drop(cache.get_or_insert_with(key, || ledger.value(key))),
                        _ => drop(cache.iter().map(|entry| assert_eq!(*entry.key(), entry.value().id)).count()),
                    }
                }
            });
        }
    });
    hands.set(LOTS);
    let stats = cache.stats();
    assert_eq!(cache.purge_expired(), stats.len());
    assert_eq!((cache.len(), ledger.alive()), (0, 0));
    assert_eq!(cache.stats().expirations(), stats.expirations() + stats.len() as u64);
}

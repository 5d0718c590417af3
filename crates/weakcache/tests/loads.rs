//! Single flight: who runs the factory, who waits, who wins, and that nobody waits for ever.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Barrier, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use common::{Ledger, panic_message};
use lagom_weakcache::{Cached, WeakCache};

/// Long enough for a started thread to reach its wait, on a busy machine too; nothing fails if it does not.
const A_WHILE: Duration = Duration::from_millis(30);

#[test]
fn one_call_for_many_threads() {
    let (cache, ledger) = (WeakCache::new(0), Ledger::default());
    let barrier = Barrier::new(8);
    let handles: Vec<_> = thread::scope(|scope| {
        let load = || {
            barrier.wait();
            cache.get_or_insert_with("key", || {
                thread::sleep(A_WHILE);
                ledger.value(1)
            })
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(load)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!((ledger.made(), cache.stats().loads()), (1, 1));
    assert!(handles.iter().all(|handle| Cached::ptr_eq(handle, &handles[0])));
    drop(handles);
    assert_eq!((ledger.alive(), cache.len()), (0, 0));
}

#[test]
fn other_keys_go_on() {
    // One hash for all keys: they share every bucket.
    let cache = WeakCache::builder().hasher(OneHash).capacity(10).build();
    let (started, wait_for_start) = mpsc::channel();
    let (finish, wait_for_finish) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let cache = &cache;
        scope.spawn(move || {
            cache.get_or_insert_with(1, || {
                started.send(()).unwrap();
                wait_for_finish.recv().unwrap();
                "slow"
            })
        });
        wait_for_start.recv().unwrap();
        assert_eq!(*cache.get_or_insert_with(2, || "quick"), "quick");
        assert_eq!(*cache.insert(3, "quicker"), "quicker");
        assert!(cache.get(&1).is_none() && !cache.contains_key(&1));
        assert_eq!(cache.len(), 2, "what is being loaded is not live");
        cache.retain(|key, _| *key != 2);
        assert_eq!(cache.len(), 1);
        finish.send(()).unwrap();
    });
    assert_eq!(cache.get(&1).as_deref(), Some(&"slow"));
}

struct OneHash;

impl std::hash::BuildHasher for OneHash {
    type Hasher = Zero;

    fn build_hasher(&self) -> Zero {
        Zero
    }
}

struct Zero;

impl std::hash::Hasher for Zero {
    fn write(&mut self, _: &[u8]) {}

    fn finish(&self) -> u64 {
        0
    }
}

/// The outcome of the leader, none if it panicked; what the waiting thread got; how often its factory ran; the cache.
type Flown = (Option<Result<Cached<u64>, ()>>, Cached<u64>, usize, WeakCache<u32, u64>);

/// Runs `load` in a thread that leads the flight of key 1, and `then` when it is in its factory, with a waiting thread
/// beside. Returns what the waiting thread got and how often its own factory ran.
fn with_a_waiter(load: impl FnOnce() -> Result<u64, ()> + Send, during: impl FnOnce(&WeakCache<u32, u64>)) -> Flown {
    let cache = WeakCache::new(10);
    let calls = AtomicUsize::new(0);
    let (started, wait_for_start) = mpsc::channel();
    let (finish, wait_for_finish) = mpsc::channel::<()>();
    let (led, waited) = thread::scope(|scope| {
        let leading = &cache;
        let leader = scope.spawn(move || {
            leading.try_get_or_insert_with(1, || {
                started.send(()).unwrap();
                wait_for_finish.recv().unwrap();
                load()
            })
        });
        wait_for_start.recv().unwrap();
        let waiter = scope.spawn(|| {
            cache.get_or_insert_with(1, || {
                calls.fetch_add(1, SeqCst);
                2
            })
        });
        thread::sleep(A_WHILE);
        during(&cache);
        thread::sleep(A_WHILE);
        finish.send(()).unwrap();
        (leader.join().ok(), waiter.join().unwrap())
    });
    (led, waited, calls.into_inner(), cache)
}

#[test]
fn a_panicking_factory_hands_over() {
    let (led, waited, calls, cache) = with_a_waiter(|| panic!("in the factory"), |_| ());
    assert!(led.is_none());
    assert_eq!((*waited, calls, cache.len()), (2, 1, 1));
}

#[test]
fn an_error_is_the_leaders_alone() {
    let (led, waited, calls, cache) = with_a_waiter(|| Err(()), |_| ());
    assert!(led.unwrap().is_err());
    assert_eq!((*waited, calls, cache.len()), (2, 1, 1));
}

#[test]
fn an_insert_during_a_load_wins() {
    let mut inserted = None;
    let (led, waited, calls, cache) = with_a_waiter(|| Ok(1), |cache| inserted = Some(cache.insert(1, 3)));
    let inserted = inserted.unwrap();
    for other in [led.unwrap().unwrap(), waited, cache.get(&1).unwrap()] {
        assert!(Cached::ptr_eq(&inserted, &other));
    }
    assert_eq!((*inserted, calls, cache.len()), (3, 0, 1));
}

#[test]
fn an_insert_ends_the_wait_at_once() {
    let cache = WeakCache::new(0);
    let (started, wait_for_start) = mpsc::channel();
    let (finish, wait_for_finish) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let cache = &cache;
        scope.spawn(move || {
            cache.get_or_insert_with(1, || {
                started.send(()).unwrap();
                wait_for_finish.recv().unwrap();
                "late"
            })
        });
        wait_for_start.recv().unwrap();
        let waiter = scope.spawn(|| cache.get_or_insert_with(1, || unreachable!()));
        thread::sleep(A_WHILE);
        let inserted = cache.insert(1, "early");
        // The load still runs.
        assert!(Cached::ptr_eq(&inserted, &waiter.join().unwrap()));
        finish.send(()).unwrap();
    });
}

#[test]
fn an_insert_from_within_the_factory_wins() {
    let cache = WeakCache::new(10);
    let loaded = cache.get_or_insert_with(1, || {
        cache.insert(1, "inner");
        assert_eq!(*cache.get_or_insert_with(1, || unreachable!()), "inner");
        "outer"
    });
    assert_eq!(*loaded, "inner");
    assert!(Cached::ptr_eq(&loaded, &cache.get(&1).unwrap()));
}

#[test]
fn a_load_that_was_removed_stays_out() {
    for clear in [false, true] {
        let (led, waited, calls, cache) = with_a_waiter(
            || Ok(1),
            |cache| match clear {
                false => assert!(cache.remove(&1).is_none(), "nothing live to hand out"),
                true => cache.clear(),
            },
        );
        let led = led.unwrap().unwrap();
        assert_eq!((*led, *waited, calls, cache.len()), (1, 2, 1, 1));
        assert!(Cached::ptr_eq(&waited, &cache.get(&1).unwrap()));
        drop(led);
        assert_eq!((cache.len(), cache.stats().deaths()), (1, 0));
    }
}

#[test]
fn a_load_from_before_a_clear_leaves_the_next_one_alone() {
    for fails in [false, true] {
        let cache = WeakCache::new(10);
        let (started, wait_for_start) = mpsc::channel();
        let (finish, wait_for_finish) = mpsc::channel::<()>();
        thread::scope(|scope| {
            let cache = &cache;
            let former = scope.spawn(move || {
                cache.try_get_or_insert_with(1, || {
                    started.send(()).unwrap();
                    wait_for_finish.recv().unwrap();
                    if fails { Err(()) } else { Ok("former") }
                })
            });
            wait_for_start.recv().unwrap();
            cache.clear();
            let latter = cache.get_or_insert_with(1, || {
                finish.send(()).unwrap();
                let former = former.join().unwrap();
                assert_eq!(former.as_deref(), if fails { Err(&()) } else { Ok(&"former") });
                assert!(!cache.contains_key(&1), "still loading");
                "latter"
            });
            assert_eq!(*latter, "latter");
            assert!(Cached::ptr_eq(&latter, &cache.get(&1).unwrap()));
        });
    }
}

#[test]
fn factories_may_use_the_cache() {
    fn fibonacci(cache: &WeakCache<u32, u64>, n: u32) -> u64 {
        *cache
            .get_or_insert_with(n, || if n < 2 { n.into() } else { fibonacci(cache, n - 1) + fibonacci(cache, n - 2) })
    }
    let cache = WeakCache::new(usize::MAX);
    assert_eq!(fibonacci(&cache, 80), 23_416_728_348_467_685);
    assert_eq!(cache.stats().loads(), 81);
}

#[test]
fn a_value_that_needs_itself_panics() {
    let cache = WeakCache::<u32, u32>::new(10);
    let begin = Instant::now();
    let message = panic_message(|| cache.get_or_insert_with(1, || *cache.get_or_insert_with(1, || 0)));
    assert!(message.contains("needs itself") && message.contains("u32"), "{message}");
    let message = panic_message(|| {
        cache.try_get_or_insert_with(1, || {
            cache.get_or_insert_with(2, || *cache.get_or_insert_with(1, || 0));
            Ok::<_, ()>(0)
        })
    });
    assert!(message.contains("needs itself"), "{message}");
    assert!(begin.elapsed() < Duration::from_secs(2));
    assert!(cache.is_empty());
    assert_eq!(*cache.get_or_insert_with(1, || 5), 5, "usable afterwards");
}

#[test]
fn crossed_loads_panic() {
    for _ in 0..50 {
        let cache = WeakCache::<u32, u32>::new(10);
        let barrier = Barrier::new(2);
        let panics = AtomicUsize::new(0);
        thread::scope(|scope| {
            for me in 0..2 {
                let (cache, barrier, panics) = (&cache, &barrier, &panics);
                scope.spawn(move || {
                    let load = || {
                        cache.get_or_insert_with(me, || {
                            barrier.wait();
                            // Whoever takes over from the thread that panicked needs itself all alone.
                            *cache.get_or_insert_with(1 - me, || *cache.get_or_insert_with(me, || 0))
                        })
                    };
                    if catch_unwind(AssertUnwindSafe(load)).is_err() {
                        panics.fetch_add(1, SeqCst);
                    }
                });
            }
        });
        assert!(panics.into_inner() > 0);
        assert!(cache.is_empty());
    }
}

/// 100 loads under way in one shard, of which some are won by an insert while they wait for others.
#[test]
fn loads_within_loads_are_kept_apart() {
    fn load(cache: &WeakCache<u64, u64>, key: u64) -> u64 {
        let value = cache.get_or_insert_with(key, || {
            if key == 50 {
                (60..=100).step_by(2).for_each(|won| drop(cache.insert(won, 1000 * won)));
            }
            if key == 0 { 0 } else { key + load(cache, key - 1) }
        });
        *value
    }

    let expected = |key: u64| -> u64 {
        let mut value = 0;
        for key in 0..=key {
            value = if key >= 60 && key % 2 == 0 { 1000 * key } else { key + value };
        }
        value
    };
    // Twice, so that places are used again.
    for capacity in [1000, 30] {
        let cache = WeakCache::builder().capacity(capacity).shards(1).build();
        for _ in 0..2 {
            assert_eq!(load(&cache, 100), 100_000);
            assert_eq!(load(&cache, 101), 101 + 100_000);
            for key in (0..=101).filter(|key| capacity > 101 && cache.contains_key(key)) {
                assert_eq!(load(&cache, key), expected(key), "of {key}");
            }
            let stats = cache.stats();
            assert_eq!(stats.len(), cache.iter().count());
            cache.clear();
        }
        cache.shrink_to_fit();
        assert!(cache.is_empty());
    }
}

#[test]
fn what_is_done_to_other_entries_during_a_load_is_not_done_to_it() {
    for capacity in [0, 10] {
        let cache = WeakCache::builder().capacity(capacity).shards(1).build();
        let others: Vec<_> = (1..20).map(|key| cache.insert(key, key)).collect();
        let value = cache.get_or_insert_with(0, || {
            others.iter().for_each(|other| drop(cache.insert(**other, 100)));
            (1..20).for_each(|key| drop(cache.remove(&key)));
            7
        });
        assert_eq!(*value, 7);
        assert_eq!(cache.get(&0).as_deref(), Some(&7));
    }
}

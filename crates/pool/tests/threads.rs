//! What threads keep for themselves: found by others, bounded together, given back at the end of a thread.

mod common;

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use common::Ledger;
use lagom_base::fence;
use lagom_pool::Pool;

fn pool(max_idle: usize, ledger: &Ledger) -> Pool<common::Counted> {
    let births = ledger.clone();
    Pool::builder(move || births.object()).max_idle(max_idle).build()
}

#[test]
fn a_thread_that_ends_gives_its_objects_back() {
    let ledger = Ledger::default();
    let pool = pool(100, &ledger);
    thread::scope(|scope| {
        // The end of the scope alone would not wait for the end of the thread's locals.
        scope.spawn(|| drop((0..20).map(|_| pool.acquire()).collect::<Vec<_>>())).join().unwrap();
    });
    assert_eq!((pool.len(), ledger.alive()), (20, 20));
    let again: Vec<_> = (0..20).map(|_| pool.acquire()).collect();
    assert_eq!((again.len(), ledger.built()), (20, 20));
}

#[test]
fn another_thread_finds_the_idle_objects_of_a_living_one() {
    let ledger = Ledger::default();
    let pool = pool(100, &ledger);
    drop((0..10).map(|_| pool.acquire()).collect::<Vec<_>>());
    thread::scope(|scope| {
        scope.spawn(|| {
            let found: Vec<_> = (0..10).map(|_| pool.acquire()).collect();
            assert_eq!((found.len(), ledger.built()), (10, 10));
        });
    });
}

/// Whether the system can fence other threads: it may take a moment to register for that.
fn fences_are_free() -> bool {
    fence::prepare();
    let end = Instant::now() + Duration::from_secs(2);
    while !fence::is_free() && cfg!(not(lagom_no_membarrier)) && Instant::now() < end {
        thread::yield_now();
    }
    fence::is_free()
}

#[test]
fn places_lent_to_one_thread_and_empty_serve_another() {
    let ledger = Ledger::default();
    let pool = pool(4, &ledger);
    // Where the system cannot fence other threads, half of the places is what another one can count on.
    let least = if fences_are_free() { 4 } else { 2 };
    // This thread has been lent all places that it can have, and uses none.
    let guards: Vec<_> = (0..4).map(|_| pool.acquire_owned()).collect();
    drop(guards);
    let guards: Vec<_> = (0..4).map(|_| pool.acquire_owned()).collect();
    thread::scope(|scope| {
        scope.spawn(|| drop(guards));
    });
    let kept = pool.len();
    assert!(kept >= least, "{kept}");
    assert_eq!((pool.stats().discarded() as usize, ledger.alive()), (4 - kept, kept));
    // Its own it gives back itself.
    pool.prewarm(4);
    assert_eq!((pool.len(), ledger.alive()), (4, 4));
}

/// Not fewer may be kept than are promised, whoever has been lent places.
#[test]
fn idle_threads_do_not_have_all_the_places() {
    let ledger = Ledger::default();
    let pool = pool(8, &ledger);
    let (taken, given) = (Barrier::new(4), Barrier::new(4));
    let objects = std::sync::Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..3 {
                    drop((0..4).map(|_| pool.acquire()).collect::<Vec<_>>());
                }
                // Their places are empty from now on.
                objects.lock().unwrap().extend((0..4).map(|_| pool.acquire_owned()));
                taken.wait();
                given.wait();
            });
        }
        taken.wait();
        drop(std::mem::take(&mut *objects.lock().unwrap()));
        let kept = pool.len();
        assert!((4..=8).contains(&kept), "{kept}");
        given.wait();
    });
    assert_eq!(pool.stats().in_use(), 0);
}

#[test]
fn clear_from_one_thread_empties_those_of_all() {
    let ledger = Ledger::default();
    let pool = pool(1000, &ledger);
    let (filled, cleared) = (Barrier::new(41), Barrier::new(41));
    thread::scope(|scope| {
        // More threads than are found without a second look-up.
        for _ in 0..40 {
            scope.spawn(|| {
                drop([pool.acquire(), pool.acquire(), pool.acquire()]);
                filled.wait();
                cleared.wait();
                drop(pool.acquire());
            });
        }
        filled.wait();
        assert!(!pool.is_empty());
        pool.clear();
        assert_eq!((pool.len(), ledger.alive()), (0, 0));
        cleared.wait();
    });
    assert_eq!(pool.len(), ledger.alive());
}

#[test]
fn the_bound_holds_at_every_instant_over_many_threads() {
    let ledger = Ledger::default();
    for max_idle in [0, 1, 7, 40] {
        let pool = pool(max_idle, &ledger);
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            for thread in 0..48_usize {
                let (pool, done) = (&pool, &done);
                scope.spawn(move || {
                    while !done.load(Relaxed) {
                        drop((0..thread % 5 + 1).map(|_| pool.acquire()).collect::<Vec<_>>());
                        thread::yield_now();
                    }
                });
            }
            let mut before = pool.stats();
            for _ in 0..200 {
                let stats = pool.stats();
                assert!(stats.idle() <= max_idle, "{stats}");
                assert!(
                    stats.created() >= before.created() && stats.reused() >= before.reused(),
                    "{before} then {stats}"
                );
                before = stats;
                thread::yield_now();
            }
            done.store(true, Relaxed);
        });
        let stats = pool.stats();
        assert!(stats.idle() <= max_idle && stats.in_use() == 0 && stats.idle() == ledger.alive(), "{stats}");
        drop(pool);
        assert_eq!(ledger.alive(), 0);
    }
}

#[test]
fn thousands_of_short_threads_leave_nothing_behind() {
    let ledger = Ledger::default();
    let pool = pool(8, &ledger);
    for _ in 0..500 {
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| drop((pool.acquire(), pool.acquire())));
            }
        });
        assert!(ledger.alive() <= 8);
    }
    let stats = pool.stats();
    assert_eq!(stats.created() + stats.reused(), 8000);
    pool.clear();
    assert_eq!(ledger.alive(), 0);
}

#[test]
fn a_crowd_that_shrinks_keeps_its_objects_for_the_rest() {
    let ledger = Ledger::default();
    let pool = pool(64, &ledger);
    let all = Barrier::new(16);
    thread::scope(|scope| {
        let member = || {
            let held = [pool.acquire(), pool.acquire()];
            all.wait();
            drop(held);
        };
        let crowd: Vec<_> = (0..16).map(|_| scope.spawn(member)).collect();
        crowd.into_iter().for_each(|thread| thread.join().unwrap());
    });
    assert_eq!((ledger.built(), pool.len()), (32, 32));
    let held: Vec<_> = (0..32).map(|_| pool.acquire()).collect();
    assert_eq!((held.len(), ledger.built()), (32, 32));
}

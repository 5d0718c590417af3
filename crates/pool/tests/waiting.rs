//! Fewer objects than are wanted: who waits, in which order, for how long; and never are there more than may be.

mod common;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use common::{Census, Citizen, Counted, Ledger, Watchdog, next, until};
use lagom_pool::{AcquireTimeoutError, Pool, Pooled, TryAcquireError};

const LONG: Duration = Duration::from_secs(600);

fn pool(max_live: usize, ledger: &Ledger) -> Pool<Counted> {
    let births = ledger.clone();
    Pool::builder(move || births.object()).max_live(max_live).build()
}

fn waiting<T>(pool: &Pool<T>, n: usize) {
    until(|| pool.stats().waiting() == n);
}

#[test]
fn who_came_first_is_served_first() {
    let _watchdog = Watchdog::new();
    let ledger = Ledger::default();
    let (pool, served) = (pool(1, &ledger), Mutex::new(Vec::new()));
    let held = pool.acquire();
    thread::scope(|scope| {
        for arrival in 0..12 {
            let (pool, served) = (&pool, &served);
            scope.spawn(move || {
                let note = |_: &Counted| served.lock().unwrap().push(arrival);
                match arrival % 5 {
                    0 => note(&pool.acquire()),
                    1 => note(&pool.acquire_owned()),
                    2 => note(&pool.acquire_timeout(Duration::MAX).unwrap()),
                    3 => note(&pool.acquire_timeout(LONG).unwrap()),
                    _ => note(&pool.acquire_owned_timeout(LONG).unwrap()),
                }
            });
            waiting(pool, arrival + 1);
        }
        assert_eq!(pool.try_acquire().unwrap_err(), TryAcquireError::Exhausted);
        assert_eq!(pool.stats().waiting(), 12);
        drop(held);
    });
    assert_eq!(served.into_inner().unwrap(), (0..12).collect::<Vec<_>>());
    let stats = pool.stats();
    assert_eq!((ledger.built(), stats.waiting(), stats.created(), stats.reused()), (1, 0, 1, 12));
}

#[test]
fn nobody_overtakes_who_waits() {
    let _watchdog = Watchdog::new();
    let ledger = Ledger::default();
    let pool = pool(1, &ledger);
    for round in 0..40 {
        let mut held = pool.acquire();
        let (got, go) = (AtomicBool::new(false), AtomicBool::new(false));
        thread::scope(|scope| {
            scope.spawn(|| {
                let _guard = pool.acquire();
                got.store(true, SeqCst);
                until(|| go.load(SeqCst));
            });
            waiting(&pool, 1);
            drop(held);
            // Handed over, whether the other has noticed yet or not.
            assert_eq!((pool.stats().idle(), pool.stats().waiting()), (0, 0));
            assert_eq!(pool.try_acquire().unwrap_err(), TryAcquireError::Exhausted);
            assert_eq!(pool.acquire_timeout(Duration::ZERO).unwrap_err(), AcquireTimeoutError::TimedOut);
            until(|| got.load(SeqCst));
            go.store(true, SeqCst);
            held = pool.acquire();
            drop(held);
        });
        assert_eq!((ledger.built(), pool.len()), (1, 1), "round {round}");
    }
}

#[test]
fn a_thread_that_takes_all_the_time_lets_others_in() {
    // Its own magazine would serve it for ever.
    let _watchdog = Watchdog::new();
    let ledger = Ledger::default();
    let (pool, done) = (pool(1, &ledger), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(SeqCst) {
                drop(pool.acquire());
            }
        });
        for _ in 0..200 {
            drop(pool.acquire());
            thread::yield_now();
        }
        done.store(true, SeqCst);
    });
    assert_eq!(ledger.built(), 1);
}

#[test]
fn an_idle_object_of_another_thread_is_found_not_waited_for() {
    let ledger = Ledger::default();
    for n in [1, 3, 32, 40, 90] {
        let pool = pool(n, &ledger);
        let before = ledger.built();
        drop((0..n).map(|_| pool.acquire()).collect::<Vec<_>>());
        thread::scope(|scope| {
            let other = scope.spawn(|| {
                let found: Result<Vec<_>, _> = (0..n).map(|_| pool.try_acquire()).collect();
                assert!(found.is_ok(), "{found:?}");
                assert!(pool.try_acquire().is_err());
            });
            other.join().unwrap();
            // And back.
            let found: Result<Vec<_>, _> = (0..n).map(|_| pool.acquire_timeout(Duration::ZERO)).collect();
            assert!(found.is_ok(), "{found:?}");
        });
        assert_eq!(ledger.built() - before, n);
    }
}

#[test]
fn the_only_object_is_found_wherever_it_lies_however_often() {
    let ledger = Ledger::default();
    let pool = pool(1, &ledger);
    let turns: Vec<_> = (0..20).map(|_| std::sync::Barrier::new(20)).collect();
    thread::scope(|scope| {
        for thread in 0..20 {
            let (pool, turns) = (&pool, &turns);
            scope.spawn(move || {
                for (turn, all) in turns.iter().enumerate() {
                    if turn == thread {
                        assert!(pool.try_acquire().is_ok(), "turn {turn}");
                    }
                    // Everybody stays alive, and keeps what it has.
                    all.wait();
                }
            });
        }
    });
    assert_eq!(ledger.built(), 1);
}

#[test]
fn timeouts() {
    let _watchdog = Watchdog::new();
    let ledger = Ledger::default();
    let pool = pool(2, &ledger);
    let first = pool.acquire_timeout(Duration::ZERO).unwrap();
    let second = pool.acquire_owned_timeout(Duration::MAX).unwrap();
    assert_eq!(pool.acquire_timeout(Duration::ZERO).unwrap_err(), AcquireTimeoutError::TimedOut);
    let start = Instant::now();
    let short = Duration::from_millis(30);
    assert_eq!(pool.acquire_timeout(short).unwrap_err(), AcquireTimeoutError::TimedOut);
    assert_eq!(pool.acquire_owned_timeout(short).unwrap_err(), AcquireTimeoutError::TimedOut);
    assert!(start.elapsed() >= 2 * short, "not before its time: {:?}", start.elapsed());
    assert_eq!(pool.stats().waiting(), 0, "no place in the queue is left behind");
    drop(first);
    drop(pool.acquire_timeout(Duration::ZERO).unwrap());
    drop(second);
    assert_eq!((pool.len(), ledger.built()), (2, 2));
}

#[test]
fn who_gave_up_is_not_served() {
    let _watchdog = Watchdog::new();
    let ledger = Ledger::default();
    let pool = pool(1, &ledger);
    let held = pool.acquire();
    let served = AtomicUsize::new(0);
    thread::scope(|scope| {
        let impatient = scope.spawn(|| pool.acquire_timeout(Duration::from_millis(100)).is_err());
        until(|| pool.stats().waiting() == 1 || impatient.is_finished());
        for already in 1..3 {
            scope.spawn(|| {
                drop(pool.acquire());
                served.fetch_add(1, SeqCst);
            });
            until(|| pool.stats().waiting() > already || impatient.is_finished());
        }
        assert!(impatient.join().unwrap());
        waiting(&pool, 2);
        drop(held);
    });
    assert_eq!((served.into_inner(), pool.len(), ledger.built()), (2, 1, 1));
}

#[test]
fn a_timeout_and_an_object_that_comes_at_the_same_moment_lose_nothing() {
    let _watchdog = Watchdog::new();
    let ledger = Ledger::default();
    let pool = pool(1, &ledger);
    let (mut late, mut served) = (0, 0);
    for round in 0..150_u64 {
        let held = pool.acquire();
        thread::scope(|scope| {
            let other = scope.spawn(|| pool.acquire_timeout(Duration::from_micros(300)).is_ok());
            thread::sleep(Duration::from_micros(200 + round % 30 * 10));
            drop(held);
            if other.join().unwrap() { served += 1 } else { late += 1 }
        });
        let stats = pool.stats();
        assert_eq!((stats.idle(), stats.in_use(), stats.waiting()), (1, 0, 0));
    }
    assert_eq!((late + served, ledger.built()), (150, 1));
}

#[test]
fn no_more_than_may_live_even_while_some_are_dying() {
    let _watchdog = Watchdog::new();
    for max_live in 1..=3 {
        let census = Census::default();
        let births = census.clone();
        // Nothing is ever kept: every acquisition needs a birth, and that needs a death.
        let pool = Pool::builder(move || births.object()).retain_if(|_| false).max_live(max_live).build();
        thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| (0..300).for_each(|_| drop(pool.acquire())));
            }
            scope.spawn(|| (0..100).for_each(|_| pool.prewarm(2)));
            scope.spawn(|| (0..100).for_each(|_| pool.clear()));
        });
        assert!(census.most() <= max_live, "{} of {max_live}", census.most());
        pool.clear();
        assert_eq!((census.alive(), pool.stats().in_use()), (0, 0));
    }
}

/// One of the ways to hold an object for a moment.
fn hold(pool: &Pool<Citizen>, seed: &mut u64) -> Option<Citizen> {
    let wait = Duration::from_micros(next(seed) % 200);
    match next(seed) % 12 {
        0..=3 => drop(pool.acquire()),
        4 => drop(pool.acquire_owned()),
        5 => drop(pool.try_acquire()),
        6 => drop(pool.acquire_timeout(wait)),
        7 => drop(pool.acquire_owned_timeout(Duration::MAX)),
        8 => return Some(Pooled::detach(pool.acquire())),
        9 => pool.prewarm(2),
        10 => {
            let _guard = pool.acquire();
            thread::yield_now();
        }
        _ if next(seed).is_multiple_of(8) => pool.trim(1),
        _ => {
            // Two at once, but never to be waited for with one in hand: that may hang, as with any lock.
            let _first = pool.acquire();
            drop(pool.acquire_timeout(wait));
        }
    }
    None
}

#[test]
fn eight_threads_and_few_objects() {
    let _watchdog = Watchdog::new();
    for max_live in 2..=4 {
        let census = Census::default();
        let births = census.clone();
        let fit = AtomicUsize::new(0);
        let pool = Pool::builder(move || births.object())
            .retain_if(move |_| !fit.fetch_add(1, SeqCst).is_multiple_of(17))
            .max_live(max_live)
            .build();
        // What is detached is no longer the pool's, and lives beside what the pool may have.
        let detached = AtomicUsize::new(0);
        thread::scope(|scope| {
            for thread in 0..8 {
                let (pool, census, detached) = (&pool, &census, &detached);
                scope.spawn(move || {
                    let mut seed = 0x9e37_79b9_7f4a_7c15 ^ (thread + 1);
                    for _ in 0..800 {
                        if let Some(citizen) = hold(pool, &mut seed) {
                            detached.fetch_add(1, SeqCst);
                            drop(citizen);
                        }
                        assert!(census.alive() <= max_live + 8);
                    }
                });
            }
        });
        let stats = pool.stats();
        assert_eq!((stats.in_use(), stats.waiting(), stats.idle()), (0, 0, census.alive()), "{stats}");
        assert!(stats.idle() <= max_live && stats.reused() > 0 && detached.load(SeqCst) > 0, "{stats}");
        // Every permit is back.
        let all: Result<Vec<_>, _> = (0..max_live).map(|_| pool.try_acquire()).collect();
        assert!(all.is_ok() && pool.try_acquire().is_err());
    }
}

#[test]
fn hits_are_hits_again_when_nobody_waits_any_more() {
    let _watchdog = Watchdog::new();
    let ledger = Ledger::default();
    let pool = pool(20, &ledger);
    let all: Vec<_> = (0..20).map(|_| pool.acquire()).collect();
    thread::scope(|scope| {
        scope.spawn(|| drop(pool.acquire()));
        waiting(&pool, 1);
        drop(all);
    });
    // Only what goes out from a magazine ends rounds, and only rounds let what is idle go.
    for _ in 0..3 * 65_536 {
        drop(pool.acquire());
    }
    assert!(pool.len() < 20 && ledger.built() == 20, "{}", pool.stats());
}

//! How the waiting ends where no object comes back: a permit is passed on, the pool is closed; and what `max_live` counts.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use common::{Counted, Ledger, Watchdog, panics, until};
use lagom_pool::{AcquireTimeoutError, Pool, Pooled, PooledOwned, TryAcquireError};

fn pool(max_live: usize, ledger: &Ledger) -> Pool<Counted> {
    let births = ledger.clone();
    Pool::builder(move || births.object()).max_live(max_live).build()
}

fn waiting<T>(pool: &Pool<T>, n: usize) {
    until(|| pool.stats().waiting() == n);
}

/// Whoever waits for the only object gets one of its own when `end` did away with that one.
fn the_next_one_makes_its_own(pool: &Pool<Counted>, end: impl FnOnce(PooledOwned<Counted>)) {
    let _watchdog = Watchdog::new();
    let held = pool.acquire_owned();
    let old = held.number;
    thread::scope(|scope| {
        let others: Vec<_> = (1..=3)
            .map(|place| {
                let other = scope.spawn(|| Pooled::detach(pool.acquire()).number);
                waiting(pool, place);
                other
            })
            .collect();
        end(held);
        // Detached, each makes room for the next.
        let numbers: Vec<_> = others.into_iter().map(|other| other.join().unwrap()).collect();
        assert_eq!(numbers, [old + 1, old + 2, old + 3]);
    });
    let stats = pool.stats();
    assert_eq!((stats.idle(), stats.in_use(), stats.waiting()), (0, 0, 0));
    assert!(pool.try_acquire().is_ok());
}

#[test]
fn detach_makes_room() {
    let ledger = Ledger::default();
    the_next_one_makes_its_own(&pool(1, &ledger), |held| drop(PooledOwned::detach(held)));
}

#[test]
fn what_is_not_retained_makes_room() {
    let ledger = Ledger::default();
    let births = ledger.clone();
    let pool = Pool::builder(move || births.object()).retain_if(|object| object.number != 0).max_live(1).build();
    the_next_one_makes_its_own(&pool, drop);
    assert_eq!(pool.stats().discarded(), 1);
}

#[test]
fn a_panicking_hook_makes_room() {
    let ledger = Ledger::default();
    let births = ledger.clone();
    let builder = Pool::builder(move || births.object()).max_live(1);
    let pool = builder.reset(|object| assert_ne!(object.number, 0)).build();
    the_next_one_makes_its_own(&pool, |held| assert!(panics(|| drop(held))));
    assert_eq!(pool.stats().discarded(), 1);
}

#[test]
fn unwinding_makes_room() {
    let ledger = Ledger::default();
    let births = ledger.clone();
    let pool = Pool::builder(move || births.object()).reset(|_| {}).max_live(1).build();
    the_next_one_makes_its_own(&pool, |held| {
        assert!(panics(|| {
            let _held = held;
            std::panic::resume_unwind(Box::new(()));
        }));
    });
    assert_eq!(pool.stats().discarded(), 1);
}

#[test]
fn a_panicking_destructor_makes_room() {
    struct Bomb(bool);
    impl Drop for Bomb {
        fn drop(&mut self) {
            assert!(!self.0, "in drop");
        }
    }
    let _watchdog = Watchdog::new();
    let pool = Pool::builder(|| Bomb(false)).retain_if(|bomb| !bomb.0).max_live(1).build();
    let mut held = pool.acquire();
    thread::scope(|scope| {
        let other = scope.spawn(|| pool.acquire().0);
        waiting(&pool, 1);
        held.0 = true;
        assert!(panics(|| drop(held)));
        assert!(!other.join().unwrap());
    });
    assert_eq!((pool.len(), pool.stats().created(), pool.stats().discarded()), (1, 2, 1));
}

#[test]
fn a_factory_that_panics_in_a_woken_thread_leaves_the_permit_to_the_next() {
    let _watchdog = Watchdog::new();
    let births = AtomicUsize::new(0);
    let pool = Pool::builder(move || {
        let number = births.fetch_add(1, SeqCst);
        // The first is for who fills the pool; two that waited fail, one of them twice.
        assert!(!(1..=2).contains(&number), "no birth today");
        number
    });
    let pool = pool.max_live(1).build();
    let held = pool.acquire();
    thread::scope(|scope| {
        let others: Vec<_> = (1..=4)
            .map(|place| {
                let other = scope.spawn(|| *pool.acquire());
                waiting(&pool, place);
                other
            })
            .collect();
        assert_eq!(Pooled::detach(held), 0);
        let results: Vec<_> = others.into_iter().map(|other| other.join().ok()).collect();
        assert_eq!(results, [None, None, Some(3), Some(3)]);
    });
    let stats = pool.stats();
    assert_eq!((stats.created(), stats.idle(), stats.in_use()), (2, 1, 0));
}

#[test]
fn a_panicking_factory_keeps_no_permit() {
    let fuse = Arc::new(AtomicBool::new(true));
    let lit = Arc::clone(&fuse);
    let pool = Pool::builder(move || assert!(!lit.load(SeqCst))).max_live(2).build();
    for _ in 0..5 {
        assert!(panics(|| drop(pool.acquire())));
        assert!(panics(|| drop(pool.try_acquire())));
        assert!(panics(|| drop(pool.acquire_owned_timeout(Duration::ZERO))));
        assert!(panics(|| pool.prewarm(2)));
    }
    fuse.store(false, SeqCst);
    let both = (pool.try_acquire().unwrap(), pool.try_acquire_owned().unwrap());
    assert!(pool.try_acquire().is_err());
    drop(both);
}

#[test]
fn attached_objects_count_but_never_wait() {
    let _watchdog = Watchdog::new();
    let ledger = Ledger::default();
    let pool = pool(1, &ledger);
    let only = pool.acquire();
    let (second, third) = (pool.attach(ledger.object()), pool.attach_owned(ledger.object()));
    assert_eq!((pool.stats().in_use(), pool.stats().created()), (3, 1));
    thread::scope(|scope| {
        let other = scope.spawn(|| Pooled::detach(pool.acquire()).number);
        waiting(&pool, 1);
        drop(Pooled::detach(only));
        drop(Pooled::detach(second));
        thread::sleep(Duration::from_millis(10));
        assert_eq!(pool.stats().waiting(), 1, "one still lives, and no more may");
        drop(PooledOwned::detach(third));
        assert_eq!(other.join().unwrap(), 3);
    });
    let (kept, attached) = (pool.acquire(), pool.attach(ledger.object()));
    thread::scope(|scope| {
        let other = scope.spawn(|| pool.acquire().number);
        waiting(&pool, 1);
        let number = attached.number;
        drop(attached);
        assert_eq!(other.join().unwrap(), number, "an attached one comes back as any other");
    });
    drop(kept);
    assert_eq!(pool.len(), 2, "idle ones are bounded by `max_idle`");
    let both = (pool.try_acquire().unwrap(), pool.try_acquire().unwrap());
    assert!(pool.try_acquire().is_err());
    drop(both);
}

#[test]
fn at_least_one_may_live() {
    let ledger = Ledger::default();
    let pool = pool(0, &ledger);
    assert_eq!(pool.stats().max_live(), Some(1));
    let only = pool.acquire();
    assert_eq!(pool.try_acquire().unwrap_err(), TryAcquireError::Exhausted);
    drop(only);
    assert_eq!(Pool::new(String::new).stats().max_live(), None);
}

#[test]
fn nothing_idle_may_be_kept_and_yet_be_handed_over() {
    let _watchdog = Watchdog::new();
    let ledger = Ledger::default();
    let births = ledger.clone();
    let pool = Pool::builder(move || births.object()).max_live(1).max_idle(0).build();
    let held = pool.acquire();
    thread::scope(|scope| {
        let other = scope.spawn(|| pool.acquire().number);
        waiting(&pool, 1);
        drop(held);
        assert_eq!(other.join().unwrap(), 0, "from hand to hand it is never idle");
    });
    assert_eq!((ledger.built(), ledger.alive()), (1, 0));
}

#[test]
fn prewarm_stops_at_max_live() {
    let ledger = Ledger::default();
    let pool = pool(3, &ledger);
    let held = pool.acquire();
    pool.prewarm(10);
    assert_eq!((pool.len(), ledger.built()), (2, 3));
    drop(held);
    pool.clear();
    pool.prewarm(2);
    assert_eq!((pool.len(), ledger.alive()), (2, 2));
    let all: Vec<_> = (0..3).map(|_| pool.try_acquire().unwrap()).collect();
    pool.prewarm(1);
    assert_eq!((all.len(), pool.len()), (3, 0));
}

#[test]
fn who_waits_gets_what_prewarm_was_making() {
    let _watchdog = Watchdog::new();
    let (begun, go) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (begins, gone) = (Arc::clone(&begun), Arc::clone(&go));
    let pool = Pool::builder(move || {
        begins.store(true, SeqCst);
        until(|| gone.load(SeqCst));
    });
    let pool = pool.max_live(1).build();
    thread::scope(|scope| {
        scope.spawn(|| pool.prewarm(1));
        until(|| begun.load(SeqCst));
        // The only permit is taken.
        assert!(pool.try_acquire().is_err());
        scope.spawn(|| drop(pool.acquire()));
        waiting(&pool, 1);
        go.store(true, SeqCst);
    });
    let stats = pool.stats();
    assert_eq!((stats.prewarmed(), stats.created(), stats.reused(), stats.idle()), (1, 0, 1, 1));
}

#[test]
fn close_wakes_all_who_wait() {
    let _watchdog = Watchdog::new();
    let ledger = Ledger::default();
    let pool = pool(2, &ledger);
    let (late, late_owned) = (pool.acquire(), pool.acquire_owned());
    thread::scope(|scope| {
        let closed = Err(AcquireTimeoutError::Closed);
        let panicking = scope.spawn(|| panics(|| drop(pool.acquire())) && panics(|| drop(pool.acquire_owned())));
        waiting(&pool, 1);
        let timed: Vec<_> = (2..6)
            .map(|place| {
                let timed = scope.spawn(|| pool.acquire_timeout(Duration::MAX).map(drop));
                waiting(&pool, place);
                timed
            })
            .collect();
        assert!(!pool.is_closed());
        pool.close();
        assert!(pool.is_closed());
        assert!(panicking.join().unwrap());
        timed.into_iter().for_each(|timed| assert_eq!(timed.join().unwrap(), closed));
        assert_eq!(pool.stats().waiting(), 0);
    });
    assert_eq!(late.number + late_owned.number, 1, "what is out may be used on");
    drop((late, late_owned));
    assert_eq!((pool.len(), ledger.alive()), (0, 0));
}

#[test]
fn a_closed_pool_hands_out_nothing_and_keeps_nothing() {
    let ledger = Ledger::default();
    let hooks = Arc::new(AtomicUsize::new(0));
    let (births, seen) = (ledger.clone(), Arc::clone(&hooks));
    let pool =
        Pool::builder(move || births.object()).retain_if(move |_| seen.fetch_add(1, SeqCst) < usize::MAX).build();
    drop([pool.acquire(), pool.acquire(), pool.acquire()]);
    let held = pool.acquire();
    thread::scope(|scope| {
        let other = scope.spawn(|| drop(pool.acquire()));
        other.join().unwrap();
    });
    pool.close();
    pool.close();
    assert_eq!((pool.len(), ledger.alive()), (0, 1));
    assert_eq!(pool.try_acquire().unwrap_err(), TryAcquireError::Closed);
    assert_eq!(pool.try_acquire_owned().unwrap_err(), TryAcquireError::Closed);
    assert_eq!(pool.acquire_timeout(Duration::ZERO).unwrap_err(), AcquireTimeoutError::Closed);
    assert!(panics(|| drop(pool.acquire())));
    pool.prewarm(3);
    let ran = hooks.load(SeqCst);
    drop(held);
    drop(pool.attach(ledger.object()));
    drop(pool.attach_owned(ledger.object()));
    assert_eq!(hooks.load(SeqCst), ran, "what is to be dropped need not be made fit");
    assert_eq!((pool.len(), ledger.alive(), pool.stats().in_use()), (0, 0, 0));
    assert_eq!(pool.stats().discarded(), 3);
}

#[test]
fn nothing_stays_in_a_pool_that_closes_under_load() {
    let _watchdog = Watchdog::new();
    for _ in 0..60 {
        let ledger = Ledger::default();
        let pool = pool(3, &ledger);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| while pool.acquire_timeout(Duration::MAX).is_ok() {});
            }
            until(|| pool.stats().reused() > 20);
            pool.close();
        });
        assert_eq!((ledger.alive(), pool.len(), pool.stats().in_use()), (0, 0, 0));
    }
}

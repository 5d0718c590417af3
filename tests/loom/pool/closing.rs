//! The end of a pool, against those who are still at work.

use super::{ANY, Bell, Ledger, block_on, keep, loom, plain, poll, spawn, thread};
use lagom_pool::TryAcquireError;

#[test]
fn a_closed_pool_keeps_nothing_of_a_return_that_is_under_way() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(2, ANY, &ledger);
        keep(&pool, 2);
        let guard = pool.acquire();
        let closing = spawn(&pool, |pool| pool.close());
        guard.touch();
        drop(guard);
        closing.join().unwrap();
        assert_eq!((pool.len(), ledger.alive()), (0, 0));
    });
}

#[test]
fn the_last_guard_ends_what_the_pool_left() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(1, ANY, &ledger);
        keep(&pool, 1);
        let guard = pool.acquire_owned();
        // The pool goes in another thread, while the guard gives to a magazine of it.
        let closing = thread::spawn(move || drop(pool));
        drop(guard);
        closing.join().unwrap();
        assert_eq!(ledger.alive(), 0);
    });
}

#[test]
fn an_acquisition_meets_the_end() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(1, ANY, &ledger);
        keep(&pool, 1);
        let closing = spawn(&pool, |pool| pool.close());
        match pool.try_acquire_owned() {
            Ok(guard) => guard.touch(),
            Err(refusal) => assert_eq!(refusal, TryAcquireError::Closed),
        }
        closing.join().unwrap();
        assert!(pool.is_closed());
        assert_eq!((pool.try_acquire().err(), ledger.alive()), (Some(TryAcquireError::Closed), 0));
    });
}

#[test]
fn who_waits_is_sent_away_by_the_end() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(1, 1, &ledger);
        let guard = pool.acquire_owned();
        let waiting = spawn(&pool, |pool| block_on(pool.acquire_async()).is_err());
        pool.close();
        assert!(waiting.join().unwrap(), "the only object is still out");
        drop(guard);
        assert_eq!((ledger.alive(), pool.stats().waiting()), (0, 0));
    });
}

#[test]
fn a_thread_that_waits_is_sent_away_by_the_end() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(1, 1, &ledger);
        let guard = pool.acquire_owned();
        let waiting = spawn(&pool, |pool| pool.acquire_timeout(std::time::Duration::MAX).is_err());
        pool.close();
        assert!(waiting.join().unwrap(), "the only object is still out");
        drop(guard);
        assert_eq!((ledger.alive(), pool.stats().waiting()), (0, 0));
    });
}

#[test]
fn what_was_handed_over_before_the_end_is_dropped_by_who_gives_up() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(1, 1, &ledger);
        let guard = pool.acquire_owned();
        let bell = Bell::new();
        let mut task = pool.acquire_owned_async();
        assert!(poll(&mut task, &bell).is_none());
        let other = thread::spawn(move || drop(guard));
        drop(pool);
        bell.wait(1);
        drop(task);
        other.join().unwrap();
        assert_eq!(ledger.alive(), 0);
    });
}

#[test]
fn prewarm_meets_the_end() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(2, ANY, &ledger);
        keep(&pool, 1);
        let closing = spawn(&pool, |pool| pool.close());
        pool.prewarm(2);
        closing.join().unwrap();
        assert_eq!((pool.len(), ledger.alive()), (0, 0));
    });
}

#[test]
fn what_a_thread_was_handed_before_the_end_does_not_stay_behind() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(1, 1, &ledger);
        let guard = pool.acquire_owned();
        let waiting = spawn(&pool, |pool| {
            if let Ok(guard) = pool.acquire_timeout(std::time::Duration::MAX) {
                guard.touch();
            }
        });
        drop(guard);
        pool.close();
        waiting.join().unwrap();
        assert_eq!((ledger.alive(), pool.stats().in_use()), (0, 0));
    });
}

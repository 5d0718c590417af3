//! Between what threads keep and what lies behind the lock.

use super::{ANY, Ledger, Object, keep, loom, plain, spawn, use_once};
use lagom_pool::Pool;

/// Takes `n` at once, works, and gives them back one after the other.
fn use_many(pool: &Pool<Object>, n: usize) {
    let guards: Vec<_> = (0..n).map(|_| pool.acquire()).collect();
    guards.iter().for_each(|guard| guard.touch());
}

#[test]
fn one_fills_its_magazine_from_what_another_puts_there() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(6, ANY, &ledger);
        keep(&pool, 2);
        // One more than it keeps: half goes behind the lock.
        let guards = [pool.acquire(), pool.acquire(), pool.acquire()];
        let other = spawn(&pool, |pool| use_many(pool, 2));
        guards.iter().for_each(|guard| guard.touch());
        drop(guards);
        other.join().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.idle(), stats.in_use(), stats.discarded()), (ledger.alive(), 0, 0));
        assert_eq!(stats.created() as usize, ledger.built());
    });
}

#[test]
fn two_fill_their_magazines_from_the_same_objects() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(4, ANY, &ledger);
        pool.prewarm(4);
        keep(&pool, 1);
        let other = spawn(&pool, |pool| use_many(pool, 2));
        use_many(&pool, 2);
        other.join().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.idle(), stats.in_use(), stats.created()), (4, 0, 0));
        assert_eq!((ledger.built(), ledger.alive()), (4, 4));
    });
}

#[test]
fn the_bound_holds_across_an_exchange() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(3, ANY, &ledger);
        keep(&pool, 2);
        let guards = [pool.acquire(), pool.acquire(), pool.acquire()];
        let looking = spawn(&pool, |pool| {
            for _ in 0..2 {
                let stats = pool.stats();
                assert!(stats.idle() <= 3);
                assert_eq!(stats.idle() + stats.in_use() + stats.discarded() as usize, 3);
            }
        });
        drop(guards);
        looking.join().unwrap();
        assert_eq!((pool.len() + pool.stats().discarded() as usize, pool.len()), (3, ledger.alive()));
    });
}

#[test]
fn the_bound_holds_for_two_that_keep() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(1, ANY, &ledger);
        keep(&pool, 1);
        let other = spawn(&pool, |pool| {
            use_once(pool);
            assert!(pool.len() <= 1);
        });
        use_many(&pool, 2);
        other.join().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.idle(), stats.in_use(), ledger.alive()), (1, 0, 1));
    });
}

#[test]
fn prewarm_fills_up_what_a_thread_takes_away() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(2, ANY, &ledger);
        keep(&pool, 1);
        let other = spawn(&pool, |pool| {
            pool.prewarm(2);
            assert!(pool.len() <= 2);
        });
        use_many(&pool, 2);
        other.join().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.idle(), stats.in_use()), (ledger.alive(), 0));
        assert!(stats.idle() <= 2);
    });
}

//! What a thread keeps for itself, against those who want it.

use super::{ANY, Arc, Bell, Ledger, Mutex, Object, keep, loom, plain, spawn, thread};
use lagom_pool::{Pool, Pooled, PooledOwned};

#[test]
fn the_last_object_goes_to_its_keeper_or_to_a_thief() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(1, 1, &ledger);
        keep(&pool, 1);
        let thief = spawn(&pool, |pool| pool.try_acquire().map(|guard| guard.touch()).is_ok());
        let mine = pool.try_acquire().map(|guard| guard.touch()).is_ok();
        assert!(thief.join().unwrap() || mine, "neither got it");
        let stats = pool.stats();
        assert_eq!((stats.idle(), stats.in_use(), ledger.built(), ledger.alive()), (1, 0, 1, 1));
    });
}

#[test]
fn an_object_that_is_given_goes_to_a_thief_or_stays() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(1, 1, &ledger);
        keep(&pool, 1);
        let guard = pool.acquire();
        let thief = spawn(&pool, |pool| pool.try_acquire().map(|guard| guard.touch()).is_ok());
        guard.touch();
        drop(guard);
        let mine = pool.try_acquire().map(|guard| guard.touch()).is_ok();
        assert!(thief.join().unwrap() || mine, "neither got it");
        let stats = pool.stats();
        assert_eq!((stats.idle(), stats.in_use(), ledger.built(), ledger.alive()), (1, 0, 1, 1));
    });
}

#[test]
fn a_keeper_works_on_while_all_it_has_is_stolen() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(2, 2, &ledger);
        keep(&pool, 2);
        // It gets the colder one, and what the keeper gives back meanwhile finds no place there.
        let thief = spawn(&pool, |pool| pool.acquire().touch());
        for _ in 0..2 {
            pool.acquire().touch();
        }
        thief.join().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.idle(), stats.in_use(), ledger.built(), ledger.alive()), (2, 0, 2, 2));
        assert_eq!(stats.created() + stats.reused(), 9);
    });
}

#[test]
fn a_keeper_that_has_less_than_its_floor_takes_nothing() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(2, ANY, &ledger);
        keep(&pool, 2);
        let other = spawn(&pool, |pool| pool.trim(0));
        // Some of these find what was there, some do not.
        let (first, second) = (pool.acquire(), pool.acquire());
        first.touch();
        second.touch();
        drop(first);
        drop(second);
        other.join().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.idle(), stats.in_use()), (ledger.alive(), 0));
        assert_eq!((stats.created() as usize, stats.discarded()), (ledger.built(), 0));
    });
}

#[test]
fn what_comes_back_after_a_trim_is_what_remains() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(2, ANY, &ledger);
        keep(&pool, 2);
        let guard = pool.acquire();
        let trimming = spawn(&pool, |pool| {
            pool.trim(0);
            pool.len()
        });
        drop(guard);
        let after = trimming.join().unwrap();
        // The guard's object came before the trim, or after it; the other one was there before.
        let stats = pool.stats();
        assert!(stats.idle() >= after && stats.idle() <= 1);
        assert_eq!((stats.idle(), stats.in_use(), stats.discarded()), (ledger.alive(), 0, 0));
    });
}

/// Two looks of one thread: each adds up, none goes back behind the one before.
fn look_twice(pool: &Pool<Object>, max_idle: usize, objects: usize) {
    let mut before = pool.stats();
    for _ in 0..2 {
        let after = pool.stats();
        assert!(after.idle() <= max_idle, "{after:?}");
        assert_eq!(after.idle() + after.in_use() + after.discarded() as usize, objects, "{after:?}");
        assert!(after.reused() >= before.reused() && after.discarded() >= before.discarded());
        assert_eq!(after.created(), before.created());
        before = after;
    }
}

#[test]
fn statistics_never_go_backwards_while_a_thread_takes_and_gives() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(1, ANY, &ledger);
        keep(&pool, 1);
        let looking = spawn(&pool, |pool| look_twice(pool, 1, 1));
        pool.acquire().touch();
        pool.acquire().touch();
        looking.join().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.idle(), stats.in_use(), stats.created() + stats.reused()), (1, 0, 5));
    });
}

#[test]
fn owned_guards_are_counted_on_the_way_out_and_back() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(1, ANY, &ledger);
        keep(&pool, 1);
        let looking = spawn(&pool, |pool| look_twice(pool, 1, 1));
        pool.acquire_owned().touch();
        pool.acquire_owned().touch();
        looking.join().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.idle(), stats.in_use(), stats.created() + stats.reused()), (1, 0, 5));
    });
}

#[test]
fn the_bound_holds_while_a_keeper_gives_more_than_it_may_keep() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(1, ANY, &ledger);
        keep(&pool, 1);
        let (first, second) = (pool.acquire(), pool.acquire());
        let looking = spawn(&pool, |pool| look_twice(pool, 1, 2));
        drop(first);
        drop(second);
        looking.join().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.idle(), stats.discarded(), ledger.alive()), (1, 1, 1));
    });
}

#[test]
fn a_guard_given_by_another_thread_than_its_keeper() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(2, ANY, &ledger);
        keep(&pool, 2);
        let guard = pool.acquire_owned();
        let other = spawn(&pool, move |pool| {
            guard.touch();
            drop(guard);
            pool.acquire().touch();
        });
        pool.acquire().touch();
        pool.acquire().touch();
        other.join().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.idle(), stats.in_use()), (ledger.alive(), 0));
        assert!(stats.idle() <= 2);
    });
}

#[test]
fn two_keepers_steal_from_each_other() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(2, 2, &ledger);
        let ready = Bell::new();
        let other = spawn(&pool, {
            let ready = std::sync::Arc::clone(&ready);
            move |pool| {
                keep(pool, 1);
                ready.ring();
                let both = (pool.try_acquire(), pool.try_acquire());
                [both.0, both.1].iter().flatten().for_each(|guard| guard.touch());
            }
        });
        ready.wait(1);
        pool.acquire().touch();
        other.join().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.idle(), stats.in_use()), (ledger.alive(), 0));
        assert!(stats.idle() <= 2);
    });
}

#[test]
fn detached_objects_never_come_back() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(2, ANY, &ledger);
        keep(&pool, 2);
        let other = spawn(&pool, |pool| pool.trim(1));
        let mine = Pooled::detach(pool.acquire());
        mine.touch();
        other.join().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.idle() + 1, stats.in_use()), (ledger.alive(), 0));
    });
}

#[test]
fn an_object_that_moves_from_one_keeper_to_another_is_counted_once() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(6, ANY, &ledger);
        // Enough for both behind the lock, so that they take nothing from each other.
        pool.prewarm(6);
        keep(&pool, 1);
        let (ready, sent) = (Bell::new(), Bell::new());
        let mail = Arc::new(Mutex::new(None::<PooledOwned<Object>>));
        let other = spawn(&pool, {
            let (ready, sent, mail) = (ready.clone(), sent.clone(), Arc::clone(&mail));
            move |pool| {
                keep(pool, 1);
                let kept_out = pool.acquire_owned();
                ready.ring();
                sent.wait(1);
                // Into the place that is free here.
                drop(mail.lock().take());
                kept_out
            }
        });
        ready.wait(1);
        let looking = spawn(&pool, |pool| {
            let stats = pool.stats();
            assert_eq!(stats.idle() + stats.in_use(), 6, "{stats:?}");
            assert!((1..=2).contains(&stats.in_use()));
        });
        *mail.lock() = Some(pool.acquire_owned());
        sent.ring();
        let kept_out = other.join().unwrap();
        looking.join().unwrap();
        drop(kept_out);
        assert_eq!((pool.len(), ledger.alive(), pool.stats().created()), (6, 6, 0));
    });
}

#[test]
fn places_that_a_keeper_does_not_use_are_found() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(1, ANY, &ledger);
        keep(&pool, 1);
        // The only place is this thread's, and empty.
        let (mine, others) = (pool.acquire_owned(), pool.attach_owned(Object::new(&ledger)));
        let other = thread::spawn(move || drop(others));
        let more = pool.acquire_owned();
        more.touch();
        other.join().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.discarded(), stats.idle() + 2), (0, ledger.alive()));
        drop((mine, more));
        assert_eq!((pool.len(), ledger.alive()), (1, 1));
    });
}

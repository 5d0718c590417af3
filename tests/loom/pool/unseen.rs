//! Where the system fences no other thread: givers pay no fence, and who looks in may not see yet what they give.

use super::{ANY, Bell, Ledger, Object, loom, plain, spawn, thread};
use lagom_base::fence;
use lagom_pool::Pool;

/// As [`loom::model`], without a fence that reaches other threads.
fn model(f: impl Fn() + Sync + Send + 'static) {
    struct Again;
    impl Drop for Again {
        fn drop(&mut self) {
            fence::model_where_free(true);
        }
    }
    let _again = Again;
    fence::model_where_free(false);
    loom::model(f);
}

/// The calling thread has a magazine afterwards, with `n` idle objects in it if the pool's bound lends the places. Once is
/// enough: there is nothing to be noted, and a round must not end before the model does.
fn keep(pool: &Pool<Object>, n: usize) {
    let guards: Vec<_> = (0..n).map(|_| pool.acquire()).collect();
    guards.iter().for_each(|guard| guard.touch());
}

/// Everything that was built and lives is idle, and no more than may be.
fn all_is_idle(pool: &Pool<Object>, ledger: &Ledger) {
    let stats = pool.stats();
    assert_eq!((stats.idle(), stats.in_use()), (ledger.alive(), 0), "{stats:?}");
    assert_eq!(stats.created() as usize, ledger.built(), "{stats:?}");
    assert!(stats.idle() <= stats.max_idle(), "{stats:?}");
}

#[test]
fn the_only_object_goes_to_its_keeper_or_to_a_thief() {
    model(|| {
        let ledger = Ledger::new();
        let pool = plain(4, ANY, &ledger);
        keep(&pool, 1);
        let thief = spawn(&pool, |pool| pool.acquire().touch());
        pool.acquire().touch();
        thief.join().unwrap();
        all_is_idle(&pool, &ledger);
        assert_eq!(pool.stats().created() + pool.stats().reused(), 3);
    });
}

#[test]
fn an_object_that_is_given_goes_to_a_thief_or_stays() {
    model(|| {
        let ledger = Ledger::new();
        let pool = plain(4, ANY, &ledger);
        keep(&pool, 1);
        let guard = pool.acquire();
        let thief = spawn(&pool, |pool| pool.acquire().touch());
        guard.touch();
        drop(guard);
        pool.acquire().touch();
        thief.join().unwrap();
        all_is_idle(&pool, &ledger);
    });
}

#[test]
fn several_are_given_in_a_row_while_another_clears() {
    model(|| {
        let ledger = Ledger::new();
        let pool = plain(6, ANY, &ledger);
        keep(&pool, 2);
        let guards = (pool.acquire(), pool.acquire());
        let clearing = spawn(&pool, |pool| {
            pool.clear();
            assert!(pool.len() <= 2);
        });
        drop(guards);
        clearing.join().unwrap();
        all_is_idle(&pool, &ledger);
        pool.clear();
        assert_eq!((pool.len(), ledger.alive()), (0, 0), "now all are seen");
    });
}

#[test]
fn who_sees_a_take_sees_what_was_given_before_it() {
    model(|| {
        let ledger = Ledger::new();
        let pool = plain(6, ANY, &ledger);
        keep(&pool, 2);
        let guards = (pool.acquire(), pool.acquire());
        let clearing = spawn(&pool, |pool| pool.clear());
        drop(guards);
        // The length is two, and for a moment one.
        pool.acquire().touch();
        clearing.join().unwrap();
        all_is_idle(&pool, &ledger);
    });
}

#[test]
fn one_is_given_while_a_colder_one_is_stolen() {
    model(|| {
        let ledger = Ledger::new();
        let pool = plain(6, ANY, &ledger);
        keep(&pool, 2);
        let guard = pool.acquire();
        let thief = spawn(&pool, |pool| {
            let both = (pool.acquire(), pool.acquire());
            both.0.touch();
            both.1.touch();
        });
        drop(guard);
        pool.acquire().touch();
        thief.join().unwrap();
        all_is_idle(&pool, &ledger);
    });
}

#[test]
fn a_place_that_is_lent_is_kept_for_who_may_be_giving() {
    model(|| {
        let ledger = Ledger::new();
        let pool = plain(2, ANY, &ledger);
        keep(&pool, 1);
        // One of the two places is this thread's, and empty.
        let guard = pool.acquire();
        let others = [(); 2].map(|()| pool.attach_owned(Object::new(&ledger)));
        let other = spawn(&pool, move |pool| {
            drop(others);
            assert!(pool.len() <= 2);
        });
        drop(guard);
        other.join().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.idle(), stats.discarded(), ledger.alive()), (2, 1, 2));
    });
}

#[test]
fn half_of_the_places_stay_for_others() {
    model(|| {
        let ledger = Ledger::new();
        let pool = plain(2, ANY, &ledger);
        keep(&pool, 2);
        let guards = (pool.acquire(), pool.acquire());
        let added = pool.attach_owned(Object::new(&ledger));
        let other = spawn(&pool, move |pool| {
            drop(added);
            assert_eq!(pool.stats().discarded(), 0);
        });
        other.join().unwrap();
        drop(guards);
        let stats = pool.stats();
        assert_eq!((stats.idle(), stats.discarded(), ledger.alive()), (2, 1, 2));
    });
}

#[test]
fn places_of_what_is_stolen_are_not_used_twice() {
    model(|| {
        let ledger = Ledger::new();
        let pool = plain(4, ANY, &ledger);
        keep(&pool, 2);
        let guard = pool.acquire();
        let added = [(); 3].map(|()| pool.attach_owned(Object::new(&ledger)));
        let other = spawn(&pool, move |pool| {
            // It takes what lies idle here, and fills every place that is not lent.
            let stolen = pool.acquire();
            drop(added);
            drop(stolen);
            assert!(pool.len() <= 4);
        });
        drop(guard);
        other.join().unwrap();
        let stats = pool.stats();
        assert!(stats.idle() <= 4, "{stats:?}");
        assert_eq!((stats.idle(), stats.in_use()), (ledger.alive(), 0), "{stats:?}");
    });
}

#[test]
fn counts_agree_at_every_look() {
    model(|| {
        let ledger = Ledger::new();
        let pool = plain(4, ANY, &ledger);
        keep(&pool, 2);
        let guards = (pool.acquire(), pool.acquire_owned());
        let looking = spawn(&pool, |pool| {
            let mut before = pool.stats();
            for _ in 0..2 {
                let after = pool.stats();
                assert_eq!(after.idle() + after.in_use(), 2, "{after:?}");
                assert!(after.reused() >= before.reused() && after.in_use() <= before.in_use());
                before = after;
            }
        });
        drop(guards);
        looking.join().unwrap();
        all_is_idle(&pool, &ledger);
    });
}

#[test]
fn an_owned_guard_on_its_way_back_is_not_written_off() {
    model(|| {
        let ledger = Ledger::new();
        let pool = plain(4, ANY, &ledger);
        keep(&pool, 2);
        let guards = (pool.acquire_owned(), pool.acquire_owned());
        let mut pool = loom::sync::Arc::try_unwrap(pool).ok().expect("the only one");
        let looking = thread::spawn(move || {
            assert_eq!(pool.write_off_leaked(), 0);
            pool
        });
        drop(guards);
        let pool = looking.join().unwrap();
        all_is_idle(&pool, &ledger);
        assert_eq!(pool.stats().leaked(), 0);
    });
}

#[test]
fn a_closed_pool_keeps_nothing_that_can_be_seen() {
    model(|| {
        let ledger = Ledger::new();
        let pool = plain(4, ANY, &ledger);
        keep(&pool, 2);
        let guards = (pool.acquire(), pool.acquire_owned());
        let closing = spawn(&pool, |pool| pool.close());
        drop(guards);
        closing.join().unwrap();
        assert!(pool.try_acquire().is_err(), "also if something lies there");
        assert_eq!((pool.len(), ledger.alive()), (0, 0));
    });
}

#[test]
fn what_came_back_to_a_closed_pool_goes_with_it() {
    model(|| {
        let ledger = Ledger::new();
        let pool = plain(4, ANY, &ledger);
        keep(&pool, 2);
        let guards = (pool.acquire(), pool.acquire());
        let closing = spawn(&pool, |pool| pool.close());
        drop(guards);
        closing.join().unwrap();
        drop(pool);
        assert_eq!(ledger.alive(), 0);
    });
}

#[test]
fn a_later_guard_finds_what_came_back_while_the_pool_ended() {
    model(|| {
        let ledger = Ledger::new();
        let pool = plain(4, ANY, &ledger);
        keep(&pool, 2);
        let (guard, later) = (pool.acquire_owned(), pool.acquire_owned());
        let ending = thread::spawn(move || drop(pool));
        drop(guard);
        ending.join().unwrap();
        thread::spawn(move || drop(later)).join().unwrap();
        assert_eq!(ledger.alive(), 0);
    });
}

#[test]
fn a_thread_that_ends_gives_back_what_it_gave_unseen() {
    model(|| {
        let ledger = Ledger::new();
        let pool = plain(4, ANY, &ledger);
        let ready = Bell::new();
        let other = spawn(&pool, {
            let ready = std::sync::Arc::clone(&ready);
            move |pool| {
                keep(pool, 1);
                ready.ring();
                pool.acquire().touch();
            }
        });
        ready.wait(1);
        pool.clear();
        other.join().unwrap();
        // Its locals may end beside this: at most once is the object built again.
        pool.acquire().touch();
        all_is_idle(&pool, &ledger);
    });
}

#[test]
fn who_waits_misses_nothing() {
    model(|| {
        let ledger = Ledger::new();
        let pool = plain(2, 1, &ledger);
        keep(&pool, 1);
        let guard = pool.acquire();
        let other = spawn(&pool, |pool| pool.acquire().touch());
        guard.touch();
        drop(guard);
        other.join().unwrap();
        assert_eq!((pool.len(), ledger.built(), pool.stats().waiting()), (1, 1, 0));
    });
}

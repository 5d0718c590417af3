//! Who waits gets what comes back, in turn; who gives up passes it on.

use super::{Arc, Bell, Ledger, Object, block_on, keep, loom, plain, poll, spawn, thread};
use lagom_pool::{Pool, Pooled, PooledOwned};

#[test]
fn two_threads_wait_for_one_object_and_have_it_in_turn() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(1, 1, &ledger);
        let other = spawn(&pool, |pool| pool.acquire().touch());
        pool.acquire().touch();
        other.join().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.idle(), stats.in_use(), stats.waiting()), (1, 0, 0));
        assert_eq!((stats.created(), stats.reused(), ledger.built()), (1, 1, 1));
    });
}

#[test]
fn three_threads_wait_for_one_object() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(1, 1, &ledger);
        let others = [(); 2].map(|()| spawn(&pool, |pool| pool.acquire().touch()));
        pool.acquire().touch();
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!((pool.len(), ledger.built(), pool.stats().waiting()), (1, 1, 0));
    });
}

#[test]
fn a_return_that_is_under_way_reaches_who_begins_to_wait() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(1, 1, &ledger);
        keep(&pool, 1);
        // It has its place in this thread's magazine until the other one looks.
        let guard = pool.acquire();
        let other = spawn(&pool, |pool| pool.acquire().touch());
        guard.touch();
        drop(guard);
        other.join().unwrap();
        assert_eq!((pool.len(), ledger.built(), pool.stats().waiting()), (1, 1, 0));
    });
}

#[test]
fn nothing_is_kept_for_oneself_while_another_waits() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(2, 2, &ledger);
        keep(&pool, 2);
        let guards = (pool.acquire(), pool.acquire());
        let other = spawn(&pool, |pool| {
            let both = (pool.acquire(), pool.acquire());
            both.0.touch();
            both.1.touch();
        });
        drop(guards.0);
        drop(guards.1);
        other.join().unwrap();
        assert_eq!((pool.len(), ledger.built()), (2, 2));
    });
}

#[test]
fn who_would_wait_looks_into_every_magazine() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(1, 2, &ledger);
        keep(&pool, 1);
        // A second one finds no place: looks into other magazines are not worth while for some time.
        drop((pool.acquire(), pool.acquire()));
        assert_eq!(pool.stats().discarded(), 1);
        let other = spawn(&pool, |pool| {
            let both = (pool.acquire(), pool.acquire());
            both.0.touch();
            both.1.touch();
        });
        pool.acquire().touch();
        other.join().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.idle(), stats.in_use(), stats.waiting(), ledger.alive()), (1, 0, 0, 1));
    });
}

#[test]
fn a_task_waits_and_is_woken() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(1, 1, &ledger);
        keep(&pool, 1);
        let guard = pool.acquire();
        let other = spawn(&pool, |pool| block_on(pool.acquire_async()).unwrap().touch());
        drop(guard);
        other.join().unwrap();
        assert_eq!((pool.len(), ledger.built(), pool.stats().waiting()), (1, 1, 0));
    });
}

#[test]
fn a_task_that_gives_up_passes_on_what_it_was_given() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(1, 1, &ledger);
        let guard = pool.acquire_owned();
        let (first, second) = (Bell::new(), Bell::new());
        let mut gives_up = pool.acquire_owned_async();
        let mut waits = pool.acquire_owned_async();
        assert!(poll(&mut gives_up, &first).is_none());
        assert!(poll(&mut waits, &second).is_none());
        assert_eq!(pool.stats().waiting(), 2);
        let other = spawn(&pool, move |_| drop(guard));
        drop(gives_up);
        second.wait(1);
        poll(&mut waits, &second).expect("its bell has rung").unwrap().touch();
        drop(waits);
        other.join().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.idle(), stats.in_use(), stats.waiting(), ledger.built()), (1, 0, 0, 1));
    });
}

#[test]
fn a_task_that_gives_up_leaves_its_object_idle_if_nobody_waits() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(1, 1, &ledger);
        let guard = pool.acquire_owned();
        let bell = Bell::new();
        let mut gives_up = pool.acquire_owned_async();
        assert!(poll(&mut gives_up, &bell).is_none());
        let other = spawn(&pool, move |_| drop(gives_up));
        drop(guard);
        other.join().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.idle(), stats.in_use(), stats.waiting(), ledger.alive()), (1, 0, 0, 1));
        pool.try_acquire().unwrap().touch();
    });
}

#[test]
fn tasks_are_served_in_the_order_of_their_coming() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(1, 1, &ledger);
        keep(&pool, 1);
        let guard = pool.acquire_owned();
        let bells = [Bell::new(), Bell::new()];
        let mut first = pool.acquire_owned_async();
        let mut second = pool.acquire_owned_async();
        assert!(poll(&mut first, &bells[0]).is_none());
        assert!(poll(&mut second, &bells[1]).is_none());
        let other = spawn(&pool, move |_| drop(guard));
        assert!(pool.try_acquire().is_err(), "others came before");
        assert!(poll(&mut second, &bells[1]).is_none(), "the first one has not been served");
        bells[0].wait(1);
        let served = poll(&mut first, &bells[0]).unwrap().unwrap();
        served.touch();
        assert!(poll(&mut second, &bells[1]).is_none());
        drop(served);
        bells[1].wait(1);
        poll(&mut second, &bells[1]).unwrap().unwrap().touch();
        other.join().unwrap();
        assert_eq!((pool.len(), ledger.built()), (1, 1));
    });
}

#[test]
fn a_task_is_woken_by_the_waker_of_its_last_poll() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(1, 1, &ledger);
        let guard = pool.acquire_owned();
        let (old, new) = (Bell::new(), Bell::new());
        let mut task = pool.acquire_owned_async();
        assert!(poll(&mut task, &old).is_none());
        let other = spawn(&pool, move |_| drop(guard));
        let object = match poll(&mut task, &new) {
            Some(object) => object,
            None => {
                new.wait(1);
                poll(&mut task, &new).unwrap()
            }
        };
        object.unwrap().touch();
        other.join().unwrap();
        assert_eq!((pool.len(), ledger.built()), (1, 1));
    });
}

#[test]
fn what_is_detached_makes_room_for_who_waits() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(1, 1, &ledger);
        let guard = pool.acquire();
        let other = spawn(&pool, |pool| pool.acquire().touch());
        let mine = Pooled::detach(guard);
        mine.touch();
        other.join().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.idle(), stats.in_use(), stats.created()), (1, 0, 2));
        assert_eq!((ledger.built(), ledger.alive()), (2, 2));
    });
}

#[test]
fn what_is_not_kept_makes_room_for_who_waits() {
    loom::model(|| {
        let ledger = Ledger::new();
        let births = ledger.clone();
        let unfit = Pool::builder(move || Object::new(&births)).max_live(1).retain_if(|_| false);
        let pool = Arc::new(unfit.build());
        let guard = pool.acquire();
        let other = spawn(&pool, |pool| pool.acquire().touch());
        drop(guard);
        other.join().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.idle(), stats.in_use(), stats.created(), stats.discarded()), (0, 0, 2, 2));
        assert_eq!((ledger.built(), ledger.alive()), (2, 0));
    });
}

#[test]
fn a_permission_is_passed_on_by_who_gives_up() {
    loom::model(|| {
        let ledger = Ledger::new();
        let pool = plain(1, 1, &ledger);
        let guard = pool.acquire_owned();
        let bell = Bell::new();
        let mut gives_up = pool.acquire_owned_async();
        assert!(poll(&mut gives_up, &bell).is_none());
        let other = spawn(&pool, move |pool| {
            drop(PooledOwned::detach(guard));
            pool.acquire().touch();
        });
        drop(gives_up);
        other.join().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.idle(), stats.in_use(), stats.waiting(), ledger.alive()), (1, 0, 0, 1));
    });
}

/// Nothing is leaked here: what owned guards and tasks have on the way is not to be taken for it.
fn write_off_against(f: impl FnOnce(PooledOwned<Object>) + 'static) {
    let ledger = Ledger::new();
    let births = ledger.clone();
    let mut pool = Pool::builder(move || Object::new(&births)).max_idle(1).max_live(1).build();
    let guard = pool.acquire_owned();
    let other = thread::spawn(move || f(guard));
    assert_eq!(pool.write_off_leaked(), 0);
    other.join().unwrap();
    let stats = pool.stats();
    assert_eq!((stats.in_use(), stats.leaked(), stats.idle()), (0, 0, ledger.alive()));
}

#[test]
fn an_owned_guard_on_its_way_back_is_not_written_off() {
    loom::model(|| write_off_against(drop));
}

#[test]
fn an_object_that_is_being_detached_is_not_written_off() {
    loom::model(|| write_off_against(|guard| drop(PooledOwned::detach(guard))));
}

#[test]
fn what_a_task_gives_up_is_not_written_off() {
    loom::model(|| {
        let ledger = Ledger::new();
        let births = ledger.clone();
        let mut pool = Pool::builder(move || Object::new(&births)).max_idle(1).max_live(1).build();
        let guard = pool.acquire_owned();
        let bell = Bell::new();
        let mut task = pool.acquire_owned_async();
        assert!(poll(&mut task, &bell).is_none());
        drop(guard);
        let other = thread::spawn(move || drop(task));
        assert_eq!(pool.write_off_leaked(), 0);
        other.join().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.in_use(), stats.leaked(), stats.idle()), (0, 0, ledger.alive()));
    });
}

#[test]
fn a_waiting_task_is_served_though_what_is_out_is_counted() {
    loom::model(|| {
        let ledger = Ledger::new();
        let births = ledger.clone();
        let mut pool = Pool::builder(move || Object::new(&births)).max_idle(1).max_live(1).build();
        let guard = pool.acquire_owned();
        let task = pool.acquire_owned_async();
        let other = thread::spawn(move || block_on(task).unwrap().touch());
        assert_eq!(pool.write_off_leaked(), 0);
        guard.touch();
        drop(guard);
        other.join().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.in_use(), stats.leaked(), stats.waiting(), ledger.built()), (0, 0, 0, 1));
    });
}

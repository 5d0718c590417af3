//! Tasks that wait: polled by hand, so that every order of events can be had.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use common::tasks::{bell, block_on, poll, ready};
use common::{Counted, Ledger, Watchdog, panics, until};
use lagom_pool::{AcquireError, Pool, Pooled};

fn pool(max_live: usize, ledger: &Ledger) -> Pool<Counted> {
    let births = ledger.clone();
    Pool::builder(move || births.object()).max_live(max_live).build()
}

#[test]
fn ready_at_the_first_poll_while_there_is_room() {
    let ledger = Ledger::default();
    let pool = pool(2, &ledger);
    let new = ready(&mut pool.acquire_async());
    let other = ready(&mut pool.acquire_owned_async());
    drop((new, other));
    // Hits.
    let hit = pool.acquire_async();
    let hit_owned = pool.acquire_owned_async();
    assert_eq!(ledger.built(), 2, "nothing happens before the first poll");
    drop((block_on(hit).unwrap(), block_on(hit_owned).unwrap()));
    // Found in another thread.
    thread::scope(|scope| {
        scope.spawn(|| drop((ready(&mut pool.acquire_async()), ready(&mut pool.acquire_owned_async()))));
    });
    let stats = pool.stats();
    assert_eq!((stats.created(), stats.reused(), stats.idle(), stats.in_use()), (2, 4, 2, 0));
}

#[test]
fn pending_then_woken_once() {
    let ledger = Ledger::default();
    let pool = pool(1, &ledger);
    let held = pool.acquire();
    let (bell, waker) = bell();
    let mut future = pool.acquire_async();
    for _ in 0..3 {
        assert!(poll(&mut future, &waker).is_pending());
        assert_eq!((pool.stats().waiting(), Arc::strong_count(&bell)), (1, 3), "one place, one waker");
    }
    drop(held);
    assert_eq!(bell.rung(), 1);
    assert_eq!((pool.stats().waiting(), pool.stats().idle(), pool.stats().in_use()), (0, 0, 0));
    let guard = ready(&mut future);
    assert_eq!((guard.number, pool.stats().in_use(), pool.stats().reused()), (0, 1, 1));
    drop(waker);
    assert_eq!((bell.rung(), Arc::strong_count(&bell)), (1, 1));
    drop(guard);
    drop(future);
    assert_eq!((pool.len(), pool.stats().in_use()), (1, 0));
}

#[test]
fn woken_from_another_thread() {
    let _watchdog = Watchdog::new();
    let ledger = Ledger::default();
    let pool = pool(1, &ledger);
    for round in 0..100 {
        let held = pool.acquire_owned();
        thread::scope(|scope| {
            scope.spawn(|| drop(block_on(pool.acquire_async()).unwrap()));
            scope.spawn(|| drop(block_on(pool.acquire_owned_async()).unwrap()));
            if round % 2 == 0 {
                until(|| pool.stats().waiting() == 2);
            }
            scope.spawn(move || drop(held));
        });
    }
    assert_eq!((ledger.built(), pool.len(), pool.stats().reused()), (1, 1, 299));
}

#[test]
fn threads_and_tasks_stand_in_one_queue() {
    let _watchdog = Watchdog::new();
    let ledger = Ledger::default();
    let (pool, order) = (pool(1, &ledger), Mutex::new(Vec::new()));
    let held = pool.acquire();
    thread::scope(|scope| {
        for arrival in 0..9 {
            let (pool, order) = (&pool, &order);
            scope.spawn(move || {
                let note = |_: &Counted| order.lock().unwrap().push(arrival);
                match arrival % 4 {
                    0 => note(&block_on(pool.acquire_async()).unwrap()),
                    1 => note(&pool.acquire()),
                    2 => note(&block_on(pool.acquire_owned_async()).unwrap()),
                    _ => note(&pool.acquire_timeout(Duration::MAX).unwrap()),
                }
            });
            until(|| pool.stats().waiting() == arrival + 1);
        }
        assert!(pool.try_acquire().is_err());
        drop(held);
    });
    assert_eq!(order.into_inner().unwrap(), (0..9).collect::<Vec<_>>());
}

#[test]
fn only_the_last_waker_is_woken() {
    let ledger = Ledger::default();
    let pool = pool(1, &ledger);
    let held = pool.acquire();
    let mut future = pool.acquire_owned_async();
    let ((first, old), (second, new)) = (bell(), bell());
    assert!(poll(&mut future, &old).is_pending());
    assert!(poll(&mut future, &new).is_pending());
    assert_eq!(Arc::strong_count(&first), 2, "the old waker is let go");
    drop(held);
    assert_eq!((first.rung(), second.rung()), (0, 1));
    drop(ready(&mut future));
}

#[test]
fn a_task_that_gives_up_early_leaves_no_trace() {
    let ledger = Ledger::default();
    let pool = pool(1, &ledger);
    let held = pool.acquire();
    let (bell, waker) = bell();
    drop(pool.acquire_async());
    drop(pool.acquire_owned_async());
    let (mut first, mut second, mut third) = (pool.acquire_async(), pool.acquire_owned_async(), pool.acquire_async());
    assert!(poll(&mut first, &waker).is_pending());
    assert!(poll(&mut second, &waker).is_pending());
    assert!(poll(&mut third, Waker::noop()).is_pending());
    drop(first);
    assert_eq!((pool.stats().waiting(), Arc::strong_count(&bell)), (2, 3));
    drop(second);
    assert_eq!((pool.stats().waiting(), Arc::strong_count(&bell)), (1, 2));
    drop(held);
    assert_eq!(bell.rung(), 0);
    drop(ready(&mut third));
    assert_eq!((pool.len(), ledger.built()), (1, 1));
}

#[test]
fn a_task_that_gives_up_late_passes_the_object_on() {
    let _watchdog = Watchdog::new();
    let ledger = Ledger::default();
    let pool = pool(1, &ledger);
    let held = pool.acquire();
    let (bell, waker) = bell();
    let (mut first, mut second) = (pool.acquire_async(), pool.acquire_owned_async());
    assert!(poll(&mut first, &waker).is_pending());
    assert!(poll(&mut second, &waker).is_pending());
    thread::scope(|scope| {
        let thread = scope.spawn(|| pool.acquire().number);
        until(|| pool.stats().waiting() == 3);
        drop(held);
        assert_eq!(bell.rung(), 1);
        // Served, woken, never polled again.
        drop(first);
        assert_eq!((bell.rung(), pool.stats().waiting()), (2, 1), "a task is next");
        drop(second);
        assert_eq!(thread.join().unwrap(), 0, "a thread is next");
    });
    let mut last = pool.acquire_async();
    let held = pool.acquire();
    assert!(poll(&mut last, &waker).is_pending());
    drop(held);
    drop(last);
    let stats = pool.stats();
    assert_eq!((stats.idle(), stats.in_use(), ledger.built()), (1, 0, 1), "nobody is next");
    assert_eq!(stats.reused(), 2, "what was never received is not counted");
}

#[test]
fn a_task_that_gives_up_late_passes_the_permit_on() {
    let _watchdog = Watchdog::new();
    let ledger = Ledger::default();
    let pool = pool(1, &ledger);
    let held = pool.acquire();
    let (bell, waker) = bell();
    let (mut first, mut second) = (pool.acquire_owned_async(), pool.acquire_async());
    assert!(poll(&mut first, &waker).is_pending());
    assert!(poll(&mut second, &waker).is_pending());
    thread::scope(|scope| {
        let thread = scope.spawn(|| pool.acquire().number);
        until(|| pool.stats().waiting() == 3);
        drop(Pooled::detach(held));
        assert_eq!(bell.rung(), 1);
        assert!(pool.try_acquire().is_err(), "the permit is given away");
        drop(first);
        assert_eq!(bell.rung(), 2);
        drop(second);
        assert_eq!(thread.join().unwrap(), 1);
    });
    assert_eq!((pool.len(), ledger.built(), ledger.alive()), (1, 2, 1));
    // And when nobody is next, anybody may have it.
    let held = pool.acquire();
    let mut last = pool.acquire_async();
    assert!(poll(&mut last, &waker).is_pending());
    drop(Pooled::detach(held));
    drop(last);
    drop(pool.try_acquire().unwrap());
}

#[test]
fn a_factory_that_panics_in_a_poll_passes_the_permit_on() {
    let births = AtomicUsize::new(0);
    let pool = Pool::builder(move || {
        let number = births.fetch_add(1, SeqCst);
        assert_ne!(number, 1);
        number
    });
    let pool = pool.max_live(1).build();
    let held = pool.acquire();
    let (bell, waker) = bell();
    let (mut first, mut second) = (pool.acquire_async(), pool.acquire_owned_async());
    assert!(poll(&mut first, Waker::noop()).is_pending());
    assert!(poll(&mut second, &waker).is_pending());
    assert_eq!(Pooled::detach(held), 0);
    assert_eq!(bell.rung(), 0);
    assert!(panics(|| drop(poll(&mut first, Waker::noop()))));
    assert_eq!(bell.rung(), 1);
    drop(first);
    drop(ready(&mut second));
    assert_eq!((pool.len(), pool.stats().in_use()), (1, 0));
}

#[test]
fn closed_while_waiting_and_before() {
    let ledger = Ledger::default();
    let pool = pool(1, &ledger);
    let held = pool.acquire_owned();
    let (bell, waker) = bell();
    let (mut borrowed, mut owned, mut fresh) =
        (pool.acquire_async(), pool.acquire_owned_async(), pool.acquire_owned_async());
    assert!(poll(&mut borrowed, &waker).is_pending());
    assert!(poll(&mut owned, &waker).is_pending());
    pool.close();
    assert_eq!((bell.rung(), pool.stats().waiting()), (2, 0));
    assert!(matches!(poll(&mut borrowed, &waker), Poll::Ready(Err(AcquireError))));
    assert!(matches!(poll(&mut owned, &waker), Poll::Ready(Err(AcquireError))));
    assert!(matches!(poll(&mut fresh, &waker), Poll::Ready(Err(AcquireError))));
    assert!(matches!(poll(&mut pool.acquire_async(), &waker), Poll::Ready(Err(AcquireError))));
    drop((held, waker));
    assert_eq!((ledger.alive(), Arc::strong_count(&bell)), (0, 1));
}

#[test]
fn a_future_may_outlive_the_pool() {
    let ledger = Ledger::default();
    let pool = pool(1, &ledger);
    let held = pool.acquire_owned();
    let (bell, waker) = bell();
    let (mut waiting, mut fresh, unpolled) =
        (pool.acquire_owned_async(), pool.acquire_owned_async(), pool.acquire_owned_async());
    assert!(poll(&mut waiting, &waker).is_pending());
    drop(pool);
    assert_eq!(bell.rung(), 1);
    assert!(matches!(poll(&mut waiting, &waker), Poll::Ready(Err(AcquireError))));
    assert!(matches!(poll(&mut fresh, &waker), Poll::Ready(Err(AcquireError))));
    drop((held, unpolled));
    assert_eq!(ledger.alive(), 0);
}

#[test]
fn served_and_then_the_pool_is_gone() {
    let ledger = Ledger::default();
    for poll_again in [true, false] {
        let pool = pool(1, &ledger);
        let held = pool.acquire_owned();
        let mut future = pool.acquire_owned_async();
        assert!(poll(&mut future, Waker::noop()).is_pending());
        drop(held);
        drop(pool);
        if poll_again {
            // It was handed over before the end.
            drop(poll(&mut future, Waker::noop()));
        }
        drop(future);
        assert_eq!(ledger.alive(), 0);
    }
}

#[test]
fn polled_after_it_was_ready() {
    let pool = Pool::builder(String::new).build();
    let (mut borrowed, mut owned) = (pool.acquire_async(), pool.acquire_owned_async());
    drop((ready(&mut borrowed), ready(&mut owned)));
    assert!(panics(|| drop(poll(&mut borrowed, Waker::noop()))));
    assert!(panics(|| drop(poll(&mut owned, Waker::noop()))));
    assert_eq!((pool.len(), pool.stats().in_use()), (2, 0));
}

#[test]
fn a_future_whose_factory_panicked_is_at_its_end() {
    let fails = Arc::new(AtomicUsize::new(0));
    let asked = Arc::clone(&fails);
    let factory = move || assert_eq!(asked.load(SeqCst), 0, "the factory fails");
    let pool = Pool::builder(factory).max_live(1).build();
    let held = pool.acquire();
    let mut task = pool.acquire_async();
    assert!(poll(&mut task, Waker::noop()).is_pending());
    fails.store(1, SeqCst);
    let () = Pooled::detach(held);
    assert!(panics(|| drop(poll(&mut task, Waker::noop()))));
    assert!(panics(|| drop(poll(&mut task, Waker::noop()))), "and says so, rather than wait for ever");
    fails.store(0, SeqCst);
    assert!(pool.try_acquire().is_ok(), "its permit went back");
}

#[test]
fn a_forgotten_future_is_written_off_with_what_was_handed_to_it() {
    let ledger = Ledger::default();
    let mut pool = pool(1, &ledger);
    for with_object in [true, false] {
        let guard = pool.acquire();
        let mut task = pool.acquire_async();
        assert!(poll(&mut task, Waker::noop()).is_pending());
        if with_object {
            drop(guard);
        } else {
            std::mem::forget(guard);
        }
        std::mem::forget(task);
        assert!(pool.try_acquire().is_err());
        assert_eq!(pool.write_off_leaked(), usize::from(!with_object));
        assert_eq!((pool.stats().waiting(), pool.stats().in_use()), (0, 0));
        assert!(pool.try_acquire().is_ok());
    }
}

#[test]
fn a_waiting_owned_future_is_not_written_off() {
    let ledger = Ledger::default();
    let mut pool = pool(1, &ledger);
    let guard = pool.acquire_owned();
    let mut task = pool.acquire_owned_async();
    assert!(poll(&mut task, Waker::noop()).is_pending());
    assert_eq!((pool.write_off_leaked(), pool.stats().waiting()), (0, 1));
    drop(guard);
    assert_eq!((pool.write_off_leaked(), pool.stats().in_use()), (0, 0), "handed over, and not claimed yet");
    drop(ready(&mut task));
    assert_eq!((pool.len(), ledger.alive()), (1, 1));
}

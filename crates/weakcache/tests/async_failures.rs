//! Loads of tasks that fail: polled by hand, so that it is known who waits.

mod common;

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use common::tasks::{Gate, Task, bell, block_on, pause, poll, poll_with, ready, task};
use common::{Counted, Ledger};
use lagom_weakcache::{Cached, LoadError, WeakCache};

type Numbers = WeakCache<u32, u64>;

/// Long enough for a started thread to reach its wait, on a busy machine too.
const A_WHILE: Duration = Duration::from_millis(30);

type Shared<E> = Result<Cached<u64>, Arc<E>>;

/// A task that fails to fill key 1 when the gate is open.
fn fail<'a>(cache: &'a Numbers, gate: &Gate, ledger: &Ledger, id: u64) -> Task<'a, Shared<Counted>> {
    let (gate, ledger) = (gate.clone(), ledger.clone());
    task(cache.try_get_or_insert_shared_async(1, async move {
        gate.pass().await;
        Err(ledger.value(id))
    }))
}

#[test]
fn one_call_for_all_who_wait() {
    let (cache, gate, ledger) = (Numbers::new(10), Gate::default(), Ledger::default());
    let mut leader = fail(&cache, &gate, &ledger, 0);
    let mut waiters: Vec<_> = (1..=8).map(|id| fail(&cache, &gate, &ledger, id)).collect();
    let (bell, waker) = bell();
    assert!(poll(&mut leader).is_pending());
    assert!(waiters.iter_mut().all(|waiter| poll_with(waiter, &waker).is_pending()));
    gate.open();
    let led = ready(&mut leader).unwrap_err();
    assert_eq!((bell.rung(), ledger.made(), led.id), (8, 1, 0));
    let errors: Vec<_> = waiters.iter_mut().map(|waiter| ready(waiter).unwrap_err()).collect();
    assert!(errors.iter().all(|error| Arc::ptr_eq(error, &led)));
    // The tasks are still there, but nothing else has the error.
    assert_eq!((Arc::strong_count(&led), ledger.made()), (9, 1));
    drop((errors, led));
    assert_eq!((ledger.alive(), cache.len(), cache.memory_usage().entries()), (0, 0, 0));
    let stats = cache.stats();
    assert_eq!((stats.loads(), stats.misses()), (0, 9));
    // Who asks now loads anew.
    assert_eq!(ready(&mut fail(&cache, &gate, &ledger, 9)).unwrap_err().id, 9);
    let mut works = task(cache.try_get_or_insert_shared_async(1, async { Ok::<_, Counted>(1) }));
    assert_eq!(*ready(&mut works).unwrap(), 1);
}

#[test]
fn the_error_waits_for_who_has_not_taken_it_and_no_longer() {
    let (cache, gate, ledger) = (Numbers::new(10), Gate::default(), Ledger::default());
    let mut leader = fail(&cache, &gate, &ledger, 0);
    let mut waiters: Vec<_> = (1..=3).map(|id| fail(&cache, &gate, &ledger, id)).collect();
    assert!(poll(&mut leader).is_pending());
    assert!(waiters.iter_mut().all(|waiter| poll(waiter).is_pending()));
    drop(waiters.pop());
    gate.open();
    drop(ready(&mut leader));
    assert_eq!((ledger.made(), ledger.alive()), (1, 1), "two are to take it");
    drop(waiters.pop());
    assert_eq!(ledger.alive(), 1);
    // Meanwhile the key has another load, and a value.
    assert_eq!(*cache.get_or_insert_with(1, || 7), 7);
    assert_eq!(ready(&mut waiters[0]).unwrap_err().id, 0);
    assert_eq!((ledger.made(), ledger.alive()), (1, 0));
}

#[test]
fn only_who_asked_for_that_error_has_it() {
    let (cache, gate, ledger) = (Numbers::new(10), Gate::default(), Ledger::default());
    let mut leader = fail(&cache, &gate, &ledger, 0);
    let mut sharer = fail(&cache, &gate, &ledger, 1);
    let mut loader = task(cache.load_shared_async(1, async { Err(ledger.value(2)) }));
    let mut of_another_type = task(cache.try_get_or_insert_shared_async(1, async { Err("another type") }));
    let mut for_itself = task(cache.try_get_or_insert_async(1, async { Err(ledger.value(3)) }));
    let mut last = task(cache.get_or_insert_async(1, async { 4 }));
    assert!(poll(&mut leader).is_pending() && poll(&mut sharer).is_pending() && poll(&mut loader).is_pending());
    assert!(poll(&mut of_another_type).is_pending() && poll(&mut for_itself).is_pending());
    assert!(poll(&mut last).is_pending());
    gate.open();
    let led = ready(&mut leader).unwrap_err();
    assert_eq!(*ready(&mut of_another_type).unwrap_err(), "another type");
    assert_eq!(ready(&mut for_itself).unwrap_err().id, 3);
    assert!(Arc::ptr_eq(&ready(&mut sharer).unwrap_err(), &led));
    let Err(LoadError::Failed(loaded)) = ready(&mut loader) else { panic!("it shares that") };
    assert!(Arc::ptr_eq(&loaded, &led));
    assert_eq!((*ready(&mut last), ledger.made()), (4, 2));
    drop(loaded);
    assert_eq!(Arc::strong_count(&led), 1);
}

#[test]
fn who_retries_beside_those_who_share_may_fail_for_itself() {
    // The leader's error is its own: of the others one leads again, for those who share its error.
    let (cache, gate, ledger) = (Numbers::new(10), Gate::default(), Ledger::default());
    let open = gate.clone();
    let mut leader = task(cache.try_get_or_insert_async(1, async move {
        open.pass().await;
        Err(Arc::new("its own"))
    }));
    let again = Gate::default();
    let mut waiters: Vec<_> = (1..=3).map(|id| fail(&cache, &again, &ledger, id)).collect();
    assert!(poll(&mut leader).is_pending());
    assert!(waiters.iter_mut().all(|waiter| poll(waiter).is_pending()));
    gate.open();
    assert_eq!(*ready(&mut leader).unwrap_err(), "its own");
    assert!(waiters.iter_mut().rev().all(|waiter| poll(waiter).is_pending()));
    again.open();
    assert_eq!(ready(&mut waiters[2]).unwrap_err().id, 3);
    assert!(waiters[..2].iter_mut().all(|waiter| ready(waiter).unwrap_err().id == 3));
    assert_eq!((ledger.made(), ledger.alive()), (1, 0));
}

#[test]
fn a_leader_that_is_dropped_or_panics_hands_over() {
    for panics in [false, true] {
        let (cache, gate, ledger) = (Numbers::new(10), Gate::default(), Ledger::default());
        let mut leader = task(cache.try_get_or_insert_shared_async(1, async {
            pause().await;
            assert!(!panics, "in the load");
            pending::<Result<u64, Counted>>().await
        }));
        assert!(poll(&mut leader).is_pending());
        let mut waiters: Vec<_> = (1..=3).map(|id| fail(&cache, &gate, &ledger, id)).collect();
        assert!(waiters.iter_mut().all(|waiter| poll(waiter).is_pending()));
        let end = || if panics { drop(poll(&mut leader)) } else { drop(leader) };
        assert_eq!(catch_unwind(AssertUnwindSafe(end)).is_err(), panics);
        assert!(waiters.iter_mut().all(|waiter| poll(waiter).is_pending()), "the first one leads");
        gate.open();
        assert!(waiters.iter_mut().all(|waiter| ready(waiter).unwrap_err().id == 1));
        assert_eq!((ledger.made(), ledger.alive(), cache.memory_usage().entries()), (1, 0, 0));
    }
}

#[test]
fn an_insert_or_a_removal_during_a_load_that_fails() {
    for inserts in [false, true] {
        let (cache, gate, ledger) = (Numbers::new(10), Gate::default(), Ledger::default());
        let (mut leader, mut waiter) = (fail(&cache, &gate, &ledger, 1), fail(&cache, &gate, &ledger, 2));
        assert!(poll(&mut leader).is_pending() && poll(&mut waiter).is_pending());
        if inserts {
            let inserted = cache.insert(1, 3);
            gate.open();
            assert_eq!(ready(&mut leader).unwrap_err().id, 1, "what its load returned");
            assert!(Cached::ptr_eq(&ready(&mut waiter).unwrap(), &inserted));
        } else {
            assert!(cache.remove(&1).is_none());
            assert!(poll(&mut waiter).is_pending(), "it leads");
            gate.open();
            assert_eq!(ready(&mut leader).unwrap_err().id, 1);
            assert_eq!(ready(&mut waiter).unwrap_err().id, 2);
        }
        assert_eq!((ledger.alive(), cache.len()), (0, usize::from(inserts)));
    }
}

#[test]
fn threads_share_the_errors_of_tasks() {
    let attempt = || {
        let (cache, gate, ledger) = (Numbers::new(10), Gate::default(), Ledger::default());
        thread::scope(|scope| {
            let mut leader = fail(&cache, &gate, &ledger, 0);
            assert!(poll(&mut leader).is_pending());
            let wait = || cache.try_get_or_insert_shared(1, || Err(ledger.value(1))).unwrap_err();
            let waiters: Vec<_> = (0..3).map(|_| scope.spawn(wait)).collect();
            thread::sleep(A_WHILE);
            gate.open();
            let led = ready(&mut leader).unwrap_err();
            let errors: Vec<_> = waiters.into_iter().map(|waiter| waiter.join().unwrap()).collect();
            assert!(errors.iter().all(|error| Arc::ptr_eq(error, &led) || error.id == 1));
            errors.iter().all(|error| Arc::ptr_eq(error, &led)) && Arc::strong_count(&led) == 4
        })
    };
    assert!((0..50).any(|_| attempt()), "somebody was late each time");
}

#[test]
fn tasks_share_the_errors_of_threads() {
    let (cache, gate, ledger) = (Numbers::new(10), Gate::default(), Ledger::default());
    let (mut waiter, mut dropped) = (fail(&cache, &gate, &ledger, 1), fail(&cache, &gate, &ledger, 2));
    let error = cache.try_get_or_insert_shared(1, || {
        thread::scope(|scope| {
            let other = || poll(&mut waiter).is_pending() && poll(&mut dropped).is_pending();
            assert!(scope.spawn(other).join().unwrap());
        });
        drop(dropped);
        Err(ledger.value(0))
    });
    let error = error.unwrap_err();
    assert!(Arc::ptr_eq(&ready(&mut waiter).unwrap_err(), &error));
    assert_eq!((Arc::strong_count(&error), ledger.made()), (1, 1));
}

/// An error whose drop uses the cache, and may panic.
struct Hostile(Arc<Numbers>, Arc<AtomicUsize>, bool);

impl Drop for Hostile {
    fn drop(&mut self) {
        self.1.fetch_add(1, SeqCst);
        assert_eq!(*self.0.get_or_insert_with(1, || 5), 5);
        assert!(self.0.remove(&1).is_some());
        assert!(!self.2, "in the drop of an error");
    }
}

#[test]
fn the_drop_of_an_error_uses_the_cache_and_may_panic() {
    // The last who drops it is one that does not share it, which then goes on, or gets the panic.
    for panics in [false, true] {
        let (cache, dropped, gate) = (Arc::new(Numbers::new(10)), Arc::new(AtomicUsize::new(0)), Gate::default());
        let (open, error) = (gate.clone(), Hostile(Arc::clone(&cache), Arc::clone(&dropped), panics));
        let mut leader = task(cache.try_get_or_insert_shared_async(1, async move {
            open.pass().await;
            Err::<u64, _>(error)
        }));
        let mut waiter = task(cache.try_get_or_insert_shared_async(1, async { Err("its own") }));
        let mut beside = task(cache.get_or_insert_async(1, async { 6 }));
        assert!(poll(&mut leader).is_pending() && poll(&mut waiter).is_pending() && poll(&mut beside).is_pending());
        gate.open();
        drop(ready(&mut leader));
        assert_eq!(dropped.load(SeqCst), 0);
        assert_eq!(*ready(&mut beside), 6);
        cache.remove(&1);
        let waited = catch_unwind(AssertUnwindSafe(|| ready(&mut waiter)));
        assert_eq!((dropped.load(SeqCst), waited.is_err()), (1, panics));
        assert!(waited.is_err() || *waited.unwrap().unwrap_err() == "its own");
        assert_eq!((cache.len(), cache.memory_usage().entries()), (0, 0));
    }
}

#[test]
fn what_is_not_needed_is_dropped_with_the_poll() {
    let (cache, gate, ledger) = (WeakCache::<Arc<u8>, u64>::new(10), Gate::default(), Ledger::default());
    let key = Arc::new(1);
    let ask = |id| {
        let (gate, held) = (gate.clone(), ledger.value(id));
        task(cache.try_get_or_insert_shared_async(Arc::clone(&key), async move {
            gate.pass().await;
            let held = held;
            Err::<u64, u64>(held.id)
        }))
    };
    let (mut leader, mut waiter) = (ask(1), ask(2));
    assert!(poll(&mut leader).is_pending() && poll(&mut waiter).is_pending());
    gate.open();
    assert_eq!((*ready(&mut leader).unwrap_err(), ledger.alive()), (1, 1));
    assert_eq!((*ready(&mut waiter).unwrap_err(), ledger.alive()), (1, 0));
    assert_eq!(Arc::strong_count(&key), 1, "and so are the keys");
}

#[test]
fn a_key_that_needs_itself_comes_back() {
    let cache = WeakCache::<String, u64>::new(10);
    let key = || "key".to_owned();
    let outer = cache.load_shared_async(key(), async {
        let inner = cache.load_shared_async(key(), async { Err::<u64, &str>("never made") }).await;
        Err(inner.unwrap_err())
    });
    let Err(LoadError::Failed(error)) = block_on(outer) else { panic!("it fails") };
    assert_eq!(*error, LoadError::NeedsItself(key()));
    assert_eq!(*cache.get_or_insert_with(key(), || 5), 5, "usable afterwards");
}

#[test]
fn futures_are_sent_whatever_the_error() {
    fn is_send(_: &impl Send) {}
    let cache = Numbers::new(10);
    let future = cache.try_get_or_insert_shared_async(1, async { Err::<u64, String>("here".to_owned()) });
    is_send(&future);
    let error = thread::scope(|scope| scope.spawn(|| block_on(future)).join().unwrap().unwrap_err());
    assert_eq!(*error, "here");
}

/// Tasks and threads that share, give up and succeed: an error is of a call for that key that failed, no error is left, and
/// nobody is forgotten.
#[test]
fn many_threads_and_tasks() {
    let (cache, ledger) = (WeakCache::<u32, Counted>::new(0), Ledger::default());
    let shared = AtomicUsize::new(0);
    thread::scope(|scope| {
        for thread in 0..4_u32 {
            let (cache, ledger, shared) = (&cache, &ledger, &shared);
            scope.spawn(move || {
                for round in 0..1500_u32 {
                    let (key, id) = (round % 2, u64::from(thread * 10_000 + round));
                    let make = || async move {
                        pause().await;
                        thread::yield_now();
                        pause().await;
                        if round % 7 == 0 { Ok(ledger.value(id)) } else { Err(ledger.value(id)) }
                    };
                    if (thread + round) % 5 == 0 {
                        // Gives up.
                        let mut task = task(cache.try_get_or_insert_shared_async(key, make()));
                        let _ = (0..round % 4).any(|_| poll(&mut task).is_ready());
                    }
                    let result = match (thread + round) % 3 {
                        0 => cache.try_get_or_insert_shared(key, || block_on(make())),
                        _ => block_on(cache.try_get_or_insert_shared_async(key, make())),
                    };
                    match result {
                        Ok(value) => assert_eq!(value.id % 10_000 % 7, 0),
                        Err(error) => {
                            assert!(error.id % 10_000 % 7 != 0 && error.id % 2 == u64::from(key));
                            shared.fetch_add(usize::from(error.id != id), SeqCst);
                        }
                    }
                }
            });
        }
    });
    assert!(shared.load(SeqCst) > 0, "nobody ever waited");
    assert_eq!((ledger.alive(), cache.len(), cache.memory_usage().entries()), (0, 0, 0));
}

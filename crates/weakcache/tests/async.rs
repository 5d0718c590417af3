//! Single flight of tasks: polled by hand, so that every order of events can be had.

mod common;

use std::future::{self, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, mpsc};
use std::task::{Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use common::tasks::{Gate, Task, bell, block_on, pause, poll, poll_with, ready, task};
use common::{Counted, Ledger, panic_message};
use lagom_weakcache::{Cached, WeakCache};

type Numbers = WeakCache<u32, u64>;

/// Long enough for a started thread to reach its wait, on a busy machine too; nothing fails if it does not.
const A_WHILE: Duration = Duration::from_millis(30);

/// A task that fills `key` with `value` when the gate is open.
fn load<'a>(cache: &'a Numbers, key: u32, gate: &Gate, value: u64) -> Task<'a, Cached<u64>> {
    let gate = gate.clone();
    task(cache.get_or_insert_async(key, async move {
        gate.pass().await;
        value
    }))
}

#[test]
fn ready_at_the_first_poll_when_nobody_has_to_be_waited_for() {
    let cache = Numbers::new(10);
    drop(task(cache.get_or_insert_async(1, async { 1 })));
    assert_eq!((cache.len(), cache.stats().misses()), (0, 0), "nothing happens before the first poll");
    assert_eq!(*ready(&mut task(cache.get_or_insert_async(1, async { 1 }))), 1);
    assert_eq!(*ready(&mut task(cache.get_or_insert_async(1, async { unreachable!() }))), 1);
    assert_eq!(ready(&mut task(cache.try_get_or_insert_async(2, async { Err(7) }))).unwrap_err(), 7);
    assert_eq!(*ready(&mut task(cache.load_async(2, async { Ok::<_, ()>(2) }))).unwrap(), 2);
    let stats = cache.stats();
    assert_eq!((stats.hits(), stats.misses(), stats.loads(), stats.len()), (1, 3, 2, 2));
}

#[test]
fn what_was_not_needed_is_dropped_with_the_poll() {
    let (cache, ledger, gate) = (Numbers::new(10), Ledger::default(), Gate::default());
    let (held, also_held) = (ledger.value(0), ledger.value(0));
    let mut leader = load(&cache, 1, &gate, 1);
    assert!(poll(&mut leader).is_pending());
    let mut waiter = task(cache.get_or_insert_async(1, async { ledger_id(held) }));
    assert!(poll(&mut waiter).is_pending());
    gate.open();
    ready(&mut leader);
    let mut hit = task(cache.get_or_insert_async(1, async { ledger_id(also_held) }));
    assert_eq!((*ready(&mut hit), *ready(&mut waiter), ledger.alive()), (1, 1, 0));
}

#[test]
fn a_future_is_little_longer_than_what_it_polls() {
    let cache = Numbers::new(10);
    let make = async {
        let long = [1; 1000];
        future::ready(()).await;
        long.iter().sum()
    };
    let length = size_of_val(&make);
    assert!(size_of_val(&cache.get_or_insert_async(1, make)) <= length + 256);
}

#[test]
fn one_call_for_many_tasks() {
    let (cache, ledger, gate) = (WeakCache::new(0), Ledger::default(), Gate::default());
    let (bell, waker) = bell();
    let mut tasks: Vec<_> = (0..8)
        .map(|_| {
            let (ledger, gate) = (ledger.clone(), gate.clone());
            task(cache.get_or_insert_async("key", async move {
                gate.pass().await;
                ledger.value(1)
            }))
        })
        .collect();
    for _ in 0..3 {
        assert!(poll(&mut tasks[0]).is_pending());
        assert!(tasks[1..].iter_mut().all(|task| poll_with(task, &waker).is_pending()));
        assert_eq!((bell.rung(), Arc::strong_count(&bell)), (0, 2 + 7), "one waker each");
    }
    assert!(cache.get("key").is_none() && cache.is_empty());
    gate.open();
    let mut handles = vec![ready(&mut tasks[0])];
    assert_eq!((bell.rung(), Arc::strong_count(&bell)), (7, 2));
    handles.extend(tasks[1..].iter_mut().map(ready));
    assert_eq!((ledger.made(), cache.stats().loads()), (1, 1));
    assert!(handles.iter().all(|handle| Cached::ptr_eq(handle, &handles[0])));
    drop((handles, tasks));
    assert_eq!((ledger.alive(), cache.len()), (0, 0));
}

#[test]
fn other_keys_go_on() {
    let cache = Numbers::builder().capacity(10).shards(1).build();
    let mut slow = task(cache.get_or_insert_async(1, pending()));
    assert!(poll(&mut slow).is_pending());
    assert_eq!(*ready(&mut task(cache.get_or_insert_async(2, async { 2 }))), 2);
    assert_eq!((*cache.get_or_insert_with(3, || 3), *cache.insert(4, 4)), (3, 4));
    assert!(poll(&mut slow).is_pending());
}

#[test]
fn of_a_leader_that_is_dropped_a_waiter_takes_over() {
    let (cache, gate) = (Numbers::new(10), Gate::default());
    let mut leader = task(cache.get_or_insert_async(1, pending()));
    assert!(poll(&mut leader).is_pending());
    let (bell, waker) = bell();
    let (mut first, mut second) = (load(&cache, 1, &gate, 2), load(&cache, 1, &gate, 3));
    assert!(poll_with(&mut first, &waker).is_pending() && poll_with(&mut second, &waker).is_pending());
    drop(leader);
    assert_eq!((bell.rung(), cache.memory_usage().entries()), (2, 1), "held by who waited");
    // The one that is polled first.
    assert!(poll(&mut second).is_pending() && poll_with(&mut first, &waker).is_pending());
    assert_eq!(cache.memory_usage().entries(), 1);
    gate.open();
    let second = ready(&mut second);
    assert_eq!((bell.rung(), *second), (3, 3));
    assert!(Cached::ptr_eq(&second, &ready(&mut first)));
    assert_eq!(cache.stats().loads(), 1);
}

#[test]
fn a_wake_up_that_is_not_followed_is_not_missed() {
    let cache = Numbers::new(10);
    let mut leader = task(cache.get_or_insert_async(1, pending()));
    assert!(poll(&mut leader).is_pending());
    let bells: [_; 3] = std::array::from_fn(|_| bell());
    let mut waiters: Vec<_> = (0..3).map(|n| task(cache.get_or_insert_async(1, future::ready(n)))).collect();
    for (waiter, (_, waker)) in waiters.iter_mut().zip(&bells) {
        assert!(poll_with(waiter, waker).is_pending());
    }
    drop(leader);
    // Woken, and dropped: in any order there is one left who knows.
    drop(waiters.remove(0));
    drop(waiters.remove(1));
    assert_eq!(bells[1].0.rung(), 1);
    assert_eq!(*ready(&mut waiters[0]), 1);
    assert_eq!(cache.len(), 1);
}

#[test]
fn a_waiter_that_is_dropped_leaves_no_trace() {
    let (cache, gate, ledger) = (Numbers::new(0), Gate::default(), Ledger::default());
    let mut leader = load(&cache, 1, &gate, 1);
    assert!(poll(&mut leader).is_pending());
    let (bell, waker) = bell();
    for polls in 0..3 {
        let held = ledger.value(0);
        let mut waiter = task(cache.get_or_insert_async(1, async move { ledger_id(held) }));
        for _ in 0..polls {
            assert!(poll_with(&mut waiter, &waker).is_pending());
        }
        drop(waiter);
        assert_eq!((bell.rung(), Arc::strong_count(&bell), ledger.alive()), (0, 2, 0));
    }
    gate.open();
    drop(ready(&mut leader));
    assert_eq!((cache.len(), cache.memory_usage().entries()), (0, 0));
}

#[expect(clippy::needless_pass_by_value, reason = "it is to be moved")]
fn ledger_id(held: Counted) -> u64 {
    held.id
}

#[test]
fn dropped_at_every_pause() {
    // A leader that pauses five times, with a waiter of each kind, dropped after so many polls.
    for polls in 0..8 {
        for (drop_waiter, drop_leader) in [(true, false), (false, true), (true, true)] {
            let (cache, ledger) = (WeakCache::<u32, Counted>::new(0), Ledger::default());
            let made = |id| {
                let ledger = ledger.clone();
                async move {
                    let part = ledger.value(0);
                    for _ in 0..5 {
                        pause().await;
                    }
                    drop(part);
                    ledger.value(id)
                }
            };
            let mut leader = task(cache.get_or_insert_async(1, made(1)));
            let mut waiter = task(cache.get_or_insert_async(1, made(2)));
            let mut last = task(cache.get_or_insert_async(1, made(3)));
            let mut done = None;
            for _ in 0..polls {
                if let (Poll::Ready(handle), None) = (poll(&mut leader), &done) {
                    done = Some(handle);
                    break;
                }
                if poll(&mut waiter).is_ready() {
                    unreachable!("the leader goes first");
                }
            }
            if drop_leader {
                drop(leader);
            } else {
                done = done.or_else(|| Some(block_on(leader)));
            }
            if drop_waiter {
                drop(waiter);
            } else {
                let handle = block_on(waiter);
                assert_eq!(handle.id, if done.is_some() { 1 } else { 2 });
                done = Some(handle);
            }
            let handle = ready_soon(&mut last);
            assert!(done.as_ref().is_none_or(|done| Cached::ptr_eq(done, &handle)), "{polls}");
            assert_eq!((ledger.alive(), cache.len()), (1, 1));
            drop((handle, done, last));
            assert_eq!((ledger.alive(), cache.len(), cache.memory_usage().entries()), (0, 0, 0));
        }
    }
}

fn ready_soon<T>(task: &mut Task<'_, T>) -> T {
    block_on(task.as_mut())
}

#[test]
fn an_error_or_a_panic_hands_over() {
    for panics in [false, true] {
        let (cache, gate) = (Numbers::new(10), Gate::default());
        let open = gate.clone();
        let mut leader = task(cache.try_get_or_insert_async(1, async move {
            open.pass().await;
            assert!(!panics, "in the load");
            Err(7)
        }));
        assert!(poll(&mut leader).is_pending());
        let (bell, waker) = bell();
        let mut waiter = task(cache.get_or_insert_async(1, async { 2 }));
        assert!(poll_with(&mut waiter, &waker).is_pending());
        gate.open();
        let outcome = catch_unwind(AssertUnwindSafe(|| ready(&mut leader)));
        assert_eq!(bell.rung(), 1, "before the leader is dropped");
        match outcome {
            Ok(result) => assert_eq!((result.err(), panics), (Some(7), false)),
            Err(_) => assert!(panics && panic_message(|| poll(&mut leader)).contains("after its end")),
        }
        assert_eq!(*ready(&mut waiter), 2);
        assert_eq!((cache.len(), cache.stats().loads()), (1, 1));
    }
}

#[test]
fn an_insert_during_a_load_wins() {
    let (cache, gate) = (Numbers::new(10), Gate::default());
    let (mut leader, mut waiter) = (load(&cache, 1, &gate, 1), load(&cache, 1, &gate, 2));
    assert!(poll(&mut leader).is_pending() && poll(&mut waiter).is_pending());
    let inserted = cache.insert(1, 3);
    // Although the load still runs.
    let waited = ready(&mut waiter);
    gate.open();
    for other in [waited, ready(&mut leader), cache.get(&1).unwrap()] {
        assert!(Cached::ptr_eq(&inserted, &other));
    }
    assert_eq!((*inserted, cache.len()), (3, 1));
}

#[test]
fn a_load_that_was_removed_stays_out() {
    for clear in [false, true] {
        let (cache, gate) = (Numbers::new(10), Gate::default());
        let (mut leader, mut waiter) = (load(&cache, 1, &gate, 1), load(&cache, 1, &gate, 2));
        assert!(poll(&mut leader).is_pending() && poll(&mut waiter).is_pending());
        match clear {
            false => assert!(cache.remove(&1).is_none(), "nothing live to hand out"),
            true => cache.clear(),
        }
        assert!(poll(&mut waiter).is_pending(), "it loads");
        gate.open();
        let (led, waited) = (ready(&mut leader), ready(&mut waiter));
        assert_eq!((*led, *waited, cache.len()), (1, 2, 1));
        assert!(Cached::ptr_eq(&waited, &cache.get(&1).unwrap()));
    }
}

#[test]
fn threads_wait_for_tasks() {
    for cancelled in [false, true] {
        let cache = Numbers::new(10);
        thread::scope(|scope| {
            let gate = Gate::default();
            let mut leader = load(&cache, 1, &gate, 1);
            assert!(poll(&mut leader).is_pending());
            let waiters: Vec<_> = (0..3).map(|_| scope.spawn(|| cache.get_or_insert_with(1, || 2))).collect();
            thread::sleep(A_WHILE);
            gate.open();
            let value = if cancelled {
                drop(leader);
                2
            } else {
                *ready(&mut leader)
            };
            for waiter in waiters {
                assert_eq!(*waiter.join().unwrap(), value);
            }
        });
        assert_eq!((cache.len(), cache.stats().loads()), (1, 1));
    }
}

#[test]
fn tasks_wait_for_threads() {
    for fails in [false, true] {
        let cache = Numbers::new(10);
        let (started, wait_for_start) = mpsc::channel();
        let (finish, wait_for_finish) = mpsc::channel::<()>();
        thread::scope(|scope| {
            let cache = &cache;
            scope.spawn(move || {
                cache.try_get_or_insert_with(1, || {
                    started.send(()).unwrap();
                    wait_for_finish.recv().unwrap();
                    if fails { Err(()) } else { Ok(1) }
                })
            });
            wait_for_start.recv().unwrap();
            let mut waiter = task(cache.get_or_insert_async(1, async { 2 }));
            assert!(poll(&mut waiter).is_pending());
            finish.send(()).unwrap();
            assert_eq!(*ready_soon(&mut waiter), if fails { 2 } else { 1 });
        });
    }
}

#[test]
fn many_threads_and_tasks_make_one_value_per_life() {
    let (cache, ledger) = (WeakCache::<u32, Counted>::new(0), Ledger::default());
    let barrier = Barrier::new(6);
    thread::scope(|scope| {
        for thread in 0..6 {
            let (cache, ledger, barrier) = (&cache, &ledger, &barrier);
            scope.spawn(move || {
                for round in 0..300_u32 {
                    barrier.wait();
                    let key = round % 3;
                    let handle = match (thread + round) % 4 {
                        0 => cache.get_or_insert_with(key, || ledger.value(key.into())),
                        1 => {
                            // Gives up, then asks again.
                            let mut leader = task(cache.get_or_insert_async(key, async {
                                pause().await;
                                ledger.value(key.into())
                            }));
                            let _ = poll(&mut leader);
                            drop(leader);
                            block_on(cache.get_or_insert_async(key, async { ledger.value(key.into()) }))
                        }
                        _ => block_on(cache.get_or_insert_async(key, async {
                            pause().await;
                            ledger.value(key.into())
                        })),
                    };
                    assert_eq!(handle.id, key.into());
                    barrier.wait();
                    assert_eq!((cache.len(), ledger.alive()), (1, 1), "all of them hold the same");
                    barrier.wait();
                    drop(handle);
                    barrier.wait();
                    assert_eq!((cache.len(), ledger.alive()), (0, 0));
                }
            });
        }
    });
}

/// A waker that uses the cache, and panics.
struct Nosy(Arc<Numbers>, AtomicUsize, bool);

impl Wake for Nosy {
    fn wake(self: Arc<Self>) {
        self.0.insert(5, 5);
        assert_eq!(*block_on(self.0.get_or_insert_async(5, async { 0 })), 5);
        assert!(self.0.get(&1).is_some());
        self.1.fetch_add(1, SeqCst);
        assert!(!self.2, "in a waker");
    }
}

#[test]
fn wakers_use_the_cache_and_may_panic() {
    for panics in [false, true] {
        let cache = Arc::new(Numbers::new(10));
        let nosy = Arc::new(Nosy(Arc::clone(&cache), AtomicUsize::new(0), panics));
        let waker = Waker::from(Arc::clone(&nosy));
        let gate = Gate::default();
        let mut leader = load(&cache, 1, &gate, 1);
        assert!(poll(&mut leader).is_pending());
        let mut waiters: Vec<_> = (0..3).map(|_| load(&cache, 1, &gate, 2)).collect();
        assert!(waiters.iter_mut().all(|waiter| poll_with(waiter, &waker).is_pending()));
        gate.open();
        let led = catch_unwind(AssertUnwindSafe(|| ready(&mut leader)));
        assert_eq!((led.is_err(), nosy.1.load(SeqCst)), (panics, 3), "every one is woken");
        assert!(waiters.iter_mut().all(|waiter| *ready(waiter) == 1));
    }
}

#[test]
fn only_the_last_waker_is_woken() {
    let (cache, gate) = (Numbers::new(10), Gate::default());
    let (mut leader, mut waiter) = (load(&cache, 1, &gate, 1), load(&cache, 1, &gate, 2));
    let ((first, old), (second, new)) = (bell(), bell());
    assert!(poll(&mut leader).is_pending());
    assert!(poll_with(&mut waiter, &old).is_pending() && poll_with(&mut waiter, &new).is_pending());
    assert_eq!((Arc::strong_count(&first), Arc::strong_count(&second)), (2, 3));
    gate.open();
    ready(&mut leader);
    assert_eq!((first.rung(), second.rung()), (0, 1));
}

#[test]
fn a_value_that_expired_while_it_was_loaded_is_loaded_again() {
    let cache = Numbers::builder().capacity(10).ttl(Duration::ZERO).build();
    let gate = Gate::default();
    let (mut leader, mut waiter) = (load(&cache, 1, &gate, 1), load(&cache, 1, &gate, 2));
    assert!(poll(&mut leader).is_pending() && poll(&mut waiter).is_pending());
    gate.open();
    assert_eq!((*ready(&mut leader), *ready(&mut waiter)), (1, 2));
}

#[test]
fn a_clock_that_panics_leaves_no_load_behind() {
    let broken = Arc::new(AtomicUsize::new(usize::MAX));
    let left = Arc::clone(&broken);
    let clock = move || {
        let before = left.fetch_sub(1, SeqCst);
        assert_ne!(before, 0, "the clock is broken");
        Duration::ZERO
    };
    let cache = Numbers::builder().capacity(10).ttl(Duration::MAX).clock(clock).build();
    for looks in 0..3 {
        for polled in [false, true] {
            broken.store(looks, SeqCst);
            let ask = || match polled {
                true => drop(block_on(cache.get_or_insert_async(1, async { 1 }))),
                false => drop(cache.get_or_insert_with(1, || 1)),
            };
            let _ = catch_unwind(AssertUnwindSafe(ask));
            broken.store(usize::MAX, SeqCst);
            let gate = Gate::default();
            let mut leader = load(&cache, 1, &gate, 2);
            if poll(&mut leader).is_pending() {
                // Who leads is known, also where a node is used again.
                thread::scope(|scope| {
                    scope.spawn(|| {
                        thread::sleep(A_WHILE);
                        gate.open();
                        assert_eq!(*ready(&mut leader), 2);
                    });
                    assert_eq!(*cache.get_or_insert_with(1, || 3), 2);
                });
            }
            cache.clear();
            assert_eq!(cache.memory_usage().entries(), 0, "{looks} {polled}");
        }
    }
}

#[test]
fn futures_are_sent_and_outlive_nothing() {
    fn is_send(_: &impl Send) {}
    let cache = Arc::new(Numbers::new(10));
    let owned = Arc::clone(&cache);
    let future = async move { *owned.get_or_insert_async(1, async { 1 }).await };
    is_send(&future);
    assert_eq!(thread::spawn(|| block_on(future)).join().unwrap(), 1);
    // Not sent, as its load is not.
    let local = std::rc::Rc::new(2);
    let future = cache.get_or_insert_async(2, async { *local });
    assert_eq!(*block_on(future), 2);
}

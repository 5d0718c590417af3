//! Loads of tasks that need themselves, alone or with others: told, and never waited for.

mod common;

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Barrier, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use common::panic_message;
use common::tasks::{Gate, Task, block_on, pause, poll, ready, task};
use lagom_weakcache::{Cached, LoadError, WeakCache};

type Numbers = WeakCache<u32, u64>;

/// Long enough for a started thread to reach its wait, on a busy machine too; nothing fails if it does not.
const A_WHILE: Duration = Duration::from_millis(30);

#[test]
fn a_value_that_needs_itself_panics() {
    let cache = Numbers::new(10);
    let message = panic_message(|| {
        block_on(cache.get_or_insert_async(1, async { *cache.get_or_insert_async(1, async { 0 }).await }))
    });
    for part in ["needs itself", "u64", "u32", file!()] {
        assert!(message.contains(part), "{message}");
    }
    // By way of another key, later, and of the blocking form.
    let message = panic_message(|| {
        block_on(cache.get_or_insert_async(1, async {
            pause().await;
            *cache
                .get_or_insert_async(2, async {
                    pause().await;
                    *cache.get_or_insert_async(1, async { 0 }).await
                })
                .await
        }))
    });
    assert!(message.contains("needs itself"), "{message}");
    let message = panic_message(|| {
        block_on(cache.get_or_insert_async(1, async {
            pause().await;
            *cache.get_or_insert_with(1, || 0)
        }))
    });
    assert!(message.contains("needs itself"), "{message}");
    let message = panic_message(|| {
        cache.get_or_insert_with(1, || *block_on(cache.get_or_insert_async(1, async { unreachable!() })))
    });
    assert!(message.contains("needs itself"), "{message}");
    assert_eq!((cache.len(), cache.memory_usage().entries()), (0, 0));
    assert_eq!(*block_on(cache.get_or_insert_async(1, async { 5 })), 5, "usable afterwards");
}

#[test]
fn the_key_comes_back_from_a_value_that_needs_itself() {
    let cache = WeakCache::<String, u32>::new(10);
    let load = || cache.load_async("key".to_owned(), async { Ok::<_, ()>(1) });
    let outer = block_on(cache.load_async("key".to_owned(), async {
        match load().await {
            Err(LoadError::NeedsItself(key)) => Err(key),
            other => panic!("{other:?}"),
        }
    }));
    assert_eq!(outer.unwrap_err(), LoadError::Failed("key".to_owned()));
    // A made value may use what it was told.
    assert_eq!(*block_on(load()).unwrap(), 1);
}

/// What is done for key `key`, which needs `other`.
fn crossed<'a>(cache: &'a Numbers, key: u32, other: u32, gate: &Gate) -> Task<'a, Cached<u64>> {
    let gate = gate.clone();
    task(cache.get_or_insert_async(key, async move {
        gate.pass().await;
        *cache.get_or_insert_async(other, async { 40 }).await + 2
    }))
}

#[test]
fn crossed_tasks_panic() {
    let (cache, gate) = (Numbers::new(10), Gate::default());
    let (mut one, mut two, mut three) =
        (crossed(&cache, 1, 2, &gate), crossed(&cache, 2, 3, &gate), crossed(&cache, 3, 1, &gate));
    for task in [&mut one, &mut two, &mut three] {
        assert!(poll(task).is_pending());
    }
    gate.open();
    assert!(poll(&mut two).is_pending() && poll(&mut one).is_pending());
    let message = panic_message(|| poll(&mut three));
    assert!(message.contains("needs itself"), "{message}");
    // Of the others each takes over what it waited for.
    assert_eq!(*ready(&mut two), 42);
    assert_eq!(*ready(&mut one), 44);
    assert_eq!(*cache.get(&3).unwrap(), 40);
}

#[test]
fn a_ring_that_was_given_up_is_none() {
    let (cache, gate) = (Numbers::new(10), Gate::default());
    let (mut one, mut two) = (crossed(&cache, 1, 2, &gate), crossed(&cache, 2, 1, &gate));
    assert!(poll(&mut one).is_pending() && poll(&mut two).is_pending());
    gate.open();
    assert!(poll(&mut one).is_pending());
    drop(one);
    assert_eq!(*ready(&mut two), 42);
    // A wait that is given up inside of a load that goes on.
    let (cache, never, later) = (&Numbers::new(10), pending::<u64>(), Gate::default());
    let mut slow = task(cache.get_or_insert_async(2, never));
    assert!(poll(&mut slow).is_pending());
    let mut impatient = task(cache.get_or_insert_async(1, async {
        let mut inner = task(cache.get_or_insert_async(2, async { 0 }));
        assert!(poll(&mut inner).is_pending());
        drop(inner);
        later.pass().await;
        1
    }));
    assert!(poll(&mut impatient).is_pending());
    drop(slow);
    let mut next = task(cache.get_or_insert_async(2, async { *cache.get_or_insert_async(1, async { 0 }).await }));
    assert!(poll(&mut next).is_pending(), "no ring");
    later.open();
    assert_eq!((*ready(&mut impatient), *ready(&mut next)), (1, 1));
}

#[test]
fn who_waits_is_who_polls_last() {
    // A wait that begins outside of a load, and goes on inside.
    let (cache, gate) = (Numbers::new(10), Gate::default());
    let mut two = crossed(&cache, 2, 1, &gate);
    assert!(poll(&mut two).is_pending());
    let mut wait = task(cache.get_or_insert_async(2, async { 0 }));
    assert!(poll(&mut wait).is_pending());
    let mut one = task(cache.get_or_insert_async(1, async { *wait.await }));
    assert!(poll(&mut one).is_pending());
    gate.open();
    let message = panic_message(|| poll(&mut two));
    assert!(message.contains("needs itself"), "{message}");

    // One that begins inside, and goes on outside.
    let (cache, gate, later) = (Numbers::new(10), Gate::default(), Gate::default());
    let mut two = crossed(&cache, 2, 1, &gate);
    assert!(poll(&mut two).is_pending());
    let (send, sent) = mpsc::channel();
    let mut one = task(cache.get_or_insert_async(1, async {
        let mut wait = task(cache.get_or_insert_async(2, async { 0 }));
        assert!(poll(&mut wait).is_pending());
        send.send(wait).unwrap();
        later.pass().await;
        1
    }));
    assert!(poll(&mut one).is_pending());
    let mut wait = sent.recv().unwrap();
    assert!(poll(&mut wait).is_pending());
    gate.open();
    assert!(poll(&mut two).is_pending(), "no ring");
    later.open();
    assert_eq!((*ready(&mut one), *ready(&mut two), *ready(&mut wait)), (1, 3, 3));
}

#[test]
fn a_task_and_a_thread_that_cross_panic() {
    let cache = Numbers::new(10);
    let gate = Gate::default();
    let (started, wait_for_start) = mpsc::channel();
    thread::scope(|scope| {
        let (cache, mut one) = (&cache, crossed(&cache, 1, 2, &gate));
        assert!(poll(&mut one).is_pending());
        let two = scope.spawn(move || {
            cache.get_or_insert_with(2, || {
                started.send(()).unwrap();
                *cache.get_or_insert_with(1, || 1)
            })
        });
        wait_for_start.recv().unwrap();
        thread::sleep(A_WHILE);
        gate.open();
        // Whoever comes last sees the ring.
        let one = catch_unwind(AssertUnwindSafe(|| block_on(one.as_mut())));
        let two = two.join();
        assert!(one.is_err() || two.is_err());
    });
}

#[test]
fn a_thread_that_blocks_inside_a_poll_waits_for_all_it_polls() {
    let cache = Numbers::new(10);
    let gate = Gate::default();
    thread::scope(|scope| {
        let (cache, mut two) = (&cache, crossed(&cache, 2, 1, &gate));
        assert!(poll(&mut two).is_pending());
        // Polled there, the load of 1 blocks for 2 in the factory of 3.
        let one =
            scope.spawn(move || {
                block_on(cache.get_or_insert_async(1, async {
                    *cache.get_or_insert_with(3, || *cache.get_or_insert_with(2, || 7))
                }))
            });
        thread::sleep(A_WHILE);
        gate.open();
        let two = catch_unwind(AssertUnwindSafe(|| block_on(two.as_mut())));
        assert!(two.is_err() || one.join().is_err());
    });
}

#[test]
fn crossed_in_many_threads() {
    for _ in 0..50 {
        let (cache, panics) = (Numbers::new(10), AtomicUsize::new(0));
        let barrier = Barrier::new(2);
        thread::scope(|scope| {
            for me in 0..2 {
                let (cache, barrier, panics) = (&cache, &barrier, &panics);
                scope.spawn(move || {
                    let load = cache.get_or_insert_async(me, async {
                        barrier.wait();
                        let again = async { *cache.get_or_insert_async(me, async { 0 }).await };
                        *cache.get_or_insert_async(1 - me, again).await
                    });
                    if catch_unwind(AssertUnwindSafe(|| block_on(load))).is_err() {
                        panics.fetch_add(1, SeqCst);
                    }
                });
            }
        });
        assert!(panics.into_inner() > 0);
        assert!(cache.is_empty());
    }
}

/// Asks for the key in its drop.
struct AsksInDrop<'a>(&'a Numbers, &'a Mutex<Vec<bool>>);

impl Drop for AsksInDrop<'_> {
    fn drop(&mut self) {
        let needs_itself = matches!(self.0.load(1, || Ok::<_, ()>(9)), Err(LoadError::NeedsItself(1)));
        self.1.lock().unwrap().push(needs_itself);
    }
}

#[test]
fn a_load_that_asks_for_its_key_when_it_is_dropped_does_not_hang() {
    let (cache, told) = (Numbers::new(10), Mutex::new(Vec::new()));
    for ready in [false, true] {
        let asks = AsksInDrop(&cache, &told);
        let mut leader = task(cache.get_or_insert_async(1, async move {
            if !ready {
                pending::<()>().await;
            }
            drop(asks);
            1
        }));
        assert_eq!(poll(&mut leader).is_ready(), ready);
        drop(leader);
    }
    assert_eq!(told.into_inner().unwrap(), [true, true]);
    assert_eq!(*cache.get(&1).unwrap(), 1);
}

#[test]
fn a_load_may_move_from_thread_to_thread() {
    let cache = Numbers::new(10);
    let gate = Gate::default();
    let mut leader = crossed(&cache, 1, 2, &gate);
    for _ in 0..3 {
        thread::scope(|scope| {
            scope.spawn(|| assert!(poll(&mut leader).is_pending()));
        });
    }
    gate.open();
    assert_eq!(*ready(&mut leader), 42);
}

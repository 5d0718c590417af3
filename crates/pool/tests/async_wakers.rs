//! Wakers that use the pool, tasks among threads, and what of tasks may cross threads.

mod common;
#[macro_use]
#[path = "common/crosses.rs"]
mod crosses;

use std::cell::Cell;
use std::mem::forget;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::task::{Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use common::tasks::{bell, block_on, poll, ready};
use common::{Census, Counted, Ledger, Watchdog, next, panics, until};
use lagom_pool::{Acquire, AcquireError, AcquireOwned, Pool, Pooled, PooledOwned};

#[test]
fn what_crosses_threads() {
    type Guard = MutexGuard<'static, u8>;
    assert_eq!(crosses!(Acquire<'static, u8>), [true, true]);
    assert_eq!(crosses!(Acquire<'static, Cell<u8>>), [true, true], "it gives access to no object");
    assert_eq!(crosses!(Acquire<'static, Guard>), [false, false], "an object comes back in any thread");
    assert_eq!(crosses!(Acquire<'static, Rc<u8>>), [false, false]);
    assert_eq!(crosses!(AcquireOwned<u8>), [true, true]);
    assert_eq!(crosses!(AcquireOwned<Cell<u8>>), [true, true]);
    assert_eq!(crosses!(AcquireOwned<Guard>), [false, false]);
    assert_eq!(crosses!(AcquireOwned<Rc<u8>>), [false, false]);
    fn unpin<T: Unpin>() {}
    unpin::<Acquire<'static, std::marker::PhantomPinned>>();
    unpin::<AcquireOwned<std::marker::PhantomPinned>>();
}

fn pool(max_live: usize, ledger: &Ledger) -> Pool<Counted> {
    let births = ledger.clone();
    Pool::builder(move || births.object()).max_live(max_live).build()
}

/// Uses its pool whenever it is woken or let go.
struct Meddler {
    pool: &'static OnceLock<Pool<u32>>,
    woken: &'static AtomicUsize,
    gone: &'static AtomicUsize,
}

impl Meddler {
    fn meddle(&self) {
        let pool = self.pool.get().unwrap();
        drop(pool.try_acquire());
        drop(pool.acquire_timeout(Duration::from_micros(50)));
        drop(pool.acquire_async());
        drop(poll(&mut pool.acquire_async(), Waker::noop()));
        pool.prewarm(1);
        assert_eq!(PooledOwned::detach(pool.attach_owned(7)), 7);
        assert!(pool.stats().waiting() < 10 && pool.outstanding().in_use() < 10);
        if !pool.is_closed() {
            pool.trim(1);
        }
    }
}

impl Wake for Meddler {
    fn wake(self: Arc<Self>) {
        self.woken.fetch_add(1, SeqCst);
        self.meddle();
    }
}

impl Drop for Meddler {
    fn drop(&mut self) {
        self.gone.fetch_add(1, SeqCst);
        self.meddle();
    }
}

#[test]
fn wakers_may_use_the_pool() {
    static POOL: OnceLock<Pool<u32>> = OnceLock::new();
    static WOKEN: AtomicUsize = AtomicUsize::new(0);
    static GONE: AtomicUsize = AtomicUsize::new(0);
    let _watchdog = Watchdog::new();
    let pool = POOL.get_or_init(|| Pool::builder(|| 7).retain_if(|&number| number == 7).max_live(1).build());
    let meddler = || Waker::from(Arc::new(Meddler { pool: &POOL, woken: &WOKEN, gone: &GONE }));
    let waits = |held: &Pooled<'_, u32>| {
        assert_eq!(**held, 7);
        let mut future = pool.acquire_async();
        assert!(poll(&mut future, &meddler()).is_pending());
        future
    };

    // Woken by an object.
    let held = pool.acquire();
    let mut future = waits(&held);
    drop(held);
    assert_eq!((WOKEN.load(SeqCst), GONE.load(SeqCst)), (1, 1));
    // Woken by a permit: by a detach, by one that is not retained.
    let held = ready(&mut future);
    let mut future = waits(&held);
    assert_eq!(Pooled::detach(held), 7);
    assert_eq!((WOKEN.load(SeqCst), GONE.load(SeqCst)), (2, 2));
    let mut held = ready(&mut future);
    let mut future = waits(&held);
    *held = 8;
    drop(held);
    assert_eq!((WOKEN.load(SeqCst), GONE.load(SeqCst)), (3, 3));
    // Replaced by another waker, and let go by a task that gives up.
    let held = ready(&mut future);
    let mut future = waits(&held);
    assert!(poll(&mut future, &meddler()).is_pending());
    assert_eq!((WOKEN.load(SeqCst), GONE.load(SeqCst)), (3, 4));
    drop(future);
    assert_eq!((WOKEN.load(SeqCst), GONE.load(SeqCst)), (3, 5));
    // Passed on by one that gives up late.
    let (mut first, second) = (waits(&held), waits(&held));
    drop(held);
    drop(second);
    drop(ready(&mut first));
    // Woken by the end.
    let held = pool.acquire();
    let (first, second) = (waits(&held), waits(&held));
    let woken = WOKEN.load(SeqCst);
    pool.close();
    assert_eq!(WOKEN.load(SeqCst), woken + 2);
    drop((first, second, held));
    assert_eq!((pool.stats().in_use(), pool.len(), pool.stats().waiting()), (0, 0, 0));
}

#[test]
fn a_waker_that_panics_when_an_object_comes_back_loses_nothing() {
    struct Panicking;
    impl Wake for Panicking {
        fn wake(self: Arc<Self>) {
            std::panic::resume_unwind(Box::new(()));
        }
    }
    let ledger = Ledger::default();
    let pool = pool(1, &ledger);
    for detach in [false, true] {
        let held = pool.acquire();
        let mut future = pool.acquire_async();
        assert!(poll(&mut future, &Waker::from(Arc::new(Panicking))).is_pending());
        assert!(panics(|| if detach { drop(Pooled::detach(held)) } else { drop(held) }));
        drop(ready(&mut future));
        assert_eq!((pool.len(), pool.stats().in_use(), pool.stats().waiting()), (1, 0, 0));
    }
}

#[test]
fn a_task_that_moves_between_threads() {
    let ledger = Ledger::default();
    let pool = pool(1, &ledger);
    let held = pool.acquire();
    let mut future = pool.acquire_async();
    thread::scope(|scope| {
        let first = scope.spawn(move || {
            assert!(poll(&mut future, Waker::noop()).is_pending());
            future
        });
        let mut future = first.join().unwrap();
        scope.spawn(|| drop(held)).join().unwrap();
        let guard = scope.spawn(move || ready(&mut future)).join().unwrap();
        // Its thread is gone.
        drop(guard);
    });
    assert_eq!((pool.len(), pool.try_acquire().unwrap().number, ledger.built()), (1, 0, 1));
}

#[test]
fn the_line_of_a_task_is_where_it_was_asked_for() {
    let ledger = Ledger::default();
    let pool = pool(2, &ledger);
    let mut borrowed = pool.acquire_async();
    let mut owned = pool.acquire_owned_async();
    let line = line!() - 2;
    let guards = (ready(&mut borrowed), ready(&mut owned));
    if cfg!(debug_assertions) {
        let mut lines: Vec<_> = pool.outstanding().places().iter().map(|(place, n)| (place.line(), *n)).collect();
        lines.sort_unstable();
        assert_eq!(lines, [(line, 1), (line + 1, 1)]);
    }
    drop(guards);
}

#[test]
fn what_is_written_off_wakes_who_waits() {
    let ledger = Ledger::default();
    let mut pool = pool(2, &ledger);
    forget(pool.acquire());
    forget(pool.acquire());
    let ((bell, waker), mut futures) = (bell(), Vec::new());
    for _ in 0..3 {
        let mut future = pool.acquire_owned_async();
        assert!(poll(&mut future, &waker).is_pending());
        futures.push(future);
    }
    assert_eq!((pool.write_off_leaked(), bell.rung()), (2, 2));
    let guards = [ready(&mut futures[0]), ready(&mut futures[1])];
    assert_eq!((pool.write_off_leaked(), pool.stats().in_use()), (0, 2), "owned guards live");
    drop(guards);
    assert_eq!(bell.rung(), 3);
    // Delivered, and not claimed: neither in use nor idle, and surely not leaked.
    assert_eq!((pool.write_off_leaked(), pool.stats().in_use(), pool.len()), (0, 0, 1));
    let claimed = ready(&mut futures[2]);
    assert_eq!((pool.write_off_leaked(), pool.stats().in_use(), pool.len()), (0, 1, 1), "an owned guard lives");
    drop((claimed, futures));
    assert_eq!((pool.write_off_leaked(), pool.len(), ledger.alive()), (0, 2, 4));
    // No owned guard is counted that is not there.
    forget(pool.acquire());
    assert_eq!((pool.write_off_leaked(), pool.stats().leaked()), (1, 3));
}

/// Half of the futures give up at some point; what they were given must not be lost.
#[test]
fn tasks_and_threads_and_those_who_give_up() {
    let _watchdog = Watchdog::new();
    for max_live in 1..=3 {
        let census = Census::default();
        let births = census.clone();
        let fit = AtomicUsize::new(0);
        let pool = Pool::builder(move || births.object())
            .retain_if(move |_| !fit.fetch_add(1, SeqCst).is_multiple_of(13))
            .max_live(max_live)
            .build();
        thread::scope(|scope| {
            for thread in 0..8_u64 {
                let pool = &pool;
                scope.spawn(move || {
                    let mut seed = 0x9e37_79b9_7f4a_7c15 ^ (thread + 1);
                    for _ in 0..600 {
                        match next(&mut seed) % 6 {
                            0 => drop(pool.acquire()),
                            1 => drop(block_on(pool.acquire_async()).unwrap()),
                            2 => drop(block_on(pool.acquire_owned_async()).unwrap()),
                            3 => drop(pool.acquire_timeout(Duration::from_micros(next(&mut seed) % 100))),
                            _ => {
                                let mut future = pool.acquire_owned_async();
                                for _ in 0..next(&mut seed) % 3 {
                                    if poll(&mut future, Waker::noop()).is_ready() {
                                        break;
                                    }
                                    thread::yield_now();
                                }
                            }
                        }
                    }
                });
            }
        });
        let stats = pool.stats();
        assert_eq!((stats.in_use(), stats.waiting(), stats.idle()), (0, 0, census.alive()), "{stats}");
        assert!(census.most() <= max_live);
        let all: Result<Vec<_>, _> = (0..max_live).map(|_| pool.try_acquire()).collect();
        assert!(all.is_ok());
    }
}

#[test]
fn tasks_that_wait_while_the_pool_goes() {
    let _watchdog = Watchdog::new();
    for _ in 0..100 {
        let ledger = Ledger::default();
        let pool = pool(1, &ledger);
        let held = Mutex::new(Some(pool.acquire_owned()));
        thread::scope(|scope| {
            for _ in 0..3 {
                let future = pool.acquire_owned_async();
                scope.spawn(move || {
                    let result: Result<PooledOwned<Counted>, AcquireError> = block_on(future);
                    drop(result);
                });
            }
            scope.spawn(|| drop(held.lock().unwrap().take()));
            until(|| pool.stats().created() == 1);
            drop(pool);
        });
        assert_eq!(ledger.alive(), 0);
    }
}

#[test]
fn a_closed_pool_refuses_at_every_poll() {
    let pool = Pool::new(String::new);
    pool.close();
    let mut future = pool.acquire_async();
    assert!(matches!(poll(&mut future, Waker::noop()), Poll::Ready(Err(AcquireError))));
    assert!(panics(|| drop(poll(&mut future, Waker::noop()))));
}

/// A waker that panics.
struct Bad;

impl Wake for Bad {
    fn wake(self: Arc<Self>) {
        std::panic::resume_unwind(Box::new(()));
    }
}

#[test]
fn a_waker_that_panics_strands_nobody_when_the_pool_closes() {
    let _watchdog = Watchdog::new();
    let pool = Pool::builder(|| 0).max_live(1).build();
    let held = pool.acquire();
    let mut task = pool.acquire_async();
    assert!(poll(&mut task, &Waker::from(Arc::new(Bad))).is_pending());
    thread::scope(|scope| {
        let thread = scope.spawn(|| pool.acquire_timeout(Duration::MAX).is_err());
        until(|| pool.stats().waiting() == 2);
        assert!(panics(|| pool.close()), "the panic is passed on");
        assert!(thread.join().unwrap());
    });
    assert!(matches!(ready_or_closed(&mut task), Err(AcquireError)));
    drop(held);
}

fn ready_or_closed<G>(task: &mut (impl Future<Output = Result<G, AcquireError>> + Unpin)) -> Result<G, AcquireError> {
    match poll(task, Waker::noop()) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("a closed pool has nothing to wait for"),
    }
}

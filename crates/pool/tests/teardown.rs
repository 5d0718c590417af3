//! Threads that end with objects in their hands, or want some when it is too late to have a magazine.

mod common;

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::thread;

use common::{Counted, Ledger, Watchdog};
use lagom_pool::{Pool, PooledOwned};

fn pool(max_live: usize, ledger: &Ledger) -> Pool<Counted> {
    let births = ledger.clone();
    Pool::builder(move || births.object()).max_live(max_live).build()
}

/// Runs what it holds when its thread tears its locals down.
struct Last(RefCell<Option<Box<dyn FnOnce()>>>);

impl Last {
    fn words(&self, f: impl FnOnce() + 'static) {
        *self.0.borrow_mut() = Some(Box::new(f));
    }
}

impl Drop for Last {
    fn drop(&mut self) {
        if let Some(words) = self.0.take() {
            words();
        }
    }
}

thread_local! {
    static LAST: Last = const { Last(RefCell::new(None)) };
}

/// A thread that first uses `pool` and then says what it does last, or the other way round: its locals are torn down in
/// an order that depends on it.
fn thread_with_last_words(pool: &Arc<Pool<Counted>>, use_first: bool, f: impl FnOnce() + Send + 'static) {
    let pool = Arc::clone(pool);
    let work = move || {
        if use_first {
            drop((pool.acquire(), pool.acquire()));
        }
        LAST.with(|last| last.words(f));
        drop((pool.acquire(), pool.acquire()));
        drop(pool);
    };
    thread::spawn(work).join().unwrap();
}

#[test]
fn a_guard_dropped_among_the_locals_of_its_thread() {
    for use_first in [true, false] {
        let ledger = Ledger::default();
        let pool = Arc::new(pool(3, &ledger));
        let held = pool.acquire_owned();
        thread_with_last_words(&pool, use_first, move || drop(held));
        let stats = pool.stats();
        assert_eq!((stats.idle(), stats.in_use(), ledger.built()), (3, 0, 3), "use first: {use_first}");
        let all: Vec<_> = (0..3).map(|_| pool.try_acquire().unwrap()).collect();
        assert_eq!(all.len(), 3);
    }
}

#[test]
fn objects_acquired_among_the_locals_of_a_thread() {
    for use_first in [true, false] {
        let ledger = Ledger::default();
        let pool = Arc::new(pool(4, &ledger));
        let inside = Arc::clone(&pool);
        thread_with_last_words(&pool, use_first, move || {
            for _ in 0..100 {
                let all = (inside.acquire(), inside.acquire_owned(), inside.try_acquire().unwrap());
                assert_eq!(inside.stats().in_use(), 3);
                drop(all);
            }
            inside.trim(2);
            inside.prewarm(3);
            assert_eq!(inside.len(), 3);
        });
        let stats = pool.stats();
        assert_eq!((stats.idle(), stats.in_use(), ledger.alive()), (3, 0, 3), "use first: {use_first}");
        drop(pool);
        assert_eq!(ledger.alive(), 0);
    }
}

#[test]
fn a_thread_that_never_used_the_pool_before_its_end() {
    let ledger = Ledger::default();
    let pool = Arc::new(pool(2, &ledger));
    let inside = Arc::clone(&pool);
    let work = move || LAST.with(|last| last.words(move || drop((inside.acquire(), inside.acquire_owned()))));
    thread::spawn(work).join().unwrap();
    assert_eq!((pool.len(), pool.stats().created()), (2, 2));
}

#[test]
fn a_pool_made_and_dropped_among_the_locals_of_a_thread() {
    let ledger = Ledger::default();
    let inside = ledger.clone();
    let work = move || {
        LAST.with(|last| {
            last.words(move || {
                let pool = pool(8, &inside);
                drop((pool.acquire(), pool.acquire_owned()));
                assert_eq!(pool.len(), 2);
            });
        });
    };
    thread::spawn(work).join().unwrap();
    assert_eq!((ledger.built(), ledger.alive()), (2, 0));
}

#[test]
fn who_waits_is_served_by_a_thread_that_ends() {
    let _watchdog = Watchdog::new();
    for use_first in [true, false] {
        let ledger = Ledger::default();
        let pool = Arc::new(pool(3, &ledger));
        let held: Vec<_> = (0..2).map(|_| pool.acquire_owned()).collect();
        let (last, inside) = (pool.acquire_owned(), Arc::clone(&pool));
        let work = move || {
            if use_first {
                drop(last);
                let last = inside.acquire_owned();
                LAST.with(|words| words.words(move || drop(last)));
            } else {
                LAST.with(|words| words.words(move || drop(last)));
            }
            common::until(|| inside.stats().waiting() == 1);
        };
        let ending = thread::spawn(work);
        thread::sleep(std::time::Duration::from_millis(20));
        drop(pool.acquire());
        ending.join().unwrap();
        drop(held);
        assert_eq!((pool.len(), ledger.built()), (3, 3));
    }
}

/// Threads with magazines of their own stay alive while `f` runs. One more takes what is in the depot into its
/// magazine, at a time when looks into magazines have become rare; `ends` says whether it has ended when `f` runs.
fn with_magazines_all_around(pool: &Pool<Counted>, ends: bool, f: impl FnOnce()) {
    // Who fails in `f` leaves the others at a barrier.
    let _watchdog = Watchdog::new();
    let (filled, go, done) = (Barrier::new(13), Barrier::new(2), Barrier::new(13));
    let last = Barrier::new(2);
    thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| {
                drop(pool.acquire());
                filled.wait();
                done.wait();
            });
        }
        let other = scope.spawn(|| {
            drop(pool.acquire());
            go.wait();
            go.wait();
            // Kept: it would find no place when it comes back, and have others look again.
            let held = pool.acquire();
            go.wait();
            if !ends {
                last.wait();
            }
            held
        });
        filled.wait();
        go.wait();
        // A look that finds less than it costs.
        drop((pool.acquire(), pool.acquire(), pool.acquire()));
        pool.trim(3);
        go.wait();
        go.wait();
        if ends {
            let _held = other.join().unwrap();
            f();
        } else {
            f();
            last.wait();
        }
        done.wait();
    });
}

#[test]
fn what_a_thread_leaves_is_found_without_a_look_at_the_living() {
    let ledger = Ledger::default();
    let pool = pool(usize::MAX, &ledger);
    with_magazines_all_around(&pool, true, || {
        let built = ledger.built();
        drop((pool.acquire(), pool.acquire()));
        assert_eq!(ledger.built(), built);
    });
}

#[test]
fn where_no_more_may_live_a_look_is_never_too_dear() {
    let ledger = Ledger::default();
    let pool = pool(3, &ledger);
    with_magazines_all_around(&pool, false, || {
        let all: Vec<_> = (0..3).filter_map(|_| pool.try_acquire().ok()).collect();
        assert_eq!(all.len(), 2);
    });
}

#[test]
fn guards_that_come_back_after_their_thread_or_their_pool() {
    let ledger = Ledger::default();
    for hooks in [false, true] {
        let births = ledger.clone();
        let builder = Pool::builder(move || births.object());
        let pool = Arc::new(if hooks { builder.retain_if(|_| true).build() } else { builder.build() });
        let source = Arc::clone(&pool);
        // Hits, so that they have a way straight back to a magazine whose thread is gone.
        let work = move || {
            drop([source.acquire(), source.acquire(), source.acquire(), source.acquire()]);
            std::array::from_fn::<_, 4, _>(|_| source.acquire_owned())
        };
        let [first, second, third, fourth] = thread::spawn(work).join().unwrap();
        drop(first);
        assert_eq!(pool.len(), 1);
        // A new thread may have got the number of the old one.
        for guard in [second, third] {
            let sink = Arc::clone(&pool);
            let work = move || {
                drop(guard);
                drop((sink.acquire(), sink.acquire_owned()));
            };
            thread::spawn(work).join().unwrap();
        }
        assert_eq!((pool.len(), pool.stats().in_use()), (3, 1));
        drop(pool);
        assert_eq!(ledger.alive(), 1);
        thread::spawn(move || drop(fourth)).join().unwrap();
        assert_eq!(ledger.alive(), 0);
    }
    assert_eq!(ledger.built(), 8);
}

#[test]
fn the_last_guard_takes_the_pool_along_in_a_thread_that_ends() {
    let ledger = Ledger::default();
    for _ in 0..50 {
        let pool = Arc::new(pool(9, &ledger));
        let inside = Arc::clone(&pool);
        let thread = thread::spawn(move || {
            let guard: PooledOwned<Counted> = inside.acquire_owned();
            LAST.with(|last| last.words(move || drop(guard)));
            drop((inside.acquire(), inside.acquire()));
        });
        drop(pool);
        thread.join().unwrap();
    }
    assert_eq!(ledger.alive(), 0);
}

#[test]
fn objects_that_hold_objects_of_their_own_pool() {
    static ALIVE: AtomicUsize = AtomicUsize::new(0);
    struct Nested(Option<PooledOwned<Nested>>);
    impl Drop for Nested {
        fn drop(&mut self) {
            ALIVE.fetch_sub(1, SeqCst);
        }
    }
    for drop_pool_first in [true, false] {
        let pool = Pool::new(|| {
            ALIVE.fetch_add(1, SeqCst);
            Nested(None)
        });
        let mut outer = pool.acquire_owned();
        let mut middle = pool.acquire_owned();
        middle.0 = Some(pool.acquire_owned());
        outer.0 = Some(middle);
        assert!(outer.0.as_ref().is_some_and(|middle| middle.0.is_some()));
        if drop_pool_first {
            drop(pool);
            drop(outer);
        } else {
            // Idle, and yet it holds another, which comes back when the first one is dropped.
            drop(outer);
            for in_use in (0..3).rev() {
                assert_eq!((pool.len(), pool.stats().in_use()), (1, in_use));
                pool.clear();
            }
            assert_eq!((pool.len(), pool.stats().in_use()), (0, 0));
            drop(pool);
        }
        assert_eq!(ALIVE.load(SeqCst), 0);
    }
}

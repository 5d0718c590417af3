//! Panics in every callback, and guards that are dropped by a panic.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use common::{Ledger, panics};
use lagom_pool::{Pool, Pooled};

/// A switch that callbacks ask whether to panic.
#[derive(Clone, Default)]
struct Fuse(Arc<AtomicBool>);

impl Fuse {
    fn set(&self, on: bool) {
        self.0.store(on, SeqCst);
    }

    fn check(&self) {
        assert!(!self.0.load(SeqCst), "the fuse is lit");
    }
}

/// In use, idle, created, reused, discarded.
fn counts<T>(pool: &Pool<T>) -> (usize, usize, u64, u64, u64) {
    let stats = pool.stats();
    (stats.in_use(), stats.idle(), stats.created(), stats.reused(), stats.discarded())
}

#[test]
fn a_panicking_factory_changes_nothing() {
    let (fuse, ledger) = (Fuse::default(), Ledger::default());
    let (lit, births) = (fuse.clone(), ledger.clone());
    let pool = Pool::builder(move || {
        lit.check();
        births.object()
    })
    .build();
    fuse.set(true);
    assert!(panics(|| drop(pool.acquire())));
    assert!(panics(|| drop(pool.acquire_owned())));
    assert!(panics(|| pool.prewarm(3)));
    assert_eq!(counts(&pool), (0, 0, 0, 0, 0));
    fuse.set(false);
    drop(pool.acquire());
    fuse.set(true);
    drop(pool.acquire());
    assert_eq!(counts(&pool), (0, 1, 1, 1, 0), "an idle object needs no factory");
}

#[test]
fn a_panic_in_prewarm_leaves_what_was_built() {
    let left = Arc::new(AtomicUsize::new(2));
    let fuel = left.clone();
    let pool = Pool::builder(move || {
        assert!(fuel.load(SeqCst) > 0, "no fuel");
        fuel.fetch_sub(1, SeqCst)
    })
    .build();
    assert!(panics(|| pool.prewarm(5)));
    assert_eq!((pool.len(), pool.stats().prewarmed()), (2, 2));
}

#[test]
fn a_panicking_reset_or_retain_if_discards_the_object() {
    for in_reset in [true, false] {
        let (fuse, ledger) = (Fuse::default(), Ledger::default());
        let (lit, births) = (fuse.clone(), ledger.clone());
        let builder = Pool::builder(move || births.object());
        let pool = if in_reset {
            builder.reset(move |_| lit.check()).build()
        } else {
            builder
                .retain_if(move |_| {
                    lit.check();
                    true
                })
                .build()
        };
        fuse.set(true);
        assert!(panics(|| drop(pool.acquire())));
        assert!(panics(|| drop(pool.acquire_owned())));
        assert_eq!(counts(&pool), (0, 0, 2, 0, 2));
        assert_eq!(ledger.alive(), 0);
        fuse.set(false);
        drop(pool.acquire());
        assert_eq!(counts(&pool), (0, 1, 3, 0, 2));
        fuse.set(true);
        let kept = Pooled::detach(pool.acquire());
        assert_eq!(kept.number, 2, "detach runs no hook");
    }
}

/// An object whose destructor panics if told so.
struct Bomb {
    lit: bool,
    alive: Arc<AtomicUsize>,
}

impl Drop for Bomb {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, SeqCst);
        assert!(!self.lit, "in drop");
    }
}

fn bombs(max_idle: usize) -> (Pool<Bomb>, Arc<AtomicUsize>) {
    let alive = Arc::new(AtomicUsize::new(0));
    let births = alive.clone();
    let pool = Pool::builder(move || {
        births.fetch_add(1, SeqCst);
        Bomb { lit: false, alive: births.clone() }
    });
    (pool.max_idle(max_idle).build(), alive)
}

#[test]
fn a_panicking_destructor_leaves_the_counts_right() {
    let (pool, alive) = bombs(1);
    let (mut bomb, other) = (pool.acquire(), pool.acquire());
    bomb.lit = true;
    drop(other);
    assert!(panics(|| drop(bomb)), "no room for it");
    assert_eq!(counts(&pool), (0, 1, 2, 0, 1));

    pool.acquire().lit = true;
    assert!(panics(|| pool.clear()));
    assert_eq!(counts(&pool), (0, 0, 2, 1, 1));
    assert_eq!(alive.load(SeqCst), 0);

    pool.acquire().lit = true;
    assert!(panics(|| drop(pool)));
    assert_eq!(alive.load(SeqCst), 0);
}

#[test]
fn one_panicking_destructor_does_not_save_the_others() {
    let (pool, alive) = bombs(9);
    let mut out: Vec<_> = (0..5).map(|_| pool.acquire()).collect();
    out[2].lit = true;
    drop(out);
    assert!(panics(|| pool.trim(1)));
    assert_eq!((pool.len(), alive.load(SeqCst)), (1, 1));
}

#[test]
fn a_guard_dropped_by_a_panic_discards_and_runs_no_hook() {
    let hooks = Arc::new(AtomicUsize::new(0));
    let (seen, judged, ledger) = (hooks.clone(), hooks.clone(), Ledger::default());
    let births = ledger.clone();
    let pool = Pool::builder(move || births.object())
        .reset(move |_| {
            // A panic here while the thread unwinds would abort the test run.
            seen.fetch_add(1, SeqCst);
            assert!(!std::thread::panicking());
        })
        .retain_if(move |_| judged.fetch_add(1, SeqCst) < usize::MAX)
        .build();
    assert!(panics(|| {
        let _borrowed = pool.acquire();
        let _owned = pool.acquire_owned();
        panic!("in the midst of the work");
    }));
    assert_eq!((hooks.load(SeqCst), ledger.alive()), (0, 0));
    assert_eq!(counts(&pool), (0, 0, 2, 0, 2));
    drop(pool.acquire());
    assert_eq!(hooks.load(SeqCst), 2);
}

/// Runs a thread that panics with an object in its hands.
fn die(pool: &Pool<common::Counted>) {
    std::thread::scope(|scope| {
        let dying = scope.spawn(|| {
            let _guard = pool.acquire();
            panic!("a thread dies");
        });
        assert!(dying.join().is_err());
    });
}

#[test]
fn a_panic_in_another_thread_reaches_neither_pool_nor_others() {
    let ledger = Ledger::default();
    let births = ledger.clone();
    let pool = Pool::builder(move || births.object()).retain_if(|_| true).build();
    die(&pool);
    drop(pool.acquire());
    assert_eq!(counts(&pool), (0, 1, 2, 0, 1));
    assert_eq!(ledger.alive(), 1);
}

#[test]
fn a_pool_without_hooks_keeps_what_comes_back_by_a_panic() {
    let ledger = Ledger::default();
    let births = ledger.clone();
    let pool = Pool::builder(move || births.object()).build();
    die(&pool);
    drop(pool.acquire());
    assert_eq!(counts(&pool), (0, 1, 1, 1, 0));
    assert_eq!(ledger.alive(), 1);
}

#[test]
fn pools_cross_catch_unwind() {
    fn unwind_safe<T: std::panic::UnwindSafe + std::panic::RefUnwindSafe>(_: &T) {}
    let pool = Pool::builder(|| std::cell::Cell::new(0)).build();
    unwind_safe(&pool);
    assert!(std::panic::catch_unwind(|| pool.acquire().set(1)).is_ok());
}

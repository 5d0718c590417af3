//! The pool of one thread and what others' code may do to it: panic, and use the same pool, in every callback.

mod common;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use common::{Ledger, panics};
use lagom_pool::{LocalPool, LocalPooled};

/// So many reuses are a round, after which half of what nobody needed is dropped.
const ROUND: u64 = 65_536;

/// A switch that callbacks ask whether to panic.
#[derive(Clone, Default)]
struct Fuse(Rc<Cell<bool>>);

impl Fuse {
    fn set(&self, on: bool) {
        self.0.set(on);
    }

    fn check(&self) {
        assert!(!self.0.get(), "the fuse is lit");
    }
}

/// Panics when it is dropped while the fuse is lit. Puts it out, for a second panic would abort the process.
struct Bomb(Fuse, #[allow(dead_code, reason = "it counts its drop")] common::Counted);

impl Drop for Bomb {
    fn drop(&mut self) {
        let lit = self.0.0.replace(false);
        assert!(!lit, "the bomb went off");
    }
}

fn bombs() -> (lagom_pool::LocalPoolBuilder<Bomb>, Fuse, Ledger) {
    let (fuse, ledger) = (Fuse::default(), Ledger::default());
    let (lit, births) = (fuse.clone(), ledger.clone());
    (LocalPool::builder(move || Bomb(lit.clone(), births.object())), fuse, ledger)
}

/// In use, idle, created, reused, discarded.
fn counts<T>(pool: &LocalPool<T>) -> (usize, usize, u64, u64, u64) {
    let stats = pool.stats();
    assert_eq!(pool.len(), stats.idle());
    (stats.in_use(), stats.idle(), stats.created(), stats.reused(), stats.discarded())
}

#[test]
fn a_panicking_factory_changes_nothing() {
    let (fuse, ledger) = (Fuse::default(), Ledger::default());
    let (lit, births) = (fuse.clone(), ledger.clone());
    let pool = LocalPool::builder(move || {
        lit.check();
        births.object()
    })
    .max_live(1)
    .build();
    fuse.set(true);
    assert!(panics(|| drop(pool.acquire())));
    assert!(panics(|| drop(pool.try_acquire())));
    assert!(panics(|| drop(pool.acquire_owned())));
    assert!(panics(|| drop(pool.try_acquire_owned())));
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
    let fuel = Cell::new(2);
    let pool = LocalPool::builder(move || {
        assert!(fuel.get() > 0, "no fuel");
        fuel.replace(fuel.get() - 1)
    })
    .build();
    assert!(panics(|| pool.prewarm(5)));
    assert_eq!((pool.len(), pool.stats().prewarmed(), pool.stats().in_use()), (2, 2, 0));
}

#[test]
fn a_panicking_reset_or_retain_if_discards_the_object() {
    for in_reset in [true, false] {
        let (fuse, ledger) = (Fuse::default(), Ledger::default());
        let (lit, births) = (fuse.clone(), ledger.clone());
        let builder = LocalPool::builder(move || births.object());
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
        let (borrowed, owned) = (pool.acquire(), pool.acquire_owned());
        fuse.set(true);
        assert!(panics(|| drop(borrowed)));
        assert!(panics(|| drop(owned)));
        assert_eq!((counts(&pool), ledger.alive()), ((0, 0, 2, 0, 2), 0));
        fuse.set(false);
        drop(pool.acquire());
        assert_eq!((counts(&pool), ledger.alive()), ((0, 1, 3, 0, 2), 1));
    }
}

#[test]
fn a_panicking_drop_leaves_the_counts_right() {
    let (builder, fuse, ledger) = bombs();
    let pool = builder.max_idle(4).build();
    let out: Vec<_> = (0..5).map(|_| pool.acquire()).collect();
    fuse.set(true);
    assert!(panics(|| drop(out)), "the surplus");
    assert_eq!((counts(&pool), ledger.alive()), ((0, 4, 5, 0, 1), 4));
    fuse.set(true);
    assert!(panics(|| pool.trim(2)));
    assert_eq!((counts(&pool), ledger.alive()), ((0, 2, 5, 0, 1), 2), "the other one was dropped too");
    fuse.set(true);
    assert!(panics(|| pool.clear()));
    assert_eq!((counts(&pool), ledger.alive()), ((0, 0, 5, 0, 1), 0));
    drop(pool.acquire());
    fuse.set(true);
    assert!(panics(|| pool.close()));
    assert_eq!((counts(&pool), ledger.alive(), pool.is_closed()), ((0, 0, 6, 0, 1), 0, true));

    let (builder, fuse, ledger) = bombs();
    let pool = builder.build();
    pool.prewarm(3);
    fuse.set(true);
    assert!(panics(|| drop(pool)), "the pool is dropped");
    assert_eq!(ledger.alive(), 0);
}

#[test]
fn a_panicking_drop_in_the_decay_takes_no_object_along() {
    let (builder, fuse, ledger) = bombs();
    let pool = builder.build();
    pool.prewarm(5);
    for _ in 0..2 * ROUND {
        drop(pool.acquire());
    }
    fuse.set(true);
    assert!(panics(|| drop(pool.acquire())));
    assert_eq!((counts(&pool), ledger.alive()), ((0, 3, 0, 2 * ROUND, 0), 3));
    drop(pool.acquire());
    assert_eq!(counts(&pool), (0, 3, 0, 2 * ROUND + 1, 0));
}

/// Drops a borrowed and an owned guard by a panic; how often hooks ran, and the counts after.
fn unwind() -> (u32, (usize, usize, u64, u64, u64)) {
    let hooks = Rc::new(Cell::new(0));
    let (seen, judged) = (hooks.clone(), hooks.clone());
    let pool = LocalPool::builder(String::new)
        .reset(move |_| seen.set(seen.get() + 1))
        .retain_if(move |_| judged.replace(judged.get() + 1) < u32::MAX)
        .build();
    assert!(panics(|| {
        let _borrowed = pool.acquire();
        let _owned = pool.acquire_owned();
        panic!("in the midst of the work");
    }));
    (hooks.get(), counts(&pool))
}

#[cfg(feature = "std")]
#[test]
fn a_guard_that_is_dropped_by_a_panic_discards_its_object() {
    assert_eq!(unwind(), (0, (0, 0, 2, 0, 2)));

    let plain = LocalPool::new(String::new);
    plain.prewarm(3);
    assert!(panics(|| {
        let _guards = (plain.acquire(), plain.acquire_owned());
        panic!("in the midst of the work");
    }));
    assert_eq!(counts(&plain), (0, 3, 0, 2, 0), "without hooks there is nothing to spare");
}

#[cfg(not(feature = "std"))]
#[test]
fn without_std_a_panic_is_not_seen() {
    assert_eq!(unwind(), (4, (0, 2, 2, 0, 0)));
}

/// Uses all of a pool, once: the flag keeps a callback from calling itself for ever.
fn use_all<T: 'static>(pool: &LocalPool<T>, busy: &Cell<bool>) {
    if busy.replace(true) {
        return;
    }
    let (borrowed, owned) = (pool.acquire(), pool.acquire_owned());
    pool.prewarm(2);
    drop((borrowed, owned));
    // Enough to have the idle objects move in memory.
    drop((0..20).map(|_| pool.acquire()).collect::<Vec<_>>());
    pool.trim(1);
    pool.clear();
    let value = LocalPooled::detach(pool.acquire());
    drop(pool.attach(value));
    assert!(pool.len() <= pool.max_idle());
    assert!(!format!("{pool:?} {}", pool.stats()).is_empty());
    busy.set(false);
}

thread_local! {
    static BUSY: Cell<bool> = const { Cell::new(false) };
    static REENTERED: Cell<u32> = const { Cell::new(0) };
}

#[test]
fn from_the_factory() {
    thread_local! {
        static POOL: LocalPool<u32> = const {
            LocalPool::new(|| {
                POOL.with(|pool| BUSY.with(|busy| use_all(pool, busy)));
                7
            })
        };
    }
    POOL.with(|pool| {
        assert_eq!(*pool.acquire(), 7);
        pool.clear();
        pool.prewarm(1);
        // One that the factory left idle, and the one that it was asked for.
        assert_eq!((pool.stats().in_use(), pool.len()), (0, 2));
    });
}

#[test]
fn from_the_hooks() {
    type Shared = Rc<RefCell<Option<Rc<LocalPool<u32>>>>>;
    let shared = Shared::default();
    let (in_reset, in_retain_if) = (shared.clone(), shared.clone());
    let of = |shared: &Shared| shared.borrow().clone().unwrap();
    let pool = Rc::new(
        LocalPool::builder(|| 7)
            .reset(move |_| BUSY.with(|busy| use_all(&of(&in_reset), busy)))
            .retain_if(move |_| {
                BUSY.with(|busy| use_all(&of(&in_retain_if), busy));
                true
            })
            .max_idle(3)
            .build(),
    );
    *shared.borrow_mut() = Some(pool.clone());
    drop((pool.acquire(), pool.acquire_owned()));
    let stats = pool.stats();
    assert_eq!((stats.in_use(), stats.idle()), (0, 2));
    assert!(stats.created() + stats.reused() > 40, "the hooks did use the pool");
    drop(shared.take());
}

#[test]
fn from_the_destructor() {
    struct Reenters;

    thread_local! {
        static POOL: LocalPool<Reenters> = const { LocalPool::new(|| Reenters) };
    }

    impl Drop for Reenters {
        fn drop(&mut self) {
            REENTERED.set(REENTERED.get() + 1);
            // When the thread ends, so does the pool: then there is nothing to use.
            let _ = POOL.try_with(|pool| {
                if pool.is_closed() {
                    assert!(pool.try_acquire().is_err());
                } else {
                    BUSY.with(|busy| use_all(pool, busy));
                }
            });
        }
    }

    POOL.with(|pool| {
        pool.prewarm(6);
        pool.trim(3);
        pool.clear();
        drop(LocalPooled::detach(pool.acquire()));
        let before = REENTERED.get();
        assert!(before > 10);
        pool.prewarm(8);
        for _ in 0..2 * ROUND + 1 {
            drop(pool.acquire());
        }
        assert!(REENTERED.get() > before, "the decay dropped some");
        pool.prewarm(8);
        pool.close();
        assert_eq!(pool.len(), 0);
    });
}

#[test]
fn a_factory_that_acquires_leaves_its_own_object_a_place() {
    type Shared = Rc<RefCell<Option<Rc<LocalPool<u32>>>>>;
    let shared = Shared::default();
    let inner = shared.clone();
    let refused = Rc::new(Cell::new(0));
    let seen = refused.clone();
    let pool = Rc::new(
        LocalPool::builder(move || {
            let pool = inner.borrow().clone().unwrap();
            assert_eq!(pool.stats().in_use(), 0, "not while it is made");
            seen.set(seen.get() + u32::from(pool.try_acquire().is_err()));
            7
        })
        .max_live(1)
        .build(),
    );
    *shared.borrow_mut() = Some(pool.clone());
    drop(pool.acquire());
    assert_eq!((counts(&pool), refused.get()), ((0, 1, 1, 0, 0), 1));
    drop(shared.take());
}

#[test]
fn a_callback_may_close_the_pool() {
    type Shared = Rc<RefCell<Option<Rc<LocalPool<u32>>>>>;
    for in_factory in [true, false] {
        let shared = Shared::default();
        let (made, reset) = (shared.clone(), shared.clone());
        let close = |shared: &Shared| shared.borrow().clone().unwrap().close();
        let pool = Rc::new(
            LocalPool::builder(move || {
                if in_factory {
                    close(&made);
                }
                7
            })
            .reset(move |_| close(&reset))
            .build(),
        );
        *shared.borrow_mut() = Some(pool.clone());
        pool.prewarm(1);
        assert_eq!((pool.len(), pool.is_closed()), (usize::from(!in_factory), in_factory));
        drop(pool.try_acquire());
        let discarded = 1;
        assert_eq!((pool.len(), pool.is_closed(), pool.stats().discarded()), (0, true, discarded));
        drop(shared.take());
    }
}

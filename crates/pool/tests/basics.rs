//! What one thread sees: order, bounds, guards, upkeep, edges, shapes.

mod common;

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, LazyLock};
use std::thread;

use common::Ledger;
use lagom_pool::{Pool, Pooled, PooledOwned};

/// A pool of objects that know their number, and the ledger of their births and deaths.
fn counted(max_idle: usize) -> (Pool<common::Counted>, Ledger) {
    let ledger = Ledger::default();
    let births = ledger.clone();
    (Pool::builder(move || births.object()).max_idle(max_idle).build(), ledger)
}

#[test]
fn last_in_first_out_at_a_stable_address() {
    let (pool, _) = counted(9);
    let (a, b, c) = (pool.acquire(), pool.acquire(), pool.acquire());
    let address: *const _ = &*b;
    drop(a);
    drop(c);
    drop(b);
    let again = pool.acquire();
    assert_eq!(again.number, 1);
    assert!(std::ptr::eq(address, &*again));
    assert_eq!(pool.acquire_owned().number, 2);
}

#[test]
fn the_surplus_is_dropped_at_once() {
    let (pool, ledger) = counted(2);
    let out: Vec<_> = (0..5).map(|_| pool.acquire()).collect();
    assert_eq!(ledger.alive(), 5);
    drop(out);
    assert_eq!((pool.len(), ledger.alive(), pool.stats().discarded()), (2, 2, 3));
    drop(pool);
    assert_eq!(ledger.alive(), 0);
}

#[test]
fn max_idle_of_zero_keeps_nothing_and_of_max_keeps_all() {
    let (none, ledger) = counted(0);
    drop(none.acquire());
    drop(none.acquire_owned());
    none.prewarm(10);
    drop(none.attach(Ledger::default().object()));
    assert_eq!((none.len(), none.stats().reused(), ledger.alive()), (0, 0, 0));
    assert_eq!(none.stats().prewarmed(), 0, "nothing was missing");

    let (all, ledger) = counted(usize::MAX);
    drop((0..1000).map(|_| all.acquire()).collect::<Vec<_>>());
    assert_eq!((all.len(), ledger.alive(), all.max_idle()), (1000, 1000, usize::MAX));
}

#[test]
fn reset_runs_on_return_and_before_retain_if() {
    let pool = Pool::builder(|| vec![7_u8; 4]).reset(Vec::clear).retain_if(|bytes| bytes.is_empty()).build();
    let bytes = pool.acquire();
    assert_eq!(bytes.len(), 4, "not on a new object");
    drop(bytes);
    assert_eq!(pool.len(), 1);
    assert!(pool.acquire().is_empty());
}

#[test]
fn retain_if_drops_the_outlier_only() {
    let pool = Pool::builder(Vec::<u8>::new).retain_if(|bytes| bytes.capacity() < 1000).build();
    let (mut small, mut large) = (pool.acquire(), pool.acquire());
    small.reserve(10);
    large.reserve(1000);
    drop(small);
    drop(large);
    let stats = pool.stats();
    assert_eq!((stats.idle(), stats.discarded(), stats.in_use()), (1, 1, 0));
    assert!(pool.acquire().capacity() >= 10);
}

#[test]
fn detach_and_attach() {
    let (pool, ledger) = counted(9);
    let mine = Pooled::detach(pool.acquire());
    let owned = PooledOwned::detach(pool.acquire_owned());
    assert_eq!((pool.len(), pool.stats().in_use(), ledger.alive()), (0, 0, 2));
    let guards = (pool.attach(mine), pool.attach_owned(owned));
    assert_eq!(pool.stats().in_use(), 2);
    drop(guards);
    let stats = pool.stats();
    assert_eq!((stats.idle(), stats.created(), stats.reused(), stats.in_use()), (2, 2, 0, 0));
    assert_eq!(ledger.built(), 2);
}

#[test]
fn trim_drops_the_coldest_and_clear_drops_all() {
    let (pool, ledger) = counted(9);
    drop((0..6).map(|_| pool.acquire()).collect::<Vec<_>>());
    pool.trim(9);
    assert_eq!(pool.len(), 6);
    pool.trim(2);
    assert_eq!((pool.len(), ledger.alive(), pool.stats().discarded()), (2, 2, 0));
    assert_eq!([pool.acquire().number, pool.acquire().number], [5, 4], "0 came back first, 5 last");
    let out = pool.acquire();
    pool.clear();
    assert_eq!((pool.len(), ledger.alive()), (0, 1));
    drop(out);
    assert_eq!(pool.len(), 1);
}

#[test]
fn prewarm_fills_up_to_the_bound() {
    let (pool, ledger) = counted(4);
    pool.prewarm(3);
    pool.prewarm(3);
    assert_eq!((pool.len(), ledger.built()), (3, 3));
    pool.prewarm(usize::MAX);
    assert_eq!((pool.len(), ledger.built()), (4, 4));
    drop(pool.acquire());
    let stats = pool.stats();
    assert_eq!((stats.prewarmed(), stats.created(), stats.reused(), stats.reuse_ratio()), (4, 0, 1, 1.0));
}

#[test]
fn an_owned_guard_outlives_its_pool() {
    let (pool, ledger) = counted(9);
    let (late, later, detached) = (pool.acquire_owned(), pool.acquire_owned(), pool.acquire_owned());
    drop(pool.acquire());
    drop(pool);
    assert_eq!(ledger.alive(), 3, "the idle one went with the pool");
    drop(late);
    assert_eq!(ledger.alive(), 2, "a late one goes at once, not with the last guard");
    thread::spawn(move || drop(later)).join().unwrap();
    assert_eq!(PooledOwned::detach(detached).number, 2);
    assert_eq!(ledger.alive(), 0);
}

#[test]
fn no_hook_runs_after_the_pool_is_gone() {
    let hooks = Arc::new(AtomicUsize::new(0));
    let (reset, retain_if) = (hooks.clone(), hooks.clone());
    let pool = Pool::builder(|| 0)
        .reset(move |_| {
            reset.fetch_add(1, SeqCst);
        })
        .retain_if(move |_| retain_if.fetch_add(1, SeqCst) < usize::MAX)
        .build();
    let late = pool.acquire_owned();
    drop(pool.acquire_owned());
    assert_eq!(hooks.load(SeqCst), 2);
    drop(pool);
    drop(late);
    assert_eq!(hooks.load(SeqCst), 2);
    assert_eq!(Arc::strong_count(&hooks), 1, "the hooks themselves went with the last guard");
}

#[test]
fn an_object_that_guards_another_of_its_pool_is_no_leak() {
    struct Node {
        next: Option<PooledOwned<Node>>,
        _alive: common::Counted,
    }
    let ledger = Ledger::default();
    let births = ledger.clone();
    let pool = Pool::builder(move || Node { next: None, _alive: births.object() }).build();
    let next = pool.acquire_owned();
    let mut first = pool.acquire();
    first.next = Some(next);
    assert!(first.next.is_some());
    drop(first);
    assert_eq!((pool.len(), ledger.alive()), (1, 2));
    drop(pool);
    assert_eq!(ledger.alive(), 0);
}

#[test]
fn a_forgotten_guard_only_stays_in_use() {
    let (pool, ledger) = counted(9);
    std::mem::forget(pool.acquire());
    std::mem::forget(pool.acquire_owned());
    drop(pool.acquire());
    let stats = pool.stats();
    assert_eq!((stats.in_use(), stats.idle(), stats.created()), (2, 1, 3));
    drop(pool);
    assert_eq!(ledger.alive(), 2);
}

#[test]
fn only_what_was_forgotten_behind_borrowed_guards_is_written_off() {
    let (mut pool, ledger) = counted(9);
    let owned = pool.acquire_owned();
    // Owned guards that came back: to this thread's magazine, and past it.
    (0..3).for_each(|_| drop(pool.acquire_owned()));
    let others = [pool.acquire_owned(), pool.acquire_owned()];
    thread::spawn(move || drop(others)).join().unwrap();
    drop(lagom_pool::PooledOwned::detach(pool.acquire_owned()));
    std::mem::forget([pool.acquire(), pool.acquire()]);
    assert_eq!((pool.write_off_leaked(), pool.write_off_leaked()), (2, 0));
    let stats = pool.stats();
    assert_eq!((stats.in_use(), stats.leaked(), stats.idle()), (1, 2, ledger.alive() - 3));
    drop(owned);
    drop(pool);
    assert_eq!(ledger.alive(), 2);
}

#[test]
fn statics() {
    static PLAIN: Pool<Vec<u8>> = Pool::new(|| Vec::with_capacity(10));
    static UNUSED: Pool<Vec<u8>> = Pool::new(Vec::new);
    static SET: LazyLock<Pool<String>> = LazyLock::new(|| Pool::builder(String::new).max_idle(1).build());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                assert_eq!(PLAIN.acquire().capacity(), 10);
                drop((SET.acquire(), SET.acquire_owned()));
            });
        }
    });
    assert_eq!(PLAIN.stats().created() + PLAIN.stats().reused(), 4);
    assert_eq!(SET.len(), 1);
    assert_eq!((UNUSED.len(), UNUSED.max_idle(), UNUSED.stats().in_use()), (0, 100, 0));
    let owned: PooledOwned<Vec<u8>> = PLAIN.acquire_owned();
    drop(owned);
}

#[test]
fn objects_may_borrow() {
    let text = String::from("a b c");
    let pool: Pool<Vec<&str>> =
        Pool::builder(|| Vec::with_capacity(3)).reset(|words: &mut Vec<_>| words.clear()).build();
    let lazy: Pool<Vec<&str>> = Pool::new(Vec::new);
    let (mut words, mut owned) = (pool.acquire(), lazy.acquire_owned());
    words.extend(text.split(' '));
    owned.extend(text.split(' '));
    assert_eq!(*words, *owned);
}

#[test]
fn every_shape_of_t() {
    #[derive(Clone, Copy)]
    #[repr(align(4096))]
    struct Aligned(u8);

    let unit = Pool::new(|| ());
    drop((unit.acquire(), unit.acquire_owned()));
    assert_eq!((unit.len(), unit.stats().created()), (2, 2));
    drop((unit.acquire(), unit.acquire_owned()));
    assert_eq!(unit.stats().reused(), 2);

    let aligned = Pool::new(|| Aligned(3));
    for _ in 0..2 {
        let (a, b) = (aligned.acquire(), aligned.acquire_owned());
        for object in [&*a, &*b] {
            assert_eq!((std::ptr::from_ref(object).addr() % 4096, object.0), (0, 3));
        }
    }
    assert_eq!(aligned.stats().reused(), 2);

    // A debug build passes the value through a few stack frames.
    let large = thread::Builder::new().stack_size(32 << 20).spawn(|| {
        let pool = Pool::new(|| [1_u8; 1 << 20]);
        pool.acquire()[1 << 19] = 2;
        drop((pool.acquire_owned(), pool.acquire_owned()));
        let owned = pool.acquire_owned();
        let other = pool.acquire();
        assert_eq!([owned[0], owned[1 << 19] + other[1 << 19]], [1, 3]);
        assert_eq!(Pooled::detach(other).len(), 1 << 20);
    });
    large.unwrap().join().unwrap();
}

#[test]
fn a_guard_may_live_in_a_thread_local() {
    thread_local! {
        static KEPT: RefCell<Option<PooledOwned<common::Counted>>> = const { RefCell::new(None) };
    }
    let (pool, ledger) = counted(9);
    let (kept, out) = (pool.acquire_owned(), pool.acquire_owned());
    thread::spawn(move || KEPT.set(Some(kept))).join().unwrap();
    assert_eq!(pool.len(), 1, "given back by the destructor of the thread-local");
    thread::spawn(move || {
        KEPT.set(Some(out));
        drop(pool);
    })
    .join()
    .unwrap();
    assert_eq!(ledger.alive(), 0);
}

#[test]
fn debug_and_display() {
    let pool = Pool::builder(|| 5).max_idle(3).reset(|_| ()).build();
    drop((pool.acquire(), pool.acquire()));
    let guard = pool.acquire();
    assert_eq!(format!("{guard:?} {:?}", pool.acquire_owned()), "5 5");
    let stats = pool.stats().to_string();
    assert_eq!(stats, "created 2, reused 2 (50.0 %), prewarmed 0, discarded 0, in use 1, idle 1 of at most 3");
    let debug = format!("{pool:?}");
    assert!(debug.starts_with("Pool { stats: Stats { created: 2,") && debug.ends_with(", .. }"), "{debug}");
    let builder = format!("{:?}", Pool::builder(|| 5).reset(|_| ()));
    assert_eq!(builder, "PoolBuilder { max_idle: 100, max_live: None, reset: true, retain_if: false, .. }");
}

#[cfg(feature = "serde")]
#[test]
fn stats_serialize() {
    let pool = Pool::builder(|| 5).max_idle(3).build();
    pool.prewarm(1);
    drop((pool.acquire(), pool.acquire()));
    assert_eq!(
        serde_json::to_value(pool.stats()).unwrap(),
        serde_json::json!({
            "created": 1, "reused": 1, "prewarmed": 1, "discarded": 0, "leaked": 0,
            "idle": 2, "in_use": 0, "waiting": 0, "max_idle": 3, "max_live": null, "reuse_ratio": 0.5,
        })
    );
}

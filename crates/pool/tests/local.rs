//! The pool of one thread: order, bounds, guards, upkeep, edges, shapes.

mod common;
#[macro_use]
#[path = "common/crosses.rs"]
mod crosses;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use common::{Counted, Ledger, panics};
use lagom_pool::{LocalPool, LocalPoolBuilder, LocalPooled, LocalPooledOwned, TryAcquireError};

/// So many reuses are a round, after which half of what nobody needed is dropped.
const ROUND: u64 = 65_536;

/// The settings of a pool of objects that know their number, and the ledger of their births and deaths.
fn counted() -> (LocalPoolBuilder<Counted>, Ledger) {
    let ledger = Ledger::default();
    let births = ledger.clone();
    (LocalPool::builder(move || births.object()), ledger)
}

/// In use, idle, created, reused, discarded.
fn counts<T>(pool: &LocalPool<T>) -> (usize, usize, u64, u64, u64) {
    let stats = pool.stats();
    assert_eq!(pool.len(), stats.idle());
    (stats.in_use(), stats.idle(), stats.created(), stats.reused(), stats.discarded())
}

/// Takes and gives back so often.
fn spin<T>(pool: &LocalPool<T>, times: u64) {
    for _ in 0..times {
        drop(pool.acquire());
    }
}

/// Holds so many at once, and leaves them as they lay; their numbers, the warmest first.
fn take_and_give_back(pool: &LocalPool<Counted>, n: usize) -> Vec<usize> {
    let out: Vec<_> = (0..n).map(|_| pool.acquire()).collect();
    let numbers = out.iter().map(|object| object.number).collect();
    out.into_iter().rev().for_each(drop);
    numbers
}

#[test]
fn last_in_first_out_at_a_stable_address() {
    let (builder, _) = counted();
    let pool = builder.build();
    let (a, b, c) = (pool.acquire(), pool.acquire(), pool.acquire_owned());
    let address: *const _ = &*b;
    drop(a);
    drop(c);
    drop(b);
    let again = pool.acquire_owned();
    assert_eq!(again.number, 1);
    assert!(std::ptr::eq(address, &*again));
    assert_eq!((pool.acquire().number, pool.acquire().number), (2, 0));
    assert_eq!(counts(&pool), (1, 2, 3, 3, 0));
}

#[test]
fn the_surplus_is_dropped_at_once() {
    let (builder, ledger) = counted();
    let pool = builder.max_idle(2).build();
    let out: Vec<_> = (0..5).map(|_| pool.acquire()).collect();
    drop(out);
    assert_eq!((counts(&pool), ledger.alive()), ((0, 2, 5, 0, 3), 2));
    drop(pool);
    assert_eq!(ledger.alive(), 0);
}

#[test]
fn max_idle_of_zero_keeps_nothing_and_of_max_keeps_all() {
    let (builder, ledger) = counted();
    let none = builder.max_idle(0).build();
    drop((none.acquire(), none.acquire_owned()));
    none.prewarm(10);
    drop(none.attach(Ledger::default().object()));
    assert_eq!((counts(&none), ledger.alive()), ((0, 0, 2, 0, 3), 0));

    let (builder, ledger) = counted();
    let all = builder.max_idle(usize::MAX).build();
    drop((0..1000).map(|_| all.acquire()).collect::<Vec<_>>());
    assert_eq!((all.len(), ledger.alive(), all.max_idle()), (1000, 1000, usize::MAX));
    all.trim(usize::MAX);
    assert_eq!(all.len(), 1000);
    all.prewarm(1001);
    assert_eq!((all.len(), all.stats().prewarmed()), (1001, 1));
}

#[test]
fn reset_runs_on_return_and_before_retain_if() {
    let pool = LocalPool::builder(|| vec![7_u8; 4]).reset(Vec::clear).retain_if(|bytes| bytes.is_empty()).build();
    let bytes = pool.acquire();
    assert_eq!(bytes.len(), 4, "not on a new object");
    drop(bytes);
    assert!(pool.acquire_owned().is_empty());
    assert_eq!(pool.len(), 1);
}

#[test]
fn retain_if_drops_the_outlier_only() {
    let pool = LocalPool::builder(Vec::<u8>::new).retain_if(|bytes| bytes.capacity() < 1000).build();
    let (mut small, mut large) = (pool.acquire(), pool.acquire());
    small.reserve(10);
    large.reserve(1000);
    drop(small);
    drop(large);
    assert_eq!(counts(&pool), (0, 1, 2, 0, 1));
    assert!(pool.acquire().capacity() >= 10);
}

#[test]
fn objects_leave_and_come_from_elsewhere() {
    let (builder, ledger) = counted();
    let pool = builder.build();
    let mine = LocalPooled::detach(pool.acquire());
    let other = LocalPooledOwned::detach(pool.acquire_owned());
    assert_eq!((mine.number, other.number, counts(&pool)), (0, 1, (0, 0, 2, 0, 0)));
    let (mine, other) = (pool.attach(mine), pool.attach_owned(other));
    assert_eq!(counts(&pool), (2, 0, 2, 0, 0));
    drop(mine);
    drop(other);
    assert_eq!(counts(&pool), (0, 2, 2, 0, 0));
    assert_eq!(ledger.alive(), 2);
}

#[test]
fn trim_drops_the_coldest() {
    let (builder, ledger) = counted();
    let pool = builder.build();
    let (a, b, c) = (pool.acquire(), pool.acquire(), pool.acquire());
    drop((c, b, a));
    pool.trim(1);
    assert!(ledger.is_alive(0), "it came back last");
    assert_eq!((ledger.alive(), counts(&pool)), (1, (0, 1, 3, 0, 0)));
    pool.trim(5);
    assert_eq!(pool.len(), 1);
    pool.clear();
    assert_eq!((ledger.alive(), counts(&pool)), (0, (0, 0, 3, 0, 0)));
}

#[test]
fn no_more_live_than_may() {
    let (builder, ledger) = counted();
    let pool = builder.max_live(2).build();
    let (a, b) = (pool.acquire(), pool.acquire_owned());
    assert_eq!(pool.try_acquire().unwrap_err(), TryAcquireError::Exhausted);
    assert_eq!(pool.try_acquire_owned().unwrap_err(), TryAcquireError::Exhausted);
    assert_eq!(counts(&pool), (2, 0, 2, 0, 0));
    drop(a);
    assert_eq!(pool.try_acquire().unwrap().number, 0, "one that is idle goes out at the limit");
    let mine = LocalPooledOwned::detach(b);
    pool.prewarm(10);
    assert_eq!((counts(&pool), pool.stats().prewarmed()), ((0, 2, 2, 1, 0), 1), "the detached one left room");
    pool.clear();
    assert!(pool.try_acquire().is_ok(), "what is dropped leaves room");
    drop(mine);
    assert_eq!(ledger.alive(), 1);

    let one = LocalPool::builder(String::new).max_live(0).build();
    one.prewarm(3);
    let only = one.try_acquire().unwrap();
    assert_eq!(one.try_acquire().unwrap_err(), TryAcquireError::Exhausted);
    drop(only);
}

#[test]
fn attached_objects_beyond_the_limit_go_when_they_come_back() {
    let (builder, ledger) = counted();
    let pool = builder.max_live(1).build();
    let own = pool.acquire();
    let (second, third) = (pool.attach(ledger.object()), pool.attach_owned(ledger.object()));
    assert_eq!((pool.stats().in_use(), pool.try_acquire().is_err()), (3, true));
    drop(own);
    drop(second);
    assert_eq!((counts(&pool), ledger.alive()), ((1, 0, 1, 0, 2), 1));
    drop(third);
    assert_eq!(counts(&pool), (0, 1, 1, 0, 2), "the last one is one of one again");
}

/// What a panic says.
fn message(f: impl FnOnce()) -> String {
    let payload = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).unwrap_err();
    *payload.downcast::<String>().unwrap()
}

#[test]
fn acquire_panics_rather_than_to_wait_for_itself() {
    let pool = LocalPool::builder(String::new).max_live(1).build();
    let only = pool.acquire();
    let asked = message(|| drop(pool.acquire()));
    assert!(asked.contains("in use") && asked.contains("try_acquire"), "{asked}");
    assert!(panics(|| drop(pool.acquire_owned())));
    drop(only);
    pool.close();
    let asked = message(|| drop(pool.acquire_owned()));
    assert!(asked.contains("closed") && asked.contains("try_acquire"), "{asked}");
    assert_eq!(counts(&pool), (0, 0, 1, 0, 0));
}

#[test]
fn a_closed_pool_keeps_and_hands_out_nothing() {
    let (builder, ledger) = counted();
    let hooks = Rc::new(Cell::new(0));
    let seen = hooks.clone();
    let pool = builder.reset(move |_| seen.set(seen.get() + 1)).build();
    let (borrowed, owned) = (pool.acquire(), pool.acquire_owned());
    pool.prewarm(3);
    assert!(!pool.is_closed());
    pool.close();
    pool.close();
    assert!(pool.is_closed());
    assert_eq!((ledger.alive(), counts(&pool)), (2, (2, 0, 2, 0, 0)));
    drop(borrowed);
    drop(owned);
    drop(pool.attach(ledger.object()));
    pool.prewarm(3);
    assert_eq!((ledger.alive(), hooks.get()), (0, 0));
    assert_eq!(counts(&pool), (0, 0, 2, 0, 3));
    assert_eq!(pool.try_acquire().unwrap_err(), TryAcquireError::Closed);
    assert_eq!(pool.try_acquire_owned().unwrap_err(), TryAcquireError::Closed);
    assert_eq!(pool.stats().prewarmed(), 3);

    let unused = LocalPool::new(String::new);
    unused.close();
    assert!(unused.is_closed() && unused.try_acquire().is_err());
}

#[test]
fn owned_guards_outlive_their_pool() {
    let (builder, ledger) = counted();
    let pool = builder.reset(|_| panic!("the pool is gone: no hook runs")).build();
    let (late, mine) = (pool.acquire_owned(), pool.acquire_owned());
    drop(pool);
    assert_eq!((late.number, ledger.alive()), (0, 2));
    drop(late);
    assert_eq!(ledger.alive(), 1);
    assert_eq!(LocalPooledOwned::detach(mine).number, 1);
    assert_eq!(ledger.alive(), 0);
}

#[test]
fn the_last_guard_frees_factory_and_hooks() {
    let token = Rc::new(());
    let (in_factory, in_hook) = (token.clone(), token.clone());
    let pool = LocalPool::builder(move || Rc::strong_count(&in_factory)).reset(move |_| drop(in_hook.clone())).build();
    let guard = pool.acquire_owned();
    drop(pool);
    assert_eq!(Rc::strong_count(&token), 3);
    let _ = LocalPooledOwned::detach(guard);
    assert_eq!(Rc::strong_count(&token), 1);
}

#[test]
fn a_forgotten_guard_leaks_its_object_and_its_place() {
    let (builder, ledger) = counted();
    let pool = builder.max_live(2).build();
    std::mem::forget(pool.acquire());
    std::mem::forget(pool.acquire_owned());
    assert_eq!((counts(&pool), pool.try_acquire().is_err()), ((2, 0, 2, 0, 0), true));
    pool.clear();
    drop(pool);
    assert_eq!(ledger.alive(), 2);
}

#[test]
fn any_shape_will_do() {
    #[repr(align(4096))]
    struct Page([u8; 4096]);

    let pages = LocalPool::new(|| Page([1; 4096]));
    let (a, b) = (pages.acquire(), pages.acquire_owned());
    assert!([&*a, &*b].iter().all(|page| (&raw const **page).addr().is_multiple_of(4096)));
    drop((a, b));
    assert!(pages.acquire().0.iter().all(|byte| *byte == 1));

    let units = LocalPool::new(|| ());
    drop((0..50).map(|_| units.acquire()).collect::<Vec<_>>());
    units.trim(7);
    assert_eq!(counts(&units), (0, 7, 50, 0, 0));
    let () = LocalPooled::detach(units.acquire());

    let large = LocalPool::new(|| vec![0_u8; 1 << 20].into_boxed_slice());
    large.acquire()[77] = 5;
    assert_eq!(large.acquire_owned()[77], 5);

    let unsized_inside = LocalPool::<Box<dyn Fn() -> u8>>::builder(|| Box::new(|| 3)).build();
    assert_eq!((unsized_inside.acquire())(), 3);
}

#[test]
fn objects_may_borrow() {
    let text = String::from("lagom");
    let pool: LocalPool<Vec<&str>> = LocalPool::new(Vec::new);
    pool.acquire().push(&text);
    assert_eq!(*pool.acquire_owned(), ["lagom"]);
}

#[test]
fn a_thread_local_needs_no_first_use() {
    thread_local! {
        static POOL: LocalPool<Vec<u8>> = const { LocalPool::new(Vec::new) };
    }
    POOL.with(|pool| spin(pool, 3));
    assert_eq!(POOL.with(counts), (0, 1, 1, 2, 0));
}

#[test]
fn what_nobody_needs_decays_by_halves() {
    let (builder, _) = counted();
    let pool = builder.build();
    pool.prewarm(10);
    // The pool was empty when this round began.
    spin(&pool, ROUND);
    assert_eq!(pool.len(), 10);
    // Of 9 unneeded 5, of 4 then 2, of 2 and of 1 one each; one is needed.
    for left in [10, 5, 3, 2, 1, 1] {
        drop(pool.acquire());
        assert_eq!(pool.len(), left);
        spin(&pool, ROUND - 1);
        assert_eq!(pool.len(), left, "not before the round is over");
    }
    assert_eq!(counts(&pool), (0, 1, 0, 7 * ROUND, 0));
}

#[test]
fn what_was_needed_once_in_a_round_stays() {
    let (builder, ledger) = counted();
    let pool = builder.build();
    pool.prewarm(10);
    spin(&pool, ROUND);
    for _ in 0..5 {
        take_and_give_back(&pool, 10);
        spin(&pool, ROUND - 10);
        assert_eq!(pool.len(), 10);
    }
    let order = take_and_give_back(&pool, 10);
    spin(&pool, ROUND - 10);
    take_and_give_back(&pool, 7);
    spin(&pool, ROUND - 7);
    assert_eq!(pool.len(), 10);
    drop(pool.acquire());
    assert_eq!(pool.len(), 8);
    let gone: Vec<_> = order.iter().filter(|number| !ledger.is_alive(**number)).collect();
    assert_eq!(gone, [&order[8], &order[9]], "of the three that nobody needed, the coldest two");
}

#[test]
fn what_a_trim_leaves_is_the_fewest_that_were_idle() {
    let pool = LocalPool::new(String::new);
    pool.prewarm(8);
    spin(&pool, ROUND + 1);
    pool.trim(3);
    pool.prewarm(8);
    spin(&pool, ROUND);
    assert_eq!(pool.len(), 6, "two of three went, though seven were idle at any acquisition");
    spin(&pool, ROUND - 1);
    pool.clear();
    drop(pool.acquire());
    assert_eq!(pool.len(), 1, "nothing left to decay at the end of a round");
}

#[test]
fn a_miss_leaves_nothing_to_decay() {
    let pool = LocalPool::new(String::new);
    pool.prewarm(4);
    spin(&pool, ROUND);
    drop((0..5).map(|_| pool.acquire()).collect::<Vec<_>>());
    spin(&pool, 2 * ROUND - 4);
    assert_eq!(counts(&pool), (0, 5, 1, 3 * ROUND, 0), "five were needed in the last full round but one");
    drop(pool.acquire());
    assert_eq!(pool.len(), 3);
}

#[test]
fn types_show_themselves() {
    let pool: LocalPool<String> = LocalPool::default();
    let (borrowed, owned) = (pool.attach("a".into()), pool.attach_owned("b".into()));
    assert_eq!(format!("{borrowed:?} {owned:?}"), r#""a" "b""#);
    assert!(format!("{pool:?}").starts_with("LocalPool { stats: Stats { created: 0,"));
    let builder = LocalPool::builder(String::new).max_live(3);
    assert!(format!("{builder:?}").starts_with("LocalPoolBuilder { max_idle: 100, max_live: 3, reset: false,"));
    let error: Box<dyn std::error::Error + Send + Sync> = TryAcquireError::Closed.into();
    assert_eq!(error.to_string(), "the pool is closed");
}

#[test]
fn nothing_crosses_threads() {
    assert_eq!(crosses!(u8), [true, true]);
    assert_eq!(crosses!(LocalPool<u8>), [false, false]);
    assert_eq!(crosses!(LocalPooled<'static, u8>), [false, false]);
    assert_eq!(crosses!(LocalPooledOwned<u8>), [false, false]);
    assert_eq!(crosses!(TryAcquireError), [true, true]);
}

#[test]
fn pools_cross_catch_unwind() {
    fn unwind_safe<T: std::panic::UnwindSafe + std::panic::RefUnwindSafe>(_: &T) {}
    let pool = LocalPool::builder(|| RefCell::new(0)).build();
    unwind_safe(&pool);
    assert!(std::panic::catch_unwind(|| *pool.acquire().borrow_mut() = 1).is_ok());
}

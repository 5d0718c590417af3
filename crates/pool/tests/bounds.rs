//! `Send`, `Sync` and borrows: what compiles, and what must not.

#[macro_use]
#[path = "common/crosses.rs"]
mod crosses;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::MutexGuard;

use lagom_pool::{Pool, PoolBuilder, Pooled, PooledOwned, Stats};

type Guard = MutexGuard<'static, u8>;

#[test]
fn the_question_is_answered_right() {
    assert_eq!(crosses!(u8), [true, true]);
    assert_eq!(crosses!(Cell<u8>), [true, false]);
    assert_eq!(crosses!(Guard), [false, true]);
    assert_eq!(crosses!(Rc<u8>), [false, false]);
}

#[test]
fn what_crosses_threads() {
    assert_eq!(crosses!(Pool<u8>), [true, true]);
    assert_eq!(crosses!(Pool<Cell<u8>>), [true, true], "an object is in one thread at a time");
    assert_eq!(crosses!(Pool<Guard>), [false, false], "an object comes back in any thread");
    assert_eq!(crosses!(Pool<Rc<u8>>), [false, false]);

    assert_eq!(crosses!(Pooled<'static, u8>), [true, true]);
    assert_eq!(crosses!(Pooled<'static, Cell<u8>>), [true, false]);
    assert_eq!(crosses!(Pooled<'static, Guard>), [false, false]);
    assert_eq!(crosses!(Pooled<'static, Rc<u8>>), [false, false]);

    assert_eq!(crosses!(PooledOwned<u8>), [true, true]);
    assert_eq!(crosses!(PooledOwned<Cell<u8>>), [true, false]);
    assert_eq!(crosses!(PooledOwned<Guard>), [false, false]);
    assert_eq!(crosses!(PooledOwned<Rc<u8>>), [false, false]);

    assert_eq!(crosses!(PoolBuilder<Rc<u8>>), [true, true], "it holds no object");
    assert_eq!(crosses!(Stats), [true, true]);
}

#[test]
fn one_thread_may_pool_anything() {
    let pool: Pool<Rc<Cell<u8>>> = Pool::default();
    pool.acquire_owned().set(3);
    assert_eq!(pool.acquire().get(), 3);
}

#[test]
fn an_owned_guard_borrows_nothing() {
    fn is_static<T: 'static>(_: &T) {}
    is_static(&Pool::new(String::new).acquire_owned());
}

// rustc words its messages anew from release to release; the expected ones are of this one.
#[rustversion::stable(1.95)]
#[test]
#[cfg_attr(miri, ignore = "starts cargo")]
fn what_must_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}

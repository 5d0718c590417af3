//! A waker whose copies do things when they are made and dropped, which only one by hand can do.

use std::ptr;
use std::sync::{Mutex, OnceLock, mpsc};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};
use std::thread;
use std::time::Duration;

use lagom_pool::{Pool, PooledOwned};

static POOL: OnceLock<Pool<u8>> = OnceLock::new();
static HELD: Mutex<Option<PooledOwned<u8>>> = Mutex::new(None);

/// Gives the pool's only object back when it is copied, and asks the pool when it is dropped.
static TABLE: RawWakerVTable = RawWakerVTable::new(copy, |_| {}, |_| {}, ask);

fn copy(_: *const ()) -> RawWaker {
    drop(HELD.lock().unwrap().take());
    RawWaker::new(ptr::null(), &TABLE)
}

fn ask(_: *const ()) {
    if let Some(pool) = POOL.get() {
        assert!(pool.stats().in_use() <= 1);
    }
}

#[test]
fn a_waker_that_is_not_needed_is_dropped_outside_of_the_lock() {
    let pool = POOL.get_or_init(|| Pool::builder(|| 0).max_live(1).build());
    *HELD.lock().unwrap() = Some(pool.acquire_owned());
    let (answer, answered) = mpsc::channel();
    thread::spawn(move || {
        // SAFETY: the functions of the table look at no data.
        let waker = unsafe { Waker::from_raw(RawWaker::new(ptr::null(), &TABLE)) };
        let mut task = std::pin::pin!(pool.acquire_async());
        let done = matches!(task.as_mut().poll(&mut Context::from_waker(&waker)), Poll::Ready(Ok(_)));
        answer.send(done).unwrap();
    });
    assert_eq!(answered.recv_timeout(Duration::from_secs(20)), Ok(true), "it hangs");
}

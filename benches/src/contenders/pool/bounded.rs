//! Pools of which only so many objects may live, while there are enough.

use std::ops::DerefMut;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use deadpool::unmanaged;
use lagom_pool::{Pool, Pooled};

use super::object::Object;
use super::peer::{First, Peer, contender};
use crate::case::Case;

/// Objects that may live.
const MAX_LIVE: usize = 64;

/// Vec 4 KiB and the like, one at a time, one thread.
pub(super) fn one<O: Object>() -> Case {
    Case::new("pool", "bounded", format!("{}, bounded", O::NAME), |n| O::FILLED * n)
        .note(
            "ns per pair; 64 objects may live, and one is in use at a time: nobody waits. A future is polled once, which is all \
             that it needs. In deadpool's favour: it counts nothing and cleans nothing.",
        )
        .with(contender::<Bounded<O>>("lagom", First::Other, Peer::pair))
        .with(contender::<Trying<O>>("lagom try_acquire", First::Other, Peer::pair))
        .with(contender::<Polled<O>>("lagom acquire_async", First::Other, Peer::pair))
        .with(contender::<DeadpoolTrying<O>>("deadpool unmanaged, try_get", First::Other, Peer::pair))
        .with(contender::<DeadpoolPolled<O>>("deadpool unmanaged, get", First::Other, Peer::pair))
}

/// The output of a future that needs not wait.
#[inline(always)]
fn poll_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("an object is idle"),
    }
}

/// Ways to take from one of our pools.
macro_rules! ours {
    ($(#[$doc:meta] $name:ident, |$pool:ident| $take:expr;)*) => {$(
        #[$doc]
        struct $name<O>(Pool<O>);

        impl<O: Object> Peer for $name<O> {
            type Object = O;
            type Held<'a> = Pooled<'a, O>;

            fn new(max_idle: usize) -> Self {
                Self(Pool::builder(|| O::make()).max_idle(max_idle).max_live(MAX_LIVE).build())
            }

            #[inline(always)]
            fn take(&self) -> Pooled<'_, O> {
                let $pool = &self.0;
                $take
            }

            #[inline(always)]
            fn fill(held: &mut Pooled<'_, O>, i: u64) -> u64 {
                held.clean();
                held.deref_mut().fill(i)
            }
        }
    )*};
}

ours! {
    /// Waits where it has to.
    Bounded, |pool| pool.acquire();
    /// Never waits.
    Trying, |pool| pool.try_acquire().expect("an object is idle");
    /// Waits as a task.
    Polled, |pool| poll_once(pool.acquire_async()).expect("the pool is open");
}

/// The same of deadpool, filled beforehand, as it makes nothing itself.
macro_rules! deadpools {
    ($(#[$doc:meta] $name:ident, |$pool:ident| $take:expr;)*) => {$(
        #[$doc]
        struct $name<O>(unmanaged::Pool<O>);

        impl<O: Object> Peer for $name<O> {
            type Object = O;
            type Held<'a> = unmanaged::Object<O>;

            fn new(_: usize) -> Self {
                Self(unmanaged::Pool::from((0..MAX_LIVE).map(|_| O::make()).collect::<Vec<_>>()))
            }

            #[inline(always)]
            fn take(&self) -> unmanaged::Object<O> {
                let $pool = &self.0;
                $take.unwrap_or_else(|error| panic!("an object is idle: {error}"))
            }

            #[inline(always)]
            fn fill(held: &mut unmanaged::Object<O>, i: u64) -> u64 {
                held.clean();
                held.deref_mut().fill(i)
            }
        }
    )*};
}

deadpools! {
    /// Never waits.
    DeadpoolTrying, |pool| pool.try_get();
    /// Waits as a task.
    DeadpoolPolled, |pool| poll_once(pool.get());
}

//! Ours, in the ways that it is used.

use std::ops::DerefMut;

use lagom_pool::{Pool, Pooled, PooledOwned};

use super::object::Object;
use super::peer::Peer;

/// Its user cleans, as with most others.
pub(super) struct Ours<O>(pub(super) Pool<O>);

impl<O: Object> Peer for Ours<O> {
    type Object = O;
    type Held<'a> = Pooled<'a, O>;
    const TRIM: Option<fn(&Self)> = Some(|pool| pool.0.trim(0));

    fn new(max_idle: usize) -> Self {
        Self(Pool::builder(|| O::make()).max_idle(max_idle).build())
    }

    #[inline(always)]
    fn take(&self) -> Pooled<'_, O> {
        self.0.acquire()
    }

    #[inline(always)]
    fn fill(held: &mut Pooled<'_, O>, i: u64) -> u64 {
        held.clean();
        held.deref_mut().fill(i)
    }
}

/// The pool cleans, by a hook that it calls when an object comes back.
pub(super) struct WithReset<O>(Pool<O>);

impl<O: Object> Peer for WithReset<O> {
    type Object = O;
    type Held<'a> = Pooled<'a, O>;

    fn new(max_idle: usize) -> Self {
        Self(Pool::builder(|| O::make()).max_idle(max_idle).reset(|object: &mut O| object.clean()).build())
    }

    #[inline(always)]
    fn take(&self) -> Pooled<'_, O> {
        self.0.acquire()
    }

    #[inline(always)]
    fn fill(held: &mut Pooled<'_, O>, i: u64) -> u64 {
        held.deref_mut().fill(i)
    }
}

/// Guards that borrow nothing.
pub(super) struct Owned<O>(Pool<O>);

impl<O: Object> Peer for Owned<O> {
    type Object = O;
    type Held<'a> = PooledOwned<O>;

    fn new(max_idle: usize) -> Self {
        Self(Ours::<O>::new(max_idle).0)
    }

    #[inline(always)]
    fn take(&self) -> PooledOwned<O> {
        self.0.acquire_owned()
    }

    #[inline(always)]
    fn fill(held: &mut PooledOwned<O>, i: u64) -> u64 {
        held.clean();
        held.deref_mut().fill(i)
    }
}

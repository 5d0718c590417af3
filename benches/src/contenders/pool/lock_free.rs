//! Rivals without a lock, on words that all threads share.

use std::ops::DerefMut;
use std::sync::Arc;

use crossbeam_queue::ArrayQueue;
use lockfree_object_pool::{LinearObjectPool, LinearOwnedReusable, LinearReusable};
use opool::{RcGuard, RefGuard};
use sharded_slab::pool::{OwnedRefMut, RefMut};

use super::object::Object;
use super::peer::Peer;

/// How opool makes and cleans; it cleans what goes out.
pub(super) struct Maker;

impl<O: Object> opool::PoolAllocator<O> for Maker {
    #[inline(always)]
    fn allocate(&self) -> O {
        O::make()
    }

    #[inline(always)]
    fn reset(&self, object: &mut O) {
        object.clean();
    }
}

/// opool.
pub(super) struct Opool<O: Object>(opool::Pool<Maker, O>);

impl<O: Object> Peer for Opool<O> {
    type Object = O;
    type Held<'a> = RefGuard<'a, Maker, O>;

    fn new(max_idle: usize) -> Self {
        Self(opool::Pool::new(max_idle, Maker))
    }

    #[inline(always)]
    fn take(&self) -> Self::Held<'_> {
        self.0.get()
    }

    #[inline(always)]
    fn fill(held: &mut Self::Held<'_>, i: u64) -> u64 {
        held.deref_mut().fill(i)
    }
}

/// opool's guards that hold an `Arc` of it.
pub(super) struct OpoolOwned<O: Object>(Arc<opool::Pool<Maker, O>>);

impl<O: Object> Peer for OpoolOwned<O> {
    type Object = O;
    type Held<'a> = RcGuard<Maker, O>;

    fn new(max_idle: usize) -> Self {
        Self(Opool::<O>::new(max_idle).0.to_rc())
    }

    #[inline(always)]
    fn take(&self) -> Self::Held<'_> {
        Arc::clone(&self.0).get_rc()
    }

    #[inline(always)]
    fn fill(held: &mut Self::Held<'_>, i: u64) -> u64 {
        held.deref_mut().fill(i)
    }
}

/// lockfree-object-pool, the fastest of its three. It cleans what comes back.
pub(super) struct Lockfree<O>(LinearObjectPool<O>);

impl<O: Object> Peer for Lockfree<O> {
    type Object = O;
    type Held<'a> = LinearReusable<'a, O>;

    fn new(_: usize) -> Self {
        Self(LinearObjectPool::new(|| O::make(), |object: &mut O| object.clean()))
    }

    #[inline(always)]
    fn take(&self) -> Self::Held<'_> {
        self.0.pull()
    }

    #[inline(always)]
    fn fill(held: &mut Self::Held<'_>, i: u64) -> u64 {
        held.deref_mut().fill(i)
    }
}

/// Its guards that hold an `Arc` of it.
pub(super) struct LockfreeOwned<O>(Arc<LinearObjectPool<O>>);

impl<O: Object> Peer for LockfreeOwned<O> {
    type Object = O;
    type Held<'a> = LinearOwnedReusable<O>;

    fn new(max_idle: usize) -> Self {
        Self(Arc::new(Lockfree::<O>::new(max_idle).0))
    }

    #[inline(always)]
    fn take(&self) -> Self::Held<'_> {
        self.0.pull_owned()
    }

    #[inline(always)]
    fn fill(held: &mut Self::Held<'_>, i: u64) -> u64 {
        held.deref_mut().fill(i)
    }
}

/// As sharded-slab wants its objects: made and cleaned by traits.
pub(super) struct Cleared<O>(O);

impl<O: Object> Default for Cleared<O> {
    fn default() -> Self {
        Self(O::make())
    }
}

impl<O: Object> sharded_slab::Clear for Cleared<O> {
    #[inline(always)]
    fn clear(&mut self) {
        self.0.clean();
    }
}

type SlabPool<O> = sharded_slab::Pool<Cleared<O>>;

/// sharded-slab's pool. An object stays under its key until its user clears that, which makes the slot free.
pub(super) struct ShardedSlab<O: Object>(SlabPool<O>);

impl<O: Object> Peer for ShardedSlab<O> {
    type Object = O;
    type Held<'a> = RefMut<'a, Cleared<O>>;
    const GUARD: bool = false;

    fn new(_: usize) -> Self {
        Self(SlabPool::new())
    }

    #[inline(always)]
    fn take(&self) -> Self::Held<'_> {
        self.0.create().expect("a slab of the default size is never full here")
    }

    #[inline(always)]
    fn fill(held: &mut Self::Held<'_>, i: u64) -> u64 {
        held.0.fill(i)
    }

    #[inline(always)]
    fn give<'a>(&'a self, held: Self::Held<'a>) {
        let key = held.key();
        drop(held);
        self.0.clear(key);
    }
}

/// Its guards that hold an `Arc` of it.
pub(super) struct ShardedSlabOwned<O: Object>(Arc<SlabPool<O>>);

impl<O: Object> Peer for ShardedSlabOwned<O> {
    type Object = O;
    type Held<'a> = OwnedRefMut<Cleared<O>>;
    const GUARD: bool = false;

    fn new(_: usize) -> Self {
        Self(Arc::new(SlabPool::new()))
    }

    #[inline(always)]
    fn take(&self) -> Self::Held<'_> {
        Arc::clone(&self.0).create_owned().expect("a slab of the default size is never full here")
    }

    #[inline(always)]
    fn fill(held: &mut Self::Held<'_>, i: u64) -> u64 {
        held.0.fill(i)
    }

    #[inline(always)]
    fn give<'a>(&'a self, held: Self::Held<'a>) {
        let key = held.key();
        drop(held);
        self.0.clear(key);
    }
}

/// crossbeam's bounded queue with a factory beside it; no guards.
pub(super) struct Crossbeam<O>(ArrayQueue<O>);

impl<O: Object> Peer for Crossbeam<O> {
    type Object = O;
    type Held<'a> = O;
    const GUARD: bool = false;
    const TRIM: Option<fn(&Self)> = Some(|pool| while pool.0.pop().is_some() {});

    fn new(max_idle: usize) -> Self {
        Self(ArrayQueue::new(max_idle))
    }

    #[inline(always)]
    fn take(&self) -> O {
        self.0.pop().unwrap_or_else(|| O::make())
    }

    #[inline(always)]
    fn fill(held: &mut O, i: u64) -> u64 {
        held.clean();
        held.fill(i)
    }

    #[inline(always)]
    fn give(&self, object: O) {
        // What finds no place is dropped.
        drop(self.0.push(object));
    }
}

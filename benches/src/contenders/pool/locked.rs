//! Rivals behind a lock.

use std::collections::VecDeque;
use std::ops::DerefMut;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use deadpool::unmanaged;
use object_pool::{Reusable, ReusableOwned};

use super::object::Object;
use super::peer::Peer;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// object-pool, prefilled with 32 as in its own documentation. It has no reset: its user cleans after pulling.
pub(super) struct ObjectPool<O>(object_pool::Pool<O>);

impl<O: Object> Peer for ObjectPool<O> {
    type Object = O;
    type Held<'a> = Reusable<'a, O>;

    fn new(_: usize) -> Self {
        Self(object_pool::Pool::new(32, || O::make()))
    }

    #[inline(always)]
    fn take(&self) -> Reusable<'_, O> {
        self.0.pull(|| O::make())
    }

    #[inline(always)]
    fn fill(held: &mut Reusable<'_, O>, i: u64) -> u64 {
        held.clean();
        held.deref_mut().fill(i)
    }
}

/// object-pool's guards that hold an `Arc` of it.
pub(super) struct ObjectPoolOwned<O>(Arc<object_pool::Pool<O>>);

impl<O: Object> Peer for ObjectPoolOwned<O> {
    type Object = O;
    type Held<'a> = ReusableOwned<O>;

    fn new(max_idle: usize) -> Self {
        Self(Arc::new(ObjectPool::<O>::new(max_idle).0))
    }

    #[inline(always)]
    fn take(&self) -> ReusableOwned<O> {
        self.0.pull_owned(|| O::make())
    }

    #[inline(always)]
    fn fill(held: &mut ReusableOwned<O>, i: u64) -> u64 {
        held.clean();
        held.deref_mut().fill(i)
    }
}

/// deadpool without a manager. It never makes an object: its user adds one where none is idle. The bound is on all
/// objects, so that it is set high enough never to be met.
pub(super) struct Deadpool<O>(pub(super) unmanaged::Pool<O>);

impl<O: Object> Peer for Deadpool<O> {
    type Object = O;
    type Held<'a> = unmanaged::Object<O>;
    const TRIM: Option<fn(&Self)> = Some(|pool| while pool.0.try_remove().is_ok() {});

    fn new(_: usize) -> Self {
        Self(unmanaged::Pool::new(1024))
    }

    #[inline(always)]
    fn take(&self) -> unmanaged::Object<O> {
        loop {
            if let Ok(held) = self.0.try_get() {
                return held;
            }
            // Beyond the bound another will give one back.
            let _ = self.0.try_add(O::make());
        }
    }

    #[inline(always)]
    fn fill(held: &mut unmanaged::Object<O>, i: u64) -> u64 {
        held.clean();
        held.deref_mut().fill(i)
    }
}

/// The Python pool that ours comes from, with its bound, its order (the object that is idle longest goes out first) and
/// its counts; the factory runs outside of the lock, the hook when an object comes back. It has no guards.
pub(super) struct Original<O> {
    factory: Box<dyn Fn() -> O + Send + Sync>,
    reset: fn(&mut O),
    max_size: usize,
    idle: Mutex<Idle<O>>,
    created: AtomicU64,
}

struct Idle<O> {
    objects: VecDeque<O>,
    reused: u64,
}

impl<O> Original<O> {
    /// Created, reused, idle.
    pub(super) fn stats(&self) -> (u64, u64, usize) {
        let idle = lock(&self.idle);
        (self.created.load(Ordering::Relaxed), idle.reused, idle.objects.len())
    }
}

impl<O: Object> Peer for Original<O> {
    type Object = O;
    type Held<'a> = O;
    const GUARD: bool = false;

    fn new(max_idle: usize) -> Self {
        Self {
            factory: Box::new(|| O::make()),
            reset: O::clean,
            max_size: max_idle,
            idle: Mutex::new(Idle { objects: VecDeque::new(), reused: 0 }),
            created: AtomicU64::new(0),
        }
    }

    #[inline(always)]
    fn take(&self) -> O {
        let mut idle = lock(&self.idle);
        if let Some(object) = idle.objects.pop_front() {
            idle.reused += 1;
            return object;
        }
        drop(idle);
        let object = (self.factory)();
        self.created.fetch_add(1, Ordering::Relaxed);
        object
    }

    #[inline(always)]
    fn fill(held: &mut O, i: u64) -> u64 {
        held.fill(i)
    }

    #[inline(always)]
    fn give(&self, mut object: O) {
        (self.reset)(&mut object);
        let mut idle = lock(&self.idle);
        if idle.objects.len() < self.max_size {
            idle.objects.push_back(object);
        } else {
            drop(idle);
            drop(object);
        }
    }
}

/// What one writes without a package: no bound, no guards.
pub(super) struct MutexVec<O>(Mutex<Vec<O>>);

impl<O: Object> Peer for MutexVec<O> {
    type Object = O;
    type Held<'a> = O;
    const GUARD: bool = false;
    const TRIM: Option<fn(&Self)> = Some(|pool| drop(std::mem::take(&mut *lock(&pool.0))));

    fn new(_: usize) -> Self {
        Self(Mutex::new(Vec::new()))
    }

    #[inline(always)]
    fn take(&self) -> O {
        let idle = lock(&self.0).pop();
        idle.unwrap_or_else(|| O::make())
    }

    #[inline(always)]
    fn fill(held: &mut O, i: u64) -> u64 {
        held.clean();
        held.fill(i)
    }

    #[inline(always)]
    fn give(&self, object: O) {
        lock(&self.0).push(object);
    }
}

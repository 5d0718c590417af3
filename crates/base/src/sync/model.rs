//! The models of loom, with the surface of `parking_lot`.

use core::fmt;
use core::ops::{Deref, DerefMut};

pub use loom;
pub use loom::cell;
pub use loom::sync::{Arc, atomic};
pub use loom::thread::ThreadId;
pub use loom::thread_local;

/// Lets other threads run.
pub fn wait_a_little(_round: u32) {
    loom::thread::yield_now();
}

/// The identity of the calling modelled thread.
pub fn current_thread() -> ThreadId {
    loom::thread::current().id()
}

/// Loom has no weak references: this one keeps its value alive, which a model must be able to live with.
#[derive(Debug)]
pub struct Weak<T>(Arc<T>);

impl<T> Weak<T> {
    /// A reference to what `strong` refers to.
    pub fn new(strong: &Arc<T>) -> Self {
        Self(Arc::clone(strong))
    }

    /// A strong reference.
    pub fn upgrade(&self) -> Option<Arc<T>> {
        Some(Arc::clone(&self.0))
    }

    /// Never.
    pub fn is_dangling(&self) -> bool {
        false
    }
}

/// A mutex without poisoning.
#[derive(Default)]
pub struct Mutex<T>(loom::sync::Mutex<T>);

impl<T> Mutex<T> {
    /// An unlocked mutex.
    pub fn new(value: T) -> Self {
        Self(loom::sync::Mutex::new(value))
    }

    /// Blocks until the lock is held.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard(Some(self.0.lock().unwrap_or_else(|poison| poison.into_inner())))
    }

    /// The lock, if nobody holds it.
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.0.try_lock().ok().map(|guard| MutexGuard(Some(guard)))
    }

    /// The value: nobody else can hold the lock.
    pub fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().unwrap_or_else(|poison| poison.into_inner())
    }

    /// The value, by value.
    pub fn into_inner(self) -> T {
        self.0.into_inner().unwrap_or_else(|poison| poison.into_inner())
    }
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mutex { .. }")
    }
}

/// The lock of a [`Mutex`], held. `None` only while a [`Condvar`] has it.
#[derive(Debug)]
pub struct MutexGuard<'a, T>(Option<loom::sync::MutexGuard<'a, T>>);

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("a guard in use holds the lock")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_mut().expect("a guard in use holds the lock")
    }
}

/// A condition variable.
#[derive(Debug, Default)]
pub struct Condvar(loom::sync::Condvar);

impl Condvar {
    /// A condition variable that nobody waits on.
    pub fn new() -> Self {
        Self(loom::sync::Condvar::new())
    }

    /// Releases the lock, waits for a notification, takes the lock again.
    pub fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        let held = guard.0.take().expect("a guard in use holds the lock");
        guard.0 = Some(self.0.wait(held).unwrap_or_else(|poison| poison.into_inner()));
    }

    /// As [`wait`](Self::wait): time does not pass in a model.
    pub fn wait_until<T>(&self, guard: &mut MutexGuard<'_, T>, _deadline: std::time::Instant) {
        self.wait(guard);
    }

    /// Wakes one waiter.
    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    /// Wakes every waiter.
    pub fn notify_all(&self) {
        self.0.notify_all();
    }
}

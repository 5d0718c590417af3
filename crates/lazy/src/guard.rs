//! What a read of an expiring value gives.

use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;
use std::sync::{Arc, MutexGuard};

/// A value read from an [`ExpiringLazy`](crate::ExpiringLazy), which stays valid after it expired or was invalidated.
///
/// For short use on one thread: it keeps the value alive, but does not leave its thread. To keep a value longer, or to
/// send it elsewhere, take it with [`ExpiringLazy::arc`](crate::ExpiringLazy::arc).
///
/// ```
/// use core::time::Duration;
/// use lagom_lazy::ExpiringLazy;
///
/// let lazy = ExpiringLazy::new(Duration::MAX, || String::from("value"));
/// let value = lazy.get();
/// lazy.invalidate();
/// assert_eq!(value.len(), 5);
/// ```
///
/// It cannot be sent to another thread:
///
/// ```compile_fail,E0277
/// let lazy = lagom_lazy::ExpiringLazy::new(core::time::Duration::MAX, || 1);
/// let value = lazy.get();
/// std::thread::scope(|scope| {
///     scope.spawn(move || *value);
/// });
/// ```
pub struct LazyRef<'a, T> {
    value: Arc<T>,
    /// `Sync`, not `Send`, and bound to the lazy value: so may a guard be that protects without counting.
    thread: PhantomData<MutexGuard<'a, ()>>,
}

impl<T> LazyRef<'_, T> {
    pub(crate) fn new(value: Arc<T>) -> Self {
        Self { value, thread: PhantomData }
    }
}

impl<T> Deref for LazyRef<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for LazyRef<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::fmt(self, f)
    }
}

impl<T: fmt::Display> fmt::Display for LazyRef<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::fmt(self, f)
    }
}

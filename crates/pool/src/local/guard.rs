//! The objects of a local pool that are out.

use alloc::boxed::Box;
use alloc::rc::Rc;
use core::fmt;
use core::ops::{Deref, DerefMut};

use super::engine::Engine;
use super::held::Held;

/// An object in use, from [`LocalPool::acquire`](crate::LocalPool::acquire): it goes back when this guard is dropped.
///
/// Dereferences to `T`; has associated functions only, so that no method of `T` is hidden. The address of the object is
/// stable. Neither `Send` nor `Sync`.
///
/// ```
/// use lagom_pool::LocalPool;
///
/// let pool = LocalPool::new(String::new);
/// let mut text = pool.acquire();
/// text.push_str("hello");
/// assert_eq!(*text, "hello");
/// drop(text);
/// assert_eq!(pool.len(), 1);
/// ```
#[must_use = "an object that is not used goes straight back"]
pub struct LocalPooled<'a, T> {
    held: Held<T, &'a Engine<T>>,
}

impl<'a, T> LocalPooled<'a, T> {
    #[inline]
    pub(super) fn new(object: Box<T>, engine: &'a Engine<T>) -> Self {
        Self { held: Held::new(object, engine) }
    }

    /// Takes the object out of the pool for good; no hook runs, and the pool no longer counts it. O(1); frees its box.
    ///
    /// ```
    /// use lagom_pool::{LocalPool, LocalPooled};
    ///
    /// let pool = LocalPool::new(|| vec![1, 2, 3]);
    /// let mine: Vec<i32> = LocalPooled::detach(pool.acquire());
    /// assert_eq!(mine, [1, 2, 3]);
    /// assert_eq!(pool.stats().in_use(), 0);
    /// assert!(pool.is_empty());
    /// ```
    #[must_use = "the object is dropped if it is not used"]
    pub fn detach(guard: Self) -> T {
        guard.held.detach()
    }
}

/// An object in use that borrows nothing, from [`LocalPool::acquire_owned`](crate::LocalPool::acquire_owned): for structs
/// and local tasks.
///
/// It goes back when this guard is dropped. It may outlive its pool: the object is then simply dropped. Otherwise like
/// [`LocalPooled`]. It keeps the factory and the hooks of the pool alive.
///
/// ```
/// use lagom_pool::LocalPool;
///
/// let pool = LocalPool::new(|| vec![0_u8; 4096]);
/// drop(pool.acquire_owned());
/// assert_eq!(pool.len(), 1);
///
/// let late = pool.acquire_owned();
/// drop(pool);
/// assert_eq!(late.len(), 4096);
/// ```
#[must_use = "an object that is not used goes straight back"]
pub struct LocalPooledOwned<T> {
    held: Held<T, Rc<Engine<T>>>,
}

impl<T> LocalPooledOwned<T> {
    #[inline]
    pub(super) fn new(object: Box<T>, engine: Rc<Engine<T>>) -> Self {
        Self { held: Held::new(object, engine) }
    }

    /// Takes the object out of the pool for good; no hook runs, and the pool no longer counts it. O(1); frees its box.
    ///
    /// ```
    /// use lagom_pool::{LocalPool, LocalPooledOwned};
    ///
    /// let pool = LocalPool::new(|| vec![1, 2, 3]);
    /// let guard = pool.acquire_owned();
    /// drop(pool);
    /// assert_eq!(LocalPooledOwned::detach(guard), [1, 2, 3]);
    /// ```
    #[must_use = "the object is dropped if it is not used"]
    pub fn detach(guard: Self) -> T {
        guard.held.detach()
    }
}

impl<T> Deref for LocalPooled<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.held
    }
}

impl<T> DerefMut for LocalPooled<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.held
    }
}

impl<T: fmt::Debug> fmt::Debug for LocalPooled<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T> Deref for LocalPooledOwned<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.held
    }
}

impl<T> DerefMut for LocalPooledOwned<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.held
    }
}

impl<T: fmt::Debug> fmt::Debug for LocalPooledOwned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

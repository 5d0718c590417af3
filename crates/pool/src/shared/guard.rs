//! The objects that are out.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use crate::Pool;
use crate::shared::engine::Engine;
use crate::shared::node::Out;

/// An object in use, from [`Pool::acquire`](crate::Pool::acquire): it goes back when this guard is dropped.
///
/// Dereferences to `T`; has associated functions only, so that no method of `T` is hidden. The object stays at its
/// address as long as the pool has it, wherever the guard is moved. `Send` if `T: Send`, `Sync` if `T: Send + Sync`: it
/// may be dropped in another thread.
///
/// ```
/// use lagom_pool::Pool;
///
/// let pool = Pool::new(String::new);
/// let mut text = pool.acquire();
/// text.push_str("hello");
/// assert_eq!(*text, "hello");
/// drop(text);
/// assert_eq!(pool.len(), 1);
/// ```
#[must_use = "an object that is not used goes straight back"]
pub struct Pooled<'a, T> {
    out: Out<T, false>,
    pool: PhantomData<&'a Pool<T>>,
}

impl<'a, T> Pooled<'a, T> {
    #[inline]
    pub(crate) fn new(out: Out<T, false>) -> Self {
        Self { out, pool: PhantomData }
    }

    /// Takes the object out of the pool for good; no hook runs, and the pool no longer counts it.
    ///
    /// ```
    /// use lagom_pool::{Pool, Pooled};
    ///
    /// let pool = Pool::new(|| vec![1, 2, 3]);
    /// let mine: Vec<i32> = Pooled::detach(pool.acquire());
    /// assert_eq!(mine, [1, 2, 3]);
    /// assert_eq!(pool.stats().in_use(), 0);
    /// assert!(pool.is_empty());
    /// ```
    #[must_use = "the object is dropped if it is not used"]
    pub fn detach(guard: Self) -> T {
        Engine::detach::<false>(guard.out.into_object())
    }
}

/// An object in use that borrows nothing, from [`Pool::acquire_owned`](crate::Pool::acquire_owned): for tasks, threads,
/// structs.
///
/// It goes back when this guard is dropped, in whatever thread. It may outlive its pool: the object is then simply
/// dropped. Otherwise like [`Pooled`]. It keeps the factory and the hooks of the pool alive.
///
/// ```
/// use lagom_pool::Pool;
///
/// let pool = Pool::new(|| vec![0_u8; 4096]);
/// let buffer = pool.acquire_owned();
/// std::thread::spawn(move || assert_eq!(buffer.len(), 4096)).join().unwrap();
/// assert_eq!(pool.len(), 1);
///
/// let late = pool.acquire_owned();
/// drop(pool);
/// assert_eq!(late.len(), 4096);
/// ```
#[must_use = "an object that is not used goes straight back"]
pub struct PooledOwned<T> {
    out: Out<T, true>,
}

impl<T> PooledOwned<T> {
    #[inline]
    pub(crate) fn new(out: Out<T, true>) -> Self {
        Self { out }
    }

    /// Takes the object out of the pool for good; no hook runs, and the pool no longer counts it.
    ///
    /// ```
    /// use lagom_pool::{Pool, PooledOwned};
    ///
    /// let pool = Pool::new(|| vec![1, 2, 3]);
    /// let guard = pool.acquire_owned();
    /// drop(pool);
    /// assert_eq!(PooledOwned::detach(guard), [1, 2, 3]);
    /// ```
    #[must_use = "the object is dropped if it is not used"]
    pub fn detach(guard: Self) -> T {
        Engine::detach::<true>(guard.out.into_object())
    }
}

impl<T> Deref for Pooled<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.out.value()
    }
}

impl<T> DerefMut for Pooled<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.out.value_mut()
    }
}

impl<T: fmt::Debug> fmt::Debug for Pooled<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T> Deref for PooledOwned<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.out.value()
    }
}

impl<T> DerefMut for PooledOwned<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.out.value_mut()
    }
}

impl<T: fmt::Debug> fmt::Debug for PooledOwned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

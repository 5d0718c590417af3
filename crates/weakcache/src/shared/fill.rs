//! Values that are made when they are missing.

use core::any::type_name;
use core::convert::Infallible;
use core::error::Error;
use core::fmt;
use core::hash::{BuildHasher, Hash};
use core::panic::Location;
use std::sync::Arc;

use crate::shared::cache::WeakCache;
use crate::shared::cached::Cached;
use crate::shared::failure::{OnError, Retry, Share};
use crate::shared::search::Filled;

impl<K, V, S> WeakCache<K, V, S>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
    S: BuildHasher,
{
    /// A handle of the live entry of `key`, or of a new one with what `make` returns.
    ///
    /// However many threads ask for one key, one of them runs its `make`, outside of the lock, and the others wait for
    /// it; other keys are never blocked. If that `make` panics, one of the waiting threads runs its own.
    ///
    /// A `make` may use the cache. An [`insert`](Self::insert) of the key during `make` wins: it ends the wait of the
    /// others, and the caller gets the inserted value, too. A [`remove`](Self::remove) or [`clear`](Self::clear) during
    /// `make` leaves the caller with a handle of an entry that is not in the cache, and lets the others load again.
    ///
    /// # Panics
    ///
    /// When `make` needs its own result: it asks for `key` again, or for a key whose `make` in another thread waits for
    /// `key`. At least one of the threads in such a ring gets the panic, although an `insert` from outside might have
    /// ended the ring; none of them hangs.
    ///
    /// Only waits for loads are seen: a `make` that joins a thread which asks for `key`, or waits for a lock or a channel
    /// of yours that such a thread holds or serves, hangs as it would anywhere.
    ///
    /// ```
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::new(10);
    /// assert_eq!(*cache.get_or_insert_with("one", || 1), 1);
    /// assert_eq!(*cache.get_or_insert_with("one", || unreachable!()), 1);
    /// ```
    #[track_caller]
    pub fn get_or_insert_with(&self, key: K, make: impl FnOnce() -> V) -> Cached<V> {
        match self.try_get_or_insert_with(key, || Ok::<V, Infallible>(make())) {
            Ok(value) => value,
            Err(never) => match never {},
        }
    }

    /// Like [`get_or_insert_with`](Self::get_or_insert_with), for a `make` that may fail. An error goes to the caller
    /// of that `make` alone and is not remembered: of the threads that waited, one runs its own `make`. For an error that
    /// they share there is [`try_get_or_insert_shared`](Self::try_get_or_insert_shared).
    ///
    /// # Errors
    ///
    /// What `make` returns.
    ///
    /// # Panics
    ///
    /// When `make` needs its own result, like [`get_or_insert_with`](Self::get_or_insert_with).
    ///
    /// ```
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::new(10);
    /// let parse = |text: &'static str| cache.try_get_or_insert_with(text, || text.parse::<u32>());
    /// assert_eq!(*parse("17")?, 17);
    /// assert!(parse("seventeen").is_err());
    /// # Ok::<(), core::num::ParseIntError>(())
    /// ```
    #[track_caller]
    pub fn try_get_or_insert_with<E>(&self, key: K, make: impl FnOnce() -> Result<V, E>) -> Result<Cached<V>, E> {
        or_panic(self.load(key, make), Location::caller())
    }

    /// Like [`try_get_or_insert_with`](Self::try_get_or_insert_with), but those who wait for `make` share its error: one
    /// call that fails is enough for all. The error is not remembered; who asks later runs its own `make`.
    ///
    /// Who waits has the error if it asked for that, too, by this or another `…_shared…` method, and its `make` has the same
    /// `E`. All others that waited retry, as they do if the `make` panics. If the key was inserted or removed while `make`
    /// ran, those who waited have turned to that before, and the error is the caller's alone.
    ///
    /// # Errors
    ///
    /// What `make` returns, here or where it was waited for: the same `Arc` for all.
    ///
    /// # Panics
    ///
    /// When `make` needs its own result, like [`get_or_insert_with`](Self::get_or_insert_with).
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::thread;
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::<&str, u32>::new(10);
    /// let ask = || cache.try_get_or_insert_shared("seventeen", || "seventeen".parse()).unwrap_err();
    /// let errors = thread::scope(|scope| [scope.spawn(ask), scope.spawn(ask)].map(|thread| thread.join().unwrap()));
    /// // `Arc::ptr_eq`, too, if one of them waited for the other.
    /// assert_eq!(errors[0], errors[1]);
    /// assert_eq!(*cache.try_get_or_insert_shared("seventeen", || "17".parse::<u32>())?, 17);
    /// # Ok::<(), Arc<core::num::ParseIntError>>(())
    /// ```
    #[track_caller]
    pub fn try_get_or_insert_shared<E: Send + Sync + 'static>(
        &self,
        key: K,
        make: impl FnOnce() -> Result<V, E>,
    ) -> Result<Cached<V>, Arc<E>> {
        or_panic(self.load_shared(key, make), Location::caller())
    }

    /// Like [`try_get_or_insert_with`](Self::try_get_or_insert_with), but a value that needs itself is an error, which gives
    /// the key back, and no panic.
    ///
    /// # Errors
    ///
    /// [`LoadError::Failed`] with what `make` returns; [`LoadError::NeedsItself`] with the key if `make` asks for `key`
    /// again, or for a key whose `make` in another thread waits for `key`.
    ///
    /// ```
    /// use lagom_weakcache::{LoadError, WeakCache};
    ///
    /// let cache = WeakCache::<&str, u32>::new(10);
    /// let inner = || cache.load("key", || Ok::<_, ()>(1));
    /// let outer = cache.load("key", || match inner() {
    ///     Err(LoadError::NeedsItself(key)) => Err(format!("{key} needs itself")),
    ///     _ => Ok(2),
    /// });
    /// assert_eq!(outer.unwrap_err(), LoadError::Failed("key needs itself".to_owned()));
    /// ```
    pub fn load<E>(&self, key: K, make: impl FnOnce() -> Result<V, E>) -> Result<Cached<V>, LoadError<K, E>> {
        self.fill::<Retry, E>(key, make)
    }

    /// Like [`load`](Self::load), but those who wait for `make` share its error, as with
    /// [`try_get_or_insert_shared`](Self::try_get_or_insert_shared).
    ///
    /// # Errors
    ///
    /// [`LoadError::Failed`] with what `make` returns, here or where it was waited for; [`LoadError::NeedsItself`] as
    /// [`load`](Self::load).
    ///
    /// ```
    /// use std::sync::Arc;
    /// use lagom_weakcache::{LoadError, WeakCache};
    ///
    /// let cache = WeakCache::<&str, u32>::new(10);
    /// let error = cache.load_shared("key", || Err("it is broken")).unwrap_err();
    /// assert_eq!(error, LoadError::Failed(Arc::new("it is broken")));
    /// ```
    pub fn load_shared<E: Send + Sync + 'static>(
        &self,
        key: K,
        make: impl FnOnce() -> Result<V, E>,
    ) -> Result<Cached<V>, LoadError<K, Arc<E>>> {
        self.fill::<Share, _>(key, || make().map_err(Arc::new))
    }

    #[inline]
    fn fill<P: OnError<E>, E>(&self, key: K, make: impl FnOnce() -> Result<V, E>) -> Filled<K, V, E> {
        let (shard, hash) = self.at(&key);
        self.engine().get_or_load::<P, E>(shard, hash, key, make)
    }
}

/// What there is but for a value that needs itself: that panics.
#[track_caller]
pub(super) fn or_panic<K, V, E>(filled: Filled<K, V, E>, caller: &'static Location<'static>) -> Result<Cached<V>, E> {
    filled.map_err(|error| match error {
        LoadError::Failed(error) => error,
        LoadError::NeedsItself(_) => needs_itself::<K, V>(caller),
    })
}

#[cold]
#[track_caller]
fn needs_itself<K, V>(caller: &Location<'_>) -> ! {
    panic!(
        "a cached value of type `{}` needs itself: the load of a key of type `{}`, asked for at {caller}, asks for the same \
         key, directly or through the loads of other threads and tasks",
        type_name::<V>(),
        type_name::<K>()
    )
}

/// Why [`WeakCache::load`] gave no value.
///
/// ```
/// use lagom_weakcache::LoadError;
///
/// let error: LoadError<&str, &str> = LoadError::NeedsItself("key");
/// assert_eq!(error.to_string(), "the value of \"key\" needs itself");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadError<K, E> {
    /// What the factory returned.
    Failed(E),
    /// The value of this key is needed to make it, directly or through the loads of other threads.
    NeedsItself(K),
}

impl<K: fmt::Debug, E: fmt::Display> fmt::Display for LoadError<K, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::NeedsItself(key) => write!(f, "the value of {key:?} needs itself"),
        }
    }
}

impl<K: fmt::Debug, E: Error + 'static> Error for LoadError<K, E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(error) => error.source(),
            Self::NeedsItself(_) => None,
        }
    }
}

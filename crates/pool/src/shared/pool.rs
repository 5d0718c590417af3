//! The pool.

use std::fmt;
use std::panic::Location;
use std::time::{Duration, Instant};

use lagom_base::sync::Arc;

use crate::error::{AcquireTimeoutError, TryAcquireError};
use crate::shared::builder::{Factory, PoolBuilder};
use crate::shared::engine::{Engine, Refusal};
use crate::shared::guard::{Pooled, PooledOwned};
use crate::shared::node::Out;
use crate::shared::outstanding::Outstanding;
use crate::shared::shards::Link;
use crate::stats::Stats;

/// A pool of objects of type `T`, shared by reference between threads.
///
/// [`acquire`](Self::acquire) hands out an idle object, or has the factory make one; the guard gives it back when it is
/// dropped. `Send` and `Sync` if `T: Send`. Dropping the pool drops what is idle; guards that live on drop their objects.
///
/// ```
/// use lagom_pool::Pool;
///
/// let pool = Pool::builder(Vec::new).reset(Vec::clear).max_idle(4).build();
/// std::thread::scope(|scope| {
///     for part in 0..8_u64 {
///         let pool = &pool;
///         scope.spawn(move || {
///             let mut numbers = pool.acquire();
///             numbers.extend(0..=part);
///             assert_eq!(numbers.iter().sum::<u64>(), part * (part + 1) / 2);
///         });
///     }
/// });
/// assert!(pool.len() <= 4);
/// ```
pub struct Pool<T> {
    /// Made at the first use, for in a const nothing can be allocated; a builder makes it at once.
    engine: Link<T>,
    /// What the first use makes it with; not asked after that.
    factory: Option<fn() -> T>,
}

impl<T> Pool<T> {
    /// A pool that keeps up to 100 idle objects; usable in a `static`.
    ///
    /// `factory` makes an object when none is idle; a closure that captures nothing will do. Allocates at its first
    /// use, not here. [`builder`](Self::builder) has more settings; a `static` with such settings is a `LazyLock<Pool<T>>`.
    ///
    /// ```
    /// use lagom_pool::Pool;
    ///
    /// static POOL: Pool<String> = Pool::new(|| String::with_capacity(80));
    /// assert_eq!(POOL.acquire().capacity(), 80);
    /// ```
    #[must_use]
    pub const fn new(factory: fn() -> T) -> Self {
        Self { engine: Link::new(), factory: Some(factory) }
    }

    /// The settings of a pool whose `factory` makes an object when none is idle.
    ///
    /// The factory runs outside of every lock, in the thread that acquires; several threads may run it at once.
    ///
    /// ```
    /// use lagom_pool::Pool;
    ///
    /// let size = 1 << 16;
    /// let pool = Pool::builder(move || vec![0_u8; size]).max_idle(2).build();
    /// assert_eq!(pool.acquire().len(), size);
    /// ```
    pub fn builder(factory: impl Fn() -> T + Send + Sync + 'static) -> PoolBuilder<T> {
        PoolBuilder::new(Factory::Boxed(Box::new(factory)))
    }

    pub(crate) fn from_engine(engine: Engine<T>) -> Self {
        let pool = Self { engine: Link::new(), factory: None };
        pool.engine.get_or_init(|| Arc::new(engine));
        pool
    }

    pub(crate) fn engine(&self) -> &Arc<Engine<T>> {
        self.engine.get_or_init(|| {
            let factory = self.factory.expect("a pool without an engine was made by `new`");
            Arc::new(Engine::new(PoolBuilder::new(Factory::Plain(factory))))
        })
    }

    /// A hit: an object of the calling thread's own.
    #[inline]
    pub(crate) fn take_near<const OWNED: bool>(&self) -> Option<Out<T, OWNED>> {
        self.engine.take_near::<OWNED>()
    }

    #[inline]
    #[track_caller]
    fn take_or_wait<const OWNED: bool>(&self) -> Out<T, OWNED> {
        self.take_near().unwrap_or_else(|| self.miss()).at(Location::caller())
    }

    #[cold]
    fn miss<const OWNED: bool>(&self) -> Out<T, OWNED> {
        match Engine::take_or_wait(self.engine(), None) {
            Ok(out) => out,
            Err(_) => panic!("an object was asked of a pool that is closed: `try_acquire` would have said so"),
        }
    }

    #[inline]
    #[track_caller]
    fn try_take<const OWNED: bool>(&self) -> Result<Out<T, OWNED>, TryAcquireError> {
        let out = match self.take_near() {
            Some(out) => out,
            None => self.try_miss()?,
        };
        Ok(out.at(Location::caller()))
    }

    #[cold]
    fn try_miss<const OWNED: bool>(&self) -> Result<Out<T, OWNED>, TryAcquireError> {
        Engine::take(self.engine()).map_err(|refusal| match refusal {
            Refusal::Exhausted => TryAcquireError::Exhausted,
            Refusal::Closed => TryAcquireError::Closed,
        })
    }

    #[inline]
    #[track_caller]
    fn take_timeout<const OWNED: bool>(&self, timeout: Duration) -> Result<Out<T, OWNED>, AcquireTimeoutError> {
        let out = match self.take_near() {
            Some(out) => out,
            None => self.miss_timeout(timeout)?,
        };
        Ok(out.at(Location::caller()))
    }

    #[cold]
    fn miss_timeout<const OWNED: bool>(&self, timeout: Duration) -> Result<Out<T, OWNED>, AcquireTimeoutError> {
        // A deadline that the clock cannot express never comes.
        let deadline = Instant::now().checked_add(timeout);
        Engine::take_or_wait(self.engine(), deadline).map_err(|refusal| match refusal {
            Refusal::Exhausted => AcquireTimeoutError::TimedOut,
            Refusal::Closed => AcquireTimeoutError::Closed,
        })
    }

    /// Hands out the idle object that came back last to this thread, or another one, or a new one if none is found. Waits
    /// only while as many objects as [may live](PoolBuilder::max_live) are in use.
    ///
    /// O(1) and no lock while this thread has idle objects of its own; else the pool's lock, and at times a look into the
    /// magazine of every thread. A new object is one allocation and the factory's work, and takes the lock twice. A thread
    /// that holds all objects itself waits for ever.
    ///
    /// # Panics
    ///
    /// If the factory does: the pool and its counts are then as before. If the pool is [closed](Self::close).
    ///
    /// ```
    /// use lagom_pool::Pool;
    ///
    /// let pool = Pool::new(String::new);
    /// let mut text = pool.acquire();
    /// text.push('x');
    /// drop(text);
    /// assert_eq!(*pool.acquire(), "x", "no `reset` was set");
    /// ```
    #[inline]
    #[track_caller]
    pub fn acquire(&self) -> Pooled<'_, T> {
        Pooled::new(self.take_or_wait())
    }

    /// As [`acquire`](Self::acquire), with a guard that borrows nothing and may outlive the pool.
    ///
    /// # Panics
    ///
    /// As [`acquire`](Self::acquire).
    ///
    /// ```
    /// use lagom_pool::Pool;
    ///
    /// let pool = Pool::new(String::new);
    /// let text = pool.acquire_owned();
    /// let length = std::thread::spawn(move || text.len()).join().unwrap();
    /// assert_eq!((length, pool.len()), (0, 1));
    /// ```
    #[inline]
    #[track_caller]
    pub fn acquire_owned(&self) -> PooledOwned<T> {
        PooledOwned::new(self.take_or_wait())
    }

    /// As [`acquire`](Self::acquire), but never waits.
    ///
    /// # Errors
    ///
    /// [`Exhausted`](TryAcquireError::Exhausted) when as many objects as [may live](PoolBuilder::max_live) are in use, or
    /// others wait for one; [`Closed`](TryAcquireError::Closed) after [`close`](Self::close).
    ///
    /// # Panics
    ///
    /// If the factory does.
    ///
    /// ```
    /// use lagom_pool::Pool;
    ///
    /// let pool = Pool::builder(String::new).max_live(1).build();
    /// let only = pool.try_acquire().unwrap();
    /// assert!(pool.try_acquire().is_err());
    /// drop(only);
    /// assert!(pool.try_acquire().is_ok());
    /// ```
    #[inline]
    #[track_caller]
    pub fn try_acquire(&self) -> Result<Pooled<'_, T>, TryAcquireError> {
        self.try_take().map(Pooled::new)
    }

    /// As [`try_acquire`](Self::try_acquire), with a guard that borrows nothing and may outlive the pool.
    ///
    /// # Errors
    ///
    /// As [`try_acquire`](Self::try_acquire).
    ///
    /// # Panics
    ///
    /// If the factory does.
    ///
    /// ```
    /// use lagom_pool::Pool;
    ///
    /// let pool = Pool::builder(String::new).max_live(1).build();
    /// let only = pool.try_acquire_owned().unwrap();
    /// assert!(pool.try_acquire_owned().is_err());
    /// # drop(only);
    /// ```
    #[inline]
    #[track_caller]
    pub fn try_acquire_owned(&self) -> Result<PooledOwned<T>, TryAcquireError> {
        self.try_take().map(PooledOwned::new)
    }

    /// As [`acquire`](Self::acquire), but waits no longer than `timeout`; `Duration::MAX` is without end.
    ///
    /// The factory's own time is not bounded.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](AcquireTimeoutError::TimedOut) when no object came back in time;
    /// [`Closed`](AcquireTimeoutError::Closed) after [`close`](Self::close), also when that comes while this waits.
    ///
    /// # Panics
    ///
    /// If the factory does.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use lagom_pool::Pool;
    ///
    /// let pool = Pool::builder(String::new).max_live(1).build();
    /// let only = pool.acquire_timeout(Duration::ZERO).unwrap();
    /// assert!(pool.acquire_timeout(Duration::from_millis(1)).is_err());
    /// # drop(only);
    /// ```
    #[inline]
    #[track_caller]
    pub fn acquire_timeout(&self, timeout: Duration) -> Result<Pooled<'_, T>, AcquireTimeoutError> {
        self.take_timeout(timeout).map(Pooled::new)
    }

    /// As [`acquire_timeout`](Self::acquire_timeout), with a guard that borrows nothing and may outlive the pool.
    ///
    /// # Errors
    ///
    /// As [`acquire_timeout`](Self::acquire_timeout).
    ///
    /// # Panics
    ///
    /// If the factory does.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use lagom_pool::Pool;
    ///
    /// let pool = Pool::builder(String::new).max_live(1).build();
    /// let only = pool.acquire_owned_timeout(Duration::ZERO).unwrap();
    /// assert!(pool.acquire_owned_timeout(Duration::from_millis(1)).is_err());
    /// # drop(only);
    /// ```
    #[inline]
    #[track_caller]
    pub fn acquire_owned_timeout(&self, timeout: Duration) -> Result<PooledOwned<T>, AcquireTimeoutError> {
        self.take_timeout(timeout).map(PooledOwned::new)
    }

    /// Guards an object that was made elsewhere, as if it came from this pool: it goes to the pool when the guard is
    /// dropped.
    ///
    /// Counts as in use, but neither as created nor as reused. One allocation, one lock. Never waits: it may bring the pool
    /// beyond [`max_live`](PoolBuilder::max_live), which then makes no other until it is below again.
    ///
    /// ```
    /// use lagom_pool::Pool;
    ///
    /// let pool = Pool::new(Vec::new);
    /// drop(pool.attach(vec![1, 2, 3]));
    /// assert_eq!(*pool.acquire(), [1, 2, 3]);
    /// ```
    #[track_caller]
    pub fn attach(&self, value: T) -> Pooled<'_, T> {
        let object = Engine::adopt(self.engine(), value, false);
        Pooled::new(Out::from_home(object).at(Location::caller()))
    }

    /// As [`attach`](Self::attach), with a guard that borrows nothing and may outlive the pool.
    ///
    /// ```
    /// use lagom_pool::Pool;
    ///
    /// let pool = Pool::new(Vec::new);
    /// let guard = pool.attach_owned(vec![1, 2, 3]);
    /// std::thread::spawn(move || drop(guard)).join().unwrap();
    /// assert_eq!(*pool.acquire(), [1, 2, 3]);
    /// ```
    #[track_caller]
    pub fn attach_owned(&self, value: T) -> PooledOwned<T> {
        let object = Engine::adopt(self.engine(), value, true);
        PooledOwned::new(Out::from_home(object).at(Location::caller()))
    }

    /// Has the factory make objects until `n` are idle, but no more than [`max_idle`](Self::max_idle), before they are
    /// needed. Stops where [`max_live`](PoolBuilder::max_live) is reached, and does nothing once the pool is closed.
    ///
    /// What was missing is counted once, at the start: threads that acquire meanwhile do not prolong the call. No hook
    /// runs.
    ///
    /// # Panics
    ///
    /// If the factory does. The objects that were made before stay.
    ///
    /// ```
    /// use lagom_pool::Pool;
    ///
    /// let pool = Pool::new(|| vec![0_u8; 1024]);
    /// pool.prewarm(8);
    /// assert_eq!(pool.len(), 8);
    /// ```
    pub fn prewarm(&self, n: usize) {
        Engine::prewarm(self.engine(), n);
    }

    /// Drops idle objects until at most `keep` are left, those that were idle longest first, and frees the memory that
    /// held them.
    ///
    /// Objects in use are not touched. O(threads + idle); the lock is not held while objects are dropped.
    ///
    /// ```
    /// use lagom_pool::Pool;
    ///
    /// let pool = Pool::new(String::new);
    /// pool.prewarm(10);
    /// pool.trim(2);
    /// assert_eq!(pool.len(), 2);
    /// ```
    pub fn trim(&self, keep: usize) {
        self.engine().trim(keep);
    }

    /// Drops every idle object: `trim(0)`.
    ///
    /// ```
    /// use lagom_pool::Pool;
    ///
    /// let pool = Pool::new(String::new);
    /// pool.prewarm(10);
    /// pool.clear();
    /// assert!(pool.is_empty());
    /// ```
    pub fn clear(&self) {
        self.trim(0);
    }

    /// Ends the pool: drops every idle object, and wakes everybody who waits.
    ///
    /// From then on nothing is handed out ([`acquire`](Self::acquire) panics, the others say that it is closed), and
    /// objects that come back are dropped. Dropping the pool does the same. A second call does nothing. Where the system
    /// cannot fence other threads, and objects are in use, takes 1 ms (see the README).
    ///
    /// ```
    /// use lagom_pool::{Pool, TryAcquireError};
    ///
    /// let pool = Pool::new(String::new);
    /// let late = pool.acquire();
    /// pool.close();
    /// assert_eq!(pool.try_acquire().unwrap_err(), TryAcquireError::Closed);
    /// drop(late);
    /// assert!(pool.is_empty());
    /// ```
    pub fn close(&self) {
        self.engine().close();
    }

    /// Whether the pool was [closed](Self::close). Takes the pool's lock.
    ///
    /// ```
    /// use lagom_pool::Pool;
    ///
    /// assert!(!Pool::new(String::new).is_closed());
    /// ```
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.engine().is_closed()
    }

    /// How many objects are idle, those that threads keep for themselves included; exact.
    ///
    /// O(threads); keeps the threads out of their magazines for a moment, which on Linux is one system call.
    ///
    /// ```
    /// use lagom_pool::Pool;
    ///
    /// let pool = Pool::new(String::new);
    /// drop((pool.acquire(), pool.acquire()));
    /// assert_eq!(pool.len(), 2);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.stats().idle
    }

    /// Whether no object is idle, so that the next [`acquire`](Self::acquire) makes one.
    ///
    /// ```
    /// use lagom_pool::Pool;
    ///
    /// let pool = Pool::new(String::new);
    /// assert!(pool.is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many objects may be idle at any instant; see [`PoolBuilder::max_idle`]. O(1).
    ///
    /// ```
    /// use lagom_pool::Pool;
    ///
    /// assert_eq!(Pool::new(String::new).max_idle(), 100);
    /// ```
    #[must_use]
    pub fn max_idle(&self) -> usize {
        self.engine().max_idle
    }

    /// The objects that are in use, and, in debug builds, where each was acquired: to find the guard that never comes back.
    ///
    /// O(threads), as [`len`](Self::len), and O(objects) in debug builds.
    ///
    /// ```
    /// use lagom_pool::Pool;
    ///
    /// let pool = Pool::new(String::new);
    /// std::mem::forget(pool.acquire());
    /// assert_eq!(pool.outstanding().in_use(), 1);
    /// if cfg!(debug_assertions) {
    ///     let (place, objects) = pool.outstanding().places()[0];
    ///     assert_eq!((place.file(), objects), (file!(), 1));
    /// }
    /// ```
    #[must_use]
    pub fn outstanding(&self) -> Outstanding {
        self.engine().outstanding()
    }

    /// Counts the objects whose borrowed guards were forgotten as [leaked](Stats::leaked), and says how many they were.
    ///
    /// They are no longer in use, and others may be made in their stead where [`max_live`](PoolBuilder::max_live) bounds
    /// the pool. What was handed to a future that borrows the pool and was forgotten goes on to the next. This takes
    /// `&mut self`, so that no borrowed guard can be alive any more: what is out without an owned guard can never come
    /// back. Forgotten owned guards cannot be told from living ones. O(threads), as [`len`](Self::len).
    ///
    /// ```
    /// use lagom_pool::Pool;
    ///
    /// let mut pool = Pool::builder(String::new).max_live(1).build();
    /// std::mem::forget(pool.acquire());
    /// assert!(pool.try_acquire().is_err());
    /// assert_eq!(pool.write_off_leaked(), 1);
    /// assert!(pool.try_acquire().is_ok());
    /// ```
    pub fn write_off_leaked(&mut self) -> usize {
        Engine::write_off(self.engine())
    }

    /// What the pool has done so far, of one instant.
    ///
    /// O(threads), as [`len`](Self::len); nothing allocated. Keeping the counts costs no lock.
    ///
    /// ```
    /// use lagom_pool::Pool;
    ///
    /// let pool = Pool::new(String::new);
    /// drop(pool.acquire());
    /// assert_eq!(pool.stats().created(), 1);
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.engine().stats()
    }
}

impl<T> Drop for Pool<T> {
    fn drop(&mut self) {
        if let Some(engine) = self.engine.get() {
            engine.close();
        }
    }
}

/// The pool of `T::default`.
///
/// ```
/// use lagom_pool::Pool;
///
/// let pool: Pool<Vec<u8>> = Pool::default();
/// assert!(pool.acquire().is_empty());
/// ```
impl<T: Default> Default for Pool<T> {
    fn default() -> Self {
        Self::new(T::default)
    }
}

impl<T> fmt::Debug for Pool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

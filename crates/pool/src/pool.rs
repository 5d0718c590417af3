//! The pool.

use std::fmt;
use std::sync::OnceLock;

use lagom_base::sync::Arc;

use crate::builder::{Factory, PoolBuilder};
use crate::engine::Engine;
use crate::guard::{Pooled, PooledOwned};
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
    engine: OnceLock<Arc<Engine<T>>>,
    /// What the first use makes it with; not asked after that.
    factory: Option<fn() -> T>,
}

impl<T> Pool<T> {
    /// A pool that keeps up to 100 idle objects; usable in a `static`.
    ///
    /// `factory` makes an object when none is idle; a closure that captures nothing will do. Allocates at its first use, not
    /// here. [`builder`](Self::builder) has more settings; a `static` with such settings is a `LazyLock<Pool<T>>`.
    ///
    /// ```
    /// use lagom_pool::Pool;
    ///
    /// static POOL: Pool<String> = Pool::new(|| String::with_capacity(80));
    /// assert_eq!(POOL.acquire().capacity(), 80);
    /// ```
    #[must_use]
    pub const fn new(factory: fn() -> T) -> Self {
        Self { engine: OnceLock::new(), factory: Some(factory) }
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
        Self { engine: OnceLock::from(Arc::new(engine)), factory: None }
    }

    #[inline]
    fn engine(&self) -> &Arc<Engine<T>> {
        match self.engine.get() {
            Some(engine) => engine,
            None => self.make_engine(),
        }
    }

    #[cold]
    fn make_engine(&self) -> &Arc<Engine<T>> {
        self.engine.get_or_init(|| {
            let factory = self.factory.expect("a pool without an engine was made by `new`");
            Arc::new(Engine::new(PoolBuilder::new(Factory::Plain(factory))))
        })
    }

    /// Hands out the idle object that came back last to this thread, or another one, or a new one if none is found. Never
    /// waits for an object.
    ///
    /// O(1); no lock while this thread has idle objects of its own. A new object is one allocation and the factory's work,
    /// and takes the pool's lock twice.
    ///
    /// # Panics
    ///
    /// If the factory does. The pool and its counts are then as before.
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
    pub fn acquire(&self) -> Pooled<'_, T> {
        let engine = self.engine();
        Pooled::new(Engine::take(engine))
    }

    /// As [`acquire`](Self::acquire), with a guard that borrows nothing and may outlive the pool.
    ///
    /// # Panics
    ///
    /// If the factory does. The pool and its counts are then as before.
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
    pub fn acquire_owned(&self) -> PooledOwned<T> {
        let engine = self.engine();
        PooledOwned::new(Engine::take(engine))
    }

    /// Guards an object that was made elsewhere, as if it came from this pool: it goes to the pool when the guard is
    /// dropped.
    ///
    /// Counts as in use, but neither as created nor as reused. One allocation, one lock.
    ///
    /// ```
    /// use lagom_pool::Pool;
    ///
    /// let pool = Pool::new(Vec::new);
    /// drop(pool.attach(vec![1, 2, 3]));
    /// assert_eq!(*pool.acquire(), [1, 2, 3]);
    /// ```
    pub fn attach(&self, value: T) -> Pooled<'_, T> {
        let engine = self.engine();
        Pooled::new(Engine::adopt(engine, value))
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
    pub fn attach_owned(&self, value: T) -> PooledOwned<T> {
        let engine = self.engine();
        PooledOwned::new(Engine::adopt(engine, value))
    }

    /// Has the factory make objects until `n` are idle, but no more than [`max_idle`](Self::max_idle), before they are
    /// needed.
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
    /// Objects in use are not touched. O(idle); the lock is not held while objects are dropped.
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
        self.engine().len()
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

    /// How many objects may be idle at any instant; see [`PoolBuilder::max_idle`].
    ///
    /// ```
    /// use lagom_pool::Pool;
    ///
    /// assert_eq!(Pool::new(String::new).max_idle(), 100);
    /// ```
    #[must_use]
    pub fn max_idle(&self) -> usize {
        self.engine().max_idle()
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

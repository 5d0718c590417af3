//! The local pool.

use alloc::boxed::Box;
use alloc::rc::Rc;
use core::cell::OnceCell;
use core::fmt;
use core::panic::RefUnwindSafe;

use super::builder::{Factory, LocalPoolBuilder};
use super::engine::Engine;
use super::guard::{LocalPooled, LocalPooledOwned};
use crate::error::TryAcquireError;
use crate::stats::Stats;

/// A pool of objects of type `T` for one thread: no atomics, no locks; needs no std, only an allocator.
///
/// The single-threaded twin of [`Pool`](crate::Pool), neither `Send` nor `Sync`. [`acquire`](Self::acquire) hands out the
/// object that came back last, or has the factory make one; the guard gives it back when it is dropped. Dropping the pool
/// drops what is idle; guards that live on drop their objects.
///
/// A pool that was busier once gives memory back by itself: of the objects that stayed idle through 65,536 reuses, half
/// are dropped, those that were idle longest first, until none is left that nobody needs. This happens in the next
/// acquisition and costs O(idle) then.
///
/// The factory, the hooks and `T::drop` may use the same pool. A panic in the factory changes nothing; an object whose hook
/// panics is discarded. In a pool with hooks a guard that is dropped *while its thread unwinds* discards its object and
/// runs none; without the feature `std` the pool cannot tell, and takes the object back as any other (a hook that panics
/// then aborts the process). A pool without hooks keeps objects as they come. `mem::forget` of a guard leaks its object,
/// which counts as in use for ever.
///
/// ```
/// use lagom_pool::LocalPool;
///
/// thread_local! {
///     static BUFFERS: LocalPool<Vec<u8>> = const { LocalPool::new(|| Vec::with_capacity(4096)) };
/// }
///
/// fn checksum(data: &[u8]) -> u32 {
///     BUFFERS.with(|buffers| {
///         let mut scratch = buffers.acquire();
///         scratch.clear();
///         scratch.extend(data.iter().rev());
///         scratch.iter().fold(0_u32, |sum, byte| sum.rotate_left(5) ^ u32::from(*byte))
///     })
/// }
///
/// assert_eq!(checksum(b"lagom"), checksum(b"lagom"));
/// assert_eq!(BUFFERS.with(|buffers| buffers.stats().reused()), 1);
/// ```
pub struct LocalPool<T> {
    /// Made at the first use, for in a const nothing can be allocated; a builder makes it at once.
    engine: OnceCell<Rc<Engine<T>>>,
    /// What the first use makes it with; not asked after that.
    factory: Option<fn() -> T>,
}

/// The cell is written once, with an engine that is whole.
impl<T> RefUnwindSafe for LocalPool<T> {}

impl<T> LocalPool<T> {
    /// A pool that keeps up to 100 idle objects; usable in a `thread_local!` with `const`.
    ///
    /// `factory` makes an object when none is idle; a closure that captures nothing will do. Allocates at its first
    /// use, not here. [`builder`](Self::builder) has more settings.
    ///
    /// ```
    /// use lagom_pool::LocalPool;
    ///
    /// let pool: LocalPool<String> = const { LocalPool::new(|| String::with_capacity(80)) };
    /// assert_eq!(pool.acquire().capacity(), 80);
    /// ```
    #[must_use]
    pub const fn new(factory: fn() -> T) -> Self {
        Self { engine: OnceCell::new(), factory: Some(factory) }
    }

    /// The settings of a pool whose `factory` makes an object when none is idle.
    ///
    /// ```
    /// use std::cell::Cell;
    /// use lagom_pool::LocalPool;
    ///
    /// let next = Cell::new(0);
    /// let pool = LocalPool::builder(move || next.replace(next.get() + 1)).max_idle(2).build();
    /// let (first, second) = (pool.acquire(), pool.acquire());
    /// assert_eq!((*first, *second), (0, 1));
    /// ```
    pub fn builder(factory: impl Fn() -> T + 'static) -> LocalPoolBuilder<T> {
        LocalPoolBuilder::new(Factory::Boxed(Box::new(factory)))
    }

    pub(super) fn from_engine(engine: Engine<T>) -> Self {
        Self { engine: OnceCell::from(Rc::new(engine)), factory: None }
    }

    #[inline]
    fn engine(&self) -> &Rc<Engine<T>> {
        match self.engine.get() {
            Some(engine) => engine,
            None => self.make_engine(),
        }
    }

    #[cold]
    fn make_engine(&self) -> &Rc<Engine<T>> {
        self.engine.get_or_init(|| {
            let factory = self.factory.expect("a pool without an engine was made by `new`");
            Rc::new(Engine::new(LocalPoolBuilder::new(Factory::Plain(factory))))
        })
    }

    /// Hands out the idle object that came back last, or a new one if none is idle.
    ///
    /// O(1) and no allocation for an idle object; a new one is one allocation and the factory's work.
    ///
    /// # Panics
    ///
    /// If the factory does; the pool and its counts are then as before. If the pool was [closed](Self::close). If none is
    /// idle and [`max_live`](LocalPoolBuilder::max_live) objects are in use: the one thread there is would wait for itself
    /// for ever. [`try_acquire`](Self::try_acquire) says the last two as an error.
    ///
    /// ```
    /// use lagom_pool::LocalPool;
    ///
    /// let pool = LocalPool::new(String::new);
    /// let mut text = pool.acquire();
    /// text.push('x');
    /// drop(text);
    /// assert_eq!(*pool.acquire(), "x", "no `reset` was set");
    /// ```
    #[inline]
    #[track_caller]
    pub fn acquire(&self) -> LocalPooled<'_, T> {
        let engine: &Engine<T> = self.engine();
        LocalPooled::new(engine.take().unwrap_or_else(|error| refuse(error)), engine)
    }

    /// As [`acquire`](Self::acquire), but an error where the pool may hand out nothing.
    ///
    /// # Errors
    ///
    /// [`Closed`](TryAcquireError::Closed) after [`close`](Self::close); [`Exhausted`](TryAcquireError::Exhausted) if none
    /// is idle and [`max_live`](LocalPoolBuilder::max_live) objects are in use.
    ///
    /// # Panics
    ///
    /// If the factory does. The pool and its counts are then as before.
    ///
    /// ```
    /// use lagom_pool::{LocalPool, TryAcquireError};
    ///
    /// let pool = LocalPool::builder(String::new).max_live(1).build();
    /// let text = pool.try_acquire()?;
    /// assert_eq!(pool.try_acquire().unwrap_err(), TryAcquireError::Exhausted);
    /// # drop(text);
    /// # Ok::<(), TryAcquireError>(())
    /// ```
    #[inline]
    pub fn try_acquire(&self) -> Result<LocalPooled<'_, T>, TryAcquireError> {
        let engine: &Engine<T> = self.engine();
        Ok(LocalPooled::new(engine.take()?, engine))
    }

    /// As [`acquire`](Self::acquire), with a guard that borrows nothing and may outlive the pool.
    ///
    /// # Panics
    ///
    /// As [`acquire`](Self::acquire).
    ///
    /// ```
    /// use lagom_pool::{LocalPool, LocalPooledOwned};
    ///
    /// struct Parser {
    ///     scratch: LocalPooledOwned<String>,
    /// }
    ///
    /// let pool = LocalPool::new(String::new);
    /// let parser = Parser { scratch: pool.acquire_owned() };
    /// drop(parser);
    /// assert_eq!(pool.len(), 1);
    /// ```
    #[inline]
    #[track_caller]
    pub fn acquire_owned(&self) -> LocalPooledOwned<T> {
        let engine = self.engine();
        LocalPooledOwned::new(engine.take().unwrap_or_else(|error| refuse(error)), Rc::clone(engine))
    }

    /// As [`try_acquire`](Self::try_acquire), with a guard that borrows nothing and may outlive the pool.
    ///
    /// # Errors
    ///
    /// As [`try_acquire`](Self::try_acquire).
    ///
    /// # Panics
    ///
    /// If the factory does. The pool and its counts are then as before.
    ///
    /// ```
    /// use lagom_pool::{LocalPool, TryAcquireError};
    ///
    /// let pool = LocalPool::new(String::new);
    /// pool.close();
    /// assert_eq!(pool.try_acquire_owned().unwrap_err(), TryAcquireError::Closed);
    /// ```
    #[inline]
    pub fn try_acquire_owned(&self) -> Result<LocalPooledOwned<T>, TryAcquireError> {
        let engine = self.engine();
        Ok(LocalPooledOwned::new(engine.take()?, Rc::clone(engine)))
    }

    /// Guards an object that was made elsewhere, as if it came from this pool: it goes to the pool when the guard is
    /// dropped.
    ///
    /// Counts as in use, but neither as created nor as reused. O(1), one allocation. Never refused: see
    /// [`max_live`](LocalPoolBuilder::max_live).
    ///
    /// ```
    /// use lagom_pool::LocalPool;
    ///
    /// let pool = LocalPool::new(Vec::new);
    /// drop(pool.attach(vec![1, 2, 3]));
    /// assert_eq!(*pool.acquire(), [1, 2, 3]);
    /// ```
    pub fn attach(&self, value: T) -> LocalPooled<'_, T> {
        let engine: &Engine<T> = self.engine();
        LocalPooled::new(engine.adopt(value), engine)
    }

    /// As [`attach`](Self::attach), with a guard that borrows nothing and may outlive the pool.
    ///
    /// ```
    /// use lagom_pool::LocalPool;
    ///
    /// let pool = LocalPool::new(Vec::new);
    /// drop(pool.attach_owned(vec![1, 2, 3]));
    /// assert_eq!(*pool.acquire(), [1, 2, 3]);
    /// ```
    pub fn attach_owned(&self, value: T) -> LocalPooledOwned<T> {
        let engine = self.engine();
        LocalPooledOwned::new(engine.adopt(value), Rc::clone(engine))
    }

    /// Has the factory make objects until `n` are idle, before they are needed; no more than
    /// [`max_idle`](Self::max_idle), nor than may live, nor any after [`close`](Self::close).
    ///
    /// What was missing is counted once, at the start. No hook runs.
    ///
    /// # Panics
    ///
    /// If the factory does. The objects that were made before stay.
    ///
    /// ```
    /// use lagom_pool::LocalPool;
    ///
    /// let pool = LocalPool::new(|| vec![0_u8; 1024]);
    /// pool.prewarm(8);
    /// assert_eq!(pool.len(), 8);
    /// ```
    pub fn prewarm(&self, n: usize) {
        self.engine().prewarm(n);
    }

    /// Drops idle objects until at most `keep` are left, those that were idle longest first, and frees the memory that
    /// held them.
    ///
    /// Objects in use are not touched. O(idle).
    ///
    /// ```
    /// use lagom_pool::LocalPool;
    ///
    /// let pool = LocalPool::new(String::new);
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
    /// use lagom_pool::LocalPool;
    ///
    /// let pool = LocalPool::new(String::new);
    /// pool.prewarm(10);
    /// pool.clear();
    /// assert!(pool.is_empty());
    /// ```
    pub fn clear(&self) {
        self.trim(0);
    }

    /// Ends the pool: drops what is idle, and what comes back later too. Nothing is handed out any more.
    ///
    /// O(idle). Closing twice is closing once. Objects in use are not touched, and objects may still be
    /// [attached](Self::attach), to be dropped with their guards.
    ///
    /// ```
    /// use lagom_pool::LocalPool;
    ///
    /// let pool = LocalPool::new(String::new);
    /// let text = pool.acquire();
    /// pool.close();
    /// assert!(pool.try_acquire().is_err());
    /// drop(text);
    /// assert!(pool.is_empty());
    /// ```
    pub fn close(&self) {
        self.engine().close();
    }

    /// Whether [`close`](Self::close) was called. O(1).
    ///
    /// ```
    /// use lagom_pool::LocalPool;
    ///
    /// let pool = LocalPool::new(String::new);
    /// assert!(!pool.is_closed());
    /// pool.close();
    /// assert!(pool.is_closed());
    /// ```
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.engine().is_closed()
    }

    /// How many objects are idle. O(1).
    ///
    /// ```
    /// use lagom_pool::LocalPool;
    ///
    /// let pool = LocalPool::new(String::new);
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
    /// use lagom_pool::LocalPool;
    ///
    /// let pool = LocalPool::new(String::new);
    /// assert!(pool.is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many objects may be idle at any instant; see [`LocalPoolBuilder::max_idle`].
    ///
    /// ```
    /// use lagom_pool::LocalPool;
    ///
    /// assert_eq!(LocalPool::new(String::new).max_idle(), 100);
    /// ```
    #[must_use]
    pub fn max_idle(&self) -> usize {
        self.engine().max_idle()
    }

    /// What the pool has done so far. O(1).
    ///
    /// Objects that were idle for long and were dropped for that count as those that `trim` drops: nowhere.
    ///
    /// ```
    /// use lagom_pool::LocalPool;
    ///
    /// let pool = LocalPool::new(String::new);
    /// drop(pool.acquire());
    /// assert_eq!(pool.stats().created(), 1);
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.engine().stats()
    }
}

#[cold]
#[track_caller]
fn refuse(error: TryAcquireError) -> ! {
    panic!("{error}; `try_acquire` returns this as an error")
}

impl<T> Drop for LocalPool<T> {
    fn drop(&mut self) {
        if let Some(engine) = self.engine.get() {
            engine.close();
        }
    }
}

/// The pool of `T::default`.
///
/// ```
/// use lagom_pool::LocalPool;
///
/// let pool: LocalPool<Vec<u8>> = LocalPool::default();
/// assert!(pool.acquire().is_empty());
/// ```
impl<T: Default> Default for LocalPool<T> {
    fn default() -> Self {
        Self::new(T::default)
    }
}

impl<T> fmt::Debug for LocalPool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalPool").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

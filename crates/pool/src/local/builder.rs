//! The settings of a local pool.

use alloc::boxed::Box;
use core::fmt;

use super::engine::Engine;
use super::pool::LocalPool;

/// The default of [`LocalPoolBuilder::max_idle`].
const DEFAULT_MAX_IDLE: usize = 100;

/// What makes an object. Two forms, since a boxed `fn() -> T` would ask for `T: 'static`.
pub(super) enum Factory<T> {
    Plain(fn() -> T),
    Boxed(Box<dyn Fn() -> T>),
}

impl<T> Factory<T> {
    pub(super) fn build(&self) -> T {
        match self {
            Self::Plain(factory) => factory(),
            Self::Boxed(factory) => factory(),
        }
    }
}

pub(super) type Reset<T> = Box<dyn Fn(&mut T)>;
pub(super) type RetainIf<T> = Box<dyn Fn(&T) -> bool>;

/// The settings of a [`LocalPool`], from [`LocalPool::builder`].
///
/// ```
/// use lagom_pool::LocalPool;
///
/// let pool = LocalPool::builder(|| String::with_capacity(1024))
///     .max_idle(8)
///     .reset(String::clear)
///     .retain_if(|text| text.capacity() <= 64 * 1024)
///     .build();
/// pool.acquire().push_str("a secret");
/// assert_eq!(*pool.acquire(), "");
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct LocalPoolBuilder<T> {
    pub(super) factory: Factory<T>,
    pub(super) reset: Option<Reset<T>>,
    pub(super) retain_if: Option<RetainIf<T>>,
    pub(super) max_idle: usize,
    pub(super) max_live: usize,
}

impl<T> LocalPoolBuilder<T> {
    pub(super) fn new(factory: Factory<T>) -> Self {
        Self { factory, reset: None, retain_if: None, max_idle: DEFAULT_MAX_IDLE, max_live: usize::MAX }
    }

    /// How many objects may be idle at any instant; 100 by default.
    ///
    /// 0 keeps nothing: every object is dropped when it comes back. `usize::MAX` keeps everything. Nothing is allocated
    /// ahead.
    ///
    /// ```
    /// use lagom_pool::LocalPool;
    ///
    /// let pool = LocalPool::builder(Vec::<u8>::new).max_idle(1).build();
    /// drop((pool.acquire(), pool.acquire()));
    /// assert_eq!(pool.len(), 1);
    /// ```
    pub fn max_idle(mut self, max_idle: usize) -> Self {
        self.max_idle = max_idle;
        self
    }

    /// How many objects may live at once, idle and in use together; no limit by default.
    ///
    /// At least 1: 0 is taken as 1. When none is idle and so many are in use, the factory is not asked:
    /// [`try_acquire`](LocalPool::try_acquire) is an error and [`acquire`](LocalPool::acquire) panics.
    /// [`attach`](LocalPool::attach) is never refused; it may bring more, and then what comes back is discarded until
    /// no more live than may.
    ///
    /// ```
    /// use lagom_pool::LocalPool;
    ///
    /// let pool = LocalPool::builder(Vec::<u8>::new).max_live(2).build();
    /// let (a, b) = (pool.acquire(), pool.acquire());
    /// assert!(pool.try_acquire().is_err());
    /// drop(a);
    /// assert!(pool.try_acquire().is_ok());
    /// # drop(b);
    /// ```
    pub fn max_live(mut self, max_live: usize) -> Self {
        self.max_live = max_live.max(1);
        self
    }

    /// Cleans an object when it comes back, before it is idle, so that neither secrets nor bloat sit in the pool.
    ///
    /// Nothing by default. Whether it runs for an object that is then dropped, because there is no room, is not promised.
    /// If it panics the object is discarded and the panic goes on. It does not run for a guard that is dropped while its
    /// thread unwinds (the object is discarded; without the feature `std` the pool cannot tell, and it does run), nor after
    /// the pool is closed or gone, nor for objects that are [detached](crate::LocalPooled::detach) or
    /// [prewarmed](LocalPool::prewarm).
    ///
    /// ```
    /// use lagom_pool::LocalPool;
    ///
    /// let pool = LocalPool::builder(Vec::new).reset(Vec::clear).build();
    /// pool.acquire().push(1);
    /// assert!(pool.acquire().is_empty());
    /// ```
    pub fn reset(mut self, reset: impl Fn(&mut T) + 'static) -> Self {
        self.reset = Some(Box::new(reset));
        self
    }

    /// Says of an object that comes back whether it may be kept: drop the one buffer that grew to 1 GiB, or what broke.
    ///
    /// Everything is kept by default. Runs after [`reset`](Self::reset), on the object as it would sit idle, and under the
    /// same conditions; a panic discards the object.
    ///
    /// ```
    /// use lagom_pool::LocalPool;
    ///
    /// let pool = LocalPool::builder(Vec::<u8>::new).retain_if(|b| b.capacity() <= 4096).build();
    /// pool.acquire().reserve(1_000_000);
    /// assert_eq!(pool.len(), 0);
    /// assert_eq!(pool.stats().discarded(), 1);
    /// ```
    pub fn retain_if(mut self, retain_if: impl Fn(&T) -> bool + 'static) -> Self {
        self.retain_if = Some(Box::new(retain_if));
        self
    }

    /// The pool. Empty: see [`LocalPool::prewarm`]. Allocates once.
    ///
    /// ```
    /// use lagom_pool::LocalPool;
    ///
    /// let pool: LocalPool<Vec<u8>> = LocalPool::builder(Vec::new).build();
    /// assert!(pool.is_empty());
    /// ```
    #[must_use]
    pub fn build(self) -> LocalPool<T> {
        LocalPool::from_engine(Engine::new(self))
    }
}

impl<T> fmt::Debug for LocalPoolBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalPoolBuilder")
            .field("max_idle", &self.max_idle)
            .field("max_live", &self.max_live)
            .field("reset", &self.reset.is_some())
            .field("retain_if", &self.retain_if.is_some())
            .finish_non_exhaustive()
    }
}

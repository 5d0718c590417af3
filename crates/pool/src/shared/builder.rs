//! The settings of a pool.

use std::fmt;

use crate::Pool;
use crate::shared::engine::Engine;

/// The default of [`PoolBuilder::max_idle`].
const DEFAULT_MAX_IDLE: usize = 100;

/// What makes an object. Two forms, since a boxed `fn() -> T` would ask for `T: 'static`.
pub(crate) enum Factory<T> {
    Plain(fn() -> T),
    Boxed(Box<dyn Fn() -> T + Send + Sync>),
}

impl<T> Factory<T> {
    pub(crate) fn build(&self) -> T {
        match self {
            Self::Plain(factory) => factory(),
            Self::Boxed(factory) => factory(),
        }
    }
}

pub(crate) type Hook<T> = Box<dyn Fn(&mut T) -> bool + Send + Sync>;

/// What makes an object fit to be kept, or says that it is not.
pub(crate) struct Hooks<T> {
    /// Always there if there is any, so that a pool without hooks asks once.
    first: Option<Hook<T>>,
    second: Option<Hook<T>>,
}

impl<T> Hooks<T> {
    pub(crate) fn new(reset: Option<Hook<T>>, retain_if: Option<Hook<T>>) -> Self {
        match (reset, retain_if) {
            (None, only) => Self { first: only, second: None },
            (first, second) => Self { first, second },
        }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    #[inline]
    pub(crate) fn make_fit(&self, value: &mut T) -> bool {
        let fit = |hook: &Option<Hook<T>>, value: &mut T| hook.as_ref().is_none_or(|hook| hook(value));
        fit(&self.first, value) && fit(&self.second, value)
    }
}

/// The settings of a [`Pool`], from [`Pool::builder`].
///
/// ```
/// use lagom_pool::Pool;
///
/// let pool = Pool::builder(|| String::with_capacity(1024))
///     .max_idle(8)
///     .reset(String::clear)
///     .retain_if(|text| text.capacity() <= 64 * 1024)
///     .build();
/// pool.acquire().push_str("a secret");
/// assert_eq!(*pool.acquire(), "");
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct PoolBuilder<T> {
    pub(crate) factory: Factory<T>,
    pub(crate) reset: Option<Hook<T>>,
    pub(crate) retain_if: Option<Hook<T>>,
    pub(crate) max_idle: usize,
    pub(crate) max_live: usize,
}

impl<T> PoolBuilder<T> {
    pub(crate) fn new(factory: Factory<T>) -> Self {
        Self { factory, reset: None, retain_if: None, max_idle: DEFAULT_MAX_IDLE, max_live: usize::MAX }
    }

    /// How many objects may be idle at any instant; 100 by default.
    ///
    /// 0 keeps nothing: every object is dropped when it comes back. `usize::MAX` keeps everything. Nothing is allocated
    /// ahead.
    ///
    /// ```
    /// use lagom_pool::Pool;
    ///
    /// let pool = Pool::builder(Vec::<u8>::new).max_idle(1).build();
    /// drop((pool.acquire(), pool.acquire()));
    /// assert_eq!(pool.len(), 1);
    /// ```
    pub fn max_idle(mut self, max_idle: usize) -> Self {
        self.max_idle = max_idle;
        self
    }

    /// How many objects may live at any instant, in use, idle, or being made; without bound by default. At least 1: 0 is
    /// taken as 1.
    ///
    /// When so many live and none is idle, [`acquire`](Pool::acquire) waits until one comes back,
    /// [`try_acquire`](Pool::try_acquire) fails. Waiters are served in the order of their coming, threads and tasks
    /// alike. A hit costs what it costs without this bound. Objects that are [attached](Pool::attach) count, but
    /// attaching never waits: it may exceed the bound.
    ///
    /// ```
    /// use lagom_pool::Pool;
    ///
    /// let pool = Pool::builder(String::new).max_live(2).build();
    /// std::thread::scope(|scope| {
    ///     for _ in 0..8 {
    ///         scope.spawn(|| pool.acquire().push('x')); // at most two at a time
    ///     }
    /// });
    /// assert!(pool.stats().created() <= 2);
    /// ```
    pub fn max_live(mut self, max_live: usize) -> Self {
        self.max_live = max_live.max(1);
        self
    }

    /// Cleans an object when it comes back, before it is idle, so that neither secrets nor bloat sit in the pool.
    ///
    /// Nothing by default. Runs outside of every lock, in the thread that drops the guard; whether it runs for an object
    /// that is then dropped, because there is no room, is not promised. If it panics the object is discarded and the
    /// panic goes on. It does not run for a guard that is dropped while its thread unwinds (the object is discarded), nor
    /// after the pool is [closed](Pool::close) or dropped, nor for objects that are
    /// [detached](crate::Pooled::detach) or [prewarmed](Pool::prewarm).
    ///
    /// ```
    /// use lagom_pool::Pool;
    ///
    /// let pool = Pool::builder(Vec::new).reset(Vec::clear).build();
    /// pool.acquire().push(1);
    /// assert!(pool.acquire().is_empty());
    /// ```
    pub fn reset(mut self, reset: impl Fn(&mut T) + Send + Sync + 'static) -> Self {
        self.reset = Some(Box::new(move |object| {
            reset(object);
            true
        }));
        self
    }

    /// Says of an object that comes back whether it may be kept: drop the one buffer that grew to 1 GiB, or what broke.
    ///
    /// Everything is kept by default. Runs after [`reset`](Self::reset), on the object as it would sit idle, and under the
    /// same conditions: outside of every lock; a panic discards the object.
    ///
    /// ```
    /// use lagom_pool::Pool;
    ///
    /// let pool = Pool::builder(Vec::<u8>::new).reset(Vec::clear).retain_if(|b| b.capacity() <= 4096).build();
    /// pool.acquire().reserve(1_000_000);
    /// assert_eq!(pool.len(), 0);
    /// assert_eq!(pool.stats().discarded(), 1);
    /// ```
    pub fn retain_if(mut self, retain_if: impl Fn(&T) -> bool + Send + Sync + 'static) -> Self {
        self.retain_if = Some(Box::new(move |object| retain_if(object)));
        self
    }

    /// The pool. Empty: see [`Pool::prewarm`]. Allocates once.
    ///
    /// ```
    /// use lagom_pool::Pool;
    ///
    /// let pool: Pool<Vec<u8>> = Pool::builder(Vec::new).build();
    /// assert!(pool.is_empty());
    /// ```
    #[must_use]
    pub fn build(self) -> Pool<T> {
        Pool::from_engine(Engine::new(self))
    }
}

impl<T> fmt::Debug for PoolBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolBuilder")
            .field("max_idle", &self.max_idle)
            .field("max_live", &(self.max_live < usize::MAX).then_some(self.max_live))
            .field("reset", &self.reset.is_some())
            .field("retain_if", &self.retain_if.is_some())
            .finish_non_exhaustive()
    }
}

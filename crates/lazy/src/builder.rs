//! The settings of an expiring value.

use core::fmt;
use core::marker::PhantomData;
use core::time::Duration;

use lagom_base::clock::Clock;

use crate::ExpiringLazy;

/// Builds an [`ExpiringLazy`]; [`ExpiringLazy::builder`] makes it.
///
/// ```
/// use core::time::Duration;
/// use lagom_lazy::ExpiringLazy;
///
/// let lazy = ExpiringLazy::builder(|| 42).ttl(Duration::from_secs(60)).build();
/// assert_eq!(*lazy.get(), 42);
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct ExpiringLazyBuilder<T, F> {
    f: F,
    ttl: Duration,
    clock: Clock,
    value: PhantomData<fn() -> T>,
}

impl<T, F> ExpiringLazyBuilder<T, F> {
    pub(crate) fn new(f: F) -> Self {
        Self { f, ttl: Duration::MAX, clock: Clock::SYSTEM, value: PhantomData }
    }

    /// How long a value is served, counted from when its computation *began*: default for ever, [`Duration::MAX`].
    ///
    /// 0 computes on every read.
    ///
    /// ```
    /// use core::cell::Cell;
    /// use core::time::Duration;
    /// use lagom_lazy::ExpiringLazy;
    ///
    /// let calls = Cell::new(0);
    /// let lazy = ExpiringLazy::builder(|| calls.replace(calls.get() + 1)).ttl(Duration::ZERO).build();
    /// assert_eq!((*lazy.get(), *lazy.get()), (0, 1));
    /// ```
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// The clock that `ttl` is measured with, the time since any fixed moment: default the monotonic system clock.
    ///
    /// It is asked outside of every lock. It may stand still; if it jumps back, the value lives longer by as much.
    ///
    /// ```
    /// use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
    /// use core::time::Duration;
    /// use lagom_lazy::ExpiringLazy;
    ///
    /// static NOW: AtomicU64 = AtomicU64::new(0);
    /// let lazy = ExpiringLazy::builder(|| NOW.load(Relaxed))
    ///     .ttl(Duration::from_secs(10))
    ///     .clock(|| Duration::from_secs(NOW.load(Relaxed)))
    ///     .build();
    /// assert_eq!(*lazy.get(), 0);
    /// NOW.store(9, Relaxed);
    /// assert_eq!(*lazy.get(), 0);
    /// NOW.store(10, Relaxed);
    /// assert_eq!(*lazy.get(), 10);
    /// ```
    pub fn clock(mut self, clock: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        self.clock = Clock::custom(clock);
        self
    }

    /// The lazy value, not yet computed.
    ///
    /// ```
    /// let lazy = lagom_lazy::ExpiringLazy::builder(|| 42).build();
    /// assert_eq!(*lazy.get(), 42);
    /// ```
    #[must_use]
    pub fn build(self) -> ExpiringLazy<T, F> {
        ExpiringLazy::from_settings(self.ttl, self.clock, self.f)
    }
}

impl<T, F> fmt::Debug for ExpiringLazyBuilder<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExpiringLazyBuilder")
            .field("ttl", &self.ttl)
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}

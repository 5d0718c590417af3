//! What an expiring value has cost so far.

use core::fmt;
use core::time::Duration;

/// A snapshot of the counts of an [`ExpiringLazy`](crate::ExpiringLazy). Reads are not counted.
///
/// ```
/// use core::time::Duration;
/// use lagom_lazy::ExpiringLazy;
///
/// let lazy = ExpiringLazy::builder(|| 42).clock(|| Duration::ZERO).build();
/// lazy.get();
/// assert_eq!(lazy.stats().to_string(), "1 computed, 0 failed, the last one took 0ns");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Stats {
    pub(crate) computations: u64,
    pub(crate) failures: u64,
    pub(crate) last_duration: Option<Duration>,
}

impl Stats {
    /// Computations that gave a value, kept or not.
    ///
    /// ```
    /// let lazy = lagom_lazy::ExpiringLazy::new(core::time::Duration::MAX, || 42);
    /// lazy.get();
    /// lazy.get();
    /// assert_eq!(lazy.stats().computations(), 1);
    /// ```
    #[must_use]
    pub const fn computations(&self) -> u64 {
        self.computations
    }

    /// Computations that panicked or returned an error.
    ///
    /// ```
    /// let lazy = lagom_lazy::ExpiringLazy::try_new(core::time::Duration::MAX, || "x".parse::<i32>());
    /// assert!(lazy.try_get().is_err());
    /// assert_eq!(lazy.stats().failures(), 1);
    /// ```
    #[must_use]
    pub const fn failures(&self) -> u64 {
        self.failures
    }

    /// How long the last computation that gave a value took, by the clock of the lazy value; `None` before the first.
    ///
    /// ```
    /// let lazy = lagom_lazy::ExpiringLazy::new(core::time::Duration::MAX, || 42);
    /// assert_eq!(lazy.stats().last_duration(), None);
    /// ```
    #[must_use]
    pub const fn last_duration(&self) -> Option<Duration> {
        self.last_duration
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} computed, {} failed", self.computations, self.failures)?;
        match self.last_duration {
            Some(duration) => write!(f, ", the last one took {duration:?}"),
            None => Ok(()),
        }
    }
}

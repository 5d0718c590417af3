//! A clock that a user can replace.

use core::fmt;
use core::time::Duration;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

/// The instant that the system clock counts from: the first reading in this process.
static ANCHOR: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Where a structure reads the time: the monotonic system clock, or any `Fn() -> Duration`.
///
/// Only differences of readings mean something. The clock of a user may stand still or jump.
///
/// ```
/// use core::time::Duration;
/// use lagom_base::clock::Clock;
///
/// let frozen = Clock::custom(|| Duration::from_secs(7));
/// assert_eq!(frozen.now(), Duration::from_secs(7));
/// assert!(Clock::SYSTEM.now() <= Clock::SYSTEM.now());
/// ```
#[derive(Clone, Default)]
pub struct Clock(Option<Arc<dyn Fn() -> Duration + Send + Sync>>);

impl Clock {
    /// The monotonic clock of the system, counted from its first reading in this process.
    pub const SYSTEM: Self = Self(None);

    /// A clock that asks `now`. It is called outside of every lock.
    pub fn custom(now: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(now)))
    }

    /// The time that has passed since a fixed moment.
    #[inline]
    pub fn now(&self) -> Duration {
        match &self.0 {
            Some(now) => now(),
            None => ANCHOR.elapsed(),
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Clock(custom)" } else { "Clock(system)" })
    }
}

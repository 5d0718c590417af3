//! Deadlines that saturate.

use core::time::Duration;

/// The moment from which on a value is stale, or never.
///
/// ```
/// use core::time::Duration;
/// use lagom_base::expiry::Deadline;
///
/// let second = Duration::from_secs(1);
/// let deadline = Deadline::after(second, second);
/// assert!(!deadline.is_past(second));
/// assert!(deadline.is_past(2 * second));
/// assert!(Deadline::after(second, Duration::ZERO).is_past(second), "a ttl of 0 is always stale");
/// assert!(Deadline::after(second, Duration::ZERO).is_past(Duration::ZERO), "also when the clock jumps back");
/// assert!(!Deadline::after(second, Duration::MAX).is_past(Duration::MAX), "a ttl of MAX never expires");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Duration);

impl Deadline {
    /// The deadline that never comes.
    pub const NEVER: Self = Self(Duration::MAX);

    /// The deadline `ttl` after `start`. A sum too large for a `Duration` never comes; a `ttl` of 0 has always passed.
    #[must_use]
    pub const fn after(start: Duration, ttl: Duration) -> Self {
        if ttl.is_zero() { Self(Duration::ZERO) } else { Self(start.saturating_add(ttl)) }
    }

    /// The moment; `Duration::MAX` is never, and a value whose ttl was 0 has 0.
    #[must_use]
    pub const fn at(self) -> Duration {
        self.0
    }

    /// Whether a value with this deadline is stale at `now`.
    #[inline]
    #[must_use]
    pub fn is_past(self, now: Duration) -> bool {
        self != Self::NEVER && self.0 <= now
    }
}

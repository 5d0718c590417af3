//! What a memo has done so far.

use core::fmt;
use core::time::Duration;

/// A snapshot of the counts of a [`Memo`](crate::Memo), or of a memoized function.
///
/// All figures were true at one moment. They only grow, but for [`size`](Self::size) and
/// [`in_flight`](Self::in_flight); clearing a memo does not reset them.
///
/// ```
/// use lagom_memo::Memo;
///
/// let squares = Memo::new(10);
/// squares.get_or_insert_with(2, || 4);
/// squares.get_or_insert_with(2, || 4);
/// assert_eq!(squares.stats().to_string(), "1 hits, 1 misses (50.0 % hits), 1 of 10 kept, ttl never, 0 evicted, 0 expired");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Stats {
    pub(crate) hits: u64,
    pub(crate) misses: u64,
    pub(crate) size: usize,
    pub(crate) capacity: usize,
    pub(crate) ttl: Duration,
    pub(crate) evictions: u64,
    pub(crate) expired: u64,
    pub(crate) in_flight: usize,
}

impl Stats {
    pub(crate) const fn untouched(capacity: usize, ttl: Duration) -> Self {
        Self { hits: 0, misses: 0, size: 0, capacity, ttl, evictions: 0, expired: 0, in_flight: 0 }
    }

    /// Calls answered without computing: from what is kept, or with the value that another call was computing.
    ///
    /// ```
    /// let memo = lagom_memo::Memo::new(10);
    /// memo.insert("a", 1);
    /// memo.get("a");
    /// assert_eq!(memo.stats().hits(), 1);
    /// ```
    #[must_use]
    pub const fn hits(&self) -> u64 {
        self.hits
    }

    /// Calls that had to compute, and look-ups that found nothing.
    ///
    /// ```
    /// let memo = lagom_memo::Memo::<&str, u32>::new(10);
    /// memo.get("a");
    /// assert_eq!(memo.stats().misses(), 1);
    /// ```
    #[must_use]
    pub const fn misses(&self) -> u64 {
        self.misses
    }

    /// Values kept, expired ones that are not yet freed included.
    ///
    /// ```
    /// let memo = lagom_memo::Memo::new(10);
    /// memo.insert("a", 1);
    /// assert_eq!(memo.stats().size(), 1);
    /// ```
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    /// The most values that are kept at a time.
    ///
    /// ```
    /// assert_eq!(lagom_memo::Memo::<u8, u8>::new(10).stats().capacity(), 10);
    /// ```
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.capacity
    }

    /// How long a value is served; [`Duration::MAX`] is for ever.
    ///
    /// ```
    /// assert_eq!(lagom_memo::Memo::<u8, u8>::new(10).stats().ttl(), core::time::Duration::MAX);
    /// ```
    #[must_use]
    pub const fn ttl(&self) -> Duration {
        self.ttl
    }

    /// Values given up to make room.
    ///
    /// ```
    /// let memo = lagom_memo::Memo::new(1);
    /// memo.insert("a", 1);
    /// memo.insert("b", 2);
    /// assert_eq!(memo.stats().evictions(), 1);
    /// ```
    #[must_use]
    pub const fn evictions(&self) -> u64 {
        self.evictions
    }

    /// Values freed because their time was over.
    ///
    /// ```
    /// assert_eq!(lagom_memo::Memo::<u8, u8>::new(10).stats().expired(), 0);
    /// ```
    #[must_use]
    pub const fn expired(&self) -> u64 {
        self.expired
    }

    /// Values that are being computed now for others to share.
    ///
    /// ```
    /// let memo = lagom_memo::Memo::new(10);
    /// let seen = memo.get_or_insert_with("a", || memo.stats().in_flight());
    /// assert_eq!((seen, memo.stats().in_flight()), (1, 0));
    /// ```
    #[must_use]
    pub const fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// The share of calls answered without computing, 0.0 to 1.0; 0.0 when nothing was asked.
    ///
    /// ```
    /// assert_eq!(lagom_memo::Memo::<u8, u8>::new(10).stats().hit_ratio(), 0.0);
    /// ```
    #[must_use]
    pub fn hit_ratio(&self) -> f64 {
        let asked = self.hits as f64 + self.misses as f64;
        if asked == 0.0 { 0.0 } else { self.hits as f64 / asked }
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hits, misses, size, capacity, evictions, expired, .. } = self;
        let ratio = 100.0 * self.hit_ratio();
        write!(f, "{hits} hits, {misses} misses ({ratio:.1} % hits), {size} of {capacity} kept, ttl ")?;
        match self.ttl {
            Duration::MAX => f.write_str("never")?,
            ttl => write!(f, "{ttl:?}")?,
        }
        write!(f, ", {evictions} evicted, {expired} expired")
    }
}

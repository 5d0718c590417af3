//! What a memo has done so far.

use core::fmt;
use core::time::Duration;

/// A snapshot of the counts of a [`Memo`](crate::Memo), or of a memoized function.
///
/// All figures were true at one moment. They only grow, but for [`len`](Self::len) and [`in_flight`](Self::in_flight);
/// clearing a memo does not reset them. With the feature `serde` it serializes as a map of all its getters, `ttl` as the
/// `Duration` that it is.
///
/// ```
/// use lagom_memo::Memo;
///
/// let squares = Memo::new(10);
/// squares.get_or_insert_with(2, || 4);
/// squares.get_or_insert_with(2, || 4);
/// assert_eq!(squares.stats().to_string(), "1 hit and 1 miss (50.0 %), 1 of 10 kept, ttl never, 0 evicted, 0 expired");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    pub(crate) hits: u64,
    pub(crate) misses: u64,
    pub(crate) len: usize,
    pub(crate) capacity: usize,
    pub(crate) ttl: Duration,
    pub(crate) evictions: u64,
    pub(crate) expired: u64,
    pub(crate) in_flight: usize,
}

impl Stats {
    pub(crate) const fn untouched(capacity: usize, ttl: Duration) -> Self {
        Self { hits: 0, misses: 0, len: 0, capacity, ttl, evictions: 0, expired: 0, in_flight: 0 }
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
    /// assert_eq!(memo.stats().len(), 1);
    /// ```
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether no value is kept.
    ///
    /// ```
    /// assert!(lagom_memo::Memo::<u8, u8>::new(10).stats().is_empty());
    /// ```
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
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
        let Self { hits, misses, len, capacity, evictions, expired, .. } = *self;
        let (hit, miss) = (if hits == 1 { "hit" } else { "hits" }, if misses == 1 { "miss" } else { "misses" });
        let ratio = 100.0 * self.hit_ratio();
        write!(f, "{hits} {hit} and {misses} {miss} ({ratio:.1} %), {len} of {capacity} kept, ttl ")?;
        match self.ttl {
            Duration::MAX => f.write_str("never")?,
            ttl => write!(f, "{ttl:?}")?,
        }
        write!(f, ", {evictions} evicted, {expired} expired")
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Stats {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;

        let mut map = serializer.serialize_struct("Stats", 9)?;
        map.serialize_field("hits", &self.hits)?;
        map.serialize_field("misses", &self.misses)?;
        map.serialize_field("hit_ratio", &self.hit_ratio())?;
        map.serialize_field("len", &self.len)?;
        map.serialize_field("capacity", &self.capacity)?;
        map.serialize_field("ttl", &self.ttl)?;
        map.serialize_field("evictions", &self.evictions)?;
        map.serialize_field("expired", &self.expired)?;
        map.serialize_field("in_flight", &self.in_flight)?;
        map.end()
    }
}

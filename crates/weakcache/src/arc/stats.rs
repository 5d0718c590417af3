//! What an `Arc` cache counted.

use core::fmt;

/// What happened in an [`ArcCache`](crate::ArcCache), and what it holds: a snapshot. Each shard is looked at in one
/// instant, one after the other.
///
/// `Display` writes one line. With the feature `serde` it serializes as a map of its figures and its `hit_ratio`.
///
/// ```
/// use lagom_weakcache::ArcCache;
///
/// let cache = ArcCache::<&str, u32>::new(10);
/// cache.get_or_insert_with("a", || 1);
/// cache.get_or_insert_with("a", || 1);
/// assert_eq!(
///     cache.stats().to_string(),
///     "1 live, 0 dead (0 bytes), 1 of 10 strong, 1 hit and 1 miss (50.0 %), 1 load, 0 evictions, 0 swept"
/// );
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ArcStats {
    pub(super) hits: u64,
    pub(super) misses: u64,
    pub(super) loads: u64,
    pub(super) evictions: u64,
    pub(super) swept: u64,
    pub(super) live: usize,
    pub(super) dead: usize,
    pub(super) dead_bytes: usize,
    pub(super) loading: usize,
    pub(super) strong_len: usize,
    pub(super) capacity: usize,
}

/// Getters of counts, each with its text and an example that is true of a cache where `"a"` was loaded, found, and dropped.
macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident: $type:ty, $example:literal;)*) => {$(
        $(#[$doc])*
        ///
        /// ```
        /// # use lagom_weakcache::ArcCache;
        /// let cache = ArcCache::<&str, u32>::new(0);
        /// drop(cache.get_or_insert_with("a", || 1));
        #[doc = $example]
        /// ```
        #[must_use]
        pub const fn $name(&self) -> $type {
            self.$name
        }
    )*};
}

impl ArcStats {
    getters! {
        /// Lookups that found a live value.
        hits: u64, "assert_eq!(cache.stats().hits(), 0);";
        /// Lookups that found none, also those that then waited for another thread's load.
        misses: u64, "assert_eq!(cache.stats().misses(), 1);";
        /// Values that factories returned.
        loads: u64, "assert_eq!(cache.stats().loads(), 1);";
        /// Values that left the strong tier for another one; those in use by someone live on.
        evictions: u64, "assert_eq!(cache.stats().evictions(), 0);";
        /// Dead entries that were found and taken out.
        swept: u64, "assert_eq!(cache.stats().swept(), 0);\ncache.purge();\nassert_eq!(cache.stats().swept(), 1);";
        /// Entries whose value is alive.
        live: usize, "assert_eq!(cache.stats().live(), 0);";
        /// Entries whose value was dropped by its last user, and which were not found yet.
        dead: usize, "assert_eq!(cache.stats().dead(), 1);";
        /// The bytes of memory that the values of dead entries still take: the blocks of their `Arc`s, which std frees with
        /// the last `Weak`. What these values owned elsewhere is free.
        dead_bytes: usize, "assert!(cache.stats().dead_bytes() >= size_of::<u32>());";
        /// Entries whose value is being loaded for the first time.
        loading: usize, "assert_eq!(cache.stats().loading(), 0);";
        /// Values in the strong tier, at most [`capacity`](Self::capacity).
        strong_len: usize, "assert_eq!(cache.stats().strong_len(), 0);";
        /// How many values the strong tier may hold.
        capacity: usize, "assert_eq!(cache.stats().capacity(), 0);";
    }

    /// Hits among all lookups, from 0.0 to 1.0; 0.0 when nothing was looked up.
    ///
    /// ```
    /// # use lagom_weakcache::ArcCache;
    /// let cache = ArcCache::<&str, u32>::new(10);
    /// assert_eq!(cache.stats().hit_ratio(), 0.0);
    /// cache.get_or_insert_with("a", || 1);
    /// cache.get("a");
    /// assert_eq!(cache.stats().hit_ratio(), 0.5);
    /// ```
    #[must_use]
    pub fn hit_ratio(&self) -> f64 {
        let lookups = self.hits as f64 + self.misses as f64;
        if lookups == 0.0 { 0.0 } else { self.hits as f64 / lookups }
    }
}

impl fmt::Display for ArcStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hits, misses, loads, evictions, swept, live, dead, dead_bytes, strong_len, capacity, .. } = *self;
        let (hit, miss) = (if hits == 1 { "hit" } else { "hits" }, if misses == 1 { "miss" } else { "misses" });
        let (load, eviction) =
            (if loads == 1 { "load" } else { "loads" }, if evictions == 1 { "eviction" } else { "evictions" });
        write!(f, "{live} live, {dead} dead ({dead_bytes} bytes), {strong_len} of {capacity} strong, ")?;
        write!(f, "{hits} {hit} and {misses} {miss} ({:.1} %), ", 100.0 * self.hit_ratio())?;
        write!(f, "{loads} {load}, {evictions} {eviction}, {swept} swept")
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for ArcStats {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;

        let mut map = serializer.serialize_struct("ArcStats", 12)?;
        map.serialize_field("hits", &self.hits)?;
        map.serialize_field("misses", &self.misses)?;
        map.serialize_field("hit_ratio", &self.hit_ratio())?;
        map.serialize_field("loads", &self.loads)?;
        map.serialize_field("evictions", &self.evictions)?;
        map.serialize_field("swept", &self.swept)?;
        map.serialize_field("live", &self.live)?;
        map.serialize_field("dead", &self.dead)?;
        map.serialize_field("dead_bytes", &self.dead_bytes)?;
        map.serialize_field("loading", &self.loading)?;
        map.serialize_field("strong_len", &self.strong_len)?;
        map.serialize_field("capacity", &self.capacity)?;
        map.end()
    }
}

//! What a cache takes of memory.

use core::fmt;

/// The bytes that a cache has allocated, from [`WeakCache::memory_usage`](crate::WeakCache::memory_usage).
///
/// ```
/// use lagom_weakcache::{MemoryUsage, WeakCache};
///
/// let cache = WeakCache::new(10);
/// cache.insert(1_u64, 2_u64);
/// let usage: MemoryUsage = cache.memory_usage();
/// assert!(usage.to_string().starts_with("1 entry, 8 B of keys, 8 B of values, "));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryUsage {
    pub(crate) entries: usize,
    pub(crate) keys: usize,
    pub(crate) values: usize,
    pub(crate) owned: usize,
    pub(crate) overhead: usize,
}

impl MemoryUsage {
    /// Live entries, those that are being loaded, and those that are still held or borrowed although they were taken off the
    /// cache.
    ///
    /// ```
    /// assert_eq!(lagom_weakcache::WeakCache::<u8, u8>::new(1).memory_usage().entries(), 0);
    /// ```
    #[must_use]
    pub const fn entries(&self) -> usize {
        self.entries
    }

    /// Bytes of keys, in place.
    ///
    /// ```
    /// assert_eq!(lagom_weakcache::WeakCache::<u8, u8>::new(1).memory_usage().keys(), 0);
    /// ```
    #[must_use]
    pub const fn keys(&self) -> usize {
        self.keys
    }

    /// Bytes of values, in place.
    ///
    /// ```
    /// assert_eq!(lagom_weakcache::WeakCache::<u8, u8>::new(1).memory_usage().values(), 0);
    /// ```
    #[must_use]
    pub const fn values(&self) -> usize {
        self.values
    }

    /// Bytes that the keys and values of the strong tier own elsewhere, as its weigher says, in a cache with `max_bytes`.
    ///
    /// ```
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::builder().max_bytes(10_000).weigher(|_: &u8, text: &String| text.capacity() as u64).build();
    /// cache.insert(1, String::with_capacity(100));
    /// assert_eq!(cache.memory_usage().owned(), 100);
    /// ```
    #[must_use]
    pub const fn owned(&self) -> usize {
        self.owned
    }

    /// Bytes of everything else: headers, tables, free places, the order of the strong tier, the cache itself.
    ///
    /// ```
    /// assert!(lagom_weakcache::WeakCache::<u8, u8>::new(1).memory_usage().overhead() > 0);
    /// ```
    #[must_use]
    pub const fn overhead(&self) -> usize {
        self.overhead
    }

    /// All of them.
    ///
    /// ```
    /// assert!(lagom_weakcache::WeakCache::<u8, u8>::new(1).memory_usage().total() > 0);
    /// ```
    #[must_use]
    pub const fn total(&self) -> usize {
        self.keys + self.values + self.owned + self.overhead
    }
}

impl fmt::Display for MemoryUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = if self.entries == 1 { "entry" } else { "entries" };
        write!(f, "{} {entries}, {} B of keys, {} B of values, ", self.entries, self.keys, self.values)?;
        if self.owned > 0 {
            write!(f, "{} B that these own, ", self.owned)?;
        }
        write!(f, "{} B of overhead", self.overhead)
    }
}

//! The settings of a local cache.

use core::fmt;
use core::marker::PhantomData;

use super::cache::LocalCache;
use crate::hasher::DefaultHashBuilder;

/// The capacity of a cache that was given none.
const DEFAULT_CAPACITY: usize = 1000;

/// The settings of a [`LocalCache`].
///
/// | setting | default |
/// | --- | --- |
/// | [`capacity`](Self::capacity) | 1,000 |
/// | [`hasher`](Self::hasher) | [`DefaultHashBuilder`] |
///
/// ```
/// use lagom_weakcache::{LocalCache, LocalCacheBuilder};
///
/// let builder: LocalCacheBuilder<String, u32> = LocalCache::builder();
/// assert_eq!(builder.capacity(100).build().capacity(), 100);
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct LocalCacheBuilder<K, V, S = DefaultHashBuilder> {
    capacity: usize,
    hasher: S,
    entries: PhantomData<fn(K, V)>,
}

impl<K, V> LocalCacheBuilder<K, V> {
    pub(super) fn new() -> Self {
        Self { capacity: DEFAULT_CAPACITY, hasher: DefaultHashBuilder::default(), entries: PhantomData }
    }
}

impl<K, V, S> LocalCacheBuilder<K, V, S> {
    /// How many entries the strong tier may hold: default 1,000. With 0 there is none: the cache is purely weak, and an
    /// entry whose handles you drop is gone. With `usize::MAX` it holds all entries (4 billion at most).
    ///
    /// Nothing is allocated ahead.
    ///
    /// ```
    /// use lagom_weakcache::LocalCache;
    ///
    /// let weak = LocalCache::builder().capacity(0).build();
    /// weak.insert("nobody holds this", 1);
    /// assert!(weak.is_empty());
    /// let held = weak.insert("somebody holds this", 2);
    /// assert_eq!(weak.len(), 1);
    /// ```
    pub fn capacity(mut self, capacity: usize) -> Self {
        self.capacity = capacity;
        self
    }

    /// How keys are hashed. A hasher that is not seeded at random lets whoever chooses the keys slow the cache down.
    ///
    /// ```
    /// use std::hash::{BuildHasherDefault, DefaultHasher};
    /// use lagom_weakcache::LocalCache;
    ///
    /// let cache = LocalCache::builder().hasher(BuildHasherDefault::<DefaultHasher>::new()).build();
    /// cache.insert("key", 1);
    /// assert_eq!(cache.get("key").as_deref(), Some(&1));
    /// ```
    pub fn hasher<S2>(self, hasher: S2) -> LocalCacheBuilder<K, V, S2> {
        LocalCacheBuilder { capacity: self.capacity, hasher, entries: PhantomData }
    }

    /// The cache. Allocates once.
    ///
    /// ```
    /// use lagom_weakcache::LocalCache;
    ///
    /// let cache: LocalCache<u32, u32> = LocalCache::builder().build();
    /// assert_eq!(cache.capacity(), 1000);
    /// ```
    #[must_use]
    pub fn build(self) -> LocalCache<K, V, S> {
        LocalCache::with_settings(self.capacity, self.hasher)
    }
}

impl<K, V, S> fmt::Debug for LocalCacheBuilder<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalCacheBuilder").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

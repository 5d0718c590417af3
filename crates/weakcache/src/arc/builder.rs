//! The settings of an `Arc` cache.

use core::fmt;
use core::marker::PhantomData;

use super::cache::ArcCache;
use crate::hasher::DefaultHashBuilder;

/// The capacity of a cache that was given none.
const DEFAULT_CAPACITY: usize = 1000;
/// Shards of a cache that was given no number.
const DEFAULT_SHARDS: usize = 16;
/// So many strong values at least has a shard, where the number of shards is not given.
const STRONG_PER_SHARD: usize = 32;
const MOST_SHARDS: usize = 1024;

/// The settings of an [`ArcCache`].
///
/// | setting | default |
/// | --- | --- |
/// | [`capacity`](Self::capacity) | 1,000 |
/// | [`shards`](Self::shards) | 16, less for small capacities |
/// | [`hasher`](Self::hasher) | [`DefaultHashBuilder`] |
///
/// ```
/// use lagom_weakcache::{ArcCache, ArcCacheBuilder};
///
/// let builder: ArcCacheBuilder<String, u32> = ArcCache::builder();
/// assert_eq!(builder.capacity(100).build().capacity(), 100);
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct ArcCacheBuilder<K, V: ?Sized, S = DefaultHashBuilder> {
    capacity: usize,
    shards: Option<usize>,
    hasher: S,
    entries: PhantomData<fn(K, &V)>,
}

impl<K, V: ?Sized> ArcCacheBuilder<K, V> {
    pub(super) fn new() -> Self {
        let hasher = DefaultHashBuilder::default();
        Self { capacity: DEFAULT_CAPACITY, shards: None, hasher, entries: PhantomData }
    }
}

impl<K, V: ?Sized, S> ArcCacheBuilder<K, V, S> {
    /// How many values the strong tier may hold: default 1,000. With 0 there is none: the cache is purely weak. With
    /// `usize::MAX` it holds all values.
    ///
    /// Nothing is allocated ahead.
    ///
    /// ```
    /// use lagom_weakcache::ArcCache;
    ///
    /// let weak = ArcCache::<&str, u32>::builder().capacity(0).build();
    /// drop(weak.get_or_insert_with("nobody has this", || 1));
    /// assert_eq!(weak.get("nobody has this"), None);
    /// ```
    pub fn capacity(mut self, capacity: usize) -> Self {
        self.capacity = capacity;
        self
    }

    /// Into how many parts the keys are divided, each with a lock and its part of the capacity: a power of two up to 1,024,
    /// others are rounded up. Default 16, or as many as leave 32 strong values for each.
    ///
    /// With 1 the strong tier is a strict LRU of all keys. If there are more shards than the capacity, some have no part
    /// of it.
    ///
    /// ```
    /// use lagom_weakcache::ArcCache;
    ///
    /// let cache = ArcCache::builder().capacity(2).shards(1).build();
    /// for n in 0..3 {
    ///     cache.insert(n, n.into());
    /// }
    /// assert!(cache.get(&0).is_none() && cache.get(&1).is_some() && cache.get(&2).is_some());
    /// ```
    pub fn shards(mut self, shards: usize) -> Self {
        self.shards = Some(shards);
        self
    }

    /// How keys are hashed. A hasher that is not seeded at random lets whoever chooses the keys slow the cache down.
    ///
    /// ```
    /// use std::hash::{BuildHasherDefault, DefaultHasher};
    /// use lagom_weakcache::ArcCache;
    ///
    /// let cache = ArcCache::builder().hasher(BuildHasherDefault::<DefaultHasher>::new()).build();
    /// cache.insert("key", 1.into());
    /// assert_eq!(cache.get("key").as_deref(), Some(&1));
    /// ```
    pub fn hasher<S2>(self, hasher: S2) -> ArcCacheBuilder<K, V, S2> {
        ArcCacheBuilder { capacity: self.capacity, shards: self.shards, hasher, entries: PhantomData }
    }

    /// The cache. Allocates once.
    ///
    /// ```
    /// use lagom_weakcache::ArcCache;
    ///
    /// let cache: ArcCache<u32, u32> = ArcCache::builder().build();
    /// assert_eq!(cache.capacity(), 1000);
    /// ```
    #[must_use]
    pub fn build(self) -> ArcCache<K, V, S> {
        let shards = self.shards.unwrap_or_else(|| match self.capacity {
            0 => DEFAULT_SHARDS,
            capacity => 1 << (capacity / STRONG_PER_SHARD).clamp(1, DEFAULT_SHARDS).ilog2(),
        });
        ArcCache::with_settings(self.capacity, shards.clamp(1, MOST_SHARDS).next_power_of_two(), self.hasher)
    }
}

impl<K, V: ?Sized, S> fmt::Debug for ArcCacheBuilder<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("ArcCacheBuilder");
        debug.field("capacity", &self.capacity).field("shards", &self.shards).finish_non_exhaustive()
    }
}

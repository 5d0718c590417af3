//! What is done to a cache as a whole.

use core::borrow::Borrow;
use core::hash::{BuildHasher, Hash};

use crate::memory::MemoryUsage;
use crate::shared::cache::WeakCache;
use crate::shared::entry::Entry;

impl<K, V, S> WeakCache<K, V, S> {
    /// Sets how many entries the strong tier may hold, or what they may weigh together. Those that are too many leave it
    /// before this returns, and count as evictions. What was learned of who comes back is forgotten. O(entries that leave).
    ///
    /// Into how many parts the cache is divided stays as it was [built](crate::WeakCacheBuilder::shards): one that was made
    /// without a strong tier, or with a large one, has several, each of which gets its part of the capacity. From some ten
    /// entries for each part on, that costs less than half a point of the hit ratio. With fewer entries than parts, some parts
    /// get none, and keep nothing that nobody holds: where that may come, build with `shards(1)`.
    ///
    /// ```
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::new(10);
    /// for n in 0..10 {
    ///     cache.insert(n, n);
    /// }
    /// cache.set_capacity(3);
    /// assert_eq!((cache.capacity(), cache.len()), (3, 3));
    /// ```
    pub fn set_capacity(&self, capacity: usize) {
        self.engine().set_capacity(if capacity == usize::MAX { u64::MAX } else { capacity as u64 });
    }

    /// Takes every expired entry off the cache; how many there were. Handles stay valid. O(n), shard by shard under the
    /// lock of each.
    ///
    /// ```
    /// use std::time::Duration;
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::builder().ttl(Duration::ZERO).build();
    /// cache.insert(1, "stale at once");
    /// assert_eq!((cache.purge_expired(), cache.len()), (1, 0));
    /// ```
    pub fn purge_expired(&self) -> usize {
        self.engine().purge_expired()
    }

    /// Gives memory back that no entry needs. The cache does most of that by itself: a table that is an eighth full shrinks,
    /// and of the empty blocks of memory for entries each shard keeps one. A block in which one entry lives stays. O(n),
    /// shard by shard under the lock of each.
    ///
    /// ```
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::new(0);
    /// drop((0..1000).map(|n| cache.insert(n, n)).collect::<Vec<_>>());
    /// cache.shrink_to_fit();
    /// assert!(cache.memory_usage().total() < 10_000);
    /// ```
    pub fn shrink_to_fit(&self) {
        self.engine().shrink_to_fit();
    }

    /// The bytes that the cache has allocated: for keys and values in place, and for itself. What keys and values own
    /// elsewhere is counted if there is a [`weigher`](crate::WeakCacheBuilder::weigher) of a cache with
    /// [`max_bytes`](crate::WeakCacheBuilder::max_bytes). O(shards).
    ///
    /// With [`Eviction::Lru`](crate::Eviction::Lru) the table of the order is estimated: it may be twice as large; all else is
    /// exact. What the settings own, such as a weigher, is not counted.
    ///
    /// ```
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::new(10);
    /// cache.insert(1_u64, [0_u64; 8]);
    /// let usage = cache.memory_usage();
    /// assert_eq!((usage.entries(), usage.keys(), usage.values()), (1, 8, 64));
    /// assert_eq!(usage.total(), 72 + usage.overhead());
    /// ```
    #[must_use]
    pub fn memory_usage(&self) -> MemoryUsage {
        self.engine().memory_usage()
    }
}

impl<K, V, S> WeakCache<K, V, S>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
    S: BuildHasher,
{
    /// Keeps the live entry of `key` whatever happens in the strong tier, where it no longer takes room, until it is
    /// [released](Self::release), removed, cleared or replaced, or expires; whether there is one. It does not count as used.
    /// (A handle does as much.)
    ///
    /// ```
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::new(1);
    /// cache.insert("config", 1);
    /// assert!(cache.keep("config"));
    /// for key in ["a", "b", "c"] {
    ///     cache.insert(key, 2);
    /// }
    /// assert!(cache.contains_key("config"));
    /// ```
    pub fn keep<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let (shard, hash) = self.at(key);
        self.engine().keep(shard, hash, |other| other.borrow() == key)
    }

    /// Ends what [`keep`](Self::keep) began: the entry competes in the strong tier again; whether it was kept.
    ///
    /// ```
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::new(0);
    /// let held = cache.insert("config", 1);
    /// cache.keep("config");
    /// drop(held);
    /// assert!(cache.release("config"));
    /// assert!(cache.is_empty());
    /// ```
    pub fn release<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let (shard, hash) = self.at(key);
        self.engine().release_kept(shard, hash, |other| other.borrow() == key)
    }

    /// The live entries, in no particular order; none of them counts as used. Entries may come and go meanwhile: what was
    /// there before and is there afterwards is seen once. Each shard is looked through under its lock when its turn comes,
    /// and its entries are held until they are given out.
    ///
    /// ```
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::new(10);
    /// cache.insert("one", 1);
    /// cache.insert("two", 2);
    /// let sum: i32 = cache.iter().map(|entry| *entry.value()).sum();
    /// assert_eq!(sum, 3);
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = Entry<K, V>> {
        self.engine().iter()
    }
}

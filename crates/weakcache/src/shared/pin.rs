//! Looking at entries one after the other without handles.

use core::borrow::Borrow;
use core::fmt;
use core::hash::{BuildHasher, Hash};

use crate::hasher::DefaultHashBuilder;
use crate::shared::cache::{WeakCache, is};
use crate::shared::lookup::Seen;

/// Looks at entries of a cache, one at a time, from [`WeakCache::pin`].
///
/// What it last found stays as it is until it looks for another one or is dropped, even if it leaves the cache meanwhile:
/// then it is found no more, and dies when this lets go of it. Keep it short: what is seen is not freed.
///
/// Not `Send`: it belongs to the thread that made it. One that is forgotten, `mem::forget`, keeps what it has seen, and with it
/// the cache's memory, for ever.
///
/// ```
/// use lagom_weakcache::{Pin, WeakCache};
///
/// let cache = WeakCache::new(10);
/// cache.insert("one", 1);
/// let mut pin: Pin<'_, &str, i32> = cache.pin();
/// assert_eq!(pin.get("one"), Some(&1));
/// assert_eq!(pin.get("two"), None);
/// ```
pub struct Pin<'a, K, V, S = DefaultHashBuilder> {
    cache: &'a WeakCache<K, V, S>,
    seen: Option<Seen<'a, K, V>>,
}

impl<K, V, S> WeakCache<K, V, S>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
    S: BuildHasher,
{
    /// Looks at entries without a closure; see [`with`](Self::with), which costs the same.
    ///
    /// ```
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::new(10);
    /// for n in 0..5 {
    ///     cache.insert(n, n * n);
    /// }
    /// let mut pin = cache.pin();
    /// let sum: i32 = (0..5).filter_map(|n| pin.get(&n).copied()).sum();
    /// assert_eq!(sum, 30);
    /// ```
    pub fn pin(&self) -> Pin<'_, K, V, S> {
        Pin { cache: self, seen: None }
    }
}

impl<K, V, S> Pin<'_, K, V, S>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
    S: BuildHasher,
{
    /// The value of the live entry of `key`, which counts as used now. Takes no lock; and no handle where the entry is in
    /// the strong tier and was seen before, unless this thread sees more than four entries at once, entries expire, or the
    /// tier is an [LRU](crate::Eviction::Lru).
    ///
    /// ```
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::new(10);
    /// cache.insert("one".to_owned(), 1);
    /// assert_eq!(cache.pin().get("one"), Some(&1));
    /// ```
    #[inline]
    pub fn get<Q>(&mut self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        // First, so that its place is free again.
        self.seen = None;
        let (shard, hash) = self.cache.at(key);
        self.seen = self.cache.engine().see(shard, hash, is(key));
        self.seen.as_ref().map(Seen::value)
    }
}

impl<K, V, S> fmt::Debug for Pin<'_, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pin").finish_non_exhaustive()
    }
}

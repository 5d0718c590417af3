//! The `Arc` cache as users see it.

use core::any::type_name;
use core::borrow::Borrow;
use core::convert::Infallible;
use core::fmt;
use core::hash::{BuildHasher, Hash};
use core::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use super::builder::ArcCacheBuilder;
use super::shard::{NeedsItself, Shard};
use super::stats::ArcStats;
use crate::hasher::DefaultHashBuilder;
use crate::spread::spread;

/// A [`WeakCache`](crate::WeakCache) for values that must be plain [`Arc`]s: weak references to all, and a bounded strong
/// tier of those that were used last.
///
/// A value is found as long as anybody has an `Arc` of it, wherever it came from, or it is in the strong tier. Leaving that
/// takes nothing from anybody: so there are never two live values of one key, unless you remove or replace one. `V` may be
/// unsized: `ArcCache<K, str>`, `ArcCache<K, dyn Trait>`.
///
/// # What an `Arc` costs
///
/// Nobody tells the cache when the last `Arc` of a value is dropped. The value itself is dropped at once, but its entry (the
/// key, and the block of memory where the value was) stays until the cache comes across it: every entry that comes in looks
/// at three others, and a lookup of a dead entry takes it away. So of each shard, which has a part of the keys, there are
/// never more than 2*m* + 3 entries, where *m* is the most that were ever alive in it at once. [`len`](Self::len) counts the
/// dead; [`stats`](Self::stats) tells them apart, with their bytes; [`purge`](Self::purge) takes all of them away. Where
/// you can do without plain `Arc`s, a [`WeakCache`](crate::WeakCache) has no dead entries. And values that hold each other's
/// `Arc`s in a long chain die as std's do, one inside the other on the stack.
///
/// # Locks
///
/// Each shard has a mutex, held for O(1) but where it says otherwise. No code of yours runs under it: `Hash`, `Eq`, `Drop`,
/// what you pass; all of it may use the cache, and a panic in it leaves the cache usable.
///
/// ```
/// use std::sync::Arc;
/// use lagom_weakcache::ArcCache;
///
/// let texts: ArcCache<u32, str> = ArcCache::new(1);
/// let one: Arc<str> = texts.get_or_insert_with(1, || "one");
/// texts.insert(2, "two".into()); // 1 leaves the strong tier, …
/// assert!(Arc::ptr_eq(&one, &texts.get(&1).unwrap())); // … and is still the one.
/// ```
pub struct ArcCache<K, V: ?Sized, S = DefaultHashBuilder> {
    /// A power of two of them.
    shards: Box<[Shard<K, V>]>,
    capacity: usize,
    hasher: S,
}

impl<K, V: ?Sized> ArcCache<K, V> {
    /// An empty cache whose strong tier holds up to `capacity` values; see [`ArcCacheBuilder::capacity`].
    ///
    /// ```
    /// use lagom_weakcache::ArcCache;
    ///
    /// let cache: ArcCache<String, Vec<u8>> = ArcCache::new(100);
    /// assert!(cache.is_empty());
    /// ```
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self::builder().capacity(capacity).build()
    }

    /// Settings for a cache that differs from the default one.
    ///
    /// ```
    /// use lagom_weakcache::ArcCache;
    ///
    /// let cache: ArcCache<String, Vec<u8>> = ArcCache::builder().capacity(100).shards(4).build();
    /// assert_eq!(cache.capacity(), 100);
    /// ```
    pub fn builder() -> ArcCacheBuilder<K, V> {
        ArcCacheBuilder::new()
    }
}

impl<K, V: ?Sized, S> ArcCache<K, V, S> {
    pub(super) fn with_settings(capacity: usize, shards: usize, hasher: S) -> Self {
        let part = |shard| capacity / shards + usize::from(shard < capacity % shards);
        Self { shards: (0..shards).map(|shard| Shard::new(part(shard))).collect(), capacity, hasher }
    }

    /// How many entries there are, the dead that were not found yet included, and those whose value is being loaded.
    ///
    /// O(shards). See [`ArcStats::live`] for the live ones.
    ///
    /// ```
    /// use lagom_weakcache::ArcCache;
    ///
    /// let cache = ArcCache::<&str, u32>::new(0);
    /// let value = cache.get_or_insert_with("a", || 1);
    /// drop(value);
    /// assert_eq!((cache.len(), cache.stats().live()), (1, 0));
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(Shard::len).sum()
    }

    /// Whether there are no entries, not even dead ones.
    ///
    /// ```
    /// use lagom_weakcache::ArcCache;
    ///
    /// assert!(ArcCache::<char, u32>::new(10).is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many values the strong tier may hold, as it was asked for.
    ///
    /// ```
    /// use lagom_weakcache::ArcCache;
    ///
    /// assert_eq!(ArcCache::<char, u32>::new(10).capacity(), 10);
    /// ```
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// The counters and sizes. O(n): whether a value is alive is asked of each. One shard is locked at a time.
    ///
    /// ```
    /// use lagom_weakcache::ArcCache;
    ///
    /// let cache = ArcCache::<&str, [u8; 1000]>::new(0);
    /// let held = cache.get_or_insert_with("a", || [0; 1000]);
    /// drop(cache.get_or_insert_with("b", || [0; 1000]));
    /// let stats = cache.stats();
    /// assert_eq!((stats.live(), stats.dead()), (1, 1));
    /// assert!(stats.dead_bytes() >= 1000);
    /// ```
    #[must_use]
    pub fn stats(&self) -> ArcStats {
        let mut stats = ArcStats { capacity: self.capacity, ..ArcStats::default() };
        self.shards.iter().for_each(|shard| shard.add_stats(&mut stats));
        stats
    }

    /// Takes away all dead entries, frees their memory, and gives back what the table does not need. Returns how many there
    /// were. O(n), one shard is locked at a time.
    ///
    /// ```
    /// use lagom_weakcache::ArcCache;
    ///
    /// let cache = ArcCache::<&str, u32>::new(0);
    /// drop(cache.get_or_insert_with("a", || 1));
    /// assert_eq!(cache.purge(), 1);
    /// assert!(cache.is_empty());
    /// ```
    pub fn purge(&self) -> usize {
        self.shards.iter().map(Shard::purge).sum()
    }

    /// Forgets every entry; the counters go on. Loads in progress are forgotten too: their callers get what they loaded,
    /// who waited for it loads again. O(n), the locks are held for O(1).
    ///
    /// ```
    /// use lagom_weakcache::ArcCache;
    ///
    /// let cache = ArcCache::<&str, u32>::new(10);
    /// let held = cache.get_or_insert_with("a", || 1);
    /// cache.clear();
    /// assert!(cache.is_empty() && cache.get("a").is_none());
    /// assert_eq!(*held, 1);
    /// ```
    pub fn clear(&self) {
        self.shards.iter().for_each(Shard::clear);
    }

    /// Takes off the cache every live entry that `keep` says `false` to.
    ///
    /// `keep` runs outside of the locks, shard by shard over the entries that are live then, in no particular order; none of
    /// them counts as used. O(n), in time and in memory: each of them is held until `keep` has seen it.
    ///
    /// ```
    /// use lagom_weakcache::ArcCache;
    ///
    /// let cache = ArcCache::new(10);
    /// for n in 0..10 {
    ///     cache.insert(n, (n * n).into());
    /// }
    /// cache.retain(|_, square| square % 2 == 0);
    /// assert_eq!(cache.stats().live(), 5);
    /// ```
    pub fn retain(&self, mut keep: impl FnMut(&K, &V) -> bool) {
        self.shards.iter().for_each(|shard| shard.retain(&mut keep));
    }
}

impl<K: Hash + Eq, V: ?Sized, S: BuildHasher> ArcCache<K, V, S> {
    /// The value of `key`, if it is alive, which counts as used now.
    ///
    /// A key whose value is being loaded for the first time is not found: this never waits.
    ///
    /// ```
    /// use lagom_weakcache::ArcCache;
    ///
    /// let cache = ArcCache::new(10);
    /// cache.insert("one".to_owned(), 1.into());
    /// assert_eq!(cache.get("one").as_deref(), Some(&1));
    /// assert_eq!(cache.get("two").as_deref(), None);
    /// ```
    pub fn get<Q>(&self, key: &Q) -> Option<Arc<V>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let (shard, hash) = self.at(key);
        shard.get(hash, is(key))
    }

    /// Whether the value of `key` is alive. It neither counts as used nor as hit or miss.
    ///
    /// Another thread may change that before you act on it: prefer [`get`](Self::get).
    ///
    /// ```
    /// use lagom_weakcache::ArcCache;
    ///
    /// let cache = ArcCache::new(10);
    /// cache.insert("one".to_owned(), 1.into());
    /// assert!(cache.contains_key("one") && !cache.contains_key("two"));
    /// ```
    pub fn contains_key<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let (shard, hash) = self.at(key);
        shard.contains(hash, is(key))
    }

    /// The live value of `key`, or a new one: what `make` returns, a value or an `Arc`.
    ///
    /// However many threads ask for one key, one of them runs its `make`, outside of the lock, and the others wait for
    /// it; other keys are never blocked. If that `make` panics, one of the waiting threads runs its own.
    ///
    /// A `make` may use the cache. An [`insert`](Self::insert) of the key during `make` wins: it ends the wait of the
    /// others, and the caller gets the inserted value, too. A [`remove`](Self::remove) or [`clear`](Self::clear) during
    /// `make` leaves the caller with a value that is not in the cache, and lets the others load again.
    ///
    /// # Panics
    ///
    /// When `make` needs its own result: it asks for `key` again, or for a key whose `make` in another thread waits for
    /// `key`. At least one of the threads in such a ring gets the panic; none of them hangs. Other waits (a lock of yours, a
    /// `join`) are not seen.
    ///
    /// ```
    /// use lagom_weakcache::ArcCache;
    ///
    /// let cache: ArcCache<&str, str> = ArcCache::new(10);
    /// assert_eq!(&*cache.get_or_insert_with("one", || "1"), "1");
    /// assert_eq!(&*cache.get_or_insert_with("one", || -> String { unreachable!() }), "1");
    /// ```
    #[track_caller]
    pub fn get_or_insert_with<A: Into<Arc<V>>>(&self, key: K, make: impl FnOnce() -> A) -> Arc<V> {
        match self.try_get_or_insert_with(key, || Ok::<A, Infallible>(make())) {
            Ok(value) => value,
            Err(never) => match never {},
        }
    }

    /// Like [`get_or_insert_with`](Self::get_or_insert_with), for a `make` that may fail. An error goes to the caller of
    /// that `make` alone and is not remembered: of the threads that waited, one runs its own `make`.
    ///
    /// # Errors
    ///
    /// What `make` returns.
    ///
    /// # Panics
    ///
    /// When `make` needs its own result, like [`get_or_insert_with`](Self::get_or_insert_with).
    ///
    /// ```
    /// use lagom_weakcache::ArcCache;
    ///
    /// let cache: ArcCache<&str, u32> = ArcCache::new(10);
    /// let parse = |text: &'static str| cache.try_get_or_insert_with(text, || text.parse::<u32>());
    /// assert_eq!(*parse("17")?, 17);
    /// assert!(parse("seventeen").is_err());
    /// # Ok::<(), core::num::ParseIntError>(())
    /// ```
    #[track_caller]
    pub fn try_get_or_insert_with<A: Into<Arc<V>>, E>(
        &self,
        key: K,
        make: impl FnOnce() -> Result<A, E>,
    ) -> Result<Arc<V>, E> {
        let (shard, hash) = self.at(&key);
        match shard.get_or_load(hash, key, || Ok(make()?.into())) {
            Ok(loaded) => loaded,
            Err(NeedsItself) => panic!(
                "a cached value of type `{}` needs itself: the load of a key of type `{}` asks for the same key, directly \
                 or through the loads of other threads",
                type_name::<V>(),
                type_name::<K>()
            ),
        }
    }

    /// Makes `value` the value of `key`. Returns the former one, if it was alive.
    ///
    /// If there is an entry of `key`, the old key stays and the given one is dropped.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use lagom_weakcache::ArcCache;
    ///
    /// let cache = ArcCache::new(10);
    /// assert_eq!(cache.insert("key", Arc::new(1)), None);
    /// assert_eq!(cache.insert("key", Arc::new(2)).as_deref(), Some(&1));
    /// ```
    pub fn insert(&self, key: K, value: Arc<V>) -> Option<Arc<V>> {
        let (shard, hash) = self.at(&key);
        let former = shard.insert(hash, key, &value);
        drop(value);
        former
    }

    /// Takes the entry of `key` off the cache. Returns its value, if it was alive.
    ///
    /// ```
    /// use lagom_weakcache::ArcCache;
    ///
    /// let cache = ArcCache::new(10);
    /// cache.insert("key".to_owned(), 1.into());
    /// assert_eq!(cache.remove("key").as_deref(), Some(&1));
    /// assert_eq!(cache.remove("key").as_deref(), None);
    /// ```
    pub fn remove<Q>(&self, key: &Q) -> Option<Arc<V>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let (shard, hash) = self.at(key);
        shard.remove(hash, is(key))
    }

    /// Where a key belongs, and its hash there.
    fn at<Q: Hash + ?Sized>(&self, key: &Q) -> (&Shard<K, V>, u64) {
        let hash = spread(self.hasher.hash_one(key));
        // Neither the lowest bits nor the highest, which the table of the shard looks at.
        (&self.shards[(hash >> 40) as usize & (self.shards.len() - 1)], hash)
    }
}

/// Whether a key is `key`.
fn is<K, Q>(key: &Q) -> impl Fn(&K) -> bool
where
    K: Borrow<Q>,
    Q: Eq + ?Sized,
{
    move |other| other.borrow() == key
}

impl<K, V: ?Sized, S> fmt::Debug for ArcCache<K, V, S> {
    /// The figures, not the entries.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArcCache").field("stats", &self.stats()).finish()
    }
}

// No panic leaves a table half changed.
impl<K: RefUnwindSafe, V: RefUnwindSafe + ?Sized, S: UnwindSafe> UnwindSafe for ArcCache<K, V, S> {}
impl<K: RefUnwindSafe, V: RefUnwindSafe + ?Sized, S: RefUnwindSafe> RefUnwindSafe for ArcCache<K, V, S> {}

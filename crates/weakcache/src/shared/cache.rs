//! The cache.
#![allow(unsafe_code, reason = "has an anchor of its engine")]

use core::borrow::Borrow;
use core::fmt;
use core::hash::{BuildHasher, Hash};
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::ptr::NonNull;

use crate::hasher::DefaultHashBuilder;
use crate::shared::builder::WeakCacheBuilder;
use crate::shared::cached::Cached;
use crate::shared::engine::Engine;
use crate::shared::settings::Settings;
use crate::shared::shard::Shard;
use crate::spread::spread;
use crate::stats::Stats;

/// A concurrent cache of weak values with a bounded strong tier.
///
/// An entry lives as long as somebody holds a [`Cached`] handle of it, or it is in the strong tier: up to `capacity` entries
/// that proved useful, by default chosen [adaptively](crate::Eviction). When neither holds any more, key and value are dropped
/// at once and the entry is gone. As long as one does, every lookup finds the same object: leaving the strong tier takes
/// nothing from who holds a handle, and an entry that is found again outside of it comes back.
///
/// | `capacity` | |
/// | --- | --- |
/// | 0 | no strong tier: purely weak |
/// | `usize::MAX` | nothing is ever evicted; nothing is allocated in advance either |
///
/// # Locking
///
/// Lookups take no lock, but where they change something: one that brings an entry back into the strong tier, meets one that has
/// expired, or moves it in an [LRU](crate::Eviction::Lru); and those of a thread that is ending. The rest locks one of the
/// [shards](crate::WeakCacheBuilder::shards) for a moment; every operation is O(1) expected unless it says otherwise.
///
/// No code of yours runs under a lock: factories, predicates, `Hash`, `Eq` and the `Drop` of keys and values may call this cache.
/// A panic in any of them leaves the cache usable and its counts right; a panic in the `Drop` of a value comes out of the call
/// that let go of it, be it a `get` that evicted it. Which thread lets go last may be chance: a lookup holds what it compares
/// for a moment, and who has an entry [borrowed](Self::with) ends it if it leaves the cache meanwhile.
///
/// A live entry is one block of memory: 16 bytes, key, value.
///
/// ```
/// use lagom_weakcache::{Cached, WeakCache};
///
/// let cache = WeakCache::new(1);
/// let one = cache.get_or_insert_with("one".to_owned(), || 1);
/// cache.insert("two".to_owned(), 2); // Takes the place of "one" in the strong tier, …
/// assert!(Cached::ptr_eq(&one, &cache.get("one").unwrap())); // … but we hold "one", so it is found.
///
/// cache.insert("three".to_owned(), 3);
/// assert!(cache.get("two").is_none()); // Nobody held "two".
/// ```
pub struct WeakCache<K, V, S = DefaultHashBuilder> {
    engine: NonNull<Engine<K, V>>,
    /// Those of the engine, so that a lookup has one pointer less to follow.
    shards: NonNull<[Shard<K, V>]>,
    hasher: S,
    /// Whether what varies in the hashes has to be spread over all of their bits.
    spread: bool,
}

// SAFETY: what is in the cache is shared with, and passed to, other threads, and dropped there.
unsafe impl<K: Send + Sync, V: Send + Sync, S: Send> Send for WeakCache<K, V, S> {}
// SAFETY: as above.
unsafe impl<K: Send + Sync, V: Send + Sync, S: Sync> Sync for WeakCache<K, V, S> {}

impl<K, V> WeakCache<K, V> {
    /// A cache whose strong tier holds up to `capacity` entries, with 0 a purely weak one. Does not allocate for them.
    ///
    /// ```
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::<String, Vec<u8>>::new(1000);
    /// assert_eq!((cache.capacity(), cache.len()), (1000, 0));
    /// ```
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self::builder().capacity(capacity).build()
    }

    /// Settings for a cache that differs from the default one, whose strong tier holds up to 1,000 entries.
    ///
    /// ```
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::<u32, u32>::builder().capacity(10).build();
    /// assert_eq!(cache.capacity(), 10);
    /// ```
    pub fn builder() -> WeakCacheBuilder<K, V> {
        WeakCacheBuilder::new()
    }
}

impl<K, V, S> WeakCache<K, V, S> {
    pub(crate) fn with_settings(settings: Settings<K, V>, hasher: S, spread: bool) -> Self {
        let engine = Engine::create(settings);
        // SAFETY: the engine is there, as long as the cache is.
        let shards = NonNull::from(unsafe { engine.as_ref() }.shards());
        Self { engine, shards, hasher, spread }
    }

    #[inline]
    pub(super) fn engine(&self) -> &Engine<K, V> {
        // SAFETY: the cache has an anchor of its engine.
        unsafe { self.engine.as_ref() }
    }

    /// How many entries are live: those in use by somebody and those in the strong tier, each once. Exact for each of the
    /// [shards](crate::WeakCacheBuilder::shards), which are locked and asked one after the other: O(shards).
    ///
    /// ```
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::new(0);
    /// let held = cache.insert('a', 1);
    /// assert_eq!(cache.len(), 1);
    /// drop(held);
    /// assert_eq!(cache.len(), 0);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.engine().len()
    }

    /// Whether no entry is live.
    ///
    /// ```
    /// use lagom_weakcache::WeakCache;
    ///
    /// assert!(WeakCache::<char, u32>::new(10).is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many entries the strong tier may hold, as it was asked for.
    ///
    /// ```
    /// use lagom_weakcache::WeakCache;
    ///
    /// assert_eq!(WeakCache::<char, u32>::new(10).capacity(), 10);
    /// ```
    #[must_use]
    pub fn capacity(&self) -> usize {
        usize::try_from(self.engine().capacity()).unwrap_or(usize::MAX)
    }

    /// The counters and sizes. O(threads + shards); what goes on meanwhile may be in some of them and not in others.
    ///
    /// ```
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::new(10);
    /// for _ in 0..4 {
    ///     cache.get_or_insert_with("key", || "value");
    /// }
    /// assert_eq!(cache.stats().hit_ratio(), 0.75);
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.engine().stats()
    }

    /// Forgets every entry; the counters go on. Handles stay valid, but lookups do not find their entries again. Loads
    /// in progress are forgotten too: their callers get what they loaded, who waited for it loads again.
    ///
    /// O(n), shard by shard under the lock of each.
    ///
    /// ```
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::new(10);
    /// let held = cache.insert('a', 1);
    /// cache.clear();
    /// assert!(cache.is_empty() && cache.get(&'a').is_none());
    /// assert_eq!(*held, 1);
    /// ```
    pub fn clear(&self) {
        self.engine().clear();
    }
}

impl<K, V, S> WeakCache<K, V, S>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
    S: BuildHasher,
{
    /// A handle of the live entry of `key`, which counts as used now.
    ///
    /// A key whose value is being loaded for the first time is not found: this never waits.
    ///
    /// ```
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::new(10);
    /// cache.insert("one".to_owned(), 1);
    /// assert_eq!(cache.get("one").as_deref(), Some(&1));
    /// assert_eq!(cache.get("two").as_deref(), None);
    /// ```
    pub fn get<Q>(&self, key: &Q) -> Option<Cached<V>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let (shard, hash) = self.at(key);
        self.engine().get(shard, hash, is(key))
    }

    /// What `f` makes of the value of `key`, if there is a live entry, which counts as used now. `f` runs outside of every
    /// lock.
    ///
    /// An entry of the strong tier that was seen this way before is borrowed: no count is touched, so that any number of
    /// threads see it without disturbing each other. If it leaves the cache while `f` runs it is found no more at once, and
    /// dies when `f` has returned. (That is so unless this thread sees more than four entries at once, entries expire, or the
    /// tier is an [LRU](crate::Eviction::Lru): then a handle is taken.)
    ///
    /// ```
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::new(10);
    /// cache.insert(1, "one".to_owned());
    /// assert_eq!(cache.with(&1, |text| text.len()), Some(3));
    /// assert_eq!(cache.with(&2, |text| text.len()), None);
    /// ```
    pub fn with<Q, R>(&self, key: &Q, f: impl FnOnce(&V) -> R) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let (shard, hash) = self.at(key);
        let seen = self.engine().see(shard, hash, is(key))?;
        let result = f(seen.value());
        // Here, so that a panic of a drop does not leak the result.
        drop(seen);
        Some(result)
    }

    /// Whether there is a live entry of `key`. It neither counts as used nor as hit or miss.
    ///
    /// Another thread may change that before you act on it: prefer [`get`](Self::get).
    ///
    /// ```
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::new(10);
    /// cache.insert("one".to_owned(), 1);
    /// assert!(cache.contains_key("one") && !cache.contains_key("two"));
    /// ```
    pub fn contains_key<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let (shard, hash) = self.at(key);
        self.engine().contains(shard, hash, is(key))
    }

    /// Makes `value` the value of `key`. Handles of a former value stay valid, but lookups find the new one.
    ///
    /// If the capacity is 0, the returned handle is all that keeps the entry: it is gone when you drop it.
    ///
    /// The entry is a new one, with the given key, also if there was one.
    ///
    /// ```
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::new(10);
    /// let old = cache.insert("key", 1);
    /// let new = cache.insert("key", 2);
    /// assert_eq!((*old, *new), (1, 2));
    /// assert_eq!(cache.get("key").as_deref(), Some(&2));
    /// ```
    pub fn insert(&self, key: K, value: V) -> Cached<V> {
        let (shard, hash) = self.at(&key);
        self.engine().insert(shard, hash, key, value)
    }

    /// As [`insert`](Self::insert), for who does not want the handle: a new key takes one atomic step less.
    ///
    /// If the capacity is 0, nobody keeps the entry: it is gone when this returns.
    ///
    /// ```
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::new(10);
    /// cache.put("key", 1);
    /// assert_eq!(cache.get("key").as_deref(), Some(&1));
    /// ```
    pub fn put(&self, key: K, value: V) {
        let (shard, hash) = self.at(&key);
        self.engine().put_in(shard, hash, key, value);
    }

    /// Takes the entry of `key` off the cache. Its handles stay valid, the returned one included.
    ///
    /// ```
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::new(10);
    /// cache.insert("key".to_owned(), 1);
    /// assert_eq!(cache.remove("key").as_deref(), Some(&1));
    /// assert_eq!(cache.remove("key").as_deref(), None);
    /// ```
    pub fn remove<Q>(&self, key: &Q) -> Option<Cached<V>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let (shard, hash) = self.at(key);
        self.engine().remove(shard, hash, is(key))
    }

    /// Takes off the cache every live entry that `keep` says `false` to. Handles stay valid.
    ///
    /// `keep` runs outside of the lock, over the entries that were live when `retain` was called, in no particular
    /// order; none of them counts as used. O(n), in time and in memory: each of them is held until `keep` has seen it.
    ///
    /// ```
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::new(10);
    /// for n in 0..10 {
    ///     cache.insert(n, n * n);
    /// }
    /// cache.retain(|_, square| square % 2 == 0);
    /// assert_eq!(cache.len(), 5);
    /// ```
    pub fn retain(&self, keep: impl FnMut(&K, &V) -> bool) {
        self.engine().retain(keep);
    }

    /// Where a key belongs: a shard of the engine, and the part of the hash that tells it from others there.
    #[inline]
    pub(super) fn at<Q: Hash + ?Sized>(&self, key: &Q) -> (&Shard<K, V>, u32) {
        let mut hash = self.hasher.hash_one(key);
        if self.spread {
            hash = spread(hash);
        }
        // SAFETY: they belong to the engine, and the cache has an anchor of it.
        let shards = unsafe { self.shards.as_ref() };
        // SAFETY: their number is a power of two.
        let shard = unsafe { shards.get_unchecked((hash >> 32) as usize & (shards.len() - 1)) };
        (shard, hash as u32)
    }
}

/// Whether a key is `key`.
#[inline]
pub(super) fn is<K, Q>(key: &Q) -> impl Fn(&K) -> bool
where
    K: Borrow<Q>,
    Q: Eq + ?Sized,
{
    move |other| other.borrow() == key
}

impl<K, V, S> Drop for WeakCache<K, V, S> {
    /// Drops what nobody holds. Handles stay valid, here and in other threads.
    fn drop(&mut self) {
        // SAFETY: the anchor of the cache.
        unsafe { Engine::orphan(self.engine) };
    }
}

impl<K, V, S> fmt::Debug for WeakCache<K, V, S> {
    /// The figures, not the entries.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakCache").field("stats", &self.stats()).finish()
    }
}

// No panic leaves the table half changed.
impl<K: RefUnwindSafe, V: RefUnwindSafe, S: UnwindSafe> UnwindSafe for WeakCache<K, V, S> {}
impl<K: RefUnwindSafe, V: RefUnwindSafe, S: RefUnwindSafe> RefUnwindSafe for WeakCache<K, V, S> {}

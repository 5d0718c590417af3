//! The cache.

use core::borrow::Borrow;
use core::convert::Infallible;
use core::fmt;
use core::hash::{BuildHasher, Hash};
use core::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use crate::builder::WeakCacheBuilder;
use crate::cached::Cached;
use crate::engine::Engine;
use crate::hasher::DefaultHashBuilder;
use crate::stats::Stats;
use crate::table::Slot;

/// A concurrent cache of weak values with a bounded strong tier.
///
/// An entry lives as long as somebody holds a [`Cached`] handle of it, or it is among the `capacity` entries that were
/// used last (inserted, loaded, or found by [`get`](Self::get), [`with`](Self::with) or a `…get_or_insert_with`). When
/// neither holds any more, key and value are dropped at once and the entry is gone. As long as one does, every lookup
/// finds the same object: leaving the strong tier takes nothing from who holds a handle.
///
/// | `capacity` | |
/// | --- | --- |
/// | 0 | no strong tier: purely weak |
/// | `usize::MAX` | nothing is ever evicted; nothing is allocated in advance either |
///
/// # Locking
///
/// One mutex around one hash table; every operation is O(1) expected unless it says otherwise. Factories, predicates,
/// `Hash` and the `Drop` of keys and values run outside of the lock: they may call this cache. Only `Eq` of keys, which
/// a probe needs, runs under the lock: it must not use the same cache. A panic in any of them leaves the cache usable
/// and its counts right; a panic in the `Drop` of a value comes out of the call that let go of it, be it a `get` that
/// evicted it.
///
/// A live entry costs two allocations, one for the key and one for the value, and a third while it is in the strong
/// tier.
///
/// ```
/// use lagom_weakcache::{Cached, WeakCache};
///
/// let cache = WeakCache::new(1);
/// let one = cache.get_or_insert_with("one".to_owned(), || 1);
/// cache.insert("two".to_owned(), 2); // Takes the place of "one" in the strong tier, …
///
/// assert!(Cached::ptr_eq(&one, &cache.get("one").unwrap())); // … but we hold "one", so it is found.
/// assert!(cache.get("two").is_none()); // Nobody held "two".
/// ```
pub struct WeakCache<K, V, S = DefaultHashBuilder> {
    engine: Arc<Engine<Arc<K>, V>>,
    hasher: S,
}

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
    pub(crate) fn with_settings(capacity: usize, hasher: S) -> Self {
        Self { engine: Engine::new(capacity), hasher }
    }

    /// How many entries are live: those in use by somebody and those in the strong tier, each once. Exact.
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
        self.engine.len()
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
        self.stats().capacity()
    }

    /// The counters and sizes of this instant.
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
        self.engine.stats()
    }

    /// Forgets every entry; the counters go on. Handles stay valid, but lookups do not find their entries again. Loads
    /// in progress are forgotten too: their callers get what they loaded, who waited for it loads again.
    ///
    /// O(n), the lock is held for O(1).
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
        self.engine.clear();
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
        self.engine.get(self.hash(key), is(key))
    }

    /// What `f` makes of the value of `key`, if there is a live entry, which counts as used now. `f` runs outside of
    /// the lock.
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
        let value = self.get(key)?;
        let result = f(&value);
        drop(value); // Here, so that a panic of its drop does not leak the result.
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
        self.engine.contains(self.hash(key), is(key))
    }

    /// A handle of the live entry of `key`, or of a new one with what `make` returns.
    ///
    /// However many threads ask for one key, one of them runs its `make`, outside of the lock, and the others wait for
    /// it; other keys are never blocked. If that `make` panics, one of the waiting threads runs its own.
    ///
    /// A `make` may use the cache. An [`insert`](Self::insert) of the key during `make` wins: it ends the wait of the
    /// others, and the caller gets the inserted value, too. A [`remove`](Self::remove) or [`clear`](Self::clear) during
    /// `make` leaves the caller with a handle of an entry that is not in the cache, and lets the others load again.
    ///
    /// # Panics
    ///
    /// When `make` needs its own result: it asks for `key` again, or for a key whose `make` in another thread waits for
    /// `key`. At least one of the threads in such a ring gets the panic, although an `insert` from outside might have
    /// ended the ring; none of them hangs.
    ///
    /// Only waits for loads are seen: a `make` that joins a thread which asks for `key`, or waits for a lock or a channel
    /// of yours that such a thread holds or serves, hangs as it would anywhere.
    ///
    /// ```
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::new(10);
    /// assert_eq!(*cache.get_or_insert_with("one", || 1), 1);
    /// assert_eq!(*cache.get_or_insert_with("one", || unreachable!()), 1);
    /// ```
    #[track_caller]
    pub fn get_or_insert_with(&self, key: K, make: impl FnOnce() -> V) -> Cached<V> {
        match self.try_get_or_insert_with(key, || Ok::<V, Infallible>(make())) {
            Ok(value) => value,
            Err(never) => match never {},
        }
    }

    /// Like [`get_or_insert_with`](Self::get_or_insert_with), for a `make` that may fail. An error goes to the caller
    /// of that `make` alone and is not remembered: of the threads that waited, one runs its own `make`.
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
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::new(10);
    /// let parse = |text: &'static str| cache.try_get_or_insert_with(text, || text.parse::<u32>());
    /// assert_eq!(*parse("17")?, 17);
    /// assert!(parse("seventeen").is_err());
    /// # Ok::<(), core::num::ParseIntError>(())
    /// ```
    #[track_caller]
    pub fn try_get_or_insert_with<E>(&self, key: K, make: impl FnOnce() -> Result<V, E>) -> Result<Cached<V>, E> {
        let hash = self.hash(&key);
        if let Some(found) = self.engine.get(hash, is(&key)) {
            drop((key, make));
            return Ok(found);
        }
        let key = Arc::new(key);
        let loaded = self.engine.get_or_load(&key, hash, make, is::<K, V, K>(&key));
        drop(key);
        loaded
    }

    /// Makes `value` the value of `key`. Handles of a former value stay valid, but lookups find the new one.
    ///
    /// If the capacity is 0, the returned handle is all that keeps the entry: it is gone when you drop it.
    ///
    /// If the key is there, the old key stays and the given one is dropped.
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
        let hash = self.hash(&key);
        let key = Arc::new(key);
        let handle = self.engine.insert(&key, hash, value, is::<K, V, K>(&key));
        drop(key);
        handle
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
        self.engine.remove(self.hash(key), is(key))
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
    pub fn retain(&self, mut keep: impl FnMut(&K, &V) -> bool) {
        self.engine.retain(|key, value| keep(key, value));
    }

    fn hash<Q: Hash + ?Sized>(&self, key: &Q) -> u64 {
        self.hasher.hash_one(key)
    }
}

/// Whether a slot is that of `key`.
fn is<K, V, Q>(key: &Q) -> impl Fn(&Slot<Arc<K>, V>) -> bool
where
    K: Borrow<Q>,
    Q: Eq + ?Sized,
{
    move |slot| <K as Borrow<Q>>::borrow(&slot.key) == key
}

impl<K, V, S> Drop for WeakCache<K, V, S> {
    /// Drops what nobody holds. Handles stay valid, here and in other threads.
    fn drop(&mut self) {
        // The entries lead back to the engine: emptied, it goes with the last of them.
        self.engine.clear();
    }
}

impl<K, V, S> fmt::Debug for WeakCache<K, V, S> {
    /// The figures, not the entries. Never waits for the lock.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("WeakCache");
        match self.engine.try_stats() {
            Some(stats) => debug.field("stats", &stats).finish(),
            None => debug.finish_non_exhaustive(),
        }
    }
}

// No panic leaves the table half changed.
impl<K: RefUnwindSafe, V: RefUnwindSafe, S: UnwindSafe> UnwindSafe for WeakCache<K, V, S> {}
impl<K: RefUnwindSafe, V: RefUnwindSafe, S: RefUnwindSafe> RefUnwindSafe for WeakCache<K, V, S> {}

//! The local cache as users see it.

use core::any::type_name;
use core::borrow::Borrow;
use core::convert::Infallible;
use core::fmt;
use core::hash::{BuildHasher, Hash};
use core::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

use super::builder::LocalCacheBuilder;
use super::engine::{Engine, NeedsItself};
use super::entries::LocalEntries;
use super::node::{Home, LocalCached};
use crate::hasher::DefaultHashBuilder;
use crate::spread::spread;
use crate::stats::Stats;

/// The [`WeakCache`](crate::WeakCache) of one thread: weak values and a bounded strong tier, without locks and atomics.
///
/// An entry lives as long as somebody holds a [`LocalCached`] handle of it or it sits in the strong tier, where up to
/// `capacity` entries that were useful lately are kept. Then it is gone at once: key and value are dropped and their
/// memory freed before the drop of the last handle returns. An entry that leaves the strong tier while somebody holds it
/// is still found. So there are never two live objects of one key, unless you [`remove`](Self::remove) or replace one.
///
/// Who leaves the tier is decided by a clock, nearly as by least recent use; a hit sets a mark and moves nothing.
///
/// Every operation is O(1) expected, but where it says otherwise; one that needs a seat in a full tier may pass over all
/// seats, but those only whose entries were hit since it last did. An entry is one allocation. Code of yours (`Hash`,
/// `Eq`, `Drop`, what you pass) always runs when the cache is in order, and may use it; a panic in it leaves the cache
/// usable and its counts right. (An `Eq` that enters new entries of the very same hash each time it is asked is asked again
/// each time.) Neither `Send` nor `Sync`. Keys and values must be `'static`.
///
/// ```
/// use lagom_weakcache::{LocalCache, LocalCached};
///
/// let cache = LocalCache::new(1);
/// let one = cache.get_or_insert_with("one", || vec![1]);
/// let two = cache.get_or_insert_with("two", || vec![2]); // "one" leaves the strong tier, …
/// assert!(LocalCached::ptr_eq(&one, &cache.get("one").unwrap())); // … and is still the one.
///
/// drop((one, two));
/// assert_eq!(cache.len(), 1);
/// ```
pub struct LocalCache<K, V, S = DefaultHashBuilder> {
    home: Rc<Home<K, V>>,
    hasher: S,
}

impl<K, V> LocalCache<K, V> {
    /// An empty cache whose strong tier holds up to `capacity` entries; see [`LocalCacheBuilder::capacity`].
    ///
    /// ```
    /// use lagom_weakcache::LocalCache;
    ///
    /// let cache: LocalCache<String, Vec<u8>> = LocalCache::new(100);
    /// assert!(cache.is_empty());
    /// ```
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self::builder().capacity(capacity).build()
    }

    /// Settings for a cache that differs from the default one.
    ///
    /// ```
    /// use lagom_weakcache::LocalCache;
    ///
    /// let cache: LocalCache<String, Vec<u8>> = LocalCache::builder().capacity(100).build();
    /// assert_eq!(cache.capacity(), 100);
    /// ```
    pub fn builder() -> LocalCacheBuilder<K, V> {
        LocalCacheBuilder::new()
    }
}

impl<K, V, S> LocalCache<K, V, S> {
    pub(super) fn with_settings(capacity: usize, hasher: S) -> Self {
        Self { home: Home::new(Engine::new(capacity)), hasher }
    }

    fn engine(&self) -> &Engine<K, V> {
        self.home.engine()
    }

    /// How many entries are live, in the strong tier or held. Exact.
    ///
    /// ```
    /// use lagom_weakcache::LocalCache;
    ///
    /// let cache = LocalCache::new(1);
    /// let held = cache.insert('a', 1);
    /// cache.insert('b', 2);
    /// cache.insert('c', 3);
    /// assert_eq!(cache.len(), 2);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.engine().len()
    }

    /// Whether no entry is live.
    ///
    /// ```
    /// use lagom_weakcache::LocalCache;
    ///
    /// assert!(LocalCache::<char, u32>::new(10).is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many entries the strong tier may hold, as it was asked for.
    ///
    /// ```
    /// use lagom_weakcache::LocalCache;
    ///
    /// assert_eq!(LocalCache::<char, u32>::new(10).capacity(), 10);
    /// ```
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.engine().capacity()
    }

    /// Changes how many entries the strong tier may hold. Those that have to leave it count as evicted; who is held
    /// lives on. O(1) for each that leaves.
    ///
    /// ```
    /// use lagom_weakcache::LocalCache;
    ///
    /// let cache = LocalCache::new(10);
    /// for n in 0..10 {
    ///     cache.insert(n, n);
    /// }
    /// cache.set_capacity(4);
    /// assert_eq!((cache.len(), cache.stats().evictions()), (4, 6));
    /// ```
    pub fn set_capacity(&self, capacity: usize) {
        self.engine().set_capacity(capacity);
    }

    /// Gives back what memory the table and the strong tier have allocated beyond their need. O(n).
    ///
    /// The table shrinks by itself when it is nearly empty; the list of the strong tier does not.
    ///
    /// ```
    /// use lagom_weakcache::LocalCache;
    ///
    /// let cache = LocalCache::new(1000);
    /// for n in 0..1000 {
    ///     cache.insert(n, n);
    /// }
    /// cache.retain(|n, _| *n < 10);
    /// let before = cache.memory_usage();
    /// cache.shrink_to_fit();
    /// assert!(cache.memory_usage() < before);
    /// ```
    pub fn shrink_to_fit(&self) {
        self.engine().shrink_to_fit();
    }

    /// The bytes that this cache has allocated: the blocks of its entries with their keys and values, the table, the strong
    /// tier. Not what keys and values own elsewhere, and not what the allocator adds. O(1).
    ///
    /// ```
    /// use lagom_weakcache::LocalCache;
    ///
    /// let cache = LocalCache::new(10);
    /// let empty = cache.memory_usage();
    /// cache.insert(1_u64, [0_u8; 1000]);
    /// assert!(cache.memory_usage() >= empty + 1000);
    /// ```
    #[must_use]
    pub fn memory_usage(&self) -> usize {
        self.engine().memory_usage()
    }

    /// The counters and sizes of this instant.
    ///
    /// ```
    /// use lagom_weakcache::LocalCache;
    ///
    /// let cache = LocalCache::new(10);
    /// for _ in 0..4 {
    ///     cache.get_or_insert_with("key", || "value");
    /// }
    /// assert_eq!(cache.stats().hit_ratio(), 0.75);
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.engine().stats()
    }

    /// Forgets every entry; the counters go on. Handles stay valid, but lookups do not find their entries again. The
    /// callers of loads in progress get what they loaded. O(n).
    ///
    /// ```
    /// use lagom_weakcache::LocalCache;
    ///
    /// let cache = LocalCache::new(10);
    /// let held = cache.insert('a', 1);
    /// cache.clear();
    /// assert!(cache.is_empty() && cache.get(&'a').is_none());
    /// assert_eq!(*held, 1);
    /// ```
    pub fn clear(&self) {
        self.engine().clear();
    }

    /// The entries that are live now, in no particular order. None of them counts as used.
    ///
    /// Whatever happens to the cache meanwhile: each of them is held until it was yielded and dropped, or the rest of the
    /// iterator is. O(n), in time and in memory, before the first comes.
    ///
    /// ```
    /// use lagom_weakcache::LocalCache;
    ///
    /// let cache = LocalCache::new(10);
    /// cache.insert("one", 1);
    /// cache.insert("two", 2);
    /// let mut all = Vec::new();
    /// for entry in cache.entries() {
    ///     cache.clear();
    ///     all.push((*entry.key(), **entry.value()));
    /// }
    /// all.sort();
    /// assert_eq!(all, [("one", 1), ("two", 2)]);
    /// ```
    #[must_use]
    pub fn entries(&self) -> LocalEntries<K, V> {
        LocalEntries::new(self.engine().live())
    }

    /// Takes off the cache every live entry that `keep` says `false` to. Handles stay valid.
    ///
    /// `keep` sees the entries that were live when `retain` was called, in no particular order; none of them counts as used.
    /// O(n), in time and in memory: each of them is held until `keep` has seen it.
    ///
    /// ```
    /// use lagom_weakcache::LocalCache;
    ///
    /// let cache = LocalCache::new(10);
    /// for n in 0..10 {
    ///     cache.insert(n, n * n);
    /// }
    /// cache.retain(|_, square| square % 2 == 0);
    /// assert_eq!(cache.len(), 5);
    /// ```
    pub fn retain(&self, keep: impl FnMut(&K, &V) -> bool) {
        self.engine().retain(keep);
    }
}

impl<K, V, S> LocalCache<K, V, S>
where
    K: Hash + Eq + 'static,
    V: 'static,
    S: BuildHasher,
{
    /// A handle of the live entry of `key`, which counts as used now.
    ///
    /// A key whose first value is being loaded is not found.
    ///
    /// ```
    /// use lagom_weakcache::LocalCache;
    ///
    /// let cache = LocalCache::new(10);
    /// cache.insert("one".to_owned(), 1);
    /// assert_eq!(cache.get("one").as_deref(), Some(&1));
    /// assert_eq!(cache.get("two").as_deref(), None);
    /// ```
    #[inline]
    pub fn get<Q>(&self, key: &Q) -> Option<LocalCached<V>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        Some(self.engine().get(self.hash(key), is(key))?.into_handle())
    }

    /// What `f` makes of the value of `key`, if there is a live entry, which counts as used now.
    ///
    /// ```
    /// use lagom_weakcache::LocalCache;
    ///
    /// let cache = LocalCache::new(10);
    /// cache.insert(1, "one".to_owned());
    /// assert_eq!(cache.with(&1, |text| text.len()), Some(3));
    /// assert_eq!(cache.with(&2, |text| text.len()), None);
    /// ```
    #[inline]
    pub fn with<Q, R>(&self, key: &Q, f: impl FnOnce(&V) -> R) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let handle = self.get(key)?;
        let result = f(&handle);
        drop(handle);
        Some(result)
    }

    /// Whether there is a live entry of `key`. It neither counts as used nor as hit or miss.
    ///
    /// ```
    /// use lagom_weakcache::LocalCache;
    ///
    /// let cache = LocalCache::new(10);
    /// cache.insert("one".to_owned(), 1);
    /// assert!(cache.contains_key("one") && !cache.contains_key("two"));
    /// ```
    pub fn contains_key<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.engine().contains(self.hash(key), is(key))
    }

    /// A handle of the live entry of `key`, or of a new one with what `make` returns.
    ///
    /// A `make` may use the cache. An [`insert`](Self::insert) of the key during `make` wins: the caller gets the inserted
    /// value, too. A [`remove`](Self::remove) or [`clear`](Self::clear) during `make` leaves the caller with a handle of an
    /// entry that is not in the cache.
    ///
    /// # Panics
    ///
    /// When `make` needs its own result: it asks for `key` again.
    ///
    /// ```
    /// use lagom_weakcache::LocalCache;
    ///
    /// let cache = LocalCache::new(10);
    /// assert_eq!(*cache.get_or_insert_with("one", || 1), 1);
    /// assert_eq!(*cache.get_or_insert_with("one", || unreachable!()), 1);
    /// ```
    #[track_caller]
    pub fn get_or_insert_with(&self, key: K, make: impl FnOnce() -> V) -> LocalCached<V> {
        match self.try_get_or_insert_with(key, || Ok::<V, Infallible>(make())) {
            Ok(value) => value,
            Err(never) => match never {},
        }
    }

    /// Like [`get_or_insert_with`](Self::get_or_insert_with), for a `make` that may fail. An error is not remembered.
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
    /// use lagom_weakcache::LocalCache;
    ///
    /// let cache = LocalCache::new(10);
    /// let parse = |text: &'static str| cache.try_get_or_insert_with(text, || text.parse::<u32>());
    /// assert_eq!(*parse("17")?, 17);
    /// assert!(parse("seventeen").is_err());
    /// # Ok::<(), core::num::ParseIntError>(())
    /// ```
    #[track_caller]
    pub fn try_get_or_insert_with<E>(&self, key: K, make: impl FnOnce() -> Result<V, E>) -> Result<LocalCached<V>, E> {
        match Engine::get_or_load(&self.home, self.hash(&key), key, make) {
            Ok(Ok(held)) => Ok(held.into_handle()),
            Ok(Err(error)) => Err(error),
            Err(NeedsItself) => panic!(
                "a cached value of type `{}` needs itself: the load of a key of type `{}` asks for the same key",
                type_name::<V>(),
                type_name::<K>()
            ),
        }
    }

    /// Makes `value` the value of `key`. Handles of a former value stay valid, but lookups find the new one.
    ///
    /// If the capacity is 0, the returned handle is all that keeps the entry: it is gone when you drop it.
    ///
    /// ```
    /// use lagom_weakcache::LocalCache;
    ///
    /// let cache = LocalCache::new(10);
    /// let old = cache.insert("key", 1);
    /// let new = cache.insert("key", 2);
    /// assert_eq!((*old, *new), (1, 2));
    /// assert_eq!(cache.get("key").as_deref(), Some(&2));
    /// ```
    pub fn insert(&self, key: K, value: V) -> LocalCached<V> {
        Engine::insert(&self.home, self.hash(&key), key, value).into_handle()
    }

    /// Takes the entry of `key` off the cache. Its handles stay valid, the returned one included.
    ///
    /// ```
    /// use lagom_weakcache::LocalCache;
    ///
    /// let cache = LocalCache::new(10);
    /// cache.insert("key".to_owned(), 1);
    /// assert_eq!(cache.remove("key").as_deref(), Some(&1));
    /// assert_eq!(cache.remove("key").as_deref(), None);
    /// ```
    pub fn remove<Q>(&self, key: &Q) -> Option<LocalCached<V>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        Some(self.engine().remove(self.hash(key), is(key))?.into_handle())
    }

    /// The hash of a key, with what varies in it spread over all bits, whatever the hasher.
    #[inline]
    fn hash<Q: Hash + ?Sized>(&self, key: &Q) -> u32 {
        (spread(self.hasher.hash_one(key)) >> 32) as u32
    }
}

/// Whether a key is `key`.
#[inline]
fn is<K, Q>(key: &Q) -> impl Fn(&K) -> bool
where
    K: Borrow<Q>,
    Q: Eq + ?Sized,
{
    move |other| other.borrow() == key
}

impl<K, V, S> Drop for LocalCache<K, V, S> {
    /// Drops what nobody holds. Handles stay valid.
    fn drop(&mut self) {
        // The entries count their home: emptied, it goes with the last of them.
        self.engine().clear();
    }
}

impl<K, V, S> fmt::Debug for LocalCache<K, V, S> {
    /// The figures, not the entries.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalCache").field("stats", &self.stats()).finish()
    }
}

// No panic leaves the table half changed.
impl<K: RefUnwindSafe, V: RefUnwindSafe, S: UnwindSafe> UnwindSafe for LocalCache<K, V, S> {}
impl<K: RefUnwindSafe, V: RefUnwindSafe, S: RefUnwindSafe> RefUnwindSafe for LocalCache<K, V, S> {}

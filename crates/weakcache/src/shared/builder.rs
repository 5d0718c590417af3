//! The settings of a cache.

use core::fmt;
use core::time::Duration;

use lagom_base::clock::Clock;

use crate::hasher::DefaultHashBuilder;
use crate::shared::cache::WeakCache;
use crate::shared::settings::Settings;

/// The capacity of a cache that was given none.
const DEFAULT_CAPACITY: u64 = 1000;

/// Which entry leaves a full strong tier when another comes.
///
/// ```
/// use lagom_weakcache::{Eviction, WeakCache};
///
/// let cache = WeakCache::<u32, u32>::builder().capacity(2).eviction(Eviction::Lru).build();
/// cache.insert(1, 1);
/// cache.insert(2, 2);
/// cache.get(&1);
/// cache.insert(3, 3);
/// assert!(cache.contains_key(&1) && !cache.contains_key(&2));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Eviction {
    /// Learns whether it pays to keep what was used last, or what is used again and again: the default. A hit writes two
    /// bits into its entry at most, and takes no lock.
    #[default]
    Adaptive,
    /// The entry that was not used for longest. A hit takes the lock of its shard, to move the entry in a list.
    Lru,
}

/// The settings of a [`WeakCache`].
///
/// | setting | default |
/// | --- | --- |
/// | [`capacity`](Self::capacity), or [`max_bytes`](Self::max_bytes) | 1,000 entries |
/// | [`weigher`](Self::weigher) | every entry weighs 1 |
/// | [`eviction`](Self::eviction) | [`Eviction::Adaptive`] |
/// | [`ttl`](Self::ttl), [`tti`](Self::tti), [`expiry`](Self::expiry) | entries do not expire |
/// | [`clock`](Self::clock) | the monotonic clock of the system |
/// | [`on_death`](Self::on_death) | none |
/// | [`time_loads`](Self::time_loads) | off |
/// | [`shards`](Self::shards) | by the capacity and the number of processors |
/// | [`hasher`](Self::hasher) | [`DefaultHashBuilder`] |
///
/// ```
/// use lagom_weakcache::{WeakCache, WeakCacheBuilder};
///
/// let builder: WeakCacheBuilder<String, u32> = WeakCache::builder();
/// assert_eq!(builder.capacity(100).build().capacity(), 100);
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct WeakCacheBuilder<K, V, S = DefaultHashBuilder> {
    settings: Settings<K, V>,
    hasher: S,
    /// Whether the hasher may vary in few bits only.
    spread: bool,
}

impl<K, V> WeakCacheBuilder<K, V> {
    pub(crate) fn new() -> Self {
        Self { settings: Settings::new(DEFAULT_CAPACITY), hasher: DefaultHashBuilder::default(), spread: false }
    }
}

impl<K, V, S> WeakCacheBuilder<K, V, S> {
    /// How many entries the strong tier may hold: default 1,000. With 0 there is none: the cache is purely weak, and an
    /// entry whose handles you drop is gone. With `usize::MAX` it holds all entries.
    ///
    /// With a [`weigher`](Self::weigher) it is what they may weigh together. Nothing is allocated ahead.
    ///
    /// ```
    /// use lagom_weakcache::WeakCache;
    ///
    /// let weak = WeakCache::builder().capacity(0).build();
    /// weak.insert("nobody holds this", 1);
    /// assert!(weak.is_empty());
    /// let held = weak.insert("somebody holds this", 2);
    /// assert_eq!(weak.len(), 1);
    /// ```
    pub fn capacity(mut self, capacity: usize) -> Self {
        self.settings.capacity = if capacity == usize::MAX { u64::MAX } else { capacity as u64 };
        self.settings.bytes = false;
        self
    }

    /// How many bytes the entries of the strong tier may take, in place of [`capacity`](Self::capacity): their keys and
    /// values in place, what the [`weigher`](Self::weigher) says that these own beyond that, and the cache's own memory for
    /// them, also what it keeps for entries that were more before.
    ///
    /// So when an `insert` or a load is done, a cache whose entries nobody holds has allocated as much at most, and what an
    /// empty one has: about 2 KiB, and 128 bytes for each thread. Entries outside of the tier count for nothing while they
    /// are held. From budgets of a few KiB not much is left for entries.
    ///
    /// ```
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::builder()
    ///     .max_bytes(1 << 20)
    ///     .weigher(|key: &String, text: &String| (key.capacity() + text.capacity()) as u64)
    ///     .build();
    /// for n in 0..10_000 {
    ///     cache.insert(n.to_string(), "x".repeat(1000));
    /// }
    /// assert!((800..1000).contains(&cache.len()));
    /// ```
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.settings.capacity = bytes as u64;
        self.settings.bytes = true;
        self
    }

    /// What an entry weighs: asked once, when it comes, outside of the lock. An entry that is heavier than the capacity is
    /// not kept in the strong tier (and so lives while somebody holds it); one of weight 0 takes no room there, but leaves
    /// when its turn comes. A cache that weighs has one part unless [`shards`](Self::shards) says otherwise: with several an
    /// entry must not be heavier than its part of the capacity.
    ///
    /// ```
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::builder().capacity(100).weigher(|_: &u8, text: &String| text.len() as u64).build();
    /// cache.insert(1, "x".repeat(60));
    /// cache.insert(2, "x".repeat(60));
    /// assert_eq!(cache.len(), 1);
    /// cache.insert(3, "x".repeat(101));
    /// assert!(!cache.contains_key(&3));
    /// ```
    pub fn weigher(mut self, weigher: impl Fn(&K, &V) -> u64 + Send + Sync + 'static) -> Self {
        self.settings.weigher = Some(Box::new(weigher));
        self
    }

    /// Which entry leaves a full strong tier.
    ///
    /// ```
    /// use lagom_weakcache::{Eviction, WeakCache};
    ///
    /// let cache = WeakCache::<u32, u32>::builder().eviction(Eviction::Lru).build();
    /// ```
    pub fn eviction(mut self, eviction: Eviction) -> Self {
        self.settings.eviction = eviction;
        self
    }

    /// How long an entry is found, counted from the begin of its load, or from its insertion. With 0 it is never found;
    /// with `Duration::MAX` always.
    ///
    /// An expired entry is taken off the cache by the lookup that meets it, bit by bit by insertions, and by
    /// [`purge_expired`](WeakCache::purge_expired); until then it is counted in [`len`](WeakCache::len). Handles of it stay
    /// valid. Each lookup reads the [`clock`](Self::clock), and [`with`](WeakCache::with) takes a handle meanwhile.
    ///
    /// Who loaded a value gets it however long that took; those who waited for it load again if it has expired by then.
    ///
    /// ```
    /// use std::time::Duration;
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::builder().ttl(Duration::ZERO).build();
    /// let held = cache.insert("key", 1);
    /// assert_eq!((cache.get("key").is_none(), *held), (true, 1));
    /// ```
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.settings.ttl = Some(ttl);
        self
    }

    /// How long an entry is found after its last use, by a lookup or a load that finds it; see [`ttl`](Self::ttl).
    ///
    /// ```
    /// use std::time::Duration;
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::builder().tti(Duration::from_secs(60)).build();
    /// cache.insert("key", 1);
    /// assert!(cache.contains_key("key"));
    /// ```
    pub fn tti(mut self, tti: Duration) -> Self {
        self.settings.tti = Some(tti);
        self
    }

    /// A ttl of each entry's own; where there is a [`ttl`](Self::ttl) too, the shorter one counts. Asked once, when the entry
    /// comes, outside of the lock.
    ///
    /// ```
    /// use std::time::Duration;
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::builder().expiry(|_: &u8, seconds: &u64| Duration::from_secs(*seconds)).build();
    /// cache.insert(1, 0);
    /// cache.insert(2, 60);
    /// assert_eq!((cache.contains_key(&1), cache.contains_key(&2)), (false, true));
    /// ```
    pub fn expiry(mut self, expiry: impl Fn(&K, &V) -> Duration + Send + Sync + 'static) -> Self {
        self.settings.expiry = Some(Box::new(expiry));
        self
    }

    /// Where the time is read, as what has passed since a fixed moment. Only differences matter; the clock may stand
    /// still, or jump. It is read outside of the lock, and only if entries expire. What is to end more than 584 years after
    /// that moment never ends.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU64, Ordering};
    /// use std::time::Duration;
    /// use lagom_weakcache::WeakCache;
    ///
    /// let seconds = Arc::new(AtomicU64::new(0));
    /// let clock = Arc::clone(&seconds);
    /// let cache = WeakCache::builder()
    ///     .ttl(Duration::from_secs(60))
    ///     .clock(move || Duration::from_secs(clock.load(Ordering::Relaxed)))
    ///     .build();
    /// cache.insert("key", 1);
    /// seconds.store(59, Ordering::Relaxed);
    /// assert!(cache.contains_key("key"));
    /// seconds.store(60, Ordering::Relaxed);
    /// assert!(!cache.contains_key("key"));
    /// ```
    pub fn clock(mut self, clock: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        self.settings.clock = Clock::custom(clock);
        self
    }

    /// What is done when an entry dies, exactly once for each: when its last handle is dropped, or it is evicted, removed,
    /// cleared, replaced or left behind by the cache, and nobody holds it any more. Runs before key and value are dropped,
    /// outside of every lock, in the thread that let go last; while somebody has borrowed the entry (see
    /// [`with`](WeakCache::with)), in that thread when the borrow ends. If it panics, they are dropped all the same.
    ///
    /// A value that was loaded for nothing, because an `insert` came first, is an entry, too; a load that failed is none.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU32, Ordering};
    /// use lagom_weakcache::WeakCache;
    ///
    /// let deaths = Arc::new(AtomicU32::new(0));
    /// let count = Arc::clone(&deaths);
    /// let cache = WeakCache::builder().capacity(0).on_death(move |_, _| {
    ///     count.fetch_add(1, Ordering::Relaxed);
    /// });
    /// let cache = cache.build();
    /// let held = cache.insert("key", 1);
    /// drop(cache);
    /// assert_eq!(deaths.load(Ordering::Relaxed), 0);
    /// drop(held);
    /// assert_eq!(deaths.load(Ordering::Relaxed), 1);
    /// ```
    pub fn on_death(mut self, on_death: impl Fn(&K, &V) + Send + Sync + 'static) -> Self {
        self.settings.on_death = Some(Box::new(on_death));
        self
    }

    /// Measures how long the factories take, for [`Stats::load_time`](crate::Stats::load_time). To read the clock twice
    /// takes longer than the rest of a load, about 40 ns.
    ///
    /// ```
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::<u32, u32>::builder().time_loads().build();
    /// assert!(cache.stats().load_time().is_zero());
    /// ```
    pub fn time_loads(mut self) -> Self {
        self.settings.time_loads = true;
        self
    }

    /// Into how many parts with a lock each the cache is divided: rounded up to a power of two, at most 1,024. Each has its
    /// part of the capacity. By default there is one per 2,048 entries of capacity, up to four per processor; as many without a
    /// strong tier; and one if entries are weighed. Lookups take no lock: this matters where many threads insert.
    ///
    /// With fewer entries of capacity than parts, some parts get none, and keep nothing that nobody holds.
    ///
    /// ```
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::<u32, u32>::builder().capacity(100).shards(4).build();
    /// assert_eq!(cache.capacity(), 100);
    /// ```
    pub fn shards(mut self, shards: usize) -> Self {
        self.settings.shards = Some(shards);
        self
    }

    /// How keys are hashed. A hasher that is not seeded at random lets whoever chooses the keys slow the cache down.
    ///
    /// ```
    /// use std::hash::{BuildHasherDefault, DefaultHasher};
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache = WeakCache::builder().hasher(BuildHasherDefault::<DefaultHasher>::new()).build();
    /// cache.insert("key", 1);
    /// assert_eq!(cache.get("key").as_deref(), Some(&1));
    /// ```
    pub fn hasher<S2>(self, hasher: S2) -> WeakCacheBuilder<K, V, S2> {
        WeakCacheBuilder { settings: self.settings, hasher, spread: true }
    }

    /// The cache.
    ///
    /// ```
    /// use lagom_weakcache::WeakCache;
    ///
    /// let cache: WeakCache<u32, u32> = WeakCache::builder().build();
    /// assert_eq!(cache.capacity(), 1000);
    /// ```
    #[must_use]
    pub fn build(self) -> WeakCache<K, V, S> {
        WeakCache::with_settings(self.settings, self.hasher, self.spread)
    }
}

impl<K, V, S> fmt::Debug for WeakCacheBuilder<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakCacheBuilder").field("capacity", &self.settings.capacity).finish_non_exhaustive()
    }
}

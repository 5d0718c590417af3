//! What a cache counted.

use core::fmt;
use core::time::Duration;

/// What happened in a [`WeakCache`](crate::WeakCache) or an [`Interner`](crate::Interner), and what it holds: a
/// snapshot, taken shard by shard under the lock of each.
///
/// `Display` writes one line, without the strong tier where there is none, and with its bytes where those are bounded. With
/// the feature `serde` it serializes as a map of its counts, its sizes and its `hit_ratio`.
///
/// ```
/// use lagom_weakcache::WeakCache;
///
/// let cache = WeakCache::new(10);
/// cache.get_or_insert_with("a", || 1);
/// cache.get_or_insert_with("a", || 1);
/// let stats = cache.stats();
/// assert_eq!((stats.hits(), stats.misses(), stats.loads()), (1, 1, 1));
/// assert_eq!(stats.to_string(), "1 live, 1 of 10 strong, 1 hit and 1 miss (50.0 %), 1 load, 0 evictions, 0 deaths");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    pub(crate) hits: u64,
    pub(crate) misses: u64,
    pub(crate) loads: u64,
    pub(crate) evictions: u64,
    pub(crate) deaths: u64,
    pub(crate) expirations: u64,
    pub(crate) load_time: Duration,
    pub(crate) len: usize,
    pub(crate) strong_len: usize,
    pub(crate) strong_weight: u64,
    pub(crate) capacity: usize,
    pub(crate) unit: Unit,
}

/// What a capacity is counted in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Unit {
    #[default]
    Entries,
    /// What a weigher says.
    Weight,
    Bytes,
}

impl Stats {
    /// Lookups that found a live entry.
    ///
    /// ```
    /// # use lagom_weakcache::WeakCache;
    /// let cache = WeakCache::new(10);
    /// cache.insert('a', 1);
    /// cache.get(&'a');
    /// assert_eq!(cache.stats().hits(), 1);
    /// ```
    #[must_use]
    pub const fn hits(&self) -> u64 {
        self.hits
    }

    /// Lookups that found none, also those that then waited for another thread's load.
    ///
    /// ```
    /// # use lagom_weakcache::WeakCache;
    /// let cache = WeakCache::<char, u32>::new(10);
    /// cache.get(&'a');
    /// assert_eq!(cache.stats().misses(), 1);
    /// ```
    #[must_use]
    pub const fn misses(&self) -> u64 {
        self.misses
    }

    /// Values that factories returned; in an interner, values made for new entries.
    ///
    /// ```
    /// # use lagom_weakcache::WeakCache;
    /// let cache = WeakCache::new(10);
    /// cache.get_or_insert_with('a', || 1);
    /// assert_eq!(cache.stats().loads(), 1);
    /// ```
    #[must_use]
    pub const fn loads(&self) -> u64 {
        self.loads
    }

    /// Entries that left the strong tier for another one, or for want of capacity; those in use by someone live on.
    ///
    /// ```
    /// # use lagom_weakcache::WeakCache;
    /// let cache = WeakCache::new(1);
    /// let held = cache.insert('a', 1);
    /// cache.insert('b', 2);
    /// assert_eq!((cache.stats().evictions(), cache.stats().deaths()), (1, 0));
    /// ```
    #[must_use]
    pub const fn evictions(&self) -> u64 {
        self.evictions
    }

    /// Entries that vanished because neither a handle nor the strong tier held them any more. What `remove`, `retain`,
    /// `clear` and a replacing `insert` take away is not counted, nor what expired.
    ///
    /// ```
    /// # use lagom_weakcache::WeakCache;
    /// let cache = WeakCache::new(0);
    /// drop(cache.insert('a', 1));
    /// assert_eq!(cache.stats().deaths(), 1);
    /// ```
    #[must_use]
    pub const fn deaths(&self) -> u64 {
        self.deaths
    }

    /// Entries that were taken off because they had expired.
    ///
    /// ```
    /// # use lagom_weakcache::WeakCache;
    /// # use std::time::Duration;
    /// let cache = WeakCache::builder().ttl(Duration::ZERO).build();
    /// cache.insert('a', 1);
    /// assert!(cache.get(&'a').is_none());
    /// assert_eq!(cache.stats().expirations(), 1);
    /// ```
    #[must_use]
    pub const fn expirations(&self) -> u64 {
        self.expirations
    }

    /// How long the factories that returned a value took together, if that [is measured](crate::WeakCacheBuilder::time_loads);
    /// else zero.
    ///
    /// ```
    /// # use lagom_weakcache::WeakCache;
    /// # use std::time::Duration;
    /// let cache = WeakCache::builder().time_loads().build();
    /// cache.get_or_insert_with('a', || std::thread::sleep(Duration::from_millis(1)));
    /// assert!(cache.stats().load_time() >= Duration::from_millis(1));
    /// ```
    #[must_use]
    pub const fn load_time(&self) -> Duration {
        self.load_time
    }

    /// Live entries.
    ///
    /// ```
    /// # use lagom_weakcache::WeakCache;
    /// let cache = WeakCache::new(1);
    /// let held = cache.insert('a', 1);
    /// cache.insert('b', 2);
    /// assert_eq!(cache.stats().len(), 2);
    /// ```
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there was no live entry.
    ///
    /// ```
    /// # use lagom_weakcache::WeakCache;
    /// assert!(WeakCache::<char, u32>::new(1).stats().is_empty());
    /// ```
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Entries in the strong tier, at most [`capacity`](Self::capacity) unless they are weighed.
    ///
    /// ```
    /// # use lagom_weakcache::WeakCache;
    /// let cache = WeakCache::new(1);
    /// let held = cache.insert('a', 1);
    /// cache.insert('b', 2);
    /// assert_eq!(cache.stats().strong_len(), 1);
    /// ```
    #[must_use]
    pub const fn strong_len(&self) -> usize {
        self.strong_len
    }

    /// What the entries in the strong tier weigh together, at most [`capacity`](Self::capacity): their number unless there is a
    /// [weigher](crate::WeakCacheBuilder::weigher), their bytes where [those](crate::WeakCacheBuilder::max_bytes) are bounded.
    ///
    /// ```
    /// # use lagom_weakcache::WeakCache;
    /// let cache = WeakCache::builder().capacity(100).weigher(|_: &u8, text: &&str| text.len() as u64).build();
    /// cache.insert(1, "four");
    /// cache.insert(2, "and seven");
    /// let stats = cache.stats();
    /// assert_eq!((stats.strong_len(), stats.strong_weight()), (2, 13));
    /// assert!(stats.to_string().starts_with("2 live, 2 strong, weighing 13 of 100, "));
    /// ```
    #[must_use]
    pub const fn strong_weight(&self) -> u64 {
        self.strong_weight
    }

    /// How many entries the strong tier may hold, or what they may weigh together; 0 for an interner.
    ///
    /// ```
    /// # use lagom_weakcache::WeakCache;
    /// assert_eq!(WeakCache::<char, u32>::new(7).stats().capacity(), 7);
    /// ```
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.capacity
    }

    /// Hits among all lookups, from 0.0 to 1.0; 0.0 when nothing was looked up.
    ///
    /// ```
    /// # use lagom_weakcache::WeakCache;
    /// let cache = WeakCache::new(10);
    /// assert_eq!(cache.stats().hit_ratio(), 0.0);
    /// cache.get_or_insert_with('a', || 1);
    /// cache.get(&'a');
    /// assert_eq!(cache.stats().hit_ratio(), 0.5);
    /// ```
    #[must_use]
    pub fn hit_ratio(&self) -> f64 {
        let lookups = self.hits as f64 + self.misses as f64;
        if lookups == 0.0 { 0.0 } else { self.hits as f64 / lookups }
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hits, misses, loads, evictions, deaths, len, strong_len, strong_weight, capacity, .. } = *self;
        write!(f, "{len} live, ")?;
        if capacity > 0 {
            match self.unit {
                Unit::Entries => write!(f, "{strong_len} of {capacity} strong, ")?,
                Unit::Weight => write!(f, "{strong_len} strong, weighing {strong_weight} of {capacity}, ")?,
                Unit::Bytes => write!(f, "{strong_len} strong, {strong_weight} of {capacity} bytes, ")?,
            }
        }
        write!(f, "{hits} {} and {misses} {} ", plural(hits, "hit", "hits"), plural(misses, "miss", "misses"))?;
        write!(f, "({:.1} %), {loads} {}, ", 100.0 * self.hit_ratio(), plural(loads, "load", "loads"))?;
        if capacity > 0 {
            write!(f, "{evictions} {}, ", plural(evictions, "eviction", "evictions"))?;
        }
        write!(f, "{deaths} {}", plural(deaths, "death", "deaths"))
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Stats {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;

        let mut map = serializer.serialize_struct("Stats", 12)?;
        map.serialize_field("hits", &self.hits)?;
        map.serialize_field("misses", &self.misses)?;
        map.serialize_field("hit_ratio", &self.hit_ratio())?;
        map.serialize_field("loads", &self.loads)?;
        map.serialize_field("evictions", &self.evictions)?;
        map.serialize_field("deaths", &self.deaths)?;
        map.serialize_field("expirations", &self.expirations)?;
        map.serialize_field("load_seconds", &self.load_time.as_secs_f64())?;
        map.serialize_field("len", &self.len)?;
        map.serialize_field("strong_len", &self.strong_len)?;
        map.serialize_field("strong_weight", &self.strong_weight)?;
        map.serialize_field("capacity", &self.capacity)?;
        map.end()
    }
}

fn plural<'a>(count: u64, one: &'a str, many: &'a str) -> &'a str {
    if count == 1 { one } else { many }
}

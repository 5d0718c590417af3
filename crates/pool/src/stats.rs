//! What a pool has done so far.

use core::fmt;

/// A snapshot of the counts of a [`Pool`](crate::Pool), from [`Pool::stats`](crate::Pool::stats).
///
/// All figures are of one instant: they agree with each other, also while other threads use the pool. `created`, `reused`,
/// `prewarmed`, `discarded` and `leaked` never go back. With the feature `serde` it serializes as a map of all its getters.
///
/// ```
/// use lagom_pool::LocalPool;
///
/// let pool = LocalPool::new(String::new);
/// for _ in 0..4 {
///     let _text = pool.acquire();
/// }
/// let stats = pool.stats();
/// assert_eq!((stats.created(), stats.reused()), (1, 3));
/// assert_eq!(
///     stats.to_string(),
///     "created 1, reused 3 (75.0 %), prewarmed 0, discarded 0, in use 0, idle 1 of at most 100"
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    pub(crate) created: u64,
    pub(crate) reused: u64,
    pub(crate) prewarmed: u64,
    pub(crate) discarded: u64,
    pub(crate) leaked: u64,
    pub(crate) idle: usize,
    pub(crate) in_use: usize,
    pub(crate) waiting: usize,
    pub(crate) max_idle: usize,
    pub(crate) max_live: Option<usize>,
}

impl Stats {
    /// Acquisitions that found nothing idle, so that the factory made an object.
    ///
    /// `created + reused` is the number of all acquisitions.
    ///
    /// ```
    /// let pool = lagom_pool::LocalPool::new(String::new);
    /// drop((pool.acquire(), pool.acquire()));
    /// assert_eq!(pool.stats().created(), 2);
    /// ```
    #[must_use]
    pub const fn created(&self) -> u64 {
        self.created
    }

    /// Acquisitions that got an idle object.
    ///
    /// ```
    /// let pool = lagom_pool::LocalPool::new(String::new);
    /// drop(pool.acquire());
    /// drop(pool.acquire());
    /// assert_eq!(pool.stats().reused(), 1);
    /// ```
    #[must_use]
    pub const fn reused(&self) -> u64 {
        self.reused
    }

    /// Objects that [`prewarm`](crate::Pool::prewarm) had built ahead of any acquisition.
    ///
    /// ```
    /// let pool = lagom_pool::LocalPool::new(String::new);
    /// pool.prewarm(3);
    /// assert_eq!(pool.stats().prewarmed(), 3);
    /// ```
    #[must_use]
    pub const fn prewarmed(&self) -> u64 {
        self.prewarmed
    }

    /// Objects that the pool dropped instead of keeping: no room, refused by `retain_if`, a hook that panicked, or a guard
    /// dropped while its thread unwound.
    ///
    /// What [`trim`](crate::Pool::trim) and [`clear`](crate::Pool::clear) drop was kept, and is not counted here.
    ///
    /// ```
    /// let pool = lagom_pool::LocalPool::builder(String::new).max_idle(0).build();
    /// drop(pool.acquire());
    /// assert_eq!(pool.stats().discarded(), 1);
    /// ```
    #[must_use]
    pub const fn discarded(&self) -> u64 {
        self.discarded
    }

    /// Objects that can never come back, because their borrowed guards were forgotten; as far as
    /// [`write_off_leaked`](crate::Pool::write_off_leaked) has found them.
    ///
    /// ```
    /// # #[cfg(feature = "std")] {
    /// let mut pool = lagom_pool::Pool::new(String::new);
    /// std::mem::forget(pool.acquire());
    /// pool.write_off_leaked();
    /// assert_eq!(pool.stats().leaked(), 1);
    /// # }
    /// ```
    #[must_use]
    pub const fn leaked(&self) -> u64 {
        self.leaked
    }

    /// Objects that wait to be acquired.
    ///
    /// ```
    /// let pool = lagom_pool::LocalPool::new(String::new);
    /// drop(pool.acquire());
    /// assert_eq!(pool.stats().idle(), 1);
    /// ```
    #[must_use]
    pub const fn idle(&self) -> usize {
        self.idle
    }

    /// Objects that are out: guards that live, or were forgotten. What is being made or handed to a waiter is not.
    ///
    /// ```
    /// let pool = lagom_pool::LocalPool::new(String::new);
    /// let text = pool.acquire();
    /// assert_eq!(pool.stats().in_use(), 1);
    /// # drop(text);
    /// ```
    #[must_use]
    pub const fn in_use(&self) -> usize {
        self.in_use
    }

    /// Threads and tasks that wait for an object; only ever with [`max_live`](crate::PoolBuilder::max_live).
    ///
    /// ```
    /// let pool = lagom_pool::LocalPool::new(String::new);
    /// assert_eq!(pool.stats().waiting(), 0);
    /// ```
    #[must_use]
    pub const fn waiting(&self) -> usize {
        self.waiting
    }

    /// How many objects may live; `None` without bound. See [`PoolBuilder::max_live`](crate::PoolBuilder::max_live).
    ///
    /// ```
    /// let pool = lagom_pool::LocalPool::builder(String::new).max_live(3).build();
    /// assert_eq!(pool.stats().max_live(), Some(3));
    /// ```
    #[must_use]
    pub const fn max_live(&self) -> Option<usize> {
        self.max_live
    }

    /// How many objects may be idle; see [`PoolBuilder::max_idle`](crate::PoolBuilder::max_idle).
    ///
    /// ```
    /// let pool = lagom_pool::LocalPool::new(String::new);
    /// assert_eq!(pool.stats().max_idle(), 100);
    /// ```
    #[must_use]
    pub const fn max_idle(&self) -> usize {
        self.max_idle
    }

    /// The share of acquisitions that got an idle object, from 0.0 to 1.0; 0.0 when nothing was acquired.
    ///
    /// ```
    /// let pool = lagom_pool::LocalPool::new(String::new);
    /// assert_eq!(pool.stats().reuse_ratio(), 0.0);
    /// drop(pool.acquire());
    /// drop(pool.acquire());
    /// assert_eq!(pool.stats().reuse_ratio(), 0.5);
    /// ```
    #[must_use]
    pub fn reuse_ratio(&self) -> f64 {
        let acquired = self.created as f64 + self.reused as f64;
        if acquired == 0.0 { 0.0 } else { self.reused as f64 / acquired }
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "created {}, reused {} ({:.1} %), prewarmed {}, discarded {}, in use {}, idle {} of at most {}",
            self.created,
            self.reused,
            100.0 * self.reuse_ratio(),
            self.prewarmed,
            self.discarded,
            self.in_use,
            self.idle,
            self.max_idle,
        )
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Stats {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;

        let mut map = serializer.serialize_struct("Stats", 11)?;
        map.serialize_field("created", &self.created)?;
        map.serialize_field("reused", &self.reused)?;
        map.serialize_field("prewarmed", &self.prewarmed)?;
        map.serialize_field("discarded", &self.discarded)?;
        map.serialize_field("leaked", &self.leaked)?;
        map.serialize_field("idle", &self.idle)?;
        map.serialize_field("in_use", &self.in_use)?;
        map.serialize_field("waiting", &self.waiting)?;
        map.serialize_field("max_idle", &self.max_idle)?;
        map.serialize_field("max_live", &self.max_live)?;
        map.serialize_field("reuse_ratio", &self.reuse_ratio())?;
        map.end()
    }
}

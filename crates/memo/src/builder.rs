//! The settings of a memo.

use core::fmt;
use core::hash::Hash;
use core::marker::PhantomData;
use core::time::Duration;

use lagom_base::clock::Clock;

use crate::Memo;

/// The capacity of a memo that was given none.
pub(crate) const DEFAULT_CAPACITY: usize = 1000;

/// Builds a [`Memo`]; [`Memo::builder`] makes it.
///
/// ```
/// use core::time::Duration;
/// use lagom_memo::Memo;
///
/// let memo: Memo<u64, String> = Memo::builder().capacity(500).ttl(Duration::from_secs(60)).build();
/// assert_eq!(memo.capacity(), 500);
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct MemoBuilder<K, V> {
    capacity: usize,
    ttl: Duration,
    clock: Clock,
    kept: PhantomData<fn() -> (K, V)>,
}

impl<K: Hash + Eq, V> MemoBuilder<K, V> {
    pub(crate) fn new() -> Self {
        Self { capacity: DEFAULT_CAPACITY, ttl: Duration::MAX, clock: Clock::SYSTEM, kept: PhantomData }
    }

    /// The most values that are kept at a time: default 1,000. 0 keeps nothing.
    ///
    /// Nothing is allocated ahead.
    ///
    /// ```
    /// let memo: lagom_memo::Memo<u8, u8> = lagom_memo::Memo::builder().capacity(0).build();
    /// memo.insert(1, 1);
    /// assert!(memo.is_empty());
    /// ```
    pub fn capacity(mut self, capacity: usize) -> Self {
        self.capacity = capacity;
        self
    }

    /// How long a value is served, counted from when its computation *began*: default for ever, [`Duration::MAX`].
    ///
    /// 0 never serves a value twice.
    ///
    /// ```
    /// use core::time::Duration;
    /// let memo: lagom_memo::Memo<u8, u8> = lagom_memo::Memo::builder().ttl(Duration::ZERO).build();
    /// memo.insert(1, 1);
    /// assert_eq!(memo.get(&1), None);
    /// ```
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// The clock that `ttl` is measured with, the time since any fixed moment: default the monotonic system clock.
    ///
    /// It is asked outside of every lock, and only if `ttl` is neither 0 nor [`Duration::MAX`]. It may stand still; if it
    /// jumps back, values live longer by as much.
    ///
    /// ```
    /// use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
    /// use core::time::Duration;
    ///
    /// static NOW: AtomicU64 = AtomicU64::new(0);
    /// let memo: lagom_memo::Memo<u8, u8> = lagom_memo::Memo::builder()
    ///     .ttl(Duration::from_secs(10))
    ///     .clock(|| Duration::from_secs(NOW.load(Relaxed)))
    ///     .build();
    /// memo.insert(1, 1);
    /// NOW.store(9, Relaxed);
    /// assert_eq!(memo.get(&1), Some(1));
    /// NOW.store(10, Relaxed);
    /// assert_eq!(memo.get(&1), None);
    /// ```
    pub fn clock(mut self, clock: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        self.clock = Clock::custom(clock);
        self
    }

    /// The memo, empty.
    ///
    /// ```
    /// let memo: lagom_memo::Memo<u8, u8> = lagom_memo::Memo::builder().build();
    /// assert_eq!(memo.capacity(), 1000);
    /// ```
    #[must_use]
    pub fn build(self) -> Memo<K, V> {
        Memo::from_settings(self.capacity, self.ttl, self.clock)
    }
}

impl<K, V> fmt::Debug for MemoBuilder<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoBuilder")
            .field("capacity", &self.capacity)
            .field("ttl", &self.ttl)
            .field("clock", &self.clock)
            .finish()
    }
}

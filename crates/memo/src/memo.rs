//! The memo: what users call.

use core::borrow::Borrow;
use core::convert::Infallible;
use core::fmt;
use core::hash::Hash;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::time::Duration;
use std::sync::Arc;

use ahash::RandomState;
use lagom_base::clock::Clock;
use lagom_base::expiry::Deadline;
use lagom_base::flight::Outcome;
use lagom_base::sync::Mutex;

use crate::key::{Asked, Hashed, Lookup};
use crate::pending::Pending;
use crate::state::{Garbage, Role, SWEPT_PER_MISS, State};
use crate::{MemoBuilder, Stats};

/// How many expired entries [`Memo::purge_expired`] frees per turn of the lock.
const PURGED_PER_TURN: usize = 256;

/// A bounded table of computed values, at most one computation per key at a time.
///
/// - It keeps the `capacity` most recently used values. A value older than `ttl` is never served: its age counts from
///   when its computation *began*, and is judged when the call for it begins. Expired values are freed without being
///   asked for again, a few on every miss, all by [`purge_expired`](Self::purge_expired).
/// - Threads that ask for one missing key wait for one computation; different keys do not wait for each other. If the
///   computation panics or fails, one of those who waited takes over. A value that needs itself, directly or crossed
///   between threads, is plainly computed again instead of hanging. Other waits are not seen: a computation that joins a
///   thread which asks for the same key, or waits for a lock or a channel of yours that such a thread holds or serves,
///   hangs as it would anywhere.
/// - [`insert`](Self::insert), [`remove`](Self::remove), [`clear`](Self::clear) and [`retain`](Self::retain) outdate the
///   computations in progress that they concern: the values still go to those who wait for them, but are not kept.
/// - One lock protects the table. It is held for O(1) table work, and O(log n) if values expire; computations, the clock,
///   hashing, `clone`s and drops of keys and values run outside of it. Only `K::eq` runs under it, to tell two keys of
///   one hash apart: it must not use the same memo.
/// - A panic in any of these leaves the memo usable and its counts right.
///
/// ```
/// use lagom_memo::Memo;
///
/// let lengths: Memo<String, usize> = Memo::new(100);
/// assert_eq!(lengths.get_or_insert_with("four".to_owned(), || 4), 4);
/// assert_eq!(lengths.get_or_insert_with("four".to_owned(), || unreachable!("kept")), 4);
/// assert_eq!(lengths.get("four"), Some(4));
/// ```
///
/// In a `static`:
///
/// ```
/// use lagom_memo::Memo;
/// use std::sync::LazyLock;
///
/// static SQUARES: LazyLock<Memo<u32, u64>> = LazyLock::new(|| Memo::new(100));
/// assert_eq!(SQUARES.get_or_insert_with(3, || 9), 9);
/// ```
pub struct Memo<K, V> {
    state: Mutex<State<K, V>>,
    hasher: RandomState,
    clock: Clock,
    capacity: usize,
    ttl: Duration,
}

// Nothing is left half-done by a panic.
impl<K, V> UnwindSafe for Memo<K, V> {}
impl<K, V> RefUnwindSafe for Memo<K, V> {}

impl<K: Hash + Eq, V> Memo<K, V> {
    /// A memo of at most `capacity` values that never expire. 0 keeps nothing; nothing is allocated ahead.
    ///
    /// ```
    /// let memo: lagom_memo::Memo<&str, f64> = lagom_memo::Memo::new(100);
    /// assert!(memo.is_empty());
    /// ```
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self::builder().capacity(capacity).build()
    }

    /// The settings of a memo to be: by default 1,000 values that never expire.
    ///
    /// ```
    /// use core::time::Duration;
    /// let memo: lagom_memo::Memo<&str, f64> = lagom_memo::Memo::builder().ttl(Duration::from_secs(300)).build();
    /// assert_eq!(memo.ttl(), Duration::from_secs(300));
    /// ```
    pub fn builder() -> MemoBuilder<K, V> {
        MemoBuilder::new()
    }

    pub(crate) fn from_settings(capacity: usize, ttl: Duration, clock: Clock) -> Self {
        Self { state: Mutex::new(State::new()), hasher: RandomState::new(), clock, capacity, ttl }
    }

    /// A clone of the value of `key`; computes it with `f` if it is missing or stale.
    ///
    /// If another thread is computing it, waits for that instead. A hit takes the lock once and allocates nothing but
    /// what `V::clone` does; a miss takes it three times.
    ///
    /// # Panics
    ///
    /// If `f`, the clock, or a trait of `K` or `V` panics. Nothing is kept then; those who waited for `f` try their own.
    ///
    /// ```
    /// let memo = lagom_memo::Memo::new(10);
    /// assert_eq!(memo.get_or_insert_with(2, || 2 * 2), 4);
    /// assert_eq!(memo.get_or_insert_with(2, || unreachable!()), 4);
    /// ```
    pub fn get_or_insert_with(&self, key: K, f: impl FnOnce() -> V) -> V
    where
        V: Clone,
    {
        let Ok(value) = self.try_get_or_insert_with(key, || Ok::<_, Infallible>(f()));
        value
    }

    /// As [`get_or_insert_with`](Self::get_or_insert_with), but `f` may fail: an error is returned and not kept.
    ///
    /// Those who waited for the call that failed try their own `f`, one at a time.
    ///
    /// # Errors
    ///
    /// What `f` returned.
    ///
    /// # Panics
    ///
    /// As [`get_or_insert_with`](Self::get_or_insert_with).
    ///
    /// ```
    /// let memo = lagom_memo::Memo::new(10);
    /// assert!(memo.try_get_or_insert_with("x", || "x".parse::<i32>()).is_err());
    /// assert_eq!(memo.try_get_or_insert_with("x", || "7".parse::<i32>()), Ok(7));
    /// ```
    pub fn try_get_or_insert_with<E>(&self, key: K, f: impl FnOnce() -> Result<V, E>) -> Result<V, E>
    where
        V: Clone,
    {
        // Whatever is dropped, is before there is a result, which a panic in a drop at the end of a function would leak.
        let hash = self.hasher.hash_one(&key);
        if let Some(value) = self.find(&Asked { hash, key: &key }, false) {
            drop((key, f));
            return Ok(Arc::unwrap_or_clone(value));
        }
        let key = Hashed::new(hash, key);
        loop {
            let now = self.now();
            let deadline = Deadline::after(now, self.ttl);
            let mut garbage = Garbage::new();
            let role = self.state.lock().join_or_lead(&key, now, deadline, &mut garbage);
            match role {
                Role::Served(value) => {
                    drop((garbage, key, f));
                    return Ok(Arc::unwrap_or_clone(value));
                }
                Role::Lead(leader) => {
                    // First of all: from here on, a panic ends the flight.
                    let pending = Pending::new(self, key, leader, deadline);
                    drop(garbage);
                    return match f() {
                        Ok(value) => Ok(Arc::unwrap_or_clone(pending.land(value))),
                        Err(error) => {
                            drop(pending);
                            Err(error)
                        }
                    };
                }
                Role::Wait(flight) => {
                    drop(garbage);
                    match flight.wait() {
                        Outcome::Landed(value) => {
                            self.state.lock().counts.hits += 1;
                            drop((key, f));
                            return Ok(Arc::unwrap_or_clone(value));
                        }
                        Outcome::Abandoned => {
                            let lost = self.state.lock().end_lost_flight(&key, &flight);
                            drop(lost);
                        }
                        // The computation that would be waited for waits for this one: only computing again ends.
                        Outcome::Cycle => {
                            self.state.lock().counts.misses += 1;
                            drop(key);
                            return f();
                        }
                    }
                }
            }
        }
    }

    /// A clone of the value of `key`, if there is a fresh one. Counts as a hit or a miss; makes it the most recently
    /// used.
    ///
    /// ```
    /// let memo = lagom_memo::Memo::new(10);
    /// memo.insert("a".to_owned(), 1);
    /// assert_eq!((memo.get("a"), memo.get("b")), (Some(1), None));
    /// ```
    pub fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
        V: Clone,
    {
        self.find(&self.asked(key), true).map(Arc::unwrap_or_clone)
    }

    /// What `f` makes of the value of `key`, if there is a fresh one. Nothing is cloned; `f` runs outside of the lock.
    ///
    /// ```
    /// let memo = lagom_memo::Memo::new(10);
    /// memo.insert(1, vec![1, 2, 3]);
    /// assert_eq!(memo.with(&1, |list| list.len()), Some(3));
    /// ```
    pub fn with<Q, R>(&self, key: &Q, f: impl FnOnce(&V) -> R) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.find(&self.asked(key), true).map(|value| f(&value))
    }

    /// Keeps `value` as the value of `key`, in place of any other. Its age counts from now.
    ///
    /// A computation of `key` that is in progress is outdated by this: its value will not be kept.
    ///
    /// ```
    /// let memo = lagom_memo::Memo::new(10);
    /// memo.insert("a", 1);
    /// memo.insert("a", 2);
    /// assert_eq!(memo.get("a"), Some(2));
    /// ```
    pub fn insert(&self, key: K, value: V) {
        let key = Hashed::new(self.hasher.hash_one(&key), key);
        let value = Arc::new(value);
        let now = self.now();
        // Clones, so that the lock never sees the last owner of a key or value.
        self.locked(|state, garbage| {
            state.detach(key.by_value());
            state.sweep(now, SWEPT_PER_MISS, garbage);
            self.keep(state, &key, &value, Deadline::after(now, self.ttl), now, garbage);
        });
    }

    /// Takes the value of `key` out: the value, if it was fresh. Cloned only if somebody else is just reading it.
    ///
    /// A computation of `key` that is in progress is outdated by this: its value will not be kept.
    ///
    /// ```
    /// let memo = lagom_memo::Memo::new(10);
    /// memo.insert("a", 1);
    /// assert_eq!((memo.remove("a"), memo.remove("a")), (Some(1), None));
    /// ```
    pub fn remove<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
        V: Clone,
    {
        let now = self.now();
        let asked = self.asked(key);
        self.locked(|state, garbage| state.remove(&asked, now, garbage)).map(Arc::unwrap_or_clone)
    }

    /// Takes all values out. All computations in progress are outdated by this: their values will not be kept.
    ///
    /// The counts of [`stats`](Self::stats) stay.
    ///
    /// ```
    /// let memo = lagom_memo::Memo::new(10);
    /// memo.insert("a", 1);
    /// memo.clear();
    /// assert!(memo.is_empty());
    /// ```
    pub fn clear(&self) {
        let old = self.state.lock().clear();
        drop(old);
    }

    /// Keeps only the values that `keep` says `true` to. O(n); `keep` runs outside of the lock.
    ///
    /// Values that are added while `keep` runs are not judged. Computations in progress cannot be judged and are
    /// outdated by this: their values will not be kept. If `keep` panics, nothing is taken out.
    ///
    /// ```
    /// let memo = lagom_memo::Memo::new(10);
    /// memo.insert(1, "one");
    /// memo.insert(2, "two");
    /// memo.retain(|key, _| *key != 1);
    /// assert_eq!((memo.get(&1), memo.get(&2)), (None, Some("two")));
    /// ```
    pub fn retain(&self, mut keep: impl FnMut(&K, &V) -> bool) {
        let mut judged = {
            let mut state = self.state.lock();
            state.detach_all();
            state.snapshot()
        };
        judged.retain(|(key, value)| !keep(key.key(), value));
        self.locked(|state, garbage| {
            for (key, _) in &judged {
                state.remove_entry(key, garbage);
            }
        });
    }

    /// Frees all values whose time is over. How many it were.
    ///
    /// O(log n) for each; the lock is given back after every 256.
    ///
    /// ```
    /// use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
    /// use core::time::Duration;
    ///
    /// static NOW: AtomicU64 = AtomicU64::new(0);
    /// let memo = lagom_memo::Memo::builder()
    ///     .ttl(Duration::from_secs(1))
    ///     .clock(|| Duration::from_secs(NOW.load(Relaxed)))
    ///     .build();
    /// memo.insert("a", 1);
    /// NOW.store(1, Relaxed);
    /// assert_eq!(memo.purge_expired(), 1);
    /// assert!(memo.is_empty());
    /// ```
    pub fn purge_expired(&self) -> usize {
        let now = self.now();
        let mut purged = 0;
        loop {
            let turn = self.locked(|state, garbage| state.sweep(now, PURGED_PER_TURN, garbage));
            purged += turn;
            if turn < PURGED_PER_TURN {
                return purged;
            }
        }
    }

    /// How many values are kept, expired ones that are not yet freed included. Never more than the capacity.
    ///
    /// ```
    /// let memo = lagom_memo::Memo::new(10);
    /// memo.insert("a", 1);
    /// assert_eq!(memo.len(), 1);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.state.lock().len()
    }

    /// Whether no value is kept.
    ///
    /// ```
    /// assert!(lagom_memo::Memo::<u8, u8>::new(10).is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The most values that are kept at a time.
    ///
    /// ```
    /// assert_eq!(lagom_memo::Memo::<u8, u8>::new(10).capacity(), 10);
    /// ```
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// How long a value is served; [`Duration::MAX`] is for ever.
    ///
    /// ```
    /// assert_eq!(lagom_memo::Memo::<u8, u8>::new(10).ttl(), core::time::Duration::MAX);
    /// ```
    #[must_use]
    pub fn ttl(&self) -> Duration {
        self.ttl
    }

    /// What the memo has done so far. O(1).
    ///
    /// ```
    /// let memo = lagom_memo::Memo::new(10);
    /// memo.get_or_insert_with(1, || 1);
    /// memo.get_or_insert_with(1, || 1);
    /// assert_eq!((memo.stats().hits(), memo.stats().misses()), (1, 1));
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.stats_of(&self.state.lock())
    }

    fn stats_of(&self, state: &State<K, V>) -> Stats {
        let counts = state.counts;
        Stats {
            hits: counts.hits,
            misses: counts.misses,
            len: state.len(),
            evictions: counts.evictions,
            expired: counts.expired,
            in_flight: counts.in_flight,
            ..Stats::untouched(self.capacity, self.ttl)
        }
    }

    /// The fresh value of `key`; a miss is counted if `count_miss`.
    fn find<Q>(&self, key: &Asked<'_, Q>, count_miss: bool) -> Option<Arc<V>>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let key: &dyn Lookup<Q> = key;
        let now = self.now();
        self.locked(|state, garbage| {
            let found = state.find(key, now, garbage);
            if found.is_some() {
                state.counts.hits += 1;
            } else if count_miss {
                state.counts.misses += 1;
                state.sweep(now, SWEPT_PER_MISS, garbage);
            }
            found
        })
    }

    /// Keeps a value that was made at `deadline - ttl`, unless it is stale already or nothing is kept at all.
    pub(crate) fn keep(
        &self,
        state: &mut State<K, V>,
        key: &Hashed<K>,
        value: &Arc<V>,
        deadline: Deadline,
        now: Duration,
        garbage: &mut Garbage<K, V>,
    ) {
        if self.capacity > 0 && !deadline.is_past(now) {
            state.keep(key.clone(), Arc::clone(value), deadline, self.capacity, garbage);
        }
    }

    /// Runs `f` under the lock, and drops what it throws away outside.
    fn locked<R>(&self, f: impl FnOnce(&mut State<K, V>, &mut Garbage<K, V>) -> R) -> R {
        let mut garbage = Garbage::new();
        let result = f(&mut self.state.lock(), &mut garbage);
        // Not at the end of the function, where a panic would leak the result.
        drop(garbage);
        result
    }

    pub(crate) fn state(&self) -> &Mutex<State<K, V>> {
        &self.state
    }

    /// The time, if it matters.
    pub(crate) fn now(&self) -> Duration {
        match self.ttl {
            Duration::ZERO | Duration::MAX => Duration::ZERO,
            _ => self.clock.now(),
        }
    }

    fn asked<'a, Q: Hash + ?Sized>(&self, key: &'a Q) -> Asked<'a, Q> {
        Asked { hash: self.hasher.hash_one(key), key }
    }
}

impl<K: Hash + Eq, V> fmt::Debug for Memo<K, V> {
    /// Shows the counts, never the keys or values. Does not wait for the lock.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.state.try_lock().map(|state| self.stats_of(&state)) {
            Some(stats) => f.debug_struct("Memo").field("stats", &stats).finish_non_exhaustive(),
            None => f.write_str("Memo { <locked> }"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    #[test]
    fn a_flight_that_left_the_table_too_late_hangs_nobody() {
        let memo: Memo<u32, u32> = Memo::new(10);
        let key = Hashed::new(memo.hasher.hash_one(1), 1);
        let role = memo.locked(|state, garbage| state.join_or_lead(&key, Duration::ZERO, Deadline::NEVER, garbage));
        assert!(matches!(role, Role::Lead(_)));
        drop(role);
        assert_eq!(memo.stats().in_flight(), 1, "lost");
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || sender.send((memo.get_or_insert_with(1, || 7), memo.stats().in_flight())));
        assert_eq!(receiver.recv_timeout(Duration::from_secs(10)), Ok((7, 0)));
    }
}

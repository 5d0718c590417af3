//! A part of the keys behind a lock.
//!
//! No code of a user runs under it. Where keys are to be compared, they are cloned (as `Arc`s) under the lock, compared
//! outside, and what was learned is used under the lock again.

use core::mem;
use std::sync::Arc;

use lagom_base::flight::{Flight, Leader, Outcome};
use lagom_base::sync::atomic::{AtomicU64, Ordering};
use lagom_base::sync::{self, Mutex};
use lru::LruCache;
use smallvec::SmallVec;

use super::slots::{Content, Slot, Slots, Swept};
use super::stats::ArcStats;
use crate::hasher::DefaultHashBuilder;

pub(super) struct Shard<K, V: ?Sized> {
    inner: Mutex<Inner<K, V>>,
    hits: AtomicU64,
    misses: AtomicU64,
    loads: AtomicU64,
}

struct Inner<K, V: ?Sized> {
    slots: Slots<K, V>,
    /// The values that were used last, by the address of the key. Each has a slot.
    strong: LruCache<usize, Arc<V>, DefaultHashBuilder>,
    capacity: usize,
    evictions: u64,
    swept: u64,
}

/// What an operation took away, to be dropped outside of the lock.
#[must_use = "to be dropped after the lock"]
struct Debris<K, V: ?Sized> {
    swept: Swept<K, V>,
    content: Option<Content<V>>,
    _evicted: Option<Arc<V>>,
    _discarded: Option<Arc<V>>,
}

impl<K, V: ?Sized> Debris<K, V> {
    fn new() -> Self {
        Self { swept: Swept::new(), content: None, _evicted: None, _discarded: None }
    }
}

/// What a thread that wants to load a value finds.
enum Joined<V: ?Sized> {
    /// Somebody was faster.
    Live(Arc<V>),
    /// Another thread loads it.
    Wait(sync::Arc<Flight<Arc<V>>>),
    /// The calling thread is to load it, and then to call `land` or `abandon`.
    Lead(sync::Arc<Flight<Arc<V>>>),
}

/// The leader of a flight whose value is in its slot now, and what had to leave the strong tier for that.
type Landing<V> = (Leader<Arc<V>>, Option<Arc<V>>);

/// A load asks for what it is to load.
pub(super) struct NeedsItself;

fn address<K>(key: &Arc<K>) -> usize {
    Arc::as_ptr(key).addr()
}

impl<K, V: ?Sized> Inner<K, V> {
    /// The value of a slot was used: it comes to the front of the strong tier. Returns what has to leave for it.
    fn touch(&mut self, address: usize, value: &Arc<V>) -> Option<Arc<V>> {
        if self.capacity == 0 || self.strong.promote(&address) {
            return None;
        }
        let evicted = if self.strong.len() >= self.capacity { self.strong.pop_lru() } else { None };
        self.evictions += u64::from(evicted.is_some());
        self.strong.put(address, Arc::clone(value));
        evicted.map(|(_, value)| value)
    }

    /// Puts a content in, at a slot that is there, or a new one.
    fn put(&mut self, at: Option<usize>, hash: u64, key: &Arc<K>, content: Content<V>) -> Debris<K, V> {
        let mut debris = Debris::new();
        let value = content.value();
        let address = match at {
            Some(at) => {
                let address = address(&self.slots.get(at).key);
                debris._discarded = self.strong.pop(&address);
                let (former, swept) = self.slots.replace(at, content);
                (debris.content, debris.swept) = (Some(former), swept);
                address
            }
            None => {
                debris.swept = self.slots.push(hash, Arc::clone(key), content);
                address(key)
            }
        };
        self.swept += debris.swept.len() as u64;
        if let Some(value) = value {
            debris._evicted = self.touch(address, &value);
            // Not the last one: the caller has it.
            drop(value);
        }
        debris
    }

    /// Takes a slot out, and its value off the strong tier.
    fn take(&mut self, at: usize) -> (Slot<K, V>, Option<Arc<V>>) {
        let slot = self.slots.take(at);
        let strong = self.strong.pop(&address(&slot.key));
        (slot, strong)
    }
}

// What a call returns outlives the guard, a temporary of that statement or dropped by name. What runs code of users is
// dropped by name too, before the result has one: a panic in a drop at the end of a function would leak the result.
impl<K, V: ?Sized> Shard<K, V> {
    pub(super) fn new(capacity: usize) -> Self {
        let strong = LruCache::unbounded_with_hasher(DefaultHashBuilder::default());
        Self {
            inner: Mutex::new(Inner { slots: Slots::new(), strong, capacity, evictions: 0, swept: 0 }),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            loads: AtomicU64::new(0),
        }
    }

    /// Does something where the slot of a key is, or where it is known that there is none.
    fn at<R>(&self, hash: u64, is: impl Fn(&K) -> bool, act: impl FnOnce(&mut Inner<K, V>, Option<usize>) -> R) -> R {
        let mut same: Option<Arc<K>> = None;
        let mut others = SmallVec::<[Arc<K>; 1]>::new();
        loop {
            let mut inner = self.inner.lock();
            let is_same = |key: &Arc<K>| same.as_ref().is_some_and(|same| Arc::ptr_eq(same, key));
            let is_known = |key: &Arc<K>| is_same(key) || others.iter().any(|other| Arc::ptr_eq(other, key));
            let unknown = inner.slots.find(hash, |slot| !is_known(&slot.key));
            let Some(unknown) = unknown else {
                let at = inner.slots.find(hash, |slot| is_same(&slot.key));
                let result = act(&mut inner, at);
                drop(inner);
                drop((same, others));
                return result;
            };
            let key = Arc::clone(&inner.slots.get(unknown).key);
            drop(inner);
            if is(&key) {
                // Of a former one of this key nothing is to be known any more.
                same = Some(key);
            } else {
                others.push(key);
            }
        }
    }

    pub(super) fn get(&self, hash: u64, is: impl Fn(&K) -> bool) -> Option<Arc<V>> {
        let found = self.find(hash, is);
        let count = if found.is_some() { &self.hits } else { &self.misses };
        count.fetch_add(1, Ordering::Relaxed);
        found
    }

    fn find(&self, hash: u64, is: impl Fn(&K) -> bool) -> Option<Arc<V>> {
        // The only slot of this hash is nearly always that of the key: it is taken for that under the lock and looked at
        // afterwards.
        let mut inner = self.inner.lock();
        let at = inner.slots.find(hash, |_| true)?;
        let slot = inner.slots.get(at);
        let Some(value) = slot.content.value() else {
            let is_dead = slot.content.dead_bytes().is_some();
            let dead = is_dead.then(|| inner.take(at));
            inner.swept += u64::from(is_dead);
            drop(inner);
            drop(dead);
            return self.find_twin(hash, is);
        };
        let key = Arc::clone(&slot.key);
        let evicted = inner.touch(address(&key), &value);
        drop(inner);
        drop(evicted);
        let found = if is(&key) { Some(value) } else { self.find_after(value, hash, is) };
        drop(key);
        found
    }

    #[cold]
    fn find_after(&self, other: Arc<V>, hash: u64, is: impl Fn(&K) -> bool) -> Option<Arc<V>> {
        drop(other);
        self.find_twin(hash, is)
    }

    #[cold]
    fn find_twin(&self, hash: u64, is: impl Fn(&K) -> bool) -> Option<Arc<V>> {
        let (found, evicted) = self.at(hash, is, |inner, at| {
            let found = at.and_then(|at| {
                let slot = inner.slots.get(at);
                Some((address(&slot.key), slot.content.value()?))
            });
            let Some((address, value)) = found else { return (None, None) };
            let evicted = inner.touch(address, &value);
            (Some(value), evicted)
        });
        drop(evicted);
        found
    }

    pub(super) fn contains(&self, hash: u64, is: impl Fn(&K) -> bool) -> bool {
        self.at(hash, is, |inner, at| at.is_some_and(|at| inner.slots.get(at).content.is_alive()))
    }

    pub(super) fn remove(&self, hash: u64, is: impl Fn(&K) -> bool) -> Option<Arc<V>> {
        let taken = self.at(hash, is, |inner, at| at.map(|at| inner.take(at)));
        let value = taken.as_ref().and_then(|(slot, _)| slot.content.value());
        drop(taken);
        value
    }

    /// All live entries.
    fn snapshot(&self) -> Vec<(u64, Arc<K>, Arc<V>)> {
        let inner = self.inner.lock();
        let mut all = Vec::with_capacity(inner.slots.len());
        let live = |slot: &Slot<K, V>| Some((slot.hash, Arc::clone(&slot.key), slot.content.value()?));
        all.extend(inner.slots.iter().filter_map(live));
        all
    }

    pub(super) fn retain(&self, keep: &mut impl FnMut(&K, &V) -> bool) {
        for (hash, key, value) in self.snapshot() {
            if !keep(&key, &value) {
                let mut inner = self.inner.lock();
                // This very entry, not what has come into its slot since.
                let at = inner.slots.find(hash, |slot| Arc::ptr_eq(&slot.key, &key) && slot.content.is(&value));
                let taken = at.map(|at| inner.take(at));
                drop(inner);
                drop(taken);
            }
        }
    }

    pub(super) fn clear(&self) {
        let mut inner = self.inner.lock();
        let slots = inner.slots.take_all();
        let strong = LruCache::unbounded_with_hasher(DefaultHashBuilder::default());
        let mut strong = mem::replace(&mut inner.strong, strong);
        drop(inner);
        // Leaders and keys here, values below, one by one: if a drop panics the others still follow, but not in `lru`.
        drop(slots);
        let values: Vec<_> = core::iter::from_fn(|| strong.pop_lru()).collect();
        drop(values);
    }

    /// How many dead entries were taken out.
    pub(super) fn purge(&self) -> usize {
        let mut inner = self.inner.lock();
        let dead = inner.slots.purge();
        inner.swept += dead.len() as u64;
        drop(inner);
        let count = dead.len();
        drop(dead);
        count
    }

    pub(super) fn len(&self) -> usize {
        self.inner.lock().slots.len()
    }

    pub(super) fn add_stats(&self, stats: &mut ArcStats) {
        stats.hits += self.hits.load(Ordering::Relaxed);
        stats.misses += self.misses.load(Ordering::Relaxed);
        stats.loads += self.loads.load(Ordering::Relaxed);
        let inner = self.inner.lock();
        stats.evictions += inner.evictions;
        stats.swept += inner.swept;
        stats.strong_len += inner.strong.len();
        for slot in inner.slots.iter() {
            match (&slot.content, slot.content.dead_bytes()) {
                (_, Some(bytes)) => {
                    stats.dead += 1;
                    stats.dead_bytes += bytes;
                }
                (Content::Value { .. }, None) => stats.live += 1,
                (Content::Loading(_), None) => stats.loading += 1,
            }
        }
    }
}

impl<K: Eq, V: ?Sized> Shard<K, V> {
    /// Returns the former value, if it is alive.
    pub(super) fn insert(&self, hash: u64, key: K, value: &Arc<V>) -> Option<Arc<V>> {
        let key = Arc::new(key);
        let (former, debris) = self.at(
            hash,
            |other| *other == *key,
            |inner, at| {
                let former = at.and_then(|at| inner.slots.get(at).content.value());
                let mut debris = inner.put(at, hash, &key, Content::of(value));
                match debris.content.take() {
                    // Under the lock, so that the loading thread finds its flight either in the slot or landed. It drops
                    // nothing: that thread has the flight too.
                    Some(Content::Loading(leader)) => leader.land(Arc::clone(value)),
                    content => debris.content = content,
                }
                (former, debris)
            },
        );
        drop((debris, key));
        former
    }

    /// The live value, or the one that one thread's `load` returns while the others wait.
    pub(super) fn get_or_load<E>(
        &self,
        hash: u64,
        key: K,
        load: impl FnOnce() -> Result<Arc<V>, E>,
    ) -> Result<Result<Arc<V>, E>, NeedsItself> {
        if let Some(found) = self.get(hash, |other| *other == key) {
            drop((key, load));
            return Ok(Ok(found));
        }
        let key = Arc::new(key);
        loop {
            let (joined, debris) = self.join(hash, &key);
            drop(debris);
            let flight = match joined {
                Joined::Live(value) => {
                    drop((key, load));
                    return Ok(Ok(value));
                }
                Joined::Lead(flight) => {
                    drop(key);
                    return Ok(self.lead(hash, &flight, load));
                }
                Joined::Wait(flight) => flight,
            };
            match flight.wait() {
                Outcome::Landed(value) => {
                    drop((key, load));
                    return Ok(Ok(value));
                }
                Outcome::Abandoned => {}
                Outcome::Cycle => return Err(NeedsItself),
            }
        }
    }

    fn join(&self, hash: u64, key: &Arc<K>) -> (Joined<V>, Option<Debris<K, V>>) {
        self.at(
            hash,
            |other| *other == **key,
            |inner, at| {
                if let Some(slot) = at.map(|at| inner.slots.get(at)) {
                    if let Some(value) = slot.content.value() {
                        let evicted = inner.touch(address(&slot.key), &value);
                        return (Joined::Live(value), Some(Debris { _evicted: evicted, ..Debris::new() }));
                    }
                    if let Content::Loading(leader) = &slot.content {
                        return (Joined::Wait(leader.flight()), None);
                    }
                }
                let leader = Flight::start();
                let flight = leader.flight();
                let debris = inner.put(at, hash, key, Content::Loading(leader));
                (Joined::Lead(flight), Some(debris))
            },
        )
    }
}

impl<K, V: ?Sized> Shard<K, V> {
    fn lead<E>(
        &self,
        hash: u64,
        flight: &sync::Arc<Flight<Arc<V>>>,
        load: impl FnOnce() -> Result<Arc<V>, E>,
    ) -> Result<Arc<V>, E> {
        let on_failure = Abandon { shard: self, hash, flight };
        let value = load()?;
        mem::forget(on_failure); // It owns nothing.
        self.loads.fetch_add(1, Ordering::Relaxed);
        match self.land(hash, flight, &value) {
            Some((leader, evicted)) => {
                leader.land(Arc::clone(&value));
                drop(evicted);
                Ok(value)
            }
            // An `insert` came first and has landed the flight, or a `remove` or `clear` has abandoned it, or is about to.
            None => match flight.wait() {
                Outcome::Landed(winner) => {
                    drop(value);
                    Ok(winner)
                }
                _ => Ok(value),
            },
        }
    }

    /// The load of `flight` gave `value`: puts it in, unless somebody took the slot away.
    fn land(&self, hash: u64, flight: &sync::Arc<Flight<Arc<V>>>, value: &Arc<V>) -> Option<Landing<V>> {
        let mut inner = self.inner.lock();
        let at = inner.slots.find(hash, |slot| slot.content.is_of(flight))?;
        let slot = inner.slots.get_mut(at);
        let address = address(&slot.key);
        let Content::Loading(leader) = mem::replace(&mut slot.content, Content::of(value)) else {
            unreachable!("a slot of a flight is loading");
        };
        Some((leader, inner.touch(address, value)))
    }
}

/// Takes a load that gave no value out.
struct Abandon<'a, K, V: ?Sized> {
    shard: &'a Shard<K, V>,
    hash: u64,
    flight: &'a sync::Arc<Flight<Arc<V>>>,
}

impl<K, V: ?Sized> Drop for Abandon<'_, K, V> {
    fn drop(&mut self) {
        let mut inner = self.shard.inner.lock();
        let at = inner.slots.find(self.hash, |slot| slot.content.is_of(self.flight));
        let taken = at.map(|at| inner.take(at));
        drop(inner);
        // The leader in the slot, dropped outside of the lock, wakes who waits.
        drop(taken);
    }
}

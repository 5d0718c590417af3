//! What the lock of a memo protects. Nothing here calls the user's code, but for `K::eq`, and that only in searches by
//! value, before anything is changed.

use core::borrow::Borrow;
use core::hash::Hash;
use core::time::Duration;
use core::{mem, ptr};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use lagom_base::expiry::Deadline;
use lagom_base::flight::{Flight, Leader};
use lagom_base::sync;
use lru::LruCache;

use crate::key::{BuildPassThrough, Hashed, Lookup};

/// How many expired entries a miss frees: more than the one it may add, so that they cannot pile up.
pub(crate) const SWEPT_PER_MISS: usize = 4;

/// What was taken out under the lock, to be dropped outside of it.
pub(crate) type Garbage<K, V> = Vec<(Hashed<K>, Entry<V>)>;

pub(crate) struct State<K, V> {
    /// Unbounded for `lru`, which would allocate a whole capacity up front: [`Self::keep`] holds the bound.
    entries: LruCache<Hashed<K>, Entry<V>, BuildPassThrough>,
    /// The keys of all entries that can expire, the next to expire first. The id tells equal deadlines apart.
    by_deadline: BTreeMap<(Deadline, u64), Hashed<K>>,
    /// The computations whose values are to be kept. Others may run that were detached from here.
    flights: HashMap<Hashed<K>, InFlight<V>, BuildPassThrough>,
    last_id: u64,
    pub(crate) counts: Counts,
}

#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) hits: u64,
    pub(crate) misses: u64,
    pub(crate) evictions: u64,
    pub(crate) expired: u64,
    pub(crate) in_flight: usize,
}

pub(crate) struct Entry<V> {
    pub(crate) value: Arc<V>,
    deadline: Deadline,
    id: u64,
}

struct InFlight<V> {
    flight: sync::Arc<Flight<Arc<V>>>,
    deadline: Deadline,
}

/// What a call that did not find its value has to do.
pub(crate) enum Role<V> {
    /// Somebody was faster: here is the value.
    Served(Arc<V>),
    /// Wait for the computation of another call.
    Wait(sync::Arc<Flight<Arc<V>>>),
    /// Compute the value. [`State::end_flight`] is to be called before the leader ends.
    Lead(Leader<Arc<V>>),
}

impl<K: Eq, V> State<K, V> {
    pub(crate) fn new() -> Self {
        Self {
            entries: LruCache::unbounded_with_hasher(BuildPassThrough::default()),
            by_deadline: BTreeMap::new(),
            flights: HashMap::default(),
            last_id: 0,
            counts: Counts::default(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The fresh value of `key`, which becomes the most recently used one. A stale one is taken out.
    pub(crate) fn find<Q: Eq + ?Sized>(
        &mut self,
        key: &dyn Lookup<Q>,
        now: Duration,
        garbage: &mut Garbage<K, V>,
    ) -> Option<Arc<V>>
    where
        K: Borrow<Q>,
    {
        let entry = self.entries.get(key)?;
        if !entry.deadline.is_past(now) {
            return Some(Arc::clone(&entry.value));
        }
        garbage.extend(self.take(key));
        self.counts.expired += 1;
        None
    }

    /// Takes the entry of `key` out, stale or not.
    fn take<T: Hash + Eq + ?Sized>(&mut self, key: &T) -> Option<(Hashed<K>, Entry<V>)>
    where
        Hashed<K>: Borrow<T>,
    {
        let (key, entry) = self.entries.pop_entry(key)?;
        self.by_deadline.remove(&(entry.deadline, entry.id));
        Some((key, entry))
    }

    /// Takes the entry of `key` out; the value of a running computation of `key` will not be kept.
    pub(crate) fn remove<Q: Eq + ?Sized>(
        &mut self,
        key: &dyn Lookup<Q>,
        now: Duration,
        garbage: &mut Garbage<K, V>,
    ) -> Option<Arc<V>>
    where
        K: Borrow<Q>,
    {
        self.detach(key);
        let (key, entry) = self.take(key)?;
        let fresh = if entry.deadline.is_past(now) {
            self.counts.expired += 1;
            None
        } else {
            Some(Arc::clone(&entry.value))
        };
        garbage.push((key, entry));
        fresh
    }

    /// What a call for `key` that begins at `now` has to do, if its value will be stale at `deadline`.
    pub(crate) fn join_or_lead(
        &mut self,
        key: &Hashed<K>,
        now: Duration,
        deadline: Deadline,
        garbage: &mut Garbage<K, V>,
    ) -> Role<V> {
        if let Some(value) = self.find(key.by_value(), now, garbage) {
            self.counts.hits += 1;
            return Role::Served(value);
        }
        match self.flights.get(key.by_value()) {
            // Who calls when the value in the making is already stale shall not get it.
            Some(running) if !running.deadline.is_past(now) => {
                return Role::Wait(sync::Arc::clone(&running.flight));
            }
            Some(_) => self.detach(key.by_value()),
            None => {}
        }
        self.sweep(now, SWEPT_PER_MISS, garbage);
        let leader = Flight::start();
        self.flights.insert(key.clone(), InFlight { flight: leader.flight(), deadline });
        self.counts.misses += 1;
        self.counts.in_flight += 1;
        Role::Lead(leader)
    }

    /// Ends the flight that was begun with this very `key`, or a clone of it. Whether its value may be kept: not if it
    /// was detached meanwhile.
    pub(crate) fn end_flight(&mut self, key: &Hashed<K>) -> bool {
        self.counts.in_flight -= 1;
        self.flights.remove(key).is_some()
    }

    /// Ends `flight`, that of a key equal to `key`, if nobody else has: its key, to be dropped outside of the lock.
    ///
    /// A flight has always left the table before it is over. Should one be found that has not, whoever asks for its key
    /// would ask for ever.
    #[must_use]
    pub(crate) fn end_lost_flight(&mut self, key: &Hashed<K>, flight: &Flight<Arc<V>>) -> Option<Hashed<K>> {
        let (lost, running) = self.flights.get_key_value(key.by_value())?;
        if !ptr::eq(&*running.flight, flight) {
            return None;
        }
        let lost = lost.clone();
        self.end_flight(&lost);
        Some(lost)
    }

    /// Puts a value in, in place of the one of an equal key, and holds the bound.
    pub(crate) fn keep(
        &mut self,
        key: Hashed<K>,
        value: Arc<V>,
        deadline: Deadline,
        capacity: usize,
        garbage: &mut Garbage<K, V>,
    ) {
        garbage.extend(self.take(key.by_value()));
        self.last_id += 1;
        let id = self.last_id;
        if deadline != Deadline::NEVER {
            self.by_deadline.insert((deadline, id), key.clone());
        }
        self.entries.put(key, Entry { value, deadline, id });
        while self.entries.len() > capacity {
            let Some((key, entry)) = self.entries.pop_lru() else { break };
            self.by_deadline.remove(&(entry.deadline, entry.id));
            self.counts.evictions += 1;
            garbage.push((key, entry));
        }
    }

    /// The value of a running computation of `key` will not be kept.
    pub(crate) fn detach<Q: Eq + ?Sized>(&mut self, key: &dyn Lookup<Q>)
    where
        K: Borrow<Q>,
    {
        self.flights.remove(key);
    }

    /// The values of all running computations will not be kept.
    pub(crate) fn detach_all(&mut self) {
        self.flights.clear();
    }

    /// Takes out up to `limit` entries that are stale at `now`. How many it were.
    pub(crate) fn sweep(&mut self, now: Duration, limit: usize, garbage: &mut Garbage<K, V>) -> usize {
        let mut swept = 0;
        while swept < limit {
            let Some(next) = self.by_deadline.first_entry() else { break };
            if !next.key().0.is_past(now) {
                break;
            }
            let key = next.remove();
            garbage.extend(self.entries.pop_entry(&key));
            swept += 1;
        }
        self.counts.expired += swept as u64;
        swept
    }

    /// Takes everything out; the values of all running computations will not be kept.
    #[must_use]
    pub(crate) fn clear(&mut self) -> Self {
        let mut empty = Self::new();
        (empty.last_id, empty.counts) = (self.last_id, self.counts);
        mem::replace(self, empty)
    }

    /// What is kept, to be judged outside of the lock.
    pub(crate) fn snapshot(&self) -> Vec<(Hashed<K>, Arc<V>)> {
        self.entries.iter().map(|(key, entry)| (key.clone(), Arc::clone(&entry.value))).collect()
    }

    /// Takes the entry of this very `key` out, unless another one has taken its place.
    pub(crate) fn remove_entry(&mut self, key: &Hashed<K>, garbage: &mut Garbage<K, V>) {
        garbage.extend(self.take(key));
    }
}

impl<K, V> Drop for State<K, V> {
    /// Drops one entry after the other: `lru` would leak the rest if one of them panics.
    fn drop(&mut self) {
        struct Rest<'a, K, V>(&'a mut LruCache<Hashed<K>, Entry<V>, BuildPassThrough>);

        impl<K, V> Drop for Rest<'_, K, V> {
            fn drop(&mut self) {
                while let Some(entry) = self.0.pop_lru() {
                    drop(entry);
                }
            }
        }

        // While the entries live, no key here is the last of its clones.
        self.by_deadline.clear();
        let rest = Rest(&mut self.entries);
        while let Some(entry) = rest.0.pop_lru() {
            drop(entry);
        }
    }
}

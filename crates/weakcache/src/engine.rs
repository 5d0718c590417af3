//! The table with its lock: loads, deaths, and every drop outside of the lock.
//!
//! [`WeakCache`](crate::WeakCache) keeps its keys beside the entries (`K = Arc<Key>`).

use core::any::type_name;
use core::mem;
use std::sync::Arc;

use lagom_base::flight::{Flight, Outcome};
use lagom_base::sync::{self, Mutex};

use crate::cached::Cached;
use crate::entry::{Entry, Home};
use crate::graveyard::defer_if_deep;
use crate::stats::Stats;
use crate::table::{Joined, Slot, Table};

pub(crate) struct Engine<K, V> {
    table: Mutex<Table<K, V>>,
}

// In all of these, what a call on the locked table returns outlives the guard, a temporary of that statement. It is
// dropped explicitly and before the result is named: a panic in a drop at the end of a function would leak the result.
impl<K, V> Engine<K, V>
where
    K: Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    pub(crate) fn get(&self, hash: u64, is_it: impl Fn(&Slot<K, V>) -> bool) -> Option<Cached<V>> {
        let (found, debris) = self.table.lock().get(hash, is_it);
        drop(debris);
        found
    }

    pub(crate) fn contains(&self, hash: u64, is_it: impl Fn(&Slot<K, V>) -> bool) -> bool {
        self.table.lock().contains(hash, is_it)
    }

    pub(crate) fn insert(
        self: &Arc<Self>,
        key: &K,
        hash: u64,
        value: V,
        is_it: impl Fn(&Slot<K, V>) -> bool,
    ) -> Cached<V> {
        let handle = self.entry(hash, value);
        let debris = self.table.lock().insert(key, &handle, is_it);
        drop(debris);
        handle
    }

    pub(crate) fn remove(&self, hash: u64, is_it: impl Fn(&Slot<K, V>) -> bool) -> Option<Cached<V>> {
        let (found, slot) = self.table.lock().remove(hash, is_it);
        drop(slot);
        found
    }

    pub(crate) fn retain(&self, mut keep: impl FnMut(&K, &V) -> bool) {
        let all = self.table.lock().snapshot();
        for (key, handle) in all {
            if !keep(&key, &handle) {
                let _slot = self.table.lock().discard(handle.entry());
            }
        }
    }

    /// The live entry, or one of the value that one thread's `load` returns while the others wait.
    #[track_caller]
    pub(crate) fn get_or_load<E>(
        self: &Arc<Self>,
        key: &K,
        hash: u64,
        load: impl FnOnce() -> Result<V, E>,
        is_it: impl Fn(&Slot<K, V>) -> bool,
    ) -> Result<Cached<V>, E> {
        loop {
            let joined = self.table.lock().join(key, hash, &is_it);
            match joined {
                Joined::Live(handle, debris) => {
                    drop((debris, load));
                    return Ok(handle);
                }
                Joined::Lead(flight) => return self.lead(hash, &flight, load),
                Joined::Wait(flight) => match flight.wait() {
                    Outcome::Landed(handle) => {
                        drop(load);
                        return Ok(handle);
                    }
                    Outcome::Abandoned => {}
                    Outcome::Cycle => panic!(
                        "a cached value of type `{}` needs itself: the load of a key asks for the same key, directly or \
                         through the loads of other threads",
                        type_name::<V>()
                    ),
                },
            }
        }
    }

    fn lead<E>(
        self: &Arc<Self>,
        hash: u64,
        flight: &sync::Arc<Flight<Cached<V>>>,
        load: impl FnOnce() -> Result<V, E>,
    ) -> Result<Cached<V>, E> {
        let on_failure = Abandon { engine: self, hash, flight };
        let value = load()?;
        mem::forget(on_failure); // It owns nothing.
        let handle = self.entry(hash, value);
        let landed = self.table.lock().land(flight, &handle);
        match landed {
            Some((leader, debris)) => {
                leader.land(handle.clone());
                drop(debris);
                Ok(handle)
            }
            // An `insert` came first and has landed the flight, or a `remove` or `clear` has abandoned it.
            None => match flight.wait() {
                Outcome::Landed(winner) => {
                    drop(handle);
                    Ok(winner)
                }
                Outcome::Abandoned | Outcome::Cycle => Ok(handle),
            },
        }
    }

    fn entry(self: &Arc<Self>, hash: u64, value: V) -> Cached<V> {
        let home = Arc::clone(self);
        Cached::new(hash, home, value)
    }
}

impl<K, V> Engine<K, V> {
    pub(crate) fn new(capacity: usize) -> Arc<Self> {
        Arc::new(Self { table: Mutex::new(Table::new(capacity)) })
    }

    pub(crate) fn clear(&self) {
        let all = self.table.lock().take_all();
        all.dispose();
    }

    pub(crate) fn len(&self) -> usize {
        self.table.lock().len()
    }

    pub(crate) fn stats(&self) -> Stats {
        self.table.lock().stats()
    }

    /// `None` if the lock is taken.
    pub(crate) fn try_stats(&self) -> Option<Stats> {
        self.table.try_lock().map(|table| table.stats())
    }
}

impl<K, V> Home<V> for Engine<K, V>
where
    K: Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    fn bury(&self, entry: &sync::Arc<Entry<V>>) {
        let slot = self.table.lock().bury(entry);
        defer_if_deep(|| sync::Arc::clone(entry));
        drop(slot);
    }
}

/// Takes a load that gave no value off the table.
struct Abandon<'a, K: Clone + Send + Sync + 'static, V: Send + Sync + 'static> {
    engine: &'a Engine<K, V>,
    hash: u64,
    flight: &'a sync::Arc<Flight<Cached<V>>>,
}

impl<K: Clone + Send + Sync + 'static, V: Send + Sync + 'static> Drop for Abandon<'_, K, V> {
    fn drop(&mut self) {
        // The leader in the slot, dropped outside of the lock, wakes who waits.
        let _slot = self.engine.table.lock().abandon(self.hash, self.flight);
    }
}

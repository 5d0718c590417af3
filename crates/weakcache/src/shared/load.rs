//! Single flight: one thread or task computes the value of a key, the others wait for it.
//!
//! The node of the key is in the table while its value is computed, so that others find it; the flight that they wait for
//! is made by the first of them. Who does what stands in `search`.
#![allow(unsafe_code, reason = "gives a node its value")]

use core::time::Duration;
use std::time::Instant;

use lagom_base::flight::Party;
use lagom_base::sync::Arc;

use crate::shared::cached::Cached;
use crate::shared::engine::Engine;
use crate::shared::failure::{Failure, Flight, OnError};
use crate::shared::node::{Extra, LINKED, LIVE, Node, NodePtr};
use crate::shared::shard::{Shard, Writer};

impl<K: Eq, V> Engine<K, V> {
    /// Makes `value` the value of `key`.
    #[inline]
    pub(super) fn insert(&self, shard: &Shard<K, V>, hash: u32, key: K, value: V) -> Cached<V> {
        let now = self.now();
        let extra = self.extra(&key, &value, now);
        let mut new = Some((key, value));
        // Most keys are new, which the hash tells.
        let fresh = self.locked(shard, |writer| {
            self.sweep(writer, now);
            if writer.has_twin(hash) {
                return None;
            }
            let (key, value) = new.take()?;
            // SAFETY: the handle that it was made with.
            Some(unsafe { Cached::<V>::from_node(writer.put(hash, key, value, extra.as_ref())) })
        });
        match (fresh, new) {
            (Some(handle), _) => handle,
            (None, Some(new)) => self.insert_among_twins(shard, hash, new, extra.as_ref()),
            (None, None) => unreachable!("it is put in, or not"),
        }
    }

    /// As [`insert`](Self::insert), without a handle: one atomic step less.
    #[inline]
    pub(super) fn put_in(&self, shard: &Shard<K, V>, hash: u32, key: K, value: V) {
        let now = self.now();
        let extra = self.extra(&key, &value, now);
        let mut new = Some((key, value));
        self.locked(shard, |writer| {
            self.sweep(writer, now);
            if !writer.has_twin(hash)
                && let Some((key, value)) = new.take()
            {
                new = writer.put_strong(hash, key, value, extra.as_ref());
            }
        });
        if let Some(new) = new {
            drop(self.insert_among_twins(shard, hash, new, extra.as_ref()));
        }
    }

    #[inline(never)]
    fn insert_among_twins(&self, shard: &Shard<K, V>, hash: u32, mut new: (K, V), extra: Option<&Extra>) -> Cached<V> {
        loop {
            let links = shard.links();
            let old = self.find_any(shard, hash, |other| *other == new.0);
            let done = self.locked(shard, |writer| match &old {
                Some(old) if !old.header().is(LINKED) => Err(new),
                None if writer.links() != links => Err(new),
                _ => Ok(Self::put(writer, hash, old.as_ref(), new, extra)),
            });
            drop(old);
            match done {
                Ok(handle) => return handle,
                // The old one was taken out, or another one put in.
                Err(given_back) => new = given_back,
            }
        }
    }

    /// A live entry of what is in `new`, in the place of `old`.
    fn put(
        writer: &mut Writer<'_, K, V>,
        hash: u32,
        old: Option<&Cached<V>>,
        (key, value): (K, V),
        extra: Option<&Extra>,
    ) -> Cached<V> {
        let node = match old {
            Some(old) => writer.replace(old.node(), key, value, extra),
            None => writer.put(hash, key, value, extra),
        };
        // SAFETY: the handle that it was made with.
        let handle = unsafe { Cached::<V>::from_node(node) };
        if let Some(old) = old
            && let Some(load) = writer.inner.loads.find(old.node(), old.header())
        {
            load.winner = Some(handle.clone());
            writer.debris.flight(load.flight.take());
        }
        handle
    }

    /// Puts a node for the key that is in `new` into the table, to be loaded; not if somebody else has since there were so
    /// many `links`. The node's first handle, for a [`Lead`].
    #[inline(always)]
    pub(super) fn start_load(
        &self,
        shard: &Shard<K, V>,
        hash: u32,
        new: &mut Option<K>,
        links: usize,
        leader: Party,
    ) -> Option<Cached<V>> {
        let loading = self.loading();
        let node = self.locked(shard, |writer| {
            // Whatever of this hash is there has been compared, unless it is new.
            if writer.links() != links && writer.has_twin(hash) {
                return None;
            }
            Some(writer.put_load(hash, new.take()?, loading.as_ref(), leader))
        })?;
        // SAFETY: the handle that the node was made with; the lead keeps the value from being looked at.
        Some(unsafe { Cached::<V>::from_node(node) })
    }

    /// The load of a node, to wait for, if it is under way.
    pub(super) fn flight(&self, shard: &Shard<K, V>, found: &Cached<V>) -> Option<Arc<Flight>> {
        let header = found.header();
        if header.is(LIVE) {
            return None;
        }
        self.locked(shard, |writer| {
            let load = writer.inner.loads.find(found.node(), header).filter(|_| header.is(LINKED))?;
            let leader = load.leader;
            Some(load.flight.get_or_insert_with(|| Flight::start_for(leader)).flight())
        })
    }

    /// What lies behind a node that is being loaded.
    fn loading(&self) -> Option<Extra> {
        self.extended.then(|| Extra::new(u64::MAX, u64::MAX, 0))
    }
}

/// A load under way, and the duty to end it. Dropped before its end, it takes its node off the table, and tells those who
/// wait.
pub(super) struct Lead<'a, K, V> {
    engine: &'a Engine<K, V>,
    shard: &'a Shard<K, V>,
    /// The node's first handle, until the end.
    own: Option<Cached<V>>,
    #[cfg(feature = "async")]
    pub(super) leader: Party,
    start: Option<Duration>,
    timer: Option<Instant>,
}

impl<'a, K, V> Lead<'a, K, V> {
    /// That of a node that [`start_load`](Engine::start_load) has put into the table for `leader`. To be followed by
    /// [`note_start`](Self::note_start).
    ///
    /// Where it is made it is to stay: each copy costs a load 3 ns.
    #[inline(always)]
    pub(super) fn new(engine: &'a Engine<K, V>, shard: &'a Shard<K, V>, own: Cached<V>, leader: Party) -> Self {
        #[cfg(not(feature = "async"))]
        let _ = leader;
        Self {
            engine,
            shard,
            own: Some(own),
            #[cfg(feature = "async")]
            leader,
            start: None,
            timer: None,
        }
    }

    /// Notes the time, if it matters. Runs the clock, which may be a user's, and panic: then the load ends.
    #[inline]
    pub(super) fn note_start(&mut self) {
        self.start = self.engine.now();
        if self.engine.settings.time_loads {
            self.timer = Some(Instant::now());
        }
    }

    /// Ends with what `make` returns.
    #[inline]
    pub(super) fn run<P: OnError<E>, E>(&mut self, make: impl FnOnce() -> Result<V, E>) -> Result<Cached<V>, E> {
        let made = {
            // A factory may run a task to its end.
            #[cfg(feature = "async")]
            let _inside = self.leader.enter();
            make()
        };
        self.end::<P, E>(made)
    }

    /// Ends with a value or an error.
    #[inline(always)] // As is the branch that is not taken.
    pub(super) fn end<P: OnError<E>, E>(&mut self, made: Result<V, E>) -> Result<Cached<V>, E> {
        match made {
            Ok(value) => Ok(self.land(value)),
            Err(error) => {
                self.fail(P::give(&error));
                Err(error)
            }
        }
    }

    /// Gives the node its value, and those who wait what they wait for.
    #[inline]
    fn land(&mut self, value: V) -> Cached<V> {
        let (engine, start) = (self.engine, self.start);
        let load_time = self.timer.map_or(0, |timer| timer.elapsed().as_nanos() as u64);
        let node = self.own.as_ref().expect("it lands once").node();
        // SAFETY: the load is ours, with a handle.
        let extra = engine.extra(unsafe { Node::<K, V>::key(node) }, &value, start);
        // No code of a user runs until the value is live: nothing fails any more.
        let own = self.own.take().expect("as above");
        if let Some(extra) = extra {
            // SAFETY: the load is ours, and there are extras only where nodes are extended.
            unsafe { Node::<K, V>::extra(node) }.set(&extra);
        }
        let mut made = Made { engine, node, value: Some(value) };
        let winner = engine.locked(self.shard, |writer| {
            let (flight, winner) = writer.inner.loads.end(node, own.header())?;
            writer.inner.counts.loads += 1;
            writer.inner.counts.load_time += load_time;
            engine.sweep(writer, start);
            // Where an `insert` came first, who found the load gets its value too, so that this one is never live.
            if winner.is_none()
                && let Some(value) = made.value.take()
            {
                writer.land(node, value);
            }
            writer.debris.flight(flight);
            winner
        });
        drop(made);
        match winner {
            Some(winner) => {
                drop(own);
                winner
            }
            None => own,
        }
    }

    /// Takes the node off the table, and tells those who wait, unless that is done. Of a `failure` the caller must have
    /// another `Arc`, so that the error is not dropped under the lock.
    fn fail(&mut self, failure: Option<Failure>) {
        let Some(own) = self.own.take() else { return };
        self.engine.locked(self.shard, |writer| {
            if let Some((flight, winner)) = writer.inner.loads.end(own.node(), own.header()) {
                writer.debris.failed_flight(flight, failure);
                if let Some(winner) = winner {
                    writer.debris.handle(winner);
                }
            }
            if own.header().is(LINKED) {
                writer.unlink(own.node());
            }
            writer.debris.handle(own);
        });
    }
}

/// What a load made, until it is live. Its node is held.
struct Made<'a, K, V> {
    engine: &'a Engine<K, V>,
    node: NodePtr,
    value: Option<V>,
}

impl<K, V> Drop for Made<'_, K, V> {
    /// A value that never was in the cache dies as one that was.
    fn drop(&mut self) {
        if let Some(value) = &self.value
            && let Some(on_death) = &self.engine.settings.on_death
        {
            // SAFETY: who made this has a handle.
            on_death(unsafe { Node::<K, V>::key(self.node) }, value);
        }
    }
}

impl<K, V> Drop for Lead<'_, K, V> {
    fn drop(&mut self) {
        self.fail(None);
    }
}

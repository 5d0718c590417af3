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
use crate::shared::shard::{Load, Shard, Writer};

impl<K: Eq, V> Engine<K, V> {
    /// Makes `value` the value of `key`.
    pub(super) fn insert(&self, shard: &Shard<K, V>, hash: u32, key: K, value: V) -> Cached<V> {
        let now = self.now();
        let mut extra = self.extra(&key, &value, now);
        let mut new = Some((key, value));
        // Most keys are new, which the hash tells.
        let fresh = self.locked(shard, |writer| {
            self.sweep(writer, now);
            (!writer.has_twin(hash)).then(|| Self::put(writer, hash, None, &mut new, &mut extra))
        });
        if let Some(handle) = fresh {
            return handle;
        }
        loop {
            let links = shard.links();
            let old = match &new {
                Some((key, _)) => self.find_any(shard, hash, |other| other == key),
                None => unreachable!("it was not put in yet"),
            };
            let done = self.locked(shard, |writer| match &old {
                Some(old) if old.header().is(LINKED) => Some(Self::put(writer, hash, Some(old), &mut new, &mut extra)),
                None if writer.links() == links => Some(Self::put(writer, hash, None, &mut new, &mut extra)),
                // It was taken out, or another one put in.
                _ => None,
            });
            drop(old);
            if let Some(handle) = done {
                return handle;
            }
        }
    }

    /// A live entry of what is in `new`, in the place of `old`.
    fn put(
        writer: &mut Writer<'_, K, V>,
        hash: u32,
        old: Option<&Cached<V>>,
        new: &mut Option<(K, V)>,
        extra: &mut Option<Extra>,
    ) -> Cached<V> {
        let (key, value) = new.take().expect("put in once");
        let node = match old {
            Some(old) => writer.replace(old.node(), key, value, extra.take()),
            None => writer.link(hash, key, Some(value), extra.take()),
        };
        writer.strengthen(node);
        // SAFETY: the handle that it was made with.
        let handle = unsafe { Cached::<V>::from_node(node) };
        if let Some(old) = old
            && let Some(load) = writer.inner.loads.iter_mut().find(|load| load.node == old.node())
        {
            load.winner = Some(handle.clone());
            writer.debris.flight(load.flight.take());
        }
        handle
    }

    /// Puts a node for the key that is in `new` into the table, to be loaded; not if somebody else has since there were so
    /// many `links`.
    #[inline]
    pub(super) fn start_load<'a>(
        &'a self,
        shard: &'a Shard<K, V>,
        hash: u32,
        new: &mut Option<K>,
        links: usize,
        leader: Party,
    ) -> Option<Lead<'a, K, V>> {
        let node = self.locked(shard, |writer| {
            // Whatever of this hash is there has been compared, unless it is new.
            if writer.links() != links && writer.has_twin(hash) {
                return None;
            }
            let node = writer.link(hash, new.take()?, None, self.loading());
            writer.inner.loads.push(Load { node, leader, flight: None, winner: None });
            Some(node)
        })?;
        // SAFETY: the handle that the node was made with; the lead keeps the value from being looked at.
        let own = unsafe { Cached::<V>::from_node(node) };
        let mut lead = Lead {
            engine: self,
            shard,
            own: Some(own),
            #[cfg(feature = "async")]
            leader,
            start: None,
            timer: None,
        };
        // The clock is a user's, and may panic.
        lead.start = self.now();
        lead.timer = self.settings.time_loads.then(Instant::now);
        Some(lead)
    }

    /// The load of a node, to wait for, if it is under way.
    pub(super) fn flight(&self, shard: &Shard<K, V>, found: &Cached<V>) -> Option<Arc<Flight>> {
        let header = found.header();
        if header.is(LIVE) {
            return None;
        }
        self.locked(shard, |writer| {
            let load = writer.inner.loads.iter_mut().find(|load| load.node == found.node() && header.is(LINKED))?;
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

impl<K, V> Lead<'_, K, V> {
    /// Ends with what `make` returns.
    #[inline]
    pub(super) fn run<P: OnError<E>, E>(self, make: impl FnOnce() -> Result<V, E>) -> Result<Cached<V>, E> {
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
    pub(super) fn end<P: OnError<E>, E>(mut self, made: Result<V, E>) -> Result<Cached<V>, E> {
        match made {
            Ok(value) => Ok(self.land(value)),
            Err(error) => {
                self.fail(P::give(&error));
                Err(error)
            }
        }
    }

    /// Gives the node its value, and those who wait what they wait for.
    fn land(mut self, value: V) -> Cached<V> {
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
            let load = writer.end_load(node)?;
            writer.inner.counts.loads += 1;
            writer.inner.counts.load_time += load_time;
            engine.sweep(writer, start);
            // Where an `insert` came first, who found the load gets its value too, so that this one is never live.
            if load.winner.is_none()
                && let Some(value) = made.value.take()
            {
                // SAFETY: the load is ours.
                unsafe { Node::<K, V>::put_value(node, value) };
                writer.set_live(node);
                if own.header().is(LINKED) {
                    writer.strengthen(node);
                }
            }
            writer.debris.flight(load.flight);
            load.winner
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
            if let Some(load) = writer.end_load(own.node()) {
                writer.debris.failed_flight(load.flight, failure);
                if let Some(winner) = load.winner {
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

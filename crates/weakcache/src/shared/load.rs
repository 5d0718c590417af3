//! Single flight: one thread computes the value of a key, the others wait for it.
//!
//! The node of the key is in the table while its value is computed, so that others find it; the flight that they wait for
//! is made by the first of them. How tasks do it stands in `future`.
#![allow(unsafe_code, reason = "gives a node its value")]

use core::time::Duration;
use std::time::Instant;

use lagom_base::flight::{Flight, Outcome, Party};
use lagom_base::sync::Arc;

use crate::shared::cached::Cached;
use crate::shared::engine::Engine;
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

    /// The live entry, or one of the value that one thread's `load` returns while the others wait. Gives the key back if the
    /// load needs its own result.
    pub(super) fn get_or_load<E>(
        &self,
        shard: &Shard<K, V>,
        hash: u32,
        key: K,
        load: impl FnOnce() -> Result<V, E>,
    ) -> Result<Result<Cached<V>, E>, K> {
        let (mut links, now) = (shard.links(), self.now());
        let mut found = self.find_any(shard, hash, |other| *other == key);
        let hit = found.as_ref().is_some_and(|found| self.is_good(shard, found, now));
        self.count_lookup(shard, hit);
        if hit && let Some(found) = found {
            self.used(shard, &found);
            // Here: a panic in a drop at the end of the function would leak the result.
            drop((key, load));
            return Ok(Ok(found));
        }
        let mut new = Some(key);
        loop {
            if let Some(found) = found {
                match self.wait(shard, &found) {
                    Waited::Live if self.is_good(shard, &found, self.now()) => {
                        drop((new, load));
                        return Ok(Ok(found));
                    }
                    Waited::Live | Waited::Gone => {}
                    Waited::NeedsItself => {
                        drop(found);
                        return Err(new.expect("it was not put in yet"));
                    }
                }
            } else if let Some(lead) = self.start_load(shard, hash, &mut new, links, Party::thread()) {
                return Ok(lead.run(load));
            }
            let Some(key) = &new else { unreachable!("it was not put in yet") };
            links = shard.links();
            found = self.find_any(shard, hash, |other| other == key);
        }
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
        let mut lead = Lead { engine: self, shard, own: Some(own), start: None, timer: None };
        // The clock is a user's, and may panic.
        lead.start = self.now();
        lead.timer = self.settings.time_loads.then(Instant::now);
        Some(lead)
    }

    /// What lies behind a node that is being loaded.
    fn loading(&self) -> Option<Extra> {
        self.extended.then(|| Extra::new(u64::MAX, u64::MAX, 0))
    }

    /// Waits for the load of a node.
    fn wait(&self, shard: &Shard<K, V>, found: &Cached<V>) -> Waited {
        match self.flight(shard, found) {
            Some(flight) => Waited::new(found, flight.wait()),
            None => Waited::new(found, Outcome::Landed(())),
        }
    }

    /// The load of a node, to wait for, if it is under way.
    pub(super) fn flight(&self, shard: &Shard<K, V>, found: &Cached<V>) -> Option<Arc<Flight<()>>> {
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
}

/// How it stands with a node whose load somebody waited for.
pub(super) enum Waited {
    Live,
    /// There will be no value of this node.
    Gone,
    /// The load waits for who asked.
    NeedsItself,
}

impl Waited {
    pub(super) fn new<V>(found: &Cached<V>, outcome: Outcome<()>) -> Self {
        match outcome {
            Outcome::Cycle => Self::NeedsItself,
            Outcome::Landed(()) | Outcome::Abandoned if found.header().is(LIVE) => Self::Live,
            Outcome::Landed(()) | Outcome::Abandoned => Self::Gone,
        }
    }
}

/// A load under way, and the duty to end it. Dropped before it has landed, it takes its node off the table, and tells
/// those who wait.
pub(super) struct Lead<'a, K, V> {
    engine: &'a Engine<K, V>,
    shard: &'a Shard<K, V>,
    /// The node's first handle, until the end.
    own: Option<Cached<V>>,
    start: Option<Duration>,
    timer: Option<Instant>,
}

impl<K, V> Lead<'_, K, V> {
    /// Lands with what `load` returns.
    #[inline]
    fn run<E>(self, load: impl FnOnce() -> Result<V, E>) -> Result<Cached<V>, E> {
        let value = {
            // A factory may run a task to its end.
            #[cfg(feature = "async")]
            let _inside = Party::thread().enter();
            load()?
        };
        Ok(self.land(value))
    }

    /// Gives the node its value, and those who wait what they wait for.
    pub(super) fn land(mut self, value: V) -> Cached<V> {
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
        let Some(own) = self.own.take() else { return };
        self.engine.locked(self.shard, |writer| {
            if let Some(load) = writer.end_load(own.node()) {
                writer.debris.flight(load.flight);
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

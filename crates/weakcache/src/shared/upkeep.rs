//! What is done to many entries, and what is told of them.
#![allow(unsafe_code, reason = "looks at nodes that it has handles of")]

use core::time::Duration;

use crate::memory::MemoryUsage;
use crate::shared::cached::Cached;
use crate::shared::engine::Engine;
use crate::shared::entry::Entry;
use crate::shared::node::{LINKED, LIVE, Node};
use crate::shared::shard::Shard;
use crate::stats::Stats;

impl<K, V> Engine<K, V> {
    /// Takes the entry off the cache; a load of it goes on.
    pub(super) fn remove(&self, shard: &Shard<K, V>, hash: u32, is: impl Fn(&K) -> bool) -> Option<Cached<V>> {
        let now = self.now();
        while let Some(found) = self.find_any(shard, hash, &is) {
            if found.header().is(LIVE) && !self.is_still_good(shard, &found, now) {
                continue;
            }
            // Another one may have been faster, and a new entry be there.
            if self.unlink(shard, &found) {
                return found.header().is(LIVE).then_some(found);
            }
        }
        None
    }

    /// Takes a node out of the table; whether it was there.
    fn unlink(&self, shard: &Shard<K, V>, found: &Cached<V>) -> bool {
        self.locked(shard, |writer| {
            let linked = found.header().is(LINKED);
            if linked {
                writer.unlink(found.node());
                if let Some(load) = writer.inner.loads.find(found.node(), found.header()) {
                    writer.debris.flight(load.flight.take());
                }
            }
            linked
        })
    }

    /// Whether there is a live entry; counts and moves nothing.
    pub(super) fn contains(&self, shard: &Shard<K, V>, hash: u32, is: impl Fn(&K) -> bool) -> bool {
        let now = self.now();
        self.find_any(shard, hash, is).is_some_and(|found| self.is_still_good(shard, &found, now))
    }

    pub(super) fn clear(&self) {
        for shard in self.shards() {
            self.locked(shard, |writer| writer.unlink_all());
        }
    }

    pub(super) fn retain(&self, mut keep: impl FnMut(&K, &V) -> bool) {
        for shard in self.shards() {
            let now = self.now();
            for found in self.live(shard) {
                // SAFETY: a handle of a node of ours.
                let key = unsafe { Node::<K, V>::key(found.node()) };
                if self.is_still_good(shard, &found, now) && !keep(key, &found) {
                    self.unlink(shard, &found);
                }
            }
        }
    }

    /// Handles of the live entries of a shard.
    fn live(&self, shard: &Shard<K, V>) -> Vec<Cached<V>> {
        self.locked(shard, |writer| {
            let linked = writer.linked().into_iter();
            // SAFETY: a linked node is one; the handle is taken just now.
            let held = linked.filter(|node| unsafe { node.as_ref() }.is(LIVE) && unsafe { node.as_ref() }.try_hold());
            // SAFETY: as above.
            held.map(|node| unsafe { Cached::<V>::from_node(node) }).collect()
        })
    }

    pub(super) fn len(&self) -> usize {
        self.shards().iter().map(|shard| self.locked(shard, |writer| writer.live())).sum()
    }

    pub(super) fn stats(&self) -> Stats {
        let (hits, misses) = self.readers.counts();
        let mut stats = Stats {
            hits,
            misses,
            capacity: usize::try_from(self.capacity()).unwrap_or(usize::MAX),
            unit: self.settings.unit(),
            ..Stats::default()
        };
        for shard in self.shards() {
            self.locked(shard, |writer| {
                let counts = writer.inner.counts;
                stats.hits += counts.hits;
                stats.misses += counts.misses;
                stats.loads += counts.loads;
                stats.evictions += counts.evictions;
                stats.deaths += counts.deaths;
                stats.expirations += counts.expirations;
                stats.load_time += Duration::from_nanos(counts.load_time);
                stats.len += writer.live();
                stats.strong_len += writer.inner.tier.len();
                stats.strong_weight = stats.strong_weight.saturating_add(writer.inner.tier.weight());
            });
        }
        stats
    }

    pub(super) fn shrink_to_fit(&self) {
        for shard in self.shards() {
            self.locked(shard, |writer| writer.shrink());
        }
        self.retire(Vec::new());
    }

    /// Keeps a live entry; whether there is one.
    pub(super) fn keep(&self, shard: &Shard<K, V>, hash: u32, is: impl Fn(&K) -> bool) -> bool {
        let now = self.now();
        while let Some(found) = self.find_any(shard, hash, &is)
            && self.is_still_good(shard, &found, now)
        {
            // Another one may have been put in its place.
            if self.locked(shard, |writer| writer.keep(found.node())) {
                return true;
            }
        }
        false
    }

    /// Ends that; whether it was kept.
    pub(super) fn release_kept(&self, shard: &Shard<K, V>, hash: u32, is: impl Fn(&K) -> bool) -> bool {
        let Some(found) = self.find_any(shard, hash, is) else { return false };
        self.locked(shard, |writer| writer.release_kept(found.node()))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Entry<K, V>> {
        let live = self.shards().iter().flat_map(move |shard| {
            let now = self.now();
            self.live(shard).into_iter().filter(move |found| self.is_still_good(shard, found, now))
        });
        // SAFETY: the nodes are ours.
        live.map(|found| unsafe { Entry::new(found) })
    }

    pub(super) fn memory_usage(&self) -> MemoryUsage {
        let mut usage = MemoryUsage { overhead: self.own_bytes(), ..MemoryUsage::default() };
        for shard in self.shards() {
            self.locked(shard, |writer| {
                let nodes = writer.nodes();
                usage.entries += nodes;
                usage.overhead += writer.bytes();
                if self.settings.bytes {
                    let weight = usize::try_from(writer.inner.tier.weight()).unwrap_or(usize::MAX);
                    usage.owned += weight.saturating_sub(writer.inner.tier.len() * Self::entry_bytes());
                }
            });
        }
        usage.keys = usage.entries * size_of::<K>();
        usage.values = usage.entries * size_of::<V>();
        usage.overhead = usage.overhead.saturating_sub(usage.keys + usage.values);
        usage
    }
}

//! Entries that are fresh for a while only.
#![allow(unsafe_code, reason = "looks behind nodes")]

use core::time::Duration;
use std::sync::atomic::Ordering::Relaxed;

use lagom_base::expiry::Deadline;

use crate::shared::cached::Cached;
use crate::shared::engine::Engine;
use crate::shared::node::{Extra, LINKED, LIVE, Node, NodePtr};
use crate::shared::shard::{Shard, Writer};

/// Never, in nanoseconds.
const NEVER: u64 = u64::MAX;

/// A reading of the clock, in nanoseconds. 584 years are all that there is; further is never.
fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(NEVER)
}

fn after(start: Duration, span: Option<Duration>) -> u64 {
    match span {
        None => NEVER,
        Some(span) => nanoseconds(Deadline::after(start, span).at()),
    }
}

impl Extra {
    /// Whether the entry is fresh no more.
    #[inline]
    fn is_past(&self, now: u64) -> bool {
        let is_past = |deadline: u64| deadline != NEVER && deadline <= now;
        is_past(self.expires.load(Relaxed)) || is_past(self.idles.load(Relaxed))
    }
}

impl<K, V> Engine<K, V> {
    /// The time, if it matters. Runs the clock, which may be a user's: not under a lock.
    #[inline]
    pub(super) fn now(&self) -> Option<Duration> {
        if self.expires { Some(self.settings.clock.now()) } else { None }
    }

    /// What lies behind a node of this entry, if anything does. Runs code of the user.
    #[inline]
    pub(super) fn extra(&self, key: &K, value: &V, start: Option<Duration>) -> Option<Extra> {
        if self.extended { Some(self.extra_of(key, value, start)) } else { None }
    }

    #[inline(never)]
    fn extra_of(&self, key: &K, value: &V, start: Option<Duration>) -> Extra {
        let settings = &self.settings;
        let (mut expires, mut idles) = (NEVER, NEVER);
        if let Some(start) = start {
            let span = settings.expiry.as_ref().map(|expiry| expiry(key, value));
            expires = after(start, settings.ttl).min(after(start, span));
            idles = after(start, settings.tti);
        }
        Extra::new(expires, idles, self.weigh(key, value))
    }

    /// Whether a live entry is fresh at `now`.
    ///
    /// # Safety
    ///
    /// The caller must have a handle of the node, or have it borrowed.
    #[inline]
    pub(super) unsafe fn is_fresh(&self, node: NodePtr, now: Option<Duration>) -> bool {
        let Some(now) = now else { return true };
        // SAFETY: where time matters nodes are extended.
        let extra = unsafe { Node::<K, V>::extra(node) };
        let fresh = !extra.is_past(nanoseconds(now));
        if fresh && self.settings.tti.is_some() {
            extra.idles.store(after(now, self.settings.tti), Relaxed);
        }
        fresh
    }

    /// Whether an entry is live, and fresh at `now`; else it is taken off the cache. That is no use of it.
    pub(super) fn is_still_good(&self, shard: &Shard<K, V>, found: &Cached<V>, now: Option<Duration>) -> bool {
        if !found.header().is(LIVE) {
            return false;
        }
        let Some(now) = now else { return true };
        // SAFETY: where time matters nodes are extended; the caller's handle.
        let fresh = !unsafe { Node::<K, V>::extra(found.node()) }.is_past(nanoseconds(now));
        if !fresh {
            self.expire(shard, found);
        }
        fresh
    }

    /// Takes an entry that is fresh no more off the cache.
    #[cold]
    pub(super) fn expire(&self, shard: &Shard<K, V>, found: &Cached<V>) {
        self.locked(shard, |writer| {
            if found.header().is(LINKED | LIVE) {
                writer.inner.counts.expirations += 1;
                writer.unlink(found.node());
            }
        });
    }

    /// Takes all entries that are fresh no more off the cache; how many.
    pub(super) fn purge_expired(&self) -> usize {
        let Some(now) = self.now() else { return 0 };
        let purge = |shard| {
            self.locked(shard, |writer: &mut Writer<'_, K, V>| {
                let mut purged = 0;
                for node in writer.linked() {
                    purged += usize::from(self.purge(writer, node, now));
                }
                purged
            })
        };
        self.shards().iter().map(purge).sum()
    }

    /// Takes some of the entries that are fresh no more off the shard, so that they cannot pile up.
    #[inline]
    pub(super) fn sweep(&self, writer: &mut Writer<'_, K, V>, now: Option<Duration>) {
        if let Some(now) = now {
            self.sweep_at(writer, now);
        }
    }

    #[inline(never)]
    fn sweep_at(&self, writer: &mut Writer<'_, K, V>, now: Duration) {
        for node in writer.next_few() {
            self.purge(writer, node, now);
        }
    }

    /// Takes a linked node off the shard if it is fresh no more.
    fn purge(&self, writer: &mut Writer<'_, K, V>, node: NodePtr, now: Duration) -> bool {
        // SAFETY: a linked node is one.
        let header = unsafe { node.as_ref() };
        // What lies behind a node that is being loaded is its thread's.
        if !header.is(LIVE) {
            return false;
        }
        // SAFETY: where time matters nodes are extended.
        let extra = unsafe { Node::<K, V>::extra(node) };
        if !extra.is_past(nanoseconds(now)) || !header.try_hold() {
            return false;
        }
        writer.inner.counts.expirations += 1;
        writer.unlink(node);
        // SAFETY: the handle that was just taken.
        writer.debris.handle(unsafe { Cached::<V>::from_node(node) });
        true
    }
}

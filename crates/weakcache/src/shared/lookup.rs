//! How an entry is found: without a lock.
#![allow(unsafe_code, reason = "looks at nodes that may die meanwhile")]

use core::marker::PhantomData;
use core::ptr;
use core::time::Duration;

use lagom_base::fence;
use lagom_base::sync::atomic::{AtomicPtr, Ordering};

use crate::shared::cached::Cached;
use crate::shared::engine::Engine;
use crate::shared::node::{Header, KEPT, LENT, LINKED, LIVE, MOST_USES, Node, NodePtr, STRONG};
use crate::shared::readers::Reader;
use crate::shared::shard::Shard;
use crate::shared::table::Place;

/// After so many looks at a table that changes all the time a lookup takes the lock.
const LOOKS: usize = if cfg!(lagom_loom) { 2 } else { 16 };
/// An entry that left the strong tier comes back when it was found so often since.
const USES_TO_RETURN: u8 = MOST_USES - 1;

impl<K, V> Engine<K, V> {
    /// A handle of the live entry with this hash that `is` says yes to; counts and is used.
    #[inline]
    pub(super) fn get(&self, shard: &Shard<K, V>, hash: u32, is: impl Fn(&K) -> bool) -> Option<Cached<V>> {
        if !self.plain {
            return self.get_with_care(shard, hash, is);
        }
        let Some(reader) = self.readers.own() else { return self.get_with_care(shard, hash, is) };
        match self.find(shard, reader, hash, is) {
            Some(found) if found.header().is(LIVE) => {
                reader.count_hit();
                if found.header().use_once() == USES_TO_RETURN {
                    self.used_often(shard, &found);
                }
                Some(found)
            }
            _ => {
                reader.count_miss();
                None
            }
        }
    }

    /// As [`get`](Self::get), where entries expire or each use has to be told, and for a thread that is ending.
    #[inline(never)]
    fn get_with_care(&self, shard: &Shard<K, V>, hash: u32, is: impl Fn(&K) -> bool) -> Option<Cached<V>> {
        let now = self.now();
        let found = self.find_any(shard, hash, is).filter(|found| self.is_good(shard, found, now));
        self.count_lookup(shard, found.is_some());
        if let Some(found) = &found {
            self.used(shard, found);
        }
        found
    }

    /// Whether an entry is live, and fresh; else it is taken off the cache.
    #[inline]
    pub(super) fn is_good(&self, shard: &Shard<K, V>, found: &Cached<V>, now: Option<Duration>) -> bool {
        if !found.header().is(LIVE) {
            return false;
        }
        // SAFETY: the caller's handle.
        let fresh = unsafe { self.is_fresh(found.node(), now) };
        if !fresh {
            self.expire(shard, found);
        }
        fresh
    }

    /// A handle of the linked entry, live or loading; neither counts nor is used.
    #[inline]
    pub(super) fn find_any(&self, shard: &Shard<K, V>, hash: u32, is: impl Fn(&K) -> bool) -> Option<Cached<V>> {
        match self.readers.own() {
            Some(reader) => self.find(shard, reader, hash, is),
            None => self.find_locked(shard, hash, is),
        }
    }

    /// As [`find_any`](Self::find_any). Nearly always the first node with the hash is the one, or there is none.
    #[inline(always)]
    pub(super) fn find(
        &self,
        shard: &Shard<K, V>,
        reader: &Reader,
        hash: u32,
        is: impl Fn(&K) -> bool,
    ) -> Option<Cached<V>> {
        let version = shard.table.version();
        match reader.pinned(|| Self::hold_first(shard, hash)) {
            First::Held(node) => {
                // SAFETY: the handle that was just taken.
                let found = unsafe { Cached::<V>::from_node(node) };
                // SAFETY: a handle of the node, which is one of ours.
                if is(unsafe { Node::<K, V>::key(node) }) {
                    return Some(found);
                }
            }
            First::Nothing if shard.table.is_as_of(version) => return None,
            First::Nothing | First::Dead => {}
        }
        self.find_patiently(shard, reader, hash, is)
    }

    /// A handle of the first node with the hash. For pinned readers.
    #[inline(always)]
    fn hold_first(shard: &Shard<K, V>, hash: u32) -> First {
        // SAFETY: the reader is pinned.
        let Some(node) = (unsafe { shard.table.first(hash) }) else { return First::Nothing };
        // SAFETY: it was in the table, and its memory is a node's as long as the reader is pinned.
        let header = unsafe { Header::look(node) };
        if header.hash() == hash && header.try_hold() { First::Held(node) } else { First::Dead }
    }

    #[inline(never)]
    fn find_patiently(
        &self,
        shard: &Shard<K, V>,
        reader: &Reader,
        hash: u32,
        is: impl Fn(&K) -> bool,
    ) -> Option<Cached<V>> {
        let table = &shard.table;
        let (mut links, mut version, mut place) = (shard.links(), table.version(), None);
        for _ in 0..LOOKS {
            while let Some((node, here)) = reader.pinned(|| Self::hold_next(shard, hash, place)) {
                // SAFETY: the handle that was just taken.
                let found = unsafe { Cached::<V>::from_node(node) };
                // SAFETY: a handle of the node, which is one of ours.
                if is(unsafe { Node::<K, V>::key(node) }) {
                    return Some(found);
                }
                drop(found);
                // Where to go on is known as long as the slots are the same.
                if !table.is_as_of(version) {
                    break;
                }
                place = Some(here);
            }
            // A node of another key may have been used again for that key, after ours had taken its place in the slot.
            if table.is_as_of(version) && (place.is_none() || shard.links() == links) {
                return None;
            }
            (links, version, place) = (shard.links(), table.version(), None);
        }
        self.find_locked(shard, hash, is)
    }

    /// A handle of the next node with the hash, and where to go on. For pinned readers.
    #[inline]
    fn hold_next(shard: &Shard<K, V>, hash: u32, place: Option<Place>) -> Option<(NodePtr, Place)> {
        // SAFETY: the reader is pinned.
        let mut probe = unsafe { shard.table.probe(hash) };
        if let Some(place) = place {
            probe.go_on(place);
        }
        let mut next = probe.next(hash);
        while let Some(node) = next {
            // SAFETY: it was in the table, and its memory is a node's as long as the reader is pinned.
            let header = unsafe { Header::look(node) };
            if header.hash() == hash && header.try_hold() {
                return Some((node, probe.place()));
            }
            // It is dead, or was used again for another key. The one that took its place may be ours.
            next = probe.replacement().or_else(|| probe.next(hash));
        }
        None
    }

    #[cold]
    fn find_locked(&self, shard: &Shard<K, V>, hash: u32, is: impl Fn(&K) -> bool) -> Option<Cached<V>> {
        let twins = self.locked(shard, |writer| writer.hold_twins(hash));
        // SAFETY: a handle of the node, which is one of ours.
        twins.into_iter().find(|found| is(unsafe { Node::<K, V>::key(found.node()) }))
    }

    /// Counts a lookup that was not made by [`get`](Self::get).
    #[inline]
    pub(super) fn count_lookup(&self, shard: &Shard<K, V>, hit: bool) {
        match self.readers.own() {
            Some(reader) if hit => reader.count_hit(),
            Some(reader) => reader.count_miss(),
            None => self.locked(shard, |writer| {
                writer.inner.counts.hits += u64::from(hit);
                writer.inner.counts.misses += u64::from(!hit);
            }),
        }
    }

    /// Notes that a live entry was found.
    #[inline]
    pub(super) fn used(&self, shard: &Shard<K, V>, found: &Cached<V>) {
        let uses = found.header().use_once();
        if self.ordered && self.capacity() != 0 {
            self.use_locked(shard, found);
        } else if uses == USES_TO_RETURN {
            self.used_often(shard, found);
        }
    }

    /// Brings an entry back that left the strong tier.
    #[inline(never)]
    fn used_often(&self, shard: &Shard<K, V>, found: &Cached<V>) {
        if self.capacity() != 0 && found.header().states() & (STRONG | KEPT) == 0 {
            self.use_locked(shard, found);
        }
    }

    #[cold]
    fn use_locked(&self, shard: &Shard<K, V>, found: &Cached<V>) {
        self.locked(shard, |writer| {
            let states = found.header().states();
            if states & STRONG != 0 {
                writer.inner.tier.touch(found.node());
            } else if states & (LINKED | KEPT) == LINKED {
                writer.strengthen(found.node());
            }
        });
    }

    /// The live entry, which counts and is used. Without a handle if somebody has seen it before and it is in the strong
    /// tier.
    #[inline(always)]
    pub(super) fn see(&self, shard: &Shard<K, V>, hash: u32, is: impl Fn(&K) -> bool) -> Option<Seen<'_, K, V>> {
        if let Some(reader) = self.readers.own()
            && self.plain
            && let Some(place) = reader.place()
        {
            let version = shard.table.version();
            match reader.pinned(|| Self::borrow(shard, hash, place)) {
                First::Nothing if shard.table.is_as_of(version) => {
                    reader.count_miss();
                    return None;
                }
                First::Nothing => {}
                // The end is told also of a node that could not be borrowed: who ended it may have taken it for borrowed.
                First::Dead => drop(Borrow { engine: self, reader, place, thread: PhantomData }),
                First::Held(node) => {
                    let borrow = Borrow { engine: self, reader, place, thread: PhantomData };
                    // SAFETY: it is borrowed, and one of ours.
                    if is(unsafe { Node::<K, V>::key(node) }) {
                        reader.count_hit();
                        // SAFETY: as above.
                        unsafe { node.as_ref() }.use_once();
                        return Some(Seen::Borrowed { node, _end: borrow });
                    }
                }
            }
        }
        self.see_held(shard, hash, is).map(Seen::Held)
    }

    /// A handle of the entry, which may be borrowed from now on. A function of its own, to keep the other way short.
    #[inline(never)]
    fn see_held(&self, shard: &Shard<K, V>, hash: u32, is: impl Fn(&K) -> bool) -> Option<Cached<V>> {
        let found = self.get(shard, hash, is)?;
        found.header().lend();
        Some(found)
    }

    /// Borrows the first node that may have the hash, if it can be; where there is a node it is in `place` afterwards. For
    /// pinned readers.
    #[inline]
    fn borrow(shard: &Shard<K, V>, hash: u32, place: &AtomicPtr<Header>) -> First {
        const LENDABLE: u32 = LIVE | LINKED | STRONG | LENT;

        // SAFETY: the reader is pinned.
        let Some(node) = (unsafe { shard.table.first(hash) }) else { return First::Nothing };
        place.store(node.as_ptr(), Ordering::Release);
        fence::light();
        // SAFETY: it was in the table, and its memory is a node's as long as the reader is pinned.
        let header = unsafe { Header::look(node) };
        // Who ends it clears the state, then fences, and then looks at `place`: one of the two sees the other.
        if header.is(LENDABLE) { First::Held(node) } else { First::Dead }
    }
}

/// What a lookup finds at first.
enum First {
    /// A handle of a node with the hash is the caller's now; or the node is borrowed.
    Held(NodePtr),
    Nothing,
    /// A node that may have had the hash, or another one that has the same bits of it.
    Dead,
}

/// A live entry that is seen by a thread.
pub(super) enum Seen<'a, K, V> {
    Borrowed { node: NodePtr, _end: Borrow<'a, K, V> },
    Held(Cached<V>),
}

impl<K, V> Seen<'_, K, V> {
    #[inline]
    pub(super) fn value(&self) -> &V {
        match self {
            // SAFETY: it is borrowed, one of ours, and live.
            Self::Borrowed { node, .. } => unsafe { Node::<K, V>::value(*node) },
            Self::Held(handle) => handle,
        }
    }
}

/// A node that a thread has borrowed, which it must end itself: not `Send`.
pub(super) struct Borrow<'a, K, V> {
    engine: &'a Engine<K, V>,
    reader: &'a Reader,
    place: &'a AtomicPtr<Header>,
    thread: PhantomData<*const ()>,
}

impl<K, V> Drop for Borrow<'_, K, V> {
    #[inline]
    fn drop(&mut self) {
        self.place.store(ptr::null_mut(), Ordering::Release);
        self.engine.after_borrow(self.reader);
    }
}

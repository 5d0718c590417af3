//! A part of the cache with a lock of its own: what writers do to it, step by step.
//!
//! No code of a user runs in here: what has to be dropped is put into [`Debris`], to be dealt with after the lock.
#![allow(unsafe_code, reason = "says whose a node is")]

use core::ptr::NonNull;
use std::sync::atomic::Ordering::Relaxed;

use lagom_base::flight::Party;
use lagom_base::lock::Lock;
use lagom_base::policy::Newcomer;
use lagom_base::sync::atomic::{AtomicUsize, Ordering};
use smallvec::SmallVec;

use crate::shared::cached::Cached;
use crate::shared::debris::Debris;
use crate::shared::engine::Engine;
use crate::shared::loads::Loads;
use crate::shared::node::{Extra, Header, KEPT, LENT, LINKED, LIVE, Node, NodePtr, STRONG};
use crate::shared::settings::Settings;
use crate::shared::slab::Slab;
use crate::shared::table::{Filling, Table};
use crate::shared::tier::{Nodes, Tier};

/// What is not looked at together lies apart, so that those who write do not disturb those who read.
#[repr(align(128))]
pub(super) struct Apart<T>(pub(super) T);

#[repr(align(128))]
pub(super) struct Shard<K, V> {
    pub(super) table: Table,
    /// How many nodes were ever put into the table.
    links: AtomicUsize,
    /// The engine that it is of. Never changes.
    engine: NonNull<Engine<K, V>>,
    pub(super) inner: Apart<Lock<Inner<K, V>>>,
}

/// What the lock guards.
pub(super) struct Inner<K, V> {
    filling: Filling,
    slab: Slab<K, V>,
    pub(super) tier: Tier,
    nodes: Nodes,
    /// Whether the end of a node is more than to give its memory back.
    falls_apart: bool,
    /// If the capacity is bytes, what weights have for the cache's own memory; else 0.
    entry_bytes: usize,
    /// Linked nodes that are live.
    live: usize,
    pub(super) loads: Loads<V>,
    /// The group that is swept next.
    sweep: usize,
    /// The cache is gone: with the last node the shard lets go of the engine.
    orphaned: bool,
    pub(super) counts: Counts,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) hits: u64,
    pub(super) misses: u64,
    pub(super) loads: u64,
    pub(super) evictions: u64,
    pub(super) deaths: u64,
    pub(super) expirations: u64,
    /// Time that loads took, in nanoseconds.
    pub(super) load_time: u64,
}

// SAFETY: nodes are shared and passed from thread to thread, as if keys and values were.
unsafe impl<K: Send + Sync, V: Send + Sync> Send for Shard<K, V> {}
// SAFETY: as above.
unsafe impl<K: Send + Sync, V: Send + Sync> Sync for Shard<K, V> {}

impl<K, V> Shard<K, V> {
    pub(super) fn new(engine: NonNull<Engine<K, V>>, settings: &Settings<K, V>, capacity: u64) -> Self {
        let extended = settings.expires() || settings.weighs();
        let inner = Inner {
            filling: Filling::new(),
            slab: Slab::new(extended),
            tier: Tier::new(settings.eviction, capacity),
            nodes: Nodes::new::<K, V>(extended),
            falls_apart: !Self::DROPS_NOTHING || settings.on_death.is_some(),
            entry_bytes: if settings.bytes { Engine::<K, V>::entry_bytes() } else { 0 },
            live: 0,
            sweep: 0,
            loads: Loads::new(),
            orphaned: false,
            counts: Counts::default(),
        };
        Self { table: Table::new(), links: AtomicUsize::new(0), engine, inner: Apart(Lock::new(inner)) }
    }

    const DROPS_NOTHING: bool = !core::mem::needs_drop::<K>() && !core::mem::needs_drop::<V>();

    /// The shard of a node of such a shard that is not given back yet.
    pub(super) fn of(node: NodePtr) -> NonNull<Self> {
        // SAFETY: the chunk of such a node is there; this part of it never changes.
        unsafe { (*Header::chunk(node).as_ptr()).shard }.cast()
    }

    /// The engine that it is of.
    pub(super) fn engine(&self) -> NonNull<Engine<K, V>> {
        self.engine
    }

    /// How many nodes were ever put into the table: what was not found was not there as long as it stays the same.
    pub(super) fn links(&self) -> usize {
        self.links.load(Ordering::Acquire)
    }

    /// Runs `f` under the lock.
    #[inline]
    pub(super) fn locked<R>(&self, debris: &mut Debris<V>, f: impl FnOnce(&mut Writer<'_, K, V>) -> R) -> R {
        let inner = &mut *self.inner.0.lock();
        f(&mut Writer { shard: self, inner, debris })
    }
}

/// Who holds the lock of a shard.
pub(super) struct Writer<'a, K, V> {
    shard: &'a Shard<K, V>,
    pub(super) inner: &'a mut Inner<K, V>,
    pub(super) debris: &'a mut Debris<V>,
}

impl<K, V> Writer<'_, K, V> {
    pub(super) fn links(&self) -> usize {
        self.shard.links.load(Ordering::Relaxed)
    }

    pub(super) fn live(&self) -> usize {
        self.inner.live
    }

    /// Nodes in use, also those that are linked no more.
    pub(super) fn nodes(&self) -> usize {
        self.inner.slab.nodes()
    }

    /// Bytes of chunks, slots, loads, and what the tier remembers.
    pub(super) fn bytes(&self) -> usize {
        let table = Filling::bytes(&self.shard.table);
        self.inner.slab.bytes() + table + self.inner.tier.bytes() + self.inner.loads.bytes()
    }

    /// A new live entry with a handle of the caller's, in the strong tier if there can be a place for it.
    #[inline(never)]
    pub(super) fn put(&mut self, hash: u32, key: K, value: V, extra: Option<&Extra>) -> NodePtr {
        let node = self.begin(hash, key, value, extra);
        self.link(node);
        self.trim();
        node
    }

    /// As [`put`](Self::put), without a handle: key and value come back if there can be no place in the strong tier.
    #[inline(never)]
    pub(super) fn put_strong(&mut self, hash: u32, key: K, value: V, extra: Option<&Extra>) -> Option<(K, V)> {
        let Some(newcomer) = self.make_room(hash, Self::weight(extra)) else { return Some((key, value)) };
        let node = self.begin_with(Some(newcomer), hash, key, value, extra, 0);
        self.link(node);
        // The handle of the tier is the only one: from here on the node may be gone.
        self.trim();
        None
    }

    /// As [`put`](Self::put), in the place of `old`, which is linked, has the same key, and of which the caller has a
    /// handle.
    pub(super) fn replace(&mut self, old: NodePtr, key: K, value: V, extra: Option<&Extra>) -> NodePtr {
        // First, so that nobody else has to leave for the new one. It can be found until that takes its place.
        self.unlinked(old);
        // SAFETY: the caller has a handle of it.
        let hash = unsafe { old.as_ref() }.hash();
        let node = self.begin(hash, key, value, extra);
        Filling::replace(&self.shard.table, old, node);
        self.count_link();
        self.trim();
        node
    }

    /// A node of `key` without a value, with a handle of the caller's, in the table, and a load of it.
    #[inline]
    pub(super) fn put_load(&mut self, hash: u32, key: K, extra: Option<&Extra>, leader: Party) -> NodePtr {
        let node = self.take(extra);
        // SAFETY: a node has a header always.
        self.inner.loads.begin(node, unsafe { node.as_ref() }, leader);
        // SAFETY: it is ours, and new.
        unsafe { Node::<K, V>::begin(node, hash, key, LINKED, 1) };
        self.link(node);
        node
    }

    /// Gives such a node its value, and a place in the strong tier if it is still linked and there can be one. The caller has
    /// a handle.
    #[inline]
    pub(super) fn land(&mut self, node: NodePtr, value: V) {
        // SAFETY: the caller's, who alone gives it a value.
        unsafe { Node::<K, V>::put_value(node, value) };
        // SAFETY: the caller has a handle of it.
        let header = unsafe { node.as_ref() };
        if !header.is(LINKED) {
            return header.set(LIVE);
        }
        self.inner.live += 1;
        if self.seat(node, header.hash(), self.inner.nodes.weight(node)) {
            header.gain(LIVE | STRONG);
        } else {
            header.set(LIVE);
        }
        self.trim();
    }

    /// A live node that is about to be linked, in the strong tier if there can be a place for it.
    #[inline(always)]
    fn begin(&mut self, hash: u32, key: K, value: V, extra: Option<&Extra>) -> NodePtr {
        // Who leaves for it leaves first: it may get that one's memory, which was looked at just now.
        let newcomer = self.make_room(hash, Self::weight(extra));
        self.begin_with(newcomer, hash, key, value, extra, 1)
    }

    #[inline]
    fn weight(extra: Option<&Extra>) -> u64 {
        extra.map_or(1, |extra| extra.weight.load(Relaxed))
    }

    /// As [`begin`](Self::begin), with room made, and with so many handles of the caller's.
    #[inline(always)]
    fn begin_with(
        &mut self,
        newcomer: Option<Newcomer>,
        hash: u32,
        key: K,
        value: V,
        extra: Option<&Extra>,
        handles: u32,
    ) -> NodePtr {
        let node = self.take(extra);
        // SAFETY: it is ours, and new.
        unsafe { Node::<K, V>::put_value(node, value) };
        let mut states = LINKED | LIVE;
        if let Some(newcomer) = newcomer {
            self.inner.tier.seat(newcomer, node, self.inner.nodes);
            states |= STRONG;
        }
        self.inner.live += 1;
        // SAFETY: it is ours, and new.
        unsafe { Node::<K, V>::begin(node, hash, key, states, handles) };
        node
    }

    #[inline(always)]
    fn take(&mut self, extra: Option<&Extra>) -> NodePtr {
        let shard = NonNull::from(self.shard).cast();
        let node = self.inner.slab.take(shard, Engine::<K, V>::bury);
        if let Some(extra) = extra {
            // SAFETY: it is ours, and there are extras only where nodes are extended.
            unsafe { Node::<K, V>::put_extra(node, extra) };
        }
        node
    }

    #[inline(always)]
    fn link(&mut self, node: NodePtr) {
        let retired = self.inner.filling.insert(&self.shard.table, node);
        self.debris.groups(retired);
        self.count_link();
    }

    /// To be called when the table has a new node: who read the count before may have missed it.
    #[inline]
    fn count_link(&self) {
        self.shard.links.store(self.links().wrapping_add(1), Ordering::Release);
    }

    /// Takes a node out of the table of which the caller has a handle.
    pub(super) fn unlink(&mut self, node: NodePtr) {
        let retired = self.inner.filling.remove(&self.shard.table, node);
        self.debris.groups(retired);
        self.unlinked(node);
    }

    fn unlinked(&mut self, node: NodePtr) {
        // SAFETY: the caller has a handle of it.
        let header = unsafe { node.as_ref() };
        let states = header.states();
        self.inner.live -= usize::from(states & LIVE != 0);
        header.clear(LINKED);
        if states & STRONG != 0 {
            self.inner.tier.remove(node, self.inner.nodes);
            self.lose(header, STRONG);
        }
        if states & KEPT != 0 {
            self.lose(header, KEPT);
        }
    }

    /// A handle of the cache is given back, of a node of which the caller has another one.
    fn lose(&self, header: &Header, state: u32) {
        let last = header.lose(state);
        debug_assert!(!last, "the caller has a handle");
    }

    /// Takes a live, linked node into the strong tier; what has to leave for it leaves first.
    pub(super) fn strengthen(&mut self, node: NodePtr) {
        // SAFETY: the caller has a handle of it.
        let header = unsafe { node.as_ref() };
        if self.seat(node, header.hash(), self.inner.nodes.weight(node)) {
            header.gain(STRONG);
        }
        self.trim();
    }

    /// Gives a node a place in the strong tier; whether there can be one. The handle that the tier has then is the caller's
    /// to count.
    #[inline(never)]
    fn seat(&mut self, node: NodePtr, hash: u32, weight: u64) -> bool {
        let Some(newcomer) = self.make_room(hash, weight) else { return false };
        self.inner.tier.seat(newcomer, node, self.inner.nodes);
        true
    }

    /// What has to leave the strong tier for one that weighs so much leaves; `None` if that cannot be in it.
    #[inline(always)]
    fn make_room(&mut self, hash: u32, weight: u64) -> Option<Newcomer> {
        let mut newcomer = self.inner.tier.admit(hash, weight)?;
        while let Some(victim) = self.inner.tier.victim(&mut newcomer, self.inner.nodes) {
            self.evicted(victim);
        }
        Some(newcomer)
    }

    /// If the capacity is bytes: whoever has to leave for what the cache has allocated itself leaves.
    #[inline]
    fn trim(&mut self) {
        if self.inner.entry_bytes != 0 {
            self.trim_bytes();
        }
    }

    #[inline(never)]
    fn trim_bytes(&mut self) {
        while self.takes_too_much()
            && let Some(victim) = self.inner.tier.any(self.inner.nodes)
        {
            self.evicted(victim);
        }
    }

    /// Whether the tier and what the shard has allocated in vain are more than there may be. Weights have so much for the
    /// cache's own memory: what was allocated for entries that were more, or lighter, is not in them.
    fn takes_too_much(&self) -> bool {
        // What is dead already will be given back, and soon perhaps what has just come, and what that took the place of.
        let going = self.debris.nodes() + 2;
        let bytes = self.bytes() + self.inner.tier.doubtful_bytes();
        let in_vain = bytes.saturating_sub(self.nodes().saturating_sub(going) * self.inner.entry_bytes) as u64;
        self.inner.tier.weight().saturating_add(in_vain) > self.inner.tier.capacity()
    }

    /// A node that the tier gave up loses its handle.
    #[inline(always)]
    fn evicted(&mut self, node: NodePtr) {
        self.inner.counts.evictions += 1;
        // SAFETY: the tier had a handle of it, which is ours.
        if unsafe { node.as_ref() }.lose(STRONG) {
            self.bury(node);
        }
    }

    /// Sets what the strong tier may weigh.
    pub(super) fn set_capacity(&mut self, capacity: u64) {
        self.inner.tier.set_capacity(capacity);
        while let Some(victim) = self.inner.tier.excess(self.inner.nodes) {
            self.evicted(victim);
        }
    }

    /// Keeps a live node of which the caller has a handle; whether it is linked.
    pub(super) fn keep(&mut self, node: NodePtr) -> bool {
        // SAFETY: the caller has a handle of it.
        let header = unsafe { node.as_ref() };
        let states = header.states();
        if states & LINKED == 0 {
            return false;
        }
        if states & KEPT == 0 {
            header.gain(KEPT);
        }
        if states & STRONG != 0 {
            self.inner.tier.remove(node, self.inner.nodes);
            self.lose(header, STRONG);
        }
        true
    }

    /// Ends that, of a node of which the caller has a handle; whether it was kept.
    pub(super) fn release_kept(&mut self, node: NodePtr) -> bool {
        // SAFETY: the caller has a handle of it.
        let header = unsafe { node.as_ref() };
        if header.states() & (LINKED | KEPT) != LINKED | KEPT {
            return false;
        }
        self.strengthen(node);
        self.lose(header, KEPT);
        true
    }

    /// The last handle of a node is gone.
    #[inline(always)]
    pub(super) fn bury(&mut self, node: NodePtr) {
        // SAFETY: a node without handles stays one until it is given back, below or after the lock.
        let header = unsafe { node.as_ref() };
        let states = header.states();
        if states & LINKED != 0 {
            let live = usize::from(states & LIVE != 0);
            self.inner.counts.deaths += live as u64;
            self.inner.live -= live;
            header.clear_dead(LINKED);
            let retired = self.inner.filling.remove(&self.shard.table, node);
            self.debris.groups(retired);
        }
        if self.inner.falls_apart || states & LENT != 0 {
            self.debris.dead(node);
        } else {
            self.give(node);
        }
    }

    /// The memory of a node is free.
    #[inline(always)]
    pub(super) fn give(&mut self, node: NodePtr) {
        // SAFETY: it was the caller's alone.
        let retired = unsafe { self.inner.slab.give(node) };
        self.debris.chunk(retired);
        self.debris.over |= self.inner.orphaned && self.nodes() == 0;
    }

    /// The cache is gone; whether nodes are left, with which the shard keeps the engine.
    pub(super) fn orphan(&mut self) -> bool {
        self.inner.orphaned = self.nodes() > 0;
        self.inner.orphaned
    }

    /// Frees what is not needed.
    pub(super) fn shrink(&mut self) {
        for chunk in self.inner.slab.shrink() {
            self.debris.chunk(Some(chunk));
        }
        let slots = self.inner.filling.shrink(&self.shard.table);
        self.debris.groups(slots);
        self.inner.loads.shrink();
        self.inner.tier.shrink();
    }

    /// Takes all nodes out of the table; loads go on without it.
    pub(super) fn unlink_all(&mut self) {
        let mut strong = 0;
        for node in self.linked() {
            // SAFETY: a linked node is one.
            let header = unsafe { node.as_ref() };
            let states = header.states();
            header.clear(LINKED | STRONG | KEPT);
            strong += usize::from(states & STRONG != 0);
            for _ in 0..(states & STRONG).count_ones() + (states & KEPT).count_ones() {
                // SAFETY: a handle of the cache.
                self.debris.handle(unsafe { Cached::<V>::from_node(node) });
            }
        }
        debug_assert_eq!(strong, self.inner.tier.len());
        self.inner.live = 0;
        self.inner.tier.clear();
        for flight in self.inner.loads.take_flights() {
            self.debris.flight(Some(flight));
        }
        let slots = self.inner.filling.clear(&self.shard.table);
        self.debris.groups(slots);
    }

    /// All linked nodes.
    pub(super) fn linked(&self) -> Vec<NodePtr> {
        let mut nodes = Vec::with_capacity(self.inner.live + self.inner.loads.len());
        Filling::visit(&self.shard.table, |node| nodes.push(node));
        nodes
    }

    /// Some nodes: after so many calls as there are groups, all that stayed.
    pub(super) fn next_few(&mut self) -> SmallVec<[NodePtr; 8]> {
        let mut nodes = SmallVec::new();
        Filling::visit_group(&self.shard.table, self.inner.sweep, |node| nodes.push(node));
        self.inner.sweep = self.inner.sweep.wrapping_add(1);
        nodes
    }

    /// Whether the table has a node of this hash that somebody holds.
    pub(super) fn has_twin(&self, hash: u32) -> bool {
        // SAFETY: under the lock slots are not retired.
        let mut probe = unsafe { self.shard.table.probe(hash) };
        core::iter::from_fn(|| probe.next(hash)).any(|node| {
            // SAFETY: a linked node is one.
            let header = unsafe { node.as_ref() };
            header.hash() == hash && header.is_held()
        })
    }

    /// Handles of the nodes of this hash.
    pub(super) fn hold_twins(&self, hash: u32) -> SmallVec<[Cached<V>; 2]> {
        // SAFETY: under the lock slots are not retired.
        let mut probe = unsafe { self.shard.table.probe(hash) };
        let held = core::iter::from_fn(|| probe.next(hash)).filter(|node| {
            // SAFETY: a linked node is one.
            let header: &Header = unsafe { node.as_ref() };
            header.hash() == hash && header.try_hold()
        });
        // SAFETY: the handle that was just taken.
        held.map(|node| unsafe { Cached::<V>::from_node(node) }).collect()
    }
}

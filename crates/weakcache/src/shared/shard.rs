//! A part of the cache with a lock of its own: what writers do to it, step by step.
//!
//! No code of a user runs in here: what has to be dropped is put into [`Debris`], to be dealt with after the lock.
#![allow(unsafe_code, reason = "says whose a node is")]

use core::ptr::NonNull;

use lagom_base::flight::{Leader, Party};
use lagom_base::sync::Mutex;
use lagom_base::sync::atomic::{AtomicUsize, Ordering};
use smallvec::SmallVec;

use crate::shared::cached::Cached;
use crate::shared::debris::Debris;
use crate::shared::engine::Engine;
use crate::shared::failure::Failure;
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
    pub(super) inner: Apart<Mutex<Inner<K, V>>>,
}

/// What the lock guards.
pub(super) struct Inner<K, V> {
    filling: Filling,
    slab: Slab<K, V>,
    pub(super) tier: Tier,
    pub(super) nodes: Nodes,
    /// If the capacity is bytes, what weights have for the cache's own memory.
    entry_bytes: Option<usize>,
    /// Linked nodes that are live.
    live: usize,
    pub(super) loads: SmallVec<[Load<V>; 1]>,
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

/// A load under way.
pub(super) struct Load<V> {
    pub(super) node: NodePtr,
    pub(super) leader: Party,
    /// For those who wait, if there are any.
    pub(super) flight: Option<Leader<Option<Failure>>>,
    /// What was inserted in the meantime.
    pub(super) winner: Option<Cached<V>>,
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
            nodes: Nodes { weight: if extended { Self::weight } else { |_| 1 } },
            entry_bytes: settings.bytes.then(Engine::<K, V>::entry_bytes),
            live: 0,
            sweep: 0,
            loads: SmallVec::new(),
            orphaned: false,
            counts: Counts::default(),
        };
        Self { table: Table::new(), links: AtomicUsize::new(0), engine, inner: Apart(Mutex::new(inner)) }
    }

    /// What the policy takes an extended node to weigh.
    fn weight(node: NodePtr) -> u64 {
        // SAFETY: the nodes of this shard are extended, and those in the tier are in use.
        unsafe { Node::<K, V>::extra(node) }.weight.load(std::sync::atomic::Ordering::Relaxed)
    }

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
        let loads = if self.inner.loads.spilled() { self.inner.loads.capacity() * size_of::<Load<V>>() } else { 0 };
        self.inner.slab.bytes() + Filling::bytes(&self.shard.table) + self.inner.tier.bytes() + loads
    }

    /// A new node of `key`, with one handle, in the table.
    pub(super) fn link(&mut self, hash: u32, key: K, value: Option<V>, extra: Option<Extra>) -> NodePtr {
        let node = self.new_node(hash, key, value, extra);
        let retired = self.inner.filling.insert(&self.shard.table, node);
        self.debris.groups(retired);
        self.count_link();
        node
    }

    /// As [`link`](Self::link), in the place of `old`, which is linked and has the same key.
    pub(super) fn replace(&mut self, old: NodePtr, key: K, value: V, extra: Option<Extra>) -> NodePtr {
        // SAFETY: the caller has a handle of it.
        let hash = unsafe { old.as_ref() }.hash();
        let node = self.new_node(hash, key, Some(value), extra);
        Filling::replace(&self.shard.table, old, node);
        self.count_link();
        self.unlinked(old);
        node
    }

    fn new_node(&mut self, hash: u32, key: K, value: Option<V>, extra: Option<Extra>) -> NodePtr {
        let shard = NonNull::from(self.shard).cast();
        let node = self.inner.slab.take(shard, Engine::<K, V>::bury);
        if let Some(extra) = extra {
            // SAFETY: it is ours, and there are extras only where nodes are extended.
            unsafe { Node::<K, V>::put_extra(node, extra) };
        }
        let mut states = LINKED;
        if let Some(value) = value {
            states |= LIVE;
            self.inner.live += 1;
            // SAFETY: it is ours, and new.
            unsafe { Node::<K, V>::put_value(node, value) };
        }
        // SAFETY: it is ours.
        unsafe { Node::<K, V>::begin(node, hash, key, states) };
        node
    }

    /// To be called when the table has a new node: who read the count before may have missed it.
    fn count_link(&self) {
        self.shard.links.store(self.links().wrapping_add(1), Ordering::Release);
    }

    /// The value of a node is there now.
    pub(super) fn set_live(&mut self, node: NodePtr) {
        // SAFETY: the caller has a handle of it.
        let header = unsafe { node.as_ref() };
        header.set(LIVE);
        self.inner.live += usize::from(header.is(LINKED));
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
        let nodes = self.inner.nodes;
        // SAFETY: the caller has a handle of it.
        let header = unsafe { node.as_ref() };
        if let Some(mut candidate) = self.inner.tier.admit(header.hash(), (nodes.weight)(node)) {
            while let Some(victim) = self.inner.tier.victim(&mut candidate, nodes) {
                self.evicted(victim);
            }
            self.inner.tier.seat(candidate, node, nodes);
            header.gain(STRONG);
        }
        if let Some(each) = self.inner.entry_bytes {
            while self.takes_too_much(each)
                && let Some(victim) = self.inner.tier.any(nodes)
            {
                self.evicted(victim);
            }
        }
    }

    /// Whether the tier and what the shard has allocated in vain are more than there may be. `each` is what the weights
    /// have for the cache's own memory: what was allocated for entries that were more, or lighter, is not in them.
    fn takes_too_much(&self, each: usize) -> bool {
        // What is dead already will be given back, and soon perhaps what has just come, and what that took the place of.
        let going = self.debris.nodes() + 2;
        let bytes = self.bytes() + self.inner.tier.doubtful_bytes();
        let in_vain = bytes.saturating_sub(self.nodes().saturating_sub(going) * each) as u64;
        self.inner.tier.weight().saturating_add(in_vain) > self.inner.tier.capacity()
    }

    /// A node that the tier gave up loses its handle.
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
        // SAFETY: the engine lives as long as it has nodes.
        let has_hook = unsafe { self.shard.engine.as_ref() }.has_hook();
        if Self::DROPS_NOTHING && !has_hook && states & LENT == 0 {
            self.give(node);
        } else {
            self.debris.dead(node);
        }
    }

    const DROPS_NOTHING: bool = !core::mem::needs_drop::<K>() && !core::mem::needs_drop::<V>();

    /// The memory of a node is free.
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
        self.inner.loads.shrink_to_fit();
        self.inner.tier.shrink();
    }

    /// The load of this node, which is over.
    pub(super) fn end_load(&mut self, node: NodePtr) -> Option<Load<V>> {
        let index = self.inner.loads.iter().position(|load| load.node == node)?;
        Some(self.inner.loads.swap_remove(index))
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
        for load in &mut self.inner.loads {
            self.debris.flight(load.flight.take());
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

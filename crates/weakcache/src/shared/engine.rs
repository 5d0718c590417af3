//! What a cache and its handles share: the shards, the readers, and the ends of nodes.
//!
//! An engine lives as long as its cache or a node: handles need no count of their own, for the nodes of a shard are counted
//! under its lock anyway.
#![allow(unsafe_code, reason = "ends nodes, and itself")]

use core::marker::PhantomData;
use core::mem;
use core::num::NonZero;
use core::ptr::NonNull;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

use lagom_base::sync::Mutex;
use lagom_base::sync::atomic::{AtomicUsize, Ordering};

use crate::nested;
use crate::shared::builder::Eviction;
use crate::shared::debris::{Debris, Retired};
use crate::shared::limbo::Limbo;
use crate::shared::node::{LENT, LIVE, Node, NodePtr};
use crate::shared::readers::{Reader, Readers};
use crate::shared::settings::Settings;
use crate::shared::shard::{Shard, Writer};

pub(crate) struct Engine<K, V> {
    shards: Box<[Shard<K, V>]>,
    pub(super) readers: Readers,
    limbo: Mutex<Limbo>,
    /// The cache, and the shards that it left with nodes.
    anchors: AtomicUsize,
    /// What the strong tier may weigh.
    capacity: AtomicU64,
    pub(super) settings: Settings<K, V>,
    /// What the settings say, at hand.
    pub(super) expires: bool,
    pub(super) extended: bool,
    /// Whether the strong tier wants to know of each use at once.
    pub(super) ordered: bool,
    /// Whether a lookup has but to find, and entries may be seen without a handle: where nothing has to be written down of it.
    pub(super) plain: bool,
}

// SAFETY: nodes are shared and passed from thread to thread, as if keys and values were.
unsafe impl<K: Send + Sync, V: Send + Sync> Send for Engine<K, V> {}
// SAFETY: as above.
unsafe impl<K: Send + Sync, V: Send + Sync> Sync for Engine<K, V> {}

impl<K, V> Engine<K, V> {
    /// An engine with one anchor, the caller's.
    pub(crate) fn create(settings: Settings<K, V>) -> NonNull<Self> {
        let count = Self::shard_count(&settings);
        let engine = Box::new(Self {
            shards: Box::new([]),
            readers: Readers::new(),
            limbo: Mutex::new(Limbo::default()),
            anchors: AtomicUsize::new(1),
            capacity: AtomicU64::new(settings.capacity),
            expires: settings.expires(),
            extended: settings.expires() || settings.weighs(),
            ordered: settings.eviction == Eviction::Lru,
            plain: settings.eviction != Eviction::Lru && !settings.expires(),
            settings,
        });
        let engine = NonNull::from(Box::leak(engine));
        // SAFETY: nobody else has it yet.
        let whole = unsafe { &mut *engine.as_ptr() };
        let capacity = whole.settings.capacity;
        whole.shards =
            (0..count).map(|index| Shard::new(engine, &whole.settings, share(capacity, index, count))).collect();
        engine
    }

    /// How many shards there are to be: a power of two. Few where each would be small, so that the whole tier serves the
    /// entries that need it most.
    fn shard_count(settings: &Settings<K, V>) -> usize {
        const ENTRIES: u64 = 2048;

        let threads = || thread::available_parallelism().map_or(1, NonZero::get);
        let most = if settings.weighs() { 1 } else { 4 * threads() };
        let few = usize::try_from(settings.capacity / ENTRIES).unwrap_or(usize::MAX);
        let count = match settings.shards {
            Some(shards) => shards,
            None if cfg!(lagom_loom) => 1,
            None if settings.capacity == 0 => most,
            None => most.min(few),
        };
        count.clamp(1, 1024).next_power_of_two()
    }

    /// What the strong tier may weigh.
    #[inline]
    pub(super) fn capacity(&self) -> u64 {
        self.capacity.load(Relaxed)
    }

    /// Sets what the strong tier may weigh.
    pub(super) fn set_capacity(&self, capacity: u64) {
        self.capacity.store(capacity, Relaxed);
        for (index, shard) in self.shards.iter().enumerate() {
            // Of several that set it at once the last to store it counts, in all shards.
            self.locked(shard, |writer| writer.set_capacity(share(self.capacity(), index, self.shards.len())));
        }
    }

    /// What an entry takes of a cache that counts bytes, without what key and value own elsewhere.
    pub(super) fn entry_bytes() -> usize {
        /// What a table, and the order of the tier, have for a node, when they are well filled.
        const SEAT_BYTES: usize = 32;

        Node::<K, V>::layout(true).size() + SEAT_BYTES
    }

    /// Bytes that are not of a shard.
    pub(super) fn own_bytes(&self) -> usize {
        let own = size_of::<Self>() + size_of_val(&*self.shards) + self.readers.allocated_bytes();
        own + self.limbo.lock().bytes()
    }

    /// What an entry weighs. Runs code of the user.
    pub(super) fn weigh(&self, key: &K, value: &V) -> u64 {
        let own = if self.settings.bytes { Self::entry_bytes() } else { 0 };
        let weight = match &self.settings.weigher {
            Some(weigher) => weigher(key, value),
            None => u64::from(!self.settings.bytes),
        };
        weight.saturating_add(own as u64)
    }

    /// Gives an anchor back. With the last one the engine goes.
    ///
    /// # Safety
    ///
    /// The caller must have one, and not use the engine any more.
    pub(crate) unsafe fn release(this: NonNull<Self>) {
        // SAFETY: the caller has an anchor.
        if unsafe { this.as_ref() }.anchors.fetch_sub(1, Ordering::AcqRel) == 1 {
            // SAFETY: it came from a box, and the last one who used it is the caller.
            drop(unsafe { Box::from_raw(this.as_ptr()) });
        }
    }

    pub(super) fn shards(&self) -> &[Shard<K, V>] {
        &self.shards
    }

    /// Runs `f` under the lock of a shard, and then what it left to be done.
    #[inline]
    pub(super) fn locked<R>(&self, shard: &Shard<K, V>, f: impl FnOnce(&mut Writer<'_, K, V>) -> R) -> R {
        let mut debris = Debris::NONE;
        let result = shard.locked(&mut debris, f);
        if !debris.is_empty() {
            // SAFETY: while `self` is borrowed somebody keeps it.
            unsafe { Self::clean_up(NonNull::from(self), debris) };
        }
        result
    }

    /// Deals with what an operation left.
    ///
    /// # Safety
    ///
    /// The engine must be kept by the caller until this begins, or by what is in the debris.
    #[cold]
    unsafe fn clean_up(this: NonNull<Self>, debris: Debris<V>) {
        let Debris { dead, more, over } = debris;
        let mut dead = Dead::<K, V> { first: dead, more: Vec::new(), entries: PhantomData };
        if let Some(more) = more {
            dead.more = more.dead;
            if !more.retired.is_empty() {
                // SAFETY: by the caller's promise.
                unsafe { this.as_ref() }.retire(more.retired);
            }
            for (flight, failure) in more.flights {
                flight.land(failure);
            }
            drop(more.handles);
        }
        dead.finish_all();
        if over {
            // SAFETY: the shard has given its anchor to us.
            unsafe { Self::release(this) };
        }
    }

    /// Frees memory that is found no more when no reader is under way that may have seen it: now, or another time.
    pub(super) fn retire(&self, retired: Vec<Retired>) {
        let free_now = self.limbo.lock().retire(&self.readers, retired);
        for retired in free_now {
            // SAFETY: no reader is left that may have seen it.
            unsafe { free(retired) };
        }
    }

    /// Buries a node: see [`Chunk::bury`](crate::shared::slab::Chunk).
    ///
    /// # Safety
    ///
    /// The count of the node, which must be one of such an engine, must have come to 0 by the caller's doing.
    pub(super) unsafe fn bury(node: NodePtr) {
        // SAFETY: the node is not given back yet.
        unsafe { Self::locked_by(node, |writer| writer.bury(node)) };
    }

    /// As [`locked`](Self::locked), of the shard of a node that keeps the engine, and may be given back by `f`.
    ///
    /// # Safety
    ///
    /// The node must not be given back yet.
    unsafe fn locked_by(node: NodePtr, f: impl FnOnce(&mut Writer<'_, K, V>)) {
        // SAFETY: as long as the node is not given back, its chunk is there, and so are its shard and its engine.
        let shard = unsafe { Shard::<K, V>::of(node).as_ref() };
        let this = shard.engine();
        let (mut debris, mut anchor) = (Debris::NONE, None);
        shard.locked(&mut debris, |writer| {
            f(writer);
            if writer.debris.more.is_some() {
                // Once the lock is given back, whoever has the last node or the cache may let the engine go.
                // SAFETY: until then the cache or the shard has an anchor.
                unsafe { this.as_ref() }.anchors.fetch_add(1, Ordering::Relaxed);
                anchor = Some(Anchor(this));
            }
        });
        if !debris.is_empty() {
            // SAFETY: the engine is kept by our anchor, the shard's, or a node in the debris; else it is not looked at.
            unsafe { Self::clean_up(this, debris) };
        }
        drop(anchor);
    }

    /// Drops what is in a dead, unlinked node, or leaves that to who has it borrowed.
    ///
    /// # Safety
    ///
    /// The node must be dead, unlinked, and the caller's.
    unsafe fn finish(node: NodePtr) {
        // SAFETY: it is not given back yet.
        let header = unsafe { node.as_ref() };
        if header.is(LENT) {
            // SAFETY: a node that is not given back keeps its shard.
            let engine = unsafe { Shard::<K, V>::of(node).as_ref() }.engine();
            // SAFETY: and its engine.
            if unsafe { engine.as_ref() }.is_borrowed(node) {
                return;
            }
        }
        // SAFETY: the caller's, and nobody else has it.
        unsafe { Corpse::new(node, Self::dispose) }.drop_nested();
    }

    /// Drops value and key of a dead, unlinked node and gives its memory back.
    ///
    /// # Safety
    ///
    /// The node must be dead, unlinked, and the caller's alone.
    unsafe fn dispose(node: NodePtr) {
        // In the order of their declaration backwards, also when one of them panics.
        let _memory = Memory::<K, V>(node, PhantomData);
        let _key = Key::<K, V>(node, PhantomData);
        let _value = Value::<K, V>(node, PhantomData);
        // SAFETY: it is not given back yet.
        let live = unsafe { node.as_ref() }.is(LIVE);
        // SAFETY: a node that is not given back keeps its shard.
        let engine = unsafe { Shard::<K, V>::of(node).as_ref() }.engine();
        // SAFETY: and its engine.
        if let Some(on_death) = &unsafe { engine.as_ref() }.settings.on_death
            && live
        {
            // SAFETY: a node has a key until that is dropped, and this one is ours.
            let key = unsafe { Node::<K, V>::key(node) };
            // SAFETY: it is live, and ours.
            on_death(key, unsafe { Node::<K, V>::value(node) });
        }
    }

    /// Whether a thread has borrowed the dead node; then the last one that does will dispose of it.
    fn is_borrowed(&self, node: NodePtr) -> bool {
        self.limbo.lock().bury(&self.readers, node)
    }

    /// To be called when a reader, the calling thread's, has ended a borrow: disposes of the dead that waited for it.
    #[inline]
    pub(super) fn after_borrow(&self, reader: &Reader) {
        if reader.is_told() {
            self.dispose_of_waiting(reader);
        }
    }

    #[cold]
    fn dispose_of_waiting(&self, reader: &Reader) {
        reader.set_told(false);
        let free = {
            let mut limbo = self.limbo.lock();
            let free = limbo.take_free(&self.readers);
            if limbo.nodes().iter().any(|node| reader.has(*node)) {
                reader.set_told(true);
            }
            free
        };
        // Nobody can borrow them any more.
        let mut dead = Dead::<K, V> { first: None, more: free, entries: PhantomData };
        dead.dispose_all();
    }

    /// Gives the cache's anchor back, and the strong tier up. Handles go on.
    ///
    /// # Safety
    ///
    /// The caller must have the anchor that [`create`](Self::create) gave, and not use the engine any more.
    pub(crate) unsafe fn orphan(this: NonNull<Self>) {
        // SAFETY: the caller's anchor.
        let engine = unsafe { this.as_ref() };
        let _anchor = Anchor(this);
        // All first, so that a panic below leaves none as it is.
        let orphaned = engine.shards().iter().map(|shard| {
            let mut debris = Debris::NONE;
            shard.locked(&mut debris, |writer| {
                writer.unlink_all();
                if writer.orphan() {
                    engine.anchors.fetch_add(1, Ordering::Relaxed);
                }
            });
            debris
        });
        let mut rest: Vec<Debris<V>> = orphaned.collect();
        let handles: Vec<_> =
            rest.iter_mut().filter_map(|debris| Some(mem::take(&mut debris.more.as_mut()?.handles))).collect();
        for debris in rest {
            // SAFETY: the engine is kept by our anchor.
            unsafe { Self::clean_up(this, debris) };
        }
        drop(handles);
    }
}

impl<K, V> Drop for Engine<K, V> {
    fn drop(&mut self) {
        for retired in self.limbo.get_mut().take_retired() {
            // SAFETY: nobody looks anything up any more.
            unsafe { free(retired) };
        }
    }
}

/// Gives memory back.
///
/// # Safety
///
/// Nobody may look at it any more.
unsafe fn free(retired: Retired) {
    match retired {
        // SAFETY: by the caller's promise.
        Retired::Chunk(chunk) => unsafe { chunk.free() },
        // SAFETY: by the caller's promise.
        Retired::Groups(groups) => unsafe { groups.free() },
    }
}

/// The anchor of the cache, given back in the end, also by a panic.
struct Anchor<K, V>(NonNull<Engine<K, V>>);

impl<K, V> Drop for Anchor<K, V> {
    fn drop(&mut self) {
        // SAFETY: it was the holder's.
        unsafe { Engine::release(self.0) };
    }
}

/// A dead, unlinked node that nobody has, and what disposes of it: its drop.
struct Corpse {
    node: NodePtr,
    dispose: unsafe fn(NodePtr),
}

impl Corpse {
    /// # Safety
    ///
    /// `dispose` must be allowed once for the node, from now on.
    unsafe fn new(node: NodePtr, dispose: unsafe fn(NodePtr)) -> Self {
        Self { node, dispose }
    }

    /// Long chains of values that hold one another do not need a deep stack.
    fn drop_nested(self) {
        nested::drop_later_if_deep(self);
    }
}

impl Drop for Corpse {
    fn drop(&mut self) {
        // SAFETY: allowed once by who made it.
        unsafe { (self.dispose)(self.node) };
    }
}

/// Dead, unlinked nodes, which are ours.
struct Dead<K, V> {
    first: Option<NodePtr>,
    more: Vec<NodePtr>,
    entries: PhantomData<(K, V)>,
}

impl<K, V> Dead<K, V> {
    fn pop(&mut self) -> Option<NodePtr> {
        self.first.take().or_else(|| self.more.pop())
    }

    fn finish_all(&mut self) {
        while let Some(node) = self.pop() {
            // SAFETY: ours.
            unsafe { Engine::<K, V>::finish(node) };
        }
    }

    fn dispose_all(&mut self) {
        while let Some(node) = self.pop() {
            // SAFETY: ours, and nobody has it borrowed.
            unsafe { Corpse::new(node, Engine::<K, V>::dispose) }.drop_nested();
        }
    }
}

impl<K, V> Drop for Dead<K, V> {
    /// When the drop of a value panics, the others follow.
    fn drop(&mut self) {
        if self.first.is_some() || !self.more.is_empty() {
            let mut rest = Self { first: self.first.take(), more: mem::take(&mut self.more), entries: PhantomData };
            rest.finish_all();
        }
    }
}

/// What a cache of so much capacity gives to a shard: what does not divide goes to the first ones.
fn share(capacity: u64, index: usize, count: usize) -> u64 {
    let (index, count) = (index as u64, count as u64);
    capacity / count + u64::from(index < capacity % count)
}

/// The value of a dead node, dropped first, if there is one.
struct Value<K, V>(NodePtr, PhantomData<(K, V)>);

impl<K, V> Drop for Value<K, V> {
    fn drop(&mut self) {
        // SAFETY: it is not given back yet.
        if unsafe { self.0.as_ref() }.is(LIVE) {
            // SAFETY: a live node has a value, and this one is ours.
            unsafe { Node::<K, V>::drop_value(self.0) };
        }
    }
}

/// The key of a dead node, dropped after its value, also if that panics.
struct Key<K, V>(NodePtr, PhantomData<(K, V)>);

impl<K, V> Drop for Key<K, V> {
    fn drop(&mut self) {
        // SAFETY: a node has a key until here, and this one is ours.
        unsafe { Node::<K, V>::drop_key(self.0) };
    }
}

/// The memory of a dead node, given back last.
struct Memory<K, V>(NodePtr, PhantomData<(K, V)>);

impl<K, V> Drop for Memory<K, V> {
    fn drop(&mut self) {
        // SAFETY: it is not given back yet.
        unsafe { Engine::<K, V>::locked_by(self.0, |writer| writer.give(self.0)) };
    }
}

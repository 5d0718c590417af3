//! Memory for nodes, in chunks.
//!
//! A lookup may read the count of a node that has died since it saw it in the table. So a node's memory is used for other
//! nodes only, and an empty chunk is given back only when no reader is under way that may have seen it (see `readers`).
#![allow(unsafe_code, reason = "hands out uninitialized memory")]

use core::alloc::Layout;
use core::marker::PhantomData;
use core::ptr::{self, NonNull};
use std::alloc::{alloc, dealloc, handle_alloc_error};

use crate::shared::node::{Distance, Header, Node, NodePtr};
use crate::shared::readers::Watched;

/// A chunk is about this long, unless one node is longer.
const TARGET_BYTES: usize = 8192;
/// Most nodes of a chunk. One in models, so that they come to the end of chunks, and to nodes that are used again.
const MOST_NODES: usize = if cfg!(lagom_loom) { 1 } else { 64 };
/// Nodes of the first chunk.
const FEWEST_NODES: usize = 4;
/// No node.
const NONE: u32 = u32::MAX;

/// What lies before the nodes of a chunk. The first two never change.
#[repr(C, align(8))]
pub(crate) struct Chunk {
    /// Buries a node whose last handle was dropped.
    ///
    /// # Safety
    ///
    /// The count of the node must have come to 0 by the caller's doing.
    pub(super) bury: unsafe fn(NodePtr),
    /// The shard that it belongs to.
    pub(super) shard: NonNull<()>,
    pub(super) watched: Watched,
    part: Part,
}

/// What the slab knows of a chunk, under the lock of the shard.
struct Part {
    capacity: u32,
    used: u32,
    /// The place of the first free node, of those that were used before.
    free: u32,
    /// Nodes from here on were never used.
    fresh: u32,
    /// Neighbours among the chunks with room.
    previous: *mut Chunk,
    next: *mut Chunk,
}

/// Where the chunks of a shard come from.
pub(super) struct Slab<K, V> {
    node: Layout,
    /// The chunks with room; those without are found by their nodes.
    room: *mut Chunk,
    nodes: usize,
    bytes: usize,
    /// Chunks with room that have no node.
    empty: usize,
    /// The node that was given back last, which its chunk still takes for used.
    spare: Option<NodePtr>,
    /// Whether there may be one: not where bytes are counted, or nodes are long; nor in models, which are to see chunks go.
    spares: bool,
    entries: PhantomData<(K, V)>,
}

// SAFETY: it owns its chunks.
unsafe impl<K: Send, V: Send> Send for Slab<K, V> {}

/// An empty chunk that is in no list any more, to be freed when no reader can be looking at it.
pub(super) struct Retired {
    chunk: NonNull<Chunk>,
    layout: Layout,
    /// Where in the allocation the chunk's header lies.
    offset: usize,
}

// SAFETY: nobody else has it.
unsafe impl Send for Retired {}

impl Retired {
    pub(super) fn bytes(&self) -> usize {
        self.layout.size()
    }

    /// Gives the memory back.
    ///
    /// # Safety
    ///
    /// Nobody may look at it any more.
    pub(super) unsafe fn free(self) {
        // SAFETY: nobody looks at it any more.
        if unsafe { (*self.chunk.as_ptr()).watched.end() } {
            // SAFETY: the allocation begins so far before the chunk's header.
            let start = unsafe { self.chunk.cast::<u8>().sub(self.offset) };
            // SAFETY: it was allocated with this layout, and is not used any more.
            unsafe { dealloc(start.as_ptr(), self.layout) };
        }
    }
}

impl<K, V> Slab<K, V> {
    pub(super) const fn new(extended: bool) -> Self {
        let node = Node::<K, V>::layout(extended);
        Self {
            node,
            room: ptr::null_mut(),
            nodes: 0,
            bytes: 0,
            empty: 0,
            spare: None,
            spares: !cfg!(lagom_loom) && !extended && node.size() <= TARGET_BYTES / 8,
            entries: PhantomData,
        }
    }

    /// Nodes in use.
    pub(super) fn nodes(&self) -> usize {
        self.nodes
    }

    /// Bytes of all chunks.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// A free node, the caller's.
    #[inline]
    pub(super) fn take(&mut self, shard: NonNull<()>, bury: unsafe fn(NodePtr)) -> NodePtr {
        self.nodes += 1;
        match self.spare.take() {
            Some(node) => node,
            None => self.take_from_chunk(shard, bury),
        }
    }

    fn take_from_chunk(&mut self, shard: NonNull<()>, bury: unsafe fn(NodePtr)) -> NodePtr {
        if self.room.is_null() {
            self.grow(shard, bury);
        }
        let chunk = self.room;
        // SAFETY: chunks in the list are there, and under the caller's lock nobody else changes this part of them.
        let part = unsafe { &mut (*chunk).part };
        let node = if part.free == NONE {
            let index = part.fresh;
            part.fresh += 1;
            let place = self.place(index);
            // SAFETY: the chunk is not full, so that a node lies there.
            let node = unsafe { Self::node_at(chunk, place) };
            // SAFETY: nobody has seen a node that was never used.
            unsafe { Node::<K, V>::write_free(node, place) };
            node
        } else {
            // SAFETY: as above; a node that was given back has told its place.
            let node = unsafe { Self::node_at(chunk, Distance::of(part.free)) };
            // SAFETY: a node that was used has a header.
            part.free = unsafe { node.as_ref() }.seat();
            node
        };
        self.empty -= usize::from(part.used == 0);
        part.used += 1;
        if part.used == part.capacity {
            self.unlink(chunk);
        }
        node
    }

    /// Takes a node back that has neither key nor value any more. An empty chunk that is one too many leaves.
    ///
    /// # Safety
    ///
    /// The node must be of this slab, and the caller's.
    #[inline]
    pub(super) unsafe fn give(&mut self, node: NodePtr) -> Option<Retired> {
        self.nodes -= 1;
        if !self.spares {
            return self.give_to_chunk(node);
        }
        let former = self.spare.replace(node)?;
        self.give_to_chunk(former)
    }

    fn give_to_chunk(&mut self, node: NodePtr) -> Option<Retired> {
        let chunk = Header::chunk(node).as_ptr();
        // SAFETY: the chunk has a node in use; under the caller's lock nobody else looks at this part.
        let part = unsafe { &mut (*chunk).part };
        // SAFETY: a node has a header always.
        let header = unsafe { node.as_ref() };
        header.set_seat(part.free);
        part.free = header.place().number();
        part.used -= 1;
        let (used, capacity) = (part.used, part.capacity);
        if used + 1 == capacity {
            self.push(chunk);
        }
        if used > 0 {
            return None;
        }
        self.keep_or_retire(chunk, capacity)
    }

    /// One empty chunk stays, so that a single entry that comes and goes costs no allocation; unless it is long.
    fn keep_or_retire(&mut self, chunk: *mut Chunk, capacity: u32) -> Option<Retired> {
        if self.empty == 0 && self.bytes_of(capacity) <= 2 * TARGET_BYTES {
            self.empty = 1;
            return None;
        }
        Some(self.retire(chunk))
    }

    /// The empty chunks leave.
    pub(super) fn shrink(&mut self) -> Vec<Retired> {
        let spare = self.spare.take();
        let mut retired: Vec<_> = spare.and_then(|node| self.give_to_chunk(node)).into_iter().collect();
        let mut at = self.room;
        while let Some(chunk) = NonNull::new(at) {
            // SAFETY: a chunk of the list.
            let part = unsafe { &(*chunk.as_ptr()).part };
            at = part.next;
            if part.used == 0 {
                self.empty -= 1;
                retired.push(self.retire(chunk.as_ptr()));
            }
        }
        retired
    }

    fn retire(&mut self, chunk: *mut Chunk) -> Retired {
        self.unlink(chunk);
        // SAFETY: it was in the list.
        let capacity = unsafe { (*chunk).part.capacity };
        self.bytes -= self.bytes_of(capacity);
        let (layout, offset) = self.layout(capacity);
        Retired { chunk: NonNull::new(chunk).expect("an allocation"), layout, offset }
    }

    /// Adds an empty chunk.
    #[cold]
    fn grow(&mut self, shard: NonNull<()>, bury: unsafe fn(NodePtr)) {
        let most = (TARGET_BYTES / self.node.size()).clamp(1, MOST_NODES);
        let capacity = self.nodes.clamp(FEWEST_NODES.min(most), most) as u32;
        let (layout, offset) = self.layout(capacity);
        // SAFETY: the layout is longer than 0.
        let start = unsafe { alloc(layout) };
        if start.is_null() {
            handle_alloc_error(layout);
        }
        // SAFETY: within the allocation.
        let chunk = unsafe { start.add(offset) }.cast::<Chunk>();
        let null = ptr::null_mut();
        let part = Part { capacity, used: 0, free: NONE, fresh: 0, previous: null, next: null };
        // SAFETY: aligned, as nodes are, whose alignment is not below a chunk's.
        unsafe { chunk.write(Chunk { bury, shard, watched: Watched::new(), part }) };
        self.bytes += self.bytes_of(capacity);
        self.push(chunk);
        self.empty += 1;
    }

    /// That of a chunk of so many nodes, and where in it the chunk's header lies: right before the first node.
    fn layout(&self, capacity: u32) -> (Layout, usize) {
        const { assert!(align_of::<Node<K, V>>() >= align_of::<Chunk>()) };
        let nodes = Layout::from_size_align(self.node.size() * capacity as usize, self.node.align());
        let whole = nodes.and_then(|nodes| Layout::new::<Chunk>().extend(nodes));
        let (layout, first) = whole.expect("a node is not longer than memory");
        (layout, first - size_of::<Chunk>())
    }

    fn bytes_of(&self, capacity: u32) -> usize {
        self.layout(capacity).0.size()
    }

    /// # Safety
    ///
    /// The chunk must have room for a node at this place.
    #[inline]
    unsafe fn node_at(chunk: *mut Chunk, place: Distance) -> NodePtr {
        // SAFETY: by the caller's promise it lies in the chunk's allocation.
        let node = unsafe { chunk.byte_add(place.bytes()) };
        // SAFETY: an allocation does not begin at 0, much less go on there.
        unsafe { NonNull::new_unchecked(node) }.cast()
    }

    /// How far behind its chunk the header of a node lies.
    fn header(&self, index: u32) -> usize {
        size_of::<Chunk>() + index as usize * self.node.size() + Node::<K, V>::HEADER
    }

    fn place(&self, index: u32) -> Distance {
        // Where nodes are longer than a chunk is to be there is but one, whose header lies behind its key.
        const { assert!(size_of::<K>() <= Distance::MOST / 2, "keys of this length are not supported: box them") };
        Distance::new(self.header(index))
    }

    fn push(&mut self, chunk: *mut Chunk) {
        // SAFETY: a chunk of this slab, under the caller's lock.
        unsafe { (*chunk).part.previous = ptr::null_mut() };
        // SAFETY: as above.
        unsafe { (*chunk).part.next = self.room };
        if !self.room.is_null() {
            // SAFETY: as above.
            unsafe { (*self.room).part.previous = chunk };
        }
        self.room = chunk;
    }

    fn unlink(&mut self, chunk: *mut Chunk) {
        // SAFETY: a chunk of this slab, under the caller's lock.
        let previous = unsafe { (*chunk).part.previous };
        // SAFETY: as above.
        let next = unsafe { (*chunk).part.next };
        match NonNull::new(previous) {
            None => self.room = next,
            // SAFETY: as above.
            Some(previous) => unsafe { (*previous.as_ptr()).part.next = next },
        }
        if let Some(next) = NonNull::new(next) {
            // SAFETY: as above.
            unsafe { (*next.as_ptr()).part.previous = previous };
        }
    }
}

impl<K, V> Drop for Slab<K, V> {
    fn drop(&mut self) {
        // Nobody is left who could have a node: all chunks are empty, and in the list.
        for chunk in self.shrink() {
            // SAFETY: with the slab its engine goes, in which nobody looks anything up any more.
            unsafe { chunk.free() };
        }
    }
}

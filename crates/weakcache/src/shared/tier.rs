//! The strong tier of a shard: which entries stay although nobody holds them.
#![allow(unsafe_code, reason = "looks at nodes that it keeps")]

use core::num::NonZero;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use lagom_base::policy::{Entries, Newcomer, Policy};
use lru::LruCache;

use crate::hasher::DefaultHashBuilder;
use crate::shared::builder::Eviction;
use crate::shared::node::{Header, Node, NodePtr};

/// The strong tier of one shard. Each of its nodes counts it as a handle.
pub(super) struct Tier {
    /// Knows the capacity; and the order, unless that is of another kind.
    policy: Policy<NodePtr>,
    lru: Option<Box<Lru>>,
}

/// Those that were used last.
struct Lru {
    weight: u64,
    /// The most nodes that there were since the table was made.
    most: usize,
    /// By address, which is unique while the node is here.
    nodes: LruCache<usize, NodePtr, DefaultHashBuilder>,
}

/// The nodes of the tier, of all of which it has a handle.
#[derive(Clone, Copy)]
pub(super) struct Nodes {
    /// How far behind its header a node's weight lies; 0 if all weigh 1.
    weight_at: usize,
}

impl Nodes {
    pub(super) fn new<K, V>(extended: bool) -> Self {
        Self { weight_at: if extended { Node::<K, V>::WEIGHT } else { 0 } }
    }

    /// What a node weighs that is in use.
    #[inline]
    pub(super) fn weight(self, node: NodePtr) -> u64 {
        if self.weight_at == 0 {
            return 1;
        }
        let weight = node.as_ptr().wrapping_byte_add(self.weight_at).cast::<AtomicU64>();
        // SAFETY: the nodes of a shard are alike, and these have it there.
        unsafe { &*weight }.load(Relaxed)
    }

    #[inline]
    fn header<'a>(node: NodePtr) -> &'a Header {
        // SAFETY: the tier has a handle of it, or had until now, under the lock.
        unsafe { node.as_ref() }
    }
}

impl Entries<NodePtr> for Nodes {
    #[inline]
    fn seat(&self, node: NodePtr) -> u32 {
        Self::header(node).seat()
    }

    #[inline]
    fn set_seat(&self, node: NodePtr, seat: u32) {
        Self::header(node).set_seat(seat);
    }

    #[inline]
    fn uses(&self, node: NodePtr) -> u8 {
        Self::header(node).uses()
    }

    #[inline]
    fn set_uses(&self, node: NodePtr, uses: u8) {
        Self::header(node).set_uses(uses);
    }

    #[inline]
    fn hash(&self, node: NodePtr) -> u32 {
        Self::header(node).hash()
    }

    #[inline]
    fn weight(&self, node: NodePtr) -> u64 {
        Nodes::weight(*self, node)
    }
}

impl Tier {
    pub(super) fn new(eviction: Eviction, capacity: u64) -> Self {
        let lru = (eviction == Eviction::Lru).then(|| {
            let nodes = LruCache::unbounded_with_hasher(DefaultHashBuilder::default());
            Box::new(Lru { weight: 0, most: 0, nodes })
        });
        Self { policy: Policy::new(capacity), lru }
    }

    pub(super) fn len(&self) -> usize {
        self.lru.as_ref().map_or(self.policy.len(), |lru| lru.nodes.len())
    }

    pub(super) fn capacity(&self) -> u64 {
        self.policy.capacity()
    }

    pub(super) fn weight(&self) -> u64 {
        self.lru.as_ref().map_or(self.policy.weight(), |lru| lru.weight)
    }

    /// Bytes that it has allocated, about.
    pub(super) fn bytes(&self) -> usize {
        self.lru.as_ref().map_or(self.policy.bytes(), |lru| size_of::<Lru>() + lru.bytes())
    }

    /// Bytes that it may have allocated beyond those.
    pub(super) fn doubtful_bytes(&self) -> usize {
        // Tombstones may make the table grow once more.
        self.lru.as_ref().map_or(0, |lru| lru.table_bytes())
    }

    /// Asks for a place; `None` if there can be none. To be followed by [`victim`](Self::victim) until that finds no more,
    /// and [`seat`](Self::seat).
    #[inline(always)]
    pub(super) fn admit(&mut self, hash: u32, weight: u64) -> Option<Newcomer> {
        self.policy.admit(hash, weight)
    }

    /// A node that has to leave for the newcomer. Its handle is the caller's now.
    #[inline(always)]
    pub(super) fn victim(&mut self, newcomer: &mut Newcomer, nodes: Nodes) -> Option<NodePtr> {
        match &mut self.lru {
            None => self.policy.evict(newcomer, &nodes),
            Some(lru) => lru.victim(self.policy.capacity() - newcomer.weight(), nodes),
        }
    }

    /// A node that has to leave since the capacity was set.
    pub(super) fn excess(&mut self, nodes: Nodes) -> Option<NodePtr> {
        match &mut self.lru {
            None => self.policy.evict_excess(&nodes),
            // Of no capacity the weightless ask too much, too.
            Some(lru) if self.policy.capacity() == 0 => lru.oldest(nodes),
            Some(lru) => lru.victim(self.policy.capacity(), nodes),
        }
    }

    /// A node that leaves although there is room.
    pub(super) fn any(&mut self, nodes: Nodes) -> Option<NodePtr> {
        match &mut self.lru {
            None => self.policy.evict_one(&nodes),
            Some(lru) => lru.oldest(nodes),
        }
    }

    /// Gives the newcomer, for which all victims have left, its place.
    #[inline(always)]
    pub(super) fn seat(&mut self, newcomer: Newcomer, node: NodePtr, nodes: Nodes) {
        match &mut self.lru {
            None => self.policy.insert(newcomer, node, &nodes),
            Some(lru) => lru.seat(node, newcomer.weight()),
        }
    }

    /// The node was used. Only where that is [wanted](Eviction).
    pub(super) fn touch(&mut self, node: NodePtr) {
        if let Some(lru) = &mut self.lru {
            lru.nodes.promote(&node.as_ptr().addr());
        }
    }

    /// The node leaves; its handle is the caller's now.
    pub(super) fn remove(&mut self, node: NodePtr, nodes: Nodes) {
        match &mut self.lru {
            None => self.policy.remove(node, &nodes),
            Some(lru) => {
                if lru.nodes.pop(&node.as_ptr().addr()).is_some() {
                    lru.weight -= nodes.weight(node);
                    lru.trim();
                }
            }
        }
    }

    /// All nodes leave; their handles are the caller's now.
    pub(super) fn clear(&mut self) {
        match &mut self.lru {
            None => drop(self.policy.take_all()),
            Some(lru) => {
                lru.nodes.clear();
                lru.weight = 0;
                lru.trim();
            }
        }
    }

    /// Gives memory back.
    pub(super) fn shrink(&mut self) {
        if let Some(lru) = &mut self.lru {
            lru.shrink();
        }
    }

    /// To be followed by [`excess`](Self::excess) until that finds no more.
    pub(super) fn set_capacity(&mut self, capacity: u64) {
        self.policy.set_capacity(capacity);
    }
}

impl Lru {
    /// Bytes of its entries, with one at each end, and of the table that finds them, which grows to twice when it is 7/8
    /// full.
    fn bytes(&self) -> usize {
        const ENTRY: usize = 4 * size_of::<usize>();

        (self.nodes.len() + 2) * ENTRY + self.table_bytes()
    }

    fn table_bytes(&self) -> usize {
        const BUCKET: usize = 2 * size_of::<usize>() + 1;
        /// Control bytes behind the last.
        const END: usize = 16;

        match self.most {
            0 => 0,
            1..=3 => 4 * BUCKET + END,
            most => (most * 8).div_ceil(7).next_power_of_two() * BUCKET + END,
        }
    }

    #[inline(never)]
    fn seat(&mut self, node: NodePtr, weight: u64) {
        self.weight += weight;
        self.nodes.put(node.as_ptr().addr(), node);
        self.most = self.most.max(self.nodes.len());
    }

    /// The node that was not used for longest, if there is more than `most`.
    #[inline(never)]
    fn victim(&mut self, most: u64, nodes: Nodes) -> Option<NodePtr> {
        if self.weight > most { self.oldest(nodes) } else { None }
    }

    #[inline(never)]
    fn oldest(&mut self, nodes: Nodes) -> Option<NodePtr> {
        let (_, node) = self.nodes.pop_lru()?;
        self.weight -= nodes.weight(node);
        self.trim();
        Some(node)
    }

    /// Shrinks the table when an eighth of it is in use.
    fn trim(&mut self) {
        if self.nodes.len() + 8 < self.most / 8 {
            self.shrink();
        }
    }

    #[cold]
    fn shrink(&mut self) {
        // There is no other way to have the table shrunk than to set a bound, which it does not come to.
        self.nodes.resize(NonZero::new(usize::MAX - 1).expect("is above 0"));
        self.nodes.resize(NonZero::<usize>::MAX);
        self.most = self.nodes.len();
    }
}

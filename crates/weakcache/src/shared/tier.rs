//! The strong tier of a shard: which entries stay although nobody holds them.
#![allow(unsafe_code, reason = "looks at nodes that it keeps")]

use core::num::NonZero;

use lagom_base::policy::{Entries, Newcomer, Policy};
use lru::LruCache;

use crate::hasher::DefaultHashBuilder;
use crate::shared::builder::Eviction;
use crate::shared::node::{Header, NodePtr};

/// The strong tier of one shard. Each of its nodes counts it as a handle.
pub(super) enum Tier {
    Adaptive(Policy<NodePtr>),
    Lru(Lru),
}

/// Those that were used last.
pub(super) struct Lru {
    capacity: u64,
    weight: u64,
    /// The most nodes that there were since the table was made.
    most: usize,
    /// By address, which is unique while the node is here.
    nodes: LruCache<usize, NodePtr, DefaultHashBuilder>,
}

/// One that asks for a place.
pub(super) enum Candidate {
    Adaptive(Newcomer),
    Lru(u64),
}

/// The nodes of the tier, of all of which it has a handle.
#[derive(Clone, Copy)]
pub(super) struct Nodes {
    pub(super) weight: fn(NodePtr) -> u64,
}

impl Nodes {
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
        (self.weight)(node)
    }
}

impl Tier {
    pub(super) fn new(eviction: Eviction, capacity: u64) -> Self {
        match eviction {
            Eviction::Adaptive => Self::Adaptive(Policy::new(capacity)),
            Eviction::Lru => {
                let nodes = LruCache::unbounded_with_hasher(DefaultHashBuilder::default());
                Self::Lru(Lru { capacity, weight: 0, most: 0, nodes })
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Adaptive(policy) => policy.len(),
            Self::Lru(lru) => lru.nodes.len(),
        }
    }

    pub(super) fn capacity(&self) -> u64 {
        match self {
            Self::Adaptive(policy) => policy.capacity(),
            Self::Lru(lru) => lru.capacity,
        }
    }

    pub(super) fn weight(&self) -> u64 {
        match self {
            Self::Adaptive(policy) => policy.weight(),
            Self::Lru(lru) => lru.weight,
        }
    }

    /// Bytes that it has allocated, about.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Adaptive(policy) => policy.bytes(),
            Self::Lru(lru) => lru.bytes(),
        }
    }

    /// Bytes that it may have allocated beyond those.
    pub(super) fn doubtful_bytes(&self) -> usize {
        match self {
            Self::Adaptive(_) => 0,
            // Tombstones may make the table grow once more.
            Self::Lru(lru) => lru.table_bytes(),
        }
    }

    /// Asks for a place; `None` if there can be none. To be followed by [`victim`](Self::victim) until that finds no more,
    /// and [`seat`](Self::seat).
    #[inline]
    pub(super) fn admit(&mut self, hash: u32, weight: u64) -> Option<Candidate> {
        match self {
            Self::Adaptive(policy) => policy.admit(hash, weight).map(Candidate::Adaptive),
            Self::Lru(lru) => (lru.capacity > 0 && weight <= lru.capacity).then_some(Candidate::Lru(weight)),
        }
    }

    /// A node that has to leave for the candidate. Its handle is the caller's now.
    #[inline]
    pub(super) fn victim(&mut self, candidate: &mut Candidate, nodes: Nodes) -> Option<NodePtr> {
        match (self, candidate) {
            (Self::Adaptive(policy), Candidate::Adaptive(newcomer)) => policy.evict(newcomer, &nodes),
            (Self::Lru(lru), Candidate::Lru(weight)) => lru.victim(lru.capacity - *weight, nodes),
            _ => unreachable!("a candidate of this tier"),
        }
    }

    /// A node that has to leave since the capacity was set.
    pub(super) fn excess(&mut self, nodes: Nodes) -> Option<NodePtr> {
        match self {
            Self::Adaptive(policy) => policy.evict_excess(&nodes),
            // Of no capacity the weightless ask too much, too.
            Self::Lru(lru) if lru.capacity == 0 => lru.oldest(nodes),
            Self::Lru(lru) => lru.victim(lru.capacity, nodes),
        }
    }

    /// A node that leaves although there is room.
    pub(super) fn any(&mut self, nodes: Nodes) -> Option<NodePtr> {
        match self {
            Self::Adaptive(policy) => policy.evict_one(&nodes),
            Self::Lru(lru) => lru.oldest(nodes),
        }
    }

    /// Gives the candidate, for which all victims have left, its place.
    #[inline]
    pub(super) fn seat(&mut self, candidate: Candidate, node: NodePtr, nodes: Nodes) {
        match (self, candidate) {
            (Self::Adaptive(policy), Candidate::Adaptive(newcomer)) => policy.insert(newcomer, node, &nodes),
            (Self::Lru(lru), Candidate::Lru(weight)) => {
                lru.weight += weight;
                lru.nodes.put(node.as_ptr().addr(), node);
                lru.most = lru.most.max(lru.nodes.len());
            }
            _ => unreachable!("a candidate of this tier"),
        }
    }

    /// The node was used. Only where that is [wanted](Eviction).
    pub(super) fn touch(&mut self, node: NodePtr) {
        if let Self::Lru(lru) = self {
            lru.nodes.promote(&node.as_ptr().addr());
        }
    }

    /// The node leaves; its handle is the caller's now.
    pub(super) fn remove(&mut self, node: NodePtr, nodes: Nodes) {
        match self {
            Self::Adaptive(policy) => policy.remove(node, &nodes),
            Self::Lru(lru) => {
                if lru.nodes.pop(&node.as_ptr().addr()).is_some() {
                    lru.weight -= (nodes.weight)(node);
                    lru.trim();
                }
            }
        }
    }

    /// All nodes leave; their handles are the caller's now.
    pub(super) fn clear(&mut self) {
        match self {
            Self::Adaptive(policy) => drop(policy.take_all()),
            Self::Lru(lru) => {
                lru.nodes.clear();
                lru.weight = 0;
                lru.trim();
            }
        }
    }

    /// Gives memory back.
    pub(super) fn shrink(&mut self) {
        if let Self::Lru(lru) = self {
            lru.shrink();
        }
    }

    /// To be followed by [`excess`](Self::excess) until that finds no more.
    pub(super) fn set_capacity(&mut self, capacity: u64) {
        match self {
            Self::Adaptive(policy) => policy.set_capacity(capacity),
            Self::Lru(lru) => lru.capacity = capacity,
        }
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

    /// The node that was not used for longest, if there is more than `most`.
    fn victim(&mut self, most: u64, nodes: Nodes) -> Option<NodePtr> {
        if self.weight > most { self.oldest(nodes) } else { None }
    }

    fn oldest(&mut self, nodes: Nodes) -> Option<NodePtr> {
        let (_, node) = self.nodes.pop_lru()?;
        self.weight -= (nodes.weight)(node);
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

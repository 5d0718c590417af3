//! The loads under way in a shard.

use lagom_base::flight::{Leader, Party};
use smallvec::SmallVec;

use crate::shared::cached::Cached;
use crate::shared::failure::Failure;
use crate::shared::node::{Header, NodePtr};

/// No place.
const NONE: u32 = u32::MAX;

/// A load under way.
pub(super) struct Load<V> {
    /// `None` if there is none: then the place is free.
    node: Option<NodePtr>,
    pub(super) leader: Party,
    /// For those who wait, if there are any.
    pub(super) flight: Option<Leader<Option<Failure>>>,
    /// What was inserted in the meantime.
    pub(super) winner: Option<Cached<V>>,
    /// The next free place.
    next: u32,
}

/// What is left of a load: who waits for it, and what was inserted in the meantime.
pub(super) type Left<V> = (Option<Leader<Option<Failure>>>, Option<Cached<V>>);

/// All of them. Each stays in its place, the number of which is the seat of its node, until it is over: a node without a value
/// is not in the strong tier.
pub(super) struct Loads<V> {
    places: SmallVec<[Load<V>; 1]>,
    /// The first free place.
    free: u32,
    under_way: u32,
}

impl<V> Loads<V> {
    pub(super) fn new() -> Self {
        Self { places: SmallVec::new(), free: NONE, under_way: 0 }
    }

    /// How many are under way.
    pub(super) fn len(&self) -> usize {
        self.under_way as usize
    }

    /// Bytes of its list.
    pub(super) fn bytes(&self) -> usize {
        if self.places.spilled() { self.places.capacity() * size_of::<Load<V>>() } else { 0 }
    }

    /// A load of this node begins, whose header that is.
    #[inline(always)]
    pub(super) fn begin(&mut self, node: NodePtr, header: &Header, leader: Party) {
        self.under_way += 1;
        let seat = self.free;
        if let Some(place) = self.places.get_mut(seat as usize) {
            self.free = place.next;
            place.node = Some(node);
            place.leader = leader;
            header.set_seat(seat);
        } else {
            self.add(node, header, leader);
        }
    }

    #[cold]
    fn add(&mut self, node: NodePtr, header: &Header, leader: Party) {
        header.set_seat(self.places.len() as u32);
        self.places.push(Load { node: Some(node), leader, flight: None, winner: None, next: NONE });
    }

    /// The load of a node, if one is under way.
    #[inline(always)]
    pub(super) fn find(&mut self, node: NodePtr, header: &Header) -> Option<&mut Load<V>> {
        // The seat of a node that is not being loaded means something else.
        self.places.get_mut(header.seat() as usize).filter(|load| load.node == Some(node))
    }

    /// The load of a node is over, if one was under way.
    #[inline(always)]
    pub(super) fn end(&mut self, node: NodePtr, header: &Header) -> Option<Left<V>> {
        let seat = header.seat();
        let free = self.free;
        let load = self.find(node, header)?;
        load.node = None;
        load.next = free;
        let left = (load.flight.take(), load.winner.take());
        self.free = seat;
        self.under_way -= 1;
        Some(left)
    }

    /// The flights of all, which are theirs no more.
    pub(super) fn take_flights(&mut self) -> impl Iterator<Item = Leader<Option<Failure>>> {
        self.places.iter_mut().filter_map(|load| load.flight.take())
    }

    /// Frees what is not needed.
    pub(super) fn shrink(&mut self) {
        if self.under_way == 0 {
            *self = Self::new();
        }
    }
}

//! What an operation leaves to be done after the lock.

use lagom_base::flight::Leader;

use crate::shared::cached::Cached;
use crate::shared::failure::Failure;
use crate::shared::node::NodePtr;
use crate::shared::slab;
use crate::shared::table;

/// Memory that is found no more.
pub(super) enum Retired {
    Chunk(slab::Retired),
    Groups(table::Retired),
}

impl Retired {
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Chunk(chunk) => chunk.bytes(),
            Self::Groups(groups) => groups.bytes(),
        }
    }
}

/// What an operation leaves to be done after the lock. Mostly nothing, else mostly one dead node.
pub(super) struct Debris<V> {
    /// A node without handles, unlinked, to be finished.
    pub(super) dead: Option<NodePtr>,
    pub(super) more: Option<Box<More<V>>>,
    /// The shard let go of the engine.
    pub(super) over: bool,
}

/// What is left more rarely.
pub(super) struct More<V> {
    pub(super) dead: Vec<NodePtr>,
    /// Handles that the cache had.
    pub(super) handles: Vec<Cached<V>>,
    /// To tell those who wait, also why the load failed.
    pub(super) flights: Vec<(Leader<Option<Failure>>, Option<Failure>)>,
    pub(super) retired: Vec<Retired>,
}

impl<V> Debris<V> {
    pub(super) const NONE: Self = Self { dead: None, more: None, over: false };

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.dead.is_none() && self.more.is_none() && !self.over
    }

    /// How many nodes it has.
    pub(super) fn nodes(&self) -> usize {
        let more = self.more.as_ref().map_or(0, |more| more.dead.len() + more.handles.len());
        usize::from(self.dead.is_some()) + more
    }

    #[inline]
    pub(super) fn dead(&mut self, node: NodePtr) {
        match self.dead {
            None => self.dead = Some(node),
            Some(_) => self.more().dead.push(node),
        }
    }

    pub(super) fn handle(&mut self, handle: Cached<V>) {
        self.more().handles.push(handle);
    }

    /// Those who wait look again.
    #[inline]
    pub(super) fn flight(&mut self, flight: Option<Leader<Option<Failure>>>) {
        self.failed_flight(flight, None);
    }

    /// Those who wait share the failure if there is one, else they look again.
    #[inline]
    pub(super) fn failed_flight(&mut self, flight: Option<Leader<Option<Failure>>>, failure: Option<Failure>) {
        if let Some(flight) = flight {
            self.more().flights.push((flight, failure));
        }
    }

    #[inline]
    pub(super) fn chunk(&mut self, chunk: Option<slab::Retired>) {
        if let Some(chunk) = chunk {
            self.more().retired.push(Retired::Chunk(chunk));
        }
    }

    #[inline]
    pub(super) fn groups(&mut self, groups: Option<table::Retired>) {
        if let Some(groups) = groups {
            self.more().retired.push(Retired::Groups(groups));
        }
    }

    #[cold]
    fn more(&mut self) -> &mut More<V> {
        self.more.get_or_insert_with(|| {
            let more = More { dead: Vec::new(), handles: Vec::new(), flights: Vec::new(), retired: Vec::new() };
            Box::new(more)
        })
    }
}

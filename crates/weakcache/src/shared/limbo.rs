//! What is found no more, but may still be looked at.
#![allow(unsafe_code, reason = "passes nodes from thread to thread")]

use std::mem;

use lagom_base::sync::wait_a_little;

use crate::shared::debris::Retired;
use crate::shared::node::NodePtr;
use crate::shared::readers::Readers;

/// While more than this waits, who gives up memory waits for the readers, for a moment.
const MOST_BYTES: usize = if cfg!(lagom_loom) { usize::MAX } else { 1 << 17 };
/// So often it looks. Enough for a reader that was preempted to come to its end; but one may have been stopped for good.
const ROUNDS: u32 = 64;

#[derive(Default)]
pub(super) struct Limbo {
    /// Dead nodes that somebody has borrowed.
    nodes: Vec<NodePtr>,
    /// Memory that only these readers can have seen, who were under way when it was given up.
    old: Vec<Retired>,
    readers: Vec<usize>,
    /// Memory that was given up since.
    young: Vec<Retired>,
}

// SAFETY: whoever has it has what is in it.
unsafe impl Send for Limbo {}

impl Limbo {
    /// Takes memory that is found no more, and returns what nobody can be looking at.
    ///
    /// A reader has to be seen at an end once only, since what it begins later does not find the memory: two generations are
    /// enough, however busy the readers are (as in read-copy-update: McKenney and Slingwine 1998).
    pub(super) fn retire(&mut self, readers: &Readers, given_up: Vec<Retired>) -> Vec<Retired> {
        self.young.extend(given_up);
        let mut free = self.advance(readers);
        for round in 0..ROUNDS {
            if self.retired_bytes() <= MOST_BYTES {
                break;
            }
            wait_a_little(round);
            free.append(&mut self.advance(readers));
        }
        free
    }

    fn advance(&mut self, readers: &Readers) -> Vec<Retired> {
        if !self.readers.is_empty() {
            self.readers = readers.still_pinned(&self.readers);
        }
        if !self.readers.is_empty() {
            return Vec::new();
        }
        let mut free = mem::take(&mut self.old);
        if !self.young.is_empty() {
            self.old = mem::take(&mut self.young);
            self.readers = readers.pinned();
            if self.readers.is_empty() {
                free.append(&mut mem::take(&mut self.old));
            }
        }
        free
    }

    /// All memory: to be freed when there are no readers.
    pub(super) fn take_retired(&mut self) -> impl Iterator<Item = Retired> {
        mem::take(&mut self.old).into_iter().chain(mem::take(&mut self.young))
    }

    fn retired_bytes(&self) -> usize {
        self.old.iter().chain(&self.young).map(Retired::bytes).sum()
    }

    /// Bytes of what waits, and of the lists.
    pub(super) fn bytes(&self) -> usize {
        let lists = self.nodes.capacity() * size_of::<NodePtr>()
            + (self.old.capacity() + self.young.capacity()) * size_of::<Retired>()
            + self.readers.capacity() * size_of::<usize>();
        lists + self.retired_bytes()
    }

    /// Takes a dead node if a thread has borrowed it; the last one that does will come for it. False if nobody has.
    pub(super) fn bury(&mut self, readers: &Readers, node: NodePtr) -> bool {
        loop {
            if !readers.tell(node) {
                return false;
            }
            // Who ends a borrow from here on sees that it was told. Who did before, or has begun since, shows in this.
            if readers.all_told(node) {
                self.nodes.push(node);
                return true;
            }
        }
    }

    /// The nodes that nobody has any more.
    pub(super) fn take_free(&mut self, readers: &Readers) -> Vec<NodePtr> {
        readers.look();
        let mut free = Vec::new();
        self.nodes.retain(|node| {
            let borrowed = readers.has_borrowed(*node);
            if !borrowed {
                free.push(*node);
            }
            borrowed
        });
        if self.nodes.is_empty() {
            self.nodes = Vec::new();
        }
        free
    }

    /// The nodes that wait.
    pub(super) fn nodes(&self) -> &[NodePtr] {
        &self.nodes
    }
}

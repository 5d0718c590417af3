//! The idle objects of one thread.

use std::mem;

use crate::node::Node;

/// Most objects that one thread keeps for itself.
pub(crate) const CAPACITY: usize = 32;

/// A stack of idle objects and what its thread has done with it.
pub(crate) struct Magazine<T> {
    nodes: [Option<Box<Node<T>>>; CAPACITY],
    len: usize,
    /// The pool's bound lends places: never more objects than this.
    limit: usize,
    /// Whether the thread that has it will give its objects back when it ends.
    owned: bool,
    /// Objects that went out from here.
    taken: u64,
    /// Objects that came back to here.
    given: u64,
}

impl<T> Magazine<T> {
    pub(crate) const fn new() -> Self {
        Self { nodes: [const { None }; CAPACITY], len: 0, limit: 0, owned: false, taken: 0, given: 0 }
    }

    /// The object that came back last goes out.
    #[inline]
    pub(crate) fn take(&mut self) -> Option<Box<Node<T>>> {
        let last = self.len.wrapping_sub(1);
        // Out of range when empty.
        let node = self.nodes.get_mut(last)?.take();
        self.len = last;
        self.taken += 1;
        node
    }

    /// An object comes back, unless all places are taken.
    #[inline]
    pub(crate) fn give(&mut self, node: Box<Node<T>>) -> Result<(), Box<Node<T>>> {
        if self.len >= self.limit {
            return Err(node);
        }
        self.given += 1;
        self.stock(node);
        Ok(())
    }

    /// Adds an object that was not out. There must be a place for it.
    #[inline]
    pub(crate) fn stock(&mut self, node: Box<Node<T>>) {
        // The place is empty: nothing is to be dropped.
        mem::forget(self.nodes[self.len].replace(node));
        self.len += 1;
    }

    /// Takes out the coldest `n`, coldest first, and closes the gap.
    pub(crate) fn take_coldest(&mut self, n: usize) -> impl Iterator<Item = Box<Node<T>>> + '_ {
        let n = n.min(self.len);
        self.nodes[..self.len].rotate_left(n);
        self.len -= n;
        let rest = self.len;
        self.nodes[rest..rest + n].iter_mut().filter_map(Option::take)
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Changes the number of places; never below the objects that are here.
    pub(crate) fn set_limit(&mut self, limit: usize) {
        debug_assert!(self.len <= limit && limit <= CAPACITY);
        self.limit = limit;
    }

    pub(crate) fn is_owned(&self) -> bool {
        self.owned
    }

    /// Whether it was owned before.
    pub(crate) fn own(&mut self) -> bool {
        mem::replace(&mut self.owned, true)
    }

    pub(crate) fn disown(&mut self) {
        self.owned = false;
    }

    pub(crate) fn taken(&self) -> u64 {
        self.taken
    }

    /// Objects that went out, less those that came back.
    pub(crate) fn out(&self) -> i64 {
        self.taken.wrapping_sub(self.given).cast_signed()
    }
}

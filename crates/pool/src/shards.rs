//! One magazine per thread, found by the thread's number.
#![allow(unsafe_code, reason = "says who owns which biased lock")]

use std::mem;
use std::sync::OnceLock;

use lagom_base::biased::Biased;
use lagom_base::thread_index::Exit;
use lagom_base::{fence, thread_index};

use crate::engine::Depot;
use crate::magazine::Magazine;
use crate::node::Node;

/// Threads whose magazine is found without a second look-up.
const NEAR: usize = 32;
/// Rows for the other threads, each twice as long as the one before: more than a system has threads.
const ROWS: usize = 20;

type Slot<T> = OnceLock<Box<Shard<T>>>;

/// A magazine on cache lines of its own: its owner writes to it all the time.
#[repr(align(128))]
struct Shard<T>(Biased<Magazine<T>>);

pub(crate) struct Shards<T> {
    near: [Slot<T>; NEAR],
    far: [OnceLock<Box<[Slot<T>]>>; ROWS],
}

impl<T> Shards<T> {
    pub(crate) const fn new() -> Self {
        Self { near: [const { OnceLock::new() }; NEAR], far: [const { OnceLock::new() }; ROWS] }
    }

    /// Runs `f` on the magazine of the calling thread; `None` when it has none, or may not use it right now.
    ///
    /// `f` must not panic and must not come back here.
    #[inline]
    pub(crate) fn own<R>(&self, f: impl FnOnce(&mut Magazine<T>) -> R) -> Option<R> {
        let magazine = self.of_this_thread()?;
        // SAFETY: `self` keeps it. A thread's number belongs to one living thread at a time, the calling one here, and
        // passes on from a dead thread to a new one through a lock.
        unsafe { Biased::enter(magazine, f) }
    }

    /// An object comes back to the calling thread's magazine in its pool, if that has a place.
    #[inline]
    pub(crate) fn give_own(node: Box<Node<T>>) -> Result<(), Box<Node<T>>> {
        let Some(magazine) = node.home.shards.of_this_thread() else {
            return Err(node);
        };
        let mut node = Some(node);
        // SAFETY: as for `own`; and the object keeps the engine, and so the magazine, until it lies in there. From then on
        // nobody can take it out until this thread is outside again. No reference to the engine is left.
        unsafe { Biased::enter(magazine, |magazine| node = node.take().and_then(|node| magazine.give(node).err())) };
        node.map_or(Ok(()), Err)
    }

    /// The magazine of the calling thread, as a pointer: see [`give_own`](Self::give_own).
    #[inline]
    fn of_this_thread(&self) -> Option<*const Biased<Magazine<T>>> {
        let index = thread_index::current() as usize;
        let shard = match self.near.get(index) {
            Some(slot) => slot.get()?,
            None => self.far(index)?,
        };
        Some(&raw const shard.0)
    }

    /// Makes sure that the calling thread has a magazine; false when it cannot have one because it is ending.
    ///
    /// `_depot` proves that the caller holds the pool's lock, without which no magazine comes into being.
    pub(crate) fn make_own(&self, _depot: &mut Depot<T>) -> bool {
        let Some(index) = thread_index::register() else {
            return false;
        };
        self.slot(index as usize).get_or_init(|| Box::new(Shard(Biased::new(Magazine::new()))));
        true
    }

    /// Runs `f` on every magazine, with its owner kept out. `depot` proves that the caller holds the pool's lock.
    pub(crate) fn all(&self, depot: &mut Depot<T>, mut f: impl FnMut(&mut Depot<T>, &mut Magazine<T>)) {
        let mut any = false;
        for shard in self.iter() {
            shard.0.revoke();
            any = true;
        }
        if any {
            fence::heavy();
        }
        for shard in self.iter() {
            // SAFETY: it was revoked before the fence, for magazines are only added under the pool's lock, so that these are
            // the same. The lock excludes all others who come here, and `f` of `own` never comes here.
            unsafe { shard.0.with_revoked(|magazine| f(depot, magazine)) };
            shard.0.restore();
        }
    }

    /// How many magazines there are.
    pub(crate) fn len(&self) -> usize {
        self.iter().count()
    }

    fn iter(&self) -> impl Iterator<Item = &Shard<T>> {
        let far = self.far.iter().filter_map(OnceLock::get).flat_map(|row| row.iter());
        self.near.iter().chain(far).filter_map(OnceLock::get).map(|shard| &**shard)
    }

    #[cold]
    fn far(&self, index: usize) -> Option<&Shard<T>> {
        if index == thread_index::NONE as usize {
            return None;
        }
        let (row, column) = Self::place(index);
        self.far.get(row)?.get()?.get(column)?.get().map(|shard| &**shard)
    }

    fn slot(&self, index: usize) -> &Slot<T> {
        self.near.get(index).unwrap_or_else(|| {
            let (row, column) = Self::place(index);
            let new_row = || (0..NEAR << row).map(|_| OnceLock::new()).collect();
            &self.far[row].get_or_init(new_row)[column]
        })
    }

    /// Where a number beyond [`NEAR`] is: rows begin at `NEAR`, `2 * NEAR`, `4 * NEAR`, …
    fn place(index: usize) -> (usize, usize) {
        let row = (index / NEAR).ilog2() as usize;
        (row, index - (NEAR << row))
    }
}

/// Has `hook` run when the calling thread ends, of whatever lifetime its type is; false when the thread is ending already.
pub(crate) fn at_exit(hook: Box<dyn Exit + '_>) -> bool {
    // SAFETY: only the type's lifetime changes. The hook refers weakly to an engine. Where that outlives the borrows of its
    // objects' type, no object is left in it (its pool closed it, and objects count on it), or it is never dropped (its
    // pool or a guard was forgotten). The hook moves boxes from one place of the engine to another and looks at no object.
    let hook = unsafe { mem::transmute::<Box<dyn Exit + '_>, Box<dyn Exit>>(hook) };
    thread_index::at_exit(hook)
}

#[cfg(all(test, not(lagom_loom)))]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_a_place_of_its_own() {
        let mut expected = (0, 0);
        for index in NEAR..NEAR << 8 {
            assert_eq!(Shards::<()>::place(index), expected);
            expected.1 += 1;
            if expected.1 == NEAR << expected.0 {
                expected = (expected.0 + 1, 0);
            }
        }
    }
}

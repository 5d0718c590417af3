//! Take one, or sixteen, and give them back.

use super::object::Object;
use super::peer::{Field, First, Shared, contender};
use super::roster;
use crate::case::Case;

/// Objects held at once where it is more than one.
const HELD: usize = 16;

/// Each thread takes one object, writes to it and gives it back.
struct One(Case);

impl Field for One {
    fn enter<P: Shared>(self, name: &str, first: First) -> Self {
        Self(self.0.with(contender(name, first, P::pair)))
    }
}

/// Each thread takes 16, writes to all of them, and gives them back.
struct Many(Case);

impl Field for Many {
    fn enter<P: Shared>(self, name: &str, first: First) -> Self {
        Self(self.0.with(contender(name, first, P::several::<HELD>)))
    }
}

const NOTE: &str = "ns of a core per pair: take, clean, write 16 bytes, give back. One of 64 pools, chosen at run time; another thread used all \
     of them first, but for `regex-automata owner`. In favour of the others: only ours, opool, ArrayQueue and the original have a bound (64) on \
     what is idle, only ours and the original count; ArrayQueue, thread_local, Mutex<Vec> and the original have no guards; the allocators \
     clean nothing unless `zeroed`. `with reset`, opool, lockfree-object-pool, sharded-slab and the original clean by a hook, the others' user does.";

/// One object at a time.
pub(super) fn one<O: Object>(threads: usize) -> Case {
    let case = Case::new("pool", "hold", format!("{}, hold 1", O::NAME), |n| O::FILLED * n);
    let case = One(case.note(NOTE).threads(threads));
    if threads == 1 { roster::everyone::<O, _>(case).0 } else { roster::best::<O, _>(case).0 }
}

/// Sixteen at a time.
pub(super) fn many<O: Object>(threads: usize) -> Case {
    let case = Case::new("pool", "hold", format!("{}, hold {HELD}", O::NAME), |n| HELD as u64 * O::FILLED * n);
    let case = Many(case.note(NOTE).items(HELD as u64, "ns/op").threads(threads));
    if threads == 1 { roster::everyone::<O, _>(case).0 } else { roster::best::<O, _>(case).0 }
}

/// Guards that borrow nothing, one at a time.
pub(super) fn owned<O: Object>(threads: usize) -> Case {
    let case = Case::new("pool", "owned", format!("{}, owned guard", O::NAME), |n| O::FILLED * n).note(
        "ns of a core per pair, with guards that borrow nothing; `lagom borrowed` is what its owned guard is held against. In favour of the \
             others: only ours and opool have a bound on what is idle, only ours counts.",
    );
    roster::owned::<O, _>(One(case.threads(threads))).0
}

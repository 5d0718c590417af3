//! Many pools, one after the other: nothing that a thread keeps may serve one pool alone.

use super::object::Object;
use super::peer::{Field, First, POOLS, Shared, on_pools};
use super::roster;
use crate::case::Case;
use crate::measure::Batch;

struct Turns(Case);

impl Field for Turns {
    fn enter<P: Shared>(self, name: &str, first: First) -> Self {
        Self(self.0.with(on_pools(name, first, |pools: &[P; POOLS], batch: &mut Batch<'_>| {
            let mut sum = 0_u64;
            batch.time(|i| {
                let pool = &pools[i as usize % POOLS];
                sum = sum.wrapping_add(pool.pair(i));
            });
            sum
        })))
    }
}

/// Each pair is another pool's.
pub(super) fn in_turn<O: Object>() -> Case {
    let case = Case::new("pool", "turns", format!("{}, {POOLS} pools in turn", O::NAME), |n| O::FILLED * n);
    roster::best::<O, _>(Turns(case.note("ns per pair, each pair from the next of 64 pools; otherwise as hold 1."))).0
}

//! What counting costs: nobody can switch ours off, so that it is read, or never.

use std::hint::black_box;

use super::locked::{Deadpool, Original};
use super::object::Object;
use super::ours::Ours;
use super::peer::{First, Shared, contender};
use crate::case::{Case, Contender};

/// The counts are read once in so many pairs: about 10,000, and cheap to count to.
const EVERY: u64 = 1 << 13;

/// A pair, and now and then a look at the counts.
fn counted<P: Shared, R>(name: &str, look: impl Fn(&P) -> R + Copy + Send + 'static) -> Contender {
    contender(name, First::Other, move |pool: &P, i| {
        let filled = pool.pair(i);
        if i.is_multiple_of(EVERY) {
            black_box(look(pool));
        }
        filled
    })
}

/// Pairs with and without a reader of the counts.
pub(super) fn read<O: Object>() -> Case {
    Case::new("pool", "stats", format!("{}, counts read", O::NAME), |n| O::FILLED * n)
        .note(
            "ns per pair, hold 1, the counts read once in 8,192 pairs; `unread`: never, at the same place. Only ours is one instant's; \
             deadpool counts what is idle and alive.",
        )
        .with(counted("lagom", |pool: &Ours<O>| pool.0.stats()))
        .with(counted("lagom unread", |_: &Ours<O>| ()))
        .with(counted("the Python original", |pool: &Original<O>| pool.stats()))
        .with(counted("the Python original unread", |_: &Original<O>| ()))
        .with(counted("deadpool unmanaged", |pool: &Deadpool<O>| pool.0.status()))
        .with(counted("deadpool unmanaged unread", |_: &Deadpool<O>| ()))
}

//! Caches whose values live as long as somebody holds them, caches that hold them, and interners.
//!
//! All that take a hasher get ahash, the one that lagom uses, so that structures are compared and not hashers; weak-map
//! is a tree, and ustr and arc-interner choose ahash themselves. Each of the tables is adapted once (`ours.rs`, `locked.rs`, `maps.rs`,
//! `bounded.rs`, `original.rs`, `interners.rs`); a case is a field that makes a contender of everyone in `roster.rs`.

mod bounded;
mod bytes;
mod counted;
mod die;
mod flight;
mod hit;
mod interner;
mod interners;
mod keys;
mod locked;
mod maps;
mod miss;
mod original;
mod ours;
mod peer;
mod roster;

pub(super) use self::counted::counted;

use self::keys::{Hot, Uniform};
use super::Scale;
use crate::case::Case;

pub(super) fn cases(scale: Scale) -> Vec<Case> {
    // First: interners with one table for the process are only new once.
    let mut cases = vec![interner::cost()];
    for threads in [1, 2] {
        cases.extend([hit::handle::<Uniform>(threads), hit::handle::<Hot>(threads)]);
        cases.extend([hit::borrowed::<Uniform>(threads), hit::borrowed::<Hot>(threads)]);
        cases.extend([die::fresh(threads), die::in_turn(threads)]);
        cases.extend([hit::number::<Uniform>(threads), miss::fresh(threads)]);
        cases.extend([miss::zipf(100_000, threads, scale), miss::zipf(10_000, threads, scale)]);
        cases.extend([flight::fresh(threads), flight::hit(threads)]);
        cases.push(interner::hit(threads, scale));
    }
    // More threads than cores.
    cases.extend([hit::borrowed::<Uniform>(8), hit::borrowed::<Hot>(8)]);
    cases.extend([die::left(), bytes::weakly(), bytes::strongly(), flight::slow()]);
    cases
}

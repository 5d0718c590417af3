//! Object pools.
//!
//! One operation is a pair: take an object, write 16 bytes into it, give it back; once on the way it is made clean, where
//! the pool does that or its user must. Every pool is reached by reference and chosen at run time among 64.

mod bounded;
mod counted;
mod hand_over;
mod hold;
mod lock_free;
mod locked;
mod malloc;
mod object;
mod ours;
mod pairs;
mod peer;
mod per_thread;
mod retained;
mod roster;
mod stats;
mod turns;

pub(super) use self::pairs::counted;

use self::object::{Block, Buffer, KIB, Text};
use super::Scale;
use crate::case::Case;

/// Idle objects that a bounded pool may keep.
const MAX_IDLE: usize = 64;

type Small = Buffer<{ 4 * KIB }>;
type Large = Buffer<{ 64 * KIB }>;

pub(super) fn cases(_: Scale) -> Vec<Case> {
    let mut cases = Vec::new();
    for threads in [1, 2] {
        cases.extend([hold::one::<Small>(threads), hold::many::<Small>(threads)]);
        cases.extend([hold::one::<Large>(threads), hold::many::<Large>(threads)]);
        cases.extend([hold::one::<Text>(threads), hold::many::<Text>(threads)]);
        cases.extend([hold::one::<Block>(threads), hold::many::<Block>(threads)]);
    }
    // More threads than cores: each batch takes several turns of the scheduler, so that two cases must do.
    cases.extend([hold::one::<Small>(8), hold::many::<Small>(8), hold::one::<Block>(8)]);
    cases.extend([hold::owned::<Small>(1), hold::owned::<Small>(2)]);
    cases.push(bounded::one::<Small>());
    cases.push(stats::read::<Small>());
    cases.extend([hand_over::timed::<Small>(), hand_over::timed::<Block>(), hand_over::objects()]);
    cases.push(turns::in_turn::<Small>());
    cases.push(retained::idle());
    cases
}

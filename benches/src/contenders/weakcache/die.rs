//! Entries that nobody keeps.

use super::keys::own;
use super::peer::{Value, WeakField, Weakly};
use super::roster;
use crate::case::{Case, Contender, Found};
use crate::measure::HeldBytes;

/// Entries made before looking at what is left: a million, but not at the end of one of weak-map's sweeps, each 1,000
/// operations.
const MADE: u64 = 1_000_500;

/// Makes an entry, looks at it, and drops its only handle.
#[inline(always)]
pub(super) fn make<P: Weakly>(map: &P, key: u64) -> u64 {
    map.insert(key).right(key)
}

struct Timed {
    case: Case,
    /// Bits in which the keys of a thread differ.
    bits: u64,
}

impl WeakField for Timed {
    fn enter<P: Weakly>(self, name: &str) -> Self {
        let Self { case, bits } = self;
        let operation = move |map: &P, (base, next): &mut (u64, u64), _: u64| {
            *next += 1;
            make(map, *base | (*next & bits))
        };
        Self { case: case.with(Contender::new(name, P::new, |thread| (own(thread), 0), operation)), bits }
    }
}

/// Each under a key that was never there.
pub(super) fn fresh(threads: usize) -> Case {
    let case = Case::new("weakcache", "die", "make and die, fresh keys", |n| n)
        .note(
            "ns of a core per insertion under a key that was never there, look at the payload of 64 bytes, and drop of the only handle. \
             `default tier` and the workaround keep the last 1,000. dashmap, papaya and scc keep all of the dead: they grow as they \
             are timed, by some 115 bytes an entry.",
        )
        .threads(threads);
    roster::weak(Timed { case, bits: own(0) - 1 }).case
}

/// The same few keys again and again.
pub(super) fn in_turn(threads: usize) -> Case {
    let case = Case::new("weakcache", "die", "make and die, 1,024 keys in turn", |n| n)
        .note(
            "As with fresh keys, but 1,024 keys of each thread take turns. In favour of dashmap, papaya and scc: each entry takes the place of a dead \
             one, so that they never grow, and lie in the cache.",
        )
        .threads(threads);
    roster::weak(Timed { case, bits: (1 << 10) - 1 }).case
}

struct Left(Case);

impl WeakField for Left {
    fn enter<P: Weakly>(self, name: &str) -> Self {
        let contender = Contender::untimed(name)
            .figure("held after a million", "bytes", MADE, |n| after(n, |_: &P, held| held.bytes() as f64))
            .figure("len after a million", "entries", MADE, |n| after(n, |map: &P, _| map.len() as f64))
            .figure("held after a million and a clean-up", "bytes", MADE, |n| {
                after(n, |map: &P, held| {
                    map.shrink();
                    held.bytes() as f64
                })
            });
        Self(self.0.with(contender))
    }
}

fn after<P: Weakly>(n: u64, look: impl Fn(&P, &HeldBytes) -> f64) -> Found {
    let held = HeldBytes::begin();
    let map = P::new();
    let answer = (0..n).map(|key| make(&map, key)).sum();
    Found { value: look(&map, &held), answer }
}

/// What is left of a million.
pub(super) fn left() -> Case {
    let case = Case::new("weakcache", "die", "left behind by short-lived entries", |n| n).note(
        "A map of which 1,000,500 entries under different keys were made, each dropped before the next. `default tier` and \
         the workaround keep the last 1,000 on purpose. A clean-up is what the map has for it: weak-table and dashmap drop the dead \
         and shrink, weak-map, papaya and scc drop the dead, ours and the original do nothing.",
    );
    roster::weak(Left(case)).0
}

//! The operations whose instructions are counted.

use std::hint::black_box;
use std::sync::{Arc, Weak as StdWeak};

use lagom_weakcache::Interner;

use super::bounded::Quick;
use super::die::make;
use super::flight::load;
use super::hit::{Held, filled};
use super::interner::Live;
use super::keys::{Keys, Uniform, own};
use super::locked::WeakTable;
use super::maps::{Dash, Papayas};
use super::ours::{Borrowed, Handed, Tiered, Weak};
use super::peer::{Loading, Payload, Strongly, Weakly};
use crate::instructions::{Operations, Program};

/// Most instructions of an operation of ours: two in a hundred more than it has. To be lowered when it has fewer.
const CEILINGS: [(&str, f64); 6] = [
    ("get-lagom", 155.0),
    ("get-lagom-default-tier", 266.0),
    ("with-lagom", 179.0),
    ("die-lagom", 451.0),
    ("load-lagom", 913.0),
    ("intern-lagom", 208.0),
];

type Weakened = StdWeak<Payload>;

/// The programs.
pub(in crate::contenders) fn counted() -> Operations {
    let program = |name, run| {
        let ceiling = CEILINGS.iter().find(|(ours, _)| *ours == name).map(|(_, ceiling)| *ceiling);
        Program { name, ceiling, answer: 1, run }
    };
    let programs = vec![
        program("get-lagom", get::<Weak>),
        program("get-lagom-default-tier", get::<Tiered>),
        program("get-papaya-of-Weak", get::<Papayas<Weakened>>),
        program("get-dashmap-of-Weak", get::<Dash<Weakened>>),
        program("get-locked-weak-table", get::<WeakTable>),
        program("with-lagom", find::<Borrowed<Payload>>),
        program("with-quick_cache-of-Arc", find::<Quick<Arc<Payload>>>),
        program("die-lagom", die::<Weak>),
        program("die-dashmap-of-Weak", die::<Dash<Weakened>>),
        program("load-lagom", fresh::<Handed<u64>>),
        program("load-quick_cache", fresh::<Quick<u64>>),
        program("intern-lagom", intern),
    ];
    Operations {
        krate: "weakcache",
        operation: "per operation: get and drop of a handle (10,000 live), a look at a \
                    resident entry, make and die, a load of a new key, intern and drop",
        programs,
    }
}

/// The loop that is counted.
#[inline(never)]
fn repeat<P>(peer: &P, n: u64, operation: impl Fn(&P, u64) -> u64) -> u64 {
    let peer = black_box(peer);
    let mut sum = 0;
    for i in 0..n {
        sum += operation(peer, i);
    }
    sum
}

fn get<P: Weakly>(n: u64) -> u64 {
    repeat(&Held::<P>::new(), n, |held, i| held.get(Uniform::at(i)))
}

fn find<P: Strongly>(n: u64) -> u64 {
    repeat(&filled::<P>(), n, |cache, i| cache.find(Uniform::at(i)).unwrap_or(0))
}

fn die<P: Weakly>(n: u64) -> u64 {
    repeat(&P::new(), n, |map, i| make(map, i % 1024))
}

/// Into a cache that is full.
fn fresh<P: Loading>(n: u64) -> u64 {
    const CAPACITY: usize = 1_000;
    let cache = P::new(CAPACITY);
    assert_eq!((0..2 * CAPACITY as u64).map(|key| load(&cache, key)).sum::<u64>(), 2 * CAPACITY as u64);
    repeat(&cache, n, |cache, i| load(cache, own(0) + i))
}

fn intern(n: u64) -> u64 {
    repeat(&Live::<Interner<str>>::new(10_000), n, |live, i| live.hit(i))
}

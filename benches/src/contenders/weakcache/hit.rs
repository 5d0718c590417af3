//! Looking up what is there: with a handle of it, and borrowed.

use std::marker::PhantomData;
use std::sync::Arc;

use super::keys::{Keys, LIVE, start};
use super::maps::Papayas;
use super::peer::{Payload, StrongField, Strongly, Value, WeakField, Weakly};
use super::roster;
use crate::case::{Case, Contender};

/// A weak map and what keeps its entries alive.
pub(super) struct Held<P: Weakly> {
    pub(super) map: P,
    #[expect(dead_code, reason = "held, not read")]
    handles: Vec<P::Handle>,
}

impl<P: Weakly> Held<P> {
    pub(super) fn new() -> Self {
        let map = P::new();
        let handles = (0..LIVE).map(|key| map.insert(key)).collect();
        Self { map, handles }
    }

    /// Gets a handle, looks at the payload, drops the handle.
    #[inline(always)]
    pub(super) fn get(&self, key: u64) -> u64 {
        self.map.get(key).map_or(0, |found| found.right(key))
    }
}

/// A cache that holds all live entries. It has room for twice as many, so that none is missing from a cache whose parts
/// each have a bound.
pub(super) fn filled<P: Strongly>() -> P {
    let cache = P::new(2 * LIVE as usize);
    (0..LIVE).for_each(|key| cache.insert(key));
    // Whatever waits to be done is done now.
    assert_eq!(cache.len() as u64, LIVE);
    cache
}

struct Hits<K>(Case, PhantomData<K>);

impl<K: Keys> WeakField for Hits<K> {
    fn enter<P: Weakly>(self, name: &str) -> Self {
        let operation = |held: &Held<P>, start: &mut u64, i: u64| held.get(K::at(start.wrapping_add(i)));
        Self(self.0.with(Contender::new(name, Held::<P>::new, start, operation)), PhantomData)
    }
}

impl<K: Keys> StrongField for Hits<K> {
    fn enter<P: Strongly>(self, name: &str) -> Self {
        let operation = |cache: &P, start: &mut u64, i: u64| cache.find(K::at(start.wrapping_add(i))).unwrap_or(0);
        Self(self.0.with(Contender::new(name, filled::<P>, start, operation)), PhantomData)
    }
}

/// Weak maps, all entries in use by somebody.
pub(super) fn handle<K: Keys>(threads: usize) -> Case {
    let case = Case::new("weakcache", "hit", format!("hit, handle, 10k live, {}", K::NAME), |n| n)
        .note(
            "ns of a core per get, look at the payload of 64 bytes, and drop of the handle. `lagom`: capacity 0, `default tier`: 1,000 entries are \
             held strongly as well, in the workaround too. In favour of the others: but for the original they count no \
             hits, and a handle that is dropped takes nothing out of them. The original has room for all.",
        )
        .threads(threads);
    roster::weak(Hits::<K>(case, PhantomData)).0
}

/// Caches that hold what is looked for.
pub(super) fn borrowed<K: Keys>(threads: usize) -> Case {
    let case = Case::new("weakcache", "borrow", format!("borrowed hit, 10k resident, {}", K::NAME), |n| n)
        .note(
            "ns of a core per look at a payload of 64 bytes; the caches hold 10,000 entries and have room for twice as many. `lagom` borrows \
             (`with`), `lagom get` and all others hand out a handle, which is all that they can: quick_cache, moka and lru an `Arc`, \
             the weak maps, whose entries others hold, an upgraded `Weak`. In favour of the weak maps: they have no bound. The plain \
             map borrows without a lock or a count; it neither has a bound nor forgets.",
        )
        .threads(threads);
    let hits = roster::strong::<Payload, Arc<Payload>, _>(Hits::<K>(case, PhantomData));
    let case = roster::weak_rivals(hits).0;
    let look = |map: &Papayas<Payload>, start: &mut u64, i: u64| map.look(K::at(start.wrapping_add(i)));
    case.with(Contender::new("papaya, plain map", || Papayas::plain(LIVE), start, look).floor())
}

/// The same with numbers, which all copy.
pub(super) fn number<K: Keys>(threads: usize) -> Case {
    let case = Case::new("weakcache", "strong", format!("strong hit, u64 -> u64, 10k resident, {}", K::NAME), |n| n)
        .note(
            "ns of a core per look-up; 10,000 entries in room for twice as many. `lagom` borrows the number, `lagom get` hands \
             out a handle, the others copy it.",
        )
        .threads(threads);
    roster::strong::<u64, u64, _>(Hits::<K>(case, PhantomData)).0
}

//! Bytes that an entry costs.

use std::cell::OnceCell;
use std::rc::Rc;

use super::peer::{Payload, StrongField, Strongly, Value, WeakField, Weakly};
use super::roster;
use crate::case::{Case, Contender, Found};
use crate::measure::HeldBytes;

/// Entries held at once.
const ENTRIES: u64 = 100_000;

/// What was found in one go, and the answer that goes with it; asked for figure by figure.
pub(super) struct Once<const N: usize>(Rc<OnceCell<([f64; N], u64)>>);

impl<const N: usize> Once<N> {
    pub(super) fn new() -> Self {
        Self(Rc::default())
    }

    /// The figure of that number; `find` runs when the first is asked for.
    pub(super) fn nth(
        &self,
        nth: usize,
        find: impl Fn(u64) -> ([f64; N], u64) + 'static,
    ) -> impl Fn(u64) -> Found + 'static {
        let found = Rc::clone(&self.0);
        move |n| {
            let (values, answer) = found.get_or_init(|| find(n));
            Found { value: values[nth], answer: *answer }
        }
    }
}

struct Weak(Case);

impl WeakField for Weak {
    fn enter<P: Weakly>(self, name: &str) -> Self {
        let once = Once::new();
        let contender = Contender::untimed(name)
            .figure("alive, beyond key and value", "bytes", ENTRIES, once.nth(0, weak::<P>))
            .figure("all handles dropped", "bytes", ENTRIES, once.nth(1, weak::<P>))
            .figure("and cleaned up", "bytes", ENTRIES, once.nth(2, weak::<P>));
        Self(self.0.with(contender))
    }
}

fn weak<P: Weakly>(n: u64) -> ([f64; 3], u64) {
    let mut handles = Vec::with_capacity(n as usize);
    let held = HeldBytes::begin();
    let per_entry = || held.bytes() as f64 / n as f64;
    let map = P::new();
    handles.extend((0..n).map(|key| map.insert(key)));
    let alive = per_entry() - size_of::<(u64, Payload)>() as f64;
    let answer = (0..n).filter_map(|key| Some(map.get(key)?.right(key))).sum();
    handles.clear();
    let dead = per_entry();
    map.shrink();
    ([alive, dead, per_entry()], answer)
}

/// Weak maps, alive and dead.
pub(super) fn weakly() -> Case {
    let case = Case::new("weakcache", "bytes", "bytes per entry, weak", |n| n).note(
        "Bytes asked of the allocator per entry, of 100,000 with keys of 8 and payloads of 64 bytes: beyond these 72 while handles keep all alive; \
         in all when every handle is dropped; and after a clean-up, as the map has it. `default tier` and the workaround keep \
         1,000 on purpose.",
    );
    roster::weak(Weak(case)).0
}

struct Strong(Case);

impl StrongField for Strong {
    fn enter<P: Strongly>(self, name: &str) -> Self {
        let once = Once::new();
        let contender = Contender::untimed(name)
            .figure("beyond key and value", "bytes", ENTRIES, once.nth(0, strong::<P>))
            .figure("entries held", "entries", ENTRIES, once.nth(1, strong::<P>));
        Self(self.0.with(contender))
    }
}

fn strong<P: Strongly>(n: u64) -> ([f64; 2], u64) {
    let held = HeldBytes::begin();
    let cache = P::new(n as usize);
    (0..2 * n).for_each(|key| cache.insert(key));
    let len = cache.len() as u64;
    let bytes = held.bytes() as f64 / len as f64 - size_of::<(u64, u64)>() as f64;
    // As many as it says, all of them right, and no more than there may be.
    let found = (0..2 * n).filter_map(|key| cache.find(key)).sum::<u64>();
    ([bytes, len as f64], if found == len && len <= n { n } else { found })
}

/// Bounded caches, full.
pub(super) fn strongly() -> Case {
    let case = Case::new("weakcache", "bytes", "bytes per entry, strong, u64 -> u64", |n| n).note(
        "Bytes asked of the allocator per entry held, beyond its 16, with all that the policy remembers: capacity 100,000, \
         after 200,000 insertions.",
    );
    roster::strong::<u64, u64, _>(Strong(case)).0
}

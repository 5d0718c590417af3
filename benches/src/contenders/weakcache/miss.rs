//! Bounded caches that do not hold all.

use super::keys::{ZIPF, ZIPF_LENGTH, own, start};
use super::peer::{StrongField, Strongly};
use super::roster;
use crate::case::{Case, Contender, Found};
use crate::contenders::Scale;

/// Looks up, and puts in what is not there; also tells whether it was.
#[inline(always)]
fn look<P: Strongly>(cache: &P, key: u64) -> (u64, bool) {
    match cache.find(key) {
        Some(right) => (right, true),
        None => {
            cache.insert(key);
            (1, false)
        }
    }
}

/// Where a thread is in the trace, which it goes round.
struct Place {
    trace: &'static [u32],
    at: usize,
}

impl Place {
    fn new(at: u64) -> Self {
        Self { trace: &ZIPF, at: at as usize % ZIPF_LENGTH }
    }

    #[inline(always)]
    fn next(&mut self) -> u64 {
        let key = self.trace[self.at];
        self.at = if self.at + 1 == self.trace.len() { 0 } else { self.at + 1 };
        u64::from(key)
    }
}

/// Skewed keys against a cache of that capacity.
struct Zipf {
    case: Case,
    capacity: usize,
    warm: usize,
}

impl StrongField for Zipf {
    fn enter<P: Strongly>(self, name: &str) -> Self {
        let Self { case, capacity, warm } = self;
        let make = move || {
            let cache = P::new(capacity);
            let mut place = Place::new(ZIPF_LENGTH as u64 / 2);
            for _ in 0..warm {
                look(&cache, place.next());
            }
            cache
        };
        let local = |thread| Place::new(start(thread));
        let contender =
            Contender::new(name, make, local, |cache: &P, place: &mut Place, _| look(cache, place.next()).0);
        let contender = if case.threads == 1 {
            contender.figure("hit ratio", "%", ZIPF_LENGTH as u64, move |n| ratio::<P>(capacity, n))
        } else {
            contender
        };
        Self { case: case.with(contender), capacity, warm }
    }
}

/// Hits among the last three quarters, in percent.
fn ratio<P: Strongly>(capacity: usize, n: u64) -> Found {
    let (cache, mut place) = (P::new(capacity), Place::new(0));
    let (mut answer, mut hits) = (0, 0_u64);
    for i in 0..n {
        let (right, hit) = look(&cache, place.next());
        answer += right;
        hits += u64::from(hit && i >= n / 4);
    }
    Found { value: 100.0 * hits as f64 / (n - n / 4) as f64, answer }
}

/// A skewed trace.
pub(super) fn zipf(capacity: usize, threads: usize, scale: Scale) -> Case {
    let name = format!("zipf 0.99 over 1M keys, capacity {}k", capacity / 1_000);
    let case = Case::new("weakcache", "strong", name, |n| n)
        .note(
            "ns of a core per look-up, and insertion of what is missing; u64 -> u64, after a warm-up of ten looks per place. Hit \
             ratio: of the last three quarters of 4 million looks, from empty.",
        )
        .threads(threads);
    let warm = if scale == Scale::Smoke { 1_000 } else { 10 * capacity };
    roster::strong::<u64, u64, _>(Zipf { case, capacity, warm }).case
}

const CAPACITY: usize = 10_000;

struct Fresh(Case);

impl StrongField for Fresh {
    fn enter<P: Strongly>(self, name: &str) -> Self {
        let make = || {
            let cache = P::new(CAPACITY);
            (0..2 * CAPACITY as u64).for_each(|key| cache.insert(key));
            cache
        };
        let operation = |cache: &P, next: &mut u64, _: u64| {
            *next += 1;
            let (right, hit) = look(cache, *next);
            right * u64::from(!hit)
        };
        Self(self.0.with(Contender::new(name, make, own, operation)))
    }
}

/// Keys that were never there.
pub(super) fn fresh(threads: usize) -> Case {
    let case = Case::new("weakcache", "strong", "miss and insert, capacity 10k", |n| n)
        .note("ns of a core per look-up that finds nothing and insertion into a full cache; u64 -> u64, every key is new.")
        .threads(threads);
    roster::strong::<u64, u64, _>(Fresh(case)).0
}

//! Filling from a factory: one load for all that ask, and nobody else waits.

use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::keys::{Keys, LIVE, Uniform, own, start};
use super::peer::{Loading, LoadingField};
use super::roster;
use crate::case::{Case, Contender, Found};

const CAPACITY: usize = 10_000;

/// What the factory makes.
#[inline(always)]
fn value(key: u64) -> u64 {
    black_box(key ^ 0x5bd1_e995)
}

/// 1 when the cache gave that.
#[inline(always)]
pub(super) fn load<P: Loading>(cache: &P, key: u64) -> u64 {
    u64::from(cache.load(key, || value(key)) == value(key))
}

struct Fresh(Case);

impl LoadingField for Fresh {
    fn enter<P: Loading>(self, name: &str) -> Self {
        let operation = |cache: &P, next: &mut u64, _: u64| {
            *next += 1;
            load(cache, *next)
        };
        Self(self.0.with(Contender::new(name, || P::new(CAPACITY), own, operation)))
    }
}

/// Keys that were never there.
pub(super) fn fresh(threads: usize) -> Case {
    let case = Case::new("weakcache", "flight", "fresh key, trivial factory", |n| n)
        .note(
            "ns of a core per `get_or_insert_with` of a key that is new, of a factory that costs nothing, capacity 10,000; u64 -> u64. In favour of \
             lru: the factory runs under its lock, so that there is no flight.",
        )
        .threads(threads);
    roster::loading(Fresh(case)).0
}

struct Hit(Case);

impl LoadingField for Hit {
    fn enter<P: Loading>(self, name: &str) -> Self {
        let make = || {
            let cache = P::new(2 * CAPACITY);
            (0..LIVE).for_each(|key| assert_eq!(load(&cache, key), 1));
            cache
        };
        let operation = |cache: &P, start: &mut u64, i: u64| load(cache, Uniform::at(start.wrapping_add(i)));
        Self(self.0.with(Contender::new(name, make, start, operation)))
    }
}

/// Keys that are there.
pub(super) fn hit(threads: usize) -> Case {
    let case = Case::new("weakcache", "flight", "get_or_insert_with, hit, 10k resident", |n| n)
        .note(
            "ns of a core per call that finds the key, of 10,000 with room for twice as many; u64 -> u64. \
             Ours hands out a handle, the others copy. The maps have no bound.",
        )
        .threads(threads);
    roster::loading_and_maps(Hit(case)).0
}

/// How long a slow factory takes.
const SLOW: Duration = Duration::from_millis(30);

/// Threads that want the same key at once.
const HERD: u64 = 8;

/// Reads of other keys while one loads.
const READS: u64 = 10_000;

struct Slow(Case);

impl LoadingField for Slow {
    fn enter<P: Loading>(self, name: &str) -> Self {
        let contender = Contender::untimed(name)
            .figure("calls for 8 threads at once", "calls", HERD, calls::<P>)
            .figure("longest of 10,000 reads of other keys meanwhile", "µs", READS, undisturbed::<P>);
        Self(self.0.with(contender))
    }
}

/// Calls of the factory when threads ask for one key together.
fn calls<P: Loading>(threads: u64) -> Found {
    let (cache, called) = (P::new(CAPACITY), AtomicU64::new(0));
    let together = Barrier::new(threads as usize);
    let ask = || {
        together.wait();
        let given = cache.load(1, || {
            called.fetch_add(1, Ordering::Relaxed);
            thread::sleep(SLOW);
            value(1)
        });
        u64::from(given == value(1))
    };
    let answer = thread::scope(|scope| {
        let asking: Vec<_> = (0..threads).map(|_| scope.spawn(ask)).collect();
        asking.into_iter().map(|thread| thread.join().expect("a load does not panic")).sum()
    });
    Found { value: called.load(Ordering::Relaxed) as f64, answer }
}

/// The least of three tries, as a thread may lose its core.
fn undisturbed<P: Loading>(n: u64) -> Found {
    let tries = [(); 3].map(|()| meanwhile::<P>(n));
    let value = tries.iter().map(|found| found.value).fold(f64::INFINITY, f64::min);
    Found { value, answer: tries.iter().map(|found| found.answer).min().unwrap_or(0) }
}

/// The longest of so many reads while another thread loads a key.
fn meanwhile<P: Loading>(n: u64) -> Found {
    let cache = P::new(2 * CAPACITY);
    (0..n).for_each(|key| assert_eq!(load(&cache, key), 1));
    let loading = AtomicBool::new(false);
    let slow = || {
        cache.load(n, || {
            loading.store(true, Ordering::Release);
            thread::sleep(SLOW);
            value(n)
        })
    };
    thread::scope(|scope| {
        scope.spawn(slow);
        while !loading.load(Ordering::Acquire) {
            thread::yield_now();
        }
        let (mut answer, mut longest) = (0, Duration::ZERO);
        for key in 0..n {
            let started = Instant::now();
            answer += u64::from(cache.read(key) == Some(value(key)));
            longest = longest.max(started.elapsed());
        }
        Found { value: 1e6 * longest.as_secs_f64(), answer }
    })
}

/// A factory of 30 ms.
pub(super) fn slow() -> Case {
    let case = Case::new("weakcache", "flight", "a factory of 30 ms", |n| n).note(
        "How often the factory runs when 8 threads ask for one key at once; and the longest of 10,000 reads of other keys \
         while one loads, at the best of three tries: a read that takes 30,000 µs waited for the factory.",
    );
    roster::loading_and_maps(Slow(case)).0
}

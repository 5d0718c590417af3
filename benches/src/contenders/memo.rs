//! Memoized functions.
//!
//! The body costs next to nothing, so that the cost of remembering shows. Entries live for 300 s. moka gets the hasher
//! that lagom uses in place of its slower one; cached comes with the same, quick_cache with one as fast.

use std::convert::Infallible;
use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ahash::RandomState;
use cached::macros::{cached, concurrent_cached};
use lagom_memo::{Memo, memoize};

use super::Scale;
use crate::case::{Case, Contender, Found};

const KEYS: u64 = 1024;
const CAPACITY: usize = 16_384;
const TTL: Duration = Duration::from_secs(300);

pub(super) fn cases(_: Scale) -> Vec<Case> {
    let mut cases = Vec::new();
    for threads in [1, 2] {
        cases.push(hit_u64(threads));
        cases.push(hit_str(threads));
        cases.push(miss(threads));
    }
    cases.push(herd());
    cases
}

/// What is remembered.
fn body(x: u64) -> u64 {
    x.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5bd1_e995
}

fn right(given: u64, x: u64) -> u64 {
    u64::from(given == body(x))
}

fn key(i: u64) -> u64 {
    i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 54
}

/// An entry is remembered by each function and store below under the names that the reports use.
mod functions {
    use super::*;

    #[memoize(ttl = "300s", capacity = 16384)]
    pub(super) fn ours(x: u64) -> u64 {
        body(x)
    }

    #[cached(ttl_secs = 300, max_size = 16384)]
    pub(super) fn cached_bounded(x: u64) -> u64 {
        body(x)
    }

    #[concurrent_cached(ttl_secs = 300)]
    pub(super) fn concurrent(x: u64) -> u64 {
        body(x)
    }

    #[concurrent_cached(ttl_secs = 300, max_size = 16384)]
    pub(super) fn concurrent_bounded(x: u64) -> u64 {
        body(x)
    }

    #[memoize(ttl = "300s", capacity = 16384)]
    pub(super) fn ours_str(text: &str) -> u64 {
        text.len() as u64
    }

    #[concurrent_cached(ttl_secs = 300, key = "String", convert = { text.to_owned() })]
    pub(super) fn concurrent_str(text: &str) -> u64 {
        text.len() as u64
    }

    #[concurrent_cached(ttl_secs = 300, max_size = 16384, key = "String", convert = { text.to_owned() })]
    pub(super) fn concurrent_bounded_str(text: &str) -> u64 {
        text.len() as u64
    }

    #[memoize(ttl = "300s", capacity = 16384)]
    pub(super) fn ours_slow(x: u64) -> u64 {
        slow_body(x)
    }

    #[concurrent_cached(ttl_secs = 300)]
    pub(super) fn concurrent_slow(x: u64) -> u64 {
        slow_body(x)
    }

    #[cached(ttl_secs = 300, sync_writes = "by_key")]
    pub(super) fn by_key_slow(x: u64) -> u64 {
        slow_body(x)
    }
}

fn memo<K: std::hash::Hash + Eq + Clone + Send + Sync + 'static>() -> Memo<K, u64> {
    Memo::builder().capacity(CAPACITY).ttl(TTL).build()
}

fn moka<K: std::hash::Hash + Eq + Send + Sync + 'static>() -> moka::sync::Cache<K, u64, RandomState> {
    let builder = moka::sync::Cache::builder().max_capacity(CAPACITY as u64).time_to_live(TTL);
    builder.build_with_hasher(RandomState::new())
}

fn quick<K: std::hash::Hash + Eq>() -> quick_cache::sync::Cache<K, u64> {
    quick_cache::sync::Cache::new(CAPACITY)
}

fn quick_get(cache: &quick_cache::sync::Cache<u64, u64>, x: u64, f: fn(u64) -> u64) -> u64 {
    cache.get_or_insert_with(&x, || Ok::<_, Infallible>(f(x))).unwrap_or_else(|never| match never {})
}

fn hit_u64(threads: usize) -> Case {
    Case::new("memo", "core", "hit, u64 -> u64, 1,024 keys", |n| n)
        .note(
            "ns per call. In their favour: `concurrent_cached` without `bounded` has no capacity, quick_cache no expiry \
               and so no look at the clock. moka hashes with ahash, as ours does, and not with its own slower hasher.",
        )
        .threads(threads)
        .with(function("lagom", functions::ours))
        .with(Contender::shared("lagom Memo", memo, |memo, i| {
            right(memo.get_or_insert_with(key(i), || body(key(i))), key(i))
        }))
        .with(function("cached", functions::cached_bounded))
        .with(function("concurrent_cached", functions::concurrent))
        .with(function("concurrent_cached bounded", functions::concurrent_bounded))
        .with(Contender::shared("moka", moka, |cache, i| right(cache.get_with(key(i), || body(key(i))), key(i))))
        .with(Contender::shared("quick_cache", quick, |cache, i| right(quick_get(cache, key(i), body), key(i))))
}

/// The call is through a pointer for all alike: 1 ns at most.
fn function(name: &str, f: fn(u64) -> u64) -> Contender {
    Contender::shared(name, move || f, |f, i| right(f(key(i)), key(i)))
}

/// A store and texts of 13 bytes to ask it for.
struct Texts<T>(Vec<String>, T);

impl<T> Texts<T> {
    fn new(store: T) -> Self {
        Self((0..KEYS).map(|i| format!("airport/{i:05}")).collect(), store)
    }

    fn text(&self, i: u64) -> &str {
        &self.0[usize::try_from(key(i)).unwrap_or(0)]
    }
}

fn hit_str(threads: usize) -> Case {
    Case::new("memo", "core", "hit, &str -> u64, 1,024 keys", |n| 13 * n)
        .note(
            "ns per call with 13 bytes of text. In our favour: `concurrent_cached` makes a String of it to look it up. \
               In theirs: it has no capacity without `bounded`, quick_cache has no expiry. moka hashes with ahash.",
        )
        .threads(threads)
        .with(text_function("lagom", functions::ours_str))
        .with(text_function("concurrent_cached", functions::concurrent_str))
        .with(text_function("concurrent_cached bounded", functions::concurrent_bounded_str))
        .with(Contender::shared(
            "moka",
            || Texts::new(moka::<String>()),
            |texts, i| {
                let text = texts.text(i);
                black_box(texts.1.get_with_by_ref(text, || text.len() as u64))
            },
        ))
        .with(Contender::shared(
            "quick_cache",
            || Texts::new(quick::<String>()),
            |texts, i| {
                let text = texts.text(i);
                let length = texts.1.get_or_insert_with(text, || Ok::<_, Infallible>(text.len() as u64));
                black_box(length.unwrap_or_else(|never| match never {}))
            },
        ))
}

fn text_function(name: &str, f: fn(&str) -> u64) -> Contender {
    Contender::shared(name, move || Texts::new(f), |texts, i| black_box(texts.1(texts.text(i))))
}

/// Keys that no one asked for before, for each thread of each contender.
fn fresh(_: usize) -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed) << 40
}

fn next(key: &mut u64) -> u64 {
    *key += 1;
    *key
}

fn miss(threads: usize) -> Case {
    Case::new("memo", "core", "miss, u64 -> u64, room for 16,384", |n| n)
        .note(
            "ns per call with a key never seen before, so that a full store evicts. In their favour: quick_cache has no \
               expiry, and moka may turn a new entry away.",
        )
        .threads(threads)
        .with(missing("lagom", functions::ours))
        .with(Contender::new("lagom Memo", memo, fresh, |memo, key, _| {
            let key = next(key);
            right(memo.get_or_insert_with(key, || body(key)), key)
        }))
        .with(missing("cached", functions::cached_bounded))
        .with(missing("concurrent_cached bounded", functions::concurrent_bounded))
        .with(Contender::new("moka", moka, fresh, |cache, key, _| {
            let key = next(key);
            right(cache.get_with(key, || body(key)), key)
        }))
        .with(Contender::new("quick_cache", quick, fresh, |cache, key, _| {
            let key = next(key);
            right(quick_get(cache, key, body), key)
        }))
}

fn missing(name: &str, f: fn(u64) -> u64) -> Contender {
    Contender::new(
        name,
        move || f,
        fresh,
        |f, key, _| {
            let key = next(key);
            right(f(key), key)
        },
    )
}

static BODIES: AtomicU64 = AtomicU64::new(0);
const SLOW: Duration = Duration::from_millis(5);

fn slow_body(x: u64) -> u64 {
    BODIES.fetch_add(1, Ordering::Relaxed);
    std::thread::sleep(SLOW);
    body(x)
}

/// Eight threads ask for one cold key at once: how often the body runs, and until when all have their answer.
fn herd() -> Case {
    let mut case = Case::new("memo", "herd", "herd: 8 threads, one cold key, body of 5 ms", |n| n).note(
        "`calls` is how often the body ran: 1 is what single flight promises; `wall` is until all have an answer, \
               starting the threads included.",
    );
    type Make = fn() -> Box<dyn Fn(u64) -> u64 + Sync>;
    let contenders: [(&str, Make); 6] = [
        ("lagom", || Box::new(functions::ours_slow)),
        ("lagom Memo", || {
            let memo = memo();
            Box::new(move |x| memo.get_or_insert_with(x, || slow_body(x)))
        }),
        ("concurrent_cached", || Box::new(functions::concurrent_slow)),
        ("cached by_key", || Box::new(functions::by_key_slow)),
        ("moka", || {
            let cache = moka();
            Box::new(move |x| cache.get_with(x, || slow_body(x)))
        }),
        ("quick_cache", || {
            let cache = quick();
            Box::new(move |x| quick_get(&cache, x, slow_body))
        }),
    ];
    for (name, make) in contenders {
        let contender = Contender::untimed(name)
            .figure("calls", "calls", 8, move |threads| stampede(&make(), threads, |_| calls()))
            .figure("wall", "ms", 8, move |threads| stampede(&make(), threads, |wall| 1e3 * wall.as_secs_f64()));
        case = case.with(contender);
    }
    case
}

fn calls() -> f64 {
    BODIES.load(Ordering::Relaxed) as f64
}

fn stampede(f: &(dyn Fn(u64) -> u64 + Sync), threads: u64, value: impl Fn(Duration) -> f64) -> Found {
    BODIES.store(0, Ordering::Relaxed);
    let key = fresh(0);
    let gate = Barrier::new(usize::try_from(threads).unwrap_or(1));
    let started = Instant::now();
    let answer = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    gate.wait();
                    right(f(key), key)
                })
            })
            .collect();
        callers.into_iter().map(|caller| caller.join().unwrap_or(0)).sum()
    });
    Found { value: value(started.elapsed()), answer }
}

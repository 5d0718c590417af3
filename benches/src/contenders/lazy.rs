//! Values computed when first needed, for good or until they expire.

use std::cell::LazyCell;
use std::hint::black_box;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use ahash::RandomState;
use arc_swap::ArcSwap;
use cached::macros::once;
use lagom_lazy::{ExpiringLazy, Lazy};

use super::Scale;
use crate::case::{Case, Contender};

const TTL: Duration = Duration::from_secs(300);
const VALUE: u64 = 42;

pub(super) fn cases(_: Scale) -> Vec<Case> {
    let mut cases = vec![first_read()];
    for threads in [1, 2] {
        cases.push(read(threads));
        cases.push(expiring_read(threads));
    }
    cases
}

fn value() -> u64 {
    black_box(VALUE)
}

/// A `fn` pointer, as a `static` has it.
type Make<T = u64> = fn() -> T;

fn read(threads: usize) -> Case {
    Case::new("lazy", "core", "read, initialised", |n| VALUE * n)
        .note("ns per read of a u64. arc-swap can be set again and #[once] copies: both do more than the others.")
        .threads(threads)
        .with(Contender::shared("lagom", || Lazy::<u64>::new(value as Make), |lazy, _| **black_box(lazy)))
        .with(Contender::shared("std LazyLock", || LazyLock::new(value as Make), |lazy, _| **black_box(lazy)))
        .with(Contender::shared(
            "once_cell Lazy",
            || once_cell::sync::Lazy::new(value as Make),
            |lazy, _| **black_box(lazy),
        ))
        .with(Contender::shared("arc-swap load", || ArcSwap::from_pointee(value()), |swap, _| **black_box(swap).load()))
        .with(Contender::shared("cached #[once]", || kept as Make, |kept, _| kept()))
}

#[once]
fn kept() -> u64 {
    value()
}

fn first_read() -> Case {
    Case::new("lazy", "core", "make and read once", |n| VALUE * n)
        .note("ns for a new lazy value, its initialisation and one read; LazyCell, the floor, serves one thread only.")
        .with(Contender::shared("lagom", || (), |(), _| *black_box(Lazy::<u64>::new(value as Make))))
        .with(Contender::shared("std LazyLock", || (), |(), _| *black_box(LazyLock::new(value as Make))))
        .with(Contender::shared("std LazyCell", || (), |(), _| *black_box(LazyCell::new(value as Make))).floor())
        .with(Contender::shared("once_cell Lazy", || (), |(), _| *black_box(once_cell::sync::Lazy::new(value as Make))))
}

#[once(ttl_secs = 300)]
fn kept_for_a_while() -> u64 {
    value()
}

#[once(ttl_secs = 300)]
fn shared_for_a_while() -> Arc<u64> {
    Arc::new(value())
}

/// By hand: the value with the time of its making, computed anew by whoever finds it expired.
fn by_arc_swap(swap: &ArcSwap<(Instant, u64)>) -> u64 {
    let kept = swap.load();
    if kept.0.elapsed() < TTL {
        return kept.1;
    }
    let value = value();
    swap.store(Arc::new((Instant::now(), value)));
    value
}

fn by_lock(lock: &RwLock<(Instant, Arc<u64>)>) -> u64 {
    let kept = lock.read().unwrap_or_else(PoisonError::into_inner);
    if kept.0.elapsed() < TTL {
        return **black_box(&Arc::clone(&kept.1));
    }
    drop(kept);
    let value = value();
    *lock.write().unwrap_or_else(PoisonError::into_inner) = (Instant::now(), Arc::new(value));
    value
}

fn expiring_read(threads: usize) -> Case {
    Case::new("lazy", "expiring", "read, expires after 300 s", |n| VALUE * n)
        .note(
            "ns per read with its look at the clock. What ours, `Arc` and RwLock hand out outlives expiry, the others \
               copy: in their favour. In ours: moka is made for many keys.",
        )
        .threads(threads)
        .with(Contender::shared(
            "lagom",
            || ExpiringLazy::<u64>::new(TTL, value as Make),
            |lazy, _| *black_box(lazy.get()),
        ))
        .with(Contender::shared("cached #[once]", || kept_for_a_while as Make, |kept, _| kept()))
        .with(Contender::shared(
            "cached #[once] Arc",
            || shared_for_a_while as Make<Arc<u64>>,
            |shared, _| *black_box(shared()),
        ))
        .with(Contender::shared(
            "arc-swap + Instant",
            || ArcSwap::from_pointee((Instant::now(), value())),
            |swap, _| by_arc_swap(swap),
        ))
        .with(Contender::shared(
            "RwLock<Arc> + Instant",
            || RwLock::new((Instant::now(), Arc::new(value()))),
            |lock, _| by_lock(lock),
        ))
        .with(Contender::shared(
            "moka",
            // Its own hasher is slower.
            || moka::sync::Cache::builder().max_capacity(1).time_to_live(TTL).build_with_hasher(RandomState::new()),
            |cache: &moka::sync::Cache<(), u64, RandomState>, _| cache.get_with((), value),
        ))
}

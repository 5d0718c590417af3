//! The counts behind the tracking allocator.
//!
//! Nothing here allocates, locks or panics: it runs inside `malloc`. The thread-local counts have no destructor, so they
//! can be reached as long as the thread allocates.

use std::cell::Cell;
use std::ops::{Add, Sub};
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU64, AtomicUsize, Ordering};

use crate::heap::Mode;

/// A line of its own, and the neighbour that the prefetcher brings along.
#[repr(align(128))]
struct Padded<T>(T);

static MODE: AtomicU8 = AtomicU8::new(Mode::Count as u8);
/// Signed: a block from before counting began may be freed while counting.
static CURRENT: Padded<AtomicI64> = Padded(AtomicI64::new(0));
static PEAK: Padded<AtomicI64> = Padded(AtomicI64::new(0));

/// Totals are spread, so that threads seldom meet on one line.
const SHARDS: usize = 32;
static TOTALS: [Padded<Totals>; SHARDS] =
    [const { Padded(Totals { allocations: AtomicU64::new(0), bytes: AtomicU64::new(0) }) }; SHARDS];
static NEXT_SHARD: AtomicUsize = AtomicUsize::new(0);

struct Totals {
    allocations: AtomicU64,
    bytes: AtomicU64,
}

/// Allocations, requested bytes and released ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) allocations: u64,
    pub(crate) bytes: u64,
    /// Bytes released, of whatever thread's blocks.
    pub(crate) freed: u64,
}

impl Counts {
    pub(crate) const ZERO: Self = Self { allocations: 0, bytes: 0, freed: 0 };
}

impl Add for Counts {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            allocations: self.allocations.wrapping_add(other.allocations),
            bytes: self.bytes.wrapping_add(other.bytes),
            freed: self.freed.wrapping_add(other.freed),
        }
    }
}

impl Sub for Counts {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self {
            allocations: self.allocations.saturating_sub(other.allocations),
            bytes: self.bytes.saturating_sub(other.bytes),
            freed: self.freed.saturating_sub(other.freed),
        }
    }
}

struct Local {
    counts: Cell<Counts>,
    shard: Cell<usize>,
}

const NO_SHARD: usize = usize::MAX;

thread_local! {
    static LOCAL: Local = const { Local { counts: Cell::new(Counts::ZERO), shard: Cell::new(NO_SHARD) } };
}

/// What the calling thread has allocated so far.
#[inline]
pub(crate) fn thread() -> Counts {
    LOCAL.try_with(|local| local.counts.get()).unwrap_or(Counts::ZERO)
}

/// Whether the calling thread's allocations have ever been counted.
#[inline]
pub(crate) fn thread_is_counted() -> bool {
    LOCAL.try_with(|local| local.counts.get().allocations != 0).unwrap_or(false)
}

#[inline]
fn counting() -> bool {
    MODE.load(Ordering::Relaxed) == Mode::Count as u8
}

/// One allocation more, `grown` bytes of it new.
#[inline]
fn count(grown: usize) {
    let grown = grown as u64;
    let shard = LOCAL
        .try_with(|local| {
            local.counts.set(local.counts.get() + Counts { allocations: 1, bytes: grown, freed: 0 });
            let mut shard = local.shard.get();
            if shard == NO_SHARD {
                shard = NEXT_SHARD.fetch_add(1, Ordering::Relaxed) % SHARDS;
                local.shard.set(shard);
            }
            shard
        })
        .unwrap_or(0);
    let totals = &TOTALS[shard].0;
    totals.allocations.fetch_add(1, Ordering::Relaxed);
    totals.bytes.fetch_add(grown, Ordering::Relaxed);
}

/// `shrunk` bytes less.
#[inline]
fn uncount(shrunk: usize) {
    let shrunk = Counts { freed: shrunk as u64, ..Counts::ZERO };
    let _ = LOCAL.try_with(|local| local.counts.set(local.counts.get() + shrunk));
}

/// The live bytes change by `delta`.
#[inline]
fn shift(delta: i64) {
    // Sequentially consistent, so that `reset_peak` and a growth at the same moment cannot miss each other.
    let now = CURRENT.0.fetch_add(delta, Ordering::SeqCst).wrapping_add(delta);
    if delta > 0 && now > PEAK.0.load(Ordering::SeqCst) {
        PEAK.0.fetch_max(now, Ordering::SeqCst);
    }
}

/// Sizes are at most `isize::MAX`, so the casts are exact.
#[inline]
fn signed(size: usize) -> i64 {
    size as i64
}

#[inline]
pub(crate) fn on_alloc(size: usize) {
    if counting() {
        count(size);
        shift(signed(size));
    }
}

#[inline]
pub(crate) fn on_dealloc(size: usize) {
    if counting() {
        uncount(size);
        shift(-signed(size));
    }
}

#[inline]
pub(crate) fn on_realloc(old: usize, new: usize) {
    if counting() {
        count(new.saturating_sub(old));
        uncount(old.saturating_sub(new));
        shift(signed(new) - signed(old));
    }
}

pub(crate) fn mode() -> Mode {
    if counting() { Mode::Count } else { Mode::Off }
}

pub(crate) fn set_mode(mode: Mode) {
    MODE.store(mode as u8, Ordering::Relaxed);
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

pub(crate) fn current() -> u64 {
    unsigned(CURRENT.0.load(Ordering::SeqCst))
}

pub(crate) fn peak() -> u64 {
    // In this order: a growth between the two readings must not show a peak below the current value.
    let current = CURRENT.0.load(Ordering::SeqCst);
    unsigned(PEAK.0.load(Ordering::SeqCst).max(current))
}

pub(crate) fn reset_peak() {
    PEAK.0.swap(i64::MIN, Ordering::SeqCst);
    PEAK.0.fetch_max(CURRENT.0.load(Ordering::SeqCst), Ordering::SeqCst);
}

pub(crate) fn allocations() -> u64 {
    TOTALS.iter().map(|shard| shard.0.allocations.load(Ordering::Relaxed)).fold(0, u64::wrapping_add)
}

pub(crate) fn allocated_bytes() -> u64 {
    TOTALS.iter().map(|shard| shard.0.bytes.load(Ordering::Relaxed)).fold(0, u64::wrapping_add)
}

pub(crate) fn is_installed() -> bool {
    allocations() > 0
}

//! Exact figures of bytes: a plain load and store per event in the thread's own block.

use std::ops::{Add, Sub};
use std::sync::atomic::{AtomicI64, Ordering};

use lagom_base::sync::Mutex;

use super::block::{self, Block};
use super::flags;
use crate::on::peaks;

/// How much a thread's live bytes may differ from what the global figure knows of them.
const SLACK: i64 = 64 << 10;

/// A line of its own, and the neighbour that the prefetcher brings along.
#[repr(align(128))]
struct Padded<T>(T);

/// Live bytes as the threads have told.
static TOLD: Padded<AtomicI64> = Padded(AtomicI64::new(0));
static PEAK: Padded<AtomicI64> = Padded(AtomicI64::new(0));

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

/// One allocation more, `grown` bytes of it new.
#[inline(always)]
pub(super) fn add(block: &'static Block, grown: usize) {
    block.allocations.store(block.allocations.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    let allocated = block.allocated.load(Ordering::Relaxed).wrapping_add(grown as u64);
    block.allocated.store(allocated, Ordering::Relaxed);
    look(block, allocated, block.freed.load(Ordering::Relaxed));
}

/// `shrunk` bytes less.
#[inline(always)]
pub(super) fn sub(block: &'static Block, shrunk: usize) {
    let freed = block.freed.load(Ordering::Relaxed).wrapping_add(shrunk as u64);
    block.freed.store(freed, Ordering::Relaxed);
    look(block, block.allocated.load(Ordering::Relaxed), freed);
}

/// Tells when there is enough to tell.
#[inline(always)]
fn look(block: &'static Block, allocated: u64, freed: u64) {
    let net = allocated.wrapping_sub(freed).cast_signed();
    let untold = net.wrapping_sub(block.settled.load(Ordering::Relaxed));
    if untold.wrapping_add(SLACK).cast_unsigned() > 2 * SLACK as u64 {
        settle(block);
    }
}

fn net(block: &Block) -> i64 {
    // Both of one moment: the owner may release and allocate any amount between two readings.
    loop {
        let freed = block.freed.load(Ordering::Acquire);
        let allocated = block.allocated.load(Ordering::Acquire);
        if block.freed.load(Ordering::Relaxed) == freed {
            return allocated.wrapping_sub(freed).cast_signed();
        }
    }
}

/// Tells of a thread's live bytes; by any thread, at any time: what each adds is the difference to what the last one knew.
#[cold]
#[inline(never)]
pub(super) fn settle(block: &'static Block) {
    let net = net(block);
    let delta = net.wrapping_sub(block.settled.swap(net, Ordering::AcqRel));
    // Sequentially consistent, so that `reset_peak` and a growth at the same moment cannot miss each other.
    let now = TOLD.0.fetch_add(delta, Ordering::SeqCst).wrapping_add(delta);
    if delta > 0 && now > PEAK.0.load(Ordering::SeqCst) {
        PEAK.0.fetch_max(now, Ordering::SeqCst);
    }
}

/// What an exact peak and a watched one need after each event.
pub(super) fn after(block: &'static Block, flags: u8) {
    if flags & flags::EXACT != 0 {
        settle(block);
    }
    if flags & flags::WATCHED != 0 {
        peaks::raise(net(block));
    }
}

/// What the calling thread has allocated so far.
#[inline]
pub(crate) fn thread() -> Counts {
    block::own_if_any().map_or(Counts::ZERO, |block| Counts {
        allocations: block.allocations.load(Ordering::Relaxed),
        bytes: block.allocated.load(Ordering::Relaxed),
        freed: block.freed.load(Ordering::Relaxed),
    })
}

/// Whether allocations of the calling thread, or of one whose block it has, were ever counted.
#[inline]
pub(crate) fn thread_is_counted() -> bool {
    block::own_if_any().is_some_and(|block| block.allocations.load(Ordering::Relaxed) != 0)
}

/// How many threads have stretches open of which somebody wants the peak. A lock, so that the flag is up as long as there are
/// any: none may begin while another takes it down. Taken by those who watch, never in a hook.
static WATCHES: Mutex<u64> = Mutex::new(0);

/// From here on threads tell [`peaks`] of their growth.
pub(crate) fn watch() {
    let mut watches = WATCHES.lock();
    *watches += 1;
    flags::raise(flags::WATCHED);
}

/// The end of one [`watch`].
pub(crate) fn unwatch() {
    let mut watches = WATCHES.lock();
    *watches -= 1;
    if *watches == 0 {
        flags::lower(flags::WATCHED);
    }
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

pub(crate) fn current() -> u64 {
    // What is freed by one thread may have been allocated by another: all releases are read before any allocation.
    let freed = block::all().fold(0_u64, |sum, block| sum.wrapping_add(block.freed.load(Ordering::Acquire)));
    unsigned(allocated_bytes().wrapping_sub(freed).cast_signed())
}

pub(crate) fn peak() -> u64 {
    block::all().for_each(settle);
    // In this order: a growth between the two readings must not show a peak below the current value.
    let current = current();
    unsigned(PEAK.0.load(Ordering::SeqCst)).max(current)
}

pub(crate) fn reset_peak() {
    block::all().for_each(settle);
    PEAK.0.swap(i64::MIN, Ordering::SeqCst);
    PEAK.0.fetch_max(TOLD.0.load(Ordering::SeqCst), Ordering::SeqCst);
}

pub(crate) fn allocations() -> u64 {
    block::all().fold(0, |sum, block| sum.wrapping_add(block.allocations.load(Ordering::Relaxed)))
}

pub(crate) fn allocated_bytes() -> u64 {
    block::all().fold(0, |sum, block| sum.wrapping_add(block.allocated.load(Ordering::Relaxed)))
}

pub(crate) fn is_installed() -> bool {
    allocations() > 0
}

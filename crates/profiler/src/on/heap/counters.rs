//! Exact figures of bytes: one plain addition per event in the thread's own block.

use std::ops::{Add, Sub};
use std::sync::atomic::{AtomicI64, Ordering};

use lagom_base::sync::Mutex;

use super::block::{self, Block};
use super::flags;
use crate::on::peaks;

/// How much a thread's live bytes may differ from what the global figure knows of them; as much may be in a tally's word.
const SLACK: u64 = 32 << 10;

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

/// One allocation more, `grown` bytes of it new: at least one.
#[inline(always)]
pub(super) fn add(block: &'static Block, grown: usize) {
    if !block.tally.allocated(grown) {
        carry_over(block, 1, grown, 0);
    }
}

/// `shrunk` bytes less.
#[inline(always)]
pub(super) fn sub(block: &'static Block, shrunk: usize) {
    if !block.tally.released(shrunk) {
        carry_over(block, 0, 0, shrunk);
    }
}

/// A block shrank, or stayed as large: an allocation as well, of no bytes.
pub(super) fn shrink(block: &'static Block, shrunk: usize) {
    carry_over(block, 1, 0, shrunk);
}

/// Tells when there is enough to tell.
#[cold]
#[inline(never)]
fn carry_over(block: &'static Block, allocations: u64, bytes: usize, freed: usize) {
    let more = Counts { allocations, bytes: bytes as u64, freed: freed as u64 };
    let untold = net(block.tally.carry(more)).wrapping_sub(block.settled.load(Ordering::Relaxed));
    if untold.unsigned_abs() > SLACK {
        settle(block);
    }
}

fn net(counts: Counts) -> i64 {
    counts.bytes.wrapping_sub(counts.freed).cast_signed()
}

/// Tells of a thread's live bytes; by any thread, at any time: what each adds is the difference to what the last one knew.
#[cold]
#[inline(never)]
pub(super) fn settle(block: &'static Block) {
    let net = net(block.tally.read());
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
        peaks::raise(net(block.tally.own()));
    }
}

/// What the calling thread has allocated so far.
#[inline]
pub(crate) fn thread() -> Counts {
    block::own_if_any().map_or(Counts::ZERO, |block| block.tally.own())
}

/// Whether allocations of the calling thread, or of one whose block it has, were ever counted.
#[inline]
pub(crate) fn thread_is_counted() -> bool {
    block::own_if_any().is_some_and(|block| block.tally.is_used())
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
    let freed = block::all().fold(0_u64, |sum, block| sum.wrapping_add(block.tally.read().freed));
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
    block::all().fold(0, |sum, block| sum.wrapping_add(block.tally.read().allocations))
}

pub(crate) fn allocated_bytes() -> u64 {
    block::all().fold(0, |sum, block| sum.wrapping_add(block.tally.read().bytes))
}

pub(crate) fn is_installed() -> bool {
    allocations() > 0
}

//! One allocation in a while, with its stack: each byte is as likely to be met.
//!
//! The distances between the bytes that are met are exponential (a Poisson process), so a block of `s` bytes is sampled with
//! the chance `1 - exp(-s / interval)`, whatever came before it.

use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::block::{self, Block};
use super::sites::Weight;
use super::{hooks, large, region};
use crate::on::stack;

/// Mean bytes between two samples.
static INTERVAL: AtomicU64 = AtomicU64::new(512 << 10);
/// Samples that could not be kept.
static LOST: AtomicU64 = AtomicU64::new(0);

pub(crate) fn interval() -> u64 {
    INTERVAL.load(Ordering::Relaxed)
}

pub(crate) fn set_interval(bytes: u64) {
    INTERVAL.store(bytes.clamp(1, u64::from(u32::MAX)), Ordering::Relaxed);
    // A thread's next sample is as far away as it was drawn, unless its count ends here; should it overwrite this at the same
    // moment, it draws by the new interval from the sample after the next.
    block::all().for_each(|block| block.left.store(ANEW, Ordering::Relaxed));
}

/// In place of a count: it is to begin anew.
const ANEW: i64 = i64::MIN / 2;

/// What is known of one sampled block; all zero where there is none.
pub(super) struct Record {
    stack: AtomicU32,
    /// The interval when it was sampled.
    interval: AtomicU32,
    size: AtomicU64,
}

/// The content of a [`Record`].
#[derive(Clone, Copy)]
pub(crate) struct Kept {
    stack: u32,
    interval: u32,
    size: u64,
}

impl Kept {
    fn weight(self) -> Weight {
        Weight::of(self.size as usize, self.interval.into())
    }
}

impl Record {
    fn set(&self, kept: Kept) {
        self.size.store(kept.size, Ordering::Relaxed);
        self.interval.store(kept.interval, Ordering::Relaxed);
        self.stack.store(kept.stack, Ordering::Release);
    }

    fn take(&self) -> Option<Kept> {
        let kept = Kept {
            stack: self.stack.load(Ordering::Acquire),
            interval: self.interval.load(Ordering::Relaxed),
            size: self.size.load(Ordering::Relaxed),
        };
        self.stack.store(0, Ordering::Relaxed);
        (kept.stack != 0).then_some(kept)
    }
}

/// Counts down to the next sample; whether it is this allocation, or may be, as the thread has not counted yet.
#[inline(always)]
pub(super) fn count_down(size: usize) -> bool {
    let Some(block) = block::own_if_any() else { return true };
    let left = block.left.load(Ordering::Relaxed);
    let is_due = left < size as i64;
    // What wraps around would be more than any allocator gives; a count that is void already stays so.
    block.left.store(if is_due { left.saturating_sub(size as i64) } else { left - size as i64 }, Ordering::Relaxed);
    is_due
}

/// An allocation that is to be recorded.
pub(crate) struct Sample(Kept);

impl Sample {
    /// Draws when the next one is due; `None` if this one is not, after all: the thread's count began with it.
    #[inline(always)]
    pub(crate) fn draw(size: usize) -> Option<Self> {
        let (block, interval) = due(size)?;
        let stack = stack::here(&block.stacks, hooks::context(block));
        (stack != 0).then_some(Self(Kept { stack, interval: interval as u32, size: size as u64 }))
    }

    /// Memory for it where small sampled blocks are, with some former block's content; `None` if it is to come from where all
    /// others do.
    pub(crate) fn place(&self, align: usize) -> Option<NonNull<u8>> {
        region::take(self.0.size as usize, align)
    }

    /// Records it.
    pub(crate) fn keep(self, address: usize) {
        keep(self.0, address, true);
    }
}

fn keep(kept: Kept, address: usize, is_new: bool) {
    let size = kept.size as usize;
    let site = block::own().and_then(|block| block.sampled.entry(kept.stack));
    let is_kept = site.is_some()
        && if region::contains(address) {
            region::slot(address).record.set(kept);
            true
        } else {
            // A small one that found no place of its own would never be found again.
            size > region::TOO_LARGE && large::insert(address, |record| record.set(kept))
        };
    match site.filter(|_| is_kept) {
        Some(site) => site.allocated(kept.weight(), is_new),
        None => {
            LOST.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Forgets a block that is about to be released or to move.
pub(crate) fn forget(address: usize, size: usize) -> Option<Kept> {
    let kept = if region::contains(address) {
        region::slot(address).record.take()?
    } else if size > region::TOO_LARGE {
        large::remove(address, Record::take)??
    } else {
        return None;
    };
    // Whoever releases it may have no block yet, but gets one; were there no memory for it, the figures would be off by this.
    if let Some(site) = block::own().and_then(|block| block.sampled.entry(kept.stack)) {
        site.released(kept.weight());
    }
    Some(kept)
}

/// Records again what was forgotten and did not move.
pub(crate) fn restore(kept: Kept, address: usize) {
    keep(kept, address, false);
}

#[cold]
#[inline(never)]
fn due(size: usize) -> Option<(&'static Block, u64)> {
    let has_counted = block::own_if_any().is_some();
    let block = block::own()?;
    let interval = interval();
    // A count of another interval, or of none, begins anew.
    let is_void = block.left.load(Ordering::Relaxed) < ANEW / 2;
    if block.interval.swap(interval, Ordering::Relaxed) != interval || is_void {
        let left = draw(block, interval) - size as i64;
        block.left.store(left, Ordering::Relaxed);
    } else if !has_counted {
        count_down(size);
    }
    if block.left.load(Ordering::Relaxed) >= 0 {
        return None;
    }
    let left = draw(block, interval);
    block.left.store(left, Ordering::Relaxed);
    (!block.is_aside()).then_some((block, interval))
}

/// An exponential distance of this mean.
fn draw(block: &Block, mean: u64) -> i64 {
    // Of `splitmix64` (Steele, Lea and Flood, 2014).
    let mut state = block.random.load(Ordering::Relaxed);
    if state == 0 {
        // Addresses differ from process to process, numbers from block to block.
        let seed = (&raw const state).addr() as u64 ^ std::ptr::from_ref(block).addr() as u64 >> 4;
        state = seed ^ u64::from(block.number.load(Ordering::Relaxed)) << 48 | 1;
    }
    state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    block.random.store(state, Ordering::Relaxed);
    let mut bits = state;
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    // In (0, 1].
    let unit = ((bits >> 11) + 1) as f64 / (1_u64 << 53) as f64;
    (-unit.ln() * mean as f64) as i64
}

/// How many samples were lost for want of room.
pub(super) fn lost() -> u64 {
    LOST.load(Ordering::Relaxed)
}

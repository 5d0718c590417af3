//! What the allocator calls, beside each of its calls.

use super::block::{self, Block};
use super::flags::{self, COUNT, EXACT, LIVE, SAMPLE, SAMPLED, SHADOWED, TRACE, WATCHED};
use super::sample::{self, Kept};
use super::{counters, region, shadow, trace};
use crate::heap::raw::Work;
use crate::on::{calls, stack};

/// What is to be done.
#[inline(always)]
pub(crate) fn work() -> Work {
    Work(flags::get())
}

/// Whether this allocation is to be sampled.
#[inline(always)]
pub(crate) fn is_due(size: usize) -> bool {
    flags::get() & SAMPLE != 0 && sample::count_down(size)
}

/// Whether this allocation is to be sampled, where samples are taken.
#[inline(always)]
pub(crate) fn counts_down(size: usize) -> bool {
    sample::count_down(size)
}

/// Whether a block that is about to be released may be a sample.
#[inline(always)]
pub(crate) fn may_be_sampled(address: usize, size: usize) -> bool {
    size > region::TOO_LARGE || region::contains(address)
}

/// Counts a block that was allocated, if that is simple; else [`count_alloc`] does it.
#[inline(always)]
pub(crate) fn count_alloc_simply(size: usize) -> bool {
    block::own_if_any().is_some_and(|block| block.tally.allocated(size))
}

/// A block was allocated, and is to be counted.
#[inline]
pub(crate) fn count_alloc(size: usize) {
    if let Some(block) = block::own() {
        counters::add(block, size);
    }
}

/// Counts a block that is about to be released, if that is simple; else [`count_dealloc`] does it.
#[inline(always)]
pub(crate) fn count_dealloc_simply(size: usize) -> bool {
    block::own_if_any().is_some_and(|block| block.tally.released(size))
}

/// A block is about to be released.
#[inline]
pub(crate) fn count_dealloc(size: usize) {
    if let Some(block) = block::own() {
        counters::sub(block, size);
    }
}

/// A block was resized.
#[inline(always)]
pub(crate) fn count_realloc(old: usize, new: usize) {
    if let Some(block) = block::own() {
        count_resized(block, old, new);
    }
}

/// Of a context the part that is the span.
const SPAN: u32 = (1 << 22) - 1;

/// What is told apart besides stacks: the span that is open, and the name of the thread.
#[inline(always)]
pub(super) fn context(block: &Block) -> u32 {
    calls::open_site() & SPAN | block.name() << SPAN.trailing_ones()
}

/// The span's number plus one, 0 for none, and the number of the thread's name.
pub(super) fn parts(context: u32) -> (u32, u32) {
    (context & SPAN, context >> SPAN.trailing_ones())
}

/// A block was allocated, and all is to be told of it that the mode asks for.
#[inline]
pub(crate) fn record_alloc(address: usize, size: usize) {
    let (flags, Some(block)) = (flags::get(), block::own()) else { return };
    if flags & COUNT != 0 {
        counters::add(block, size);
        if flags & (EXACT | WATCHED) != 0 {
            counters::after(block, flags);
        }
    }
    if flags & (LIVE | TRACE) != 0 && !block.is_aside() {
        let stack = stack::here(&block.stacks, context(block));
        if flags & LIVE != 0 {
            keep(block, address, size, stack);
        }
        if flags & TRACE != 0 {
            trace::on_alloc(&block.trace, address, size, stack);
        }
    }
}

#[inline]
fn keep(block: &Block, address: usize, size: usize, stack: u32) {
    if let Some(site) = block.exact.entry(stack)
        && stack != 0
        && shadow::set(address, size, stack)
    {
        site.allocated(size);
    }
}

/// A block is about to be released; whether that is all, as it was in a place of its own.
#[inline]
pub(crate) fn record_dealloc(address: usize, size: usize) -> bool {
    let flags = flags::get();
    let stack = if flags & SHADOWED != 0 { shadow::take(address) } else { 0 };
    // Without memory for a block nothing is counted, but where the block of the program is must be known all the same.
    if let Some(block) = block::own() {
        if flags & COUNT != 0 {
            counters::sub(block, size);
            if flags & EXACT != 0 {
                counters::after(block, flags);
            }
        }
        if stack != 0
            && let Some(site) = block.exact.entry(stack)
        {
            site.released(size);
        }
        // What was allocated aside is unknown to the reader, which says so.
        if flags & TRACE != 0 && !block.is_aside() {
            trace::on_free(&block.trace, address, size);
        }
    }
    flags & SAMPLED != 0 && may_be_sampled(address, size) && forget(address, size)
}

#[cold]
#[inline(never)]
fn forget(address: usize, size: usize) -> bool {
    sample::forget(address, size);
    let own_place = region::contains(address);
    if own_place {
        region::give_back(address);
    }
    own_place
}

/// What a block was known as before it was resized.
pub(crate) struct Before {
    flags: u8,
    address: usize,
    size: usize,
    stack: u32,
    kept: Option<Kept>,
}

impl Before {
    /// How many bytes it may have without moving, if it is in a place of its own.
    pub(crate) fn room(&self) -> Option<usize> {
        (self.flags & SAMPLED != 0 && region::contains(self.address)).then(|| region::room(self.address))
    }
}

#[inline(always)]
fn count_resized(block: &'static Block, old: usize, new: usize) {
    if new > old {
        counters::add(block, new - old);
    } else {
        counters::shrink(block, old - new);
    }
}

/// A block is about to be resized: from here on its address may be another's.
pub(crate) fn before_realloc(address: usize, size: usize) -> Before {
    let flags = flags::get();
    let stack = if flags & SHADOWED != 0 { shadow::take(address) } else { 0 };
    let kept = if flags & SAMPLED != 0 { sample::forget(address, size) } else { None };
    Before { flags, address, size, stack, kept }
}

/// It could not be.
#[cold]
pub(crate) fn realloc_failed(before: Before) {
    if before.stack != 0 {
        shadow::set(before.address, before.size, before.stack);
    }
    if let Some(kept) = before.kept {
        sample::restore(kept, before.address);
    }
}

/// It was, and is at `address`.
pub(crate) fn after_realloc(before: &Before, address: usize, size: usize) {
    let (flags, Some(block)) = (before.flags, block::own()) else { return };
    if flags & COUNT != 0 {
        count_resized(block, before.size, size);
        if flags & (EXACT | WATCHED) != 0 {
            counters::after(block, flags);
        }
    }
    // Whoever allocated it first has it.
    if before.stack != 0
        && let Some(site) = block.exact.entry(before.stack)
    {
        if shadow::set(address, size, before.stack) {
            site.resized(before.size, size);
        } else {
            site.released(before.size);
        }
    }
    if flags & TRACE != 0 && !block.is_aside() {
        let stack = stack::here(&block.stacks, context(block));
        trace::on_realloc(&block.trace, before.address, before.size, address, size, stack);
    }
}

/// The place of its own that a block has left, if it had one.
pub(crate) fn left_place(before: &Before) {
    if before.room().is_some() {
        region::give_back(before.address);
    }
}

//! A range of addresses of its own for small blocks that were sampled, so that a release tells by one comparison that a block
//! was not.
#![allow(unsafe_code, reason = "blocks are laid out by hand")]

use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use super::sample::Record;
use crate::on::memory;

/// One block each. Only the pages that are written to take memory.
const SLOT: usize = 16 << 10;
#[cfg(all(unix, target_pointer_width = "64"))]
const SLOTS: usize = 4 << 20;
#[cfg(not(all(unix, target_pointer_width = "64")))]
const SLOTS: usize = 4 << 10;
const RANGE: usize = SLOT * SLOTS;
/// Blocks begin here and there in the first page of their slots, or they would all want the same line of the cache.
const PAGE: usize = 4 << 10;
const LINE: usize = 64;

/// Larger blocks have none.
pub(super) const TOO_LARGE: usize = SLOT - PAGE;

/// No address of a program, as long as there is no region.
const NOWHERE: usize = 0_usize.wrapping_sub(RANGE);

static BASE: AtomicUsize = AtomicUsize::new(NOWHERE);
static RECORDS: AtomicPtr<Slot> = AtomicPtr::new(ptr::null_mut());
/// The last slot that was given back: its number plus one, and above it a count against ABA.
static FREE: AtomicU64 = AtomicU64::new(0);
/// Slots that were ever used.
static USED: AtomicUsize = AtomicUsize::new(0);

/// What is known of a slot's block.
pub(super) struct Slot {
    pub(super) record: Record,
    /// The slot that was given back before it.
    next: AtomicU32,
}

#[inline(always)]
pub(super) fn contains(address: usize) -> bool {
    address.wrapping_sub(BASE.load(Ordering::Relaxed)) < RANGE
}

/// The slot of a block, by its address in the region.
pub(super) fn slot(address: usize) -> &'static Slot {
    let at = address.wrapping_sub(BASE.load(Ordering::Acquire)) / SLOT;
    at_number(at)
}

fn at_number(at: usize) -> &'static Slot {
    debug_assert!(at < SLOTS);
    // SAFETY: whoever has an address in the region, or a number, has it from `take`, which made the table of `SLOTS` before.
    let slot = unsafe { RECORDS.load(Ordering::Acquire).add(at) };
    // SAFETY: within the table, all zero at first, never freed, written to through shared references only.
    unsafe { &*slot }
}

/// How many bytes a block at this address may have.
pub(super) fn room(address: usize) -> usize {
    SLOT - address.wrapping_sub(BASE.load(Ordering::Relaxed)) % SLOT
}

/// Memory of some former block's content for one of this size and alignment; `None` for large ones, and if there is no more.
pub(super) fn take(size: usize, align: usize) -> Option<NonNull<u8>> {
    if size > TOO_LARGE || align > SLOT {
        return None;
    }
    let base = base()?;
    let at = pop().or_else(|| {
        USED.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| (used < SLOTS).then_some(used + 1)).ok()
    })?;
    let room = PAGE.saturating_sub(size) / LINE;
    let shift = if align > LINE || room == 0 { 0 } else { at.wrapping_mul(29) % room * LINE };
    NonNull::new(ptr::with_exposed_provenance_mut(base + at * SLOT + shift))
}

/// Begin and end of what blocks lie in or have lain in, ascending: a scan for leaks reads them if something points there, as they
/// may hold the only pointer to another block.
#[cfg_attr(not(all(target_os = "linux", target_arch = "x86_64")), allow(dead_code, reason = "for scans"))]
pub(crate) fn places() -> impl ExactSizeIterator<Item = (usize, usize)> {
    let base = BASE.load(Ordering::Acquire);
    let used = if base == NOWHERE { 0 } else { USED.load(Ordering::Relaxed).min(SLOTS) };
    // Whole slots: a block may begin anywhere in the first page of its own, and may have grown since it was sampled.
    (0..used).map(move |at| (base + at * SLOT, base + (at + 1) * SLOT))
}

fn base() -> Option<usize> {
    let base = BASE.load(Ordering::Acquire);
    if base != NOWHERE {
        return Some(base);
    }
    // One slot more, to begin at a multiple of it.
    let (blocks, records) = (RANGE + SLOT, SLOTS * size_of::<Slot>());
    if RECORDS.load(Ordering::Acquire).is_null() {
        let made = memory::reserve(records)?;
        let made_first =
            RECORDS.compare_exchange(ptr::null_mut(), made.as_ptr().cast(), Ordering::AcqRel, Ordering::Acquire);
        if made_first.is_err() {
            memory::give_back(made, records);
        }
    }
    let made = memory::reserve(blocks)?;
    memory::keep_sparse(made, blocks);
    let base = made.as_ptr().expose_provenance().next_multiple_of(SLOT);
    match BASE.compare_exchange(NOWHERE, base, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => Some(base),
        Err(first) => {
            memory::give_back(made, blocks);
            Some(first)
        }
    }
}

/// Gives the slot of a block back.
pub(super) fn give_back(address: usize) {
    let at = address.wrapping_sub(BASE.load(Ordering::Acquire)) / SLOT;
    let slot = at_number(at);
    let mut head = FREE.load(Ordering::Relaxed);
    loop {
        slot.next.store(head as u32, Ordering::Relaxed);
        let new = (head >> 32).wrapping_add(1) << 32 | (at as u64 + 1);
        match FREE.compare_exchange_weak(head, new, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => return,
            Err(now) => head = now,
        }
    }
}

fn pop() -> Option<usize> {
    let mut head = FREE.load(Ordering::Acquire);
    loop {
        let at = (head as u32 as usize).checked_sub(1)?;
        let next = u64::from(at_number(at).next.load(Ordering::Relaxed));
        let new = (head >> 32).wrapping_add(1) << 32 | next;
        match FREE.compare_exchange_weak(head, new, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => return Some(at),
            Err(now) => head = now,
        }
    }
}

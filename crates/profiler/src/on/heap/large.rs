//! The records of large sampled blocks, by their addresses.
#![allow(unsafe_code, reason = "the table lies in memory of its own")]

use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use super::sample::Record;
use crate::on::memory;

/// A power of two: at one sample in 512 KiB enough for a heap of 100 GiB.
const ENTRIES: usize = 1 << 18;
/// A block is among so many entries from its first one on.
const WINDOW: usize = 32;

/// All zero is an empty one.
struct Entry {
    address: AtomicUsize,
    record: Record,
}

type Table = [Entry; ENTRIES];

static TABLE: AtomicPtr<Table> = AtomicPtr::new(ptr::null_mut());
/// Entries in use.
static USED: AtomicUsize = AtomicUsize::new(0);

/// No block's address: an entry that is being written or removed.
const BUSY: usize = 1;

fn table() -> Option<&'static Table> {
    // SAFETY: made below, never freed, written to through shared references only.
    unsafe { TABLE.load(Ordering::Acquire).as_ref() }
}

fn table_or_make() -> Option<&'static Table> {
    if table().is_none() {
        let made = memory::reserve(size_of::<Table>())?;
        if TABLE.compare_exchange(ptr::null_mut(), made.as_ptr().cast(), Ordering::AcqRel, Ordering::Acquire).is_err() {
            memory::give_back(made, size_of::<Table>());
        }
    }
    table()
}

fn window(table: &'static Table, address: usize) -> impl Iterator<Item = &'static Entry> {
    // Large blocks begin at all kinds of multiples; the upper half of the product depends on every bit.
    let first = (address as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) as usize >> (usize::BITS - ENTRIES.ilog2());
    (0..WINDOW).map(move |step| &table[(first + step) % ENTRIES])
}

/// A place for a block that has none; `None` if there is no room.
pub(super) fn insert(address: usize, fill: impl FnOnce(&Record)) -> bool {
    let Some(table) = table_or_make() else { return false };
    for entry in window(table, address) {
        let free = entry.address.load(Ordering::Relaxed) == 0;
        if free && entry.address.compare_exchange(0, BUSY, Ordering::Acquire, Ordering::Relaxed).is_ok() {
            fill(&entry.record);
            USED.fetch_add(1, Ordering::Relaxed);
            entry.address.store(address, Ordering::Release);
            return true;
        }
    }
    false
}

/// Takes a block's record out. Nobody else does so with the same block meanwhile: it is about to be released or moved.
pub(super) fn remove<R>(address: usize, take: impl FnOnce(&Record) -> R) -> Option<R> {
    if USED.load(Ordering::Relaxed) == 0 {
        return None;
    }
    let entry = window(table()?, address).find(|entry| entry.address.load(Ordering::Acquire) == address)?;
    let taken = take(&entry.record);
    USED.fetch_sub(1, Ordering::Relaxed);
    entry.address.store(0, Ordering::Release);
    Some(taken)
}

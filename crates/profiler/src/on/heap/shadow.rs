//! Which block was allocated by which stack: a number of four bytes for every 16 bytes of addresses.
//!
//! No header and no trailer: a block is what the allocator gave, wherever it came from, and one that was not seen has a zero
//! here. So recording can begin and end at any time, nothing changes in layout or growth, and all live blocks are found in the
//! order of their addresses by reading this from one end to the other. Blocks begin at multiples of 16 and have at
//! least so many bytes, which the hooks ask for; so each 16 bytes are one block's at most. Memory: a quarter of the heap's, as far as it was touched.
#![allow(unsafe_code, reason = "tables lie in memory of their own")]

use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};

use crate::heap::raw::RawBlock;
use crate::on::memory;

/// What an entry stands for.
const GRANULE: usize = 16;

/// Addresses of one table, as a power of two.
#[cfg(unix)]
const TABLE_BITS: u32 = 30;
#[cfg(not(unix))]
const TABLE_BITS: u32 = 26;
/// Addresses of programs.
const ADDRESS_BITS: u32 =
    if cfg!(all(target_arch = "aarch64", any(target_os = "linux", target_os = "android"))) { 48 } else { 47 };
const TABLES: usize = 1 << (ADDRESS_BITS - TABLE_BITS);
const ENTRIES: usize = (1 << TABLE_BITS) / GRANULE;

/// Entries of one part of a table: 4 MiB of addresses.
const PART: usize = (4 << 20) / GRANULE;

/// All zero is an empty one.
struct Shadow {
    entries: [AtomicU32; ENTRIES],
    /// Which parts were ever written to: readers leave the others untouched.
    written: [AtomicBool; ENTRIES / PART],
}

static ROOT: [AtomicPtr<Shadow>; TABLES] = [const { AtomicPtr::new(ptr::null_mut()) }; TABLES];

/// In the entry of a block's first 16 bytes: the stack's number, and the size of a block that has no second entry, less one.
const NUMBER: u32 = (1 << 27) - 1;
const SIZE_SHIFT: u32 = 27;
/// In the entry of its second 16 bytes: this, and its size: in bytes, or of large ones in pages.
const TAIL: u32 = 1 << 31;
const LARGE: u32 = 1 << 30;
const PAGE: usize = 4096;

#[inline(always)]
fn shadow(address: usize) -> Option<&'static Shadow> {
    let place = ROOT.get(address >> TABLE_BITS)?;
    // SAFETY: made by `make`, never freed, written to through shared references only.
    unsafe { place.load(Ordering::Acquire).as_ref() }
}

#[inline(always)]
fn entry(address: usize) -> Option<&'static AtomicU32> {
    shadow(address)?.entries.get(address / GRANULE % ENTRIES)
}

/// An entry to write to.
#[inline(always)]
fn entry_to_write(address: usize) -> Option<&'static AtomicU32> {
    let shadow = match shadow(address) {
        None => make(address)?,
        Some(shadow) => shadow,
    };
    let at = address / GRANULE % ENTRIES;
    shadow.written[at / PART].store(true, Ordering::Relaxed);
    shadow.entries.get(at)
}

#[cold]
#[inline(never)]
fn make(address: usize) -> Option<&'static Shadow> {
    let place = ROOT.get(address >> TABLE_BITS)?;
    let made = memory::reserve(size_of::<Shadow>())?;
    if place.compare_exchange(ptr::null_mut(), made.as_ptr().cast(), Ordering::AcqRel, Ordering::Acquire).is_err() {
        memory::give_back(made, size_of::<Shadow>());
    }
    shadow(address)
}

fn tail(size: usize) -> u32 {
    if size < LARGE as usize { TAIL | size as u32 } else { TAIL | LARGE | (size / PAGE).min(LARGE as usize - 1) as u32 }
}

fn size_of_tail(tail: u32) -> usize {
    let value = (tail & !(TAIL | LARGE)) as usize;
    if tail & LARGE == 0 { value } else { value * PAGE }
}

/// Notes who allocated a block; `false` if there is no memory for that, or if the block is not where `malloc` puts blocks.
#[inline]
pub(super) fn set(address: usize, size: usize, number: u32) -> bool {
    if !address.is_multiple_of(GRANULE) {
        return false;
    }
    let Some(first) = entry_to_write(address) else { return false };
    if size <= GRANULE {
        first.store(number & NUMBER | (size.saturating_sub(1) as u32) << SIZE_SHIFT, Ordering::Release);
        return true;
    }
    let Some(second) = entry_to_write(address + GRANULE) else { return false };
    second.store(tail(size), Ordering::Relaxed);
    first.store(number & NUMBER, Ordering::Release);
    true
}

/// Forgets a block that is about to be released: who allocated it, 0 if that was not seen.
#[inline]
pub(super) fn take(address: usize) -> u32 {
    let Some(first) = entry(address) else { return 0 };
    let noted = first.load(Ordering::Relaxed);
    if !address.is_multiple_of(GRANULE) || noted & TAIL != 0 {
        return 0;
    }
    let number = noted & NUMBER;
    if number != 0 {
        first.store(0, Ordering::Relaxed);
        if let Some(second) = entry(address + GRANULE)
            && second.load(Ordering::Relaxed) & TAIL != 0
        {
            second.store(0, Ordering::Relaxed);
        }
    }
    number
}

/// Every block that is noted, in the order of addresses. Neither allocates nor locks.
pub(super) fn each(mut f: impl FnMut(RawBlock)) {
    for (at, place) in ROOT.iter().enumerate() {
        // SAFETY: made by `make`, never freed, written to through shared references only.
        let Some(shadow) = (unsafe { place.load(Ordering::Acquire).as_ref() }) else { continue };
        let parts = shadow.written.iter().enumerate().filter(|(_, written)| written.load(Ordering::Relaxed));
        for i in parts.flat_map(|(part, _)| part * PART..(part + 1) * PART) {
            let first = shadow.entries[i].load(Ordering::Acquire);
            if first & TAIL != 0 || first & NUMBER == 0 {
                continue;
            }
            let address = (at << TABLE_BITS) + i * GRANULE;
            let second = entry(address + GRANULE).map_or(0, |entry| entry.load(Ordering::Relaxed));
            let size = if second & TAIL != 0 { size_of_tail(second) } else { (first >> SIZE_SHIFT) as usize + 1 };
            f(RawBlock { address, size, stack: first & NUMBER });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_in_order_with_their_sizes() {
        // Addresses that nobody has: at the end of the range, across two tables.
        let edge = ((TABLES - 1) << TABLE_BITS) - 64;
        let blocks =
            [(edge, 1, 5), (edge + 16, 16, 6), (edge + 32, 15, 7), (edge + 48, 4_000, 8), (edge + 5_008, 5 << 30, 9)];
        assert_eq!(take(edge), 0);
        for (address, size, number) in blocks.into_iter().rev() {
            assert!(set(address, size, number));
        }
        let found = || {
            let mut found = Vec::new();
            each(|block| {
                if block.address >= edge {
                    found.push((block.address, block.size, block.stack));
                }
            });
            found
        };
        assert_eq!(found(), blocks);
        for (at, (address, _, number)) in blocks.into_iter().enumerate() {
            assert_eq!((take(address), take(address)), (number, 0));
            assert_eq!(found(), blocks[at + 1..]);
        }
        // What lies within a block, or beside the grid, is nobody.
        assert!(set(edge + 48, 24, 3));
        assert_eq!((take(edge + 64), take(edge + 72), take(edge + 56)), (0, 0, 0));
        assert_eq!(found(), [(edge + 48, 24, 3)]);
        assert_eq!(take(edge + 48), 3);
        // No second entry is left: a small block there has its own size.
        assert!(set(edge + 48, 3, 1));
        assert_eq!(found(), [(edge + 48, 3, 1)]);
        take(edge + 48);
        assert!(!set(usize::MAX - 64, 16, 1), "no address of a program");
    }
}

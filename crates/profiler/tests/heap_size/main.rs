//! `HeapSize` against an allocator that counts.
#![allow(unsafe_code, reason = "`GlobalAlloc` is an unsafe trait")]

mod collections;
mod deep;
#[cfg(feature = "macros")]
mod derived;
#[cfg(any(feature = "hashbrown", feature = "smallvec"))]
mod foreign;
mod owners;
mod tables;
mod trees;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use lagom_profiler::HeapSize;
use lagom_profiler::heap::measure_value;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    /// Live blocks and bytes of this thread, as requested.
    static LIVE: Cell<(isize, isize)> = const { Cell::new((0, 0)) };
}

struct Counting;

fn count(blocks: isize, bytes: isize) {
    LIVE.with(|live| live.set((live.get().0 + blocks, live.get().1 + bytes)));
}

// SAFETY: every call goes to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size().cast_signed());
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(-1, -layout.size().cast_signed());
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(block, layout) }
    }
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(0, new_size.cast_signed() - layout.size().cast_signed());
        // SAFETY: the caller keeps the contract.
        unsafe { System.realloc(block, layout, new_size) }
    }
}

/// What the allocator has seen of a value, and what the value says, in blocks and bytes.
fn both<T: HeapSize>(make: impl FnOnce() -> T) -> [(u64, u64); 2] {
    let before = LIVE.get();
    let value = make();
    let after = LIVE.get();
    let seen = ((after.0 - before.0) as u64, (after.1 - before.1) as u64);
    let amount = measure_value(&value).amount();
    assert_eq!(value.heap_size() as u64, amount.bytes());
    assert_eq!(value.total_size(), size_of::<T>() + value.heap_size());
    [seen, (amount.blocks(), amount.bytes())]
}

/// The value that `make` returns owns exactly what was allocated meanwhile.
#[track_caller]
fn exact<T: HeapSize>(make: impl FnOnce() -> T) {
    let [seen, told] = both(make);
    assert_eq!(told, seen, "(blocks, bytes) told and seen of {}", std::any::type_name::<T>());
}

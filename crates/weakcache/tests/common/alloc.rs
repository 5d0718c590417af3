//! An allocator that counts the bytes of each thread, so that tests may run side by side.
#![allow(unsafe_code, reason = "`GlobalAlloc` is an unsafe trait")]
#![allow(dead_code, reason = "every test crate uses its part")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

std::thread_local! {
    static BYTES: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

// SAFETY: all is left to `System`.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.set(BYTES.get() + layout.size() as isize);
        MOST.set(MOST.get().max(BYTES.get()));
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        BYTES.set(BYTES.get() - layout.size() as isize);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// What this thread has allocated since the meter was made, in bytes, less what it has freed.
pub(crate) struct Meter(isize);

impl Meter {
    pub(crate) fn new() -> Self {
        MOST.set(BYTES.get());
        Self(BYTES.get())
    }

    pub(crate) fn bytes(&self) -> isize {
        BYTES.get() - self.0
    }

    /// The most that it was at any instant since the meter was made.
    pub(crate) fn most(&self) -> isize {
        MOST.get() - self.0
    }
}

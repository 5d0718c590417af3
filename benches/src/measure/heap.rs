//! How many bytes the program holds, counted while somebody asks.
#![allow(unsafe_code, reason = "an allocator has an unsafe interface")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

static COUNTING: AtomicBool = AtomicBool::new(false);
static BYTES: AtomicI64 = AtomicI64::new(0);

/// The system's allocator, which counts the bytes asked of it and given back during a [`HeldBytes`], and at other times
/// pays one predictable look. To be made the global allocator of a program that finds such figures.
#[derive(Clone, Copy, Debug)]
pub struct Heap;

#[inline]
fn count(bytes: usize, sign: i64) {
    if COUNTING.load(Ordering::Relaxed) {
        BYTES.fetch_add(sign * bytes as i64, Ordering::Relaxed);
    }
}

// SAFETY: all is the system allocator's.
unsafe impl GlobalAlloc for Heap {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 1);
        // SAFETY: as promised to us.
        unsafe { System.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 1);
        // SAFETY: as promised to us.
        unsafe { System.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(layout.size(), -1);
        // SAFETY: as promised to us.
        unsafe { System.dealloc(block, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size, 1);
        count(layout.size(), -1);
        // SAFETY: as promised to us.
        unsafe { System.realloc(block, layout, size) }
    }
}

/// Who has it is the only one to count.
static ALONE: Mutex<()> = Mutex::new(());

/// The bytes that the program came to hold since this was made, all threads together; one such count at a time.
#[derive(Debug)]
pub struct HeldBytes {
    before: i64,
    _alone: MutexGuard<'static, ()>,
}

impl HeldBytes {
    /// Starts to count.
    ///
    /// # Panics
    ///
    /// When [`Heap`] is not the global allocator.
    pub fn begin() -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        COUNTING.store(true, Ordering::Relaxed);
        let counted = Self { before: BYTES.load(Ordering::Relaxed), _alone: alone };
        let probe = std::hint::black_box(Box::new([0_u8; 1 << 16]));
        assert!(counted.bytes() >= 1 << 15, "the global allocator of this program is not `Heap`");
        drop(probe);
        counted
    }

    /// So many now.
    pub fn bytes(&self) -> i64 {
        BYTES.load(Ordering::Relaxed) - self.before
    }
}

impl Drop for HeldBytes {
    fn drop(&mut self) {
        COUNTING.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// For the figures that tests find.
    #[global_allocator]
    static HEAP: Heap = Heap;

    #[test]
    fn what_is_held_is_counted() {
        // Other tests run meanwhile: large against what they hold.
        const LARGE: usize = 1 << 28;
        let near = |held: &HeldBytes, due: usize| (held.bytes() - due as i64).unsigned_abs() < LARGE as u64 / 4;
        let held = HeldBytes::begin();
        let mut block: Vec<u8> = Vec::with_capacity(LARGE);
        assert!(near(&held, LARGE));
        block.reserve_exact(2 * LARGE);
        assert!(near(&held, 2 * LARGE), "grown in place or not");
        drop(block);
        assert!(near(&held, 0));
        let block = vec![0_u8; LARGE];
        assert!(near(&held, LARGE), "zeroed");
        drop(block);
        assert!(near(&held, 0));
    }
}

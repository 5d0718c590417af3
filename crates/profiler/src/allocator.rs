//! The global allocator that counts.
#![allow(unsafe_code, reason = "`GlobalAlloc` is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};

use crate::engine;

/// An allocator that counts what passes through it and leaves the work to another, [`System`] by default.
///
/// The figures are in [`heap`](crate::heap), and spans read them for the allocations per call. Every request is forwarded
/// as what it is, so that `vec![0; n]` stays lazy and growing stays in place; a failed one is not counted. Nothing is put
/// in front of or behind a block. The hook never allocates, locks or panics, given native thread-locals: on targets without
/// (OpenBSD, illumos, Android and `*-windows-gnu` among them) a thread's first look at its own may allocate, inside the
/// hook; do not install it there.
///
/// Cost: about 20 ns per pair of allocation and release, 50 when two threads allocate all the time (`cargo xtask bench
/// profiler` in the repository, on a virtual x86-64 machine of two cores): four atomic additions, two of them on lines that
/// all threads share; one relaxed load in [`Mode::Off`](crate::heap::Mode::Off).
///
/// ```
/// use lagom_profiler::TrackingAllocator;
///
/// #[global_allocator]
/// static ALLOCATOR: TrackingAllocator = TrackingAllocator::new();
/// # fn main() {}
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct TrackingAllocator<A = System> {
    inner: A,
}

impl TrackingAllocator {
    /// Counts what the system's allocator does.
    ///
    /// ```
    /// use lagom_profiler::TrackingAllocator;
    ///
    /// static ALLOCATOR: TrackingAllocator = TrackingAllocator::new();
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self::with(System)
    }
}

impl<A> TrackingAllocator<A> {
    /// Counts what the allocator `inner` does, such as mimalloc or jemalloc.
    ///
    /// ```
    /// use lagom_profiler::TrackingAllocator;
    /// use std::alloc::System;
    ///
    /// static ALLOCATOR: TrackingAllocator<System> = TrackingAllocator::with(System);
    /// ```
    #[must_use]
    pub const fn with(inner: A) -> Self {
        Self { inner }
    }
}

// SAFETY: every call is forwarded unchanged to an allocator that keeps the contract, and its answer is returned
// unchanged; the counting beside it neither allocates nor unwinds.
unsafe impl<A: GlobalAlloc> GlobalAlloc for TrackingAllocator<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps `alloc`'s contract, which is the inner allocator's.
        let block = unsafe { self.inner.alloc(layout) };
        if !block.is_null() {
            engine::on_alloc(layout.size());
        }
        block
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps `alloc_zeroed`'s contract, which is the inner allocator's.
        let block = unsafe { self.inner.alloc_zeroed(layout) };
        if !block.is_null() {
            engine::on_alloc(layout.size());
        }
        block
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the block came from the inner allocator with this layout, as all of ours do.
        unsafe { self.inner.dealloc(block, layout) };
        engine::on_dealloc(layout.size());
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the block came from the inner allocator with this layout; the caller vouches for the new size.
        let moved = unsafe { self.inner.realloc(block, layout, new_size) };
        if !moved.is_null() {
            engine::on_realloc(layout.size(), new_size);
        }
        moved
    }
}

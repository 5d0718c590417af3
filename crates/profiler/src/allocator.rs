//! The global allocator that counts.
#![allow(unsafe_code, reason = "`GlobalAlloc` is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr::null_mut;

use crate::engine::{self, HeapSample};
use crate::heap::raw::Work;

/// An allocator that watches what passes through it and leaves the work to another, [`System`] by default.
///
/// What it does besides is a matter of the [mode](crate::heap::Mode), which may change at any time; the figures are in
/// [`heap`](crate::heap), and spans read them for the allocations per call. Every request is forwarded as what it is, so that
/// `vec![0; n]` stays lazy and growing stays in place; a failed one is not counted. Nothing is put in front of or behind a block;
/// those below 16 bytes are asked for as 16, which `malloc` gives anyway. The hook never allocates, locks or
/// panics, given native thread-locals: on targets without (OpenBSD, illumos, Android and `*-windows-gnu` among them) a thread's
/// first look at its own may allocate, inside the hook; do not install it there.
///
/// Cost of a pair of allocation and release beyond the inner allocator's (`cargo xtask bench profiler --group heap` in the
/// repository, on a virtual x86-64 machine): off 0.2 ns; count 1.5; samples 0.7; what is live by stack, or every event into
/// a file, 20 and about one for each frame of the stack. A peak that is exact takes 25, and more when several threads allocate.
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

/// What `malloc` gives anyway: of size, and of alignment.
const LEAST: usize = 16;

/// Blocks of larger alignment go ways of their own: calls for them need what the others' do not, down to the registers that
/// they save.
#[inline(always)]
fn is_usual(layout: Layout) -> bool {
    layout.align() <= LEAST
}

/// What the inner allocator is asked for: at least 16 bytes, so that it puts no two blocks within 16 bytes of addresses.
#[inline(always)]
fn padded(layout: Layout) -> Layout {
    // SAFETY: a power of two; what is larger than before is no more than 16 bytes, rounded up to it or not.
    unsafe { Layout::from_size_align_unchecked(layout.size().max(LEAST), layout.align()) }
}

/// Hands the block on, so that who calls this last has nothing to keep.
#[cold]
#[inline(never)]
fn counted_with_care(block: *mut u8, size: usize) -> *mut u8 {
    engine::count_alloc(size);
    block
}

/// Each of these is a function of its own where it is dear, so that the cheap ways save no registers for it.
impl<A: GlobalAlloc> TrackingAllocator<A> {
    /// # Safety
    ///
    /// That of [`GlobalAlloc::alloc`].
    #[inline(always)]
    unsafe fn inner_alloc<const ZEROED: bool>(&self, layout: Layout) -> *mut u8 {
        if ZEROED {
            // SAFETY: the caller keeps `alloc_zeroed`'s contract; a padded layout is valid and not empty.
            unsafe { self.inner.alloc_zeroed(padded(layout)) }
        } else {
            // SAFETY: the caller keeps `alloc`'s contract; a padded layout is valid and not empty.
            unsafe { self.inner.alloc(padded(layout)) }
        }
    }

    /// While there is something to do besides.
    ///
    /// # Safety
    ///
    /// That of [`GlobalAlloc::alloc`].
    #[inline(always)]
    unsafe fn watched_alloc<const USUAL: bool, const ZEROED: bool>(&self, layout: Layout) -> *mut u8 {
        let work = engine::work();
        // First, as it is to be next to nothing.
        if work == Work::SAMPLE && !engine::counts_down(layout.size()) {
            // SAFETY: the caller keeps the contract.
            return unsafe { self.inner_alloc::<ZEROED>(layout) };
        }
        match work {
            // SAFETY: the caller keeps the contract.
            Work::COUNT => unsafe { self.counted::<USUAL, ZEROED>(layout) },
            // SAFETY: the caller keeps the contract.
            Work::SAMPLE => unsafe { self.sampled::<ZEROED>(layout) },
            // SAFETY: the caller keeps the contract.
            _ => unsafe { self.recorded::<ZEROED>(layout) },
        }
    }

    /// # Safety
    ///
    /// That of [`GlobalAlloc::alloc`], and the alignment is usual if it is said so.
    #[inline(never)]
    unsafe fn counted<const USUAL: bool, const ZEROED: bool>(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller says so.
        unsafe { std::hint::assert_unchecked(!USUAL || is_usual(layout)) };
        // SAFETY: the caller keeps the contract.
        let block = unsafe { self.inner_alloc::<ZEROED>(layout) };
        if block.is_null() || engine::count_alloc_simply(layout.size()) {
            block
        } else {
            counted_with_care(block, layout.size())
        }
    }

    /// # Safety
    ///
    /// That of [`GlobalAlloc::alloc`], and the alignment is usual.
    #[inline(never)]
    unsafe fn usual_alloc<const ZEROED: bool>(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller says so.
        unsafe { std::hint::assert_unchecked(is_usual(layout)) };
        // SAFETY: the caller keeps the contract.
        unsafe { self.watched_alloc::<true, ZEROED>(layout) }
    }

    /// # Safety
    ///
    /// That of [`GlobalAlloc::alloc`].
    #[cold]
    #[inline(never)]
    unsafe fn unusual_alloc<const ZEROED: bool>(&self, layout: Layout) -> *mut u8 {
        if engine::work() != Work::NONE {
            // SAFETY: the caller keeps the contract.
            unsafe { self.watched_alloc::<false, ZEROED>(layout) }
        } else {
            // SAFETY: the caller keeps the contract.
            unsafe { self.inner_alloc::<ZEROED>(layout) }
        }
    }

    /// # Safety
    ///
    /// That of [`GlobalAlloc::alloc`].
    #[inline(never)]
    unsafe fn recorded<const ZEROED: bool>(&self, layout: Layout) -> *mut u8 {
        if engine::is_due(layout.size()) {
            // SAFETY: the caller keeps the contract.
            return unsafe { self.sampled::<ZEROED>(layout) };
        }
        // SAFETY: the caller keeps the contract.
        let block = unsafe { self.inner_alloc::<ZEROED>(layout) };
        if !block.is_null() {
            engine::record_alloc(block.addr(), layout.size());
        }
        block
    }

    /// An allocation that may be a sample.
    ///
    /// # Safety
    ///
    /// That of [`GlobalAlloc::alloc`].
    #[cold]
    #[inline(never)]
    unsafe fn sampled<const ZEROED: bool>(&self, layout: Layout) -> *mut u8 {
        let sample = HeapSample::draw(layout.size());
        let block = match sample.as_ref().and_then(|sample| sample.place(layout.align())) {
            Some(place) => {
                if ZEROED {
                    // SAFETY: the place has at least the size that was asked for, and it is nobody's yet.
                    unsafe { place.write_bytes(0, layout.size()) };
                }
                place.as_ptr()
            }
            // SAFETY: the caller keeps the contract.
            None => unsafe { self.inner_alloc::<ZEROED>(layout) },
        };
        if !block.is_null() {
            if let Some(sample) = sample {
                sample.keep(block.addr());
            }
            engine::record_alloc(block.addr(), layout.size());
        }
        block
    }

    /// # Safety
    ///
    /// That of [`GlobalAlloc::dealloc`], and the block is the inner allocator's.
    #[inline(always)]
    unsafe fn inner_dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the block came from the inner allocator with this layout, padded.
        unsafe { self.inner.dealloc(block, padded(layout)) };
    }

    /// While there is something to do besides.
    ///
    /// # Safety
    ///
    /// That of [`GlobalAlloc::dealloc`].
    #[inline(never)]
    unsafe fn watched_dealloc(&self, block: *mut u8, layout: Layout) {
        match engine::work() {
            Work::SAMPLE if !engine::may_be_sampled(block.addr(), layout.size()) => {
                // SAFETY: the caller keeps the contract; this block has no place of its own.
                unsafe { self.inner_dealloc(block, layout) };
            }
            // SAFETY: the caller keeps the contract.
            _ => unsafe { self.released(block, layout) },
        }
    }

    /// # Safety
    ///
    /// That of [`GlobalAlloc::dealloc`], and the block is the inner allocator's.
    #[inline(never)]
    unsafe fn uncounted(&self, block: *mut u8, layout: Layout) {
        if engine::count_dealloc_simply(layout.size()) {
            // SAFETY: the caller keeps the contract.
            unsafe { self.inner_dealloc(block, layout) };
        } else {
            // SAFETY: the caller keeps the contract.
            unsafe { self.uncounted_with_care(block, layout) };
        }
    }

    /// # Safety
    ///
    /// That of [`GlobalAlloc::dealloc`], and the block is the inner allocator's.
    #[cold]
    #[inline(never)]
    unsafe fn uncounted_with_care(&self, block: *mut u8, layout: Layout) {
        engine::count_dealloc(layout.size());
        // SAFETY: the caller keeps the contract.
        unsafe { self.inner_dealloc(block, layout) };
    }

    /// # Safety
    ///
    /// That of [`GlobalAlloc::dealloc`].
    #[inline(never)]
    unsafe fn released(&self, block: *mut u8, layout: Layout) {
        // Before: once it is released, its address may be another block's.
        if !engine::record_dealloc(block.addr(), layout.size()) {
            // SAFETY: the caller keeps the contract; this block has no place of its own.
            unsafe { self.inner_dealloc(block, layout) };
        }
    }

    /// # Safety
    ///
    /// That of [`GlobalAlloc::realloc`], and the block is the inner allocator's.
    #[inline(always)]
    unsafe fn inner_realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the block came from the inner allocator with this layout, padded; the caller vouches for the new size.
        unsafe { self.inner.realloc(block, padded(layout), new_size.max(LEAST)) }
    }

    /// # Safety
    ///
    /// That of [`GlobalAlloc::realloc`].
    #[inline(always)]
    unsafe fn watched_realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if engine::work() == Work::COUNT {
            // SAFETY: the caller keeps the contract; no block has a place of its own.
            let moved = unsafe { self.inner_realloc(block, layout, new_size) };
            if !moved.is_null() {
                engine::count_realloc(layout.size(), new_size);
            }
            moved
        } else {
            // SAFETY: the caller keeps the contract.
            unsafe { self.resized(block, layout, new_size) }
        }
    }

    /// # Safety
    ///
    /// That of [`GlobalAlloc::realloc`], and the alignment is usual.
    #[inline(never)]
    unsafe fn usual_realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller says so.
        unsafe { std::hint::assert_unchecked(is_usual(layout)) };
        // SAFETY: the caller keeps the contract.
        unsafe { self.watched_realloc(block, layout, new_size) }
    }

    /// # Safety
    ///
    /// That of [`GlobalAlloc::realloc`].
    #[cold]
    #[inline(never)]
    unsafe fn unusual_realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if engine::work() != Work::NONE {
            // SAFETY: the caller keeps the contract.
            unsafe { self.watched_realloc(block, layout, new_size) }
        } else {
            // SAFETY: the caller keeps the contract; no block has a place of its own.
            unsafe { self.inner_realloc(block, layout, new_size) }
        }
    }

    /// A change of size of which more is to be told than the sizes.
    ///
    /// # Safety
    ///
    /// That of [`GlobalAlloc::realloc`].
    #[inline(never)]
    unsafe fn resized(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let before = engine::before_realloc(block.addr(), layout.size());
        // As an allocation of the new size, which may be a sample, too.
        let sample = if engine::is_due(new_size) { HeapSample::draw(new_size) } else { None };
        let new_place = sample.as_ref().and_then(|sample| sample.place(layout.align()));
        let old_room = before.room();
        let stays = new_place.is_none() && old_room.is_some_and(|room| new_size <= room);
        let moves_by_hand = !stays && (new_place.is_some() || old_room.is_some());
        let moved = match (new_place, Layout::from_size_align(new_size, layout.align())) {
            (Some(place), _) => place.as_ptr(),
            (None, _) if stays => block,
            (None, Err(_)) => null_mut(),
            // SAFETY: the caller vouches for the new size, which is not zero.
            (None, Ok(new)) if moves_by_hand => unsafe { self.inner_alloc::<false>(new) },
            // SAFETY: the caller keeps `realloc`'s contract, and the block is the inner allocator's.
            (None, Ok(_)) => unsafe { self.inner_realloc(block, layout, new_size) },
        };
        if moved.is_null() {
            engine::realloc_failed(before);
            return moved;
        }
        if moves_by_hand {
            // SAFETY: both have as many bytes, and they are different blocks.
            unsafe { moved.copy_from_nonoverlapping(block, layout.size().min(new_size)) };
            if old_room.is_none() {
                // SAFETY: the block is the inner allocator's, and nobody uses it any more.
                unsafe { self.inner_dealloc(block, layout) };
            }
        }
        if let Some(sample) = sample {
            sample.keep(moved.addr());
        }
        engine::after_realloc(&before, moved.addr(), new_size);
        if moves_by_hand {
            engine::left_place(&before);
        }
        moved
    }
}

// SAFETY: a block is the inner allocator's, which keeps the contract, or a place of its own that is as large and as aligned as
// was asked for and nobody else's until it is released; what happens beside neither allocates nor unwinds.
unsafe impl<A: GlobalAlloc> GlobalAlloc for TrackingAllocator<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match engine::work() {
            // SAFETY: the caller keeps `alloc`'s contract.
            _ if !is_usual(layout) => unsafe { self.unusual_alloc::<false>(layout) },
            // SAFETY: the caller keeps `alloc`'s contract.
            Work::NONE => unsafe { self.inner_alloc::<false>(layout) },
            // SAFETY: the caller keeps `alloc`'s contract.
            Work::COUNT => unsafe { self.counted::<true, false>(layout) },
            // SAFETY: the caller keeps `alloc`'s contract.
            _ => unsafe { self.usual_alloc::<false>(layout) },
        }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        match engine::work() {
            // SAFETY: the caller keeps `alloc_zeroed`'s contract.
            _ if !is_usual(layout) => unsafe { self.unusual_alloc::<true>(layout) },
            // SAFETY: the caller keeps `alloc_zeroed`'s contract.
            Work::NONE => unsafe { self.inner_alloc::<true>(layout) },
            // SAFETY: the caller keeps `alloc_zeroed`'s contract.
            Work::COUNT => unsafe { self.counted::<true, true>(layout) },
            // SAFETY: the caller keeps `alloc_zeroed`'s contract.
            _ => unsafe { self.usual_alloc::<true>(layout) },
        }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match engine::work() {
            // SAFETY: the caller keeps `dealloc`'s contract; no block has a place of its own.
            Work::NONE => unsafe { self.inner_dealloc(block, layout) },
            // SAFETY: the caller keeps `dealloc`'s contract; no block has a place of its own.
            Work::COUNT => unsafe { self.uncounted(block, layout) },
            // SAFETY: the caller keeps `dealloc`'s contract.
            _ => unsafe { self.watched_dealloc(block, layout) },
        }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        match (is_usual(layout), engine::work() != Work::NONE) {
            // SAFETY: the caller keeps `realloc`'s contract; no block has a place of its own.
            (true, false) => unsafe { self.inner_realloc(block, layout, new_size) },
            // SAFETY: the caller keeps `realloc`'s contract.
            (true, true) => unsafe { self.usual_realloc(block, layout, new_size) },
            // SAFETY: the caller keeps `realloc`'s contract.
            (false, _) => unsafe { self.unusual_realloc(block, layout, new_size) },
        }
    }
}

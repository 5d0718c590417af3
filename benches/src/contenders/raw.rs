//! The unsafe calls that contenders need: allocators called as such, and outputs that a callee promises to fill.
#![allow(unsafe_code, reason = "allocators and uninitialised outputs have unsafe interfaces")]

use std::alloc::{GlobalAlloc, Layout, System, handle_alloc_error};
use std::hint::black_box;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use tea_rolling::RollingFeature;

/// tea-rolling's mean of `window` elements, NaN before the first full window, into the given buffer.
pub(super) fn tea_rolling_mean(x: &Vec<f64>, window: usize, out: &mut [f64]) {
    let out: *mut [f64] = out;
    // SAFETY: the layouts agree, `out` is borrowed for as long, and tea-rolling writes only numbers to it.
    let out = unsafe { &mut *(out as *mut [MaybeUninit<f64>]) };
    x.ts_mean_to::<Vec<f64>, f64>(window, Some(window), Some(out));
}

/// An allocator to be called by name.
pub(super) trait Malloc: GlobalAlloc + Send + Sync + 'static {
    const IT: Self;
}

impl Malloc for System {
    const IT: Self = System;
}

impl Malloc for mimalloc::MiMalloc {
    const IT: Self = mimalloc::MiMalloc;
}

#[cfg(unix)]
impl Malloc for tikv_jemallocator::Jemalloc {
    const IT: Self = tikv_jemallocator::Jemalloc;
}

/// Memory from such an allocator, freed when dropped.
pub(super) struct Raw<A: Malloc> {
    block: NonNull<u64>,
    layout: Layout,
    allocator: PhantomData<A>,
}

// SAFETY: it is the only owner of its memory, and any thread may free what another allocated.
unsafe impl<A: Malloc> Send for Raw<A> {}

impl<A: Malloc> Raw<A> {
    /// `bytes` of memory, at least 16.
    #[inline]
    pub(super) fn new(bytes: usize) -> Self {
        assert!((16..1 << 30).contains(&bytes), "room for two words");
        let layout = Layout::from_size_align(bytes, align_of::<u64>()).expect("the size is far from overflow");
        // SAFETY: the layout has a size.
        let block = unsafe { A::IT.alloc(layout) };
        match NonNull::new(block.cast::<u64>()) {
            Some(block) => Self { block, layout, allocator: PhantomData },
            None => handle_alloc_error(layout),
        }
    }

    /// Writes zeros into all of it.
    #[inline]
    pub(super) fn zero(&mut self) {
        // SAFETY: the memory is this long, and ours.
        unsafe { self.block.cast::<u8>().write_bytes(0, self.layout.size()) };
        black_box(self.block);
    }

    /// Writes two words; whether the first was read as written.
    #[inline]
    pub(super) fn write(&mut self, words: [u64; 2]) -> bool {
        // SAFETY: the memory is aligned for words, has room for two, and is ours.
        unsafe { self.block.cast::<[u64; 2]>().write(words) };
        // SAFETY: it was just written.
        let first = unsafe { black_box(self.block).read() };
        first == words[0]
    }
}

impl<A: Malloc> Drop for Raw<A> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the block came from this allocator with this layout, and no one uses it any more.
        unsafe { A::IT.dealloc(self.block.as_ptr().cast(), self.layout) };
    }
}

/// Allocates 64 bytes, writes and reads one of them, and frees them; 1 when it was read as written.
pub(super) fn pair<A: GlobalAlloc>(allocator: &A, i: u64) -> u64 {
    let layout = const { Layout::new::<[u64; 8]>() };
    // SAFETY: the layout has a size.
    let block = black_box(unsafe { allocator.alloc(layout) }).cast::<u64>();
    if block.is_null() {
        return 0;
    }
    // SAFETY: the block is not null, aligned for and larger than a `u64`.
    unsafe { block.write(i) };
    // SAFETY: it was just written.
    let read = unsafe { black_box(block).read() };
    // SAFETY: the block came from this allocator with this layout, and no one uses it any more.
    unsafe { allocator.dealloc(block.cast(), layout) };
    u64::from(read == i)
}

/// Allocates 16 bytes, lets them grow to 4 KiB by doubling, and frees them; 1 when the first bytes were kept.
pub(super) fn grow<A: GlobalAlloc>(allocator: &A, i: u64) -> u64 {
    let layout = |size| Layout::from_size_align(size, 8).unwrap_or(Layout::new::<u64>());
    let mut size = 16;
    // SAFETY: the layout has a size.
    let mut block = unsafe { allocator.alloc(layout(size)) };
    if block.is_null() {
        return 0;
    }
    // SAFETY: the block is not null, aligned for and larger than a `u64`.
    unsafe { block.cast::<u64>().write(i) };
    while size < 4096 {
        // SAFETY: the block came from this allocator with this layout; the new size is not 0 and far from overflow.
        let grown = unsafe { allocator.realloc(block, layout(size), 2 * size) };
        if grown.is_null() {
            break;
        }
        block = black_box(grown);
        size *= 2;
    }
    // SAFETY: the first 8 bytes were written, and growing keeps them.
    let read = unsafe { block.cast::<u64>().read() };
    // SAFETY: the block came from this allocator, has this size by now, and no one uses it any more.
    unsafe { allocator.dealloc(block, layout(size)) };
    u64::from(read == i && size == 4096)
}

#[cfg(test)]
mod tests {
    use std::alloc::System;

    use super::*;

    #[test]
    fn the_system_allocator_answers_rightly() {
        assert_eq!((pair(&System, 7), grow(&System, 8)), (1, 1));
    }

    fn is_memory<A: Malloc>() {
        let mut blocks: Vec<Raw<A>> = [16, 64, 4096, 65536].into_iter().map(Raw::new).collect();
        for (i, block) in (0..).zip(&mut blocks) {
            block.zero();
            assert!(block.write([i, !i]));
        }
        std::thread::scope(|scope| scope.spawn(|| drop(blocks)).join()).expect("another thread may free it");
    }

    #[test]
    fn every_allocator_gives_memory() {
        is_memory::<System>();
        is_memory::<mimalloc::MiMalloc>();
        #[cfg(unix)]
        is_memory::<tikv_jemallocator::Jemalloc>();
    }

    #[test]
    fn an_output_is_written() {
        let mut out = [0.0; 3];
        tea_rolling_mean(&vec![1.0, 3.0, 5.0], 2, &mut out);
        assert!(out[0].is_nan());
        assert_eq!(out[1..], [2.0, 4.0]);
    }
}

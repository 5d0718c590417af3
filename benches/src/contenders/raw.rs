//! The unsafe calls that contenders need: allocators called as such, outputs that a callee promises to fill, mapped files,
//! large pages and the time stamp.
#![allow(
    unsafe_code,
    reason = "allocators, uninitialised outputs, mapped files, large pages and the time stamp have unsafe interfaces"
)]

use std::alloc::{GlobalAlloc, Layout, System, handle_alloc_error};
use std::cell::UnsafeCell;
use std::hint::black_box;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};

use tea_rolling::{RollingFeature, RollingValidCmp};

/// tea-rolling's mean of `window` elements, NaN before the first full window, into the given buffer.
pub(super) fn tea_rolling_mean(x: &Vec<f64>, window: usize, out: &mut [f64]) {
    x.ts_mean_to::<Vec<f64>, f64>(window, Some(window), Some(uninit(out)));
}

/// Its standard deviation.
pub(super) fn tea_rolling_std(x: &Vec<f64>, window: usize, out: &mut [f64]) {
    x.ts_std_to::<Vec<f64>, f64>(window, Some(window), Some(uninit(out)));
}

/// Its maximum.
pub(super) fn tea_rolling_max(x: &Vec<f64>, window: usize, out: &mut [f64]) {
    x.ts_vmax_to::<Vec<f64>, f64>(window, Some(window), Some(uninit(out)));
}

/// The buffer as tea-rolling asks for it.
fn uninit(out: &mut [f64]) -> &mut [MaybeUninit<f64>] {
    let out: *mut [f64] = out;
    // SAFETY: the layouts agree, `out` is borrowed for as long, and tea-rolling writes only numbers to it.
    unsafe { &mut *(out as *mut [MaybeUninit<f64>]) }
}

/// So many zeros; on large pages, where the system has them and it is 4 MiB or more.
pub(super) fn zeros(len: usize) -> Vec<f64> {
    let mut zeros = Vec::with_capacity(len);
    #[cfg(target_os = "linux")]
    if size_of_val(zeros.spare_capacity_mut()) >= 4 << 20 {
        const PAGE: usize = 4096;
        let room = zeros.spare_capacity_mut();
        let (first, bytes) = (room.as_mut_ptr().cast::<u8>(), size_of_val(room));
        let skipped = first.align_offset(PAGE);
        let pages = (bytes - skipped) & !(PAGE - 1);
        // SAFETY: within the allocation, which is longer than a page.
        let first = unsafe { first.add(skipped) };
        // SAFETY: whole pages of memory that is ours; the advice changes nothing that they hold. It may be refused.
        let _ = unsafe { rustix::mm::madvise(first.cast(), pages, rustix::mm::Advice::LinuxHugepage) };
    }
    zeros.resize(len, 0.0);
    zeros
}

/// Whether [`cycles`] counts here.
pub(super) const HAS_CYCLES: bool = cfg!(target_arch = "x86_64");

/// The processor's time stamp.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(super) fn cycles() -> u64 {
    // SAFETY: every x86-64 processor has it, and no system of those supported forbids it.
    unsafe { core::arch::x86_64::_rdtsc() }
}

/// The processor's time stamp.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn cycles() -> u64 {
    0
}

/// The content of a file that nobody changes meanwhile.
pub(super) fn map(file: &std::fs::File) -> std::io::Result<memmap2::Mmap> {
    // SAFETY: the file is one that the bench has made for itself.
    unsafe { memmap2::Mmap::map(file) }
}

/// An allocator that has one block, of 64 bytes: what a wrapper adds to it depends on no C library.
pub(super) struct OneBlock(AtomicBool, UnsafeCell<Block>);

/// Aligned as any allocator's may be.
#[repr(align(64))]
struct Block {
    _room: [u8; 64],
}

impl OneBlock {
    pub(super) const fn new() -> Self {
        Self(AtomicBool::new(false), UnsafeCell::new(Block { _room: [0; 64] }))
    }
}

// SAFETY: the block is only reached by who was given it, and by one at a time.
unsafe impl Sync for OneBlock {}

// SAFETY: the block is long and aligned enough for what it is given for, and is not given again before it is back.
unsafe impl GlobalAlloc for OneBlock {
    /// A call, as `malloc` is.
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let fits = layout.size() <= size_of::<Block>() && layout.align() <= align_of::<Block>();
        if fits && !self.0.swap(true, Ordering::Acquire) { self.1.get().cast() } else { std::ptr::null_mut() }
    }

    #[inline(never)]
    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {
        self.0.store(false, Ordering::Release);
    }
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
    // As a global allocator is given it: known when the program runs.
    let layout = black_box(const { Layout::new::<[u64; 8]>() });
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
        let (x, mut out) = (vec![1.0, 3.0, 5.0], [0.0; 3]);
        tea_rolling_mean(&x, 2, &mut out);
        assert!(out[0].is_nan());
        assert_eq!(out[1..], [2.0, 4.0]);
        tea_rolling_max(&x, 2, &mut out);
        assert_eq!(out[1..], [3.0, 5.0]);
        tea_rolling_std(&x, 2, &mut out);
        assert!(out[1..].iter().all(|std| (std - 2.0_f64.sqrt()).abs() < 1e-12), "{out:?}");
    }

    #[test]
    fn zeros_are_zeros() {
        for len in [0, 1, 1000, (4 << 20) / 8, 1_000_003] {
            let zeros = zeros(len);
            assert!(zeros.len() == len && zeros.iter().all(|x| *x == 0.0), "{len}");
        }
    }
}

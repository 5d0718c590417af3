//! Arrays in memory of the system: while all threads are stopped, one of them may be inside `malloc`.
#![allow(unsafe_code, reason = "mmap, and slices of it")]

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

/// What may be made of zero bytes.
///
/// # Safety
/// All bits zero are a value of the type, and it is not of size 0.
pub(super) unsafe trait Zero: Copy {}
// SAFETY: an integer.
unsafe impl Zero for u8 {}
// SAFETY: an integer.
unsafe impl Zero for u32 {}
// SAFETY: an integer.
unsafe impl Zero for usize {}
// SAFETY: two of them.
unsafe impl<A: Zero, B: Zero> Zero for (A, B) {}

/// A vector that never grows beyond what it was made for; what was not pushed is zero and not resident.
#[derive(Debug)]
pub(super) struct Array<T: Zero> {
    base: NonNull<T>,
    capacity: usize,
    length: usize,
    marker: PhantomData<T>,
}

impl<T: Zero> Array<T> {
    /// Empty, with room for so many; `None` if the system has no such memory.
    pub(super) fn new(capacity: usize) -> Option<Self> {
        let bytes = capacity.max(1).checked_mul(size_of::<T>())?;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: a new mapping at an address of the system's choice touches nothing that exists.
        let base = unsafe { libc::mmap(std::ptr::null_mut(), bytes, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) };
        if base == libc::MAP_FAILED {
            return None;
        }
        if bytes >= 8 << 20 {
            // SAFETY: advice about the mapping just made.
            unsafe { libc::madvise(base, bytes, libc::MADV_HUGEPAGE) };
        }
        Some(Self { base: NonNull::new(base.cast())?, capacity, length: 0, marker: PhantomData })
    }

    /// With so many zeros in it.
    pub(super) fn zeros(length: usize) -> Option<Self> {
        let mut array = Self::new(length)?;
        array.length = length;
        Some(array)
    }

    /// Whether there was room.
    pub(super) fn push(&mut self, value: T) -> bool {
        if self.length == self.capacity {
            return false;
        }
        // SAFETY: within the mapping, as `length` is below `capacity`.
        let slot = unsafe { self.base.add(self.length) };
        // SAFETY: as above; aligned, as the mapping begins at a page.
        unsafe { slot.write(value) };
        self.length += 1;
        true
    }

    /// Adds so many zeros, or as many as there is room for. Not after `truncate`, which leaves what was there.
    pub(super) fn extend_zeros(&mut self, count: usize) {
        self.length = (self.length + count).min(self.capacity);
    }

    pub(super) fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }

    /// Begin and end of its memory.
    pub(super) fn range(&self) -> (usize, usize) {
        let begin = self.base.as_ptr().addr();
        (begin, begin + (self.capacity.max(1) * size_of::<T>()).next_multiple_of(4096))
    }

    pub(super) const fn room(&self) -> usize {
        self.capacity - self.length
    }
}

impl<T: Zero> Deref for Array<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        // SAFETY: the first `length` were written, or are zero, which is a value.
        unsafe { std::slice::from_raw_parts(self.base.as_ptr(), self.length) }
    }
}

impl<T: Zero> DerefMut for Array<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as for `deref`, and `self` is borrowed for writing.
        unsafe { std::slice::from_raw_parts_mut(self.base.as_ptr(), self.length) }
    }
}

impl<T: Zero> Drop for Array<T> {
    fn drop(&mut self) {
        // SAFETY: the mapping is this array's alone.
        unsafe { libc::munmap(self.base.as_ptr().cast(), self.capacity.max(1) * size_of::<T>()) };
    }
}

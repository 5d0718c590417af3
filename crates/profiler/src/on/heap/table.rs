//! A thread's figures by the numbers of stacks.
#![allow(unsafe_code, reason = "chunks lie in memory of their own")]

use std::sync::atomic::{AtomicPtr, Ordering};

use crate::on::memory;

/// Entries of one chunk.
const CHUNK: usize = 512;
/// Numbers beyond the last of them have no place.
const CHUNKS: usize = 2049;

/// `T` for each number, made in chunks by the one thread that writes; all zero is a valid `T`.
pub(super) struct Table<T: Zero>([AtomicPtr<[T; CHUNK]>; CHUNKS]);

/// Types of which all bytes zero are a valid value, and that may be shared.
///
/// # Safety
///
/// They are.
pub(super) unsafe trait Zero: Sync + 'static {}

impl<T: Zero> Table<T> {
    /// The entry of a number; by the owner.
    #[inline]
    pub(super) fn entry(&self, number: u32) -> Option<&T> {
        let number = number as usize;
        let place = self.0.get(number / CHUNK)?;
        let mut chunk = place.load(Ordering::Relaxed);
        if chunk.is_null() {
            chunk = make()?;
            place.store(chunk, Ordering::Release);
        }
        // SAFETY: made below, never freed; all zero was valid, and it is only written to through shared references.
        let chunk: &[T; CHUNK] = unsafe { chunk.as_ref() }?;
        chunk.get(number % CHUNK)
    }

    /// All entries there are, with their numbers; by anybody.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.0
            .iter()
            .enumerate()
            .filter_map(|(at, place)| {
                // SAFETY: made below, never freed; only written to through shared references.
                let chunk = unsafe { place.load(Ordering::Acquire).as_ref() }?;
                Some(chunk.iter().enumerate().map(move |(i, entry)| ((at * CHUNK + i) as u32, entry)))
            })
            .flatten()
    }
}

#[cold]
fn make<T>() -> Option<*mut [T; CHUNK]> {
    Some(memory::reserve(size_of::<[T; CHUNK]>())?.as_ptr().cast())
}

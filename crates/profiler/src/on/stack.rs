//! Call stacks, taken inside the allocator's hook: no allocation, no lock, no panic.
//!
//! A stack is its return addresses, innermost first. While it is walked its addresses are mixed into a hash, and a cache of
//! the thread says its number; only a stack that the thread has not seen lately is looked up in the table of all, where its
//! frames are compared.

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
mod absent;
mod cache;
mod interning;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod native;
mod store;

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
use absent as native;

use self::native::Bounds;
use self::store::Stacks;
use crate::heap::Unwinding;

pub(crate) use self::cache::StackCache;

/// Of deeper stacks so many innermost frames are kept.
pub(crate) const MOST_FRAMES: usize = 128;

static STACKS: Stacks = Stacks::new(store::CAPACITY);
/// Stacks that got no number, once for each that a thread's cache has in mind.
static REFUSED: AtomicU32 = AtomicU32::new(0);

/// The number of the calling thread's stack in this span, from 1; 0 if the table is full. Inlined: the innermost frame is the
/// return address of the function that it is called in.
#[inline(always)]
pub(crate) fn here(cache: &StackCache, span: u32) -> u32 {
    native::here(cache, span)
}

/// The frames of a stack, as many as there is room for: how many it was. 0 for an unknown number, and for a stack of no frames.
pub(crate) fn frames(number: u32, buffer: &mut [usize]) -> usize {
    let Some((words, _)) = interning::stack(&STACKS, number) else { return 0 };
    for (place, word) in buffer.iter_mut().zip(words) {
        *place = word.load(Ordering::Relaxed);
    }
    words.len().min(buffer.len())
}

/// The span a stack was seen in.
pub(crate) fn span(number: u32) -> u32 {
    interning::stack(&STACKS, number).map_or(0, |(_, span)| span)
}

/// Stacks that are lost: the table was full, or all of the unwinder's caches were in use.
pub(crate) fn lost() -> u32 {
    REFUSED.load(Ordering::Relaxed).saturating_add(native::missed())
}

/// The number of these frames. `trim` takes off what is no frame.
fn number(cache: &StackCache, span: u32, frames: &[usize], trim: impl FnOnce(&[usize]) -> &[usize]) -> u32 {
    let hash = hash(span, frames);
    if let Some(number) = cache.find(hash) {
        return number;
    }
    let frames = trim(frames);
    let number = interning::intern(&STACKS, self::hash(span, frames), span, frames);
    if number == 0 {
        REFUSED.fetch_add(1, Ordering::Relaxed);
    }
    cache.insert(hash, number);
    number
}

/// 2^64 divided by the golden ratio: products of numbers near each other lie as far apart as can be (Knuth, 6.4), so that
/// stacks which differ in two frames only never meet, short of programs of some terabytes.
const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;

#[inline(always)]
fn seed(span: u32) -> u64 {
    (u64::from(span) + 1).wrapping_mul(FACTOR)
}

#[inline(always)]
fn step(hash: u64, address: usize) -> u64 {
    (hash ^ address as u64).wrapping_mul(FACTOR)
}

fn hash(span: u32, frames: &[usize]) -> u64 {
    frames.iter().fold(seed(span), |hash, address| step(hash, *address))
}

/// [`Unwinding`] as a number; 0 as long as nobody has chosen.
static CHOSEN: AtomicU8 = AtomicU8::new(0);

#[inline(always)]
fn chosen() -> Unwinding {
    match CHOSEN.load(Ordering::Relaxed) {
        1 => Unwinding::FramePointers,
        2 => Unwinding::Framehop,
        _ => Unwinding::None,
    }
}

/// To be called before stacks are taken, and now and then afterwards: looks what is loaded, and how stacks are best taken here.
/// Allocates and locks, so not for the hook.
pub(crate) fn prepare() {
    native::refresh();
    if CHOSEN.load(Ordering::Relaxed) == 0 {
        // Unless somebody has chosen meanwhile.
        let _ = CHOSEN.compare_exchange(0, native::best() as u8, Ordering::Relaxed, Ordering::Relaxed);
    }
}

pub(crate) fn unwinding() -> Unwinding {
    prepare();
    chosen()
}

pub(crate) fn set_unwinding(unwinding: Unwinding) -> bool {
    let is_there = native::is_there(unwinding);
    if is_there {
        native::refresh();
        CHOSEN.store(unwinding as u8, Ordering::Relaxed);
    }
    is_there
}

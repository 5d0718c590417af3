//! The chain of frame pointers.
#![allow(unsafe_code, reason = "registers, and frames of the stack")]

use std::arch::asm;

#[cfg(feature = "unwind")]
use super::bounds;
use super::bounds::Bounds;
use crate::on::stack::MOST_FRAMES;

/// The size of what a frame pointer points to: the caller's frame pointer and the return address.
const PAIR: usize = 2 * size_of::<usize>();

/// No code lies in the first page.
const FIRST_CODE: usize = 4096;

/// Where the thread is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Registers {
    #[cfg_attr(not(feature = "unwind"), expect(dead_code, reason = "frame pointers need no place to begin at"))]
    pub(super) code: usize,
    pub(super) stack: usize,
    pub(super) frame: usize,
    #[cfg(all(target_arch = "aarch64", feature = "unwind"))]
    pub(super) link: usize,
}

impl Registers {
    /// In the function that this is inlined into.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    pub(super) fn here() -> Self {
        let (code, stack, frame);
        // SAFETY: copies registers; reads and writes no memory.
        unsafe {
            asm!(
                "mov {frame}, rbp",
                "mov {stack}, rsp",
                "lea {code}, [rip]",
                frame = out(reg) frame,
                stack = out(reg) stack,
                code = out(reg) code,
                options(nomem, nostack, preserves_flags),
            );
        }
        Self { code, stack, frame }
    }

    /// In the function that this is inlined into.
    #[cfg(target_arch = "aarch64")]
    #[inline(always)]
    pub(super) fn here() -> Self {
        let (code, stack, frame, _link): (usize, usize, usize, usize);
        // SAFETY: copies registers; reads and writes no memory.
        unsafe {
            asm!(
                "mov {frame}, x29",
                "mov {stack}, sp",
                "mov {link}, x30",
                "adr {code}, .",
                frame = out(reg) frame,
                stack = out(reg) stack,
                link = out(reg) _link,
                code = out(reg) code,
                options(nomem, nostack, preserves_flags),
            );
        }
        Self {
            code,
            stack,
            frame,
            #[cfg(feature = "unwind")]
            link: _link,
        }
    }
}

/// Without what pointer authentication puts into the upper bits.
#[inline(always)]
const fn plain(address: usize) -> usize {
    if cfg!(target_arch = "aarch64") { address & 0x0000_FFFF_FFFF_FFFF } else { address }
}

/// The return addresses of a thread that runs within these bounds, innermost first, at most [`MOST_FRAMES`].
///
/// It ends at whatever is no frame: outside the part of the stack in use, not further out than the one before, not aligned,
/// no return address. There are none for a thread that runs elsewhere.
#[inline(always)]
pub(super) fn chain(registers: &Registers, bounds: &Bounds, mut each: impl FnMut(usize)) {
    if !bounds.hold(registers.stack) {
        return;
    }
    let last = bounds.high().wrapping_sub(PAIR);
    let (mut floor, mut frame) = (registers.stack, registers.frame);
    for _ in 0..MOST_FRAMES {
        if frame < floor || frame > last || !frame.is_multiple_of(size_of::<usize>()) {
            return;
        }
        let pair = frame as *const usize;
        // SAFETY: aligned, and between the stack pointer and the end of the stack, where all can be read.
        let next = unsafe { pair.read_volatile() };
        // SAFETY: the word behind it is there too, as `frame <= high - PAIR`.
        let address = plain(unsafe { pair.wrapping_add(1).read_volatile() });
        if address < FIRST_CODE {
            return;
        }
        each(address);
        floor = frame + PAIR;
        frame = next;
    }
}

/// The word at an address of the stack: read from within the bounds, if the thread runs there, else by a system call.
#[cfg(feature = "unwind")]
#[inline]
pub(super) fn word(registers: &Registers, bounds: Option<&Bounds>, address: usize) -> Option<usize> {
    match bounds {
        Some(bounds)
            if address >= registers.stack
                && address <= bounds.high() - size_of::<usize>()
                && address.is_multiple_of(size_of::<usize>()) =>
        {
            // SAFETY: aligned, and between the stack pointer and the end of the stack, where all can be read.
            Some(unsafe { (address as *const usize).read_volatile() })
        }
        Some(_) => None,
        None => bounds::foreign::<1>(address).map(|[word]| word),
    }
}

/// The same on a stack of which nothing is known; `read` gives the two words at an address, or `None` if there is no memory.
pub(super) fn careful_chain(
    registers: &Registers,
    mut read: impl FnMut(usize) -> Option<[usize; 2]>,
    mut each: impl FnMut(usize),
) {
    let (mut floor, mut frame) = (registers.stack, registers.frame);
    for _ in 0..MOST_FRAMES {
        if frame < floor || !frame.is_multiple_of(size_of::<usize>()) {
            return;
        }
        let Some([next, address]) = read(frame) else { return };
        let address = plain(address);
        if address < FIRST_CODE {
            return;
        }
        each(address);
        floor = frame + PAIR;
        frame = next;
    }
}

//! Reading memory that others write, as words.
#![allow(unsafe_code, reason = "reads at addresses")]

use std::hint::black_box;

/// All addresses of programs are below.
pub(super) const ADDRESSES: usize = (1 << 47) - 1;

/// The word at an address.
///
/// # Safety
/// The address is a multiple of 8, and 8 bytes from there on can be read.
#[inline(always)]
pub(super) unsafe fn word(address: usize) -> usize {
    let word = std::ptr::with_exposed_provenance::<usize>(address);
    // SAFETY: the caller knows that it can be read. Volatile: the compiler shall not conclude anything from it.
    unsafe { word.read_volatile() }
}

/// Brings the line of an address into the cache; any address will do.
#[inline(always)]
pub(super) fn prefetch(address: usize) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: no address is wrong, and every x86-64 processor has the instruction.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::with_exposed_provenance(address)) };
}

/// Calls `body` with the registers that a function must keep and the stack pointer: all that the callers hold is in the
/// former or above the latter.
#[inline(never)]
pub(super) fn with_registers<R>(body: impl FnOnce(&[usize; 6], usize) -> R) -> R {
    let mut registers = [0_usize; 6];
    let base = registers.as_mut_ptr();
    let stack: usize;
    // SAFETY: writes the registers to the array's six places, and touches nothing else.
    unsafe {
        std::arch::asm!(
            "mov [{base}], rbx",
            "mov [{base} + 8], rbp",
            "mov [{base} + 16], r12",
            "mov [{base} + 24], r13",
            "mov [{base} + 32], r14",
            "mov [{base} + 40], r15",
            "mov {stack}, rsp",
            base = in(reg) base,
            stack = lateout(reg) stack,
            options(nostack, preserves_flags),
        );
    }
    let result = body(black_box(&registers), stack);
    black_box(&mut registers);
    result
}

/// The thread pointer: the address of the calling thread's control block, which holds it as its first word.
#[inline(always)]
pub(super) fn thread_pointer() -> usize {
    let pointer: usize;
    // SAFETY: on Linux the first word at `fs` is the block's own address.
    unsafe { std::arch::asm!("mov {}, fs:0", out(reg) pointer, options(nostack, preserves_flags, readonly)) };
    pointer
}

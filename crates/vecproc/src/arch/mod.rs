//! The instruction sets: eight doubles at a time, and the choice of who does it.
//!
//! A kernel is written once over [`Vector`], and [`dispatch`] instantiates it per instruction set. Every operation of a
//! `Vector` is one of IEEE 754 on each lane, or moves lanes; a fused multiply-add is not among them, for the portable
//! path would have to emulate it; but one by 1.0 is an addition, and serves as such. So a kernel gives the same bits
//! everywhere.
//!
//! The vector types are private to this folder, which hands one to a kernel only where the processor has been seen to
//! have its instructions, for `dispatch` alone chooses. That is what every unsafe block here relies on, but for those of
//! `pages`.

#![allow(unsafe_code, reason = "intrinsics")]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod isa;
#[cfg(target_arch = "aarch64")]
mod neon;
mod pages;
mod portable;
#[cfg(test)]
mod tests;
mod vector;

pub(crate) use isa::Isa;
#[cfg(test)]
pub(crate) use isa::with_isa;
pub(crate) use pages::advise;
pub(crate) use portable::Portable;
pub(crate) use vector::{Group, LANES, Vector};

/// Work over vectors.
pub(crate) trait Kernel {
    type Output;

    /// Does it. Must be `#[inline(always)]`, as must be all that it calls: what is not inlined is compiled without the
    /// instructions.
    fn run<V: Vector>(self) -> Self::Output;
}

/// Runs a kernel with the best instructions there are.
#[inline]
pub(crate) fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    dispatch_to(Isa::best(), kernel)
}

/// Runs a kernel with the instructions of one set.
#[inline]
fn dispatch_to<K: Kernel>(isa: Isa, kernel: K) -> K::Output {
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => avx512::run(kernel),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => avx2::run(kernel),
        #[cfg(target_arch = "aarch64")]
        Isa::Neon => neon::run(kernel),
        Isa::Portable => kernel.run::<Portable>(),
    }
}

/// Must follow what was streamed before anybody looks at it again, this thread included.
pub(crate) fn fence() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: part of SSE, which every x86-64 has.
    unsafe {
        std::arch::x86_64::_mm_sfence();
    }
}

//! Eight doubles in one register of AVX-512.

use std::arch::x86_64::*;

use super::Kernel;
use super::vector::{Group, LANES, Vector};

#[derive(Debug, Clone, Copy)]
pub(super) struct Avx512(__m512d);

/// Runs a kernel; the caller has seen that the processor has AVX-512 F and DQ.
#[inline]
pub(super) fn run<K: Kernel>(kernel: K) -> K::Output {
    #[target_feature(enable = "avx512f,avx512dq")]
    fn inner<K: Kernel>(kernel: K) -> K::Output {
        kernel.run::<Avx512>()
    }
    // SAFETY: `Isa::Avx512`, which alone leads here, is made only where the processor has these instructions.
    unsafe { inner(kernel) }
}

/// An intrinsic.
macro_rules! avx512 {
    ($intrinsic:ident $(::<$($generic:tt),+>)? ($($argument:expr),*)) => {
        // SAFETY: the processor has AVX-512, or no kernel would have this type.
        unsafe { $intrinsic $(::<$($generic),+>)? ($($argument),*) }
    };
}

impl Avx512 {
    #[inline(always)]
    fn bits(self) -> __m512i {
        avx512!(_mm512_castpd_si512(self.0))
    }
}

impl Vector for Avx512 {
    type Mask = __mmask8;

    const REGISTERS: usize = 32;

    #[inline(always)]
    fn splat(x: f64) -> Self {
        Self(avx512!(_mm512_set1_pd(x)))
    }

    #[inline(always)]
    fn load(from: &Group) -> Self {
        Self(avx512!(_mm512_loadu_pd(from.as_ptr())))
    }

    #[inline(always)]
    fn store(self, to: &mut Group) {
        avx512!(_mm512_storeu_pd(to.as_mut_ptr(), self.0));
    }

    #[inline(always)]
    fn stream(self, to: &mut Group) {
        if !to.as_ptr().addr().is_multiple_of(16) {
            return self.store(to);
        }
        let to = to.as_mut_ptr();
        macro_rules! stream {
            ($quarter:literal) => {
                let quarter = avx512!(_mm512_extractf64x2_pd::<$quarter>(self.0));
                // Within the group: two of its doubles, at a multiple of 16 bytes as its beginning is.
                avx512!(_mm_stream_pd(to.wrapping_add(2 * $quarter), quarter));
            };
        }
        stream!(0);
        stream!(1);
        stream!(2);
        stream!(3);
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(avx512!(_mm512_add_pd(self.0, other.0)))
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(avx512!(_mm512_sub_pd(self.0, other.0)))
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(avx512!(_mm512_mul_pd(self.0, other.0)))
    }

    #[inline(always)]
    fn add_beside(self, other: Self, one: Self) -> Self {
        Self(avx512!(_mm512_fmadd_pd(self.0, one.0, other.0)))
    }

    #[inline(always)]
    fn sub_beside(self, other: Self, one: Self) -> Self {
        Self(avx512!(_mm512_fmsub_pd(self.0, one.0, other.0)))
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        Self(avx512!(_mm512_div_pd(self.0, other.0)))
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(avx512!(_mm512_sqrt_pd(self.0)))
    }

    #[inline(always)]
    fn abs(self) -> Self {
        Self(avx512!(_mm512_abs_pd(self.0)))
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Self(avx512!(_mm512_min_pd(self.0, other.0)))
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self(avx512!(_mm512_max_pd(self.0, other.0)))
    }

    #[inline(always)]
    fn lt(self, other: Self) -> Self::Mask {
        avx512!(_mm512_cmp_pd_mask::<_CMP_LT_OQ>(self.0, other.0))
    }

    #[inline(always)]
    fn eq(self, other: Self) -> Self::Mask {
        avx512!(_mm512_cmp_pd_mask::<_CMP_EQ_OQ>(self.0, other.0))
    }

    #[inline(always)]
    fn is_nan(self) -> Self::Mask {
        avx512!(_mm512_cmp_pd_mask::<_CMP_UNORD_Q>(self.0, self.0))
    }

    #[inline(always)]
    fn unordered(self, other: Self) -> Self::Mask {
        avx512!(_mm512_cmp_pd_mask::<_CMP_UNORD_Q>(self.0, other.0))
    }

    #[inline(always)]
    fn either(mask: Self::Mask, other: Self::Mask) -> Self::Mask {
        mask | other
    }

    #[inline(always)]
    fn any(mask: Self::Mask) -> bool {
        mask != 0
    }

    #[inline(always)]
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self {
        Self(avx512!(_mm512_mask_blend_pd(mask, no.0, yes.0)))
    }

    #[inline(always)]
    fn up<const K: usize>(self, low: Self) -> Self {
        // Lane i of `low` is i, of `self` 8 + i.
        const INDEX: [[i64; LANES]; 3] =
            [[0, 8, 9, 10, 11, 12, 13, 14], [0, 1, 8, 9, 10, 11, 12, 13], [0, 1, 2, 3, 8, 9, 10, 11]];
        let index = &INDEX[K.ilog2() as usize];
        let index = avx512!(_mm512_loadu_epi64(index.as_ptr()));
        Self(avx512!(_mm512_permutex2var_pd(low.0, index, self.0)))
    }

    #[inline(always)]
    fn after<const K: usize>(self, before: Self) -> Self {
        let (low, high) = (before.bits(), self.bits());
        let moved = match K {
            1 => avx512!(_mm512_alignr_epi64::<7>(high, low)),
            2 => avx512!(_mm512_alignr_epi64::<6>(high, low)),
            _ => avx512!(_mm512_alignr_epi64::<4>(high, low)),
        };
        Self(avx512!(_mm512_castsi512_pd(moved)))
    }

    #[inline(always)]
    fn down(self, high: Self) -> Self {
        let (low, high) = (self.bits(), high.bits());
        let moved = avx512!(_mm512_alignr_epi64::<1>(high, low));
        Self(avx512!(_mm512_castsi512_pd(moved)))
    }

    #[inline(always)]
    fn first(self) -> f64 {
        avx512!(_mm512_cvtsd_f64(self.0))
    }

    #[inline(always)]
    fn last(self) -> Self {
        let index = avx512!(_mm512_set1_epi64(LANES as i64 - 1));
        Self(avx512!(_mm512_permutexvar_pd(index, self.0)))
    }
}

//! Eight doubles in two registers of AVX2.

use std::arch::x86_64::*;

use super::Kernel;
use super::vector::{Group, Vector};

#[derive(Debug, Clone, Copy)]
pub(super) struct Avx2(__m256d, __m256d);

/// Runs a kernel; the caller has seen that the processor has AVX2 and FMA.
#[inline]
pub(super) fn run<K: Kernel>(kernel: K) -> K::Output {
    #[target_feature(enable = "avx2,fma")]
    fn inner<K: Kernel>(kernel: K) -> K::Output {
        kernel.run::<Avx2>()
    }
    // SAFETY: `Isa::Avx2`, which alone leads here, is made only where the processor has these instructions.
    unsafe { inner(kernel) }
}

/// An intrinsic.
macro_rules! avx2 {
    ($intrinsic:ident $(::<$($generic:tt),+>)? ($($argument:expr),*)) => {
        // SAFETY: the processor has AVX2 and FMA, or no kernel would have this type.
        unsafe { $intrinsic $(::<$($generic),+>)? ($($argument),*) }
    };
}

/// An intrinsic on each half.
macro_rules! halves {
    ($intrinsic:ident $(::<$generic:tt>)? ($($argument:expr),*)) => {
        Self(avx2!($intrinsic $(::<$generic>)? ($($argument.0),*)), avx2!($intrinsic $(::<$generic>)? ($($argument.1),*)))
    };
}

impl Vector for Avx2 {
    type Mask = Self;

    const REGISTERS: usize = 8;

    #[inline(always)]
    fn splat(x: f64) -> Self {
        let half = avx2!(_mm256_set1_pd(x));
        Self(half, half)
    }

    #[inline(always)]
    fn load(from: &Group) -> Self {
        let [low, high] = from.as_chunks::<4>().0 else { unreachable!("a group has two halves") };
        Self(avx2!(_mm256_loadu_pd(low.as_ptr())), avx2!(_mm256_loadu_pd(high.as_ptr())))
    }

    #[inline(always)]
    fn store(self, to: &mut Group) {
        let [low, high] = to.as_chunks_mut::<4>().0 else { unreachable!("a group has two halves") };
        avx2!(_mm256_storeu_pd(low.as_mut_ptr(), self.0));
        avx2!(_mm256_storeu_pd(high.as_mut_ptr(), self.1));
    }

    #[inline(always)]
    fn stream(self, to: &mut Group) {
        if !to.as_ptr().addr().is_multiple_of(16) {
            return self.store(to);
        }
        let to = to.as_mut_ptr();
        macro_rules! stream {
            ($half:tt, $quarter:literal) => {
                let quarter = avx2!(_mm256_extractf128_pd::<{ $quarter % 2 }>(self.$half));
                // Within the group: two of its doubles, at a multiple of 16 bytes as its beginning is.
                avx2!(_mm_stream_pd(to.wrapping_add(2 * $quarter), quarter));
            };
        }
        stream!(0, 0);
        stream!(0, 1);
        stream!(1, 2);
        stream!(1, 3);
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        halves!(_mm256_add_pd(self, other))
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        halves!(_mm256_sub_pd(self, other))
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        halves!(_mm256_mul_pd(self, other))
    }

    #[inline(always)]
    fn add_beside(self, other: Self, one: Self) -> Self {
        halves!(_mm256_fmadd_pd(self, one, other))
    }

    #[inline(always)]
    fn sub_beside(self, other: Self, one: Self) -> Self {
        halves!(_mm256_fmsub_pd(self, one, other))
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        halves!(_mm256_div_pd(self, other))
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        halves!(_mm256_sqrt_pd(self))
    }

    #[inline(always)]
    fn abs(self) -> Self {
        let sign = Self::splat(-0.0);
        halves!(_mm256_andnot_pd(sign, self))
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        halves!(_mm256_min_pd(self, other))
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        halves!(_mm256_max_pd(self, other))
    }

    #[inline(always)]
    fn lt(self, other: Self) -> Self::Mask {
        halves!(_mm256_cmp_pd::<_CMP_LT_OQ>(self, other))
    }

    #[inline(always)]
    fn eq(self, other: Self) -> Self::Mask {
        halves!(_mm256_cmp_pd::<_CMP_EQ_OQ>(self, other))
    }

    #[inline(always)]
    fn is_nan(self) -> Self::Mask {
        halves!(_mm256_cmp_pd::<_CMP_UNORD_Q>(self, self))
    }

    #[inline(always)]
    fn unordered(self, other: Self) -> Self::Mask {
        halves!(_mm256_cmp_pd::<_CMP_UNORD_Q>(self, other))
    }

    #[inline(always)]
    fn either(mask: Self::Mask, other: Self::Mask) -> Self::Mask {
        halves!(_mm256_or_pd(mask, other))
    }

    #[inline(always)]
    fn any(mask: Self::Mask) -> bool {
        let either = avx2!(_mm256_or_pd(mask.0, mask.1));
        avx2!(_mm256_movemask_pd(either)) != 0
    }

    #[inline(always)]
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self {
        halves!(_mm256_blendv_pd(no, yes, mask))
    }

    #[inline(always)]
    fn up<const K: usize>(self, low: Self) -> Self {
        // The upper quarters of `low` do not count: `x` is what lies below the lower half.
        let x = low.0;
        match K {
            1 => {
                // Quarters one down: [x's, low quarter], [high quarter of the lower half, low quarter of the upper].
                let below = avx2!(_mm256_permute2f128_pd::<0x20>(x, self.0));
                let between = avx2!(_mm256_permute2f128_pd::<0x21>(self.0, self.1));
                // Of `below` its second lane must be that of x's first.
                let first = avx2!(_mm256_shuffle_pd::<0b0101>(below, self.0));
                Self(avx2!(_mm256_blend_pd::<0b0001>(first, x)), avx2!(_mm256_shuffle_pd::<0b0101>(between, self.1)))
            }
            2 => Self(
                avx2!(_mm256_permute2f128_pd::<0x20>(x, self.0)),
                avx2!(_mm256_permute2f128_pd::<0x21>(self.0, self.1)),
            ),
            _ => Self(x, self.0),
        }
    }

    #[inline(always)]
    fn after<const K: usize>(self, before: Self) -> Self {
        // The half below `self`.
        let x = before.1;
        match K {
            1 => {
                let below = avx2!(_mm256_permute2f128_pd::<0x21>(x, self.0));
                let between = avx2!(_mm256_permute2f128_pd::<0x21>(self.0, self.1));
                Self(
                    avx2!(_mm256_shuffle_pd::<0b0101>(below, self.0)),
                    avx2!(_mm256_shuffle_pd::<0b0101>(between, self.1)),
                )
            }
            2 => Self(
                avx2!(_mm256_permute2f128_pd::<0x21>(x, self.0)),
                avx2!(_mm256_permute2f128_pd::<0x21>(self.0, self.1)),
            ),
            _ => Self(x, self.0),
        }
    }

    #[inline(always)]
    fn down(self, high: Self) -> Self {
        // The quarters above: [high quarter of the lower half, low quarter of the upper], [high of the upper, `high`'s].
        let between = avx2!(_mm256_permute2f128_pd::<0x21>(self.0, self.1));
        let above = avx2!(_mm256_permute2f128_pd::<0x21>(self.1, high.0));
        Self(avx2!(_mm256_shuffle_pd::<0b0101>(self.0, between)), avx2!(_mm256_shuffle_pd::<0b0101>(self.1, above)))
    }

    #[inline(always)]
    fn first(self) -> f64 {
        avx2!(_mm256_cvtsd_f64(self.0))
    }

    #[inline(always)]
    fn last(self) -> Self {
        let half = avx2!(_mm256_permute4x64_pd::<0b11_11_11_11>(self.1));
        Self(half, half)
    }
}

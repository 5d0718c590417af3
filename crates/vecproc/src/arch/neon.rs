//! Eight doubles in four registers of NEON, which every 64-bit ARM has.

use std::arch::aarch64::*;

use super::Kernel;
use super::vector::{Group, Vector};

#[derive(Debug, Clone, Copy)]
pub(super) struct Neon([float64x2_t; 4]);

#[derive(Debug, Clone, Copy)]
pub(super) struct Mask([uint64x2_t; 4]);

#[inline]
pub(super) fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Neon>()
}

/// An intrinsic.
macro_rules! neon {
    ($intrinsic:ident $(::<$generic:tt>)? ($($argument:expr),*)) => {
        // SAFETY: NEON is part of the target.
        unsafe { $intrinsic $(::<$generic>)? ($($argument),*) }
    };
}

impl Neon {
    #[inline(always)]
    fn map(self, f: impl Fn(float64x2_t) -> float64x2_t) -> Self {
        Self(self.0.map(f))
    }

    #[inline(always)]
    fn zip<T>(self, other: Self, f: impl Fn(float64x2_t, float64x2_t) -> T) -> [T; 4] {
        std::array::from_fn(|i| f(self.0[i], other.0[i]))
    }
}

impl Vector for Neon {
    type Mask = Mask;

    const REGISTERS: usize = 8;

    #[inline(always)]
    fn splat(x: f64) -> Self {
        Self([neon!(vdupq_n_f64(x)); 4])
    }

    #[inline(always)]
    fn load(from: &Group) -> Self {
        let (pairs, _) = from.as_chunks::<2>();
        Self(std::array::from_fn(|i| neon!(vld1q_f64(pairs[i].as_ptr()))))
    }

    #[inline(always)]
    fn store(self, to: &mut Group) {
        let (pairs, _) = to.as_chunks_mut::<2>();
        for (pair, x) in pairs.iter_mut().zip(self.0) {
            neon!(vst1q_f64(pair.as_mut_ptr(), x));
        }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(self.zip(other, |a, b| neon!(vaddq_f64(a, b))))
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(self.zip(other, |a, b| neon!(vsubq_f64(a, b))))
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(self.zip(other, |a, b| neon!(vmulq_f64(a, b))))
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        Self(self.zip(other, |a, b| neon!(vdivq_f64(a, b))))
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        self.map(|x| neon!(vsqrtq_f64(x)))
    }

    #[inline(always)]
    fn abs(self) -> Self {
        self.map(|x| neon!(vabsq_f64(x)))
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Self::select(self.lt(other), self, other)
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self::select(other.lt(self), self, other)
    }

    #[inline(always)]
    fn lt(self, other: Self) -> Self::Mask {
        Mask(self.zip(other, |a, b| neon!(vcltq_f64(a, b))))
    }

    #[inline(always)]
    fn eq(self, other: Self) -> Self::Mask {
        Mask(self.zip(other, |a, b| neon!(vceqq_f64(a, b))))
    }

    #[inline(always)]
    fn is_nan(self) -> Self::Mask {
        let all = neon!(vdupq_n_u64(u64::MAX));
        Mask(self.eq(self).0.map(|number| neon!(veorq_u64(number, all))))
    }

    #[inline(always)]
    fn unordered(self, other: Self) -> Self::Mask {
        Self::either(self.is_nan(), other.is_nan())
    }

    #[inline(always)]
    fn either(mask: Self::Mask, other: Self::Mask) -> Self::Mask {
        Mask(std::array::from_fn(|i| neon!(vorrq_u64(mask.0[i], other.0[i]))))
    }

    #[inline(always)]
    fn any(mask: Self::Mask) -> bool {
        let [a, b, c, d] = mask.0;
        let (low, high) = (neon!(vorrq_u64(a, b)), neon!(vorrq_u64(c, d)));
        let any = neon!(vorrq_u64(low, high));
        let halves = neon!(vreinterpretq_u32_u64(any));
        neon!(vmaxvq_u32(halves)) != 0
    }

    #[inline(always)]
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self {
        Self(std::array::from_fn(|i| neon!(vbslq_f64(mask.0[i], yes.0[i], no.0[i]))))
    }

    #[inline(always)]
    fn up<const K: usize>(self, low: Self) -> Self {
        let [a, b, c, d] = self.0;
        match K {
            1 => {
                let between = |x, y| neon!(vextq_f64::<1>(x, y));
                // The first lane of `low`, moved to the second for the extraction.
                let x = neon!(vdupq_laneq_f64::<0>(low.0[0]));
                Self([between(x, a), between(a, b), between(b, c), between(c, d)])
            }
            2 => Self([low.0[0], a, b, c]),
            _ => Self([low.0[0], low.0[1], a, b]),
        }
    }

    #[inline(always)]
    fn after<const K: usize>(self, before: Self) -> Self {
        let [a, b, c, d] = self.0;
        let [.., y, x] = before.0;
        match K {
            1 => Self([
                neon!(vextq_f64::<1>(x, a)),
                neon!(vextq_f64::<1>(a, b)),
                neon!(vextq_f64::<1>(b, c)),
                neon!(vextq_f64::<1>(c, d)),
            ]),
            2 => Self([x, a, b, c]),
            _ => Self([y, x, a, b]),
        }
    }

    #[inline(always)]
    fn down(self, high: Self) -> Self {
        let [a, b, c, d] = self.0;
        let between = |x, y| neon!(vextq_f64::<1>(x, y));
        Self([between(a, b), between(b, c), between(c, d), between(d, high.0[0])])
    }

    #[inline(always)]
    fn first(self) -> f64 {
        neon!(vgetq_lane_f64::<0>(self.0[0]))
    }

    #[inline(always)]
    fn last(self) -> Self {
        Self([neon!(vdupq_laneq_f64::<1>(self.0[3])); 4])
    }
}

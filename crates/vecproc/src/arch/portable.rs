//! Eight doubles in plain Rust, for every processor.

use super::vector::{Group, LANES, Vector};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Portable(Group);

impl Portable {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        Self(std::array::from_fn(|i| f(self.0[i], other.0[i])))
    }

    #[inline(always)]
    fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Self(std::array::from_fn(|i| f(self.0[i])))
    }
}

impl Vector for Portable {
    type Mask = [bool; LANES];

    const REGISTERS: usize = 2;

    #[inline(always)]
    fn splat(x: f64) -> Self {
        Self([x; LANES])
    }

    #[inline(always)]
    fn load(from: &Group) -> Self {
        Self(*from)
    }

    #[inline(always)]
    fn store(self, to: &mut Group) {
        *to = self.0;
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self.zip(other, |a, b| a / b)
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        self.map(f64::sqrt)
    }

    #[inline(always)]
    fn abs(self) -> Self {
        self.map(f64::abs)
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        self.zip(other, |a, b| if a < b { a } else { b })
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.zip(other, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn lt(self, other: Self) -> Self::Mask {
        std::array::from_fn(|i| self.0[i] < other.0[i])
    }

    #[inline(always)]
    fn eq(self, other: Self) -> Self::Mask {
        std::array::from_fn(|i| self.0[i] == other.0[i])
    }

    #[inline(always)]
    fn is_nan(self) -> Self::Mask {
        std::array::from_fn(|i| self.0[i].is_nan())
    }

    #[inline(always)]
    fn unordered(self, other: Self) -> Self::Mask {
        std::array::from_fn(|i| self.0[i].is_nan() | other.0[i].is_nan())
    }

    #[inline(always)]
    fn either(mask: Self::Mask, other: Self::Mask) -> Self::Mask {
        std::array::from_fn(|i| mask[i] | other[i])
    }

    #[inline(always)]
    fn any(mask: Self::Mask) -> bool {
        mask.iter().fold(false, |any, &set| any | set)
    }

    #[inline(always)]
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self {
        Self(std::array::from_fn(|i| if mask[i] { yes.0[i] } else { no.0[i] }))
    }

    #[inline(always)]
    fn up<const K: usize>(self, low: Self) -> Self {
        Self(std::array::from_fn(|i| if i < K { low.0[i] } else { self.0[i - K] }))
    }

    #[inline(always)]
    fn after<const K: usize>(self, before: Self) -> Self {
        Self(std::array::from_fn(|i| if i < K { before.0[LANES - K + i] } else { self.0[i - K] }))
    }

    #[inline(always)]
    fn down(self, high: Self) -> Self {
        Self(std::array::from_fn(|i| if i + 1 < LANES { self.0[i + 1] } else { high.0[0] }))
    }

    #[inline(always)]
    fn first(self) -> f64 {
        self.0[0]
    }

    #[inline(always)]
    fn last(self) -> Self {
        Self([self.0[LANES - 1]; LANES])
    }
}

//! Two exact references, with nothing in common: sums in a long integer of our own, and integers of the crate num-bigint.

use num_bigint::{BigInt, BigUint};

use crate::shared::long_integer::scaled;
pub(crate) use crate::shared::long_integer::{LongInteger, U};

/// A double in units of 2^-1074, of which all are multiples.
pub(crate) fn units(x: f64) -> BigInt {
    assert!(x.is_finite());
    let exponent = (x.to_bits() >> 52) & 0x7ff;
    let fraction = x.to_bits() & ((1 << 52) - 1);
    let magnitude =
        if exponent == 0 { BigUint::from(fraction) } else { BigUint::from(fraction | 1 << 52) << (exponent - 1) };
    if x.is_sign_negative() { -BigInt::from(magnitude) } else { BigInt::from(magnitude) }
}

pub(crate) fn magnitude(x: &BigInt) -> BigInt {
    BigInt::from(x.magnitude().clone())
}

/// `|a| / |b|`, to within a few units in the last place.
pub(crate) fn ratio(a: &BigInt, b: &BigInt) -> f64 {
    let leading = |x: &BigInt| {
        let shift = x.bits().saturating_sub(64);
        let leading: BigUint = x.magnitude() >> shift;
        (leading.iter_u64_digits().next().unwrap_or(0) as f64, shift as i32)
    };
    let ((a, a_shift), (b, b_shift)) = (leading(a), leading(b));
    scaled(a / b, a_shift - b_shift)
}

/// How far `ours` is from the share that one of `count` has in `sum`, in units of its last place.
pub(crate) fn ulps(ours: f64, sum: &LongInteger, count: u64) -> f64 {
    let mut error = sum.clone();
    error.add(-ours, count);
    let share = sum.to_f64() / count as f64;
    let exponent = ((share.to_bits() >> 52) & 0x7ff).max(1) as i32;
    scaled(error.to_f64().abs(), 1075 - exponent) / count as f64
}

/// The integer and the power of two that a double is made of.
pub(crate) fn parts(x: f64) -> (BigInt, i64) {
    let exponent = ((x.to_bits() >> 52) & 0x7ff).max(1) as i64;
    (units(x) >> (exponent - 1), exponent - 1075)
}

/// Sums of doubles, of their magnitudes and squares, from which elements can be taken again.
#[derive(Default)]
pub(crate) struct Sums {
    pub(crate) count: u64,
    pub(crate) sum: BigInt,
    pub(crate) magnitudes: BigInt,
    pub(crate) squares: BigInt,
}

impl Sums {
    pub(crate) fn add(&mut self, x: f64) {
        let x = units(x);
        self.count += 1;
        self.magnitudes += magnitude(&x);
        self.squares += &x * &x;
        self.sum += x;
    }

    pub(crate) fn remove(&mut self, x: f64) {
        let x = units(x);
        self.count -= 1;
        self.magnitudes -= magnitude(&x);
        self.squares -= &x * &x;
        self.sum -= x;
    }
}

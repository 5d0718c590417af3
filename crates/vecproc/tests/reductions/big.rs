//! Exact arithmetic in big integers: numbers in units of 2^-1074, products in units of 2^-2148.

use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive, Zero};

/// A finite number as so many units.
pub(crate) fn units(x: f64) -> BigInt {
    assert!(x.is_finite());
    let exponent = (x.to_bits() >> 52) & 0x7ff;
    let fraction = x.to_bits() & ((1 << 52) - 1);
    let magnitude =
        if exponent == 0 { BigInt::from(fraction) } else { BigInt::from(fraction | 1 << 52) << (exponent - 1) };
    if x.is_sign_negative() { -magnitude } else { magnitude }
}

pub(crate) fn sum(x: impl IntoIterator<Item = f64>) -> BigInt {
    x.into_iter().map(units).sum()
}

pub(crate) fn dot(x: &[f64], y: &[f64]) -> BigInt {
    x.iter().zip(y).map(|(&x, &y)| units(x) * units(y)).sum()
}

/// `n` times the sum of the products of the distances from the means.
pub(crate) fn about_means(x: &[f64], y: &[f64]) -> BigInt {
    dot(x, y) * x.len() - sum(x.iter().copied()) * sum(y.iter().copied())
}

/// A quotient, to about 60 bits.
pub(crate) fn ratio(above: &BigInt, below: &BigInt) -> f64 {
    if above.is_zero() {
        return 0.0;
    }
    let top = |x: &BigInt| {
        let shift = x.bits() as i64 - 64;
        let top = if shift > 0 { x >> shift } else { x << -shift };
        (top.to_f64().unwrap(), shift)
    };
    let ((a, a_shift), (b, b_shift)) = (top(above), top(below));
    let shift = (a_shift - b_shift).clamp(-2000, 2000) as i32;
    // In two steps, as a power may be beyond what a double holds where the quotient is not.
    a / b * 2.0_f64.powi(shift / 2) * 2.0_f64.powi(shift - shift / 2)
}

/// The magnitude of the difference of two, as a share of a third; 0 if there is none.
pub(crate) fn off(ours: &BigInt, exact: &BigInt, of: &BigInt) -> f64 {
    ratio(&(ours - exact).abs(), of)
}

//! The Euclidean norm.

use super::extremes::min_max;
use super::pairs::dot_of;
use super::sample::Sample;

/// The square root of the sum of squares; `0.0` of nothing, NaN where one is NaN.
///
/// The relative error is at most `(22 + log2(n) / 2) u`, `u = 2^-53`, and neither squares that overflow nor squares that
/// underflow spoil it: then all is done again in other units. O(n) time, no allocation.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::norm;
///
/// assert_eq!(norm(&[3.0, 4.0]), 5.0);
/// assert_eq!(norm(&[3e300, 4e300]), 5e300);
/// ```
#[must_use]
pub fn norm<S: Sample>(x: S) -> f64 {
    let squares = dot_of(x, x, 1.0);
    if (1e-280..1e300).contains(&squares) || squares.is_nan() {
        return squares.sqrt();
    }
    let unit = unit_for(greatest(x));
    dot_of(x, x, unit).sqrt() / unit
}

/// The greatest magnitude; NaN where one is NaN, and of nothing.
pub(super) fn greatest<S: Sample>(x: S) -> f64 {
    let (min, max) = min_max(x);
    if max > -min { max } else { -min }
}

/// The power of two that brings numbers of such magnitude close to 1, so that their squares neither overflow nor
/// underflow; 1 where there is none.
pub(super) fn unit_for(greatest: f64) -> f64 {
    if greatest > 0.0 && greatest.is_finite() {
        let exponent = greatest.to_bits() & (0x7ff << 52);
        let unit = f64::from_bits((0x7fe << 52) - exponent);
        // Of the greatest it is 0, and of subnormal numbers too great to divide by.
        unit.clamp(2.0_f64.powi(-1000), 2.0_f64.powi(1000))
    } else {
        1.0
    }
}

//! Reductions of a slice to one number.

use crate::compensated::{LANES, sum_of};
use crate::mean::Count;

/// The compensated sum; `0.0` of nothing.
///
/// With `u = 2^-53`, `|error| <= u |sum| + 24 (n + 40) u² sum(|x|)`: half a unit in the last place unless values of
/// both signs cancel. NaN and infinities go the way of IEEE 754; a partial sum beyond `f64::MAX` is infinite. O(n)
/// time, no allocation. The sum is made in eight interleaved lanes, and so may differ in the last bit from one made
/// front to back.
///
/// # Examples
///
/// ```
/// assert_eq!(lagom_vecproc::sum(&[1e16, 1.0, -1e16]), 1.0);
/// assert_eq!(lagom_vecproc::sum(&[0.1; 10]), 1.0);
/// ```
#[must_use]
pub fn sum(x: &[f64]) -> f64 {
    if x.is_empty() { 0.0 } else { sum_of(x, |x| x).value() }
}

/// The mean; NaN of nothing.
///
/// `|error| <= u |mean| + 24 (n + 40) u² mean(|x|)`, and the mean of equal values is exactly that value; otherwise as
/// [`sum`]. O(n) time, no allocation.
///
/// # Examples
///
/// ```
/// assert_eq!(lagom_vecproc::mean(&[1.0, 2.0, 6.0]), 3.0);
/// assert_eq!(lagom_vecproc::mean(&[0.1; 77]), 0.1);
/// assert!(lagom_vecproc::mean(&[]).is_nan());
/// ```
#[must_use]
pub fn mean(x: &[f64]) -> f64 {
    if x.is_empty() { f64::NAN } else { Count::new(x.len() as f64).mean_of(sum_of(x, |x| x)) }
}

/// The variance, divided by `n - ddof`: `ddof` 0 for all there is (NumPy's default), 1 for a sample (pandas' default).
///
/// NaN where `n <= ddof`, and where a NaN or an infinity is among the elements. Never negative, and exactly 0 for equal
/// values. Two passes and the correction of Björck (Chan, Golub and LeVeque 1983), all sums compensated: the relative
/// error is at most `16 u` for any offset, `u = 2^-53`, while no square of a deviation overflows (deviations above
/// 1e154: infinite) or underflows (below 1e-146: loses digits, down to 0). O(n) time, no allocation.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::variance;
///
/// assert_eq!(variance(&[1.0, 2.0, 3.0], 1), 1.0);
/// assert_eq!(variance(&[1e10 + 1.0, 1e10 + 3.0], 0), 1.0);
/// assert!(variance(&[1.0], 1).is_nan());
/// ```
#[must_use]
pub fn variance(x: &[f64], ddof: usize) -> f64 {
    if x.len() <= ddof {
        return f64::NAN;
    }
    let mean = mean(x);
    let squares = sum_of(x, |x| (x - mean) * (x - mean)).value();
    // Not quite zero, as the mean was rounded; without it an offset would cost digits.
    let left_over = sum_of(x, |x| x - mean).value();
    let about_the_mean = squares - left_over * (left_over / x.len() as f64);
    // Not `max`, which would make 0 of NaN.
    let about_the_mean = if about_the_mean < 0.0 { 0.0 } else { about_the_mean };
    about_the_mean / (x.len() - ddof) as f64
}

/// The standard deviation: the square root of [`variance`], with `ddof` as there.
///
/// The relative error is at most `9 u`.
///
/// # Examples
///
/// ```
/// assert_eq!(lagom_vecproc::std_dev(&[1.0, 3.0], 0), 1.0);
/// ```
#[must_use]
pub fn std_dev(x: &[f64], ddof: usize) -> f64 {
    variance(x, ddof).sqrt()
}

/// The least and the greatest element; NaN twice where one is NaN, and of nothing.
///
/// `-0.0` and `0.0` count as equal: either may be returned for the other. O(n) time, no allocation.
///
/// # Examples
///
/// ```
/// assert_eq!(lagom_vecproc::min_max(&[2.0, -1.0, 5.0]), (-1.0, 5.0));
/// assert!(lagom_vecproc::min_max(&[2.0, f64::NAN]).0.is_nan());
/// ```
#[must_use]
pub fn min_max(x: &[f64]) -> (f64, f64) {
    let Some(&first) = x.first() else {
        return (f64::NAN, f64::NAN);
    };
    let (mut min, mut max) = ([first; LANES], [first; LANES]);
    let mut nan = [0.0; LANES];
    let mut see = |row: &[f64; LANES]| {
        for lane in 0..LANES {
            let x = row[lane];
            min[lane] = if x < min[lane] { x } else { min[lane] };
            max[lane] = if x > max[lane] { x } else { max[lane] };
            nan[lane] = if x.is_nan() { x } else { nan[lane] };
        }
    };
    let (rows, rest) = x.as_chunks::<LANES>();
    rows.iter().for_each(&mut see);
    let mut last = [first; LANES];
    last[..rest.len()].copy_from_slice(rest);
    see(&last);
    if nan.iter().any(|x| x.is_nan()) {
        return (f64::NAN, f64::NAN);
    }
    (min.into_iter().fold(first, f64::min), max.into_iter().fold(first, f64::max))
}

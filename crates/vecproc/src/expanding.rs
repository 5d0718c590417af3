//! Statistics of all elements so far.

use crate::error::ProcessError;
use crate::input::{Input, Output};
use crate::pipeline::{Operation, run};

/// Writes the mean of all elements up to and including `x[i]` to `out[i]`.
///
/// NaN from the first NaN on; see [`Pipeline::min_periods`](crate::Pipeline::min_periods) to leave missing values out. A sum
/// beyond `f64::MAX` leaves no mean after it that means anything. O(n) time, no allocation of the length of `x`.
///
/// # Accuracy
///
/// That of [`cumulative_sum`](crate::cumulative_sum) and one division: with `u = 2^-53`,
/// `|error| <= 2 u |mean| + 10 u mean(|x|)`, at any length. The worst that a search has found without cancellation is five
/// units in the last place, within the first 64 elements.
///
/// # Errors
///
/// [`ProcessError`] when `out` and `x` differ in length; nothing is written then.
///
/// # Examples
///
/// ```
/// let mut out = [0.0; 3];
/// lagom_vecproc::expanding_mean(&[1.0, 3.0, 8.0], &mut out)?;
/// assert_eq!(out, [1.0, 2.0, 4.0]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
pub fn expanding_mean<I: Input>(x: I, out: &mut [Output<I>]) -> Result<(), ProcessError> {
    run(Operation::ExpandingMean, x, out)
}

/// Writes the variance of all elements up to and including `x[i]` to `out[i]`.
///
/// The squares are divided by the count less `ddof`: 1 for a sample (as pandas), 0 for a whole population (as NumPy). NaN
/// where that is not above 0, and from the first NaN or infinity on. Never negative, and 0 while all elements are equal.
/// O(n) time, no allocation of the length of `x`.
///
/// # Accuracy
///
/// Pairwise updates of mean and squares (Chan, Golub and LeVeque 1983). With `u = 2^-53` and
/// `κ = sqrt(1 + mean² / variance)`, the relative error is at most `c (1 + c)`, `c = (n / 2 + 64) u κ`; as a rule it is far less. That is as long as squares of distances
/// neither overflow nor underflow (distances between 1e-150 and 1e150); beyond, use [`variance`](crate::variance).
///
/// # Errors
///
/// [`ProcessError`] when `out` and `x` differ in length; nothing is written then.
///
/// # Examples
///
/// ```
/// let mut out = [0.0; 3];
/// lagom_vecproc::expanding_variance(&[1.0, 3.0, 8.0], 1, &mut out)?;
/// assert_eq!(out[1..], [2.0, 13.0]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
pub fn expanding_variance<I: Input>(x: I, ddof: usize, out: &mut [Output<I>]) -> Result<(), ProcessError> {
    run(Operation::ExpandingVariance { ddof }, x, out)
}

/// Writes the standard deviation of all elements up to and including `x[i]` to `out[i]`.
///
/// The squares are divided by the count less `ddof`: 1 for a sample (as pandas), 0 for a whole population (as NumPy). NaN
/// where that is not above 0, and from the first NaN or infinity on. Never negative, and 0 while all elements are equal.
/// O(n) time, no allocation of the length of `x`.
///
/// # Accuracy
///
/// Pairwise updates of mean and squares (Chan, Golub and LeVeque 1983). With `u = 2^-53` and
/// `κ = sqrt(1 + mean² / variance)`, the relative error of the variance is at most `c (1 + c)`, `c = (n / 2 + 64) u κ`; as a rule it is far less. That is as long as squares of distances
/// neither overflow nor underflow (distances between 1e-150 and 1e150); beyond, use [`variance`](crate::variance).
///
/// # Errors
///
/// [`ProcessError`] when `out` and `x` differ in length; nothing is written then.
///
/// # Examples
///
/// ```
/// let mut out = [0.0; 3];
/// lagom_vecproc::expanding_std(&[1.0, 3.0, 8.0], 1, &mut out)?;
/// assert_eq!(out[1..], [2.0_f64.sqrt(), 13.0_f64.sqrt()]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
pub fn expanding_std<I: Input>(x: I, ddof: usize, out: &mut [Output<I>]) -> Result<(), ProcessError> {
    run(Operation::ExpandingStd { ddof }, x, out)
}

/// Writes the least of all elements up to and including `x[i]` to `out[i]`.
///
/// As [`cumulative_min`](crate::cumulative_min), from which it differs only where missing values are left out (see
/// [`Pipeline::min_periods`](crate::Pipeline::min_periods)): the result there is the least so far, not missing.
///
/// # Errors
///
/// [`ProcessError`] when `out` and `x` differ in length; nothing is written then.
///
/// # Examples
///
/// ```
/// let mut out = [0.0; 3];
/// lagom_vecproc::expanding_min(&[3.0, 1.0, 8.0], &mut out)?;
/// assert_eq!(out, [3.0, 1.0, 1.0]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
pub fn expanding_min<I: Input>(x: I, out: &mut [Output<I>]) -> Result<(), ProcessError> {
    run(Operation::ExpandingMin, x, out)
}

/// Writes the greatest of all elements up to and including `x[i]` to `out[i]`.
///
/// As [`cumulative_max`](crate::cumulative_max), from which it differs only where missing values are left out (see
/// [`Pipeline::min_periods`](crate::Pipeline::min_periods)): the result there is the greatest so far, not missing.
///
/// # Errors
///
/// [`ProcessError`] when `out` and `x` differ in length; nothing is written then.
///
/// # Examples
///
/// ```
/// let mut out = [0.0; 3];
/// lagom_vecproc::expanding_max(&[3.0, 1.0, 8.0], &mut out)?;
/// assert_eq!(out, [3.0, 3.0, 8.0]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
pub fn expanding_max<I: Input>(x: I, out: &mut [Output<I>]) -> Result<(), ProcessError> {
    run(Operation::ExpandingMax, x, out)
}

/// Writes the mean of those elements up to and including `x[i]` that lie in the same chunk of `n` to `out[i]`.
///
/// Chunks are counted from the start; a mean that starts anew every `n` elements, so that a NaN or an infinity lasts to the
/// end of its chunk. Otherwise as [`expanding_mean`]. O(n) time, no allocation of the length of `x`.
///
/// # Errors
///
/// [`ProcessError`] when `out` and `x` differ in length, or `n` is 0; nothing is written then.
///
/// # Examples
///
/// ```
/// let mut out = [0.0; 3];
/// lagom_vecproc::chunked_mean(&[1.0, 3.0, 8.0], 2, &mut out)?;
/// assert_eq!(out, [1.0, 2.0, 8.0]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
pub fn chunked_mean<I: Input>(x: I, n: usize, out: &mut [Output<I>]) -> Result<(), ProcessError> {
    run(Operation::ChunkedMean { n }, x, out)
}

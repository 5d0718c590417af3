//! Statistics of the last so many elements.
//!
//! See `window/` for how: what each window comes to is put together from what its parts do, and nothing is ever subtracted.

use crate::error::ProcessError;
use crate::input::{Input, Output};
use crate::pipeline::{Operation, run};

/// Writes the sum of the `window` elements up to and including `x[i]` to `out[i]`.
///
/// The first `window - 1` results are NaN, and all where `window` is longer than `x`. NaN while there is a NaN in the window;
/// see [`Pipeline::min_periods`](crate::Pipeline::min_periods) to leave missing values out. A result depends on nothing
/// outside its window. O(n log window) time; allocates some memory for each element of the window, at most of `x`.
///
/// # Accuracy
///
/// With `u = 2^-53`, `|error| <= 2 ceil(log2(window) + 1) u Σ|x|` over that one window. An infinity makes it infinite, and so
/// does a part of the window whose sum is beyond `f64::MAX`.
///
/// # Errors
///
/// [`ProcessError`] when `out` and `x` differ in length, or `window` is 0; nothing is written then.
///
/// # Examples
///
/// ```
/// let mut out = [0.0; 3];
/// lagom_vecproc::rolling_sum(&[1.0, 3.0, 8.0], 2, &mut out)?;
/// assert_eq!(out[1..], [4.0, 11.0]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
pub fn rolling_sum<I: Input>(x: I, window: usize, out: &mut [Output<I>]) -> Result<(), ProcessError> {
    run(Operation::RollingSum { window }, x, out)
}

/// Writes the mean of the `window` elements up to and including `x[i]` to `out[i]`.
///
/// The first `window - 1` results are NaN, and all where `window` is longer than `x`. NaN while there is a NaN in the window;
/// see [`Pipeline::min_periods`](crate::Pipeline::min_periods) to leave missing values out. A result depends on nothing
/// outside its window. O(n log window) time; allocates some memory for each element of the window, at most of `x`.
///
/// # Accuracy
///
/// With `u = 2^-53`, `|error| <= 4 ceil(log2(window) + 1) u mean(|x|)` over that one window. The mean of equal elements is
/// that element, exactly, below `f64::MAX / 2`. An infinity makes it that infinity, and NaN if the other one or an overflow
/// comes too; parts of the window whose means are more than `f64::MAX` apart make it infinite or NaN. With [`Pipeline::min_periods`](crate::Pipeline::min_periods) it is the sum over the count instead, in which
/// equal elements are rounded as others are.
///
/// # Errors
///
/// [`ProcessError`] when `out` and `x` differ in length, or `window` is 0; nothing is written then.
///
/// # Examples
///
/// ```
/// let mut out = [0.0; 3];
/// lagom_vecproc::rolling_mean(&[1.0, 3.0, 8.0], 2, &mut out)?;
/// assert_eq!(out[1..], [2.0, 5.5]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
pub fn rolling_mean<I: Input>(x: I, window: usize, out: &mut [Output<I>]) -> Result<(), ProcessError> {
    run(Operation::RollingMean { window }, x, out)
}

/// Writes the variance of the `window` elements up to and including `x[i]` to `out[i]`.
///
/// The squares are divided by `window - ddof`: 1 for a sample (as pandas), 0 for a whole population (as NumPy). NaN where that
/// is not above 0, or there is an infinity in the window. Never negative, and exactly 0 where all elements are equal (below
/// `f64::MAX / 2`).
///
/// The first `window - 1` results are NaN, and all where `window` is longer than `x`. NaN while there is a NaN in the window;
/// see [`Pipeline::min_periods`](crate::Pipeline::min_periods) to leave missing values out. A result depends on nothing
/// outside its window. O(n log window) time; allocates some memory for each element of the window, at most of `x`.
///
/// # Accuracy
///
/// Pairwise updates of mean and squares (Chan, Golub and LeVeque 1983). With `u = 2^-53` and
/// `κ = sqrt(1 + mean² / variance)` of that one window, the relative error is at most `c (1 + c)`,
/// `c = 8 ceil(log2(window) + 1) u κ`. That is as long as squares of distances neither overflow nor underflow (distances
/// between 1e-150 and 1e150).
///
/// # Errors
///
/// [`ProcessError`] when `out` and `x` differ in length, or `window` is 0; nothing is written then.
///
/// # Examples
///
/// ```
/// let mut out = [0.0; 3];
/// lagom_vecproc::rolling_variance(&[1.0, 3.0, 8.0], 2, 1, &mut out)?;
/// assert_eq!(out[1..], [2.0, 12.5]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
pub fn rolling_variance<I: Input>(x: I, window: usize, ddof: usize, out: &mut [Output<I>]) -> Result<(), ProcessError> {
    run(Operation::RollingVariance { window, ddof }, x, out)
}

/// Writes the standard deviation of the `window` elements up to and including `x[i]` to `out[i]`.
///
/// The squares are divided by `window - ddof`: 1 for a sample (as pandas), 0 for a whole population (as NumPy). NaN where that
/// is not above 0, or there is an infinity in the window. Never negative, and exactly 0 where all elements are equal (below
/// `f64::MAX / 2`).
///
/// The first `window - 1` results are NaN, and all where `window` is longer than `x`. NaN while there is a NaN in the window;
/// see [`Pipeline::min_periods`](crate::Pipeline::min_periods) to leave missing values out. A result depends on nothing
/// outside its window. O(n log window) time; allocates some memory for each element of the window, at most of `x`.
///
/// # Accuracy
///
/// Pairwise updates of mean and squares (Chan, Golub and LeVeque 1983). With `u = 2^-53` and
/// `κ = sqrt(1 + mean² / variance)` of that one window, the relative error of the variance is at most `c (1 + c)`,
/// `c = 8 ceil(log2(window) + 1) u κ`. That is as long as squares of distances neither overflow nor underflow (distances
/// between 1e-150 and 1e150).
///
/// # Errors
///
/// [`ProcessError`] when `out` and `x` differ in length, or `window` is 0; nothing is written then.
///
/// # Examples
///
/// ```
/// let mut out = [0.0; 3];
/// lagom_vecproc::rolling_std(&[1.0, 3.0, 8.0], 2, 1, &mut out)?;
/// assert_eq!(out[1..], [2.0_f64.sqrt(), 12.5_f64.sqrt()]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
pub fn rolling_std<I: Input>(x: I, window: usize, ddof: usize, out: &mut [Output<I>]) -> Result<(), ProcessError> {
    run(Operation::RollingStd { window, ddof }, x, out)
}

/// Writes the least of the `window` elements up to and including `x[i]` to `out[i]`.
///
/// Exact. Of 0.0 and -0.0, which are equal, it gives the later.
///
/// The first `window - 1` results are NaN, and all where `window` is longer than `x`. NaN while there is a NaN in the window;
/// see [`Pipeline::min_periods`](crate::Pipeline::min_periods) to leave missing values out. A result depends on nothing
/// outside its window. O(n log window) time; allocates some memory for each element of the window, at most of `x`.
///
/// # Errors
///
/// [`ProcessError`] when `out` and `x` differ in length, or `window` is 0; nothing is written then.
///
/// # Examples
///
/// ```
/// let mut out = [0.0; 3];
/// lagom_vecproc::rolling_min(&[1.0, 3.0, 8.0], 2, &mut out)?;
/// assert_eq!(out[1..], [1.0, 3.0]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
pub fn rolling_min<I: Input>(x: I, window: usize, out: &mut [Output<I>]) -> Result<(), ProcessError> {
    run(Operation::RollingMin { window }, x, out)
}

/// Writes the greatest of the `window` elements up to and including `x[i]` to `out[i]`.
///
/// Exact. Of 0.0 and -0.0, which are equal, it gives the later.
///
/// The first `window - 1` results are NaN, and all where `window` is longer than `x`. NaN while there is a NaN in the window;
/// see [`Pipeline::min_periods`](crate::Pipeline::min_periods) to leave missing values out. A result depends on nothing
/// outside its window. O(n log window) time; allocates some memory for each element of the window, at most of `x`.
///
/// # Errors
///
/// [`ProcessError`] when `out` and `x` differ in length, or `window` is 0; nothing is written then.
///
/// # Examples
///
/// ```
/// let mut out = [0.0; 3];
/// lagom_vecproc::rolling_max(&[1.0, 3.0, 8.0], 2, &mut out)?;
/// assert_eq!(out[1..], [3.0, 8.0]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
pub fn rolling_max<I: Input>(x: I, window: usize, out: &mut [Output<I>]) -> Result<(), ProcessError> {
    run(Operation::RollingMax { window }, x, out)
}

/// Writes the median of the `window` elements up to and including `x[i]` to `out[i]`.
///
/// [`rolling_quantile`] with `q` = 0.5: of an even number of elements, the mean of the two in the middle.
///
/// # Errors
///
/// [`ProcessError`] when `out` and `x` differ in length, or `window` is 0; nothing is written then.
///
/// # Examples
///
/// ```
/// let mut out = [0.0; 4];
/// lagom_vecproc::rolling_median(&[1.0, 8.0, 3.0, 9.0], 3, &mut out)?;
/// assert_eq!(out[2..], [3.0, 8.0]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
pub fn rolling_median<I: Input>(x: I, window: usize, out: &mut [Output<I>]) -> Result<(), ProcessError> {
    run(Operation::RollingQuantile { window, q: 0.5 }, x, out)
}

/// Writes the value below which a share `q` of the `window` elements up to and including `x[i]` lies to `out[i]`.
///
/// Interpolated linearly between the two nearest, as [`quantile`](crate::quantile), NumPy and pandas do: `q` 0.0 is the
/// least, 0.5 the median, 1.0 the greatest. The two are elements, exactly; between the two infinities lies NaN.
///
/// The first `window - 1` results are NaN, and all where `window` is longer than `x`. NaN while there is a NaN in the window;
/// see [`Pipeline::min_periods`](crate::Pipeline::min_periods) to leave missing values out. A result depends on nothing
/// outside its window. Of zeros it gives 0.0, never -0.0.
///
/// Windows of up to 113 elements are kept sorted in registers, O(window) a result; wider ones are sorted piece by piece,
/// O(log window) a result and about 64 bytes per element of the window, at most of `x`. Fed in pieces of a few elements, a
/// wide window costs O(window) for each piece.
///
/// # Errors
///
/// [`ProcessError`] when `out` and `x` differ in length, or `window` is 0 or above 2^30, or `q` not between 0 and 1; nothing is written then.
///
/// # Examples
///
/// ```
/// let mut out = [0.0; 4];
/// lagom_vecproc::rolling_quantile(&[1.0, 8.0, 3.0, 9.0], 3, 1.0, &mut out)?;
/// assert_eq!(out[2..], [8.0, 9.0]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
pub fn rolling_quantile<I: Input>(x: I, window: usize, q: f64, out: &mut [Output<I>]) -> Result<(), ProcessError> {
    run(Operation::RollingQuantile { window, q }, x, out)
}

/// Writes how many standard deviations `x[i]` lies from the mean of the `window` elements up to and including it to `out[i]`.
///
/// Mean and standard deviation are those of [`rolling_mean`] and [`rolling_std`]; NaN where all elements are equal, as 0 over
/// 0 is. An error of either counts in proportion to the larger of the mean and the standard deviation over the latter; where
/// squares of distances overflow or underflow, it is 0 or infinite.
///
/// The first `window - 1` results are NaN, and all where `window` is longer than `x`. NaN while there is a NaN in the window;
/// see [`Pipeline::min_periods`](crate::Pipeline::min_periods) to leave missing values out. A result depends on nothing
/// outside its window. O(n log window) time; allocates some memory for each element of the window, at most of `x`.
///
/// # Errors
///
/// [`ProcessError`] when `out` and `x` differ in length, or `window` is 0; nothing is written then.
///
/// # Examples
///
/// ```
/// let mut out = [0.0; 3];
/// lagom_vecproc::rolling_z_score(&[1.0, 3.0, 2.0], 2, 0, &mut out)?;
/// assert_eq!(out[1..], [1.0, -1.0]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
pub fn rolling_z_score<I: Input>(x: I, window: usize, ddof: usize, out: &mut [Output<I>]) -> Result<(), ProcessError> {
    run(Operation::RollingZScore { window, ddof }, x, out)
}

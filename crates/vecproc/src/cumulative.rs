//! Sums, products and extremes of all elements so far.

use crate::error::ProcessError;
use crate::input::{Input, Output};
use crate::pipeline::{Operation, run};

/// Writes the sum of all elements up to and including `x[i]` to `out[i]`, compensated.
///
/// A NaN makes all sums from it on NaN, an infinity makes them that infinity (NaN once the other comes too), and once
/// a sum is beyond `f64::MAX` those after it mean nothing. Neighbours are added to each other first, so that a sum is also infinite, or NaN, where
/// theirs is beyond `f64::MAX`. O(n) time, no allocation of the length of `x`.
///
/// # Accuracy
///
/// With `u = 2^-53`, `|error| <= u |sum| + 10 u Σ|x|` over the elements so far, however many: what rounding takes when a
/// block of 64 is added is kept (Møller 1965, Knuth 1969; Neumaier 1974), so errors do not grow with the length. As a rule
/// it is less than one unit in the last place; the worst that a search has found without cancellation is four, within the
/// first block.
///
/// # Errors
///
/// [`ProcessError`] when `out` and `x` differ in length; nothing is written then.
///
/// # Examples
///
/// ```
/// let mut out = [0.0; 3];
/// lagom_vecproc::cumulative_sum(&[1.0, 3.0, 8.0], &mut out)?;
/// assert_eq!(out, [1.0, 4.0, 12.0]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
pub fn cumulative_sum<I: Input>(x: I, out: &mut [Output<I>]) -> Result<(), ProcessError> {
    run(Operation::CumulativeSum, x, out)
}

/// Writes the product of all elements up to and including `x[i]` to `out[i]`.
///
/// A NaN makes all products from it on NaN. O(n) time, no allocation of the length of `x`.
///
/// # Accuracy
///
/// With `u = 2^-53`, `|error| <= 1.1 n u |product|` over `n` elements so far (below 2^49), as long as no partial product of
/// neighbours leaves the range of normal numbers: they are multiplied in another order than front to back. Where one
/// does, the product may be infinite, 0 or NaN.
///
/// # Errors
///
/// [`ProcessError`] when `out` and `x` differ in length; nothing is written then.
///
/// # Examples
///
/// ```
/// let mut out = [0.0; 3];
/// lagom_vecproc::cumulative_product(&[1.0, 3.0, 8.0], &mut out)?;
/// assert_eq!(out, [1.0, 3.0, 24.0]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
pub fn cumulative_product<I: Input>(x: I, out: &mut [Output<I>]) -> Result<(), ProcessError> {
    run(Operation::CumulativeProduct, x, out)
}

/// Writes the least of all elements up to and including `x[i]` to `out[i]`.
///
/// Exact. NaN from the first NaN on. Of 0.0 and -0.0, which are equal, it gives the later. O(n) time, no allocation of the
/// length of `x`.
///
/// # Errors
///
/// [`ProcessError`] when `out` and `x` differ in length; nothing is written then.
///
/// # Examples
///
/// ```
/// let mut out = [0.0; 3];
/// lagom_vecproc::cumulative_min(&[3.0, 1.0, 8.0], &mut out)?;
/// assert_eq!(out, [3.0, 1.0, 1.0]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
pub fn cumulative_min<I: Input>(x: I, out: &mut [Output<I>]) -> Result<(), ProcessError> {
    run(Operation::CumulativeMin, x, out)
}

/// Writes the greatest of all elements up to and including `x[i]` to `out[i]`.
///
/// Exact. NaN from the first NaN on. Of 0.0 and -0.0, which are equal, it gives the later. O(n) time, no allocation of the
/// length of `x`.
///
/// # Errors
///
/// [`ProcessError`] when `out` and `x` differ in length; nothing is written then.
///
/// # Examples
///
/// ```
/// let mut out = [0.0; 3];
/// lagom_vecproc::cumulative_max(&[3.0, 1.0, 8.0], &mut out)?;
/// assert_eq!(out, [3.0, 3.0, 8.0]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
pub fn cumulative_max<I: Input>(x: I, out: &mut [Output<I>]) -> Result<(), ProcessError> {
    run(Operation::CumulativeMax, x, out)
}

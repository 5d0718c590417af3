//! Operations on each element by itself.

use crate::error::{LengthError, ProcessError};
use crate::input::{Input, Output};
use crate::pipeline::{Operation, run, through};
use crate::stage::Standardise;

/// Writes `x[i] * factor` to `out[i]`.
///
/// O(n) time. Rounded once.
///
/// # Errors
///
/// [`ProcessError`] when `out` and `x` differ in length; nothing is written then.
///
/// # Examples
///
/// ```
/// let mut out = [0.0; 2];
/// lagom_vecproc::scale(&[1.0, 3.0], 2.0, &mut out)?;
/// assert_eq!(out, [2.0, 6.0]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
pub fn scale<I: Input>(x: I, factor: f64, out: &mut [Output<I>]) -> Result<(), ProcessError> {
    run(Operation::Scale { factor }, x, out)
}

/// Writes `x[i] * scale + offset` to `out[i]`.
///
/// O(n) time. Rounded after the multiplication and after the addition, on every processor alike.
///
/// # Errors
///
/// [`ProcessError`] when `out` and `x` differ in length; nothing is written then.
///
/// # Examples
///
/// ```
/// let mut out = [0.0; 2];
/// lagom_vecproc::affine(&[0.0, 100.0], 1.8, 32.0, &mut out)?;
/// assert_eq!(out, [32.0, 212.0]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
pub fn affine<I: Input>(x: I, scale: f64, offset: f64, out: &mut [Output<I>]) -> Result<(), ProcessError> {
    run(Operation::Affine { scale, offset }, x, out)
}

/// Writes `x[i]`, or the bound that it is beyond, to `out[i]`.
///
/// O(n) time. Exact. NaN stays NaN; a bound that is NaN bounds nothing.
///
/// # Errors
///
/// [`ProcessError`] when `out` and `x` differ in length, or `low` is above `high`; nothing is written then.
///
/// # Examples
///
/// ```
/// let mut out = [0.0; 3];
/// lagom_vecproc::clip(&[-3.0, 0.5, 3.0], 0.0, 1.0, &mut out)?;
/// assert_eq!(out, [0.0, 0.5, 1.0]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
pub fn clip<I: Input>(x: I, low: f64, high: f64, out: &mut [Output<I>]) -> Result<(), ProcessError> {
    run(Operation::Clip { low, high }, x, out)
}

/// Writes the absolute value of `x[i]` to `out[i]`.
///
/// O(n) time. Exact.
///
/// # Errors
///
/// [`ProcessError`] when `out` and `x` differ in length; nothing is written then.
///
/// # Examples
///
/// ```
/// let mut out = [0.0; 2];
/// lagom_vecproc::abs(&[-3.0, 3.0], &mut out)?;
/// assert_eq!(out, [3.0, 3.0]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
pub fn abs<I: Input>(x: I, out: &mut [Output<I>]) -> Result<(), ProcessError> {
    run(Operation::Abs, x, out)
}

/// Writes the natural logarithm of `x[i]` to `out[i]`.
///
/// O(n) time. That of the platform's mathematical library, to within a unit in the last place or so: its bits may differ from
/// platform to platform, unlike those of most operations.
///
/// # Errors
///
/// [`ProcessError`] when `out` and `x` differ in length; nothing is written then.
///
/// # Examples
///
/// ```
/// let mut out = [0.0; 1];
/// lagom_vecproc::ln(&[1.0], &mut out)?;
/// assert_eq!(out, [0.0]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
pub fn ln<I: Input>(x: I, out: &mut [Output<I>]) -> Result<(), ProcessError> {
    run(Operation::Ln, x, out)
}

/// Writes the exponential of `x[i]` to `out[i]`.
///
/// O(n) time. That of the platform's mathematical library, to within a unit in the last place or so: its bits may differ from
/// platform to platform, unlike those of most operations.
///
/// # Errors
///
/// [`ProcessError`] when `out` and `x` differ in length; nothing is written then.
///
/// # Examples
///
/// ```
/// let mut out = [0.0; 1];
/// lagom_vecproc::exp(&[0.0], &mut out)?;
/// assert_eq!(out, [1.0]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
pub fn exp<I: Input>(x: I, out: &mut [Output<I>]) -> Result<(), ProcessError> {
    run(Operation::Exp, x, out)
}

/// Writes `x[i] - x[i - lag]` to `out[i]`, and NaN to the first `lag`.
///
/// O(n) time; allocates 8 bytes per element of `lag`, at most of `x`. Rounded once.
///
/// # Errors
///
/// [`ProcessError`] when `out` and `x` differ in length; nothing is written then.
///
/// # Examples
///
/// ```
/// let mut out = [0.0; 3];
/// lagom_vecproc::difference(&[1.0, 3.0, 8.0], 1, &mut out)?;
/// assert_eq!(out[1..], [2.0, 5.0]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
pub fn difference<I: Input>(x: I, lag: usize, out: &mut [Output<I>]) -> Result<(), ProcessError> {
    run(Operation::Difference { lag }, x, out)
}

/// Writes `x[i - by]` to `out[i]`, and NaN to the first `by`.
///
/// O(n) time; allocates 8 bytes per element of `by`, at most of `x`.
///
/// # Errors
///
/// [`ProcessError`] when `out` and `x` differ in length; nothing is written then.
///
/// # Examples
///
/// ```
/// let mut out = [0.0; 3];
/// lagom_vecproc::lag(&[1.0, 3.0, 8.0], 1, &mut out)?;
/// assert_eq!(out[1..], [1.0, 3.0]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
pub fn lag<I: Input>(x: I, by: usize, out: &mut [Output<I>]) -> Result<(), ProcessError> {
    run(Operation::Lag { by }, x, out)
}

/// Writes how many standard deviations `x[i]` lies from the mean of all of `x` to `out[i]`.
///
/// `(x[i] - mean) / std`, with the [`mean`](crate::mean) and the [`std_dev`](crate::std_dev) of all elements, whose squares
/// are divided by their number less `ddof`. NaN where all are equal, as 0 over 0 is, and where one is NaN. O(n) time, three
/// passes; no allocation. Not an operation of pipelines, which see no element before its time: over a stream there is
/// [`rolling_z_score`](crate::rolling_z_score).
///
/// # Errors
///
/// [`ProcessError`] when `out` and `x` differ in length; nothing is written then.
///
/// # Examples
///
/// ```
/// let mut out = [0.0; 3];
/// lagom_vecproc::normalise(&[1.0, 3.0, 5.0], 1, &mut out)?;
/// assert_eq!(out, [-1.0, 0.0, 1.0]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
pub fn normalise<I: Input>(x: I, ddof: usize, out: &mut [Output<I>]) -> Result<(), ProcessError> {
    LengthError::check(x.count(), out.len())?;
    let (mean, divisor) = (crate::mean(x), crate::std_dev(x, ddof));
    through(&mut [Box::new(Standardise { mean, divisor })], x, out);
    Ok(())
}

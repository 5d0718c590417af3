//! Missing values, which are NaN.

use crate::error::ProcessError;
use crate::input::{Input, Output};
use crate::pipeline::{Operation, run};

/// What takes the place of a missing value.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::{Fill, fill_missing};
///
/// let (x, mut out) = ([f64::NAN, 1.0, f64::NAN], [0.0; 3]);
/// fill_missing(&x, Fill::Value(7.0), &mut out)?;
/// assert_eq!(out, [7.0, 1.0, 7.0]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Fill {
    /// This value.
    Value(f64),
    /// The last value that was not missing; before the first, nothing.
    Forward,
}

/// Writes `x` with its missing values filled.
///
/// From behind, along a line, or up to a limit: [`fill_gaps`](crate::fill_gaps). Values that are there keep their bits. O(n) time, no allocation of the length of `x`.
///
/// # Errors
///
/// [`ProcessError`] when `out` and `x` differ in length; nothing is written then.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::{Fill, fill_missing};
///
/// let mut out = [0.0; 4];
/// fill_missing(&[f64::NAN, 1.0, f64::NAN, 4.0], Fill::Forward, &mut out)?;
/// assert!(out[0].is_nan());
/// assert_eq!(out[1..], [1.0, 1.0, 4.0]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
pub fn fill_missing<I: Input>(x: I, fill: Fill, out: &mut [Output<I>]) -> Result<(), ProcessError> {
    run(Operation::FillMissing(fill), x, out)
}

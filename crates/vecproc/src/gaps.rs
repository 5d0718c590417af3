//! Gaps filled from either side.

use crate::element::{Element, Float};
use crate::error::LengthError;
use crate::input::{Input, Output};
use crate::pipeline::Pipeline;

/// How gaps, missing values in a row, are filled: from before, from behind or along a line; all of it or up to a limit.
///
/// As pandas' `ffill`, `bfill` and `interpolate` do. Infinities count as values.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::{Gaps, fill_gaps_in_place};
///
/// const NAN: f64 = f64::NAN;
/// let mut x = [NAN, 1.0, NAN, NAN, 4.0];
/// fill_gaps_in_place(&mut x, Gaps::linear());
/// assert_eq!(x[1..], [1.0, 2.0, 3.0, 4.0]);
///
/// let mut x = [NAN, NAN, 1.0];
/// fill_gaps_in_place(&mut x, Gaps::backward().limit(1));
/// assert!(x[0].is_nan());
/// assert_eq!(x[1..], [1.0, 1.0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "fills nothing by itself"]
pub struct Gaps {
    from: From,
    limit: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Before,
    Behind,
    Both,
}

impl Gaps {
    const fn new(from: From) -> Self {
        Self { from, limit: usize::MAX }
    }

    /// The last value before the gap; a gap at the beginning stays.
    ///
    /// ```
    /// let mut x = [f64::NAN, 1.0, f64::NAN];
    /// lagom_vecproc::fill_gaps_in_place(&mut x, lagom_vecproc::Gaps::forward());
    /// assert!(x[0].is_nan());
    /// assert_eq!(x[1..], [1.0, 1.0]);
    /// ```
    pub const fn forward() -> Self {
        Self::new(From::Before)
    }

    /// The next value behind the gap; a gap at the end stays.
    ///
    /// ```
    /// let mut x = [f64::NAN, 1.0, f64::NAN];
    /// lagom_vecproc::fill_gaps_in_place(&mut x, lagom_vecproc::Gaps::backward());
    /// assert_eq!(x[..2], [1.0, 1.0]);
    /// assert!(x[2].is_nan());
    /// ```
    pub const fn backward() -> Self {
        Self::new(From::Behind)
    }

    /// A line from the value before the gap to the one behind it; at the end the last value, and a gap at the beginning
    /// stays, as pandas has it by default.
    ///
    /// ```
    /// let mut x = [f64::NAN, 1.0, f64::NAN, 4.0, f64::NAN];
    /// lagom_vecproc::fill_gaps_in_place(&mut x, lagom_vecproc::Gaps::linear());
    /// assert!(x[0].is_nan());
    /// assert_eq!(x[1..], [1.0, 2.5, 4.0, 4.0]);
    /// ```
    pub const fn linear() -> Self {
        Self::new(From::Both)
    }

    /// Fills at most so many elements of each gap: those next to the value that is filled in, for lines those next to the
    /// value before. The rest stays missing.
    ///
    /// ```
    /// let mut x = [0.0, f64::NAN, f64::NAN, 3.0];
    /// lagom_vecproc::fill_gaps_in_place(&mut x, lagom_vecproc::Gaps::linear().limit(1));
    /// assert_eq!(x[1], 1.0);
    /// assert!(x[2].is_nan());
    /// ```
    pub const fn limit(mut self, elements: usize) -> Self {
        self.limit = elements;
        self
    }
}

/// Writes `x` with its gaps filled to `out`.
///
/// No step of a [`Pipeline`]: that gives a result for each element at once, and here one may wait for the end of the stream.
/// (Forward filling without a limit needs no waiting; [`Fill::Forward`](crate::Fill::Forward) is a step.) O(n) time, no
/// allocation.
///
/// # Accuracy
///
/// Values that are there keep their bits. On a line, with `u = 2^-53`, `|error| <= 6 u max(|a|, |b|)` for the values `a` and
/// `b` at its ends, unless they are subnormal, rounded once more for `f32`; where one of them is infinite so is all between, or NaN between both infinities.
///
/// # Errors
///
/// [`LengthError`] when `out` and `x` differ in length; nothing is written then.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::{Gaps, fill_gaps};
///
/// let mut out = [0.0; 3];
/// fill_gaps(&[1.0, f64::NAN, 3.0], Gaps::backward(), &mut out)?;
/// assert_eq!(out, [1.0, 3.0, 3.0]);
/// # Ok::<(), lagom_vecproc::LengthError>(())
/// ```
pub fn fill_gaps<I: Input>(x: I, gaps: Gaps, out: &mut [Output<I>]) -> Result<(), LengthError> {
    LengthError::check(x.count(), out.len())?;
    // A pipeline without operations copies, and has no parameter that could be wrong.
    let copied = Pipeline::new().process_batch(x, out);
    debug_assert!(copied.is_ok(), "{copied:?}");
    fill_gaps_in_place(out, gaps);
    Ok(())
}

/// [`fill_gaps`] in place.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::{Gaps, fill_gaps_in_place};
///
/// let mut x = [1.0_f32, f32::NAN, 3.0];
/// fill_gaps_in_place(&mut x, Gaps::linear());
/// assert_eq!(x, [1.0, 2.0, 3.0]);
/// ```
pub fn fill_gaps_in_place<T: Float>(x: &mut [T], gaps: Gaps) {
    let is_missing = |x: &T| Element::widen(*x).is_nan();
    let mut start = 0;
    while let Some(gap) = x[start..].iter().position(is_missing) {
        start += gap;
        let len = x[start..].iter().position(|x| !is_missing(x)).unwrap_or(x.len() - start);
        let (before, behind) = (start.checked_sub(1).map(|i| x[i]), x.get(start + len).copied());
        let gap = &mut x[start..start + len];
        let filled = len.min(gaps.limit);
        match (gaps.from, before, behind) {
            (From::Both, Some(a), Some(b)) => line(&mut gap[..filled], len, Element::widen(a), Element::widen(b)),
            (From::Before | From::Both, Some(value), _) => gap[..filled].fill(value),
            (From::Behind, _, Some(value)) => gap[len - filled..].fill(value),
            _ => {}
        }
        start += len;
    }
}

/// The first of `len` values between `a` and `b`.
fn line<T: Float>(out: &mut [T], len: usize, a: f64, b: f64) {
    let steps = (len + 1) as f64;
    let rise = b - a;
    for (i, out) in out.iter_mut().enumerate() {
        let share = (i + 1) as f64 / steps;
        // Each end by its share where one less the other is beyond `f64::MAX`.
        *out = T::narrow(if rise.is_finite() { a + rise * share } else { a * (1.0 - share) + b * share });
    }
}

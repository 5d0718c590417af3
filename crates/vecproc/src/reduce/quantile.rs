//! Exact quantiles.

use std::error::Error;
use std::fmt;

use super::sample::{Sample, pieces};
use crate::input::Input;
use crate::nan::has_nan;

/// The value below which a share `q` of the elements lies, interpolated linearly between the two nearest, as NumPy
/// and pandas do by default: `q` 0.0 is the least, 0.5 the median, 1.0 the greatest.
///
/// NaN of nothing, and where one of the elements is NaN ([`present`](crate::present) skips these). Between a number and
/// an infinity lies that infinity, between the two infinities NaN. Exact selection, no estimate: the two neighbours are
/// elements of `x`; between them the result has two roundings. Copies `x`; see [`quantile_in_place`] for the form that
/// does not, [`quantiles`] for several at once. O(n) time.
///
/// # Errors
///
/// [`QuantileError`] where `q` is not between 0 and 1.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::quantile;
///
/// assert_eq!(quantile(&[3.0, 1.0, 4.0, 2.0], 0.5)?, 2.5);
/// assert!(quantile(&[1.0], 95.0).is_err());
/// # Ok::<(), lagom_vecproc::QuantileError>(())
/// ```
pub fn quantile<S: Sample>(x: S, q: f64) -> Result<f64, QuantileError> {
    QuantileError::check(q)?;
    quantile_in_place(&mut copied(x), q)
}

/// [`quantile`] without a copy: leaves the elements of `x` in another order.
///
/// O(n) time, no allocation.
///
/// # Errors
///
/// [`QuantileError`] where `q` is not between 0 and 1; `x` is left as it was then.
///
/// # Examples
///
/// ```
/// let mut x = [3.0, 1.0, 4.0, 2.0];
/// assert_eq!(lagom_vecproc::quantile_in_place(&mut x, 1.0)?, 4.0);
/// # Ok::<(), lagom_vecproc::QuantileError>(())
/// ```
pub fn quantile_in_place(x: &mut [f64], q: f64) -> Result<f64, QuantileError> {
    QuantileError::check(q)?;
    if x.is_empty() || has_nan(x) {
        return Ok(f64::NAN);
    }
    let place = Place::of(q, x.len());
    let (_, &mut low, above) = x.select_nth_unstable_by(place.below, f64::total_cmp);
    let high = if place.share == 0.0 { low } else { above.iter().copied().min_by(f64::total_cmp).unwrap_or(low) };
    Ok(between(low, high, place.share))
}

/// Several quantiles at once, in the order asked for: the elements are copied and partitioned once for all.
///
/// Each is as [`quantile`] has it. O(n log k) time for `k` of them.
///
/// # Errors
///
/// [`QuantileError`] where one of `q` is not between 0 and 1.
///
/// # Examples
///
/// ```
/// let quartiles = lagom_vecproc::quantiles(&[5, 1, 3, 2, 4], &[0.25, 0.5, 0.75])?;
/// assert_eq!(quartiles, [2.0, 3.0, 4.0]);
/// # Ok::<(), lagom_vecproc::QuantileError>(())
/// ```
pub fn quantiles<S: Sample>(x: S, q: &[f64]) -> Result<Vec<f64>, QuantileError> {
    q.iter().try_for_each(|&q| QuantileError::check(q))?;
    quantiles_in_place(&mut copied(x), q)
}

/// [`quantiles`] without a copy: leaves the elements of `x` in another order.
///
/// O(n log k) time for `k` quantiles; allocates the results and the places they need.
///
/// # Errors
///
/// [`QuantileError`] where one of `q` is not between 0 and 1; `x` is left as it was then.
///
/// # Examples
///
/// ```
/// let mut x = [3.0, 1.0, 4.0, 2.0];
/// assert_eq!(lagom_vecproc::quantiles_in_place(&mut x, &[1.0, 0.5])?, [4.0, 2.5]);
/// # Ok::<(), lagom_vecproc::QuantileError>(())
/// ```
pub fn quantiles_in_place(x: &mut [f64], q: &[f64]) -> Result<Vec<f64>, QuantileError> {
    q.iter().try_for_each(|&q| QuantileError::check(q))?;
    if x.is_empty() || has_nan(x) {
        return Ok(vec![f64::NAN; q.len()]);
    }
    let places: Vec<_> = q.iter().map(|&q| Place::of(q, x.len())).collect();
    let mut ranks: Vec<_> = places.iter().flat_map(|place| [place.below, place.above()]).collect();
    ranks.sort_unstable();
    ranks.dedup();
    select(x, 0, &ranks);
    Ok(places.iter().map(|place| between(x[place.below], x[place.above()], place.share)).collect())
}

/// Brings the elements of the given ranks, in order and counted from `start`, to their places.
fn select(x: &mut [f64], start: usize, ranks: &[usize]) {
    let middle = ranks.len() / 2;
    let Some(&rank) = ranks.get(middle) else { return };
    let (low, _, high) = x.select_nth_unstable_by(rank - start, f64::total_cmp);
    select(low, start, &ranks[..middle]);
    select(high, rank + 1, &ranks[middle + 1..]);
}

fn copied<S: Sample>(x: S) -> Vec<f64> {
    let mut copy = Vec::with_capacity(x.input().count());
    pieces(x, |x| copy.extend_from_slice(x));
    copy
}

/// Where a quantile lies: so far above the element of that rank.
pub(crate) struct Place {
    pub(crate) below: usize,
    pub(crate) share: f64,
}

impl Place {
    /// Among `n` elements, which is not 0.
    #[inline]
    pub(crate) fn of(q: f64, n: usize) -> Self {
        let place = q * (n - 1) as f64;
        let below = (place as usize).min(n - 1);
        Self { below, share: place - below as f64 }
    }

    /// The rank of the element above, if the quantile does not lie on an element.
    pub(crate) fn above(&self) -> usize {
        self.below + usize::from(self.share > 0.0)
    }
}

/// The point at `share` of the way from `low` to `high`; the share is less than 1.
#[inline(always)]
pub(crate) fn between(low: f64, high: f64, share: f64) -> f64 {
    let distance = high - low;
    if share == 0.0 || low == high {
        low
    } else if distance.is_infinite() {
        low * (1.0 - share) + high * share
    } else if share < 0.5 {
        low + distance * share
    } else {
        high - distance * (1.0 - share)
    }
}

/// The share asked for is not between 0 and 1 (a percentage, or NaN).
///
/// # Examples
///
/// ```
/// let error = lagom_vecproc::quantile(&[1.0], 95.0).unwrap_err();
/// assert_eq!(error.to_string(), "quantile 95 is not between 0 and 1");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuantileError {
    q: f64,
}

impl QuantileError {
    pub(crate) fn check(q: f64) -> Result<(), Self> {
        if (0.0..=1.0).contains(&q) { Ok(()) } else { Err(Self { q }) }
    }

    /// The share that was asked for.
    ///
    /// ```
    /// assert_eq!(lagom_vecproc::quantile(&[1.0], 95.0).unwrap_err().q(), 95.0);
    /// ```
    #[must_use]
    pub fn q(&self) -> f64 {
        self.q
    }
}

impl fmt::Display for QuantileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "quantile {} is not between 0 and 1", self.q)
    }
}

impl Error for QuantileError {}

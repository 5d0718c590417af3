//! Exact quantiles.

use std::error::Error;
use std::fmt;

/// The value below which a share `q` of the elements lies, interpolated linearly between the two nearest, as NumPy
/// and pandas do by default: `q` 0.0 is the least, 0.5 the median, 1.0 the greatest.
///
/// NaN of nothing, and where one of the elements is NaN. Between a number and an infinity lies that infinity, between
/// the two infinities NaN. Exact selection, no estimate: the two neighbours are elements of `x`; between them the result
/// has two roundings. Copies `x`; see [`quantile_in_place`] for the form that does not. O(n) time.
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
pub fn quantile(x: &[f64], q: f64) -> Result<f64, QuantileError> {
    QuantileError::check(q)?;
    quantile_in_place(&mut x.to_vec(), q)
}

/// [`quantile`] without a copy: leaves the elements of `x` in another order.
///
/// O(n) time, no allocation. For several quantiles call it again on the same slice.
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
    if x.is_empty() || x.iter().any(|x| x.is_nan()) {
        return Ok(f64::NAN);
    }
    let last = x.len() - 1;
    let place = q * last as f64;
    let below = (place as usize).min(last);
    let share = place - below as f64;
    let (_, &mut low, above) = x.select_nth_unstable_by(below, f64::total_cmp);
    if share == 0.0 {
        return Ok(low);
    }
    let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
    Ok(between(low, high, share))
}

/// The point at `share` of the way from `low` to `high`; `share` is neither 0 nor 1.
fn between(low: f64, high: f64, share: f64) -> f64 {
    let distance = high - low;
    if low == high {
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
    fn check(q: f64) -> Result<(), Self> {
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

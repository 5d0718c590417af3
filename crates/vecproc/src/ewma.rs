//! Exponentially weighted means.

use crate::error::{ParameterError, ProcessError};
use crate::input::{Input, Output};
use crate::pipeline::{Operation, run};

/// How an exponentially weighted mean forgets, as pandas' `ewm` has it.
///
/// Each element weighs `1 - alpha` times as much as the next. By default weights are adjusted (the mean is the weighted
/// sum over the sum of the weights, so that the first elements count as they should) and a missing element ages those
/// before it.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::{Ewma, ewma};
///
/// let mut out = [0.0; 3];
/// ewma(&[1.0, 2.0, 4.0], Ewma::alpha(0.5), &mut out)?;
/// assert_eq!(out, [1.0, 2.5 / 1.5, 5.25 / 1.75]);
/// ewma(&[1.0, 2.0, 4.0], Ewma::alpha(0.5).unadjusted(), &mut out)?;
/// assert_eq!(out, [1.0, 1.5, 2.75]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Ewma {
    decay: Decay,
    is_unadjusted: bool,
    ignores_missing: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
enum Decay {
    Alpha(f64),
    Span(f64),
    HalfLife(f64),
    CenterOfMass(f64),
}

impl Ewma {
    const fn new(decay: Decay) -> Self {
        Self { decay, is_unadjusted: false, ignores_missing: false }
    }

    /// By the weight of the newest element: above 0, at most 1.
    ///
    /// ```
    /// let mut out = [0.0; 2];
    /// lagom_vecproc::ewma(&[1.0, 3.0], lagom_vecproc::Ewma::alpha(1.0), &mut out)?;
    /// assert_eq!(out, [1.0, 3.0]); // no memory of numbers
    /// # Ok::<(), lagom_vecproc::ProcessError>(())
    /// ```
    pub const fn alpha(alpha: f64) -> Self {
        Self::new(Decay::Alpha(alpha))
    }

    /// By the span, at least 1: `alpha = 2 / (span + 1)`.
    ///
    /// ```
    /// use lagom_vecproc::{Ewma, Pipeline};
    ///
    /// let [span, alpha] = [Ewma::span(3.0), Ewma::alpha(0.5)]
    ///     .map(|ewma| Pipeline::new().ewma(ewma).process_batch_to_vec(&[1.0, 3.0, 8.0]));
    /// assert_eq!(span?, alpha?);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub const fn span(span: f64) -> Self {
        Self::new(Decay::Span(span))
    }

    /// By the number of elements after which a weight is halved, above 0: `alpha = 1 - 2^(-1 / half_life)`.
    ///
    /// ```
    /// use lagom_vecproc::{Ewma, Pipeline};
    ///
    /// let out = Pipeline::new().ewma(Ewma::half_life(1.0).unadjusted()).process_batch_to_vec(&[0.0, 1.0])?;
    /// assert_eq!(out, [0.0, 0.5]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub const fn half_life(elements: f64) -> Self {
        Self::new(Decay::HalfLife(elements))
    }

    /// By the mean age of the weights, at least 0: `alpha = 1 / (1 + center_of_mass)`.
    ///
    /// ```
    /// use lagom_vecproc::{Ewma, Pipeline};
    ///
    /// let out = Pipeline::new().ewma(Ewma::center_of_mass(1.0).unadjusted()).process_batch_to_vec(&[0.0, 1.0])?;
    /// assert_eq!(out, [0.0, 0.5]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub const fn center_of_mass(elements: f64) -> Self {
        Self::new(Decay::CenterOfMass(elements))
    }

    /// As the recurrence `y = (1 - alpha) * y + alpha * x`, which begins with the first element (pandas'
    /// `adjust=False`).
    ///
    /// ```
    /// let mut out = [0.0; 2];
    /// lagom_vecproc::ewma(&[1.0, 3.0], lagom_vecproc::Ewma::alpha(0.5).unadjusted(), &mut out)?;
    /// assert_eq!(out, [1.0, 2.0]);
    /// # Ok::<(), lagom_vecproc::ProcessError>(())
    /// ```
    pub const fn unadjusted(mut self) -> Self {
        self.is_unadjusted = true;
        self
    }

    /// As if missing elements were not there at all (pandas' `ignore_na=True`), so that those before do not age.
    ///
    /// ```
    /// use lagom_vecproc::{Ewma, ewma};
    ///
    /// let (x, mut out) = ([1.0, f64::NAN, 3.0], [0.0; 3]);
    /// ewma(&x, Ewma::alpha(0.5).unadjusted().ignoring_missing(), &mut out)?;
    /// assert_eq!(out, [1.0, 1.0, 2.0]);
    /// # Ok::<(), lagom_vecproc::ProcessError>(())
    /// ```
    pub const fn ignoring_missing(mut self) -> Self {
        self.ignores_missing = true;
        self
    }

    pub(crate) fn is_adjusted(self) -> bool {
        !self.is_unadjusted
    }

    pub(crate) fn ignores_missing(self) -> bool {
        self.ignores_missing
    }

    /// The weight of the newest element.
    pub(crate) fn weight(self, operation: &'static str) -> Result<f64, ParameterError> {
        let check = |parameter, value, is_right, expected| {
            ParameterError::check(operation, parameter, value, is_right, expected)
        };
        Ok(match self.decay {
            Decay::Alpha(alpha) => {
                check("alpha", alpha, alpha > 0.0 && alpha <= 1.0, "above 0 and at most 1")?;
                alpha
            }
            Decay::Span(span) => {
                check("span", span, span >= 1.0 && span.is_finite(), "at least 1 and finite")?;
                2.0 / (span + 1.0)
            }
            Decay::HalfLife(elements) => {
                check("half_life", elements, elements > 0.0 && elements.is_finite(), "above 0 and finite")?;
                -(-std::f64::consts::LN_2 / elements).exp_m1()
            }
            Decay::CenterOfMass(elements) => {
                check("center_of_mass", elements, elements >= 0.0 && elements.is_finite(), "at least 0 and finite")?;
                1.0 / (1.0 + elements)
            }
        })
    }
}

/// Writes the exponentially weighted mean of all elements up to and including `x[i]` to `out[i]`.
///
/// A missing element (NaN) has no part in it: the result there is the one before, NaN before the first. An infinity
/// stays, as itself or as NaN. O(n) time, no allocation of the length of `x`.
///
/// # Accuracy
///
/// With `u = 2^-53`, an element weighs what it should but for `(24 + 1.1 age) u` of that, where its age is the number of
/// elements since; and so does each share in the sum of the weights. Together
/// `|error| <= (48 + 1.1 / alpha) u mean(|x|) + 1.1 u mean(age |x|)`, the means weighted alike. Where elements are missing
/// and weights are not adjusted, it is 6 in place of 1.1. The decay is `1 - alpha` as a double. The weighted sum of elements beyond `alpha * f64::MAX` may be
/// infinite, and then so is the mean.
///
/// # Errors
///
/// [`ProcessError`] when `out` and `x` differ in length, or the decay is out of range; nothing is written then.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::{Ewma, ewma};
///
/// let mut out = [0.0; 2];
/// ewma(&[1.0, 3.0], Ewma::span(3.0), &mut out)?;
/// assert_eq!(out, [1.0, 3.5 / 1.5]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
pub fn ewma<I: Input>(x: I, ewma: Ewma, out: &mut [Output<I>]) -> Result<(), ProcessError> {
    run(Operation::Ewma(ewma), x, out)
}

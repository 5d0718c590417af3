//! From where on a change is one.

/// From where on [`compare`](super::compare) calls a change a change; settings by value.
///
/// A function is slower or faster if all of these hold: the rank test finds it at [`alpha`](Self::alpha), corrected for
/// the number of functions; its [`effect`](Self::effect) and [`ratio`](Self::ratio) are at least so large; and the 95 %
/// interval of the ratio does not hold 1. The test tells chance among the calls of two runs from more than chance, and
/// with a million calls it finds anything; what another layout of the code or a busier machine does to a whole run, the
/// ratio and the effect must be larger than. Compare runs of one machine.
///
/// ```
/// use lagom_profiler::report::{Thresholds, compare};
///
/// let baseline = lagom_profiler::summary();
/// let now = lagom_profiler::summary();
/// let strict = compare(&baseline, &now).with_thresholds(Thresholds::new().ratio(1.03).alpha(0.001));
/// assert!(!strict.is_regression());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Thresholds {
    pub(crate) alpha: f64,
    pub(crate) effect: f64,
    pub(crate) ratio: f64,
    pub(crate) allocations: f64,
    pub(crate) samples: u64,
}

impl Thresholds {
    /// `alpha` 0.01, `effect` 0.147, `ratio` 1.10, `allocations` 1.10, `samples` 20.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::report::Thresholds::new(), lagom_profiler::report::Thresholds::default());
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self { alpha: 0.01, effect: 0.147, ratio: 1.10, allocations: 1.10, samples: 20 }
    }

    /// How probable it may be that any function at all is called changed by chance alone.
    ///
    /// ```
    /// let thresholds = lagom_profiler::report::Thresholds::new().alpha(0.001);
    /// ```
    #[must_use]
    pub const fn alpha(mut self, alpha: f64) -> Self {
        self.alpha = alpha;
        self
    }

    /// The least effect: how much more often a call now exceeds a call then than the reverse, 0.0 to 1.0 (Cliff's delta;
    /// below 0.147 it is held negligible, from 0.33 on medium, from 0.474 on large).
    ///
    /// ```
    /// let thresholds = lagom_profiler::report::Thresholds::new().effect(0.33);
    /// ```
    #[must_use]
    pub const fn effect(mut self, effect: f64) -> Self {
        self.effect = effect;
        self
    }

    /// The least ratio of the medians, the larger to the smaller.
    ///
    /// ```
    /// let thresholds = lagom_profiler::report::Thresholds::new().ratio(1.25);
    /// ```
    #[must_use]
    pub const fn ratio(mut self, ratio: f64) -> Self {
        self.ratio = ratio;
        self
    }

    /// The least ratio of the allocations per call, for an increase of at least half an allocation per call.
    ///
    /// ```
    /// let thresholds = lagom_profiler::report::Thresholds::new().allocations(f64::INFINITY); // never
    /// ```
    #[must_use]
    pub const fn allocations(mut self, ratio: f64) -> Self {
        self.allocations = ratio;
        self
    }

    /// How many timed calls there must be in either run for anything to be said.
    ///
    /// ```
    /// let thresholds = lagom_profiler::report::Thresholds::new().samples(100);
    /// ```
    #[must_use]
    pub const fn samples(mut self, samples: u64) -> Self {
        self.samples = samples;
        self
    }
}

impl Default for Thresholds {
    fn default() -> Self {
        Self::new()
    }
}

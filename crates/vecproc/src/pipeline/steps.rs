//! The operations that a pipeline can have.

use super::Pipeline;
use super::step::{Operation, Step};
use crate::ewma::Ewma;
use crate::missing::Fill;

/// Operations.
impl Pipeline {
    /// Adds a [`cumulative_sum`](crate::cumulative_sum).
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().cumulative_sum();
    /// assert_eq!(pipeline.process_batch_to_vec(&[1.0, 3.0])?, [1.0, 4.0]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn cumulative_sum(self) -> Self {
        self.with(Operation::CumulativeSum)
    }

    /// Adds a [`cumulative_product`](crate::cumulative_product).
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().cumulative_product();
    /// assert_eq!(pipeline.process_batch_to_vec(&[2.0, 3.0])?, [2.0, 6.0]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn cumulative_product(self) -> Self {
        self.with(Operation::CumulativeProduct)
    }

    /// Adds a [`cumulative_min`](crate::cumulative_min).
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().cumulative_min();
    /// assert_eq!(pipeline.process_batch_to_vec(&[3.0, 5.0])?, [3.0, 3.0]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn cumulative_min(self) -> Self {
        self.with(Operation::CumulativeMin)
    }

    /// Adds a [`cumulative_max`](crate::cumulative_max).
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().cumulative_max();
    /// assert_eq!(pipeline.process_batch_to_vec(&[3.0, 1.0])?, [3.0, 3.0]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn cumulative_max(self) -> Self {
        self.with(Operation::CumulativeMax)
    }

    /// Adds an [`expanding_mean`](crate::expanding_mean).
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().expanding_mean();
    /// assert_eq!(pipeline.process_batch_to_vec(&[1.0, 3.0])?, [1.0, 2.0]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn expanding_mean(self) -> Self {
        self.with(Operation::ExpandingMean)
    }

    /// Adds an [`expanding_variance`](crate::expanding_variance).
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().expanding_variance(1);
    /// assert_eq!(pipeline.process_batch_to_vec(&[1.0, 3.0])?[1..], [2.0]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn expanding_variance(self, ddof: usize) -> Self {
        self.with(Operation::ExpandingVariance { ddof })
    }

    /// Adds an [`expanding_std`](crate::expanding_std).
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().expanding_std(0);
    /// assert_eq!(pipeline.process_batch_to_vec(&[1.0, 3.0])?, [0.0, 1.0]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn expanding_std(self, ddof: usize) -> Self {
        self.with(Operation::ExpandingStd { ddof })
    }

    /// Adds an [`expanding_min`](crate::expanding_min).
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().expanding_min();
    /// assert_eq!(pipeline.process_batch_to_vec(&[3.0, 5.0])?, [3.0, 3.0]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn expanding_min(self) -> Self {
        self.with(Operation::ExpandingMin)
    }

    /// Adds an [`expanding_max`](crate::expanding_max).
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().expanding_max();
    /// assert_eq!(pipeline.process_batch_to_vec(&[3.0, 1.0])?, [3.0, 3.0]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn expanding_max(self) -> Self {
        self.with(Operation::ExpandingMax)
    }

    /// Adds a [`chunked_mean`](crate::chunked_mean) over chunks of `n` elements.
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().chunked_mean(2);
    /// assert_eq!(pipeline.process_batch_to_vec(&[1.0, 3.0, 8.0])?, [1.0, 2.0, 8.0]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn chunked_mean(self, n: usize) -> Self {
        self.with(Operation::ChunkedMean { n })
    }

    /// Adds a [`rolling_sum`](crate::rolling_sum).
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().rolling_sum(2);
    /// assert_eq!(pipeline.process_batch_to_vec(&[1.0, 3.0, 8.0])?[1..], [4.0, 11.0]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn rolling_sum(self, window: usize) -> Self {
        self.with(Operation::RollingSum { window })
    }

    /// Adds a [`rolling_mean`](crate::rolling_mean).
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().rolling_mean(2);
    /// assert_eq!(pipeline.process_batch_to_vec(&[1.0, 3.0, 8.0])?[1..], [2.0, 5.5]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn rolling_mean(self, window: usize) -> Self {
        self.with(Operation::RollingMean { window })
    }

    /// Adds a [`rolling_variance`](crate::rolling_variance).
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().rolling_variance(2, 1);
    /// assert_eq!(pipeline.process_batch_to_vec(&[1.0, 3.0, 3.0])?[1..], [2.0, 0.0]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn rolling_variance(self, window: usize, ddof: usize) -> Self {
        self.with(Operation::RollingVariance { window, ddof })
    }

    /// Adds a [`rolling_std`](crate::rolling_std).
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().rolling_std(2, 0);
    /// assert_eq!(pipeline.process_batch_to_vec(&[1.0, 3.0, 3.0])?[1..], [1.0, 0.0]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn rolling_std(self, window: usize, ddof: usize) -> Self {
        self.with(Operation::RollingStd { window, ddof })
    }

    /// Adds a [`rolling_min`](crate::rolling_min).
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().rolling_min(2);
    /// assert_eq!(pipeline.process_batch_to_vec(&[1.0, 3.0, 8.0])?[1..], [1.0, 3.0]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn rolling_min(self, window: usize) -> Self {
        self.with(Operation::RollingMin { window })
    }

    /// Adds a [`rolling_max`](crate::rolling_max).
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().rolling_max(2);
    /// assert_eq!(pipeline.process_batch_to_vec(&[1.0, 3.0, 2.0])?[1..], [3.0, 3.0]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn rolling_max(self, window: usize) -> Self {
        self.with(Operation::RollingMax { window })
    }

    /// Adds a [`rolling_median`](crate::rolling_median).
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().rolling_median(3);
    /// assert_eq!(pipeline.process_batch_to_vec(&[1.0, 8.0, 3.0])?[2..], [3.0]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn rolling_median(self, window: usize) -> Self {
        self.with(Operation::RollingQuantile { window, q: 0.5 })
    }

    /// Adds a [`rolling_quantile`](crate::rolling_quantile).
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().rolling_quantile(3, 1.0);
    /// assert_eq!(pipeline.process_batch_to_vec(&[1.0, 8.0, 3.0])?[2..], [8.0]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn rolling_quantile(self, window: usize, q: f64) -> Self {
        self.with(Operation::RollingQuantile { window, q })
    }

    /// Adds a [`rolling_z_score`](crate::rolling_z_score).
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().rolling_z_score(2, 0);
    /// assert_eq!(pipeline.process_batch_to_vec(&[1.0, 3.0, 2.0])?[1..], [1.0, -1.0]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn rolling_z_score(self, window: usize, ddof: usize) -> Self {
        self.with(Operation::RollingZScore { window, ddof })
    }

    /// Adds an [`ewma`](crate::ewma).
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().ewma(lagom_vecproc::Ewma::alpha(0.5).unadjusted());
    /// assert_eq!(pipeline.process_batch_to_vec(&[1.0, 3.0])?, [1.0, 2.0]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn ewma(self, ewma: Ewma) -> Self {
        self.with(Operation::Ewma(ewma))
    }

    /// Adds a multiplication by `factor`, see [`scale`](crate::scale).
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().scale(2.0);
    /// assert_eq!(pipeline.process_batch_to_vec(&[1.0, 3.0])?, [2.0, 6.0]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn scale(self, factor: f64) -> Self {
        self.with(Operation::Scale { factor })
    }

    /// Adds `x * scale + offset`, see [`affine`](crate::affine).
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().affine(1.8, 32.0);
    /// assert_eq!(pipeline.process_batch_to_vec(&[0.0, 100.0])?, [32.0, 212.0]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn affine(self, scale: f64, offset: f64) -> Self {
        self.with(Operation::Affine { scale, offset })
    }

    /// Adds bounds, see [`clip`](crate::clip).
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().clip(0.0, 1.0);
    /// assert_eq!(pipeline.process_batch_to_vec(&[-3.0, 3.0])?, [0.0, 1.0]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn clip(self, low: f64, high: f64) -> Self {
        self.with(Operation::Clip { low, high })
    }

    /// Adds [`abs`](crate::abs).
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().abs();
    /// assert_eq!(pipeline.process_batch_to_vec(&[-3.0, 3.0])?, [3.0, 3.0]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn abs(self) -> Self {
        self.with(Operation::Abs)
    }

    /// Adds [`ln`](crate::ln).
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().ln();
    /// assert_eq!(pipeline.process_batch_to_vec(&[1.0])?, [0.0]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn ln(self) -> Self {
        self.with(Operation::Ln)
    }

    /// Adds [`exp`](crate::exp).
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().exp();
    /// assert_eq!(pipeline.process_batch_to_vec(&[0.0])?, [1.0]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn exp(self) -> Self {
        self.with(Operation::Exp)
    }

    /// Adds a [`difference`](crate::difference).
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().difference(1);
    /// assert_eq!(pipeline.process_batch_to_vec(&[1.0, 3.0])?[1..], [2.0]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn difference(self, lag: usize) -> Self {
        self.with(Operation::Difference { lag })
    }

    /// Adds a [`lag`](crate::lag).
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().lag(1);
    /// assert_eq!(pipeline.process_batch_to_vec(&[1.0, 3.0])?[1..], [1.0]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn lag(self, by: usize) -> Self {
        self.with(Operation::Lag { by })
    }

    /// Adds a [`fill_missing`](crate::fill_missing).
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().fill_missing(lagom_vecproc::Fill::Value(0.0));
    /// assert_eq!(pipeline.process_batch_to_vec(&[1.0, f64::NAN])?, [1.0, 0.0]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn fill_missing(self, fill: Fill) -> Self {
        self.with(Operation::FillMissing(fill))
    }

    /// Leaves missing values out of the operation before: a result needs `n` that are there.
    ///
    /// As pandas' `min_periods`: a rolling result is over those of its window that are there, also where the window is
    /// not full yet; an expanding one over all so far, and the one before where an element is missing; a cumulative one
    /// is missing where its element is. At least 1; 0 is taken as 1.
    ///
    /// Running the pipeline fails if the operation before is of one element by itself or has a window of less than `n`;
    /// without an operation before this does nothing.
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().rolling_mean(2).min_periods(1);
    /// assert_eq!(pipeline.process_batch_to_vec(&[1.0, f64::NAN, 3.0, 5.0])?, [1.0, 1.0, 3.0, 4.0]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn min_periods(mut self, n: usize) -> Self {
        if let Some(last) = self.steps.last_mut() {
            last.min_periods = Some(n.max(1));
        }
        self
    }

    /// [`min_periods`](Self::min_periods) of 1: any element that is there is enough.
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().cumulative_sum().skip_missing();
    /// let sums = pipeline.process_batch_to_vec(&[1.0, f64::NAN, 3.0])?;
    /// assert!(sums[1].is_nan());
    /// assert_eq!(sums[2], 4.0);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn skip_missing(self) -> Self {
        self.min_periods(1)
    }

    fn with(mut self, operation: Operation) -> Self {
        self.steps.push(Step::from(operation));
        self
    }
}

//! Histograms.

use std::error::Error;
use std::fmt;
use std::ops::RangeInclusive;

use super::sample::{Sample, pieces};

/// How many elements lie in each bin.
///
/// Made by [`histogram`] and [`histogram_with_edges`]. A bin has its lower edge in it; the last has both.
///
/// # Examples
///
/// ```
/// let histogram = lagom_vecproc::histogram(&[0.5, 1.0, 2.0, 9.0], 2, 0.0..=2.0)?;
/// assert_eq!(histogram.counts(), [1, 2]);
/// assert_eq!(histogram.edges(), [0.0, 1.0, 2.0]);
/// assert_eq!((histogram.below(), histogram.above(), histogram.missing()), (0, 1, 0));
/// # Ok::<(), lagom_vecproc::HistogramError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    edges: Vec<f64>,
    counts: Vec<u64>,
    below: u64,
    above: u64,
    missing: u64,
}

impl Histogram {
    /// Elements in each bin.
    ///
    /// ```
    /// assert_eq!(lagom_vecproc::histogram(&[1, 2, 2], 2, 1.0..=2.0)?.counts(), [1, 2]);
    /// # Ok::<(), lagom_vecproc::HistogramError>(())
    /// ```
    #[must_use]
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// The edges of the bins, one more than bins.
    ///
    /// ```
    /// assert_eq!(lagom_vecproc::histogram(&[1, 2, 2], 2, 1.0..=2.0)?.edges(), [1.0, 1.5, 2.0]);
    /// # Ok::<(), lagom_vecproc::HistogramError>(())
    /// ```
    #[must_use]
    pub fn edges(&self) -> &[f64] {
        &self.edges
    }

    /// Elements below the first edge.
    ///
    /// ```
    /// assert_eq!(lagom_vecproc::histogram(&[1, 2, 2], 2, 2.0..=3.0)?.below(), 1);
    /// # Ok::<(), lagom_vecproc::HistogramError>(())
    /// ```
    #[must_use]
    pub fn below(&self) -> u64 {
        self.below
    }

    /// Elements above the last edge.
    ///
    /// ```
    /// assert_eq!(lagom_vecproc::histogram(&[1, 2, 2], 2, 0.0..=1.0)?.above(), 2);
    /// # Ok::<(), lagom_vecproc::HistogramError>(())
    /// ```
    #[must_use]
    pub fn above(&self) -> u64 {
        self.above
    }

    /// Elements that are NaN.
    ///
    /// ```
    /// assert_eq!(lagom_vecproc::histogram(&[1.0, f64::NAN], 2, 0.0..=1.0)?.missing(), 1);
    /// # Ok::<(), lagom_vecproc::HistogramError>(())
    /// ```
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.missing
    }

    fn of<S: Sample>(x: S, edges: Vec<f64>, bin: impl Fn(&[f64], f64) -> usize) -> Self {
        let mut counts = vec![0; edges.len() - 1];
        let (mut below, mut above, mut missing) = (0, 0, 0);
        let (low, high) = (edges[0], edges[edges.len() - 1]);
        pieces(x, |x| {
            for &x in x {
                if low <= x && x <= high {
                    counts[bin(&edges, x)] += 1;
                } else if x < low {
                    below += 1;
                } else if x > high {
                    above += 1;
                } else {
                    missing += 1;
                }
            }
        });
        Self { edges, counts, below, above, missing }
    }
}

/// Counts elements in bins of equal width, with NumPy's conventions: a bin has its lower edge in it, the last has both.
///
/// What lies outside, and NaN, is counted apart. Every element is held against the very edges that are returned. O(n)
/// time; allocates edges and counts.
///
/// # Errors
///
/// [`HistogramError`] where there is no bin, or the range is empty or not finite.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::{histogram, min_max};
///
/// let x = [1.0, 2.0, 2.5, 5.0];
/// let (min, max) = min_max(&x);
/// assert_eq!(histogram(&x, 4, min..=max)?.counts(), [1, 2, 0, 1]);
/// # Ok::<(), lagom_vecproc::HistogramError>(())
/// ```
pub fn histogram<S: Sample>(x: S, bins: usize, range: RangeInclusive<f64>) -> Result<Histogram, HistogramError> {
    let (low, high) = range.into_inner();
    if bins == 0 {
        return Err(HistogramError::NoBins);
    }
    // As well where one is NaN.
    if !(low < high && low.is_finite() && high.is_finite()) {
        return Err(HistogramError::Range { low, high });
    }
    if Vec::<f64>::new().try_reserve_exact(bins.saturating_mul(2)).is_err() {
        return Err(HistogramError::TooManyBins { bins });
    }
    let count = bins as f64;
    let width = high - low;
    let edge = |i: usize| {
        let i = i as f64;
        if width.is_finite() { low + i * (width / count) } else { low * (1.0 - i / count) + high * (i / count) }
    };
    let mut edges: Vec<_> = (0..bins).map(|i| edge(i).min(high)).collect();
    edges.push(high);
    // Of halves, so that the width cannot overflow.
    let per_half = count / (high / 2.0 - low / 2.0);
    Ok(Histogram::of(x, edges, |edges, x| {
        let mut bin = (((x / 2.0 - low / 2.0) * per_half) as usize).min(bins - 1);
        // Rounding takes a guess past an edge at times.
        while x < edges[bin] {
            bin -= 1;
        }
        while bin + 1 < bins && x >= edges[bin + 1] {
            bin += 1;
        }
        bin
    }))
}

/// Counts elements in bins between the given edges; otherwise as [`histogram`].
///
/// Of equal edges the bin between them is empty, unless it is the last. Edges may be infinite. O(n log k) time for `k`
/// edges.
///
/// # Errors
///
/// [`HistogramError`] where there are fewer than two edges, or one is NaN or below the one before.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::histogram_with_edges;
///
/// let histogram = histogram_with_edges(&[1, 2, 3, 30, 1000], &[1.0, 10.0, 100.0])?;
/// assert_eq!((histogram.counts(), histogram.above()), (&[3, 1][..], 1));
/// assert!(histogram_with_edges(&[1], &[10.0, 1.0]).is_err());
/// # Ok::<(), lagom_vecproc::HistogramError>(())
/// ```
pub fn histogram_with_edges<S: Sample>(x: S, edges: &[f64]) -> Result<Histogram, HistogramError> {
    if edges.len() < 2 {
        return Err(HistogramError::NoBins);
    }
    if let Some(place) = (0..edges.len() - 1).find(|&i| edges[i].partial_cmp(&edges[i + 1]).is_none_or(|o| o.is_gt())) {
        return Err(HistogramError::NotAscending { place: place + 1 });
    }
    Ok(Histogram::of(x, edges.to_vec(), |edges, x| edges.partition_point(|&edge| edge <= x).min(edges.len() - 1) - 1))
}

/// The bins of a histogram are none.
///
/// # Examples
///
/// ```
/// let error = lagom_vecproc::histogram(&[1.0], 3, 2.0..=2.0).unwrap_err();
/// assert_eq!(error.to_string(), "no bins of equal width from 2 to 2");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum HistogramError {
    /// Not a single bin was asked for.
    NoBins,
    /// There is no memory for so many bins.
    TooManyBins {
        /// How many.
        bins: usize,
    },
    /// The range is empty or not finite.
    Range {
        /// Its lower end.
        low: f64,
        /// Its upper end.
        high: f64,
    },
    /// The edge at this place is below the one before, or one of the two is NaN.
    NotAscending {
        /// Its index.
        place: usize,
    },
}

impl fmt::Display for HistogramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoBins => f.write_str("a histogram without bins"),
            Self::TooManyBins { bins } => write!(f, "no memory for a histogram of {bins} bins"),
            Self::Range { low, high } => write!(f, "no bins of equal width from {low} to {high}"),
            Self::NotAscending { place } => write!(f, "edge {place} of a histogram is not above the one before"),
        }
    }
}

impl Error for HistogramError {}

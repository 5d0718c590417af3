//! Reductions: many elements to one number.
//!
//! Which elements are added to which depends on their places alone. Blocks of fixed length are summed by columns, so
//! that lanes do not wait for each other, and then put together; neither the instruction set nor the way in which an
//! input is stored has a say in that.

mod extremes;
mod histogram;
mod moments;
mod norm;
mod pairs;
mod plain;
mod quantile;
mod sample;
mod sums;
#[cfg(test)]
mod tests;

pub use extremes::{argmax, argmin, max, min, min_max};
pub use histogram::{Histogram, HistogramError, histogram, histogram_with_edges};
pub use moments::{std_dev, variance};
pub use norm::norm;
pub use pairs::{UnequalLengths, correlation, covariance, dot};
pub use plain::sum_plain;
pub(crate) use quantile::{Place, between};
pub use quantile::{QuantileError, quantile, quantile_in_place, quantiles, quantiles_in_place};
pub use sample::{Present, Sample, present};
pub use sums::{mean, sum};

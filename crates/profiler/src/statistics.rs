//! What comparisons and timings rest on.

mod bootstrap;
mod median;
mod normal;
mod random;
mod rank;

pub(crate) use bootstrap::{Interval, mean_interval, ratio_interval};
pub(crate) use median::{mean, median, median_deviation, sorted};
pub(crate) use normal::{Z95, two_sided};
#[cfg(test)]
pub(crate) use random::Random;
pub(crate) use rank::{holm, rank_histograms, rank_samples};

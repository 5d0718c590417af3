//! A series of numbers that is never kept: its running and rolling mean, and what the report wants of them.

use std::collections::BTreeMap;

use anyhow::Result;
use lagom::vecproc::{ExpandingMean, RollingMean};

use crate::answers::{Day, EXPANDING_WARM_UP, Expanding};

/// Values that are taken in at once, so that the kernels have something to chew on.
const CHUNK: usize = 512;

/// Feeds a series to its expanding and its rolling mean, chunk by chunk; memory does not grow with its length.
pub(super) struct Series {
    window: usize,
    values: Vec<f64>,
    days: Vec<Day>,
    means: Vec<f64>,
    expanding: ExpandingMean,
    rolling: RollingMean,
    summary: Summary,
}

/// What is left of a series.
#[derive(Default)]
pub(super) struct Summary {
    /// Values taken in.
    pub(super) len: usize,
    pub(super) expanding: Extremes,
    pub(super) rolling: Extremes,
    /// The last rolling mean of each day.
    pub(super) rolling_by_day: BTreeMap<Day, f64>,
}

/// The smallest, largest and last value seen.
#[derive(Default)]
pub(super) struct Extremes {
    pub(super) min: Option<f64>,
    /// With the index of its first appearance.
    pub(super) max: Option<(f64, usize)>,
    pub(super) last: Option<f64>,
}

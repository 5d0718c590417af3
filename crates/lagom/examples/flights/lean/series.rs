//! A series of numbers that is never kept: its running and rolling mean, and what the answers want of them.

use std::collections::BTreeMap;

use anyhow::Result;
use lagom::profiler::profile;
use lagom::vecproc::{Pipeline, PipelineStream};

use crate::answers::{Day, EXPANDING_WARM_UP, exceeds};

/// Values that are taken in at once, so that the kernels have something to chew on.
const CHUNK: usize = 512;

/// Feeds a series to its expanding and its rolling mean, chunk by chunk; memory does not grow with its length beyond
/// that of a chunk, and a series without values has none.
pub(super) struct Series {
    values: Vec<f64>,
    days: Vec<Day>,
    means: Vec<f64>,
    expanding: PipelineStream,
    rolling: PipelineStream,
    /// Of the rolling mean.
    window: usize,
    summary: Summary,
}

/// What is left of a series.
#[derive(Debug, Default)]
pub(super) struct Summary {
    /// Values taken in.
    pub(super) len: usize,
    /// Of the expanding mean, but for its first values.
    pub(super) expanding: Extremes,
    /// Of the rolling mean.
    pub(super) rolling: Extremes,
    /// The last expanding mean: that of all values.
    pub(super) mean: Option<f64>,
    /// The last rolling mean of each day.
    pub(super) rolling_by_day: BTreeMap<Day, f64>,
}

/// The smallest, largest and last value seen.
#[derive(Debug, Default)]
pub(super) struct Extremes {
    pub(super) min: Option<f64>,
    /// With the index of its first appearance.
    pub(super) max: Option<(f64, usize)>,
    pub(super) last: Option<f64>,
}

impl Series {
    /// An empty series.
    ///
    /// # Errors
    ///
    /// When `window` is 0.
    pub(super) fn new(window: usize) -> Result<Self> {
        Ok(Self {
            values: Vec::new(),
            days: Vec::new(),
            means: Vec::new(),
            expanding: Pipeline::new().expanding_mean().stream()?,
            rolling: Pipeline::new().rolling_mean(window).stream()?,
            window,
            summary: Summary::default(),
        })
    }

    /// Takes in the next value, of this day.
    pub(super) fn push(&mut self, value: f64, day: Day) -> Result<()> {
        self.values.push(value);
        self.days.push(day);
        if self.values.len() == CHUNK { self.flush() } else { Ok(()) }
    }

    /// What is left of all values.
    pub(super) fn finish(mut self) -> Result<Summary> {
        self.flush()?;
        Ok(self.summary)
    }

    #[profile(name = "lean::series")]
    fn flush(&mut self) -> Result<()> {
        let Self { values, days, means, expanding, rolling, window, summary } = self;
        means.resize(values.len(), 0.0);

        expanding.process(&*values, means)?;
        summary.mean = means.last().copied().or(summary.mean);
        summary.expanding.extend(means, summary.len, EXPANDING_WARM_UP);

        rolling.process(&*values, means)?;
        summary.rolling.extend(means, summary.len, *window - 1);
        let defined = (*window - 1).saturating_sub(summary.len).min(means.len());
        let mut start = defined;
        for same_day in days[defined..].chunk_by(|a, b| a == b) {
            start += same_day.len();
            summary.rolling_by_day.insert(same_day[0], means[start - 1]);
        }

        summary.len += values.len();
        values.clear();
        days.clear();
        Ok(())
    }
}

impl Extremes {
    /// Takes in `means`, which begin at index `at` of their series, whose first `ignored` values do not count.
    fn extend(&mut self, means: &[f64], at: usize, ignored: usize) {
        let skipped = ignored.saturating_sub(at).min(means.len());
        for (index, &mean) in means.iter().enumerate().skip(skipped) {
            if self.min.is_none_or(|min| mean < min) {
                self.min = Some(mean);
            }
            if self.max.is_none_or(|(max, _)| exceeds(mean, max)) {
                self.max = Some((mean, at + index - ignored));
            }
            self.last = Some(mean);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equal_means_the_first_is_the_largest() {
        // Every window holds the same values, in another order.
        let mut series = Series::new(47).unwrap();
        for i in 0..3_000 {
            series.push(f64::from(i * 13 % 47) / 7.0 - 2.0, Day { month: 1, day: 1 }).unwrap();
        }
        let summary = series.finish().unwrap();
        assert_eq!(summary.rolling.max.map(|(_, at)| at), Some(0));
    }

    #[test]
    fn a_long_series_is_summed_up_as_if_it_were_kept() {
        let values: Vec<f64> = (0..2000).map(|i| f64::from(i * 7919 % 1013) - 300.0).collect();
        let day = |i: usize| Day { month: 1, day: u8::try_from(1 + i / 90).unwrap() };
        let mut series = Series::new(50).unwrap();
        for (i, &value) in values.iter().enumerate() {
            series.push(value, day(i)).unwrap();
        }
        let summary = series.finish().unwrap();

        // Rounded elsewhere.
        let close = |ours: Option<f64>, expected: Option<f64>| {
            let (ours, expected) = (ours.unwrap(), expected.unwrap());
            assert!((ours - expected).abs() <= 1e-12 * expected.abs(), "{ours}, not {expected}");
        };
        let rolling: Vec<f64> = values.windows(50).map(|last| last.iter().sum::<f64>() / 50.0).collect();
        let max = rolling.iter().copied().fold(f64::MIN, f64::max);
        assert_eq!(summary.len, 2000);
        close(summary.rolling.max.map(|(max, _)| max), Some(max));
        assert_eq!(summary.rolling.max.map(|(_, at)| at), rolling.iter().position(|mean| *mean == max));
        close(summary.rolling.min, rolling.iter().copied().reduce(f64::min));
        close(summary.rolling.last, rolling.last().copied());
        for (end, mean) in (49..).zip(&rolling) {
            if end + 1 == values.len() || day(end + 1) != day(end) {
                close(summary.rolling_by_day.get(&day(end)).copied(), Some(*mean));
            }
        }
        close(summary.mean, Some(values.iter().sum::<f64>() / 2000.0));
        let settled = (50..2000).map(|i| values[..=i].iter().sum::<f64>() / (i + 1) as f64);
        close(summary.expanding.min, settled.clone().reduce(f64::min));
        close(summary.expanding.max.map(|(max, _)| max), settled.reduce(f64::max));
    }

    #[test]
    fn buffers_grow_with_a_series_up_to_a_chunk() {
        let mut series = Series::new(50).unwrap();
        let capacities = |series: &Series| [series.values.capacity(), series.days.capacity(), series.means.capacity()];
        assert_eq!(capacities(&series), [0; 3]);
        for i in 0..3000 {
            assert!(capacities(&series).into_iter().all(|capacity| capacity <= CHUNK.min(4 + 2 * i)), "{i}");
            series.push(1.0, Day { month: 1, day: 1 }).unwrap();
        }
    }

    #[test]
    fn short_series_have_no_rolling_mean() {
        let mut series = Series::new(3).unwrap();
        series.push(1.0, Day { month: 1, day: 1 }).unwrap();
        series.push(2.0, Day { month: 1, day: 1 }).unwrap();
        let summary = series.finish().unwrap();
        assert!(summary.rolling.last.is_none() && summary.rolling_by_day.is_empty());
        assert_eq!(summary.mean, Some(1.5));
        assert_eq!(Series::new(3).unwrap().finish().unwrap().mean, None);
    }
}

//! Confidence intervals by resampling (Efron 1979), 95 %, the percentiles of the resampled figure.

use super::random::Random;
use super::{mean, median, sorted};

const RESAMPLES: usize = 2_000;
const SEED: u64 = 0x001A_606D;

/// A 95 % confidence interval.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct Interval {
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// Where the mean of the population lies that the samples are of.
pub(crate) fn mean_interval(samples: &[f64]) -> Interval {
    let mut random = Random::new(SEED);
    let mut resample = Vec::with_capacity(samples.len());
    interval(|| {
        draw(samples, &mut resample, &mut random);
        mean(&resample)
    })
}

/// Where the median of `now`'s population lies, as a multiple of that of `baseline`'s.
pub(crate) fn ratio_interval(baseline: &[f64], now: &[f64]) -> Interval {
    let mut random = Random::new(SEED);
    let (mut below, mut above) = (Vec::with_capacity(baseline.len()), Vec::with_capacity(now.len()));
    interval(|| {
        draw(baseline, &mut below, &mut random);
        draw(now, &mut above, &mut random);
        median(&above) / median(&below)
    })
}

fn draw(samples: &[f64], into: &mut Vec<f64>, random: &mut Random) {
    into.clear();
    if !samples.is_empty() {
        into.extend((0..samples.len()).map(|_| samples[random.below(samples.len())]));
    }
}

fn interval(figure: impl FnMut() -> f64) -> Interval {
    let figures: Vec<f64> = std::iter::repeat_with(figure).take(RESAMPLES).collect();
    let figures = sorted(&figures);
    Interval { low: figures[RESAMPLES / 40], high: figures[RESAMPLES - 1 - RESAMPLES / 40] }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Samples of a skewed distribution with a median of `median` and a mean that is a tenth above.
    fn lognormal(random: &mut Random, median: f64, count: usize) -> Vec<f64> {
        let sigma = (2.0 * 1.1_f64.ln()).sqrt();
        (0..count).map(|_| median * (sigma * random.normal()).exp()).collect()
    }

    #[test]
    #[cfg_attr(miri, ignore = "too much for it")]
    fn the_interval_holds_the_truth_as_often_as_it_says() {
        let mut random = Random::new(7);
        let mut held = [0; 2];
        for _ in 0..100 {
            let (baseline, now) = (lognormal(&mut random, 100.0, 40), lognormal(&mut random, 120.0, 40));
            let mean = mean_interval(&baseline);
            held[0] += usize::from(mean.low <= 110.0 && 110.0 <= mean.high);
            let ratio = ratio_interval(&baseline, &now);
            held[1] += usize::from(ratio.low <= 1.2 && 1.2 <= ratio.high);
        }
        // 95 % of 100 and three standard deviations; a mean of skewed samples is held a little less often.
        assert!((86..=99).contains(&held[0]) && (88..=100).contains(&held[1]), "{held:?}");
    }

    #[test]
    fn the_same_samples_give_the_same_interval() {
        let samples = lognormal(&mut Random::new(3), 5.0, 30);
        assert_eq!(mean_interval(&samples), mean_interval(&samples));
        assert_eq!(mean_interval(&[2.0]), Interval { low: 2.0, high: 2.0 });
        assert_eq!(mean_interval(&[]), Interval::default());
    }
}

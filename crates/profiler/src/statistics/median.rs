//! Means and medians of plain samples.

/// The samples in ascending order.
pub(crate) fn sorted(samples: &[f64]) -> Vec<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

/// The arithmetic mean; zero without a sample.
pub(crate) fn mean(samples: &[f64]) -> f64 {
    if samples.is_empty() { 0.0 } else { samples.iter().sum::<f64>() / samples.len() as f64 }
}

/// The median; zero without a sample.
pub(crate) fn median(samples: &[f64]) -> f64 {
    let sorted = sorted(samples);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        n if n % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// The median distance from the median.
pub(crate) fn median_deviation(samples: &[f64]) -> f64 {
    let center = median(samples);
    median(&samples.iter().map(|sample| (sample - center).abs()).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outlier_moves_the_mean_alone() {
        let samples = [3.0, 1.0, 2.0, 1_000.0];
        assert_eq!(median(&samples), 2.5);
        assert_eq!(median(&samples[..3]), 2.0);
        assert_eq!(median_deviation(&samples), 1.0);
        assert_eq!(mean(&samples), 251.5);
        assert_eq!((median(&[]), mean(&[]), median_deviation(&[])), (0.0, 0.0, 0.0));
    }
}

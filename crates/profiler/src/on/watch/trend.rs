//! Whether a row of points rises, and how fast: statistics of ranks and medians, which single points cannot bend.

/// One moment: seconds, value.
pub(super) type Point = (f64, f64);

/// Middle of the values, which are put in another order; `None` of none.
pub(super) fn median(values: &mut [f64]) -> Option<f64> {
    let middle = values.len() / 2;
    if values.is_empty() {
        return None;
    }
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = *upper;
    if values_are_odd(below.len(), values.len()) {
        return Some(upper);
    }
    let lower = values[..middle].iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Some(f64::midpoint(lower, upper))
}

const fn values_are_odd(below: usize, all: usize) -> bool {
    below * 2 + 1 == all
}

/// The median of the slopes of all pairs of points (Theil 1950, Sen 1968), per second.
pub(super) fn slope(points: &[Point], scratch: &mut Vec<f64>) -> Option<f64> {
    scratch.clear();
    for (place, (from, low)) in points.iter().enumerate() {
        let pairs = points[place + 1..].iter().filter(|(to, _)| to > from);
        scratch.extend(pairs.map(|(to, high)| (high - low) / (to - from)));
    }
    median(scratch)
}

/// The confidence that the values rise, between 0 and 1: the rank test of Mann (1945) and Kendall (1948).
///
/// `residuals` are what the values are off a line. Where neighbours among them are alike, the values tell less than as many
/// independent ones, and the variance is taken as larger (Hamed and Rao 1998).
pub(super) fn confidence(values: &[f64], residuals: &[f64], scratch: &mut Vec<f64>) -> f64 {
    let mut score = 0.0;
    for (place, early) in values.iter().enumerate() {
        for late in &values[place + 1..] {
            score += f64::from(i8::from(late > early) - i8::from(late < early));
        }
    }
    let n = values.len() as f64;
    let mut variance = n * (n - 1.0) * (2.0 * n + 5.0);
    // Equal values: each group counts once, at its first member.
    for (place, value) in values.iter().enumerate() {
        if !values[..place].contains(value) {
            let ties = values[place..].iter().filter(|other| *other == value).count() as f64;
            variance -= ties * (ties - 1.0) * (2.0 * ties + 5.0);
        }
    }
    let deviation = (variance / 18.0 * dependence(residuals, scratch)).sqrt();
    if score <= 1.0 || deviation == 0.0 {
        return 0.0;
    }
    normal((score - 1.0) / deviation)
}

/// By how much the variance grows since neighbours are alike; at least 1. Of lags at which the ranks are not
/// significantly correlated nothing is counted.
fn dependence(residuals: &[f64], ranks: &mut Vec<f64>) -> f64 {
    let n = residuals.len() as f64;
    ranks.clear();
    // Twice the mean rank, less what makes their sum zero.
    ranks.extend(residuals.iter().map(|value| {
        residuals.iter().map(|other| f64::from(i8::from(other < value) - i8::from(other > value))).sum::<f64>()
    }));
    let power: f64 = ranks.iter().map(|rank| rank * rank).sum();
    if power == 0.0 {
        return 1.0;
    }
    let mut sum = 0.0;
    for lag in 1..residuals.len().saturating_sub(2) {
        let correlation = ranks.iter().zip(&ranks[lag..]).map(|(early, late)| early * late).sum::<f64>() / power;
        let left = n - lag as f64;
        if correlation.abs() > 1.96 / n.sqrt() {
            sum += left * (left - 1.0) * (left - 2.0) * correlation;
        }
    }
    (1.0 + 2.0 * sum / (n * (n - 1.0) * (n - 2.0))).max(1.0)
}

/// The share of a normal distribution below `z`, which is not negative: Abramowitz and Stegun 26.2.17, within 7.5e-8.
fn normal(z: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * z);
    let sum =
        t * (0.319_381_530 + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    1.0 - (-z * z / 2.0).exp() / std::f64::consts::TAU.sqrt() * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_of_even_and_odd_many() {
        assert_eq!(median(&mut []), None);
        assert_eq!(median(&mut [3.0]), Some(3.0));
        assert_eq!(median(&mut [3.0, 1.0]), Some(2.0));
        assert_eq!(median(&mut [5.0, 1.0, 3.0]), Some(3.0));
        assert_eq!(median(&mut [5.0, 1.0, 3.0, 3.0, 9.0, -1.0]), Some(3.0));
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }

    #[test]
    fn a_slope_that_outliers_do_not_bend() {
        let mut points: Vec<Point> = (0..40).map(|at| (f64::from(at) * 2.0, 7.0 + 3.0 * f64::from(at))).collect();
        assert_eq!(slope(&points, &mut Vec::new()), Some(1.5));
        for place in [3, 11, 12, 30] {
            points[place].1 = 1e12;
        }
        let bent = slope(&points, &mut Vec::new()).expect("points");
        assert!((bent - 1.5).abs() < 0.2, "{bent}");
        assert_eq!(slope(&points[..1], &mut Vec::new()), None);
        assert_eq!(slope(&[(1.0, 1.0), (1.0, 5.0)], &mut Vec::new()), None, "no time between them");
    }

    /// Worked by hand: S and its variance for short rows.
    #[test]
    fn the_rank_test_of_known_rows() {
        let flat = |values: &[f64]| confidence(values, &vec![0.0; values.len()], &mut Vec::new());
        // S = 45, variance 125: z = 44 / 11.18 = 3.9355.
        let rising: Vec<f64> = (0..10).map(f64::from).collect();
        assert!((flat(&rising) - 0.999_958_5).abs() < 1e-6, "{}", flat(&rising));
        // S = 5 of 1 2 2 3, variance 4 * 3 * 13 - 2 * 1 * 9 = 138, / 18 = 7.667: z = 4 / 2.769 = 1.4446.
        assert!((flat(&[1.0, 2.0, 2.0, 3.0]) - 0.925_71).abs() < 1e-4, "{}", flat(&[1.0, 2.0, 2.0, 3.0]));
        for values in [&[][..], &[1.0], &[5.0; 30], &[3.0, 2.0, 1.0], &[1.0, 2.0, 1.0]] {
            assert_eq!(flat(values), 0.0, "{values:?}");
        }
    }

    #[test]
    fn the_normal_distribution() {
        for (z, share) in [(0.0, 0.5), (1.0, 0.841_344_75), (1.96, 0.975_002_1), (3.090_232, 0.999), (40.0, 1.0)] {
            assert!((normal(z) - share).abs() < 1e-6, "{z} {}", normal(z));
        }
    }

    #[test]
    fn neighbours_that_are_alike_count_for_less() {
        let alternating: Vec<f64> = (0..64).map(|at| f64::from(at % 2)).collect();
        let slow: Vec<f64> = (0..64).map(|at| (f64::from(at) / 8.0).sin()).collect();
        let (fast, slow) = (dependence(&alternating, &mut Vec::new()), dependence(&slow, &mut Vec::new()));
        assert!((1.0..1.1).contains(&fast) && slow > 3.0, "{fast} {slow}");
        assert_eq!(dependence(&[4.0; 9], &mut Vec::new()), 1.0);
        assert_eq!(dependence(&[], &mut Vec::new()), 1.0);
    }
}

//! Intervals and trends.

/// The normal quantile of a two-sided interval of 95 %.
const Z95: f64 = 1.96;

/// The lower end of the 95 % interval of a share, from `hits` of `trials` (Wilson, 1927).
pub(super) fn share_at_least(hits: f64, trials: f64) -> f64 {
    if trials <= 0.0 {
        return 0.0;
    }
    let (p, z) = ((hits / trials).clamp(0.0, 1.0), Z95);
    let centre = p + z * z / (2.0 * trials);
    let half = z * (p * (1.0 - p) / trials + z * z / (4.0 * trials * trials)).sqrt();
    ((centre - half) / (1.0 + z * z / trials)).max(0.0)
}

/// The rank, as a share, above which the median lies with 97.5 % confidence, by the binomial distribution of ranks.
pub(super) fn median_at_least(samples: f64) -> f64 {
    (0.5 - Z95 / (2.0 * samples.max(1.0).sqrt())).max(0.0)
}

/// The quantile of Student's distribution for a two-sided interval of 95 %.
pub(super) fn student(degrees: usize) -> f64 {
    const FEW: [f64; 10] = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];
    match degrees {
        0 => f64::INFINITY,
        1..=10 => FEW[degrees - 1],
        // Cornish and Fisher's expansion.
        _ => {
            let (z, n) = (Z95, degrees as f64);
            z + (z.powi(3) + z) / (4.0 * n) + (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * n * n)
        }
    }
}

/// How uniformly a sequence rises.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Trend {
    /// Rising pairs less falling pairs, as a share of all: -1.0 to 1.0 (Kendall, 1938).
    pub(crate) tau: f64,
    /// The standard normal statistic of "no trend" (Mann, 1945, with the correction for continuity).
    pub(crate) z: f64,
    /// The median of the slopes of all pairs (Sen, 1968).
    pub(crate) slope: f64,
}

/// The trend of the second figures over the first, which ascend; `None` for fewer than two.
pub(crate) fn trend(points: &[(f64, f64)]) -> Option<Trend> {
    let n = points.len() as f64;
    let mut slopes = Vec::new();
    let mut score = 0.0;
    for (place, a) in points.iter().enumerate() {
        for b in &points[place + 1..] {
            slopes.push((b.1 - a.1) / (b.0 - a.0));
            score += if b.1 > a.1 { 1.0 } else { -f64::from(u8::from(b.1 < a.1)) };
        }
    }
    slopes.retain(|slope| slope.is_finite());
    if slopes.is_empty() {
        return None;
    }
    slopes.sort_by(f64::total_cmp);
    let middle = slopes.len() / 2;
    let slope = if slopes.len() % 2 == 1 { slopes[middle] } else { f64::midpoint(slopes[middle - 1], slopes[middle]) };
    // Ties make the true variance smaller, and this one conservative.
    let deviation = (n * (n - 1.0) * (2.0 * n + 5.0) / 18.0).sqrt();
    let z = (score.abs() - 1.0).max(0.0).copysign(score) / deviation;
    Some(Trend { tau: score / (n * (n - 1.0) / 2.0), z, slope })
}

/// A power law `y = c x^exponent`, fitted to logarithms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Power {
    pub(super) exponent: f64,
    /// Half the width of the exponent's 95 % interval.
    pub(super) margin: f64,
    /// How far the sizes lie apart, as a logarithm.
    pub(super) span: f64,
}

/// One mean of logarithms with what is known of its error.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
    /// The variance of `y` as a mean.
    pub(super) variance: f64,
}

/// No mean of durations is known better than to a twentieth, whatever its scatter: alignment, caches and frequency move it.
const FLOOR: f64 = 0.05 * 0.05;

/// Weighted least squares; the margin is widened where the points scatter more about the line than their own errors
/// allow (Birge, 1932), as they do when there is no such law. `None` for fewer than three points.
pub(super) fn power(points: &[Point]) -> Option<Power> {
    if points.len() < 3 {
        return None;
    }
    let weight = |point: &Point| 1.0 / (point.variance.max(0.0) + FLOOR);
    let sum = |value: &dyn Fn(&Point) -> f64| points.iter().map(|point| weight(point) * value(point)).sum::<f64>();
    let all = sum(&|_| 1.0);
    let (x, y) = (sum(&|point| point.x) / all, sum(&|point| point.y) / all);
    let spread = sum(&|point| (point.x - x).powi(2));
    let exponent = sum(&|point| (point.x - x) * (point.y - y)) / spread;
    let misfit = sum(&|point| (point.y - y - exponent * (point.x - x)).powi(2));
    let degrees = points.len() - 2;
    let error = (1.0 / spread).sqrt() * (misfit / degrees as f64).sqrt().max(1.0);
    let ends = points.iter().map(|point| point.x);
    let span = ends.clone().fold(f64::MIN, f64::max) - ends.fold(f64::MAX, f64::min);
    let fit = Power { exponent, margin: student(degrees) * error, span };
    (fit.exponent.is_finite() && fit.margin.is_finite()).then_some(fit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() < 5e-4 * b.abs().max(1.0), "{a} {b}");
    }

    #[test]
    fn intervals_agree_with_tables() {
        near(share_at_least(10.0, 100.0), 0.0552); // Wilson: 5.52 % to 17.44 %
        near(share_at_least(0.0, 100.0), 0.0);
        near(share_at_least(100.0, 100.0), 0.9630);
        assert_eq!(share_at_least(1.0, 0.0), 0.0);
        near(student(1), 12.706);
        for (degrees, quantile) in [(10, 2.228), (11, 2.201), (20, 2.086), (30, 2.042), (1_000, 1.962)] {
            assert!((student(degrees) - quantile).abs() < 0.003, "{degrees}: {}", student(degrees));
        }
        near(median_at_least(100.0), 0.402);
        assert_eq!(median_at_least(3.0), 0.0);
    }

    #[test]
    fn a_trend_is_the_sign_of_the_pairs_and_the_median_of_their_slopes() {
        let rising: Vec<_> = (0..10).map(|i| (f64::from(i), 2.0 * f64::from(i))).collect();
        let found = trend(&rising).unwrap();
        near(found.tau, 1.0);
        near(found.slope, 2.0);
        near(found.z, 44.0 / 125_f64.sqrt()); // S = 45, variance 125
        let outlier: Vec<_> = (0..10).map(|i| (f64::from(i), if i == 3 { 1e6 } else { f64::from(i) })).collect();
        near(trend(&outlier).unwrap().slope, 1.0);
        let step: Vec<_> = (0..16).map(|i| (f64::from(i), if i < 8 { 1.0 } else { 3.0 })).collect();
        assert!(trend(&step).unwrap().tau < 0.6);
        let falling: Vec<_> = (0..10).map(|i| (f64::from(i), -f64::from(i))).collect();
        near(trend(&falling).unwrap().tau, -1.0);
        assert!(trend(&falling).unwrap().z < -3.0);
        assert_eq!(trend(&[(0.0, 1.0)]), None);
        assert_eq!(trend(&[(0.0, 1.0), (0.0, 2.0)]), None);
    }

    fn points(law: impl Fn(f64) -> f64, sizes: &[f64]) -> Vec<Point> {
        sizes.iter().map(|size| Point { x: size.ln(), y: law(*size).ln(), variance: 0.0 }).collect()
    }

    #[test]
    fn the_exponent_of_a_law_lies_in_its_interval() {
        let sizes = [64.0, 128.0, 256.0, 512.0, 1024.0];
        for exponent in [0.0, 0.5, 1.0, 1.5, 2.0, 3.0] {
            let fit = power(&points(|n| 7.0 * n.powf(exponent), &sizes)).unwrap();
            near(fit.exponent, exponent);
            assert!(fit.margin > 0.05 && fit.margin < 0.15, "{fit:?}");
            near(fit.span, 16_f64.ln());
        }
    }

    #[test]
    fn what_is_no_law_has_a_wide_interval() {
        let sizes = [64.0, 128.0, 256.0, 512.0, 1024.0];
        let jump = power(&points(|n| if n < 300.0 { 1.0 } else { 50.0 }, &sizes)).unwrap();
        assert!(jump.margin > 1.0, "{jump:?}");
        assert_eq!(power(&points(|n| n, &sizes[..2])), None);
        assert_eq!(power(&points(|n| n, &[8.0, 8.0, 8.0])), None);
    }
}

//! The normal distribution.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// 95 % of a normal distribution lie within this many standard deviations.
pub(crate) const Z95: f64 = 1.959_963_984_540_054;

/// How probable it is that a standard normal variable is at least as far from zero as `z`.
pub(crate) fn two_sided(z: f64) -> f64 {
    if z.is_nan() { 1.0 } else { erfc(z.abs() * FRAC_1_SQRT_2) }
}

/// The complementary error function of what is not negative.
fn erfc(x: f64) -> f64 {
    if x < 2.5 {
        // The series about zero: every term is smaller than a hundred times the sum, so that six digits are left.
        let (mut term, mut sum) = (x, x);
        for n in 1..60 {
            let n = f64::from(n);
            term *= -x * x / n;
            sum += term / (2.0 * n + 1.0);
        }
        1.0 - 2.0 / PI.sqrt() * sum
    } else {
        // The continued fraction, from its end.
        let fraction = (1..60).rev().fold(x, |below, n| x + f64::from(n) / 2.0 / below);
        (-x * x).exp() / PI.sqrt() / fraction
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_agrees_with_the_tables() {
        let table = [
            (0.0, 1.0),
            (0.5, 0.617_075_077_451_974),
            (1.0, 0.317_310_507_862_914),
            (1.959_963_984_540_054, 0.05),
            (3.0, 0.002_699_796_063_260_19),
            (3.5, 4.652_581_580_710_500_3e-4),
            (4.0, 6.334_248_366_623_98e-5),
            (6.0, 1.973_175_290_075e-9),
            (10.0, 1.523_970_604_832_1e-23),
        ];
        for (z, p) in table {
            for z in [z, -z] {
                assert!((two_sided(z) / p - 1.0).abs() < 1e-6, "{z}: {} and not {p}", two_sided(z));
            }
        }
        assert_eq!(two_sided(f64::INFINITY), 0.0);
        assert_eq!(two_sided(f64::NAN), 1.0);
    }
}

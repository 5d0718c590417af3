//! Documented bounds of errors, against exact sums.

use std::collections::BTreeMap;

use lagom_vecproc::*;
use num_bigint::BigInt;

use crate::exact::{LongInteger, Sums, U, magnitude, parts, ratio, units};
use crate::inputs::{Noise, families};

/// The greatest errors seen, as shares of the bounds.
#[derive(Default)]
struct Worst(BTreeMap<&'static str, (f64, String)>);

impl Worst {
    #[track_caller]
    fn take(&mut self, operation: &'static str, share: f64, of: impl FnOnce() -> String) {
        if share > self.0.get(operation).map_or(-1.0, |(worst, _)| *worst) {
            let of = of();
            assert!(share <= 1.0, "{operation}: {share} of the bound, {of}");
            self.0.insert(operation, (share, of));
        }
    }

    fn print(&self) {
        for (operation, (share, of)) in &self.0 {
            println!("{operation:30} {share:.4} of its bound: {of}");
        }
    }
}

/// The error of a mean or sum, as a share of `u (of_result |sum| + of_magnitudes Σ|x|)`.
fn share_of_sum(ours: f64, count: u64, sums: &Sums, [of_result, of_magnitudes]: [f64; 2]) -> f64 {
    let error = units(ours) * count - &sums.sum;
    // In 16ths, for factors are no integers; and a mean may underflow by a unit for each step.
    let sixteenths = |factor: f64| BigInt::from((factor * 16.0) as u64);
    let slack = if count == 1 { BigInt::ZERO } else { BigInt::from(16 * 100 * count) << 53_u32 };
    let bound = magnitude(&sums.sum) * sixteenths(of_result) + &sums.magnitudes * sixteenths(of_magnitudes) + slack;
    let error = error << 57_u32;
    if bound == BigInt::ZERO { if error == BigInt::ZERO { 0.0 } else { f64::INFINITY } } else { ratio(&error, &bound) }
}

/// The relative error of a variance, as a share of `c (1 + c)`, where `c = factor u κ`.
fn share_of_variance(ours: f64, ddof: u64, sums: &Sums, factor: f64) -> f64 {
    let n = sums.count;
    let sum_squared = &sums.sum * &sums.sum;
    // n² times the variance of the population.
    let spread = &sums.squares * n - &sum_squared;
    if spread == BigInt::ZERO {
        return if ours == 0.0 { 0.0 } else { f64::INFINITY };
    }
    let error = (units(ours) << 1074_u32) * (n * (n - ddof)) - &spread;
    let c = factor * U * (1.0 + ratio(&sum_squared, &spread)).sqrt();
    ratio(&error, &spread) / (c * (1.0 + c))
}

fn levels(window: usize) -> f64 {
    ((window as f64).log2() + 1.0).ceil()
}

#[test]
fn rolling() {
    let mut worst = Worst::default();
    for (family, x) in families(420) {
        for window in [1, 2, 3, 7, 50, 63, 64, 255, 400] {
            let run = |pipeline: Pipeline| pipeline.process_batch_to_vec(&x).unwrap();
            let sum = run(Pipeline::new().rolling_sum(window));
            let mean = run(Pipeline::new().rolling_mean(window));
            let variance = run(Pipeline::new().rolling_variance(window, 1));
            let present_sum = run(Pipeline::new().rolling_sum(window).min_periods(1));
            let present_mean = run(Pipeline::new().rolling_mean(window).min_periods(1));
            let present_variance = run(Pipeline::new().rolling_variance(window, 0).min_periods(1));
            let mut sums = Sums::default();
            for i in 0..x.len() {
                sums.add(x[i]);
                if i >= window {
                    sums.remove(x[i - window]);
                }
                let of = || format!("{family}, window {window}, at {i}");
                let n = sums.count;
                let levels = levels(window);
                let is_moderate = family != "1e300 beside 1" && family != "denormals";
                worst.take("rolling_sum, min_periods", share_of_sum(present_sum[i], 1, &sums, [0.0, 2.0 * levels]), of);
                let share = share_of_sum(present_mean[i], n, &sums, [0.0, 4.0 * levels]);
                worst.take("rolling_mean, min_periods", share, of);
                if is_moderate {
                    let share = share_of_variance(present_variance[i], 0, &sums, 8.0 * levels);
                    worst.take("rolling_variance, min_periods", share, of);
                }
                if i + 1 < window {
                    continue;
                }
                worst.take("rolling_sum", share_of_sum(sum[i], 1, &sums, [0.0, 2.0 * levels]), of);
                worst.take("rolling_mean", share_of_sum(mean[i], n, &sums, [0.0, 4.0 * levels]), of);
                if is_moderate && window > 1 {
                    worst.take("rolling_variance", share_of_variance(variance[i], 1, &sums, 8.0 * levels), of);
                }
            }
        }
    }
    worst.print();
}

#[test]
fn running() {
    let mut worst = Worst::default();
    for (family, x) in families(1500) {
        let run = |pipeline: Pipeline| pipeline.process_batch_to_vec(&x).unwrap();
        let sum = run(Pipeline::new().cumulative_sum());
        let mean = run(Pipeline::new().expanding_mean());
        let variance = run(Pipeline::new().expanding_variance(1));
        let mut sums = Sums::default();
        let mut second = LongInteger::new();
        for i in 0..x.len() {
            sums.add(x[i]);
            second.add(x[i], 1);
            let of = || format!("{family}, at {i}");
            worst.take("cumulative_sum", share_of_sum(sum[i], 1, &sums, [1.0, 8.0]), of);
            worst.take("expanding_mean", share_of_sum(mean[i], sums.count, &sums, [2.0, 8.0]), of);
            let is_moderate = family != "1e300 beside 1" && family != "denormals";
            if is_moderate && i > 0 {
                let factor = sums.count as f64 / 2.0 + 64.0;
                worst.take("expanding_variance", share_of_variance(variance[i], 1, &sums, factor), of);
            }
            if i % 100 == 0 {
                let (first, second) = (ratio(&sums.sum, &units(1.0)), second.to_f64().abs());
                assert!((first - second).abs() <= 4.0 * U * first, "the references differ: {first:e}, {second:e}");
            }
        }
    }
    worst.print();
}

#[test]
fn products() {
    let mut worst = Worst::default();
    let mut noise = Noise(9);
    for spread in [1e-3, 0.5, 1.0] {
        let x: Vec<f64> = (0..400).map(|_| 1.0 + spread * (noise.unit() - 0.5)).collect();
        let ours = Pipeline::new().cumulative_product().process_batch_to_vec(&x).unwrap();
        let (mut product, mut power) = (BigInt::from(1), 0);
        for (i, (&x, ours)) in x.iter().zip(ours).enumerate() {
            let (factor, factor_power) = parts(x);
            product *= factor;
            power += factor_power;
            let (ours, ours_power) = parts(ours);
            let error = (ours << (ours_power - power)) - &product;
            let share = ratio(&error, &product) / (1.1 * (i + 1) as f64 * U);
            worst.take("cumulative_product", share, || format!("{spread}, at {i}"));
        }
    }
    worst.print();
}

/// `x` times 2^64, which must be an integer.
fn fixed(x: f64) -> BigInt {
    let (integer, power) = parts(x);
    integer << (power + 64)
}

#[test]
fn exponential_weights() {
    let mut worst = Worst::default();
    for alpha in [0.001, 0.1, 0.5, 0.99] {
        let decay = 1.0 - alpha;
        let mut inputs = families(150);
        inputs.push(("one spike, long ago", (0..500).map(|i| if i == 0 { 1e300 } else { 1.0 }).collect()));
        for (family, x) in inputs {
            if family == "denormals" {
                continue; // the weights of each would make it less than any
            }
            let run = |ewma| Pipeline::new().ewma(ewma).process_batch_to_vec(&x).unwrap();
            let adjusted = run(Ewma::alpha(alpha));
            let unadjusted = run(Ewma::alpha(alpha).unadjusted());
            let (decay_fixed, alpha_fixed, one) = (fixed(decay), fixed(alpha), BigInt::from(1));
            // Sums, those of bounds and weights, in units that shrink by 2^64 with each element.
            let [mut sum, mut magnitudes, mut aged, mut weights] = [BigInt::ZERO; 4];
            let (mut y, mut y_magnitude, mut y_aged) = (units(x[0]), magnitude(&units(x[0])), BigInt::ZERO);
            for (i, &x) in x.iter().enumerate() {
                let of = || format!("{family}, alpha {alpha}, at {i}");
                let size = magnitude(&units(x));
                sum = sum * &decay_fixed + (units(x) << (64 * i));
                aged = (aged + &magnitudes) * &decay_fixed;
                magnitudes = magnitudes * &decay_fixed + (&size << (64 * i));
                weights = weights * &decay_fixed + (&one << (64 * i));
                if i > 0 {
                    y = y * &decay_fixed + ((&alpha_fixed * units(x)) << (64 * (i - 1)));
                    y_aged = (y_aged + &y_magnitude) * &decay_fixed;
                    y_magnitude = y_magnitude * &decay_fixed + ((&alpha_fixed * size) << (64 * (i - 1)));
                }
                let error = units(adjusted[i]) * &weights - &sum;
                let bound = 48.0 + 1.1 / alpha + 1.1 * ratio(&aged, &magnitudes);
                worst.take("ewma", ratio(&error, &magnitudes) / (bound * U), of);
                let error = (units(unadjusted[i]) << (64 * i)) - &y;
                let bound = 24.0 + 1.1 * ratio(&y_aged, &y_magnitude);
                worst.take("ewma, unadjusted", ratio(&error, &y_magnitude) / (bound * U), of);
            }
        }
    }
    worst.print();
}

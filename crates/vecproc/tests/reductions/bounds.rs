//! Errors against the documented bounds.

use lagom_vecproc::*;
use num_bigint::BigInt;
use num_traits::{Signed, Zero};

use crate::big::{self, off, units};
use crate::shared::families::{Noise, families};
use crate::shared::long_integer::{LongInteger, U};

const LENGTHS: [usize; 17] = [1, 2, 3, 7, 8, 9, 31, 32, 33, 511, 513, 1023, 1024, 1025, 2047, 2048, 2049];

/// Elements of the families of each of the lengths.
fn each_input(mut check: impl FnMut(&str, &[f64])) {
    for (name, x) in families(LENGTHS[LENGTHS.len() - 1]) {
        for n in LENGTHS {
            check(&format!("{name}, {n} elements"), &x[..n]);
        }
    }
}

fn magnitudes(x: &[f64]) -> BigInt {
    big::sum(x.iter().map(|x| x.abs()))
}

/// Asserts that `units * of` is `exact`, up to `u |exact|` and so many `u²` of the magnitudes.
fn assert_rounded_once(what: &str, ours: &BigInt, exact: &BigInt, magnitudes: &BigInt, u2: f64) {
    let error = (ours - exact).abs();
    // In units of 2^-200 of a unit.
    let bound = (exact.abs() << 147) + magnitudes * BigInt::from(u2 as u64 + 1) * (BigInt::from(1) << 94);
    assert!(error.clone() << 200 <= bound, "{what}: off by {:e} of {:e}", big::ratio(&error, &1.into()), U);
}

#[test]
fn compensated_sums_are_within_their_bound() {
    each_input(|what, x| {
        let exact = big::sum(x.iter().copied());
        let mut other = LongInteger::new();
        x.iter().for_each(|&x| other.add(x, 1));
        other.add(-sum(x), 1);
        let difference = &exact - units(sum(x));
        // Two references that have nothing in common.
        let seen = other.to_f64();
        let expected = big::ratio(&difference, &(BigInt::from(1) << 1074));
        assert!((seen - expected).abs() <= 1e-9 * expected.abs(), "{what}: {seen:e}, {expected:e}");
        assert_rounded_once(what, &units(sum(x)), &exact, &magnitudes(x), x.len() as f64 + 800.0);
    });
}

#[test]
fn means_are_within_their_bound() {
    each_input(|what, x| {
        let exact = big::sum(x.iter().copied());
        let n = BigInt::from(x.len());
        // A subnormal mean may be off by a unit more.
        let slack = if mean(x).abs() < 1e-300 { x.len() } else { 0 };
        let error = (units(mean(x)) * &n - &exact).abs();
        let error = if error <= BigInt::from(slack) { BigInt::zero() } else { error };
        assert_rounded_once(what, &(&exact + error), &exact, &magnitudes(x), x.len() as f64 + 800.0);
    });
}

#[test]
fn long_sums_are_within_their_bound() {
    for (name, x) in families(200_000) {
        if name == "rising" {
            continue; // beyond f64::MAX
        }
        let mut exact = LongInteger::new();
        let mut magnitudes = LongInteger::new();
        for &x in &x {
            exact.add(x, 1);
            magnitudes.add(x.abs(), 1);
        }
        let (sum, plain, magnitudes) = (sum(&x), sum_plain(&x), magnitudes.to_f64());
        let mut off = exact.clone();
        off.add(-sum, 1);
        let bound = U * sum.abs() + 200_800.0 * U * U * magnitudes;
        assert!(off.to_f64().abs() <= bound * (1.0 + 1e-9), "{name}: {:e}, {bound:e}", off.to_f64());
        let mut off = exact;
        off.add(-plain, 1);
        assert!(off.to_f64().abs() <= (40.0 + 200_000_f64.log2()) * U * magnitudes, "{name}: {:e}", off.to_f64());
    }
}

#[test]
fn plain_sums_and_products_are_within_their_bounds() {
    each_input(|what, x| {
        let bound = (40.0 + (x.len() as f64).log2()) * U;
        let error = off(&units(sum_plain(x)), &big::sum(x.iter().copied()), &magnitudes(x));
        assert!(error <= bound, "{what}: {error:e}");
        let y: Vec<_> = x.iter().rev().map(|y| y * 1.7).collect();
        let ours = dot(x, &y).unwrap();
        if !ours.is_finite() || what.starts_with("denormals") || what.starts_with("falling") {
            return; // products beyond what a double can hold
        }
        let magnitudes = x.iter().zip(&y).map(|(x, y)| (units(*x) * units(*y)).abs()).sum();
        let error = off(&(units(ours) << 1074), &big::dot(x, &y), &magnitudes);
        assert!(error <= bound, "{what}: {error:e}");
    });
}

#[test]
fn norms_are_within_their_bound_wherever_the_squares_lie() {
    each_input(|what, x| {
        for factor in [1.0, 1e-250, 2e200] {
            let x: Vec<_> = x.iter().map(|x| x * factor).collect();
            if x.iter().any(|x| x.is_infinite()) {
                continue;
            }
            let norm = norm(&x);
            let exact = big::dot(&x, &x);
            if norm < 1e-300 || norm.is_infinite() {
                // Subnormal: to within a unit more. Infinite: only if it is.
                let slack: BigInt = (units(norm.min(1.0)) >> 48) + 1;
                let to = if norm.is_infinite() { units(f64::MAX) } else { units(norm) - &slack };
                assert!(&to * &to <= exact || to.is_negative(), "{what}");
                let to = &to + 2 * slack;
                assert!(norm.is_infinite() || &to * &to >= exact, "{what}");
                continue;
            }
            let error = off(&(units(norm) * units(norm)), &exact, &exact);
            assert!(error <= 2.0 * (22.0 + (x.len() as f64).log2() / 2.0) * U, "{what}, {factor:e}: {error:e}");
        }
    });
}

/// What `v`, of elements in units, is off the exact variance, as a share of that.
fn off_variance(square: &BigInt, x: &[f64], ddof: usize) -> f64 {
    let exact = big::about_means(x, x);
    let weight = x.len() * (x.len() - ddof);
    if exact.is_zero() {
        return if square.is_zero() { 0.0 } else { f64::INFINITY };
    }
    off(&(square * weight), &exact, &exact)
}

#[test]
fn variances_are_within_their_bound_for_any_offset() {
    let mut worst = 0.0_f64;
    let mut check = |what: &str, x: &[f64]| {
        for ddof in [0, 1] {
            if x.len() <= ddof {
                continue;
            }
            let deviation = std_dev(x, ddof);
            if deviation == 0.0 || deviation > 1e-290 {
                let error = off_variance(&(units(deviation) * units(deviation)), x, ddof);
                assert!(error <= 302.0 * U, "{what}: standard deviation {deviation:e} is off by {:e} u", error / U);
            }
            let variance = variance(x, ddof);
            if variance.is_finite() && (variance == deviation || variance > 1e-290) {
                let error = off_variance(&(units(variance) << 1074), x, ddof);
                assert!(error <= 300.0 * U, "{what}: variance {variance:e} is off by {:e} u", error / U);
                worst = worst.max(error / U);
            }
        }
    };
    each_input(&mut check);
    let mut noise = Noise(5);
    for offset in [0.0, 1.0, -1e5, 1e10, 1e15, -1e200, 1e-200] {
        for spread in [1e-3, 1.0, 1e5] {
            for n in LENGTHS {
                let mut x: Vec<_> = (0..n).map(|_| offset + offset.abs() * spread * noise.unit() * 1e-9).collect();
                check(&format!("{n} noise about {offset:e}"), &x);
                // The first are far from the mean of all.
                x.sort_by(f64::total_cmp);
                check(&format!("{n} noise about {offset:e}, sorted"), &x);
                x.iter_mut().take(512).for_each(|x| *x = offset);
                check(&format!("{n} noise about {offset:e}, late"), &x);
            }
        }
    }
    assert!(worst > 0.0 && worst < 60.0, "the bound is far from what is: {worst} u");
}

#[test]
fn covariances_and_correlations_are_within_their_bounds() {
    let mut noise = Noise(6);
    let inputs = families(2049);
    for (name_x, x) in &inputs {
        for (name_y, y) in &inputs {
            let n = LENGTHS[3 + (noise.bits() % 14) as usize];
            let (x, y) = (&x[..n], &y[..n]);
            let what = format!("{name_x} and {name_y}, {n} elements");
            let (xx, yy, xy) = (big::about_means(x, x), big::about_means(y, y), big::about_means(x, y));
            let both = (&xx * &yy).sqrt();
            let ours = covariance(x, y, 0).unwrap();
            if both.is_zero() {
                assert_eq!(ours, 0.0, "{what}");
                assert!(correlation(x, y).unwrap().is_nan(), "{what}");
                continue;
            }
            if ours.is_finite() && ours.abs() > 1e-290 {
                let error = off(&((units(ours) << 1074) * n * n), &xy, &both);
                assert!(error <= 500.0 * U, "{what}: {:e} u", error / U);
            }
            let r = correlation(x, y).unwrap();
            let exact = big::ratio(&(&xy + &both), &both) - 1.0;
            assert!((r - exact).abs() <= 1502.0 * U, "{what}: {r:e}, {exact:e}");
            assert!((-1.0..=1.0).contains(&r));
        }
        if *name_x != "0.1" {
            assert_eq!(correlation(x, x).unwrap(), 1.0, "{name_x}");
        }
    }
}

#[test]
fn equal_values_have_that_mean_and_no_variance() {
    let mut noise = Noise(9);
    for i in 0..300 {
        let value = match i {
            0 => 0.1,
            1 => -0.0,
            2 => f64::from_bits(1),
            3 => 1e300,
            4 => f64::MAX,
            5 => f64::MIN_POSITIVE,
            6 => -f64::MAX,
            _ => (noise.unit() - 0.5) * 10.0_f64.powi((noise.bits() % 600) as i32 - 300),
        };
        let x = vec![value; 1 + (noise.bits() % 5000) as usize];
        assert_eq!(mean(&x).to_bits(), value.to_bits(), "{value:e}, {}", x.len());
        assert_eq!(variance(&x, 0), 0.0, "{value:e}, {}", x.len());
        assert_eq!(std_dev(&x, 0), 0.0, "{value:e}, {}", x.len());
        assert_eq!(covariance(&x, &x, 0), Ok(0.0), "{value:e}, {}", x.len());
    }
}

#[test]
fn integers_add_up_exactly() {
    let mut noise = Noise(10);
    for n in LENGTHS {
        let x: Vec<_> = (0..n).map(|_| (noise.bits() >> 24) as i64 - (1 << 39)).collect();
        assert_eq!(sum(&x), x.iter().sum::<i64>() as f64);
        assert_eq!(sum_plain(&x), x.iter().sum::<i64>() as f64);
        let bytes: Vec<_> = (0..n).map(|_| noise.bits() as u8).collect();
        assert_eq!(sum(&bytes), bytes.iter().map(|&x| u64::from(x)).sum::<u64>() as f64);
        assert_eq!(dot(&bytes, &bytes).unwrap(), bytes.iter().map(|&x| u64::from(x).pow(2)).sum::<u64>() as f64);
    }
}

//! The error bounds of the documentation, held against exact references.

mod exact;

use exact::{ExactSum, Noise, U, families};
use lagom_vecproc::{chunked_mean_to_vec, expanding_mean_to_vec, mean, rolling_mean_to_vec, std_dev, sum, variance};

#[test]
fn expanding_mean_is_within_its_bound_at_every_element() {
    for (name, x) in families(3000) {
        let mut exact = ExactSum::new();
        for (i, (&x, mean)) in x.iter().zip(expanding_mean_to_vec(&x)).enumerate() {
            exact.add(x);
            exact.assert_mean(mean, &format!("{name}, element {i}"));
        }
    }
}

#[test]
fn chunked_mean_is_within_its_bound_at_every_element() {
    for (name, x) in families(700) {
        for n in [1, 2, 31, 32, 33, 100] {
            for (i, mean) in chunked_mean_to_vec(&x, n).unwrap().into_iter().enumerate() {
                ExactSum::of(&x[i - i % n..=i]).assert_mean(mean, &format!("{name}, n {n}, element {i}"));
            }
        }
    }
}

#[test]
fn rolling_mean_is_within_the_bound_of_its_window() {
    for (name, x) in families(900) {
        for window in [1, 2, 3, 7, 31, 32, 33, 50, 64, 65, 257] {
            let out = rolling_mean_to_vec(&x, window).unwrap();
            assert!(out[..window - 1].iter().all(|mean| mean.is_nan()));
            for (i, &mean) in out.iter().enumerate().skip(window - 1) {
                let exact = ExactSum::of(&x[i + 1 - window..=i]);
                exact.assert_mean(mean, &format!("{name}, window {window}, element {i}"));
            }
        }
    }
}

#[test]
fn sum_and_mean_are_within_their_bounds() {
    for n in (0..70).chain([127, 255, 256, 257, 263, 264, 511, 512, 513, 2047, 2048, 2049, 5000]) {
        for (name, x) in families(n) {
            let exact = ExactSum::of(&x);
            exact.assert_sum(sum(&x), &format!("{name}, sum of {n}"));
            if n > 0 {
                exact.assert_mean(mean(&x), &format!("{name}, mean of {n}"));
            }
        }
    }
}

/// The promise that is easy to state: where nothing cancels, the mean is within half a unit in the last place.
#[test]
fn a_long_mean_of_one_sign_is_off_by_half_a_unit_at_most() {
    let mut noise = Noise(11);
    let x: Vec<f64> = (0..200_000).map(|_| 0.1 + noise.unit()).collect();
    let out = expanding_mean_to_vec(&x);
    let mut exact = exact::Expansion::default();
    for (i, (&x, mean)) in x.iter().zip(out).enumerate() {
        exact.add(x);
        if i % 199 == 0 {
            let mut error = exact.clone();
            error.add_product(-mean, (i + 1) as f64);
            assert!(error.to_f64().abs() <= (1.0 + 1e-9) * U * exact.to_f64(), "element {i}");
        }
    }
}

#[test]
fn ten_million_times_a_tenth_stays_a_tenth() {
    let mut state = lagom_vecproc::ExpandingMean::new();
    let mut out = vec![0.0; 100_000];
    let x = vec![0.1; 100_000];
    for _ in 0..100 {
        state.process(&x, &mut out).unwrap();
        assert!(out.iter().all(|&mean| mean == 0.1));
    }
    assert_eq!(sum(&vec![0.1; 1_000_000]), 100_000.0);
}

#[test]
fn equal_values_have_exactly_that_mean_and_no_variance() {
    let mut noise = Noise(3);
    for round in 0..60 {
        let value = match round {
            0 => -0.0,
            1 => 0.0,
            2 => f64::from_bits(1),
            3 => -f64::MIN_POSITIVE,
            4 => 1e300,
            _ => (noise.unit() - 0.5) * 10.0_f64.powi((noise.bits() % 200) as i32 - 100),
        };
        let x = vec![value; 1 + (noise.bits() % 700) as usize];
        let same = |mean: f64| mean.to_bits() == value.to_bits();
        assert!(same(mean(&x)), "{value:e}");
        assert_eq!(variance(&x, 0), 0.0, "{value:e}");
        assert!(expanding_mean_to_vec(&x).into_iter().all(same), "{value:e}");
        for window in [1, 2, 3, 49, 50, 100] {
            let rolling = rolling_mean_to_vec(&x, window).unwrap();
            assert!(rolling.into_iter().skip(window - 1).all(same), "{value:e}, window {window}");
        }
    }
}

/// Elements that are small multiples of a power of two have a variance that integers give exactly.
#[test]
fn variance_is_within_16_u_for_any_offset() {
    let mut noise = Noise(5);
    for offset in [0_i128, 1, 1 << 20, 10_000_000_000 << 8, -(1 << 43), (1 << 52) - 5000] {
        for spread in [2, 3, 100, 4096] {
            for n in [2_i128, 3, 8, 9, 100, 1000] {
                let x: Vec<i128> = (0..n).map(|_| offset + i128::from(noise.bits() % spread)).collect();
                let doubles: Vec<f64> = x.iter().map(|&x| x as f64 / 256.0).collect();
                let total: i128 = x.iter().sum();
                let squares: i128 = x.iter().map(|x| x * x).sum();
                // Exact up to here, then three roundings.
                let about_the_mean = (n * squares - total * total) as f64 / n as f64 / 65536.0;
                for ddof in [0, 1] {
                    let exact = about_the_mean / (n - ddof) as f64;
                    let ours = variance(&doubles, ddof as usize);
                    assert!((ours - exact).abs() <= 19.0 * U * exact, "{offset} {spread} {n}: {ours:e}, {exact:e}");
                    let root = std_dev(&doubles, ddof as usize);
                    assert!((root - exact.sqrt()).abs() <= 12.0 * U * exact.sqrt());
                }
            }
        }
    }
}

/// The same against expansions, for elements that are no integers.
#[test]
fn variance_agrees_with_expansions() {
    for (name, x) in families(500) {
        if matches!(name, "1e300 beside 1" | "denormals") {
            continue;
        }
        let mean = mean(&x);
        // About the rounded mean `m`: Σ(x - m)² - (Σ(x - m))² / n, each difference as two doubles.
        let mut squares = exact::Expansion::default();
        let mut rest = exact::Expansion::default();
        for &x in &x {
            let high = x - mean;
            let seen = high - x;
            let low = (x - (high - seen)) + (-mean - seen);
            rest.add(high);
            rest.add(low);
            squares.add_product(high, high);
            squares.add_product(2.0 * high, low);
            squares.add_product(low, low);
        }
        let n = x.len() as f64;
        let exact = (squares.to_f64() - rest.to_f64() * rest.to_f64() / n) / n;
        assert!((variance(&x, 0) - exact).abs() <= 20.0 * U * exact, "{name}: {:e}, {exact:e}", variance(&x, 0));
    }
}

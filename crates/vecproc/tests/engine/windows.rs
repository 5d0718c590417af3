//! A result is a function of its window alone.

use lagom_vecproc::*;
use proptest::prelude::*;

use crate::bits::{assert_same, bits};
use crate::inputs::{Noise, cases, elements, with_special};
use crate::table::{self, Parameters};

fn run(pipeline: &Pipeline, x: &[f64]) -> Vec<f64> {
    pipeline.process_batch_to_vec(x).unwrap()
}

proptest! {
    #![proptest_config(cases(24))]

    /// Whatever came before, there is no trace of it once it has left.
    #[test]
    fn forgets_the_past(past in elements(200), x in elements(300), window in 1..100_usize) {
        let both = [&past[..], &x].concat();
        for (name, pipeline) in table::rolling(Parameters::of_window(window)) {
            let (alone, after) = (run(&pipeline, &x), run(&pipeline, &both));
            let full = (window - 1).min(x.len());
            assert_same(&after[past.len() + full..], &alone[full..], &name);
        }
    }
}

/// At any place and alignment: the same window a prime number of elements apart.
#[test]
fn is_the_same_wherever_it_lies() {
    for window in [1, 2, 3, 5, 8, 13, 31, 33, 50, 64, 77] {
        let pattern = with_special(window, window as u64 + 40);
        let step = 79;
        let mut noise = Noise(41);
        let mut x: Vec<f64> = (0..step * 40).map(|_| noise.unit()).collect();
        for start in (0..x.len()).step_by(step) {
            x[start..start + window].copy_from_slice(&pattern);
        }
        for (name, pipeline) in table::rolling(Parameters::of_window(window)) {
            let out = run(&pipeline, &x);
            let first = out[window - 1];
            let ends = (window - 1..x.len()).step_by(step);
            assert!(ends.clone().count() == 40);
            for end in ends {
                assert_eq!(bits(&[out[end]]), bits(&[first]), "{name} of {window} at {end}: {} {first}", out[end]);
            }
        }
    }
}

/// One element that spoils the results while it is in the window, and no longer.
#[test]
fn spikes_leave_no_trace() {
    let mut noise = Noise(42);
    let clean: Vec<f64> = (0..700).map(|_| noise.unit() - 0.3).collect();
    for window in [1, 2, 7, 8, 32, 33, 50, 64, 200] {
        for (name, pipeline) in table::rolling(Parameters::of_window(window)) {
            let expected = run(&pipeline, &clean);
            for spike in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e308, -1e308, 1e16] {
                for place in [0, 1, window - 1, window, 257, 319, 320] {
                    let mut x = clean.clone();
                    x[place] = spike;
                    let out = run(&pipeline, &x);
                    assert_same(&out[..place], &expected[..place], &name);
                    assert_same(&out[place + window..], &expected[place + window..], &name);
                }
            }
        }
    }
}

/// A missing value among thousands that are there, before and after which operations may go a shorter way.
#[test]
fn a_missing_value_stays_as_long_as_its_window() {
    let mut noise = Noise(45);
    let clean: Vec<f64> = (0..4200).map(|_| noise.unit()).collect();
    for window in [33, 200, 1500] {
        for (name, pipeline) in table::rolling(Parameters::of_window(window)) {
            if name.ends_with("min_periods") {
                continue;
            }
            for place in [3, 1999, 2047, 2048] {
                let mut x = clean.clone();
                x[place] = f64::NAN;
                let whole = run(&pipeline, &x);
                for (i, result) in whole.iter().enumerate().skip(window - 1) {
                    assert_eq!(result.is_nan(), (place..place + window).contains(&i), "{name} of {window} at {i}");
                }
                let mut stream = pipeline.stream().unwrap();
                x.chunks_mut(100).for_each(|piece| stream.process_in_place(piece));
                assert_same(&x, &whole, &name);
            }
        }
    }
}

/// Two spikes whose sum overflows, and both infinities.
#[test]
fn overflow_leaves_no_trace() {
    let clean: Vec<f64> = (0..400).map(|i| f64::from(i % 13)).collect();
    for window in [2, 3, 8, 50, 64] {
        for (name, pipeline) in table::rolling(Parameters::of_window(window)) {
            let expected = run(&pipeline, &clean);
            for [a, b] in [[1e308, 1e308], [-1e308, -1e308], [1e308, -1e308], [f64::INFINITY, f64::NEG_INFINITY]] {
                let mut x = clean.clone();
                (x[150], x[151]) = (a, b);
                assert_same(&run(&pipeline, &x)[151 + window..], &expected[151 + window..], &name);
            }
        }
    }
}

#[test]
fn constants() {
    let constants = [0.1, -0.1, 1.0 / 3.0, 1e10 + 0.1, 1e200, -8e307, 5e-324, 1e-310, 0.0, 123_456.789];
    for constant in constants {
        let x = [constant; 330];
        for window in (1..=70).chain([127, 255, 256, 300]) {
            let of = |pipeline: Pipeline| run(&pipeline, &x).split_off(window - 1);
            let what = format!("of {window} times {constant:e}");
            let mean = of(Pipeline::new().rolling_mean(window));
            assert!(mean.iter().all(|&mean| mean == constant), "mean {what}: {:e}", mean[0]);
            let zero = |pipeline, of_what| {
                let out = of(pipeline);
                assert!(out.iter().all(|x| x.to_bits() == 0), "{of_what} {what}: {:e}", out[0]);
            };
            zero(Pipeline::new().rolling_variance(window, 0), "variance");
            zero(Pipeline::new().rolling_std(window, 0), "deviation");
            for pipeline in [Pipeline::new().rolling_variance(window, 0), Pipeline::new().rolling_std(window, 0)] {
                let mut some = x;
                some.iter_mut().step_by(3).for_each(|x| *x = f64::NAN);
                let out = run(&pipeline.min_periods(1), &some);
                let is_right = |x: &f64| x.to_bits() == 0 || x.is_nan() && window == 1;
                assert!(out[1..].iter().all(is_right), "of those present {what}");
            }
            assert!(of(Pipeline::new().rolling_z_score(window, 0)).iter().all(|z| z.is_nan()), "score {what}");
        }
        for pipeline in [Pipeline::new().expanding_variance(0), Pipeline::new().expanding_std(0).min_periods(1)] {
            assert!(run(&pipeline, &x).iter().all(|x| x.to_bits() == 0), "{constant:e}");
        }
    }
}

/// A window that is constant, in between.
#[test]
fn constant_again_after_noise() {
    let mut noise = Noise(43);
    let mut x: Vec<f64> = (0..600).map(|_| 1e6 * noise.unit()).collect();
    x[200..400].fill(0.7);
    for window in [2, 3, 50, 64, 100] {
        let variance = run(&Pipeline::new().rolling_variance(window, 1), &x);
        let mean = run(&Pipeline::new().rolling_mean(window), &x);
        for i in 199 + window..400 {
            assert_eq!((variance[i].to_bits(), mean[i]), (0, 0.7), "{window} at {i}");
        }
        assert!(variance[198 + window] > 0.0 && variance[400] > 0.0);
    }
}

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn no_variance_is_negative(x in elements(200), window in 1..80_usize, ddof in 0..3_usize) {
        for (name, pipeline) in table::all(Parameters { ddof, ..Parameters::of_window(window) }) {
            if name.contains("variance") || name.contains("std") {
                prop_assert!(run(&pipeline, &x).iter().all(|&x| !x.is_sign_negative() || x.is_nan()), "{}", name);
            }
        }
    }
}

/// The score is what it is said to be of.
#[test]
fn scores_are_of_the_rolling_mean_and_deviation() {
    let x = with_special(500, 44);
    for window in [2, 3, 50, 64, 100] {
        let mut z = vec![0.0; x.len()];
        let (mut mean, mut deviation) = (z.clone(), z.clone());
        rolling_z_score(&x, window, 1, &mut z).unwrap();
        rolling_mean(&x, window, &mut mean).unwrap();
        rolling_std(&x, window, 1, &mut deviation).unwrap();
        let expected: Vec<f64> = (0..x.len()).map(|i| (x[i] - mean[i]) / deviation[i]).collect();
        assert_same(&z, &expected, &window);
    }
}

/// Of zeros that are equal, and of sums of none but -0.0.
#[test]
fn zeros_keep_their_signs() {
    let x = [0.0, -0.0, -0.0, 0.0, -0.0];
    let of = |pipeline: Pipeline| bits(&run(&pipeline, &x));
    for later in [
        Pipeline::new().rolling_max(2),
        Pipeline::new().rolling_min(3),
        Pipeline::new().rolling_max(2).min_periods(1),
        Pipeline::new().cumulative_min(),
        Pipeline::new().cumulative_max(),
        Pipeline::new().expanding_max().min_periods(1),
    ] {
        assert_eq!(of(later)[2..], bits(&x)[2..]);
    }
    let negative = [-0.0; 200];
    for pipeline in [
        Pipeline::new().cumulative_sum(),
        Pipeline::new().expanding_mean(),
        Pipeline::new().rolling_sum(3),
        Pipeline::new().cumulative_min(),
        Pipeline::new().clip(0.0, 1.0),
        Pipeline::new().fill_missing(Fill::Forward),
    ] {
        assert!(run(&pipeline, &negative)[49..].iter().all(|x| x.to_bits() == (-0.0_f64).to_bits()), "{pipeline:?}");
    }
}

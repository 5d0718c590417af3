//! Empty input, edges of windows and tiles, values that are no numbers, buffers that do not fit.

use lagom_vecproc::*;

const INF: f64 = f64::INFINITY;

fn numbers(n: usize) -> Vec<f64> {
    (0..n).map(|i| (i as f64 * 0.37).sin() * 100.0).collect()
}

#[test]
fn nothing_gives_nothing() {
    assert_eq!(expanding_mean(&[], &mut []), Ok(()));
    assert_eq!(chunked_mean(&[], 3, &mut []), Ok(()));
    assert_eq!(rolling_mean(&[], 3, &mut []), Ok(()));
    assert_eq!(affine(&[], 2.0, 1.0, &mut []), Ok(()));
    assert_eq!(Pipeline::new().rolling_mean(3).process_batch(&[], &mut []), Ok(()));
    assert!(rolling_mean_to_vec(&[], 1).unwrap().is_empty());
    assert_eq!(sum(&[]).to_bits(), 0.0_f64.to_bits());
    assert!(mean(&[]).is_nan() && variance(&[], 0).is_nan() && min_max(&[]).0.is_nan() && min_max(&[]).1.is_nan());
    assert!(quantile(&[], 0.5).unwrap().is_nan());
}

#[test]
fn one_element_is_its_own_mean() {
    for x in [3.5, -0.0, 1e308, f64::MAX, f64::MIN, f64::from_bits(1), INF, -INF] {
        let bits = x.to_bits();
        assert_eq!(expanding_mean_to_vec(&[x])[0].to_bits(), bits, "{x:e}");
        assert_eq!(rolling_mean_to_vec(&[x], 1).unwrap()[0].to_bits(), bits, "{x:e}");
        assert_eq!(chunked_mean_to_vec(&[x], 1).unwrap()[0].to_bits(), bits, "{x:e}");
        assert_eq!(mean(&[x]).to_bits(), bits, "{x:e}");
        assert_eq!(sum(&[x]).to_bits(), bits, "{x:e}");
        assert_eq!(min_max(&[x]), (x, x));
        assert_eq!(quantile(&[x], 0.3).unwrap(), x);
    }
    assert_eq!(variance(&[3.5], 0), 0.0);
    assert!(variance(&[3.5], 1).is_nan());
    assert!(variance(&[3.5, 4.5], usize::MAX).is_nan());
}

#[test]
fn lengths_that_differ_are_errors_and_nothing_is_written() {
    let x = [1.0; 5];
    for wrong in [0, 4, 6] {
        let untouched = vec![7.0; wrong];
        let mut out = untouched.clone();
        let text = format!("output has length {wrong}, input has length 5");
        let check = |error: Option<String>, out: &[f64]| {
            assert_eq!(error.as_deref(), Some(text.as_str()));
            assert_eq!(out, untouched);
        };
        let error = expanding_mean(&x, &mut out).err().map(|e| e.to_string());
        check(error, &out);
        let error = chunked_mean(&x, 2, &mut out).err().map(|e| e.to_string());
        check(error, &out);
        let error = rolling_mean(&x, 2, &mut out).err().map(|e| e.to_string());
        check(error, &out);
        // Even where no window is ever full.
        let error = rolling_mean(&x, 99, &mut out).err().map(|e| e.to_string());
        check(error, &out);
        let error = affine(&x, 2.0, 1.0, &mut out).err().map(|e| e.to_string());
        check(error, &out);
        let error = scale(&x, 2.0, &mut out).err().map(|e| e.to_string());
        check(error, &out);
        let error = clip(&x, 2.0, 3.0, &mut out).err().map(|e| e.to_string());
        check(error, &out);
        let error = Pipeline::new().scale(2.0).process_batch(&x, &mut out).err().map(|e| e.to_string());
        check(error, &out);
    }
}

#[test]
fn an_error_does_not_advance_a_stream() {
    let mut state = ExpandingMean::new();
    assert!(state.process(&[1e9], &mut []).is_err());
    assert_eq!(state.push(2.0), 2.0);
    let mut state = RollingMean::new(2).unwrap();
    assert!(state.process(&[1e9], &mut []).is_err());
    assert!(state.push(2.0).is_nan());
}

#[test]
fn a_window_of_zero_is_an_error_when_run() {
    let mut out = [7.0];
    assert!(matches!(chunked_mean(&[1.0], 0, &mut out), Err(ProcessError::ZeroWindow(_))));
    assert!(matches!(rolling_mean(&[1.0], 0, &mut out), Err(ProcessError::ZeroWindow(_))));
    let pipeline = Pipeline::new().scale(2.0).rolling_mean(0);
    let error = pipeline.process_batch(&[1.0], &mut out).unwrap_err();
    assert_eq!(error.to_string(), "rolling_mean over a window of 0 elements");
    assert!(pipeline.process_batch_in_place(&mut out).is_err());
    assert!(pipeline.stream().is_err());
    assert_eq!(out, [7.0]);
    assert_eq!(Pipeline::new().chunked_mean(0).stream().unwrap_err().operation(), "chunked_mean");
}

#[test]
fn windows_of_every_length_around_the_input() {
    for n in [1, 2, 31, 32, 33, 50, 63, 64, 65] {
        let x = numbers(n);
        for window in (1..=n + 2).chain([usize::MAX / 2, usize::MAX]) {
            let mut out = vec![7.0; n];
            rolling_mean(&x, window, &mut out).unwrap();
            for (i, &ours) in out.iter().enumerate() {
                if i + 1 < window {
                    assert!(ours.is_nan());
                } else {
                    let plain = x[i + 1 - window..=i].iter().sum::<f64>() / window as f64;
                    assert!((ours - plain).abs() < 1e-11, "{n} {window} {i}: {ours} {plain}");
                }
            }
        }
        assert_eq!(rolling_mean_to_vec(&x, 1).unwrap(), x);
        assert_eq!(chunked_mean_to_vec(&x, 1).unwrap(), x);
        assert_eq!(chunked_mean_to_vec(&x, usize::MAX).unwrap(), expanding_mean_to_vec(&x));
        assert_eq!(rolling_mean_to_vec(&x, n).unwrap()[n - 1], expanding_mean_to_vec(&x)[n - 1]);
    }
}

#[test]
fn a_huge_window_costs_no_memory_before_it_is_full() {
    let mut state = RollingMean::new(usize::MAX).unwrap();
    let mut x = numbers(5000);
    state.process_in_place(&mut x);
    assert!(x.iter().all(|x| x.is_nan()));
}

#[test]
fn what_is_no_number_leaves_with_the_window() {
    for window in [1, 2, 3, 31, 32, 33, 50] {
        for bad in [f64::NAN, INF, -INF] {
            for place in [0, 1, window - 1, window, 2 * window - 1, 3 * window + 1] {
                let mut x = numbers(6 * window);
                let clean = rolling_mean_to_vec(&x, window).unwrap();
                x[place] = bad;
                for (i, (ours, clean)) in rolling_mean_to_vec(&x, window).unwrap().into_iter().zip(clean).enumerate() {
                    if i + 1 < window {
                        assert!(ours.is_nan());
                    } else if (i + 1 - window..=i).contains(&place) {
                        assert!(ours == bad || (bad.is_nan() && ours.is_nan()), "{window} {bad} {place} {i}: {ours}");
                    } else {
                        assert_eq!(ours.to_bits(), clean.to_bits(), "{window} {bad} {place} {i}");
                    }
                }
            }
        }
    }
}

#[test]
fn overflow_and_both_infinities_leave_with_the_window() {
    let out =
        rolling_mean_to_vec(&[INF, -INF, 1.0, 3.0, f64::MAX, f64::MAX, 2.0, 4.0, -f64::MAX, -f64::MAX], 2).unwrap();
    assert!(out[1].is_nan());
    assert_eq!(out[2], -INF);
    assert_eq!(out[3], 2.0);
    assert_eq!(out[5], INF);
    assert_eq!(out[7], 3.0);
    assert_eq!(out[9], -INF);
}

#[test]
fn no_numbers_stay_in_an_expanding_mean_and_leave_with_a_chunk() {
    let mut x = numbers(100);
    x[40] = INF;
    let out = expanding_mean_to_vec(&x);
    assert!(out[..40].iter().all(|x| x.is_finite()) && out[40..].iter().all(|&x| x == INF));
    x[70] = -INF;
    let out = expanding_mean_to_vec(&x);
    assert!(out[40..70].iter().all(|&x| x == INF) && out[70..].iter().all(|x| x.is_nan()));
    let out = chunked_mean_to_vec(&x, 50).unwrap();
    assert!(out[40..50].iter().all(|&x| x == INF) && out[50..70].iter().all(|x| x.is_finite()));
    x[10] = f64::NAN;
    let out = expanding_mean_to_vec(&x);
    assert!(out[..10].iter().all(|x| x.is_finite()) && out[10..].iter().all(|x| x.is_nan()));
    let out = expanding_mean_to_vec(&[1e308, 1e308, -1e308, 1.0]);
    assert_eq!(out, [1e308, INF, INF, INF]);
}

#[test]
fn large_beside_small_keeps_the_small() {
    assert_eq!(sum(&[1e308, 1.0, -1e308]), 1.0);
    assert_eq!(expanding_mean_to_vec(&[1e308, 1.0, -1e308, 1.0]), [1e308, 5e307, 1.0 / 3.0, 0.5]);
    assert_eq!(
        rolling_mean_to_vec(&[1e308, 1.0, -1e308, 1.0, 3.0], 3).unwrap()[2..],
        [1.0 / 3.0, -1e308 / 3.0, -1e308 / 3.0]
    );
    assert_eq!(rolling_mean_to_vec(&[1e16, 1.0, 2.0, 3.0], 2).unwrap()[2..], [1.5, 2.5]);
}

#[test]
fn negative_zero_survives_only_among_its_own() {
    let negative = |x: f64| x == 0.0 && x.is_sign_negative();
    let x = [-0.0; 70];
    assert!(expanding_mean_to_vec(&x).into_iter().all(negative));
    assert!(rolling_mean_to_vec(&x, 5).unwrap()[4..].iter().copied().all(negative));
    assert!(negative(sum(&x)) && negative(mean(&x)));
    assert!(!negative(sum(&[-0.0, 0.0])) && !negative(mean(&[1.0, -1.0])));
}

#[test]
fn reductions_meet_what_is_no_number() {
    for n in [1, 7, 8, 9, 300] {
        for place in [0, n / 2, n - 1] {
            let mut x = numbers(n);
            x[place] = f64::NAN;
            assert!(sum(&x).is_nan() && mean(&x).is_nan() && variance(&x, 0).is_nan() && std_dev(&x, 0).is_nan());
            assert!(min_max(&x).0.is_nan() && min_max(&x).1.is_nan());
            assert!(quantile(&x, 0.5).unwrap().is_nan());
            x[place] = INF;
            assert!(sum(&x) == INF && mean(&x) == INF && variance(&x, 0).is_nan());
            assert_eq!(min_max(&x).1, INF);
            x[place] = -INF;
            assert_eq!((sum(&x), min_max(&x).0), (-INF, -INF));
        }
    }
    assert!(sum(&[INF, -INF]).is_nan());
    assert_eq!(sum(&[f64::MAX, f64::MAX]), INF);
    assert_eq!(variance(&[1e200, -1e200], 0), INF);
}

#[test]
fn min_max_finds_both_at_every_place() {
    for n in 2..40 {
        for place in 0..n {
            let mut x = vec![1.0; n];
            x[place] = -3.0;
            x[(place + 1) % n] = 9.0;
            assert_eq!(min_max(&x), (-3.0, 9.0), "{n} {place}");
        }
    }
}

#[test]
fn quantiles_are_those_of_numpy() {
    let x = [7.0, 1.0, 3.0, 10.0, 2.0];
    for (q, expected) in [(0.0, 1.0), (0.25, 2.0), (0.5, 3.0), (0.9, 8.8), (0.1, 1.4), (1.0, 10.0)] {
        assert_eq!(quantile(&x, q).unwrap(), expected, "{q}");
        assert_eq!(quantile_in_place(&mut x.to_vec(), q).unwrap(), expected, "{q}");
    }
    assert_eq!(quantile(&[1.0, INF], 0.0).unwrap(), 1.0);
    assert_eq!(quantile(&[1.0, INF], 0.5).unwrap(), INF);
    assert_eq!(quantile(&[-1e308, 1e308], 0.75).unwrap(), 5e307);
    assert_eq!(quantile(&[INF, INF], 0.5).unwrap(), INF);
    assert!(quantile(&[-INF, INF], 0.5).unwrap().is_nan());
    for q in [-0.1, 1.1, 95.0, f64::NAN, INF] {
        assert!(quantile(&x, q).is_err() && quantile_in_place(&mut [1.0], q).is_err());
    }
}

#[test]
fn clip_takes_any_bounds() {
    let x = [-2.0, -0.0, 0.5, 2.0, f64::NAN, INF, -INF];
    let bits = |x: &[f64]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&clip_to_vec(&x, -INF, INF)), bits(&x));
    assert_eq!(bits(&clip_to_vec(&x, f64::NAN, f64::NAN)), bits(&x));
    assert_eq!(clip_to_vec(&x[..4], 1.0, -1.0), [-1.0; 4]);
    let clipped = clip_to_vec(&x, -1.0, 1.0);
    assert_eq!(clipped[..4], [-1.0, -0.0, 0.5, 1.0]);
    assert!(clipped[4].is_nan());
    assert_eq!(clipped[5..], [1.0, -1.0]);
}

#[test]
fn every_form_of_an_elementwise_operation_is_the_same() {
    let x = numbers(77);
    let mut out = vec![0.0; 77];
    affine(&x, 1.1, -3.0, &mut out).unwrap();
    assert_eq!(out, affine_to_vec(&x, 1.1, -3.0));
    assert!(x.iter().zip(&out).all(|(x, out)| *out == x * 1.1 + -3.0));
    let mut in_place = x.clone();
    affine_in_place(&mut in_place, 1.1, -3.0);
    assert_eq!(in_place, out);
    scale(&x, 1.1, &mut out).unwrap();
    assert_eq!(out, scale_to_vec(&x, 1.1));
    in_place.copy_from_slice(&x);
    scale_in_place(&mut in_place, 1.1);
    assert_eq!(in_place, out);
    clip(&x, -10.0, 10.0, &mut out).unwrap();
    assert_eq!(out, clip_to_vec(&x, -10.0, 10.0));
    in_place.copy_from_slice(&x);
    clip_in_place(&mut in_place, -10.0, 10.0);
    assert_eq!(in_place, out);
}

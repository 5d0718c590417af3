//! Nothing, one element, what is no number, what overflows.

use lagom_vecproc::*;

const INF: f64 = f64::INFINITY;

#[test]
fn of_nothing() {
    fn check<S: Sample>(nothing: S) {
        assert_eq!((sum(nothing).to_bits(), sum_plain(nothing).to_bits(), norm(nothing).to_bits()), (0, 0, 0));
        assert_eq!(dot(nothing, nothing), Ok(0.0));
        assert!(mean(nothing).is_nan() && variance(nothing, 0).is_nan() && std_dev(nothing, 0).is_nan());
        assert!(min(nothing).is_nan() && max(nothing).is_nan() && min_max(nothing).0.is_nan());
        assert_eq!((argmin(nothing), argmax(nothing)), (None, None));
        assert!(covariance(nothing, nothing, 0).unwrap().is_nan() && correlation(nothing, nothing).unwrap().is_nan());
        assert!(quantile(nothing, 0.5).unwrap().is_nan());
        assert!(quantiles(nothing, &[0.1, 0.9]).unwrap().iter().all(|q| q.is_nan()));
        assert_eq!(quantiles(nothing, &[]), Ok(vec![]));
    }
    check::<&[f64]>(&[]);
    check::<&[f32]>(&[]);
    check::<&[u8; 0]>(&[]);
    check(present(&[f64::NAN; 3]));
    check(present(&vec![f64::NAN; 5000]));
    check(Strided::new(&[1.0], 1, 1).unwrap());
}

#[test]
fn of_one() {
    for x in [3.5, -0.0, 1e308, f64::MAX, f64::MIN, f64::from_bits(1), INF, -INF] {
        let one = [x];
        for reduction in [sum, sum_plain, mean, min, max] {
            assert_eq!(reduction(&one).to_bits(), x.to_bits(), "{x:e}");
        }
        assert_eq!((argmin(&[x]), argmax(&[x])), (Some(0), Some(0)));
        assert_eq!(quantile(&[x], 0.3), Ok(x));
        assert_eq!(norm(&[x]), x.abs());
        if x.is_finite() {
            assert_eq!((variance(&[x], 0), std_dev(&[x], 0)), (0.0, 0.0));
        }
        assert!(variance(&[x], 1).is_nan() && variance(&[x], usize::MAX).is_nan());
        assert!(correlation(&[x], &[x]).unwrap().is_nan());
    }
}

#[test]
fn what_is_no_number_is_propagated_from_every_place() {
    for n in [1, 2, 8, 9, 63, 64, 65, 1024, 2048, 2049, 4500] {
        let numbers: Vec<_> = (0..n).map(|i| (i as f64 * 0.37).sin()).collect();
        for place in [0, n / 3, n / 2, n - 1] {
            let mut x = numbers.clone();
            x[place] = f64::NAN;
            for reduction in [sum, sum_plain, mean, min, max, norm] {
                assert!(reduction(&x).is_nan(), "{n} {place}");
            }
            assert!(variance(&x, 0).is_nan() && std_dev(&x, 0).is_nan());
            assert!(dot(&x, &numbers).unwrap().is_nan() && covariance(&numbers, &x, 0).unwrap().is_nan());
            assert!(quantile(&x, 0.5).unwrap().is_nan());
            assert_eq!((argmin(&x), argmax(&x)), (Some(place), Some(place)));
            x[place] = INF;
            assert_eq!([sum, sum_plain, mean, max, norm].map(|f| f(&x)), [INF; 5]);
            assert!(variance(&x, 0).is_nan() && std_dev(&x, 0).is_nan());
            assert_eq!(argmax(&x), Some(place));
            x[place] = -INF;
            assert_eq!([sum, sum_plain, mean, min].map(|f| f(&x)), [-INF; 4]);
            assert_eq!((argmin(&x), norm(&x)), (Some(place), INF));
            if n > 1 {
                x[(place + 1) % n] = INF;
                assert!(sum(&x).is_nan() && mean(&x).is_nan() && sum_plain(&x).is_nan());
                assert_eq!((min_max(&x), norm(&x)), ((-INF, INF), INF));
            }
        }
    }
}

#[test]
fn nothing_overflows_but_results() {
    for n in [3, 99, 4097] {
        let x: Vec<_> = (0..n).map(|i| [1e308, 1e308, -1e308][i % 3]).collect();
        assert!((sum(&x[..3]) - 1e308).abs() < 1e293);
        assert!((mean(&x[..3]) - 1e308 / 3.0).abs() < 1e293);
        assert!(std_dev(&x, 0).is_finite() && std_dev(&x, 0) > 9e307, "{}", std_dev(&x, 0));
        assert_eq!(variance(&x, 0), INF);
    }
    assert_eq!(mean(&[f64::MAX; 5000]), f64::MAX);
    assert_eq!(sum(&[f64::MAX; 2]), INF);
    assert_eq!(sum(&[f64::MAX, f64::MAX, -f64::MAX, -f64::MAX, 3.0]), 3.0);
    assert_eq!(std_dev(&[1e-200, 3e-200], 0), 1e-200);
    let tiny = 2.0_f64.powi(-1000);
    assert_eq!(norm(&[3.0 * tiny, 4.0 * tiny]), 5.0 * tiny);
    assert_eq!(norm(&[f64::MAX, f64::MAX]), INF);
    assert_eq!(norm(&[f64::MAX / 2.0; 4]), f64::MAX);
    assert_eq!(norm(&[f64::from_bits(1); 4]), f64::from_bits(2));
    assert_eq!(norm(&[0.0, -0.0]), 0.0);
    assert_eq!(sum(&[1e308, 1.0, -1e308]), 1.0);
}

#[test]
fn negative_zero_survives_only_among_its_own() {
    for n in [1, 7, 31, 32, 33, 1024, 5000] {
        let x = vec![-0.0; n];
        for reduction in [sum, sum_plain, mean, min, max] {
            assert_eq!(reduction(&x).to_bits(), (-0.0_f64).to_bits(), "{n}");
        }
    }
    assert_eq!((sum(&[-0.0, 0.0]).to_bits(), sum_plain(&[1.0, -1.0]).to_bits()), (0, 0));
}

#[test]
fn extremes_are_found_at_every_place() {
    for n in 2..140 {
        for place in 0..n {
            let mut x = vec![1.0; n];
            x[place] = -3.0;
            x[(place + 1) % n] = 9.0;
            assert_eq!(min_max(&x), (-3.0, 9.0), "{n} {place}");
            assert_eq!((argmin(&x), argmax(&x)), (Some(place), Some((place + 1) % n)), "{n} {place}");
        }
    }
    for n in [2048, 2049, 4096, 4097, 10_000] {
        for place in [0, 1, 2047, 2048, 4095, 4096, n - 1].into_iter().filter(|place| *place < n) {
            let mut x: Vec<_> = (0..n).map(|i| 1.0 + (i % 5) as f64).collect();
            x[place] = -3.0;
            assert_eq!((min(&x), argmin(&x)), (-3.0, Some(place)));
            x[place] = 30.0;
            assert_eq!((max(&x), argmax(&x)), (30.0, Some(place)));
        }
    }
}

#[test]
fn the_first_of_equals_is_the_place() {
    for n in [3, 70, 2500, 9000] {
        assert_eq!((argmin(&vec![4.0; n]), argmax(&vec![4.0; n])), (Some(0), Some(0)));
        let mut x = vec![0.0; n];
        x[n / 2] = -0.0;
        assert_eq!((argmin(&x), argmax(&x)), (Some(0), Some(0)));
        let rising: Vec<_> = (0..n).map(|i| i as f64).collect();
        assert_eq!((argmin(&rising), argmax(&rising)), (Some(0), Some(n - 1)));
        assert_eq!((argmin(&vec![INF; n]), argmax(&vec![-INF; n])), (Some(0), Some(0)));
        let mut x = vec![f64::NAN; n];
        x[n - 1] = INF;
        assert_eq!((argmin(present(&x)), argmax(present(&x))), (Some(n - 1), Some(n - 1)));
    }
}

#[test]
fn quantiles_are_those_of_numpy() {
    let x = [7.0, 1.0, 3.0, 10.0, 2.0];
    for (q, expected) in [(0.0, 1.0), (0.25, 2.0), (0.5, 3.0), (0.9, 8.8), (0.1, 1.4), (1.0, 10.0)] {
        assert_eq!(quantile(&x, q), Ok(expected), "{q}");
    }
    assert_eq!(quantile(&[1.0, INF], 0.0), Ok(1.0));
    assert_eq!(quantile(&[1.0, INF], 0.5), Ok(INF));
    assert_eq!(quantile(&[-1e308, 1e308], 0.75), Ok(5e307));
    assert_eq!(quantile(&[INF, INF], 0.5), Ok(INF));
    assert!(quantile(&[-INF, INF], 0.5).unwrap().is_nan());
    let mut untouched = [3.0, 1.0, 2.0];
    for q in [-0.1, 1.1, 95.0, f64::NAN, INF] {
        assert!(quantile(&x, q).is_err() && quantiles(&x, &[0.5, q]).is_err());
        assert!(quantile_in_place(&mut untouched, q).is_err() && quantiles_in_place(&mut untouched, &[q]).is_err());
    }
    assert_eq!(untouched, [3.0, 1.0, 2.0]);
}

#[test]
fn lengths_that_differ_are_named() {
    let (x, y) = ([1.0; 3], [1.0; 5]);
    let errors = [dot(&x, &y), covariance(&x, &y, 0), correlation(&x, &y), dot(present(&x), present(&y))];
    for error in errors {
        assert_eq!(error.unwrap_err().to_string(), "inputs of lengths 3 and 5 have no pairs");
    }
}

/// Their sum would be NaN, which they are not.
#[test]
fn infinities_of_both_signs_are_numbers() {
    for n in [2, 9, 40, 64, 100, 600, 5000] {
        for apart in [1, 8, 16, 32, 64, 512].into_iter().filter(|&apart| apart < n) {
            let mut x: Vec<f64> = (0..n).map(|i| (i % 17) as f64).collect();
            let (least, greatest) = (n - 1 - apart, n - 1);
            (x[least], x[greatest]) = (f64::NEG_INFINITY, f64::INFINITY);
            assert_eq!(min_max(&x), (f64::NEG_INFINITY, f64::INFINITY), "{n} {apart}");
            assert_eq!((argmin(&x), argmax(&x)), (Some(least), Some(greatest)), "{n} {apart}");
            let first = least / 2;
            if first < least {
                x[first] = f64::NAN;
                assert!(min_max(&x).0.is_nan() && min_max(&x).1.is_nan(), "{n} {apart}");
                assert_eq!((argmin(&x), argmax(&x)), (Some(first), Some(first)), "{n} {apart}");
                assert_eq!(min_max(present(&x)), (f64::NEG_INFINITY, f64::INFINITY), "{n} {apart}");
                assert_eq!((argmin(present(&x)), argmax(present(&x))), (Some(least), Some(greatest)), "{n} {apart}");
            }
        }
    }
}

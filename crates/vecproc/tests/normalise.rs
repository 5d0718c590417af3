//! Distances from the mean of all, in standard deviations.

use lagom_vecproc::{ProcessError, Strided, normalise};

#[test]
fn it_is_the_distance_in_standard_deviations() {
    for n in [2, 3, 7, 8, 9, 63, 64, 65, 2047, 2048, 2049, 5000] {
        let x: Vec<f64> = (0..n).map(|i| f64::from(i * 7919 % 1013) * 0.3 - 50.0).collect();
        let mean = x.iter().sum::<f64>() / f64::from(n);
        let squares: f64 = x.iter().map(|x| (x - mean) * (x - mean)).sum();
        for ddof in [0, 1] {
            let std = (squares / (f64::from(n) - ddof as f64)).sqrt();
            let mut out = vec![0.0; x.len()];
            normalise(&x, ddof, &mut out).unwrap();
            for (y, x) in out.iter().zip(&x) {
                assert!((y - (x - mean) / std).abs() <= 1e-11, "{n} {ddof}: {y}");
            }
        }
    }
}

#[test]
fn a_view_and_other_types_are_normalised_alike() {
    let mut of_f32 = [0.0_f32; 3];
    normalise(&[1.0_f32, 3.0, 5.0], 1, &mut of_f32).unwrap();
    assert_eq!(of_f32, [-1.0, 0.0, 1.0]);
    let mut out = [0.0; 3];
    normalise(&[1_u8, 3, 5], 1, &mut out).unwrap();
    assert_eq!(out, [-1.0, 0.0, 1.0]);
    normalise(Strided::new(&[1.0, 9.0, 3.0, 9.0, 5.0], 0, 2).unwrap(), 1, &mut out).unwrap();
    assert_eq!(out, [-1.0, 0.0, 1.0]);
}

#[test]
fn what_has_no_spread_or_is_not_all_there_has_no_result() {
    let mut out = [0.0; 3];
    for x in [[2.0; 3], [1.0, f64::NAN, 3.0], [1.0, f64::INFINITY, 3.0]] {
        normalise(&x, 1, &mut out).unwrap();
        assert!(out.iter().all(|y| y.is_nan()), "{x:?}: {out:?}");
    }
    normalise(&[0.0; 0], 1, &mut []).unwrap();
    let error = normalise(&[1.0, 2.0], 1, &mut out).unwrap_err();
    assert!(matches!(error, ProcessError::Length(_)), "{error}");
}

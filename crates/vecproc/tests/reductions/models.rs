//! Against plain loops that find the same.

use lagom_vecproc::*;
use proptest::prelude::*;

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        10 => (0..40_i32).prop_map(f64::from),
        10 => -1e3..1e3,
        2 => any::<f64>(),
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
    ]
}

fn first_best(x: &[f64], is_better: impl Fn(f64, f64) -> bool) -> Option<usize> {
    (0..x.len()).filter(|&i| !x[i].is_nan()).reduce(|best, i| if is_better(x[i], x[best]) { i } else { best })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn places_and_extremes(
        mut x in prop::collection::vec(value(), 0..5000),
        missing in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let least = first_best(&x, |a, b| a < b);
        let greatest = first_best(&x, |a, b| a > b);
        prop_assert_eq!(argmin(&x), least);
        prop_assert_eq!(argmax(&x), greatest);
        if let (Some(least), Some(greatest)) = (least, greatest) {
            prop_assert_eq!(min_max(&x), (x[least], x[greatest]));
            prop_assert_eq!((min(&x), max(&x)), (x[least], x[greatest]));
        }
        if let (Some(missing), false) = (missing, x.is_empty()) {
            let place = missing.index(x.len());
            x[place] = f64::NAN;
            prop_assert_eq!((argmin(&x), argmax(&x)), (Some(place), Some(place)));
            prop_assert!(min_max(&x).0.is_nan() && min_max(&x).1.is_nan());
            prop_assert_eq!(argmin(present(&x)), first_best(&x, |a, b| a < b));
            prop_assert_eq!(argmax(present(&x)), first_best(&x, |a, b| a > b));
        }
    }

    #[test]
    fn quantiles_by_sorting(mut x in prop::collection::vec(value(), 1..400), q in 0.0..=1.0) {
        let ours = quantile(&x, q).unwrap();
        x.sort_by(f64::total_cmp);
        let place = q * (x.len() - 1) as f64;
        let (low, high) = (x[place.floor() as usize], x[place.ceil() as usize]);
        if low == high {
            prop_assert_eq!(ours, low);
        } else if low.is_finite() && high.is_finite() {
            let expected = low * (1.0 - place.fract()) + high * place.fract();
            prop_assert!((low..=high).contains(&ours));
            prop_assert!((ours - expected).abs() <= 1e-15 * low.abs().max(high.abs()) || expected.is_infinite());
        }
    }
}

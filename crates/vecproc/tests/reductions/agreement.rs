//! One answer, however the elements lie: side by side, with steps between, among missing ones, in tiles.

use lagom_vecproc::*;
use proptest::prelude::*;

fn bits(x: f64) -> u64 {
    if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() }
}

/// Every reduction of one input.
fn all<S: Sample>(x: S) -> Vec<u64> {
    let mut results = vec![
        sum(x),
        sum_plain(x),
        mean(x),
        variance(x, 0),
        variance(x, 1),
        std_dev(x, 2),
        min(x),
        max(x),
        min_max(x).0,
        min_max(x).1,
        norm(x),
    ];
    results.extend([0.0, 0.3, 0.5, 1.0].map(|q| quantile(x, q).unwrap()));
    results.extend(quantiles(x, &[0.9, 0.1, 0.5, 0.5]).unwrap());
    let counts = histogram(x, 7, -100.0..=100.0).unwrap();
    results.extend(counts.counts().iter().map(|&count| count as f64));
    results.extend([counts.below() as f64, counts.above() as f64]);
    results.into_iter().map(bits).collect()
}

/// Every reduction of two inputs.
fn pairs<S: Sample, T: Sample>(x: S, y: T) -> Vec<u64> {
    [dot(x, y), covariance(x, y, 0), covariance(x, y, 1), correlation(x, y)].map(|r| bits(r.unwrap())).into()
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![20 => -1e3..1e3, 5 => any::<f64>(), 5 => Just(f64::NAN), 1 => Just(f64::INFINITY), 2 => Just(-0.0)]
}

fn values() -> impl Strategy<Value = Vec<f64>> {
    prop_oneof![
        prop::collection::vec(value(), 0..80),
        prop::collection::vec(value(), 0..6000),
        prop::collection::vec(-1e3..1e3, 1900..6000),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn skipping_is_leaving_out(x in values()) {
        let left: Vec<_> = x.iter().copied().filter(|x| !x.is_nan()).collect();
        prop_assert_eq!(all(present(&x)), all(&left));
        let place = |best: Option<usize>| best.map(|i| (x[i].to_bits(), x[..i].iter().filter(|x| !x.is_nan()).count()));
        let of_left = |best: Option<usize>| best.map(|i| (left[i].to_bits(), i));
        prop_assert_eq!(place(argmin(present(&x))), of_left(argmin(&left)));
        prop_assert_eq!(place(argmax(present(&x))), of_left(argmax(&left)));
    }

    #[test]
    fn pairs_are_skipped_where_a_view_lacks_one(x in values(), seed in any::<u64>()) {
        let y: Vec<_> = (0..x.len())
            .map(|i| (i as u64 ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15))
            .map(|bits| if bits >> 60 == 0 { f64::NAN } else { (bits >> 40) as f64 })
            .collect();
        let both: Vec<_> = x.iter().zip(&y).filter(|(x, y)| !x.is_nan() && !y.is_nan()).collect();
        let (left_x, left_y): (Vec<f64>, Vec<f64>) = both.into_iter().unzip();
        prop_assert_eq!(pairs(present(&x), present(&y)), pairs(&left_x, &left_y));
        let one: Vec<_> = x.iter().zip(&y).filter(|(x, _)| !x.is_nan()).collect();
        let (left_x, left_y): (Vec<f64>, Vec<f64>) = one.into_iter().unzip();
        prop_assert_eq!(pairs(present(&x), &y), pairs(&left_x, &left_y));
        prop_assert_eq!(pairs(&y, present(&x)), pairs(&left_y, &left_x));
    }

    #[test]
    fn steps_and_kinds_of_input_do_not_matter(x in values(), step in 1..4_usize, first in 0..3_usize) {
        let every: Vec<_> = x.iter().copied().skip(first).step_by(step).collect();
        let view = Strided::new(&x, first, step).unwrap();
        prop_assert_eq!(all(view), all(&every));
        prop_assert_eq!(all(present(view)), all(present(&every)));
        prop_assert_eq!((argmin(view), argmax(view)), (argmin(&every), argmax(&every)));
        prop_assert_eq!(pairs(view, &every), pairs(&every, &every));
        let narrow: Vec<_> = x.iter().map(|&x| x as f32).collect();
        let widened: Vec<_> = narrow.iter().map(|&x| f64::from(x)).collect();
        prop_assert_eq!(all(&narrow), all(&widened));
        prop_assert_eq!(argmin(&narrow), argmin(&widened));
        prop_assert_eq!(pairs(&narrow[..], &widened), pairs(&widened, &widened));
    }

    #[test]
    fn in_place_is_the_same(x in values(), q in 0.0..=1.0) {
        let qs = [q, 0.5, 1.0 - q];
        let each: Vec<_> = qs.iter().map(|&q| bits(quantile(&x, q).unwrap())).collect();
        let at_once: Vec<_> = quantiles(&x, &qs).unwrap().into_iter().map(bits).collect();
        prop_assert_eq!(&at_once, &each);
        let mut copy = x.clone();
        let in_place: Vec<_> = quantiles_in_place(&mut copy, &qs).unwrap().into_iter().map(bits).collect();
        prop_assert_eq!(&in_place, &each);
        prop_assert_eq!(bits(quantile_in_place(&mut copy, q).unwrap()), each[0]);
        copy.sort_by(f64::total_cmp);
        let mut sorted = x;
        sorted.sort_by(f64::total_cmp);
        prop_assert_eq!(copy.into_iter().map(bits).collect::<Vec<_>>(), sorted.into_iter().map(bits).collect::<Vec<_>>());
    }
}

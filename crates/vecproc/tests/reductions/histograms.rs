//! Histograms against a search among their edges.

use lagom_vecproc::*;
use proptest::prelude::*;

/// As NumPy does it: how many are below each edge, the last edge being in the last bin.
fn model(x: &[f64], edges: &[f64]) -> Vec<u64> {
    let last = edges.len() - 1;
    let below = |i: usize| x.iter().filter(|&&x| if i == last { x <= edges[i] } else { x < edges[i] }).count() as u64;
    (0..last).map(|i| below(i + 1) - below(i)).collect()
}

fn assert_whole(histogram: &Histogram, x: &[f64]) {
    assert_eq!(histogram.counts(), model(x, histogram.edges()));
    let (low, high) = (histogram.edges()[0], *histogram.edges().last().unwrap());
    assert_eq!(histogram.below(), x.iter().filter(|&&x| x < low).count() as u64);
    assert_eq!(histogram.above(), x.iter().filter(|&&x| x > high).count() as u64);
    assert_eq!(histogram.missing(), x.iter().filter(|x| x.is_nan()).count() as u64);
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![5 => (0..20_i32).prop_map(|i| f64::from(i) / 10.0), 5 => -1.0..3.0, 1 => any::<f64>(), 1 => Just(f64::NAN)]
}

proptest! {
    #[test]
    fn bins_of_equal_width(
        x in prop::collection::vec(value(), 0..300),
        bins in 1..50_usize,
        low in -1.0..1.0,
        width in 1e-3..3.0,
    ) {
        let histogram = histogram(&x, bins, low..=low + width).unwrap();
        prop_assert_eq!(histogram.edges().len(), bins + 1);
        prop_assert!(histogram.edges().is_sorted());
        assert_whole(&histogram, &x);
        // What is exactly on an edge.
        let edges = histogram.edges().to_vec();
        assert_whole(&lagom_vecproc::histogram(&edges, bins, low..=low + width).unwrap(), &edges);
    }

    #[test]
    fn given_edges(x in prop::collection::vec(value(), 0..300), mut edges in prop::collection::vec(value(), 2..20)) {
        edges.retain(|x| !x.is_nan());
        edges.sort_by(f64::total_cmp);
        prop_assume!(edges.len() >= 2);
        assert_whole(&histogram_with_edges(&x, &edges).unwrap(), &x);
        assert_whole(&histogram_with_edges(&edges, &edges).unwrap(), &edges);
    }
}

#[test]
fn ranges_at_the_ends_of_what_doubles_hold() {
    let x = [f64::MIN, -1.0, 0.0, 1.0, f64::MAX, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
    for bins in [1, 2, 3, 10, 1000] {
        let histogram = histogram(&x, bins, f64::MIN..=f64::MAX).unwrap();
        assert!(histogram.edges().is_sorted());
        assert_whole(&histogram, &x);
        assert_eq!(histogram.counts().iter().sum::<u64>(), 5);
    }
    // Fewer doubles than bins.
    let x = [1.0, 1.0 + f64::EPSILON, 1.0 + 2.0 * f64::EPSILON];
    assert_whole(&histogram(&x, 10, x[0]..=x[2]).unwrap(), &x);
    let tiny = [0.0, f64::from_bits(1), f64::from_bits(2), f64::from_bits(7)];
    assert_whole(&histogram(&tiny, 3, tiny[0]..=tiny[3]).unwrap(), &tiny);
    assert_whole(&histogram_with_edges(&x, &[f64::NEG_INFINITY, 1.0, 1.0, f64::INFINITY]).unwrap(), &x);
}

#[test]
fn what_cannot_be_is_told() {
    let text = |error: HistogramError| error.to_string();
    assert_eq!(text(histogram(&[1.0], 0, 0.0..=1.0).unwrap_err()), "a histogram without bins");
    assert_eq!(text(histogram_with_edges(&[1.0], &[1.0]).unwrap_err()), "a histogram without bins");
    assert_eq!(histogram_with_edges(&[1.0], &[]), Err(HistogramError::NoBins));
    for (low, high) in [(1.0, 1.0), (2.0, 1.0), (0.0, f64::INFINITY), (f64::NEG_INFINITY, 0.0)] {
        assert_eq!(histogram(&[1.0], 3, low..=high), Err(HistogramError::Range { low, high }));
    }
    assert!(matches!(histogram(&[1.0], 3, f64::NAN..=1.0), Err(HistogramError::Range { .. })));
    let error = histogram_with_edges(&[1.0], &[0.0, 2.0, 1.0]).unwrap_err();
    assert_eq!(text(error), "edge 2 of a histogram is not above the one before");
    assert_eq!(histogram_with_edges(&[1.0], &[0.0, f64::NAN, 1.0]), Err(HistogramError::NotAscending { place: 1 }));
    let empty = histogram::<&[f64]>(&[], 3, 0.0..=1.0).unwrap();
    assert_eq!(empty.counts(), [0; 3]);
    assert_eq!(histogram(present(&[f64::NAN, 0.5]), 1, 0.0..=1.0).unwrap().missing(), 0);
}

#[test]
fn more_bins_than_there_is_memory_for_are_an_error() {
    let error = lagom_vecproc::histogram(&[1.0], usize::MAX, 0.0..=1.0).unwrap_err();
    assert!(error.to_string().starts_with("no memory for a histogram of"), "{error}");
}

//! Every operation against its model, on inputs of all kinds.

use lagom_vecproc::*;
use proptest::prelude::*;

use crate::inputs::{EDGES, Noise, cases, elements, families, windows, with_special};
use crate::models::expected;
use crate::table::{self, Parameters};

/// Asserts that all operations give what they should, at those places.
fn check(x: &[f64], p: Parameters, places: &[usize]) {
    let mut wrong = String::new();
    for (name, pipeline) in table::all(p) {
        let out = pipeline.process_batch_to_vec(x).unwrap();
        assert_eq!(out.len(), x.len());
        let expected = |i| expected(name, p, x, i);
        if let Some(&i) = places.iter().find(|&&i| !expected(i).holds(out[i])) {
            wrong += &format!("\n{name} at {i} of {}: {:e}, not {:?}", x.len(), out[i], expected(i));
        }
    }
    assert!(wrong.is_empty(), "with {p:?}:{wrong}");
}

/// A few of `n` places, the last ones among them.
fn some_places(n: usize, noise: &mut Noise) -> Vec<usize> {
    let mut places: Vec<usize> = (n.saturating_sub(2)..n).collect();
    places.extend((0..if n == 0 { 0 } else { 3 }).map(|_| noise.below(n)));
    places
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn on_all_kinds_of_inputs(
        x in elements(160),
        window in windows(),
        ddof in 0..3_usize,
        min_periods in 1..6_usize,
        alpha in prop_oneof![0.001..1.0_f64, Just(0.5), Just(1.0)],
    ) {
        let p = Parameters { window, ddof, min_periods: min_periods.min(window), alpha };
        check(&x, p, &(0..x.len()).collect::<Vec<_>>());
    }
}

#[test]
fn around_every_lane_block_and_tile() {
    let mut noise = Noise(3);
    for n in EDGES {
        for window in [1, 2, 8, 33, 64, 1000, n.max(1), n + 1] {
            check(&with_special(n, n as u64), Parameters::of_window(window), &some_places(n, &mut noise));
        }
    }
}

#[test]
fn every_window_up_to_70() {
    let mut noise = Noise(4);
    let x = with_special(173, 5);
    let numbers: Vec<f64> = (0..173).map(|_| noise.unit()).collect();
    for window in 1..=70 {
        for x in [&x, &numbers] {
            check(x, Parameters { ddof: window % 3, ..Parameters::of_window(window) }, &some_places(173, &mut noise));
        }
    }
}

#[test]
fn on_every_family() {
    let mut noise = Noise(6);
    for (_, x) in families(700) {
        for window in [2, 50, 255, 256, 300] {
            check(&x, Parameters::of_window(window), &some_places(x.len(), &mut noise));
        }
    }
}

/// The functions are the pipelines of one operation.
#[test]
fn functions_are_pipelines() {
    let x = with_special(300, 8);
    let mut ours = vec![0.0; x.len()];
    let p = Parameters::of_window(37);
    let (w, ddof) = (p.window, p.ddof);
    for (name, pipeline) in table::all(p) {
        if name.ends_with("min_periods") {
            continue;
        }
        let out = &mut ours[..];
        match name {
            "rolling_sum" => rolling_sum(&x, w, out),
            "rolling_mean" => rolling_mean(&x, w, out),
            "rolling_variance" => rolling_variance(&x, w, ddof, out),
            "rolling_std" => rolling_std(&x, w, ddof, out),
            "rolling_min" => rolling_min(&x, w, out),
            "rolling_max" => rolling_max(&x, w, out),
            "rolling_median" => rolling_median(&x, w, out),
            "rolling_quantile" => rolling_quantile(&x, w, 0.3, out),
            "rolling_z_score" => rolling_z_score(&x, w, ddof, out),
            "cumulative_sum" => cumulative_sum(&x, out),
            "cumulative_product" => cumulative_product(&x, out),
            "cumulative_min" => cumulative_min(&x, out),
            "cumulative_max" => cumulative_max(&x, out),
            "expanding_mean" => expanding_mean(&x, out),
            "expanding_variance" => expanding_variance(&x, ddof, out),
            "expanding_std" => expanding_std(&x, ddof, out),
            "expanding_min" => expanding_min(&x, out),
            "expanding_max" => expanding_max(&x, out),
            "chunked_mean" => chunked_mean(&x, w, out),
            "ewma" => ewma(&x, Ewma::alpha(p.alpha), out),
            "ewma, unadjusted" => ewma(&x, Ewma::alpha(p.alpha).unadjusted(), out),
            "ewma, ignoring" => ewma(&x, Ewma::alpha(p.alpha).ignoring_missing(), out),
            "ewma, unadjusted, ignoring" => ewma(&x, Ewma::alpha(p.alpha).unadjusted().ignoring_missing(), out),
            "scale" => scale(&x, 1.1, out),
            "affine" => affine(&x, -0.3, 3.7, out),
            "clip" => clip(&x, -1.5, 40.0, out),
            "abs" => abs(&x, out),
            "ln" => ln(&x, out),
            "exp" => exp(&x, out),
            "difference" => difference(&x, w, out),
            "lag" => lag(&x, w, out),
            "fill_missing, value" => fill_missing(&x, Fill::Value(7.5), out),
            "fill_missing, forward" => fill_missing(&x, Fill::Forward, out),
            _ => panic!("no function {name}"),
        }
        .unwrap();
        crate::bits::assert_same(&ours, &pipeline.process_batch_to_vec(&x).unwrap(), &name);
    }
}

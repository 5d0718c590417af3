//! Variance and extremes of all elements.

use argminmax::ArgMinMax;
use ndarray::ArrayView1;

use super::kernel::{Elements, case, reduction};
use super::polars::{self, Ask};
use super::reference;
use crate::case::Case;

pub(super) fn variance(x: &Elements) -> Case {
    let note = "Sample of n - 1. ndarray has Welford's update of each element, polars-compute merges the moments of chunks of 128, without the SIMD of its \
                nightly build. The loop has two passes.";
    let case = case("variance", note, x, |x| vec![reference::variance(x)])
        .with(reduction("lagom", x, |x| [lagom_vecproc::variance(x.as_slice(), 1)]))
        .with(reduction("two plain loops", x, |x| {
            let mean = x.iter().sum::<f64>() / x.len() as f64;
            [x.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (x.len() - 1) as f64]
        }))
        .with(reduction("ndarray", x, |x| [ArrayView1::from(x).var(1.0)]));
    polars::join(case, x, Ask::Variance)
}

pub(super) fn argmin_argmax(x: &Elements) -> Case {
    let note = "The places of both, the first of equals. argminmax finds them in one pass, ours in two.";
    let due = |x: &[f64]| {
        let place = |extreme: f64| x.iter().position(|x| *x == extreme).map_or(f64::NAN, |at| at as f64);
        let extremes = extremes(x);
        extremes.map(place).to_vec()
    };
    case("argmin and argmax", note, x, due)
        .with(reduction("lagom", x, |x| {
            let (min, max) = (lagom_vecproc::argmin(x.as_slice()), lagom_vecproc::argmax(x.as_slice()));
            [min, max].map(|place| place.map_or(f64::NAN, |at| at as f64))
        }))
        .with(reduction("plain loop", x, |x| {
            let (mut min, mut max) = (0, 0);
            for (i, y) in x.iter().enumerate() {
                if *y < x[min] {
                    min = i;
                }
                if *y > x[max] {
                    max = i;
                }
            }
            [min as f64, max as f64]
        }))
        .with(reduction("argminmax", x, |x| {
            let (min, max) = x.as_slice().argminmax();
            [min as f64, max as f64]
        }))
}

/// The least and the greatest.
fn extremes(x: &[f64]) -> [f64; 2] {
    x.iter().fold([f64::INFINITY, f64::NEG_INFINITY], |[min, max], x| [min.min(*x), max.max(*x)])
}

pub(super) fn min_max(x: &Elements) -> Case {
    let note = "argminmax gives the places, by which the values are fetched; it and the loop pass over NaN, as polars-compute does here. Ours gives NaN if there is one.";
    let case = case("min and max", note, x, |x| extremes(x).to_vec())
        .with(reduction("lagom", x, |x| lagom_vecproc::min_max(x.as_slice()).into()))
        .with(reduction("plain loop", x, |x| extremes(x)))
        .with(reduction("argminmax", x, |x| {
            let (min, max) = x.as_slice().argminmax();
            [x[min], x[max]]
        }));
    polars::join(case, x, Ask::MinMax)
}

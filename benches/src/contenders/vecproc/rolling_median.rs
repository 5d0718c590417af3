//! The median of the last 50, and of the last 1,001.

use sliding_quantile::vec::f64::Quantile;

use super::kernel::{self, Elements, fill_head, kernel};
use super::polars::{self, Ask};
use super::reference;
use crate::case::Case;

const NOTE: &str = "sliding-quantile has two heaps, the loop keeps the window in order and moves what lies between. polars-compute returns a fresh output. \
     tea-rolling and ta have no median. A processor that has learnt a short input by heart predicts the branches of the rivals.";

/// The window in order, by binary search and one move of what lies between the two places.
pub(super) fn sorted_window(x: &[f64], window: usize, out: &mut [f64]) {
    fill_head(out, window);
    if x.len() < window {
        return;
    }
    let mut sorted = x[..window].to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let median = |sorted: &[f64]| (sorted[(window - 1) / 2] + sorted[window / 2]) / 2.0;
    out[window - 1] = median(&sorted);
    for ((out, &enters), &leaves) in out[window..].iter_mut().zip(&x[window..]).zip(x) {
        let from = sorted.partition_point(|y| *y < leaves);
        let to = sorted.partition_point(|y| *y < enters);
        if from < to {
            sorted.copy_within(from + 1..to, from);
            sorted[to - 1] = enters;
        } else {
            sorted.copy_within(to..from, to + 1);
            sorted[to] = enters;
        }
        *out = median(&sorted);
    }
}

/// sliding-quantile.
pub(super) fn heaps(x: &[f64], window: usize, out: &mut [f64]) {
    let mut median = Quantile::new(0.5, window);
    for (out, x) in out.iter_mut().zip(x) {
        median.add(*x);
        *out = median.get();
    }
    fill_head(out, window);
}

pub(super) fn case<const W: usize>(x: &Elements) -> Case {
    let case = kernel::case(&format!("rolling median {W}"), NOTE, x, |x| reference::rolling_median(x, W))
        .with(kernel("lagom", x, |x, out| {
            lagom_vecproc::rolling_median(x.as_slice(), W, out).expect("the lengths agree");
        }))
        .with(kernel("sorted window", x, |x, out| sorted_window(x, W, out)))
        .with(kernel("sliding-quantile", x, |x, out| heaps(x, W, out)));
    polars::join(case, x, Ask::Median(W))
}

//! The sum of all, plain and compensated.

use accurate::sum::{Kahan, Klein, Neumaier, OnlineExactSum, Sum2};
use accurate::traits::SumWithAccumulator;
use ndarray::ArrayView1;

use super::kernel::{Elements, case, reduction};
use super::polars::{self, Ask};
use super::reference;
use crate::case::Case;

fn due(x: &[f64]) -> Vec<f64> {
    vec![reference::Exact::of(x).value()]
}

pub(super) fn plain(x: &Elements) -> Case {
    let note = "`lagom` compensates for rounding, `lagom plain` does not. The loop adds one after the other, ndarray to eight sums, polars-compute pairwise: \
                its error grows with the logarithm of the length only.";
    let case = case("sum", note, x, due)
        .with(reduction("lagom", x, |x| [lagom_vecproc::sum(x.as_slice())]))
        .with(reduction("lagom plain", x, |x| [lagom_vecproc::sum_plain(x.as_slice())]))
        .with(reduction("plain loop", x, |x| [x.iter().sum()]))
        .with(reduction("ndarray", x, |x| [ArrayView1::from(x).sum()]));
    polars::join(case, x, Ask::Sum)
}

pub(super) fn compensated(x: &Elements) -> Case {
    let note = "All compensate; the contenders are the ways of the crate accurate. OnlineExactSum is exact.";
    case("sum, compensated", note, x, due)
        .with(reduction("lagom", x, |x| [lagom_vecproc::sum(x.as_slice())]))
        .with(reduction("accurate Kahan", x, |x| [x.iter().copied().sum_with_accumulator::<Kahan<_>>()]))
        .with(reduction("accurate Neumaier", x, |x| [x.iter().copied().sum_with_accumulator::<Neumaier<_>>()]))
        .with(reduction("accurate Klein", x, |x| [x.iter().copied().sum_with_accumulator::<Klein<_>>()]))
        .with(reduction("accurate Sum2", x, |x| [x.iter().copied().sum_with_accumulator::<Sum2<_>>()]))
        .with(reduction("accurate OnlineExactSum", x, |x| {
            [x.iter().copied().sum_with_accumulator::<OnlineExactSum<_>>()]
        }))
}

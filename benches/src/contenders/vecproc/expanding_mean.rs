//! The mean of all elements so far, times 1.1: what the original does.

use std::sync::LazyLock;

use lagom_vecproc::Pipeline;
use ndarray::{ArrayView1, ArrayViewMut1, Axis};

use super::kernel::{self, Elements, kernel};
use super::{original, reference};
use crate::case::Case;

const NOTE: &str = "Ours compensates for rounding, the others add plainly: in their favour. In ours: ndarray passes over the output \
     three times, having no such operation. The original is the Python class in Rust, up to 10,000 elements: beyond, it means another mean.";

pub(super) fn expanding_mean(x: &[f64], out: &mut [f64]) {
    static PIPELINE: LazyLock<Pipeline> = LazyLock::new(|| Pipeline::new().expanding_mean().scale(1.1));
    PIPELINE.process_batch(x, out).expect("the lengths agree");
}

/// The loop that everybody would write.
pub(super) fn plain_loop(x: &[f64], out: &mut [f64]) {
    let (mut sum, mut count) = (0.0, 0.0);
    for (out, x) in out.iter_mut().zip(x) {
        sum += x;
        count += 1.0;
        *out = sum / count * 1.1;
    }
}

pub(super) fn case(x: &Elements) -> Case {
    let due =
        |x: &[f64]| reference::prefixes(x).zip(1_u32..).map(|(sum, n)| sum.value() / f64::from(n) * 1.1).collect();
    let case = kernel::case("expanding mean x1.1", NOTE, x, due)
        .with(kernel("lagom", x, |x, out| expanding_mean(x, out)))
        .with(kernel("plain loop", x, |x, out| plain_loop(x, out)))
        .with(kernel("ndarray", x, |x, out| {
            let mut out = ArrayViewMut1::from(out);
            out.assign(&ArrayView1::from(x));
            out.accumulate_axis_inplace(Axis(0), |sum, x| *x += sum);
            let mut count = 0.0;
            out.mapv_inplace(|sum| {
                count += 1.0;
                sum / count * 1.1
            });
        }));
    if x.n > 10_000 {
        return case;
    }
    case.with(kernel("original", x, |x, out| original::process_batch(x, out)))
}

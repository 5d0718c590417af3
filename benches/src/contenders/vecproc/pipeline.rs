//! Five operations in a row.

use std::sync::LazyLock;

use lagom_vecproc::Pipeline;
use ndarray::{ArrayView1, ArrayViewMut1, Axis};

use super::kernel::{Elements, case, kernel};
use super::reference;
use crate::case::Case;

/// Off the mean, but for three deviations.
const LIMIT: f64 = 3.0;
const SCALE: f64 = 1.1;

/// What the first four operations make of an element.
fn four(x: f64) -> f64 {
    (x - 100.0).abs().clamp(0.0, LIMIT) * SCALE
}

fn begin() -> Pipeline {
    Pipeline::new().affine(1.0, -100.0).abs().clip(0.0, LIMIT).scale(SCALE)
}

/// One pass for each operation, in place from the second on, as with `out=` in NumPy.
fn four_passes(x: &[f64], out: &mut [f64]) {
    for (out, x) in out.iter_mut().zip(x) {
        *out = x - 100.0;
    }
    out.iter_mut().for_each(|x| *x = x.abs());
    out.iter_mut().for_each(|x| *x = x.clamp(0.0, LIMIT));
    out.iter_mut().for_each(|x| *x *= SCALE);
}

fn four_of_ndarray(x: &[f64], out: &mut ArrayViewMut1<'_, f64>) {
    out.assign(&ArrayView1::from(x));
    *out -= 100.0;
    out.mapv_inplace(f64::abs);
    out.mapv_inplace(|x| x.clamp(0.0, LIMIT));
    *out *= SCALE;
}

pub(super) fn elementwise(x: &Elements) -> Case {
    let note = "Less 100, absolute, clipped, times 1.1, plus 5. `five loops` and ndarray pass over the output five times, `one loop` is all five written as one.";
    case("five elementwise operations", note, x, |x| x.iter().map(|x| four(*x) + 5.0).collect())
        .with(kernel("lagom", x, |x, out| {
            static PIPELINE: LazyLock<Pipeline> = LazyLock::new(|| begin().affine(1.0, 5.0));
            PIPELINE.process_batch(x.as_slice(), out).expect("the lengths agree");
        }))
        .with(kernel("five loops", x, |x, out| {
            four_passes(x, out);
            out.iter_mut().for_each(|x| *x += 5.0);
        }))
        .with(kernel("one loop", x, |x, out| {
            for (out, x) in out.iter_mut().zip(x) {
                *out = four(*x) + 5.0;
            }
        }))
        .with(kernel("ndarray", x, |x, out| {
            let mut out = ArrayViewMut1::from(out);
            four_of_ndarray(x, &mut out);
            out += 5.0;
        }))
}

pub(super) fn with_a_sum(x: &Elements) -> Case {
    let note = "Less 100, absolute, clipped, times 1.1, summed up: by ours with compensation. `five loops` and ndarray pass over the output five times, `one \
                loop` is all five written as one.";
    let due = |x: &[f64]| {
        let four: Vec<f64> = x.iter().map(|x| four(*x)).collect();
        reference::prefixes(&four).map(reference::Exact::value).collect()
    };
    case("five operations with a cumulative sum", note, x, due)
        .with(kernel("lagom", x, |x, out| {
            static PIPELINE: LazyLock<Pipeline> = LazyLock::new(|| begin().cumulative_sum());
            PIPELINE.process_batch(x.as_slice(), out).expect("the lengths agree");
        }))
        .with(kernel("five loops", x, |x, out| {
            four_passes(x, out);
            let mut sum = 0.0;
            out.iter_mut().for_each(|x| {
                sum += *x;
                *x = sum;
            });
        }))
        .with(kernel("one loop", x, |x, out| {
            let mut sum = 0.0;
            for (out, x) in out.iter_mut().zip(x) {
                sum += four(*x);
                *out = sum;
            }
        }))
        .with(kernel("ndarray", x, |x, out| {
            let mut out = ArrayViewMut1::from(out);
            four_of_ndarray(x, &mut out);
            out.accumulate_axis_inplace(Axis(0), |sum, x| *x += sum);
        }))
}

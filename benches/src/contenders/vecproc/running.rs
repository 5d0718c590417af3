//! Results that depend on all elements so far.

use lagom_vecproc::Ewma;
use ndarray::{ArrayView1, ArrayViewMut1, Axis};
use ta::Next;
use ta::indicators::ExponentialMovingAverage;

use super::kernel::{Elements, case, kernel};
use super::polars::{self, Ask};
use super::reference;
use crate::case::Case;

const ALPHA: f64 = 0.1;
/// The span of that alpha, 2 / (span + 1).
const SPAN: usize = 19;

pub(super) fn cumulative_sum(x: &Elements) -> Case {
    let due = |x: &[f64]| reference::prefixes(x).map(reference::Exact::value).collect();
    let note = "Ours compensates for rounding, the others add plainly: in their favour. polars keeps its cumulative sum out of polars-compute.";
    case("cumulative sum", note, x, due)
        .with(kernel("lagom", x, |x, out| {
            lagom_vecproc::cumulative_sum(x.as_slice(), out).expect("the lengths agree");
        }))
        .with(kernel("plain loop", x, |x, out| {
            let mut sum = 0.0;
            for (out, x) in out.iter_mut().zip(x) {
                sum += x;
                *out = sum;
            }
        }))
        .with(kernel("iter().scan()", x, |x, out| {
            let sums = x.iter().scan(0.0, |sum, x| {
                *sum += x;
                Some(*sum)
            });
            out.iter_mut().zip(sums).for_each(|(out, sum)| *out = sum);
        }))
        .with(kernel("ndarray", x, |x, out| {
            let mut out = ArrayViewMut1::from(out);
            out.assign(&ArrayView1::from(x));
            out.accumulate_axis_inplace(Axis(0), |sum, x| *x += sum);
        }))
}

pub(super) fn ewma(x: &Elements) -> Case {
    let due = |x: &[f64]| {
        let averages = x.iter().scan(None, |last: &mut Option<f64>, &x| {
            *last = Some(last.map_or(x, |last| last + ALPHA * (x - last)));
            *last
        });
        averages.collect()
    };
    let note = "alpha = 0.1, the convention that pandas calls adjust=False. In ours: ta takes an element a call, polars-compute \
                takes and gives a missing flag with each element and returns a fresh output.";
    let case = case("EWMA, unadjusted", note, x, due)
        .with(kernel("lagom", x, |x, out| {
            lagom_vecproc::ewma(x.as_slice(), Ewma::alpha(ALPHA).unadjusted(), out).expect("the lengths agree");
        }))
        .with(kernel("plain loop", x, |x, out| {
            let mut last = x[0];
            for (out, x) in out.iter_mut().zip(x) {
                last = ALPHA * x + (1.0 - ALPHA) * last;
                *out = last;
            }
        }))
        .with(kernel("ta", x, |x, out| {
            let mut average = ExponentialMovingAverage::new(SPAN).expect("the span is none of 0");
            for (out, x) in out.iter_mut().zip(x) {
                *out = average.next(*x);
            }
        }));
    polars::join(case, x, Ask::Ewma(ALPHA))
}

//! Numbers in batches.
//!
//! Every contender reads the same slice and writes into a buffer that it is given, so that no one pays for fresh pages.
//! The others add without compensation, ours with: in their favour. Answers are compared with a compensated reference
//! and may differ by 1e-9 of their magnitude.

use std::hint::black_box;
use std::sync::{Arc, LazyLock};

use lagom_vecproc::Pipeline;
use ndarray::{ArrayView1, ArrayViewMut1, Axis, Zip};

use super::{Scale, raw};
use crate::answer::Expected;
use crate::case::{Case, Contender, Worker};
use crate::measure::Batch;

const WINDOW: usize = 50;
const COMPENSATED: &str = "ours compensates for rounding, the others add plainly: in their favour";
const TOLERANCE: f64 = 1e-9;

type Input = Arc<LazyLock<Vec<f64>, Box<dyn FnOnce() -> Vec<f64> + Send>>>;

pub(super) fn cases(scale: Scale) -> Vec<Case> {
    let sizes: &[usize] = match scale {
        Scale::Smoke => &[1_000],
        Scale::Quick => &[1_000, 100_000],
        Scale::Full => &[1_000, 100_000, 10_000_000],
    };
    let mut cases = Vec::new();
    for &n in sizes {
        let x: Input = Arc::new(LazyLock::new(Box::new(move || input(n))));
        cases.push(expanding_mean(&x, n));
        cases.push(rolling_mean(&x, n));
        cases.push(affine(&x, n));
        cases.push(sum(&x, n));
    }
    cases
}

/// Values around 100 that no sum represents exactly.
fn input(n: usize) -> Vec<f64> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let unit = (state >> 11) as f64 / (1_u64 << 53) as f64;
        99.5 + unit
    };
    (0..n).map(|_| next()).collect()
}

fn case(name: &str, note: &'static str, n: usize, x: &Input, reference: fn(&[f64]) -> Vec<f64>) -> Case {
    let x = Arc::clone(x);
    let size = format!("{n:e}");
    Case::new("vecproc", "core", format!("{name}, n = {size}"), |_| 0)
        .note(note)
        .items(n as u64, "ns/element")
        .expected(Expected::values(move || reference(&x), TOLERANCE))
}

/// `operation(x, out)` over and over, with an output of `outputs` elements.
fn kernel(
    name: &str,
    x: &Input,
    outputs: usize,
    operation: impl Fn(&Vec<f64>, &mut [f64]) + Copy + Send + 'static,
) -> Contender {
    let x = Arc::clone(x);
    Contender::from_workers(name, move |threads| {
        (0..threads)
            .map(|_| {
                let x = Arc::clone(&x);
                let mut out = vec![0.0; outputs];
                let worker = move |batch: &mut Batch<'_>| {
                    out.fill(0.0);
                    batch.time(|_| operation(black_box(&x), black_box(&mut out)));
                    batch.answer_values(&out);
                };
                Box::new(worker) as Worker
            })
            .collect()
    })
}

/// Prefix sums with the error of every addition kept (Neumaier 1974).
fn prefix_sums(x: &[f64]) -> impl Iterator<Item = f64> {
    let (mut sum, mut error) = (0.0_f64, 0.0_f64);
    x.iter().map(move |&x| {
        let next = sum + x;
        error += if sum.abs() >= x.abs() { (sum - next) + x } else { (x - next) + sum };
        sum = next;
        sum + error
    })
}

fn expanding_mean(x: &Input, n: usize) -> Case {
    let reference = |x: &[f64]| prefix_sums(x).zip(1_u32..).map(|(sum, n)| sum / f64::from(n) * 1.1).collect();
    let note = "ours compensates for rounding, the others add plainly: in their favour. In ours: ndarray passes over the \
                output three times, having no such operation";
    case("expanding mean x1.1", note, n, x, reference)
        .with(kernel("lagom", x, n, {
            |x, out| {
                static PIPELINE: LazyLock<Pipeline> = LazyLock::new(|| Pipeline::new().expanding_mean().scale(1.1));
                PIPELINE.process_batch(x, out).expect("the lengths agree");
            }
        }))
        .with(kernel("plain loop", x, n, |x, out| {
            let (mut sum, mut count) = (0.0, 0.0);
            for (out, x) in out.iter_mut().zip(x) {
                sum += x;
                count += 1.0;
                *out = sum / count * 1.1;
            }
        }))
        .with(kernel("ndarray", x, n, |x, out| {
            let mut out = ArrayViewMut1::from(out);
            out.assign(&ArrayView1::from(x));
            out.accumulate_axis_inplace(Axis(0), |sum, x| *x += sum);
            let mut count = 0.0;
            out.mapv_inplace(|sum| {
                count += 1.0;
                sum / count * 1.1
            });
        }))
}

fn rolling_mean(x: &Input, n: usize) -> Case {
    let reference = |x: &[f64]| {
        let mean = |window: &[f64]| prefix_sums(window).last().unwrap_or(0.0) / window.len() as f64;
        let full = x.windows(WINDOW).map(mean);
        std::iter::repeat_n(f64::NAN, WINDOW - 1).chain(full).collect()
    };
    let note = "ours compensates for rounding, the plain loop and tea-rolling add and subtract plainly, so that errors \
                stay: in their favour. In ours: ndarray, having no such operation, adds 50 elements for each result";
    case("rolling mean 50", note, n, x, reference)
        .with(kernel("lagom", x, n, |x, out| lagom_vecproc::rolling_mean(x, WINDOW, out).expect("the lengths agree")))
        .with(kernel("plain loop", x, n, |x, out| {
            let count = WINDOW as f64;
            let (head, tail) = out.split_at_mut(WINDOW - 1);
            head.fill(f64::NAN);
            let mut sum: f64 = x[..WINDOW - 1].iter().sum();
            for ((out, enters), leaves) in tail.iter_mut().zip(&x[WINDOW - 1..]).zip(x) {
                sum += enters;
                *out = sum / count;
                sum -= leaves;
            }
        }))
        .with(kernel("ndarray", x, n, |x, out| {
            let (head, tail) = out.split_at_mut(WINDOW - 1);
            head.fill(f64::NAN);
            Zip::from(ArrayViewMut1::from(tail))
                .and(ArrayView1::from(x).windows(WINDOW))
                .for_each(|out, window| *out = window.mean().unwrap_or(f64::NAN));
        }))
        .with(kernel("tea-rolling", x, n, |x, out| raw::tea_rolling_mean(x, WINDOW, out)))
}

fn affine(x: &Input, n: usize) -> Case {
    case("affine", "all write into a given buffer", n, x, |x| x.iter().map(|x| x * 1.8 + 32.0).collect())
        .with(kernel("lagom", x, n, |x, out| lagom_vecproc::affine(x, 1.8, 32.0, out).expect("the lengths agree")))
        .with(kernel("plain loop", x, n, |x, out| {
            for (out, x) in out.iter_mut().zip(x) {
                *out = x * 1.8 + 32.0;
            }
        }))
        .with(kernel("ndarray", x, n, |x, out| {
            Zip::from(ArrayViewMut1::from(out)).and(ArrayView1::from(x)).for_each(|out, x| *out = x * 1.8 + 32.0);
        }))
}

fn sum(x: &Input, n: usize) -> Case {
    case("sum", COMPENSATED, n, x, |x| vec![prefix_sums(x).last().unwrap_or(0.0)])
        .with(kernel("lagom", x, 1, |x, out| out[0] = lagom_vecproc::sum(x)))
        .with(kernel("plain loop", x, 1, |x, out| out[0] = x.iter().sum()))
        .with(kernel("ndarray", x, 1, |x, out| out[0] = ArrayView1::from(x).sum()))
}

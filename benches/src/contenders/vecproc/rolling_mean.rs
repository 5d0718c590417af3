//! The mean of the last 50.

use ndarray::{ArrayView1, ArrayViewMut1, Zip};
use ta::Next;
use ta::indicators::SimpleMovingAverage;

use super::kernel::{self, Elements, fill_head, kernel};
use super::polars::{self, Ask};
use super::{WINDOW, reference};
use crate::case::Case;
use crate::contenders::raw;

const NOTE: &str = "Ours depends on nothing outside the window. The plain loop, tea-rolling and ta add and subtract plainly, so that errors, \
     infinities and NaN stay: in their favour. polars-compute adds and subtracts with compensation (Kahan) and returns a fresh output. In ours: \
     ndarray, having no such operation, adds 50 elements for each result.";

/// The loop that adds what comes and subtracts what goes.
pub(super) fn plain_loop(x: &[f64], out: &mut [f64]) {
    fill_head(out, WINDOW);
    let mut sum: f64 = x[..WINDOW - 1].iter().sum();
    for ((out, enters), leaves) in out[WINDOW - 1..].iter_mut().zip(&x[WINDOW - 1..]).zip(x) {
        sum += enters;
        *out = sum / WINDOW as f64;
        sum -= leaves;
    }
}

pub(super) fn case(x: &Elements) -> Case {
    let case = kernel::case("rolling mean 50", NOTE, x, |x| reference::windows(x, WINDOW, reference::mean))
        .with(kernel("lagom", x, |x, out| {
            lagom_vecproc::rolling_mean(x.as_slice(), WINDOW, out).expect("the lengths agree");
        }))
        .with(kernel("plain loop", x, |x, out| plain_loop(x, out)))
        .with(kernel("ndarray", x, |x, out| {
            fill_head(out, WINDOW);
            Zip::from(ArrayViewMut1::from(&mut out[WINDOW - 1..]))
                .and(ArrayView1::from(x).windows(WINDOW))
                .for_each(|out, window| *out = window.mean().unwrap_or(f64::NAN));
        }))
        .with(kernel("tea-rolling", x, |x, out| raw::tea_rolling_mean(x, WINDOW, out)))
        .with(kernel("ta", x, |x, out| {
            let mut mean = SimpleMovingAverage::new(WINDOW).expect("the window is not 0");
            out.iter_mut().zip(x).for_each(|(out, x)| *out = mean.next(*x));
            fill_head(out, WINDOW);
        }));
    polars::join(case, x, Ask::Mean(WINDOW))
}

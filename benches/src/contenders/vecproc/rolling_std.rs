//! The standard deviation of the last 50.

use super::kernel::{self, Elements, fill_head, kernel};
use super::polars::{self, Ask};
use super::{WINDOW, reference};
use crate::case::Case;
use crate::contenders::raw;

const NOTE: &str = "Sample of n - 1. polars-compute is the accurate peer: it merges partial moments (two stacks) and never subtracts, and returns a fresh \
     output. tea-rolling takes E[x^2] - E[x]^2 from running sums, the loop is Welford's with what leaves taken out again, as bottleneck and pandas do: \
     both keep what they once lost.";

/// Welford's update for an element that comes and one that goes, which bottleneck and pandas (there compensated) use.
pub(super) fn welford_loop(x: &[f64], out: &mut [f64]) {
    fill_head(out, WINDOW);
    let (mut mean, mut squares) = (0.0, 0.0);
    for (n, x) in (1_u32..).zip(&x[..WINDOW]) {
        let off = x - mean;
        mean += off / f64::from(n);
        squares += off * (x - mean);
    }
    let root = |squares: f64| (squares.max(0.0) / (WINDOW - 1) as f64).sqrt();
    out[WINDOW - 1] = root(squares);
    for ((out, enters), leaves) in out[WINDOW..].iter_mut().zip(&x[WINDOW..]).zip(x) {
        let before = mean;
        let moved = enters - leaves;
        mean += moved / WINDOW as f64;
        squares += moved * ((enters - mean) + (leaves - before));
        *out = root(squares);
    }
}

pub(super) fn case(x: &Elements) -> Case {
    let case = kernel::case("rolling std 50", NOTE, x, reference::rolling_std)
        .with(kernel("lagom", x, |x, out| {
            lagom_vecproc::rolling_std(x.as_slice(), WINDOW, 1, out).expect("the lengths agree");
        }))
        .with(kernel("Welford loop", x, |x, out| welford_loop(x, out)))
        .with(kernel("tea-rolling", x, |x, out| raw::tea_rolling_std(x, WINDOW, out)));
    polars::join(case, x, Ask::Std(WINDOW))
}

//! The greatest of the last 50.

use std::collections::VecDeque;

use moving_min_max::MovingMax;
use ta::Next;
use ta::indicators::Maximum;

use super::kernel::{self, Elements, fill_head, kernel};
use super::polars::{self, Ask};
use super::{WINDOW, reference};
use crate::case::Case;
use crate::contenders::raw;

const NOTE: &str = "ta and tea-rolling look through the window when its maximum leaves: quick on data in no order, slow on falling ones. moving_min_max \
     has two stacks, the loop a deque. polars-compute returns a fresh output.";

/// The maximum by a deque of those that may still become it (Lemire 2006).
fn deque(x: &[f64], out: &mut [f64]) {
    let mut greatest: VecDeque<usize> = VecDeque::with_capacity(WINDOW + 1);
    for (i, out) in out.iter_mut().enumerate() {
        while greatest.back().is_some_and(|&at| x[at] <= x[i]) {
            greatest.pop_back();
        }
        greatest.push_back(i);
        if greatest[0] + WINDOW == i {
            greatest.pop_front();
        }
        *out = x[greatest[0]];
    }
    fill_head(out, WINDOW);
}

pub(super) fn case(x: &Elements) -> Case {
    let due =
        |x: &[f64]| reference::windows(x, WINDOW, |window| window.iter().copied().fold(f64::NEG_INFINITY, f64::max));
    let case = kernel::case("rolling max 50", NOTE, x, due)
        .with(kernel("lagom", x, |x, out| {
            lagom_vecproc::rolling_max(x.as_slice(), WINDOW, out).expect("the lengths agree");
        }))
        .with(kernel("deque", x, |x, out| deque(x, out)))
        .with(kernel("ta", x, |x, out| {
            let mut max = Maximum::new(WINDOW).expect("the window is not 0");
            out.iter_mut().zip(x).for_each(|(out, x)| *out = max.next(*x));
            fill_head(out, WINDOW);
        }))
        .with(kernel("moving_min_max", x, |x, out| {
            let mut max = MovingMax::with_capacity(WINDOW);
            for (out, x) in out.iter_mut().zip(x) {
                if max.len() == WINDOW {
                    max.pop();
                }
                max.push(*x);
                *out = max.max().copied().unwrap_or(f64::NAN);
            }
            fill_head(out, WINDOW);
        }))
        .with(kernel("tea-rolling", x, |x, out| raw::tea_rolling_max(x, WINDOW, out)));
    polars::join(case, x, Ask::Max(WINDOW))
}

//! What is hard to add up.

use super::super::kernel::normal;

/// 0.1 over and over: additions err in the same direction for long.
pub(super) fn tenths(n: usize) -> Vec<f64> {
    vec![0.1; n]
}

/// Around 100 with a deviation of 1.
pub(super) fn drawn(n: usize) -> Vec<f64> {
    normal(n)
}

/// Around `mean` with a deviation of 1.
pub(super) fn around(n: usize, mean: f64) -> Vec<f64> {
    normal(n).into_iter().map(|x| x - 100.0 + mean).collect()
}

/// Around 0 with a deviation of 1: sums cancel.
pub(super) fn both_signs(n: usize) -> Vec<f64> {
    around(n, 0.0)
}

/// Around 100, with 1e12 every 1,000 elements.
pub(super) fn spiked(n: usize) -> Vec<f64> {
    let mut x = normal(n);
    x.iter_mut().skip(500).step_by(1000).for_each(|x| *x = 1e12);
    x
}

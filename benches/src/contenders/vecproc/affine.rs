//! Scale and offset.

use ndarray::{ArrayView1, ArrayViewMut1, Zip};

use super::kernel::{self, Elements, kernel};
use crate::case::Case;

pub(super) fn case(x: &Elements) -> Case {
    let due = |x: &[f64]| x.iter().map(|x| x * 1.8 + 32.0).collect();
    kernel::case("affine", "The same work for all.", x, due)
        .with(kernel("lagom", x, |x, out| {
            lagom_vecproc::affine(x.as_slice(), 1.8, 32.0, out).expect("the lengths agree");
        }))
        .with(kernel("plain loop", x, |x, out| {
            for (out, x) in out.iter_mut().zip(x) {
                *out = x * 1.8 + 32.0;
            }
        }))
        .with(kernel("ndarray", x, |x, out| {
            Zip::from(ArrayViewMut1::from(out)).and(ArrayView1::from(x)).for_each(|out, x| *out = x * 1.8 + 32.0);
        }))
}

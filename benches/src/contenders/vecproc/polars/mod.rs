//! polars-compute among the rivals, where it is built: feature `polars`.

#[cfg(feature = "polars")]
mod compute;

use super::accuracy::Operation;
use super::kernel::Elements;
use crate::case::Case;

/// What is asked of polars-compute.
#[derive(Clone, Copy)]
#[cfg_attr(not(feature = "polars"), expect(dead_code, reason = "who would answer is not built"))]
pub(super) enum Ask {
    /// With this alpha, unadjusted.
    Ewma(f64),
    /// Over this window, as those that follow.
    Mean(usize),
    Std(usize),
    Max(usize),
    Median(usize),
    Sum,
    Variance,
    MinMax,
}

/// The case with it.
pub(super) fn join(case: Case, x: &Elements, ask: Ask) -> Case {
    #[cfg(feature = "polars")]
    return case.with(compute::contender(x, ask));
    #[cfg(not(feature = "polars"))]
    {
        let _ = (x, ask);
        case
    }
}

/// `ask` as an operation with its output.
pub(super) fn operation(ask: Ask) -> Option<(&'static str, Operation)> {
    #[cfg(feature = "polars")]
    return Some((
        compute::NAME,
        Box::new(move |x, out| out.copy_from_slice(&compute::answer(&compute::column(x), ask))),
    ));
    #[cfg(not(feature = "polars"))]
    {
        let _ = ask;
        None
    }
}

//! Numbers in batches.
//!
//! Every contender reads the same elements, around 100 with a deviation of 1, and writes into a buffer that it is given;
//! who can only return a fresh one does, and the case's note says so. Inputs and outputs of 4 MiB and more lie on large
//! pages. Outputs are compared with references that err by less than a few units in the last place, and may differ by
//! 1e-9 of their magnitude; a rival whose output differs by more is marked and no longer counted.

mod accuracy;
mod affine;
mod expanding_mean;
mod file;
mod instruction_sets;
mod kernel;
mod original;
mod parallel;
mod pipeline;
mod polars;
mod reductions;
mod reference;
mod rolling_max;
mod rolling_mean;
mod rolling_median;
mod rolling_std;
mod running;
mod sums;

pub(crate) use self::file::alone;

use self::kernel::Elements;
use super::Scale;
use crate::case::Case;

/// The window of most rolling cases.
const WINDOW: usize = 50;

pub(super) fn cases(scale: Scale) -> Vec<Case> {
    let sizes: &[usize] = match scale {
        Scale::Smoke => &[1_000],
        Scale::Quick => &[1_000, 100_000],
        Scale::Full => &[1_000, 100_000, 10_000_000],
    };
    let mut cases = Vec::new();
    for &n in sizes {
        let x = Elements::new(n);
        cases.extend([expanding_mean::case(&x), running::cumulative_sum(&x), running::ewma(&x)]);
        cases.extend([rolling_mean::case(&x), rolling_std::case(&x), rolling_max::case(&x)]);
        cases.push(rolling_median::case::<WINDOW>(&x));
        cases.extend((n > 1001).then(|| rolling_median::case::<1001>(&x)));
        cases.extend([affine::case(&x), sums::plain(&x), sums::compensated(&x)]);
        cases.extend([reductions::variance(&x), reductions::min_max(&x), reductions::argmin_argmax(&x)]);
        cases.extend([pipeline::elementwise(&x), pipeline::with_a_sum(&x)]);
    }
    // A thread takes at least 65,536 elements at a time.
    let many = match scale {
        Scale::Smoke => 200_000,
        Scale::Quick => 4_000_000,
        Scale::Full => 10_000_000,
    };
    cases.extend(parallel::cases(&Elements::new(many)));
    cases.extend(accuracy::cases());
    cases.extend(instruction_sets::cases(sizes));
    cases.push(file::case(scale));
    cases
}

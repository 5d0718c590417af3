//! Whether something is missing.

use crate::arch::{Kernel, LANES, Vector, dispatch};

/// Whether there is a NaN.
pub(crate) fn has_nan(x: &[f64]) -> bool {
    let (groups, rest) = x.as_chunks::<LANES>();
    rest.iter().any(|x| x.is_nan()) || dispatch(HasNan(groups))
}

struct HasNan<'a>(&'a [[f64; LANES]]);

impl Kernel for HasNan<'_> {
    type Output = bool;

    #[inline(always)]
    fn run<V: Vector>(self) -> bool {
        let mut nan = V::splat(0.0).is_nan();
        for x in self.0 {
            nan = V::either(nan, V::load(x).is_nan());
        }
        V::any(nan)
    }
}

//! Running extremes.

use super::Scan;
use super::rows::run_along;
use crate::arch::{LANES, Vector};
use crate::stage::Archive;

/// NaN from the first NaN on.
#[derive(Debug, Clone)]
pub(crate) struct Maximum(f64);

/// NaN from the first NaN on.
#[derive(Debug, Clone)]
pub(crate) struct Minimum(f64);

impl Maximum {
    pub(crate) const fn new() -> Self {
        Self(f64::NEG_INFINITY)
    }
}

impl Minimum {
    pub(crate) const fn new() -> Self {
        Self(f64::INFINITY)
    }
}

/// Of equals (0.0 and -0.0) every order of application gives the last, so that rows may be taken in any.
macro_rules! block {
    ($state:expr, $rows:ident, $none:expr, $of:ident, $of_any:ident) => {{
        let start = V::splat($state);
        let mut missing = start.is_nan();
        for row in &$rows {
            missing = V::either(missing, row.is_nan());
        }
        if V::any(missing) {
            let (mut rows, before, all) = run_along!($rows, V::splat($none), $of_any);
            for (row, before) in rows.iter_mut().zip(before) {
                *row = start.$of_any(before).$of_any(*row);
            }
            $state = start.$of_any(all).first();
            return rows;
        }
        let (mut rows, before, all) = run_along!($rows, V::splat($none), $of);
        for (row, before) in rows.iter_mut().zip(before) {
            *row = start.$of(before).$of(*row);
        }
        $state = start.$of(all).first();
        rows
    }};
}

impl Scan for Maximum {
    #[inline(always)]
    fn block<V: Vector>(&mut self, rows: [V; LANES]) -> [V; LANES] {
        block!(self.0, rows, f64::NEG_INFINITY, max, max_or_nan)
    }

    fn exchange(&mut self, archive: &mut Archive) {
        archive.f64(&mut self.0);
    }
}

impl Scan for Minimum {
    #[inline(always)]
    fn block<V: Vector>(&mut self, rows: [V; LANES]) -> [V; LANES] {
        block!(self.0, rows, f64::INFINITY, min, min_or_nan)
    }

    fn exchange(&mut self, archive: &mut Archive) {
        archive.f64(&mut self.0);
    }
}

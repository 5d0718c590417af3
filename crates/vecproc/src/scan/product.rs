//! Running products.

use super::Scan;
use super::rows::run_along;
use crate::arch::{LANES, Vector};
use crate::stage::Archive;

#[derive(Debug, Clone)]
pub(crate) struct Product(f64);

impl Product {
    pub(crate) const fn new() -> Self {
        Self(1.0)
    }
}

impl Scan for Product {
    #[inline(always)]
    fn block<V: Vector>(&mut self, rows: [V; LANES]) -> [V; LANES] {
        let (mut rows, before, all) = run_along!(rows, V::splat(1.0), mul);
        let start = V::splat(self.0);
        for (row, before) in rows.iter_mut().zip(before) {
            *row = start.mul(before).mul(*row);
        }
        self.0 = start.mul(all).first();
        rows
    }

    fn exchange(&mut self, archive: &mut Archive) {
        archive.f64(&mut self.0);
    }
}

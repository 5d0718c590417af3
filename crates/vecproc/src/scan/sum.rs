//! Running sums, compensated.

use super::Scan;
use super::rows::run_along;
use crate::arch::{LANES, Vector};
use crate::stage::Archive;

/// The sum of all blocks before, as the unevaluated pair `hi + lo`.
///
/// What rounding takes when a block is added is kept (TwoSum: Møller 1965, Knuth 1969). Within a block an element is part
/// of nine rounded sums at most (three in its row, four of rows, two with what is before), and the sum of a block is one of
/// six, so `|error| <= u |sum| + 10 u Σ|x|`, whatever the length.
#[derive(Debug, Clone)]
pub(crate) struct Sum {
    hi: f64,
    lo: f64,
}

impl Sum {
    pub(crate) const fn new() -> Self {
        // Not 0.0: the one value that every other survives being added to.
        Self { hi: -0.0, lo: -0.0 }
    }
}

/// `a + b` and the exact error of that; the error is NaN where the sum is not finite.
#[inline(always)]
pub(crate) fn two_sum<V: Vector>(a: V, b: V) -> (V, V) {
    let sum = a.add(b);
    let b_seen = sum.sub(a);
    (sum, a.sub(sum.sub(b_seen)).add(b.sub(b_seen)))
}

impl Scan for Sum {
    #[inline(always)]
    fn block<V: Vector>(&mut self, rows: [V; LANES]) -> [V; LANES] {
        let (mut rows, before, all) = run_along!(rows, V::splat(-0.0), add);
        let (hi, lo) = (V::splat(self.hi), V::splat(self.lo));
        for (row, before) in rows.iter_mut().zip(before) {
            *row = hi.add(row.add(lo.add(before)));
        }
        let (end, error) = two_sum(hi, all);
        self.hi = end.first();
        // Not an error of 0.0, which would turn a sum of -0.0; nor NaN, the error of a sum that is not finite.
        let kept = V::splat(0.0).lt(error.abs());
        self.lo = V::select(kept, lo.add(error), lo).first();
        rows
    }

    fn exchange(&mut self, archive: &mut Archive) {
        archive.f64(&mut self.hi);
        archive.f64(&mut self.lo);
    }
}

/// The sum so far over the count so far.
#[derive(Debug, Clone)]
pub(crate) struct Mean {
    sum: Sum,
    count: f64,
}

impl Mean {
    pub(crate) const fn new() -> Self {
        Self { sum: Sum::new(), count: 0.0 }
    }
}

/// 1, 2, …
pub(super) const STEPS: [f64; LANES] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];

impl Scan for Mean {
    #[inline(always)]
    fn block<V: Vector>(&mut self, rows: [V; LANES]) -> [V; LANES] {
        let mut rows = self.sum.block(rows);
        // Exact up to 2^53 elements, as is the sum with a step.
        let mut count = V::splat(self.count).add(V::load(&STEPS));
        for row in &mut rows {
            *row = row.div(count);
            count = count.add(V::splat(LANES as f64));
        }
        self.count += super::BLOCK as f64;
        rows
    }

    fn exchange(&mut self, archive: &mut Archive) {
        self.sum.exchange(archive);
        archive.f64(&mut self.count);
    }
}

//! Sums and means.

use super::{Aggregate, Counts};
use crate::arch::Vector;

#[derive(Debug, Clone)]
pub(crate) struct Sum;

/// Means of means: the mean of equal elements is that element.
#[derive(Debug, Clone)]
pub(crate) struct Mean;

impl Aggregate<1> for Sum {
    type WithNan = Self;

    #[inline(always)]
    fn one<V: Vector>(&self, x: V) -> [V; 1] {
        [x]
    }

    #[inline(always)]
    fn twice<V: Vector>(&self, before: [V; 1], after: [V; 1], _: f64) -> [V; 1] {
        [before[0].add(after[0])]
    }

    #[inline(always)]
    fn both<V: Vector>(&self, before: [V; 1], after: [V; 1], _: &Counts) -> [V; 1] {
        [before[0].add(after[0])]
    }

    #[inline(always)]
    fn finish<V: Vector>(&self, all: [V; 1], _: V) -> V {
        all[0]
    }
}

impl Aggregate<1> for Mean {
    type WithNan = Self;

    #[inline(always)]
    fn one<V: Vector>(&self, x: V) -> [V; 1] {
        [x]
    }

    #[inline(always)]
    fn twice<V: Vector>(&self, before: [V; 1], after: [V; 1], _: f64) -> [V; 1] {
        [before[0].add(after[0]).mul(V::splat(0.5))]
    }

    #[inline(always)]
    fn both<V: Vector>(&self, [before]: [V; 1], [after]: [V; 1], counts: &Counts) -> [V; 1] {
        let mean = before.add(after.sub(before).mul(V::splat(counts.share)));
        // There is no way back from an infinity, nor a distance between two.
        [V::select(mean.is_nan(), before.add(after), mean)]
    }

    #[inline(always)]
    fn finish<V: Vector>(&self, all: [V; 1], _: V) -> V {
        all[0]
    }
}

//! Windows in which elements may be missing: what is there counts, if there is enough of it.
//!
//! Before the first element of a stream all are missing, which is what memory begins with: a count of 0.

use super::{Aggregate, Counts, Spread};
use crate::arch::Vector;

/// What is made of the elements that are there; together with how many there are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Sum,
    Mean,
}

#[derive(Debug, Clone)]
pub(crate) struct PresentSum {
    kind: Kind,
    needed: f64,
}

#[derive(Debug, Clone)]
pub(crate) struct PresentExtreme {
    is_maximum: bool,
    needed: f64,
}

#[derive(Debug, Clone)]
pub(crate) struct PresentMoments {
    spread: Spread,
    ddof: f64,
    needed: f64,
}

impl PresentSum {
    pub(crate) fn new(kind: Kind, needed: usize) -> Self {
        Self { kind, needed: needed as f64 }
    }
}

impl PresentExtreme {
    pub(crate) fn new(is_maximum: bool, needed: usize) -> Self {
        Self { is_maximum, needed: needed as f64 }
    }
}

impl PresentMoments {
    pub(crate) fn new(spread: Spread, ddof: usize, needed: usize) -> Self {
        Self { spread, ddof: ddof as f64, needed: needed as f64 }
    }
}

/// `(x or 0.0, 1.0 or 0.0)`.
#[inline(always)]
fn present<V: Vector>(x: V) -> [V; 2] {
    let none = V::splat(0.0);
    [V::select(x.is_nan(), none, x), V::select(x.is_nan(), none, V::splat(1.0))]
}

/// The result where as many are there as are needed; of nothing there is none.
#[inline(always)]
fn enough<V: Vector>(count: V, needed: f64, result: V) -> V {
    V::select(count.lt(V::splat(needed.max(1.0))), V::splat(f64::NAN), result)
}

impl Aggregate<2> for PresentSum {
    type WithNan = Self;
    const COUNTS: bool = true;

    #[inline(always)]
    fn one<V: Vector>(&self, x: V) -> [V; 2] {
        present(x)
    }

    #[inline(always)]
    fn twice<V: Vector>(&self, before: [V; 2], after: [V; 2], _: f64) -> [V; 2] {
        [before[0].add(after[0]), before[1].add(after[1])]
    }

    #[inline(always)]
    fn both<V: Vector>(&self, before: [V; 2], after: [V; 2], _: &Counts) -> [V; 2] {
        self.twice(before, after, 0.0)
    }

    #[inline(always)]
    fn finish<V: Vector>(&self, [sum, count]: [V; 2], _: V) -> V {
        match self.kind {
            Kind::Sum => enough(count, self.needed, sum),
            Kind::Mean => enough(count, self.needed, sum.div(count)),
        }
    }
}

impl Aggregate<2> for PresentExtreme {
    type WithNan = Self;
    const COUNTS: bool = true;

    #[inline(always)]
    fn one<V: Vector>(&self, x: V) -> [V; 2] {
        present(x)
    }

    #[inline(always)]
    fn twice<V: Vector>(&self, before: [V; 2], after: [V; 2], _: f64) -> [V; 2] {
        let none = V::splat(0.0);
        let extreme = if self.is_maximum { before[0].max(after[0]) } else { before[0].min(after[0]) };
        let extreme = V::select(before[1].eq(none), after[0], extreme);
        [V::select(after[1].eq(none), before[0], extreme), before[1].add(after[1])]
    }

    #[inline(always)]
    fn both<V: Vector>(&self, before: [V; 2], after: [V; 2], _: &Counts) -> [V; 2] {
        self.twice(before, after, 0.0)
    }

    #[inline(always)]
    fn finish<V: Vector>(&self, [extreme, count]: [V; 2], _: V) -> V {
        enough(count, self.needed, extreme)
    }
}

impl Aggregate<3> for PresentMoments {
    type WithNan = Self;
    const COUNTS: bool = true;

    #[inline(always)]
    fn one<V: Vector>(&self, x: V) -> [V; 3] {
        let [x, count] = present(x);
        [x, V::splat(0.0), count]
    }

    #[inline(always)]
    fn twice<V: Vector>(&self, before: [V; 3], after: [V; 3], _: f64) -> [V; 3] {
        let none = V::splat(0.0);
        let count = before[2].add(after[2]);
        // Of two times nothing, nothing.
        let share = V::select(count.eq(none), none, after[2].div(count));
        // From nothing there is no distance, however great the other is.
        let one_is_none = V::either(before[2].eq(none), after[2].eq(none));
        let difference = V::select(one_is_none, none, after[0].sub(before[0]));
        let squares = difference.mul(difference).mul(before[2].mul(share));
        let mean = V::select(before[2].eq(none), after[0], before[0].add(difference.mul(share)));
        [mean, before[1].add(after[1]).add(squares), count]
    }

    #[inline(always)]
    fn both<V: Vector>(&self, before: [V; 3], after: [V; 3], _: &Counts) -> [V; 3] {
        self.twice(before, after, 0.0)
    }

    #[inline(always)]
    fn finish<V: Vector>(&self, [mean, squares, count]: [V; 3], x: V) -> V {
        let variance = squares.div(count.sub(V::splat(self.ddof)));
        enough(count, self.needed.max(self.ddof + 1.0), self.spread.of(mean, variance, x))
    }
}

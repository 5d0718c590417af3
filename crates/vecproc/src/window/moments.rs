//! Variances, and what is made of them.

use super::{Aggregate, Counts};
use crate::arch::Vector;

/// What is made of mean and squares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Spread {
    Variance,
    StandardDeviation,
    /// The distance of the last element from the mean, in standard deviations.
    ZScore,
}

impl Spread {
    #[inline(always)]
    pub(super) fn of<V: Vector>(self, mean: V, variance: V, x: V) -> V {
        // Of infinities there is none: their mean less itself is NaN, of all others 0.
        let variance = variance.add(mean.sub(mean));
        match self {
            Self::Variance => variance,
            Self::StandardDeviation => variance.sqrt(),
            Self::ZScore => x.sub(mean).div(variance.sqrt()),
        }
    }
}

/// Mean and sum of the squares of the distances from it (Chan, Golub and LeVeque 1983).
///
/// The squares are sums of squares: never negative, and 0 where all elements are equal.
#[derive(Debug, Clone)]
pub(crate) struct Moments {
    spread: Spread,
    divisor: f64,
}

impl Moments {
    pub(crate) fn new(spread: Spread, window: usize, ddof: usize) -> Self {
        // Of a window that has no more elements than degrees of freedom there is none.
        let divisor = if window > ddof { (window - ddof) as f64 } else { f64::NAN };
        Self { spread, divisor }
    }
}

impl Aggregate<2> for Moments {
    type WithNan = Self;

    #[inline(always)]
    fn one<V: Vector>(&self, x: V) -> [V; 2] {
        [x, V::splat(0.0)]
    }

    #[inline(always)]
    fn twice<V: Vector>(&self, before: [V; 2], after: [V; 2], each: f64) -> [V; 2] {
        let difference = after[0].sub(before[0]);
        let squares = difference.mul(difference).mul(V::splat(each * 0.5));
        [before[0].add(after[0]).mul(V::splat(0.5)), before[1].add(after[1]).add(squares)]
    }

    #[inline(always)]
    fn both<V: Vector>(&self, before: [V; 2], after: [V; 2], counts: &Counts) -> [V; 2] {
        let difference = after[0].sub(before[0]);
        let squares = difference.mul(difference).mul(V::splat(counts.weight));
        [before[0].add(difference.mul(V::splat(counts.share))), before[1].add(after[1]).add(squares)]
    }

    #[inline(always)]
    fn finish<V: Vector>(&self, all: [V; 2], x: V) -> V {
        self.spread.of(all[0], all[1].div(V::splat(self.divisor)), x)
    }
}

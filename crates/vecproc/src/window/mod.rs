//! Operations over the last so many elements.
//!
//! Nothing is ever subtracted. What the last 2, 4, 8, … elements come to is found by doubling, for every element at once
//! and independently of all others; the window is put together from the powers of two that its length is made of. So a
//! result is a function of the elements of its window alone, in the same order of operations wherever it lies, at a
//! cost that grows with the logarithm of the window.

mod doubling;
mod extremes;
mod moments;
mod present;
mod sum;

use crate::arch::Vector;
pub(crate) use doubling::Window;
pub(crate) use extremes::{Maximum, Minimum};
pub(crate) use moments::{Moments, Spread};
pub(crate) use present::{Kind, PresentExtreme, PresentMoments, PresentSum};
pub(crate) use sum::{Mean, Sum};

/// What neighbours come to together, as `P` numbers. All must be `#[inline(always)]`.
pub(crate) trait Aggregate<const P: usize>: Clone {
    /// The same, but for NaNs in the windows.
    type WithNan: Aggregate<P>;

    /// Whether it counts what is there, and so tells by itself when a window is not full.
    const COUNTS: bool = false;

    /// The other, if where there are NaNs it takes another.
    fn with_nan(&self) -> Option<Self::WithNan> {
        None
    }

    /// Of one element.
    fn one<V: Vector>(&self, x: V) -> [V; P];

    /// Of two runs of as many neighbours.
    fn twice<V: Vector>(&self, before: [V; P], after: [V; P], each: f64) -> [V; P];

    /// Of two runs of neighbours.
    fn both<V: Vector>(&self, before: [V; P], after: [V; P], counts: &Counts) -> [V; P];

    /// The result of a window whose last element is `x`.
    fn finish<V: Vector>(&self, all: [V; P], x: V) -> V;
}

/// How many elements two runs have, for those that weigh by it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counts {
    /// The share of the later run in all.
    share: f64,
    /// The product of the two over their sum.
    weight: f64,
}

impl Counts {
    #[inline(always)]
    fn of(before: usize, after: usize) -> Self {
        let (before, after) = (before as f64, after as f64);
        Self { share: after / (before + after), weight: before * after / (before + after) }
    }
}

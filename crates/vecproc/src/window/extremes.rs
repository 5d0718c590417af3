//! Least and greatest.

use super::{Aggregate, Counts};
use crate::arch::Vector;

#[derive(Debug, Clone)]
pub(crate) struct Maximum;

#[derive(Debug, Clone)]
pub(crate) struct Minimum;

#[derive(Debug, Clone)]
pub(crate) struct MaximumOrNan;

#[derive(Debug, Clone)]
pub(crate) struct MinimumOrNan;

macro_rules! extreme {
    ($aggregate:ident, $of:ident, $with_nan:ident, $other:expr) => {
        impl Aggregate<1> for $aggregate {
            type WithNan = $with_nan;

            fn with_nan(&self) -> Option<$with_nan> {
                $other
            }

            #[inline(always)]
            fn one<V: Vector>(&self, x: V) -> [V; 1] {
                [x]
            }

            #[inline(always)]
            fn twice<V: Vector>(&self, before: [V; 1], after: [V; 1], _: f64) -> [V; 1] {
                [before[0].$of(after[0])]
            }

            #[inline(always)]
            fn both<V: Vector>(&self, before: [V; 1], after: [V; 1], _: &Counts) -> [V; 1] {
                [before[0].$of(after[0])]
            }

            #[inline(always)]
            fn finish<V: Vector>(&self, all: [V; 1], _: V) -> V {
                all[0]
            }
        }
    };
}

extreme!(Maximum, max, MaximumOrNan, Some(MaximumOrNan));
extreme!(Minimum, min, MinimumOrNan, Some(MinimumOrNan));
extreme!(MaximumOrNan, max_or_nan, Self, None);
extreme!(MinimumOrNan, min_or_nan, Self, None);

//! Running variances.

use super::sum::STEPS;
use super::{BLOCK, Scan};
use crate::arch::{Group, LANES, Vector};
use crate::stage::Archive;

/// The mean so far and the sum of the squares of the distances from it (Chan, Golub and LeVeque 1983).
#[derive(Debug, Clone)]
pub(crate) struct Variance {
    count: f64,
    mean: f64,
    squares: f64,
    ddof: f64,
    /// Whether roots are asked for, standard deviations.
    is_root: bool,
}

impl Variance {
    pub(crate) fn new(ddof: usize, is_root: bool) -> Self {
        Self { count: 0.0, mean: 0.0, squares: 0.0, ddof: ddof as f64, is_root }
    }
}

/// Means and squares.
type Moments<V> = (V, V);

/// Two samples made one: of `b`'s share of the elements, and half the harmonic mean of the counts.
#[inline(always)]
fn combine<V: Vector>(a: Moments<V>, b: Moments<V>, share: V, weight: V) -> Moments<V> {
    let difference = b.0.sub(a.0);
    (a.0.add(difference.mul(share)), a.1.add(b.1).add(difference.mul(difference.mul(weight))))
}

/// Of lanes that hold what ends there, up to `2 * k` elements of a row: `(share, weight)` for a step by `k`, whose lower
/// lanes have only `i + 1 - k` elements before them, or none: they meet themselves, and stay.
const fn step(k: usize) -> (Group, Group) {
    let (mut share, mut weight) = ([0.0; LANES], [0.0; LANES]);
    let mut i = k;
    while i < LANES {
        let b = k as f64;
        let a = if i + 1 - k < k { (i + 1 - k) as f64 } else { b };
        share[i] = b / (a + b);
        weight[i] = a * b / (a + b);
        i += 1;
    }
    (share, weight)
}

const STEP1: (Group, Group) = step(1);
const STEP2: (Group, Group) = step(2);
const STEP4: (Group, Group) = step(4);

impl Scan for Variance {
    #[inline(always)]
    fn block<V: Vector>(&mut self, mut rows: [V; LANES]) -> [V; LANES] {
        let mut start = (V::splat(self.mean), V::splat(self.squares));
        let mut count = V::splat(self.count);
        let ddof = V::splat(self.ddof);
        let steps = V::load(&STEPS);
        for row in &mut rows {
            let mut own = (*row, V::splat(0.0));
            macro_rules! step {
                ($k:literal, $weights:expr) => {
                    let before = (own.0.up::<$k>(own.0), own.1.up::<$k>(V::splat(0.0)));
                    own = combine(before, own, V::load(&$weights.0), V::load(&$weights.1));
                };
            }
            step!(1, STEP1);
            step!(2, STEP2);
            step!(4, STEP4);
            let all = count.add(steps);
            let share = steps.div(all);
            let result = combine(start, own, share, count.mul(share));
            start = (result.0.last(), result.1.last());
            count = count.add(V::splat(LANES as f64));
            // Of too few elements there is none.
            let divisor = all.sub(ddof);
            let divisor = V::select(V::splat(0.0).lt(divisor), divisor, V::splat(f64::NAN));
            // Nor of infinities: their mean less itself is NaN, of all others 0.
            let variance = result.1.div(divisor).add(result.0.sub(result.0));
            *row = if self.is_root { variance.sqrt() } else { variance };
        }
        self.mean = start.0.first();
        self.squares = start.1.first();
        self.count += BLOCK as f64;
        rows
    }

    fn exchange(&mut self, archive: &mut Archive) {
        archive.f64(&mut self.count);
        archive.f64(&mut self.mean);
        archive.f64(&mut self.squares);
    }
}

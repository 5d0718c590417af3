//! Exponentially weighted sums.

use super::Scan;
use crate::arch::{Group, LANES, Vector};
use crate::stage::Archive;

/// `y = decay * y + gain * x`.
///
/// The same three steps as a running sum, with what is before made smaller by a power of the decay.
#[derive(Debug, Clone)]
pub(crate) struct Ewma {
    /// `decay` to the power of 1, 2, … 8.
    powers: Group,
    /// To the power of 8, 16, … 64.
    row_powers: Group,
    gain: f64,
    y: f64,
}

impl Ewma {
    pub(crate) fn new(decay: f64, gain: f64, y: f64) -> Self {
        let mut powers = [decay; LANES];
        for i in 1..LANES {
            // From the halves, as exact as can be.
            powers[i] = powers[i / 2] * powers[i - i / 2 - 1];
        }
        let mut row_powers = [powers[LANES - 1]; LANES];
        for i in 1..LANES {
            row_powers[i] = row_powers[i / 2] * row_powers[i - i / 2 - 1];
        }
        Self { powers, row_powers, gain, y }
    }
}

impl Scan for Ewma {
    #[inline(always)]
    fn block<V: Vector>(&mut self, mut rows: [V; LANES]) -> [V; LANES] {
        let none = V::splat(0.0);
        let (one, two, four) = (V::splat(self.powers[0]), V::splat(self.powers[1]), V::splat(self.powers[3]));
        for row in &mut rows {
            *row = row.mul(V::splat(self.gain));
            *row = row.up::<1>(none).mul(one).add(*row);
            *row = row.up::<2>(none).mul(two).add(*row);
            *row = row.up::<4>(none).mul(four).add(*row);
        }
        let ends = [
            rows[0].last(),
            rows[1].last(),
            rows[2].last(),
            rows[3].last(),
            rows[4].last(),
            rows[5].last(),
            rows[6].last(),
            rows[7].last(),
        ];
        let [row1, row2, _, row4, ..] = self.row_powers;
        let (row1, row2, row4) = (V::splat(row1), V::splat(row2), V::splat(row4));
        let (to1, to3) = (ends[0].mul(row1).add(ends[1]), ends[2].mul(row1).add(ends[3]));
        let (to5, to7) = (ends[4].mul(row1).add(ends[5]), ends[6].mul(row1).add(ends[7]));
        let to2 = to1.mul(row1).add(ends[2]);
        let (to3, to7) = (to1.mul(row2).add(to3), to5.mul(row2).add(to7));
        let (to4, to5, to7) = (to3.mul(row1).add(ends[4]), to3.mul(row2).add(to5), to3.mul(row4).add(to7));
        let to6 = to5.mul(row1).add(ends[6]);
        let before = [none, ends[0], to1, to2, to3, to4, to5, to6];
        let start = V::splat(self.y);
        let powers = V::load(&self.powers);
        rows[0] = start.mul(powers).add(rows[0]);
        for j in 1..LANES {
            let before = start.mul(V::splat(self.row_powers[j - 1])).add(before[j]);
            rows[j] = before.mul(powers).add(rows[j]);
        }
        self.y = start.mul(V::splat(self.row_powers[LANES - 1])).add(to7).first();
        rows
    }

    fn exchange(&mut self, archive: &mut Archive) {
        archive.f64(&mut self.y);
    }
}

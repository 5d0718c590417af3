//! Exponentially weighted sums.

use super::Scan;
use crate::arch::{Group, LANES, Vector};
use crate::stage::Archive;

/// `y = decay * y + gain * x`.
///
/// By doubling: what the last 2, 4, 8, 16 elements come to, each from two of the half, of which the older is made smaller
/// by a power of the decay. A result is that of the last 16 and the result 16 elements ago, which lies in the same lane,
/// so that only every other row waits for one before it.
#[derive(Debug, Clone)]
pub(crate) struct Ewma {
    /// `decay` to the power of 1, 2, 4, 8, 16.
    powers: [f64; 5],
    gain: f64,
    /// Of the last row: its elements and what the last 2, 4, 8 came to.
    sums: [Group; 4],
    /// Of the last two rows.
    results: [Group; 2],
}

impl Ewma {
    pub(crate) fn new(decay: f64, gain: f64, y: f64) -> Self {
        let mut powers = [decay; 5];
        for i in 1..powers.len() {
            powers[i] = powers[i - 1] * powers[i - 1];
        }
        // As if `y` had been the one element before.
        let mut last = [0.0; LANES];
        last[LANES - 1] = y;
        Self { powers, gain, sums: [last; 4], results: [[0.0; LANES], last] }
    }
}

impl Scan for Ewma {
    #[inline(always)]
    fn block<V: Vector>(&mut self, mut rows: [V; LANES]) -> [V; LANES] {
        let [one, two, four, eight, sixteen] = self.powers;
        let [one, two, four] = [V::splat(one), V::splat(two), V::splat(four)];
        let [eight, sixteen] = [V::splat(eight), V::splat(sixteen)];
        let gain = V::splat(self.gain);
        let [of1, of2, of4, of8] = &self.sums;
        let (mut of1, mut of2, mut of4, mut of8) = (V::load(of1), V::load(of2), V::load(of4), V::load(of8));
        let [earlier, last] = &self.results;
        let (mut earlier, mut last) = (V::load(earlier), V::load(last));
        for row in &mut rows {
            let x = row.mul(gain);
            let pair = x.after::<1>(of1).mul(one).add(x);
            let quad = pair.after::<2>(of2).mul(two).add(pair);
            let oct = quad.after::<4>(of4).mul(four).add(quad);
            let result = earlier.mul(sixteen).add(of8.mul(eight).add(oct));
            (of1, of2, of4, of8) = (x, pair, quad, oct);
            (earlier, last) = (last, result);
            *row = result;
        }
        let [sum1, sum2, sum4, sum8] = &mut self.sums;
        of1.store(sum1);
        of2.store(sum2);
        of4.store(sum4);
        of8.store(sum8);
        let [before, result] = &mut self.results;
        earlier.store(before);
        last.store(result);
        rows
    }

    fn exchange(&mut self, archive: &mut Archive) {
        archive.f64s(self.sums.as_flattened_mut());
        archive.f64s(self.results.as_flattened_mut());
    }
}

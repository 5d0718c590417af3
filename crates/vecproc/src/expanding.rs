//! The mean of everything so far.

use crate::compensated::{Accumulator, GROUP, Pair};
use crate::error::LengthError;
use crate::mean::Count;
use crate::tiles::by_tiles;

/// Writes the mean of `x[..=i]` to `out[i]`.
///
/// `out` must be as long as `x`. O(n) time, no allocation. For a stream of chunks see [`ExpandingMean`], whose results
/// are the same to the last bit.
///
/// # Accuracy
///
/// With `u = 2^-53` and `n = i + 1`, `|error| <= u |mean| + 24 (n + 40) u² mean(|x[..=i]|)`: half a unit in the last
/// place at any length, unless values of both signs cancel. The mean of equal values is exactly that value. Holds while
/// no running sum comes within a factor 2 of `f64::MAX`; a sum beyond it makes the means infinite (or NaN) from there
/// on. Subnormal means may err by `2^-1074` more.
///
/// A NaN makes every mean from its place on NaN; an infinity makes them that infinity, NaN when both signs came.
///
/// # Errors
///
/// [`LengthError`] when `out` and `x` differ in length; nothing is written then.
///
/// # Examples
///
/// ```
/// let mut out = [0.0; 3];
/// lagom_vecproc::expanding_mean(&[1.0, 3.0, 8.0], &mut out)?;
/// assert_eq!(out, [1.0, 2.0, 4.0]);
/// # Ok::<(), lagom_vecproc::LengthError>(())
/// ```
pub fn expanding_mean(x: &[f64], out: &mut [f64]) -> Result<(), LengthError> {
    ExpandingMean::new().process(x, out)
}

/// [`expanding_mean`] into a new vector.
///
/// # Examples
///
/// ```
/// assert_eq!(lagom_vecproc::expanding_mean_to_vec(&[1.0, 3.0, 8.0]), [1.0, 2.0, 4.0]);
/// ```
#[must_use]
pub fn expanding_mean_to_vec(x: &[f64]) -> Vec<f64> {
    let mut out = x.to_vec();
    ExpandingMean::new().process_in_place(&mut out);
    out
}

/// The state of an [`expanding_mean`] over a stream: however the stream is cut into chunks, the results are the same
/// to the last bit.
///
/// A few words of memory, whatever the length of the stream.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::ExpandingMean;
///
/// let mut mean = ExpandingMean::new();
/// let mut out = [0.0; 2];
/// mean.process(&[1.0, 3.0], &mut out)?;
/// assert_eq!(out, [1.0, 2.0]);
/// assert_eq!(mean.push(8.0), 4.0);
/// # Ok::<(), lagom_vecproc::LengthError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ExpandingMean {
    sum: Accumulator,
    count: u64,
}

impl ExpandingMean {
    /// A mean of nothing yet.
    ///
    /// ```
    /// assert_eq!(lagom_vecproc::ExpandingMean::new().count(), 0);
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self { sum: Accumulator::new(), count: 0 }
    }

    /// Takes the next elements of the stream and writes one mean for each.
    ///
    /// O(chunk) time, no allocation.
    ///
    /// # Errors
    ///
    /// [`LengthError`] when `out` and `chunk` differ in length; nothing is written and no state advances then.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut out = [0.0; 2];
    /// lagom_vecproc::ExpandingMean::new().process(&[4.0, 6.0], &mut out)?;
    /// assert_eq!(out, [4.0, 5.0]);
    /// # Ok::<(), lagom_vecproc::LengthError>(())
    /// ```
    pub fn process(&mut self, chunk: &[f64], out: &mut [f64]) -> Result<(), LengthError> {
        by_tiles(chunk, out, |tile| self.process_in_place(tile))
    }

    /// Takes the next elements of the stream and replaces each by the mean up to it.
    ///
    /// O(chunk) time, no allocation.
    ///
    /// ```
    /// let mut chunk = [4.0, 6.0];
    /// lagom_vecproc::ExpandingMean::new().process_in_place(&mut chunk);
    /// assert_eq!(chunk, [4.0, 5.0]);
    /// ```
    pub fn process_in_place(&mut self, chunk: &mut [f64]) {
        // The counts of most streams are all small.
        let small = Count::SMALL.saturating_sub(self.count + 1).min(chunk.len() as u64);
        let (small, large) = chunk.split_at_mut(small as usize);
        self.run::<true>(small);
        self.run::<false>(large);
    }

    fn run<const IS_SMALL: bool>(&mut self, mut chunk: &mut [f64]) {
        // By value: the compiler keeps it in registers then.
        let mut state = self.clone();
        while !chunk.is_empty() {
            chunk = if state.sum.takes_group(chunk.len()) {
                state.group::<GROUP, IS_SMALL>(chunk)
            } else {
                state.group::<1, IS_SMALL>(chunk)
            };
        }
        *self = state;
    }

    /// Replaces the first `N` elements and gives the others back.
    #[inline(always)]
    fn group<'a, const N: usize, const IS_SMALL: bool>(&mut self, chunk: &'a mut [f64]) -> &'a mut [f64] {
        let Some((group, rest)) = chunk.split_first_chunk_mut::<N>() else {
            return &mut [];
        };
        let (hi, lo) = self.sum.scan(group);
        // Exact up to 2^53 elements, as is the sum with a step.
        let before = self.count as f64;
        for i in 0..N {
            group[i] = Count::new(before + STEPS[i]).mean::<IS_SMALL>(Pair { hi: hi[i], lo: lo[i] });
        }
        self.count += N as u64;
        rest
    }

    /// Takes one element and returns the mean up to it.
    ///
    /// O(1) time. [`process`](Self::process) is several times faster per element.
    ///
    /// ```
    /// let mut mean = lagom_vecproc::ExpandingMean::new();
    /// assert_eq!([mean.push(4.0), mean.push(6.0)], [4.0, 5.0]);
    /// ```
    #[must_use]
    pub fn push(&mut self, x: f64) -> f64 {
        let mut one = [x];
        self.process_in_place(&mut one);
        one[0]
    }

    /// Elements taken since the start or the last [`clear`](Self::clear).
    ///
    /// ```
    /// let mut mean = lagom_vecproc::ExpandingMean::new();
    /// let _ = mean.push(4.0);
    /// assert_eq!(mean.count(), 1);
    /// ```
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Starts over: forgets every element.
    ///
    /// ```
    /// let mut mean = lagom_vecproc::ExpandingMean::new();
    /// let _ = mean.push(4.0);
    /// mean.clear();
    /// assert_eq!(mean.push(6.0), 6.0);
    /// ```
    pub fn clear(&mut self) {
        *self = Self::new();
    }
}

impl Default for ExpandingMean {
    fn default() -> Self {
        Self::new()
    }
}

/// 1, 2, … as doubles.
const STEPS: [f64; GROUP] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];

#[cfg(test)]
mod tests {
    use super::*;

    // So many elements take too long to feed; start just before.
    #[test]
    fn equal_values_keep_their_mean_at_any_length() {
        for start in [Count::SMALL - 100, (1 << 26) - 100, (1 << 33) + 12_345, (1 << 45) + 12_345] {
            for x in (0..40).map(|i| f64::from(i).sin()).chain([0.1, -1e290 / 7.0]) {
                let hi = x * start as f64;
                let lo = f64::mul_add(x, start as f64, -hi);
                let mut state = ExpandingMean::new();
                state.sum = Accumulator::resumed(Pair { hi, lo });
                state.count = start;
                for _ in 0..50 {
                    assert_eq!(state.push(x), x, "{start}");
                }
                let mut rest = [x; 150];
                state.process_in_place(&mut rest);
                assert_eq!(rest, [x; 150], "{start}");
            }
        }
    }

    #[test]
    fn both_divisions_give_the_same_bits() {
        let mut value = 0.3_f64;
        for n in 0..20_000 {
            value = (value * 3.9) * (1.0 - value);
            let sum = Pair { hi: value * 1e3, lo: value * 1e-14 };
            let count = Count::new((1 + n * ((Count::SMALL - 2) / 20_000)) as f64);
            assert_eq!(count.mean::<true>(sum).to_bits(), count.mean::<false>(sum).to_bits());
        }
    }
}

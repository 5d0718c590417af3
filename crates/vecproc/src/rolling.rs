//! The mean of the last `window` elements.

use std::fmt;

use crate::compensated::{Accumulator, GROUP, Pair};
use crate::error::{LengthError, ProcessError, ZeroWindow};
use crate::mean::Count;
use crate::tiles::by_tiles;

/// Writes the mean of the `window` elements up to and including `x[i]` to `out[i]`; NaN to the first `window - 1`,
/// which have no full window.
///
/// So a window of 1 copies `x`, and a window longer than `x` gives NaN throughout (as pandas and NumPy users know it).
/// O(n) time for any window; allocates 24 bytes per element of the window, at most of `x`.
///
/// # Accuracy
///
/// With `u = 2^-53`, `|error| <= u |mean| + 24 (window + 40) u² mean(|x|)`, the last mean over the elements of that one
/// window: half a unit in the last place unless values of both signs cancel. A window of equal values gives exactly
/// that value.
///
/// Nothing is ever subtracted: a result is computed from the elements of its window alone (and its place modulo the
/// window, which decides where the sum is split), so NaN, infinities, spikes and overflow leave with the window, and it
/// is the same however a stream is cut. A NaN in the window makes the mean NaN, an infinity makes it that infinity. A
/// sum of neighbours in the window that overflows makes the mean of that window infinite or NaN.
///
/// # Errors
///
/// [`ProcessError`] when `out` and `x` differ in length, or `window` is 0; nothing is written then.
///
/// # Examples
///
/// ```
/// let mut out = [0.0; 4];
/// lagom_vecproc::rolling_mean(&[1.0, 3.0, 8.0, 4.0], 2, &mut out)?;
/// assert!(out[0].is_nan());
/// assert_eq!(out[1..], [2.0, 5.5, 6.0]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
pub fn rolling_mean(x: &[f64], window: usize, out: &mut [f64]) -> Result<(), ProcessError> {
    let mut state = RollingMean::new(window)?;
    LengthError::check(x.len(), out.len())?;
    if window > x.len() {
        out.fill(f64::NAN);
        return Ok(());
    }
    Ok(state.process(x, out)?)
}

/// [`rolling_mean`] into a new vector.
///
/// # Errors
///
/// [`ZeroWindow`] when `window` is 0.
///
/// # Examples
///
/// ```
/// let out = lagom_vecproc::rolling_mean_to_vec(&[1.0, 3.0, 8.0], 2)?;
/// assert_eq!(out[1..], [2.0, 5.5]);
/// # Ok::<(), lagom_vecproc::ZeroWindow>(())
/// ```
pub fn rolling_mean_to_vec(x: &[f64], window: usize) -> Result<Vec<f64>, ZeroWindow> {
    let mut state = RollingMean::new(window)?;
    let mut out = x.to_vec();
    state.process_in_place(&mut out);
    Ok(out)
}

/// The state of a [`rolling_mean`] over a stream: however the stream is cut into chunks, the results are the same to
/// the last bit.
///
/// Holds 24 bytes per element of the window, allocated as elements come in, and nothing before the first.
///
/// The stream is cut into blocks of `window` elements, counted from its start. A window is then the end of one block
/// and the beginning of the next: the sums of all ends are made once per block, backwards, those of the beginnings as
/// the elements arrive (van Herk 1992; Gil and Werman 1993).
///
/// # Examples
///
/// ```
/// use lagom_vecproc::RollingMean;
///
/// let mut mean = RollingMean::new(2)?;
/// assert!(mean.push(1.0).is_nan());
/// assert_eq!([mean.push(3.0), mean.push(8.0)], [2.0, 5.5]);
/// # Ok::<(), lagom_vecproc::ZeroWindow>(())
/// ```
#[derive(Clone)]
pub struct RollingMean {
    window: usize,
    count: Count,
    /// The elements of the current block, always fewer than `window`.
    block: Vec<f64>,
    /// Their sum.
    prefix: Accumulator,
    /// At `j`, the parts of the sum of the last block's elements after `j`. Empty in the first block.
    suffix_hi: Vec<f64>,
    suffix_lo: Vec<f64>,
}

impl RollingMean {
    /// A mean over the last `window` elements.
    ///
    /// # Errors
    ///
    /// [`ZeroWindow`] when `window` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(lagom_vecproc::RollingMean::new(50)?.window(), 50);
    /// # Ok::<(), lagom_vecproc::ZeroWindow>(())
    /// ```
    pub fn new(window: usize) -> Result<Self, ZeroWindow> {
        ZeroWindow::check("rolling_mean", window)?;
        Ok(Self {
            window,
            count: Count::new(window as f64),
            block: Vec::new(),
            prefix: Accumulator::new(),
            suffix_hi: Vec::new(),
            suffix_lo: Vec::new(),
        })
    }

    /// Takes the next elements of the stream and writes one mean for each, NaN while the window is not full.
    ///
    /// O(chunk) time, amortized (every `window` elements it runs back over that many).
    ///
    /// # Errors
    ///
    /// [`LengthError`] when `out` and `chunk` differ in length; nothing is written and no state advances then.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut out = [0.0; 3];
    /// lagom_vecproc::RollingMean::new(2)?.process(&[4.0, 6.0, 1.0], &mut out)?;
    /// assert_eq!(out[1..], [5.0, 3.5]);
    /// # Ok::<(), lagom_vecproc::ProcessError>(())
    /// ```
    pub fn process(&mut self, chunk: &[f64], out: &mut [f64]) -> Result<(), LengthError> {
        by_tiles(chunk, out, |tile| self.process_in_place(tile))
    }

    /// Takes the next elements of the stream and replaces each by its mean, NaN while the window is not full.
    ///
    /// Costs what [`process`](Self::process) costs.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut chunk = [4.0, 6.0, 1.0];
    /// lagom_vecproc::RollingMean::new(2)?.process_in_place(&mut chunk);
    /// assert_eq!(chunk[1..], [5.0, 3.5]);
    /// # Ok::<(), lagom_vecproc::ZeroWindow>(())
    /// ```
    pub fn process_in_place(&mut self, chunk: &mut [f64]) {
        if self.count.is_small() { self.run::<true>(chunk) } else { self.run::<false>(chunk) }
    }

    fn run<const IS_SMALL: bool>(&mut self, mut chunk: &mut [f64]) {
        while !chunk.is_empty() {
            let left = self.window - self.block.len();
            let (head, rest) = chunk.split_at_mut(chunk.len().min(left));
            if self.suffix_hi.is_empty() {
                self.first_block::<IS_SMALL>(head);
            } else {
                let start = self.block.len();
                self.extend_block(head);
                let mut before = (&self.suffix_hi[start..], &self.suffix_lo[start..]);
                let mut group = head;
                // By value: the compiler keeps it in registers then.
                let mut prefix = self.prefix;
                while !group.is_empty() {
                    (group, before) = if prefix.takes_group(group.len()) {
                        means::<GROUP, IS_SMALL>(self.count, &mut prefix, group, before)
                    } else {
                        means::<1, IS_SMALL>(self.count, &mut prefix, group, before)
                    };
                }
                self.prefix = prefix;
            }
            if self.block.len() == self.window {
                self.next_block();
            }
            chunk = rest;
        }
    }

    /// Adds to the block, whose memory doubles as a vector's does, but not beyond the window.
    fn extend_block(&mut self, head: &[f64]) {
        let (len, capacity) = (self.block.len(), self.block.capacity());
        let needed = len + head.len();
        if needed > capacity {
            self.block.reserve_exact(needed.max(capacity.saturating_mul(2)).min(self.window) - len);
        }
        self.block.extend_from_slice(head);
    }

    /// The first block has but one window, at its end.
    fn first_block<const IS_SMALL: bool>(&mut self, head: &mut [f64]) {
        self.extend_block(head);
        let mut sum = Pair::EMPTY;
        for x in head.iter_mut() {
            let ([hi], [lo]) = self.prefix.scan(&[*x]);
            sum = Pair { hi, lo };
            *x = f64::NAN;
        }
        if let (Some(last), true) = (head.last_mut(), self.block.len() == self.window) {
            *last = self.count.mean::<IS_SMALL>(sum);
        }
    }

    /// Turns the full block into the sums of its ends.
    fn next_block(&mut self) {
        // The end after the last element is empty; the one before the first would be a window of its own.
        for (suffix, empty) in [(&mut self.suffix_hi, Pair::EMPTY.hi), (&mut self.suffix_lo, Pair::EMPTY.lo)] {
            suffix.reserve_exact(self.window - suffix.len());
            suffix.resize(self.window, empty);
        }
        let mut suffix = Accumulator::new();
        let mut block = &self.block[1..];
        let (mut to_hi, mut to_lo) = (&mut self.suffix_hi[..], &mut self.suffix_lo[..]);
        (to_hi, to_lo) = (&mut to_hi[..block.len()], &mut to_lo[..block.len()]);
        while !block.is_empty() {
            (block, to_hi, to_lo) = if suffix.takes_group(block.len()) {
                ends::<GROUP>(&mut suffix, block, to_hi, to_lo)
            } else {
                ends::<1>(&mut suffix, block, to_hi, to_lo)
            };
        }
        self.block.clear();
        self.prefix = Accumulator::new();
    }

    /// Takes one element and returns the mean of the window that ends with it, NaN while the window is not full.
    ///
    /// O(1) time amortized, O(window) for one element in `window`. [`process`](Self::process) is several times faster
    /// per element.
    ///
    /// ```
    /// let mut mean = lagom_vecproc::RollingMean::new(1)?;
    /// assert_eq!([mean.push(4.0), mean.push(6.0)], [4.0, 6.0]);
    /// # Ok::<(), lagom_vecproc::ZeroWindow>(())
    /// ```
    #[must_use]
    pub fn push(&mut self, x: f64) -> f64 {
        let mut one = [x];
        self.process_in_place(&mut one);
        one[0]
    }

    /// The length of the window, at least 1.
    ///
    /// ```
    /// assert_eq!(lagom_vecproc::RollingMean::new(7)?.window(), 7);
    /// # Ok::<(), lagom_vecproc::ZeroWindow>(())
    /// ```
    #[must_use]
    pub fn window(&self) -> usize {
        self.window
    }

    /// Starts over: forgets every element and keeps the memory.
    ///
    /// ```
    /// let mut mean = lagom_vecproc::RollingMean::new(2)?;
    /// let _ = mean.push(4.0);
    /// mean.clear();
    /// assert!(mean.push(6.0).is_nan());
    /// # Ok::<(), lagom_vecproc::ZeroWindow>(())
    /// ```
    pub fn clear(&mut self) {
        self.block.clear();
        self.prefix = Accumulator::new();
        self.suffix_hi.clear();
        self.suffix_lo.clear();
    }
}

impl fmt::Debug for RollingMean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RollingMean")
            .field("window", &self.window)
            .field("full", &!self.suffix_hi.is_empty())
            .finish_non_exhaustive()
    }
}

/// Replaces the first `N` elements of `chunk` by the means of their windows, whose elements of the last block sum to
/// `before`; gives what is left of both.
#[inline(always)]
fn means<'a, 'b, const N: usize, const IS_SMALL: bool>(
    count: Count,
    prefix: &mut Accumulator,
    chunk: &'a mut [f64],
    before: (&'b [f64], &'b [f64]),
) -> (&'a mut [f64], (&'b [f64], &'b [f64])) {
    let (Some((group, rest)), Some((before_hi, rest_hi)), Some((before_lo, rest_lo))) =
        (chunk.split_first_chunk_mut::<N>(), before.0.split_first_chunk::<N>(), before.1.split_first_chunk::<N>())
    else {
        return (&mut [], before);
    };
    let (hi, lo) = prefix.scan(group);
    for i in 0..N {
        let before = Pair { hi: before_hi[i], lo: before_lo[i] };
        group[i] = count.mean::<IS_SMALL>(before.plus(Pair { hi: hi[i], lo: lo[i] }));
    }
    (rest, (rest_hi, rest_lo))
}

/// Writes the running sums of the last `N` elements of `block`, from its end on; gives what is left of all three.
#[inline(always)]
fn ends<'a, 'b, const N: usize>(
    suffix: &mut Accumulator,
    block: &'a [f64],
    to_hi: &'b mut [f64],
    to_lo: &'b mut [f64],
) -> (&'a [f64], &'b mut [f64], &'b mut [f64]) {
    let (Some((rest, group)), Some((rest_hi, to_hi)), Some((rest_lo, to_lo))) =
        (block.split_last_chunk::<N>(), to_hi.split_last_chunk_mut::<N>(), to_lo.split_last_chunk_mut::<N>())
    else {
        return (&[], &mut [], &mut []);
    };
    let mut backwards = *group;
    backwards.reverse();
    (*to_hi, *to_lo) = suffix.scan(&backwards);
    to_hi.reverse();
    to_lo.reverse();
    (rest, rest_hi, rest_lo)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_24_bytes_per_element_of_the_window() {
        for window in [1, 2, 3, 5, 100, 1000, 1025] {
            for chunk in [1, 2, 7, 64, 3000] {
                let mut mean = RollingMean::new(window).unwrap();
                let bytes = |mean: &RollingMean| {
                    8 * (mean.block.capacity() + mean.suffix_hi.capacity() + mean.suffix_lo.capacity())
                };
                assert_eq!(bytes(&mean), 0);
                for _ in 0..3000_usize.div_ceil(chunk) {
                    mean.process_in_place(&mut vec![1.0; chunk]);
                    assert!(bytes(&mean) <= 24 * window, "{} bytes for {window}, by {chunk}", bytes(&mean));
                }
                assert_eq!(bytes(&mean), 24 * window);
            }
        }
    }
}

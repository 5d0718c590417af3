//! The mean so far within chunks of a fixed length.

use crate::error::{LengthError, ProcessError, ZeroWindow};
use crate::expanding::ExpandingMean;
use crate::tiles::by_tiles;

/// Writes the mean so far *within each chunk of `n` elements* to `out`: an expanding mean that starts over at `x[0]`,
/// `x[n]`, `x[2 n]`, …
///
/// Where `n >= x.len()` it is [`expanding_mean`](crate::expanding_mean). O(n) time, no allocation. Each chunk has the
/// accuracy of an expanding mean and no memory of the chunks before: NaN, infinities and overflow end with their chunk.
///
/// # Errors
///
/// [`ProcessError`] when `out` and `x` differ in length, or `n` is 0; nothing is written then.
///
/// # Examples
///
/// ```
/// let mut out = [0.0; 5];
/// lagom_vecproc::chunked_mean(&[1.0, 3.0, 10.0, 20.0, 7.0], 2, &mut out)?;
/// assert_eq!(out, [1.0, 2.0, 10.0, 15.0, 7.0]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
pub fn chunked_mean(x: &[f64], n: usize, out: &mut [f64]) -> Result<(), ProcessError> {
    Ok(ChunkedMean::new(n)?.process(x, out)?)
}

/// [`chunked_mean`] into a new vector.
///
/// # Errors
///
/// [`ZeroWindow`] when `n` is 0.
///
/// # Examples
///
/// ```
/// assert_eq!(lagom_vecproc::chunked_mean_to_vec(&[1.0, 3.0, 10.0], 2)?, [1.0, 2.0, 10.0]);
/// # Ok::<(), lagom_vecproc::ZeroWindow>(())
/// ```
pub fn chunked_mean_to_vec(x: &[f64], n: usize) -> Result<Vec<f64>, ZeroWindow> {
    let mut state = ChunkedMean::new(n)?;
    let mut out = x.to_vec();
    state.process_in_place(&mut out);
    Ok(out)
}

/// The state of a [`chunked_mean`] over a stream: however the stream is cut, the results are the same to the last bit.
///
/// The chunks that restart the mean are counted from the start of the stream; they have nothing to do with how the
/// stream is cut for [`process`](Self::process). A few words of memory.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::ChunkedMean;
///
/// let mut mean = ChunkedMean::new(2)?;
/// assert_eq!([mean.push(1.0), mean.push(3.0), mean.push(10.0)], [1.0, 2.0, 10.0]);
/// # Ok::<(), lagom_vecproc::ZeroWindow>(())
/// ```
#[derive(Debug, Clone)]
pub struct ChunkedMean {
    n: usize,
    mean: ExpandingMean,
}

impl ChunkedMean {
    /// A mean that starts over every `n` elements.
    ///
    /// # Errors
    ///
    /// [`ZeroWindow`] when `n` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(lagom_vecproc::ChunkedMean::new(1000)?.n(), 1000);
    /// # Ok::<(), lagom_vecproc::ZeroWindow>(())
    /// ```
    pub fn new(n: usize) -> Result<Self, ZeroWindow> {
        ZeroWindow::check("chunked_mean", n)?;
        Ok(Self { n, mean: ExpandingMean::new() })
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
    /// let mut out = [0.0; 3];
    /// lagom_vecproc::ChunkedMean::new(2)?.process(&[4.0, 6.0, 1.0], &mut out)?;
    /// assert_eq!(out, [4.0, 5.0, 1.0]);
    /// # Ok::<(), lagom_vecproc::ProcessError>(())
    /// ```
    pub fn process(&mut self, chunk: &[f64], out: &mut [f64]) -> Result<(), LengthError> {
        by_tiles(chunk, out, |tile| self.process_in_place(tile))
    }

    /// Takes the next elements of the stream and replaces each by its mean.
    ///
    /// O(chunk) time, no allocation.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut chunk = [4.0, 6.0, 1.0];
    /// lagom_vecproc::ChunkedMean::new(2)?.process_in_place(&mut chunk);
    /// assert_eq!(chunk, [4.0, 5.0, 1.0]);
    /// # Ok::<(), lagom_vecproc::ZeroWindow>(())
    /// ```
    pub fn process_in_place(&mut self, mut chunk: &mut [f64]) {
        while !chunk.is_empty() {
            // At most `n`, so it fits.
            let left = self.n - self.mean.count() as usize;
            let (head, rest) = chunk.split_at_mut(chunk.len().min(left));
            self.mean.process_in_place(head);
            if head.len() == left {
                self.mean.clear();
            }
            chunk = rest;
        }
    }

    /// Takes one element and returns the mean of its chunk up to it.
    ///
    /// ```
    /// let mut mean = lagom_vecproc::ChunkedMean::new(1)?;
    /// assert_eq!([mean.push(4.0), mean.push(6.0)], [4.0, 6.0]);
    /// # Ok::<(), lagom_vecproc::ZeroWindow>(())
    /// ```
    #[must_use]
    pub fn push(&mut self, x: f64) -> f64 {
        let mut one = [x];
        self.process_in_place(&mut one);
        one[0]
    }

    /// The length of the chunks, at least 1.
    ///
    /// ```
    /// assert_eq!(lagom_vecproc::ChunkedMean::new(7)?.n(), 7);
    /// # Ok::<(), lagom_vecproc::ZeroWindow>(())
    /// ```
    #[must_use]
    pub fn n(&self) -> usize {
        self.n
    }

    /// Starts over: the next element is the first of a chunk.
    ///
    /// ```
    /// let mut mean = lagom_vecproc::ChunkedMean::new(2)?;
    /// let _ = mean.push(4.0);
    /// mean.clear();
    /// assert_eq!(mean.push(6.0), 6.0);
    /// # Ok::<(), lagom_vecproc::ZeroWindow>(())
    /// ```
    pub fn clear(&mut self) {
        self.mean.clear();
    }
}

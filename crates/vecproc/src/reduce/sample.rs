//! What reductions read: all elements, or those that are present.

use crate::input::Input;

/// Elements given to a reduction at a time where they have to be copied; whole blocks of every reduction.
pub(super) const TILE: usize = 2048;

mod sealed {
    #[expect(unnameable_types, reason = "so that nobody can implement it")]
    pub trait Sealed {}
}

/// What reductions read: any [`Input`], or only what is [`present`] in one.
///
/// Cannot be implemented elsewhere.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::{Sample, max, min, present};
///
/// fn spread(x: impl Sample) -> f64 {
///     max(x) - min(x)
/// }
/// assert_eq!(spread(&[3, 1, 8]), 7.0);
/// assert_eq!(spread(present(&[3.0, f64::NAN, 8.0])), 5.0);
/// ```
pub trait Sample: Copy + sealed::Sealed {
    #[doc(hidden)]
    type Input: Input;

    /// Whether NaN stands for an element that is missing.
    #[doc(hidden)]
    const SKIPS: bool;

    #[doc(hidden)]
    fn input(self) -> Self::Input;
}

impl<I: Input> sealed::Sealed for I {}

impl<I: Input> Sample for I {
    type Input = I;
    const SKIPS: bool = false;

    fn input(self) -> I {
        self
    }
}

/// The elements of an input that are not NaN; see [`present`].
///
/// # Examples
///
/// ```
/// let x = [1.0, f64::NAN, 5.0];
/// let view: lagom_vecproc::Present<&[f64; 3]> = lagom_vecproc::present(&x);
/// assert_eq!(lagom_vecproc::mean(view), 3.0);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Present<I>(I);

impl<I: Input> sealed::Sealed for Present<I> {}

impl<I: Input> Sample for Present<I> {
    type Input = I;
    const SKIPS: bool = true;

    fn input(self) -> I {
        self.0
    }
}

/// A view that skips missing values: every reduction of it is that of the elements that are not NaN, to the last bit.
///
/// So `sum(present(&x))` is NumPy's `nansum(x)` and pandas' `x.sum()`, `mean` is `nanmean`, and so on; and where nothing
/// is present, reductions give what they give of nothing (`sum` 0.0, others NaN or `None`). In a reduction of two inputs
/// a pair is skipped where a view lacks one of the two, as pandas does. `argmin` and `argmax` still count all elements.
/// Copies nothing; reductions copy tile by tile where they skip.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::{argmax, covariance, mean, present, sum};
///
/// let x = [f64::NAN, 1.0, 5.0, 3.0];
/// assert!(sum(&x).is_nan());
/// assert_eq!(sum(present(&x)), 9.0);
/// assert_eq!(mean(present(&x)), 3.0);
/// assert_eq!(argmax(present(&x)), Some(2));
///
/// let y = [7.0, 2.0, f64::NAN, 4.0];
/// assert_eq!(covariance(present(&x), present(&y), 0)?, 1.0); // of (1, 2) and (3, 4)
/// # Ok::<(), lagom_vecproc::UnequalLengths>(())
/// ```
#[must_use]
pub fn present<I: Input>(x: I) -> Present<I> {
    Present(x)
}

/// Gives all elements of an input in pieces, all but the last of whole tiles, with the place of each piece.
pub(super) fn all_pieces<I: Input>(x: I, mut take: impl FnMut(usize, &[f64])) {
    if let Some(all) = x.contiguous() {
        return take(0, all);
    }
    let mut tile = [0.0; TILE];
    let n = x.count();
    for start in (0..n).step_by(TILE) {
        let tile = &mut tile[..TILE.min(n - start)];
        x.read(start, tile);
        take(start, tile);
    }
}

/// Gives the elements of a sample in pieces, all but the last of whole tiles.
pub(super) fn pieces<S: Sample>(x: S, mut take: impl FnMut(&[f64])) {
    if S::SKIPS {
        present_pieces(x.input(), take);
    } else {
        all_pieces(x.input(), |_, piece| take(piece));
    }
}

fn present_pieces<I: Input>(x: I, mut take: impl FnMut(&[f64])) {
    let mut kept = [0.0; 2 * TILE];
    let mut filled = 0;
    let n = x.count();
    let all = x.contiguous();
    for start in (0..n).step_by(TILE) {
        if let (0, Some(all)) = (filled, all)
            && let Some(whole) = all[start..].first_chunk::<TILE>()
            && count_missing(whole) == 0
        {
            take(whole);
            continue;
        }
        let more = &mut kept[filled..filled + TILE.min(n - start)];
        x.read(start, more);
        filled += keep_present(more);
        if filled >= TILE {
            take(&kept[..TILE]);
            kept.copy_within(TILE..filled, 0);
            filled -= TILE;
        }
    }
    take(&kept[..filled]);
}

fn count_missing(x: &[f64]) -> usize {
    x.iter().filter(|x| x.is_nan()).count()
}

/// Moves what is not NaN to the front, in order; gives how much that is.
fn keep_present(x: &mut [f64]) -> usize {
    let missing = count_missing(x);
    if missing > 0 {
        let mut to = 0;
        for from in 0..x.len() {
            // Written in any case, kept or not: no branch to be foretold.
            x[to] = x[from];
            to += usize::from(!x[to].is_nan());
        }
    }
    x.len() - missing
}

/// Gives the pairs of two samples of the same length in pieces, all but the last of whole tiles.
pub(super) fn pieces_of_two<S: Sample, T: Sample>(x: S, y: T, mut take: impl FnMut(&[f64], &[f64])) {
    let (x, y) = (x.input(), y.input());
    let skips = S::SKIPS || T::SKIPS;
    if let (false, Some(x), Some(y)) = (skips, x.contiguous(), y.contiguous()) {
        return take(x, y);
    }
    let (mut kept_x, mut kept_y) = ([0.0; 2 * TILE], [0.0; 2 * TILE]);
    let mut filled = 0;
    let n = x.count();
    for start in (0..n).step_by(TILE) {
        let more = filled..filled + TILE.min(n - start);
        x.read(start, &mut kept_x[more.clone()]);
        y.read(start, &mut kept_y[more.clone()]);
        if skips {
            for from in more {
                let (x, y) = (kept_x[from], kept_y[from]);
                (kept_x[filled], kept_y[filled]) = (x, y);
                filled += usize::from(!(S::SKIPS && x.is_nan() || T::SKIPS && y.is_nan()));
            }
        } else {
            filled = more.end;
        }
        if filled >= TILE {
            take(&kept_x[..TILE], &kept_y[..TILE]);
            kept_x.copy_within(TILE..filled, 0);
            kept_y.copy_within(TILE..filled, 0);
            filled -= TILE;
        }
    }
    take(&kept_x[..filled], &kept_y[..filled]);
}

//! The least and the greatest, and where they are.

use super::sample::{Sample, all_pieces};
use crate::arch::{Kernel, LANES, Vector, dispatch};

/// The least element; NaN where one is NaN, and of nothing.
///
/// Exact. `-0.0` and `0.0` count as equal: either may be returned for the other. O(n) time, no allocation. With
/// [`present`](crate::present), NumPy's `nanmin`.
///
/// # Examples
///
/// ```
/// assert_eq!(lagom_vecproc::min(&[2.0, -1.0, 5.0]), -1.0);
/// ```
#[must_use]
pub fn min<S: Sample>(x: S) -> f64 {
    min_max(x).0
}

/// The greatest element; NaN where one is NaN, and of nothing. Otherwise as [`min`].
///
/// # Examples
///
/// ```
/// assert_eq!(lagom_vecproc::max(&[2.0, -1.0, 5.0]), 5.0);
/// ```
#[must_use]
pub fn max<S: Sample>(x: S) -> f64 {
    min_max(x).1
}

/// The least and the greatest element in one pass; NaN twice where one is NaN, and of nothing. Otherwise as [`min`].
///
/// # Examples
///
/// ```
/// use lagom_vecproc::{min_max, present};
///
/// assert_eq!(min_max(&[2.0, -1.0, 5.0]), (-1.0, 5.0));
/// assert!(min_max(&[2.0, f64::NAN]).0.is_nan());
/// assert_eq!(min_max(present(&[2.0, f64::NAN])), (2.0, 2.0));
/// ```
#[must_use]
pub fn min_max<S: Sample>(x: S) -> (f64, f64) {
    let mut seen = Seen { min: f64::INFINITY, max: f64::NEG_INFINITY, missing: false };
    all_pieces(x.input(), |_, x| dispatch(See { seen: &mut seen, x }));
    // Nothing seen: the least is above the greatest.
    if seen.missing && !S::SKIPS || seen.min > seen.max { (f64::NAN, f64::NAN) } else { (seen.min, seen.max) }
}

struct Seen {
    min: f64,
    max: f64,
    missing: bool,
}

struct See<'a> {
    seen: &'a mut Seen,
    x: &'a [f64],
}

/// Vectors taken at a time by a search for both.
const PAIR: usize = 2;

impl Kernel for See<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let mut min = [V::splat(self.seen.min); PAIR];
        let mut max = [V::splat(self.seen.max); PAIR];
        let mut missing = min[0].lt(min[0]);
        macro_rules! see {
            ($row:expr) => {
                let (groups, _) = $row.as_chunks::<LANES>();
                for i in 0..PAIR {
                    let x = V::load(&groups[i]);
                    // In this order NaN is passed over.
                    min[i] = x.min(min[i]);
                    max[i] = x.max(max[i]);
                }
                missing = V::either(missing, V::load(&groups[0]).unordered(V::load(&groups[1])));
            };
        }
        let (rows, rest) = self.x.as_chunks::<{ PAIR * LANES }>();
        for row in rows {
            see!(row);
        }
        if let Some(&any) = rest.first() {
            let mut row = [any; PAIR * LANES];
            row[..rest.len()].copy_from_slice(rest);
            see!(row);
        }
        let seen = self.seen;
        seen.missing |= V::any(missing);
        seen.min = extreme::<false, V>(min[0].min(min[1]));
        seen.max = extreme::<true, V>(max[0].max(max[1]));
    }
}

/// The greatest or the least lane.
#[inline(always)]
fn extreme<const GREATEST: bool, V: Vector>(x: V) -> f64 {
    let mut lanes = [0.0; LANES];
    x.store(&mut lanes);
    let mut extreme = lanes[0];
    for x in lanes {
        if if GREATEST { x > extreme } else { x < extreme } {
            extreme = x;
        }
    }
    extreme
}

/// The first place of `x`, which is in all lanes of `all`.
#[inline(always)]
fn place_of<V: Vector>(block: &[f64], x: f64, all: V) -> Option<usize> {
    let (rows, _) = block.as_chunks::<LANES>();
    let mut before = 0;
    for row in rows {
        if V::any(V::load(row).eq(all)) {
            break;
        }
        before += LANES;
    }
    block[before..].iter().position(|&y| y == x).map(|i| before + i)
}

/// The place of the least element, the first of equals; that of the first NaN where there is one, `None` of nothing.
///
/// O(n) time, no allocation. With [`present`](crate::present), NumPy's `nanargmin`: NaN is passed over and still
/// counted, `None` where nothing is present. Integers beyond 2^53 count as equal where they are rounded to the same.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::{argmin, present};
///
/// assert_eq!(argmin(&[2.0, -1.0, 5.0]), Some(1));
/// assert_eq!(argmin(&[2.0, f64::NAN, 1.0]), Some(1));
/// assert_eq!(argmin(present(&[2.0, f64::NAN, 1.0])), Some(2));
/// assert_eq!(argmin::<&[f64]>(&[]), None);
/// ```
#[must_use]
pub fn argmin<S: Sample>(x: S) -> Option<usize> {
    place_of_extreme::<false, S>(x)
}

/// The place of the greatest element, the first of equals; otherwise as [`argmin`].
///
/// # Examples
///
/// ```
/// assert_eq!(lagom_vecproc::argmax(&[2.0, -1.0, 5.0]), Some(2));
/// ```
#[must_use]
pub fn argmax<S: Sample>(x: S) -> Option<usize> {
    place_of_extreme::<true, S>(x)
}

fn place_of_extreme<const GREATEST: bool, S: Sample>(x: S) -> Option<usize> {
    // What is worse than anything: a first look takes whatever is there.
    let mut best = None::<Best>;
    let mut missing = None;
    all_pieces(x.input(), |start, x| {
        if missing.is_none() {
            missing = dispatch(Improve::<GREATEST> { best: &mut best, skips: S::SKIPS, start, x });
        }
    });
    missing.or(best.map(|best| best.place))
}

struct Best {
    value: f64,
    place: usize,
}

/// Elements searched at a time.
const BLOCK: usize = 512;

/// Looks for something better; gives the place of the first NaN, unless these are skipped.
struct Improve<'a, const GREATEST: bool> {
    best: &'a mut Option<Best>,
    skips: bool,
    start: usize,
    x: &'a [f64],
}

impl<const GREATEST: bool> Kernel for Improve<'_, GREATEST> {
    type Output = Option<usize>;

    #[inline(always)]
    fn run<V: Vector>(self) -> Option<usize> {
        // As many vectors side by side as there are registers for.
        if V::REGISTERS >= 16 {
            self.by_columns::<V, 8, { 8 * LANES }>()
        } else {
            self.by_columns::<V, 4, { 4 * LANES }>()
        }
    }
}

impl<const GREATEST: bool> Improve<'_, GREATEST> {
    /// The extreme of a block is found without places; only a block that is better is searched for the place.
    #[inline(always)]
    fn by_columns<V: Vector, const WIDTH: usize, const COLUMNS: usize>(self) -> Option<usize> {
        let mut value = V::splat(self.best.as_ref().map_or(f64::NAN, |best| best.value));
        let mut at = None;
        let blocks = self.x.chunks(BLOCK);
        for (block, place) in blocks.zip((0..).step_by(BLOCK)) {
            let first = V::splat(block[0]);
            let mut found = [first; WIDTH];
            let mut missing = first.is_nan();
            macro_rules! see {
                ($row:expr) => {
                    let (groups, _) = $row.as_chunks::<LANES>();
                    for i in 0..WIDTH {
                        let x = V::load(&groups[i]);
                        found[i] = if GREATEST { x.max(found[i]) } else { x.min(found[i]) };
                    }
                    for i in 0..WIDTH / 2 {
                        let either = V::load(&groups[2 * i]).unordered(V::load(&groups[2 * i + 1]));
                        missing = V::either(missing, either);
                    }
                };
            }
            let (rows, rest) = block.as_chunks::<COLUMNS>();
            for row in rows {
                see!(row);
            }
            if !rest.is_empty() {
                let mut row = [block[0]; COLUMNS];
                row[..rest.len()].copy_from_slice(rest);
                see!(row);
            }
            if V::any(missing) {
                if !self.skips {
                    return block.iter().position(|x| x.is_nan()).map(|i| self.start + place + i);
                }
                // Rare: element by element.
                for (i, &x) in block.iter().enumerate() {
                    let best = value.first();
                    if !x.is_nan() && (best.is_nan() || if GREATEST { x > best } else { x < best }) {
                        (value, at) = (V::splat(x), Some(place + i));
                    }
                }
                continue;
            }
            for i in 1..WIDTH {
                found[0] = if GREATEST { found[0].max(found[i]) } else { found[0].min(found[i]) };
            }
            let better = if GREATEST { value.lt(found[0]) } else { found[0].lt(value) };
            if V::any(better) || value.first().is_nan() {
                let extreme = extreme::<GREATEST, V>(found[0]);
                value = V::splat(extreme);
                at = place_of(block, extreme, value).map(|i| place + i);
            }
        }
        if let Some(at) = at {
            *self.best = Some(Best { value: value.first(), place: self.start + at });
        }
        None
    }
}

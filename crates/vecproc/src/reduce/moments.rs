//! Variances: blocks about means of their own, put together (Chan, Golub and LeVeque 1983).
//!
//! Within a block the elements are taken about some number close to their mean. Any will do, as what the mean is off is
//! known and taken back; the nearer, the less is taken back. Here it is the mean of the first of them, as many as there
//! are up to 512 by a power of two. Summed pairwise, equal values have that very mean.
//!
//! Of `n` elements these are more than a quarter, so that they are off by less than `√3 σ`, and the squares about their
//! mean `S` less than four times those about the mean of all, `M`. A square has three roundings and meets 24 more on its
//! way into `S`, which makes `108 u M`; what is taken back, `(Σd)² / n`, brings twice 25 of `√(S - M) √S`: `173 u M`.
//! That blocks are put together adds less than 19, as means are kept in pairs.

use super::norm::{greatest, unit_for};
use super::plain::total_of_lanes;
use super::sample::{Sample, pieces};
use super::sums::Pair;
use crate::arch::{Kernel, LANES, Vector, dispatch};

/// The variance, divided by `n - ddof`: `ddof` 0 for all there is (NumPy's default), 1 for a sample (pandas' default).
///
/// NaN where `n <= ddof`, and where a NaN or an infinity is among the elements. Never negative, and exactly 0 for equal
/// values. The relative error is at most `300 u` for any offset, `u = 2^-53`, and a few `u` as a rule; but for a variance
/// that is itself infinite (deviations above 1e154) or subnormal (below 1e-154).
///
/// O(n) time in one pass, no allocation. With [`present`](crate::present), NumPy's `nanvar`.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::variance;
///
/// assert_eq!(variance(&[1.0, 2.0, 3.0], 1), 1.0);
/// assert_eq!(variance(&[1e10 + 1.0, 1e10 + 3.0], 0), 1.0);
/// assert_eq!(variance(&[0.1; 77], 0), 0.0);
/// assert!(variance(&[1.0], 1).is_nan());
/// ```
#[must_use]
pub fn variance<S: Sample>(x: S, ddof: usize) -> f64 {
    let (variance, unit) = in_good_units(x, ddof);
    variance / unit / unit
}

/// The standard deviation: the square root of [`variance`], with `ddof` as there.
///
/// The relative error is at most `151 u`, and neither squares that overflow nor squares that underflow spoil it: the
/// result is infinite or subnormal only where the deviations are.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::std_dev;
///
/// assert_eq!(std_dev(&[1.0, 3.0], 0), 1.0);
/// assert_eq!(std_dev(&[1e300, 3e300], 0), 1e300);
/// ```
#[must_use]
pub fn std_dev<S: Sample>(x: S, ddof: usize) -> f64 {
    let (variance, unit) = in_good_units(x, ddof);
    variance.sqrt() / unit
}

/// The variance of the elements times a power of two, and that power.
fn in_good_units<S: Sample>(x: S, ddof: usize) -> (f64, f64) {
    let variance = |unit| {
        let moments = Moments::of(x, unit);
        let freedom = moments.count - ddof as f64;
        if freedom > 0.0 { moments.squares() / freedom } else { f64::NAN }
    };
    let first = variance(1.0);
    if (1e-280..1e300).contains(&first) {
        return (first, 1.0);
    }
    // A square, a sum or a difference may have overflowed, or squares underflowed: all over, in other units.
    let unit = unit_for(greatest(x));
    if unit == 1.0 { (first, unit) } else { (variance(unit), unit) }
}

/// The mean of what was seen, and the sum of the squares of the distances from it.
pub(super) struct Moments {
    pub(super) count: f64,
    mean: Pair,
    squares: Pair,
}

impl Moments {
    /// Elements taken about one number.
    pub(super) const BLOCK: usize = 2048;

    pub(super) const fn new() -> Self {
        Self { count: 0.0, mean: Pair { hi: 0.0, lo: 0.0 }, squares: Pair { hi: 0.0, lo: 0.0 } }
    }

    fn of<S: Sample>(x: S, unit: f64) -> Self {
        let mut moments = Self::new();
        pieces(x, |x| dispatch(Blocks { moments: &mut moments, x, unit }));
        moments
    }

    pub(super) fn squares(&self) -> f64 {
        self.squares.value()
    }

    /// Adds a block of `n` elements, given by the sums of their differences from `about` and of the squares of those.
    /// Gives how far its mean was from that of what was there, and how much a square of that weighs.
    #[inline(always)]
    pub(super) fn merge(&mut self, n: f64, about: f64, sum: f64, squares: f64) -> (f64, f64) {
        let off = sum / n;
        let own = squares - sum * off;
        // Not `max`, which would make 0 of NaN.
        let own = if own < 0.0 { 0.0 } else { own };
        if self.count == 0.0 {
            *self = Self { count: n, mean: Pair::of(about, off), squares: Pair { hi: own, lo: 0.0 } };
            return (0.0, 0.0);
        }
        let apart = Pair::of(about, -self.mean.hi);
        let difference = apart.hi + (apart.lo + (off - self.mean.lo));
        let share = n / (self.count + n);
        let weight = self.count * share;
        self.count += n;
        let mean = Pair::of(self.mean.hi, difference * share);
        self.mean = Pair::of(mean.hi, mean.lo + self.mean.lo);
        self.squares = self.squares.plus(Pair::of(own, difference * difference * weight));
        (difference, weight)
    }

    /// The mean of the first elements of a block, as many as a power of two: exact if all are equal.
    #[inline(always)]
    pub(super) fn middle<V: Vector>(block: &[f64]) -> f64 {
        let Some(first) = block.first_chunk() else {
            let n = 1 << block.len().ilog2();
            let mut sums = [0.0; FIRST];
            sums[..n].copy_from_slice(&block[..n]);
            let mut left = n;
            while left > 1 {
                left /= 2;
                for i in 0..left {
                    sums[i] += sums[i + left];
                }
            }
            return sums[0] / n as f64;
        };
        let mut sums = [V::splat(0.0); LANES];
        for (i, sum) in sums.iter_mut().enumerate() {
            *sum = eighth(first, i);
        }
        mean(sums)
    }
}

/// The most elements that the middle of a block is the mean of.
const FIRST: usize = 512;

/// The sum of the `i`th eighth, by lanes.
#[inline(always)]
fn eighth<V: Vector>(first: &[f64; FIRST], i: usize) -> V {
    let [a, b, c, d, e, f, g, h] = &first.as_chunks::<LANES>().0.as_chunks::<LANES>().0[i];
    let ab = V::load(a).add(V::load(b)).add(V::load(c).add(V::load(d)));
    let ef = V::load(e).add(V::load(f)).add(V::load(g).add(V::load(h)));
    ab.add(ef)
}

/// Of the sums of eighths.
#[inline(always)]
fn mean<V: Vector>(sums: [V; LANES]) -> f64 {
    super::plain::total(sums) / FIRST as f64
}

/// The elements of a block times a power of two.
#[inline(always)]
pub(super) fn scaled<'a>(block: &[f64], unit: f64, to: &'a mut [f64; Moments::BLOCK]) -> &'a [f64] {
    for (to, x) in to.iter_mut().zip(block) {
        *to = x * unit;
    }
    &to[..block.len()]
}

struct Blocks<'a> {
    moments: &'a mut Moments,
    x: &'a [f64],
    unit: f64,
}

/// Vectors side by side.
const WIDTH: usize = 4;
const COLUMNS: usize = WIDTH * LANES;
/// Elements of a column that are added up in a row.
const ROWS: usize = 16;
const PART: usize = ROWS * COLUMNS;

impl Kernel for Blocks<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        if self.unit == 1.0 {
            run::<false, V>(self);
        } else {
            run::<true, V>(self);
        }
    }
}

#[inline(always)]
fn run<const SCALED: bool, V: Vector>(blocks: Blocks<'_>) {
    let one = V::hidden_one();
    let mut copy = [0.0; Moments::BLOCK];
    let mut rest = blocks.x;
    let mut about = if rest.is_empty() { 0.0 } else { Moments::middle::<V>(rest) };
    while !rest.is_empty() {
        let (mut block, after) = rest.split_at(rest.len().min(Moments::BLOCK));
        if SCALED {
            block = scaled(block, blocks.unit, &mut copy);
            about = Moments::middle::<V>(block);
        }
        // The middle of the block after this is found beside the work on this one, and nothing has to wait for it.
        let next = after.first_chunk();
        let mut eighths = [V::splat(0.0); LANES];
        let middle = V::splat(about);
        let (mut sum, mut square) = (V::splat(0.0), V::splat(0.0));
        // Short columns: the fewer additions in a row, the less is rounded.
        for (i, part) in block.chunks(PART).enumerate() {
            let (sums, squares) = match part.first_chunk() {
                Some(part) => columns(part, middle, one),
                // What is at the middle adds nothing.
                None => {
                    let mut whole = [about; PART];
                    whole[..part.len()].copy_from_slice(part);
                    columns(&whole, middle, one)
                }
            };
            sum = sum.add(sums[0].add(sums[1]).add(sums[2].add(sums[3])));
            square = square.add(squares[0].add(squares[1]).add(squares[2].add(squares[3])));
            if let Some(next) = next {
                eighths[2 * i] = eighth(next, 2 * i);
                eighths[2 * i + 1] = eighth(next, 2 * i + 1);
            }
        }
        let (sum, square) = (total_of_lanes(sum), total_of_lanes(square));
        blocks.moments.merge(block.len() as f64, about, sum, square);
        about = match next {
            Some(_) => mean(eighths),
            None if after.is_empty() => 0.0,
            None => Moments::middle::<V>(after),
        };
        rest = after;
    }
}

/// The sums of the differences from the middle and of their squares.
#[inline(always)]
fn columns<V: Vector>(part: &[f64; PART], middle: V, one: V) -> ([V; WIDTH], [V; WIDTH]) {
    let mut sums = [V::splat(0.0); WIDTH];
    let mut squares = [V::splat(0.0); WIDTH];
    macro_rules! add {
        ($columns:expr) => {
            for row in part.as_chunks::<COLUMNS>().0 {
                let (groups, _) = row.as_chunks::<LANES>();
                for i in $columns {
                    let x = V::load(&groups[i]).sub_beside(middle, one);
                    sums[i] = sums[i].add(x);
                    squares[i] = squares[i].add(x.mul(x));
                }
            }
        };
    }
    if V::REGISTERS >= 4 * WIDTH {
        add!(0..WIDTH);
    } else {
        // Half of the columns at a time, or there are not enough registers.
        add!(0..WIDTH / 2);
        add!(WIDTH / 2..WIDTH);
    }
    (sums, squares)
}

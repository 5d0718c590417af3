//! Compensated sums: a sum is kept as an unevaluated pair `hi + lo`.
//!
//! Every addition to `hi` has its rounding error computed exactly (TwoSum: Møller 1965, Knuth 1969) and gathered in
//! `lo` (Neumaier 1974; Ogita, Rump and Oishi 2005). In each lane there are [`WIDTH`] such `hi`, which share one `lo`,
//! and after [`ROWS`] rows of elements what is in `lo` is brought back to `u hi`, which makes the usual `n² u²` linear in
//! `n`. With `S` the sum of the magnitudes in a lane, the errors of a row are at most `u S` together and adding them up
//! takes `2 u² S`; `lo` is at most `(r + 1) u S` after `r` rows, and its own roundings come to `u² S (2 + … + 33) = 560
//! u² S`. That is 624 in a block of 1024 elements: less than `0.61 n u² Σ|x|` in all, 624 more for a block that is not
//! full, and less than 100 where lanes are put together.

use super::sample::{Sample, pieces};
use crate::arch::{Group, Kernel, LANES, Vector, dispatch};

/// Vectors side by side.
const WIDTH: usize = 4;
const COLUMNS: usize = WIDTH * LANES;
/// Elements of a column before its errors join the others.
const ROWS: usize = 32;

/// The compensated sum; `0.0` of nothing.
///
/// With `u = 2^-53`, `|error| <= u |sum| + (n + 800) u² Σ|x|`: half a unit in the last place unless values of both
/// signs cancel. Integers add up exactly as long as no sum of some of them is beyond 2^53. NaN and infinities go the way
/// of IEEE 754; otherwise the result is infinite only where the sum itself is beyond `f64::MAX`.
///
/// O(n) time, no allocation. The sum is made in interleaved columns, and so may differ in the last bit from one made
/// front to back. See [`sum_plain`](crate::sum_plain) for a faster one, [`present`](crate::present) to skip NaN.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::sum;
///
/// assert_eq!(sum(&[1e16, 1.0, -1e16]), 1.0);
/// assert_eq!(sum(&[0.1; 10]), 1.0);
/// assert_eq!(sum(&[1e308, 1e308, -1e308]), 1e308);
/// ```
#[must_use]
pub fn sum<S: Sample>(x: S) -> f64 {
    let (total, scale) = total(x);
    if total.count == 0 { 0.0 } else { total.sum.value() * scale }
}

/// The mean; NaN of nothing.
///
/// `|error| <= u |mean| + (n + 800) u² mean(|x|)` with `u = 2^-53`, and the mean of equal values is exactly that
/// value. It never overflows; otherwise as [`sum`](crate::sum). Subnormal means may err by `2^-1074` more.
///
/// O(n) time, no allocation.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::mean;
///
/// assert_eq!(mean(&[1.0, 2.0, 6.0]), 3.0);
/// assert_eq!(mean(&[0.1; 77]), 0.1);
/// assert_eq!(mean(&[1_u8, 4]), 2.5);
/// assert!(mean::<&[f64]>(&[]).is_nan());
/// ```
#[must_use]
pub fn mean<S: Sample>(x: S) -> f64 {
    let (total, scale) = total(x);
    if total.count == 0 { f64::NAN } else { total.sum.over(total.count as f64) * scale }
}

/// What brings the sum of up to 2^54 elements below `f64::MAX`, and what undoes that.
const DOWN: f64 = 1.0 / (1_u64 << 54) as f64;
const UP: f64 = (1_u64 << 54) as f64;

struct Total {
    sum: Pair,
    count: u64,
}

/// The sum, to be multiplied by a power of two.
fn total<S: Sample>(x: S) -> (Total, f64) {
    let total = total_of::<false, S>(x);
    // Some columns may have overflowed where all together do not. What is lost by scaling is nothing next to them.
    if total.sum.hi.is_finite() { (total, 1.0) } else { (total_of::<true, S>(x), UP) }
}

fn total_of<const SCALED: bool, S: Sample>(x: S) -> Total {
    let mut columns = Columns { hi: [[-0.0; LANES]; WIDTH], lo: [0.0; LANES] };
    let mut count = 0;
    pieces(x, |x| {
        dispatch(Add::<SCALED> { columns: &mut columns, x });
        count += x.len() as u64;
    });
    Total { sum: columns.total(), count }
}

/// One pair per column. The sum of nothing is -0.0 and not 0.0, for it is the one value that every other survives being
/// added to.
struct Columns {
    hi: [Group; WIDTH],
    lo: Group,
}

impl Columns {
    fn total(&self) -> Pair {
        let mut pairs = [Pair { hi: -0.0, lo: 0.0 }; COLUMNS];
        for (pair, &hi) in pairs.iter_mut().zip(self.hi.as_flattened()) {
            pair.hi = hi;
        }
        for (pair, &lo) in pairs.iter_mut().zip(&self.lo) {
            pair.lo = lo;
        }
        let mut left = COLUMNS;
        while left > 1 {
            left /= 2;
            for i in 0..left {
                pairs[i] = pairs[i].plus(pairs[i + left]);
            }
        }
        pairs[0]
    }
}

/// Adds elements: whole blocks, but at the end.
struct Add<'a, const SCALED: bool> {
    columns: &'a mut Columns,
    x: &'a [f64],
}

impl<const SCALED: bool> Kernel for Add<'_, SCALED> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let one = V::hidden_one();
        let mut hi = [V::splat(0.0); WIDTH];
        for (hi, kept) in hi.iter_mut().zip(&self.columns.hi) {
            *hi = V::load(kept);
        }
        let mut lo = V::load(&self.columns.lo);
        for block in self.x.chunks(ROWS * COLUMNS) {
            let (rows, rest) = block.as_chunks::<COLUMNS>();
            for row in rows {
                add::<V, SCALED>(row, &mut hi, &mut lo, one);
            }
            if !rest.is_empty() {
                let mut row = [-0.0; COLUMNS];
                row[..rest.len()].copy_from_slice(rest);
                add::<V, SCALED>(&row, &mut hi, &mut lo, one);
            }
            // The error of a sum that is not finite is NaN and means nothing.
            let error = V::select(lo.is_nan(), V::splat(0.0), lo);
            // A zero is not added, which would turn -0.0 into 0.0.
            let any = V::splat(0.0).lt(error.abs());
            let sum = V::select(any, hi[0].add(error), hi[0]);
            lo = two_sum_error(hi[0], error, sum, one);
            hi[0] = sum;
        }
        for (hi, kept) in hi.into_iter().zip(&mut self.columns.hi) {
            hi.store(kept);
        }
        lo.store(&mut self.columns.lo);
    }
}

#[inline(always)]
fn add<V: Vector, const SCALED: bool>(row: &[f64; COLUMNS], hi: &mut [V; WIDTH], lo: &mut V, one: V) {
    let (groups, _) = row.as_chunks::<LANES>();
    let mut errors = *hi;
    for i in 0..WIDTH {
        let mut x = V::load(&groups[i]);
        if SCALED {
            x = x.mul(V::splat(DOWN));
        }
        let sum = hi[i].add(x);
        errors[i] = two_sum_error(hi[i], x, sum, one);
        hi[i] = sum;
    }
    let [a, b, c, d] = errors;
    *lo = lo.add(a.add(b).add(c.add(d)));
}

/// The exact error of `sum = fl(a + b)`, so that `a + b == sum + error`; NaN when `sum` is not finite.
#[inline(always)]
fn two_sum_error<V: Vector>(a: V, b: V, sum: V, one: V) -> V {
    let b_seen = sum.sub(a);
    a.sub_beside(sum.sub(b_seen), one).add_beside(b.sub_beside(b_seen, one), one)
}

/// A sum as the unevaluated pair `hi + lo`. When `hi` is not finite, `lo` means nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    pub(super) hi: f64,
    pub(super) lo: f64,
}

impl Pair {
    /// The exact sum of two numbers.
    pub(super) fn of(a: f64, b: f64) -> Self {
        let hi = a + b;
        let b_seen = hi - a;
        Self { hi, lo: (a - (hi - b_seen)) + (b - b_seen) }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        let Self { hi, lo } = Self::of(self.hi, other.hi);
        Self { hi, lo: (self.lo + other.lo) + lo }
    }

    /// The double nearest to the pair. A zero `lo` is not added (it would turn `-0.0` into `0.0`), nor is a NaN.
    pub(super) fn value(self) -> f64 {
        if self.lo.abs() > 0.0 { self.hi + self.lo } else { self.hi }
    }

    /// The quotient by a count from 1 to 2^51, rounded once but for terms in `u²`: the quotient of the high parts is
    /// corrected by what it leaves, which always fits a double. So the mean of equal values is that value.
    fn over(self, count: f64) -> f64 {
        let quotient = self.hi / count;
        let excess = quotient.mul_add(count, -self.hi);
        let correction = (excess - self.lo) / count;
        // Subtracted, as a correction of `0.0` then leaves `-0.0` what it is. NaN: the sum is not finite.
        if correction.is_nan() { quotient } else { quotient - correction }
    }
}

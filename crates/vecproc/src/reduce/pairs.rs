//! Reductions of two inputs.

use std::fmt;

use super::moments::{Moments, scaled};
use super::norm::unit_for;
use super::plain::{COLUMNS, Pairwise, WIDTH, total, total_of_lanes};
use super::sample::{Sample, pieces_of_two};
use super::sums::Pair;
use crate::arch::{Kernel, LANES, Vector, dispatch};
use crate::input::Input;

/// The sum of products; `0.0` of nothing.
///
/// With `u = 2^-53`, `|error| <= (40 + log2(n)) u Σ|x y|`. NaN, infinities and overflow go the way of IEEE 754. O(n)
/// time, no allocation. With [`present`](crate::present), pairs are skipped where a view lacks one of the two.
///
/// # Errors
///
/// [`UnequalLengths`] where one input is longer.
///
/// # Examples
///
/// ```
/// assert_eq!(lagom_vecproc::dot(&[1.0, 2.0], &[10.0, 20.0])?, 50.0);
/// # Ok::<(), lagom_vecproc::UnequalLengths>(())
/// ```
pub fn dot<S: Sample, T: Sample>(x: S, y: T) -> Result<f64, UnequalLengths> {
    UnequalLengths::check(x, y)?;
    Ok(dot_of(x, y, 1.0))
}

/// The sum of products, both factors being taken times `unit`.
pub(super) fn dot_of<S: Sample, T: Sample>(x: S, y: T, unit: f64) -> f64 {
    let mut total = Pairwise::new();
    pieces_of_two(x, y, |x, y| dispatch(Products { total: &mut total, x, y, unit }));
    total.value()
}

/// Adds the sum of products of every block.
struct Products<'a> {
    total: &'a mut Pairwise,
    x: &'a [f64],
    y: &'a [f64],
    unit: f64,
}

impl Kernel for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let unit = V::splat(self.unit);
        for (x, y) in self.x.chunks(32 * COLUMNS).zip(self.y.chunks(32 * COLUMNS)) {
            let mut sums = [V::splat(-0.0); WIDTH];
            macro_rules! add {
                ($x:expr, $y:expr) => {
                    let (x, y) = ($x.as_chunks::<LANES>().0, $y.as_chunks::<LANES>().0);
                    for i in 0..WIDTH {
                        let (x, y) = (V::load(&x[i]).mul(unit), V::load(&y[i]).mul(unit));
                        sums[i] = sums[i].add(x.mul(y));
                    }
                };
            }
            let ((rows_x, rest_x), (rows_y, rest_y)) = (x.as_chunks::<COLUMNS>(), y.as_chunks::<COLUMNS>());
            for (x, y) in rows_x.iter().zip(rows_y) {
                add!(x, y);
            }
            if !rest_x.is_empty() {
                // Products of -0.0, which add nothing.
                let (mut x, mut y) = ([-0.0; COLUMNS], [0.0; COLUMNS]);
                x[..rest_x.len()].copy_from_slice(rest_x);
                y[..rest_y.len()].copy_from_slice(rest_y);
                add!(x, y);
            }
            self.total.push(total(sums));
        }
    }
}

/// The covariance, divided by `n - ddof`: `ddof` 0 for all there is, 1 for a sample (NumPy's and pandas' default).
///
/// NaN where `n <= ddof`, and where a NaN or an infinity is among the elements. Each block of elements is taken about
/// means of its own, and blocks are put together as Chan, Golub and LeVeque (1983) do:
/// `|error| <= 500 u σ(x) σ(y)`, `u = 2^-53`, for any offsets, unless the result is itself infinite or subnormal. O(n)
/// time, no allocation. With [`present`](crate::present), pairs are skipped where a view lacks one of the two, as in
/// pandas.
///
/// # Errors
///
/// [`UnequalLengths`] where one input is longer.
///
/// # Examples
///
/// ```
/// assert_eq!(lagom_vecproc::covariance(&[1.0, 2.0, 3.0], &[1.0, 3.0, 5.0], 1)?, 2.0);
/// # Ok::<(), lagom_vecproc::UnequalLengths>(())
/// ```
pub fn covariance<S: Sample, T: Sample>(x: S, y: T, ddof: usize) -> Result<f64, UnequalLengths> {
    UnequalLengths::check(x, y)?;
    let (joint, units) = Joint::in_good_units(x, y);
    let freedom = joint.x.count - ddof as f64;
    Ok(if freedom > 0.0 { joint.products.value() / freedom / units[0] / units[1] } else { f64::NAN })
}

/// Pearson's coefficient of correlation, from -1.0 to 1.0, and exactly 1.0 of an input with itself.
///
/// NaN where either input has no variance, of fewer than two pairs, and where a NaN or an infinity is among the
/// elements. `|error| <= 1500 u` for any offsets, otherwise as [`covariance`].
///
/// # Errors
///
/// [`UnequalLengths`] where one input is longer.
///
/// # Examples
///
/// ```
/// assert_eq!(lagom_vecproc::correlation(&[1.0, 2.0, 3.0], &[1.0, 3.0, 5.0])?, 1.0);
/// assert_eq!(lagom_vecproc::correlation(&[1.0, 2.0, 3.0], &[6, 4, 2])?, -1.0);
/// # Ok::<(), lagom_vecproc::UnequalLengths>(())
/// ```
pub fn correlation<S: Sample, T: Sample>(x: S, y: T) -> Result<f64, UnequalLengths> {
    UnequalLengths::check(x, y)?;
    let (joint, _) = Joint::in_good_units(x, y);
    let (of_x, of_y) = (joint.x.squares(), joint.y.squares());
    let product = of_x * of_y;
    let norm = if of_x == of_y {
        of_x
    } else if product.is_normal() {
        product.sqrt()
    } else {
        of_x.sqrt() * of_y.sqrt()
    };
    let r = joint.products.value() / norm;
    Ok(r.clamp(-1.0, 1.0))
}

/// Two samples about their means.
struct Joint {
    x: Moments,
    y: Moments,
    /// The sum of the products of the distances from the means.
    products: Pair,
}

impl Joint {
    fn of<S: Sample, T: Sample>(x: S, y: T, units: [f64; 2]) -> Self {
        let mut joint = Self { x: Moments::new(), y: Moments::new(), products: Pair { hi: 0.0, lo: 0.0 } };
        pieces_of_two(x, y, |x, y| dispatch(JointBlocks { joint: &mut joint, x, y, units }));
        joint
    }

    /// Of the elements times powers of two, and these: such that no square overflows or underflows.
    fn in_good_units<S: Sample, T: Sample>(x: S, y: T) -> (Self, [f64; 2]) {
        let joint = Self::of(x, y, [1.0; 2]);
        if [&joint.x, &joint.y].into_iter().all(|one| (1e-280..1e300).contains(&one.squares())) {
            return (joint, [1.0; 2]);
        }
        // Of the pairs, not of the inputs: some of these may be skipped.
        let mut greatest = [0.0_f64; 2];
        pieces_of_two(x, y, |x, y| {
            for (greatest, piece) in greatest.iter_mut().zip([x, y]) {
                *greatest = piece.iter().fold(*greatest, |greatest, x| greatest.max(x.abs()));
            }
        });
        let units = greatest.map(unit_for);
        (Self::of(x, y, units), units)
    }
}

struct JointBlocks<'a> {
    joint: &'a mut Joint,
    x: &'a [f64],
    y: &'a [f64],
    units: [f64; 2],
}

/// Vectors side by side.
const PAIR: usize = 2;
/// Elements of a column that are added up in a row.
const ROWS: usize = 32;

impl Kernel for JointBlocks<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let joint = self.joint;
        let (mut scaled_x, mut scaled_y) = ([0.0; Moments::BLOCK], [0.0; Moments::BLOCK]);
        for (mut x, mut y) in self.x.chunks(Moments::BLOCK).zip(self.y.chunks(Moments::BLOCK)) {
            if self.units != [1.0; 2] {
                x = scaled(x, self.units[0], &mut scaled_x);
                y = scaled(y, self.units[1], &mut scaled_y);
            }
            let (about_x, about_y) = (Moments::middle::<V>(x), Moments::middle::<V>(y));
            let (mid_x, mid_y) = (V::splat(about_x), V::splat(about_y));
            let mut totals = [V::splat(0.0); 5];
            // Short columns: the fewer additions in a row, the less is rounded.
            for (x, y) in x.chunks(ROWS * PAIR * LANES).zip(y.chunks(ROWS * PAIR * LANES)) {
                let mut sums = [[V::splat(0.0); PAIR]; 5];
                macro_rules! add {
                    ($x:expr, $y:expr) => {
                        let (x, y) = ($x.as_chunks::<LANES>().0, $y.as_chunks::<LANES>().0);
                        for i in 0..PAIR {
                            let (x, y) = (V::load(&x[i]).sub(mid_x), V::load(&y[i]).sub(mid_y));
                            sums[0][i] = sums[0][i].add(x);
                            sums[1][i] = sums[1][i].add(y);
                            sums[2][i] = sums[2][i].add(x.mul(x));
                            sums[3][i] = sums[3][i].add(y.mul(y));
                            sums[4][i] = sums[4][i].add(x.mul(y));
                        }
                    };
                }
                let (rows_x, rest_x) = x.as_chunks::<{ PAIR * LANES }>();
                let (rows_y, rest_y) = y.as_chunks::<{ PAIR * LANES }>();
                for (x, y) in rows_x.iter().zip(rows_y) {
                    add!(x, y);
                }
                if !rest_x.is_empty() {
                    let (mut x, mut y) = ([about_x; PAIR * LANES], [about_y; PAIR * LANES]);
                    x[..rest_x.len()].copy_from_slice(rest_x);
                    y[..rest_y.len()].copy_from_slice(rest_y);
                    add!(x, y);
                }
                for i in 0..5 {
                    totals[i] = totals[i].add(sums[i][0].add(sums[i][1]));
                }
            }
            let mut sums = [0.0; 5];
            for i in 0..5 {
                sums[i] = total_of_lanes(totals[i]);
            }
            let [sum_x, sum_y, squares_x, squares_y, products] = sums;
            let n = x.len() as f64;
            let (difference_x, weight) = joint.x.merge(n, about_x, sum_x, squares_x);
            let (difference_y, _) = joint.y.merge(n, about_y, sum_y, squares_y);
            let own = products - sum_x * (sum_y / n);
            joint.products = joint.products.plus(Pair::of(own, difference_x * difference_y * weight));
        }
    }
}

/// Two inputs that are taken pair by pair differ in length.
///
/// # Examples
///
/// ```
/// let error = lagom_vecproc::dot(&[1.0], &[1.0, 2.0]).unwrap_err();
/// assert_eq!(error.to_string(), "inputs of lengths 1 and 2 have no pairs");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnequalLengths {
    left: usize,
    right: usize,
}

impl UnequalLengths {
    fn check<S: Sample, T: Sample>(x: S, y: T) -> Result<(), Self> {
        let (left, right) = (x.input().count(), y.input().count());
        if left == right { Ok(()) } else { Err(Self { left, right }) }
    }

    /// Elements of the first input.
    ///
    /// ```
    /// assert_eq!(lagom_vecproc::dot(&[1.0], &[1.0, 2.0]).unwrap_err().left(), 1);
    /// ```
    #[must_use]
    pub fn left(&self) -> usize {
        self.left
    }

    /// Elements of the second input.
    ///
    /// ```
    /// assert_eq!(lagom_vecproc::dot(&[1.0], &[1.0, 2.0]).unwrap_err().right(), 2);
    /// ```
    #[must_use]
    pub fn right(&self) -> usize {
        self.right
    }
}

impl fmt::Display for UnequalLengths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "inputs of lengths {} and {} have no pairs", self.left, self.right)
    }
}

impl std::error::Error for UnequalLengths {}

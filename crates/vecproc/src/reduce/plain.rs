//! Plain sums, as fast as elements can be read.

use super::sample::{Sample, pieces};
use crate::arch::{Kernel, LANES, Vector, dispatch};

/// Vectors side by side.
pub(super) const WIDTH: usize = 8;
pub(super) const COLUMNS: usize = WIDTH * LANES;
/// Elements of a column in a block.
const ROWS: usize = 32;
pub(super) const BLOCK: usize = ROWS * COLUMNS;

/// The sum without compensation, at the speed of reading; `0.0` of nothing.
///
/// With `u = 2^-53`, `|error| <= (40 + log2(n)) u Σ|x|`: blocks of 2048 elements are summed in 64 columns, and their
/// sums pairwise. [`sum`](crate::sum) is next to exact and costs little more where the elements come from memory. NaN,
/// infinities and overflow go the way of IEEE 754. O(n) time, no allocation.
///
/// # Examples
///
/// ```
/// assert_eq!(lagom_vecproc::sum_plain(&[1.0, 2.0, 3.5]), 6.5);
/// ```
#[must_use]
pub fn sum_plain<S: Sample>(x: S) -> f64 {
    let mut total = Pairwise::new();
    pieces(x, |x| dispatch(Blocks { total: &mut total, x }));
    total.value()
}

/// Adds the sum of every block.
struct Blocks<'a> {
    total: &'a mut Pairwise,
    x: &'a [f64],
}

impl Kernel for Blocks<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        for block in self.x.chunks(BLOCK) {
            let mut sums = [V::splat(-0.0); WIDTH];
            let (rows, rest) = block.as_chunks::<COLUMNS>();
            for row in rows {
                add(row, &mut sums);
            }
            if !rest.is_empty() {
                let mut row = [-0.0; COLUMNS];
                row[..rest.len()].copy_from_slice(rest);
                add(&row, &mut sums);
            }
            self.total.push(total(sums));
        }
    }
}

#[inline(always)]
fn add<V: Vector>(row: &[f64; COLUMNS], sums: &mut [V; WIDTH]) {
    let (groups, _) = row.as_chunks::<LANES>();
    for i in 0..WIDTH {
        sums[i] = sums[i].add(V::load(&groups[i]));
    }
}

/// The sum of all lanes of eight vectors, pairwise.
#[inline(always)]
pub(super) fn total<V: Vector>(x: [V; WIDTH]) -> f64 {
    let [a, b, c, d, e, f, g, h] = x;
    total_of_lanes((a.add(e)).add(c.add(g)).add((b.add(f)).add(d.add(h))))
}

/// The sum of all lanes, pairwise.
#[inline(always)]
pub(super) fn total_of_lanes<V: Vector>(x: V) -> f64 {
    let mut lanes = [0.0; LANES];
    x.store(&mut lanes);
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

/// The sums of blocks, added up pairwise: a block's sum meets no more than `1 + log2(blocks)` others.
pub(super) struct Pairwise {
    /// Where bit `i` of the count is set, the sum of 2^i blocks.
    sums: [f64; 64],
    count: u64,
}

impl Pairwise {
    pub(super) fn new() -> Self {
        Self { sums: [0.0; 64], count: 0 }
    }

    #[inline(always)]
    pub(super) fn push(&mut self, mut sum: f64) {
        let full = self.count.trailing_ones() as usize;
        for before in &self.sums[..full] {
            sum += before;
        }
        self.sums[full] = sum;
        self.count += 1;
    }

    pub(super) fn value(&self) -> f64 {
        if self.count == 0 {
            return 0.0;
        }
        let held = (0..64).filter(|i| self.count >> i & 1 == 1);
        held.fold(-0.0, |sum, i| sum + self.sums[i])
    }
}

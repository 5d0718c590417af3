//! Compensated sums: a sum kept as an unevaluated pair `hi + lo`.
//!
//! Every addition to `hi` has its rounding error computed exactly (TwoSum: Møller 1965, Knuth 1969) and gathered in
//! `lo` (Neumaier 1974; Ogita, Rump and Oishi 2005). Errors are first added up over a block of [`BLOCK`] and each block
//! then added to those before as a pair again, which makes the usual `n² u²` linear in `n`. With `M` the largest `|hi|`
//! so far, one error is at most `u M`, so
//!
//! - adding them up within blocks errs by less than `u² M (1 + … + 32) = 528 u² M` a block, `16.5 n u² M` in all;
//! - all together they are at most `n u M`, of which each further rounding takes `u`: two where `lo` is read, two more
//!   where the sums of two blocks meet in a rolling window, three where it is divided.
//!
//! That is `23.5 n u² M`, and with what does not grow with `n` less than the `24 (n + 40) u² Σ|x|` of the promises.

/// Elements whose errors are added up before they join the others; part of the definition of every result, so that
/// bits never depend on how the input was cut.
const BLOCK: usize = 32;

/// Elements that kernels take at a time where they can; of no influence on results.
pub(crate) const GROUP: usize = 8;

/// The exact error of `sum = fl(a + b)`, so that `a + b == sum + error`; NaN when `sum` is not finite.
#[inline(always)]
pub(crate) fn two_sum_error(a: f64, b: f64, sum: f64) -> f64 {
    let b_seen = sum - a;
    (a - (sum - b_seen)) + (b - b_seen)
}

/// A sum as the unevaluated pair `hi + lo`. When `hi` is not finite, `lo` means nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair {
    pub(crate) hi: f64,
    pub(crate) lo: f64,
}

impl Pair {
    /// The sum of nothing. `-0.0` and not `0.0`, for it is the one value that every other survives being added to.
    pub(crate) const EMPTY: Self = Self { hi: -0.0, lo: 0.0 };

    #[inline(always)]
    pub(crate) fn plus(self, other: Self) -> Self {
        let hi = self.hi + other.hi;
        Self { hi, lo: (self.lo + other.lo) + two_sum_error(self.hi, other.hi, hi) }
    }

    /// The same value with `hi` the double nearest to it.
    #[inline(always)]
    pub(crate) fn renormalised(self) -> Self {
        let hi = self.value();
        let lo = two_sum_error(self.hi, self.lo, hi);
        // NaN: nothing to correct any more.
        Self { hi, lo: if lo.is_nan() { 0.0 } else { lo } }
    }

    /// The double nearest to the pair. A zero `lo` is not added (it would turn `-0.0` into `0.0`), nor is a NaN.
    #[inline(always)]
    pub(crate) fn value(self) -> f64 {
        if self.lo.abs() > 0.0 { self.hi + self.lo } else { self.hi }
    }
}

/// A running compensated sum.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Accumulator {
    /// The plain running sum: the one chain of additions that every element has to wait for.
    hi: f64,
    /// Its errors, of all whole blocks.
    errors: Pair,
    /// Its errors within the block, so far.
    block_errors: f64,
    in_block: usize,
}

impl Accumulator {
    pub(crate) const fn new() -> Self {
        Self { hi: Pair::EMPTY.hi, errors: Pair { hi: 0.0, lo: 0.0 }, block_errors: 0.0, in_block: 0 }
    }

    /// One that has summed to `sum` already.
    #[cfg(test)]
    pub(crate) fn resumed(sum: Pair) -> Self {
        Self { hi: sum.hi, errors: Pair { hi: sum.lo, lo: 0.0 }, ..Self::new() }
    }

    /// How many elements the next [`scan`](Self::scan) should take, where `left` are to come: a group, or one.
    #[inline(always)]
    pub(crate) fn takes_group(&self, left: usize) -> bool {
        left >= GROUP && BLOCK - self.in_block >= GROUP
    }

    /// Adds every element of `x`, no more than are left in the block, and gives the parts `hi` and `lo` of every sum on
    /// the way.
    ///
    /// Only the additions to `hi`, and those of the errors within the block, are one after the other; what is between
    /// goes lane by lane. By value, so that all stays in registers: written as scalars and read as vectors, memory
    /// would cost more than the arithmetic.
    #[inline(always)]
    pub(crate) fn scan<const N: usize>(&mut self, x: &[f64; N]) -> ([f64; N], [f64; N]) {
        let mut before = [0.0; N];
        let mut hi = [0.0; N];
        for i in 0..N {
            before[i] = self.hi;
            self.hi += x[i];
            hi[i] = self.hi;
        }
        let mut lo = [0.0; N];
        for i in 0..N {
            lo[i] = two_sum_error(before[i], x[i], hi[i]);
        }
        for lo in &mut lo {
            self.block_errors += *lo;
            *lo = self.block_errors;
        }
        for lo in &mut lo {
            *lo += self.errors.hi;
        }
        self.in_block += N;
        if self.in_block == BLOCK {
            self.errors = self.errors.plus(Pair { hi: self.block_errors, lo: 0.0 }).renormalised();
            self.block_errors = 0.0;
            self.in_block = 0;
        }
        (hi, lo)
    }
}

/// Lanes of reductions, as many doubles as the widest vector registers hold; part of the definition of their results.
pub(crate) const LANES: usize = 8;

/// The compensated sum of `f(x)` over all elements, in independent lanes.
#[inline(always)]
pub(crate) fn sum_of(x: &[f64], f: impl Fn(f64) -> f64) -> Pair {
    let mut lanes = [Pair::EMPTY; LANES];
    for block in x.chunks(LANES * BLOCK) {
        let mut hi = lanes.map(|lane| lane.hi);
        let mut lo = lanes.map(|lane| lane.lo);
        let mut add = |row: [f64; LANES]| {
            for lane in 0..LANES {
                let sum = hi[lane] + row[lane];
                lo[lane] += two_sum_error(hi[lane], row[lane], sum);
                hi[lane] = sum;
            }
        };
        let (rows, rest) = block.as_chunks::<LANES>();
        for row in rows {
            add(row.map(&f));
        }
        if !rest.is_empty() {
            let mut row = [Pair::EMPTY.hi; LANES];
            for (value, &x) in row.iter_mut().zip(rest) {
                *value = f(x);
            }
            add(row);
        }
        for (lane, (hi, lo)) in lanes.iter_mut().zip(hi.into_iter().zip(lo)) {
            *lane = Pair { hi, lo }.renormalised();
        }
    }
    lanes.into_iter().fold(Pair::EMPTY, Pair::plus).renormalised()
}

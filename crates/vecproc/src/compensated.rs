//! Compensated sums: a sum kept as an unevaluated pair `hi + lo`.
//!
//! Every addition to `hi` has its rounding error computed exactly (TwoSum: Møller 1965, Knuth 1969) and gathered in
//! `lo` (Neumaier 1974; Ogita, Rump and Oishi 2005). Every [`BLOCK`] additions the pair is renormalised, which keeps
//! `lo` small and so turns the usual `n² u²` into a term linear in `n`: inside a block `|lo| <= (BLOCK + 2) u M`
//! where `M` is the largest `|hi|` so far, each addition to `lo` errs by at most `u |lo|`, hence a block errs by less
//! than `u² M (2 + … + 33) = 560 u² M`, 17.5 `u² Σ|x|` per element.

/// Additions between two renormalisations; part of the definition of every result, so that bits never depend on how
/// the input was cut.
pub(crate) const BLOCK: usize = 32;

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

/// Running sums of up to [`BLOCK`] elements.
#[derive(Debug)]
pub(crate) struct Prefixes {
    // One longer, with the carry in front: sum `i` and the one before it are then one loop over two views.
    hi: [f64; BLOCK + 1],
    lo: [f64; BLOCK],
}

impl Prefixes {
    pub(crate) fn new() -> Self {
        Self { hi: [0.0; BLOCK + 1], lo: [0.0; BLOCK] }
    }

    /// The high and low parts of the first `len` running sums.
    #[inline(always)]
    pub(crate) fn parts(&self, len: usize) -> (&[f64], &[f64]) {
        (&self.hi[1..=len], &self.lo[..len])
    }
}

/// A running compensated sum.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Accumulator {
    sum: Pair,
    in_block: usize,
}

impl Accumulator {
    pub(crate) const fn new() -> Self {
        Self { sum: Pair::EMPTY, in_block: 0 }
    }

    /// One that has summed to `sum` already.
    #[cfg(test)]
    pub(crate) fn resumed(sum: Pair) -> Self {
        Self { sum, in_block: 0 }
    }

    /// How many elements the next [`scan`](Self::scan) may take, at least 1.
    #[inline(always)]
    pub(crate) fn room(&self) -> usize {
        BLOCK - self.in_block
    }

    /// Adds every element of `x`, at most [`room`](Self::room), and leaves the running sums in `prefixes`.
    ///
    /// Only the two running additions are serial; the errors between them are computed lane by lane.
    #[inline(always)]
    pub(crate) fn scan(&mut self, x: &[f64], prefixes: &mut Prefixes) {
        let len = x.len();
        let (hi, lo) = (&mut prefixes.hi[..=len], &mut prefixes.lo[..len]);
        let mut sum = self.sum;
        hi[0] = sum.hi;
        for (hi, &x) in hi[1..].iter_mut().zip(x) {
            sum.hi += x;
            *hi = sum.hi;
        }
        for (((lo, &x), &before), &after) in lo.iter_mut().zip(x).zip(&hi[..len]).zip(&hi[1..]) {
            *lo = two_sum_error(before, x, after);
        }
        for lo in lo {
            sum.lo += *lo;
            *lo = sum.lo;
        }
        self.in_block += len;
        if self.in_block == BLOCK {
            sum = sum.renormalised();
            self.in_block = 0;
        }
        self.sum = sum;
    }
}

/// Lanes of [`sum_of`], as many doubles as the widest vector registers hold; part of the definition of its result.
const LANES: usize = 8;

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

//! From a compensated sum and a count to the mean, rounded once.

use crate::compensated::Pair;

/// The number of elements a sum is divided by, from 1 to 2^51.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Count {
    count: f64,
    inverse: f64,
}

impl Count {
    /// Counts below this have a product with half a significand that is exact in a double.
    pub(crate) const SMALL: u64 = 1 << 25;

    #[inline(always)]
    pub(crate) fn new(count: f64) -> Self {
        Self { count, inverse: 1.0 / count }
    }

    #[inline(always)]
    pub(crate) fn is_small(self) -> bool {
        self.count < Self::SMALL as f64
    }

    /// `sum / count`, for a count known to be small or not. Both know the residual exactly and so give the same bits.
    ///
    /// The quotient of the high parts is corrected by its excess, `quotient * count - hi - lo`. The first difference is
    /// exact, as the residual of a quotient this close always fits a double. So the result is the mean rounded once,
    /// but for terms in `u²`, and the mean of equal values is that value.
    #[inline(always)]
    pub(crate) fn mean<const IS_SMALL: bool>(self, sum: Pair) -> f64 {
        let quotient = sum.hi * self.inverse;
        let excess = if IS_SMALL {
            // Without a fused multiply-add, which the baseline x86-64 lacks: split the quotient into 26 and 27 bits.
            let upper = f64::from_bits(quotient.to_bits() & !((1 << 27) - 1));
            let lower = quotient - upper;
            (upper * self.count - sum.hi) + lower * self.count
        } else {
            quotient.mul_add(self.count, -sum.hi)
        };
        let correction = (excess - sum.lo) * self.inverse;
        // Subtracted, as a correction of `0.0` then leaves `-0.0` what it is. NaN: the sum is not finite.
        if correction.is_nan() { quotient } else { quotient - correction }
    }

    /// [`mean`](Self::mean) for one sum.
    pub(crate) fn mean_of(self, sum: Pair) -> f64 {
        if self.is_small() { self.mean::<true>(sum) } else { self.mean::<false>(sum) }
    }
}

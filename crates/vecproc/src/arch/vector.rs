//! What a kernel is written over.

/// Doubles in a vector.
pub(crate) const LANES: usize = 8;

/// The doubles of a vector, in memory.
pub(crate) type Group = [f64; LANES];

/// Eight doubles.
pub(crate) trait Vector: Copy {
    /// One bit per lane.
    type Mask: Copy;

    /// How many of them the processor can hold at a time.
    const REGISTERS: usize;

    fn splat(x: f64) -> Self;
    fn load(from: &Group) -> Self;
    fn store(self, to: &mut Group);
    /// Stores past the caches, where the processor can and `to` lies at a multiple of 16 bytes; not to be looked at
    /// or written again, by any thread, before a [`fence`](super::fence).
    #[inline(always)]
    fn stream(self, to: &mut Group) {
        self.store(to);
    }

    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    /// `self + other`, to the same bits, by the multiplier where it can: where additions are all there is to do, the
    /// adder is not left alone with them. `one` is 1.0, as [`hidden_one`](Self::hidden_one) has it.
    #[inline(always)]
    fn add_beside(self, other: Self, _one: Self) -> Self {
        self.add(other)
    }
    /// `self - other`, as [`add_beside`](Self::add_beside).
    #[inline(always)]
    fn sub_beside(self, other: Self, _one: Self) -> Self {
        self.sub(other)
    }
    /// 1.0, unknown to the compiler, which would otherwise take the multiplication for needless.
    #[inline(always)]
    fn hidden_one() -> Self {
        Self::splat(std::hint::black_box(1.0))
    }
    fn div(self, other: Self) -> Self;
    fn sqrt(self) -> Self;
    fn abs(self) -> Self;

    /// `if self < other { self } else { other }`, so `other` where either is NaN or both are zero.
    fn min(self, other: Self) -> Self;
    /// `if self > other { self } else { other }`, so `other` where either is NaN or both are zero.
    fn max(self, other: Self) -> Self;

    fn lt(self, other: Self) -> Self::Mask;
    fn eq(self, other: Self) -> Self::Mask;
    fn is_nan(self) -> Self::Mask;
    /// Where either is NaN.
    fn unordered(self, other: Self) -> Self::Mask;
    fn either(mask: Self::Mask, other: Self::Mask) -> Self::Mask;
    fn any(mask: Self::Mask) -> bool;
    /// Each lane of `yes` where the mask is set, of `no` where it is not.
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;

    /// Each lane moved up by `K`, which is 1, 2 or 4; the lowest `K` are those of `low`.
    fn up<const K: usize>(self, low: Self) -> Self;
    /// Each lane moved up by `K`, which is 1, 2 or 4; the lowest `K` are the highest of `before`.
    fn after<const K: usize>(self, before: Self) -> Self;
    /// Each lane moved down by one; the highest is the lowest of `high`.
    fn down(self, high: Self) -> Self;
    /// The lowest lane.
    fn first(self) -> f64;
    /// The highest lane in all lanes.
    fn last(self) -> Self;

    /// `if self > other || self is NaN { self } else { other }`: NaN where either is.
    #[inline(always)]
    fn max_or_nan(self, other: Self) -> Self {
        Self::select(self.is_nan(), self, self.max(other))
    }

    /// `if self < other || self is NaN { self } else { other }`: NaN where either is.
    #[inline(always)]
    fn min_or_nan(self, other: Self) -> Self {
        Self::select(self.is_nan(), self, self.min(other))
    }
}

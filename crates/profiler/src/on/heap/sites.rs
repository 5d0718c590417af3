//! The figures of one stack in one thread. What one thread allocates another may release: only the sum over all threads means
//! something.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use super::read::Sums;
use super::table::Zero;

fn add(counter: &AtomicU64, amount: u64) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(amount), Ordering::Relaxed);
}

fn shift(counter: &AtomicI64, amount: i64) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(amount), Ordering::Relaxed);
}

/// Of all allocations.
pub(super) struct Exact {
    total_bytes: AtomicU64,
    total_blocks: AtomicU64,
    /// What is live no more: of resized blocks all they had before.
    gone_bytes: AtomicU64,
    gone_blocks: AtomicU64,
}

// SAFETY: atomics.
#[allow(unsafe_code, reason = "says that all zero is valid")]
unsafe impl Zero for Exact {}

impl Exact {
    #[inline]
    pub(super) fn allocated(&self, size: usize) {
        add(&self.total_bytes, size as u64);
        add(&self.total_blocks, 1);
    }

    #[inline]
    pub(super) fn released(&self, size: usize) {
        add(&self.gone_bytes, size as u64);
        add(&self.gone_blocks, 1);
    }

    /// The block stays its stack's, whoever makes it larger.
    #[inline]
    pub(super) fn resized(&self, old: usize, new: usize) {
        self.allocated(new);
        self.released(old);
    }

    pub(super) fn is_used(&self) -> bool {
        self.total_blocks.load(Ordering::Relaxed) != 0 || self.gone_blocks.load(Ordering::Relaxed) != 0
    }

    pub(super) fn add_to(&self, sums: &mut Sums) {
        // What is gone first: what is read must not fall below what is live.
        let gone = [&self.gone_bytes, &self.gone_blocks].map(|counter| counter.load(Ordering::Acquire));
        let total = [&self.total_bytes, &self.total_blocks].map(|counter| counter.load(Ordering::Relaxed));
        sums.live_bytes += total[0].wrapping_sub(gone[0]).cast_signed();
        sums.live_blocks += total[1].wrapping_sub(gone[1]).cast_signed();
        sums.total_bytes += total[0];
        sums.total_blocks += total[1];
    }
}

/// Of samples, by what each stands for.
pub(super) struct Sampled {
    pub(super) live_bytes: AtomicI64,
    /// In [`Weight::ONE`]ths.
    pub(super) live_blocks: AtomicI64,
    /// In units of [`Weight::UNIT`].
    pub(super) live_variance: AtomicI64,
    pub(super) total_bytes: AtomicU64,
    pub(super) total_blocks: AtomicU64,
}

// SAFETY: atomics.
#[allow(unsafe_code, reason = "says that all zero is valid")]
unsafe impl Zero for Sampled {}

impl Sampled {
    pub(super) fn allocated(&self, weight: Weight, is_new: bool) {
        shift(&self.live_bytes, weight.bytes as i64);
        shift(&self.live_blocks, weight.blocks as i64);
        shift(&self.live_variance, weight.variance as i64);
        if is_new {
            add(&self.total_bytes, weight.bytes);
            add(&self.total_blocks, weight.blocks);
        }
    }

    pub(super) fn released(&self, weight: Weight) {
        shift(&self.live_bytes, -(weight.bytes as i64));
        shift(&self.live_blocks, -(weight.blocks as i64));
        shift(&self.live_variance, -(weight.variance as i64));
    }

    pub(super) fn is_used(&self) -> bool {
        self.total_blocks.load(Ordering::Relaxed) != 0 || self.live_blocks.load(Ordering::Relaxed) != 0
    }

    pub(super) fn add_to(&self, sums: &mut Sums) {
        sums.live_bytes += self.live_bytes.load(Ordering::Relaxed);
        // Threads add parts of blocks; the sum of one stack's is rounded.
        sums.live_blocks += (self.live_blocks.load(Ordering::Relaxed) as f64 / Weight::ONE).round() as i64;
        sums.total_bytes += self.total_bytes.load(Ordering::Relaxed);
        sums.total_blocks += (self.total_blocks.load(Ordering::Relaxed) as f64 / Weight::ONE).round() as u64;
        sums.variance += self.live_variance.load(Ordering::Relaxed) as f64 * Weight::UNIT;
    }
}

/// What one sample stands for. Whole numbers, so that what is added and taken off again leaves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Weight {
    bytes: u64,
    blocks: u64,
    variance: u64,
}

impl Weight {
    pub(super) const ONE: f64 = 65_536.0;
    /// Square bytes.
    pub(super) const UNIT: f64 = 1_048_576.0;

    /// Of a block of `size` bytes where samples are `interval` bytes apart on average: it had the chance
    /// `p = 1 - exp(-size / interval)`, so it stands for `1 / p` blocks (Horvitz and Thompson, 1952).
    pub(super) fn of(size: usize, interval: u64) -> Self {
        let size = size as f64;
        let p = -(-size / interval as f64).exp_m1();
        // Of an interval of one byte, or none, everything is sampled.
        let p = if p > 0.0 { p } else { 1.0 };
        Self {
            bytes: (size / p).round() as u64,
            blocks: (Self::ONE / p).round() as u64,
            variance: (size * size * (1.0 - p) / (p * p) / Self::UNIT).round() as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_is_the_inverse_of_the_chance() {
        let weight = Weight::of(1 << 19, 1 << 19);
        let p = 1.0 - (-1.0_f64).exp();
        assert!((weight.bytes as f64 - (1 << 19) as f64 / p).abs() < 1.0);
        assert!((weight.blocks as f64 / Weight::ONE - 1.0 / p).abs() < 1e-4);
        // Far larger than the interval: for itself alone.
        assert_eq!(Weight::of(1 << 30, 1 << 19), Weight { bytes: 1 << 30, blocks: 65_536, variance: 0 });
        // One byte: for an interval's worth.
        assert!(Weight::of(1, 1 << 19).bytes.abs_diff(1 << 19) <= 1);
        assert_eq!(Weight::of(1, 0).bytes, 1);
    }
}

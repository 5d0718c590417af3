//! Which key comes next.

use std::sync::LazyLock;

/// An order of keys, of a number of live ones.
pub(super) trait Keys: Copy + Send + 'static {
    /// How cases call it.
    const NAME: &'static str;

    /// The key of step `i`.
    fn at(i: u64) -> u64;
}

/// Live entries.
pub(super) const LIVE: u64 = 10_000;

/// All live ones, in no order, each equally often.
#[derive(Clone, Copy)]
pub(super) struct Uniform;

impl Keys for Uniform {
    const NAME: &'static str = "uniform";

    #[inline(always)]
    fn at(i: u64) -> u64 {
        scattered(i, LIVE)
    }
}

/// Always the same.
#[derive(Clone, Copy)]
pub(super) struct Hot;

impl Keys for Hot {
    const NAME: &'static str = "one hot key";

    #[inline(always)]
    fn at(_: u64) -> u64 {
        std::hint::black_box(4_711)
    }
}

/// Numbers below `n` in no order, each equally often.
#[inline(always)]
pub(super) fn scattered(i: u64, n: u64) -> u64 {
    (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) % n
}

/// Each thread begins elsewhere.
pub(super) fn start(thread: usize) -> u64 {
    thread as u64 * 0x5851_f42d
}

/// Each thread has keys of its own.
pub(super) fn own(thread: usize) -> u64 {
    (thread as u64 + 1) << 40
}

/// Different keys of the trace.
pub(super) const ZIPF_KEYS: u64 = 1_000_000;

/// Keys in it.
pub(super) const ZIPF_LENGTH: usize = 1 << 22;

/// A million keys by a law of Zipf with exponent 0.99, as YCSB has it: the n-th comes n^-0.99 times as often as the first.
pub(super) static ZIPF: LazyLock<Vec<u32>> = LazyLock::new(|| {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let law = Zipf::new(ZIPF_KEYS as f64, 0.99);
    (0..ZIPF_LENGTH)
        .map(|_| {
            // Marsaglia 2003.
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            law.rank((random >> 11) as f64 / (1_u64 << 53) as f64) as u32
        })
        .collect()
});

/// Ranks by inversion of the integral over the law, as Gray and others 1994: exact for the two most frequent, near for
/// the others.
struct Zipf {
    n: f64,
    alpha: f64,
    zeta: f64,
    eta: f64,
    second: f64,
}

impl Zipf {
    fn new(n: f64, theta: f64) -> Self {
        let sum = |n: f64| (1..=n as u64).map(|i| (i as f64).powf(-theta)).sum::<f64>();
        let zeta = sum(n);
        let eta = (1.0 - (2.0 / n).powf(1.0 - theta)) / (1.0 - sum(2.0) / zeta);
        Self { n, alpha: 1.0 / (1.0 - theta), zeta, eta, second: 1.0 + 0.5_f64.powf(theta) }
    }

    /// That of a number from 0 to 1.
    fn rank(&self, u: f64) -> u64 {
        let scaled = u * self.zeta;
        if scaled < 1.0 {
            0
        } else if scaled < self.second {
            1
        } else {
            ((self.n * (self.eta * u - self.eta + 1.0).powf(self.alpha)) as u64).min(self.n as u64 - 1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_law_is_that_of_zipf() {
        let mut counts = vec![0_u32; ZIPF_KEYS as usize];
        ZIPF.iter().for_each(|key| counts[*key as usize] += 1);
        let zeta: f64 = (1..=ZIPF_KEYS).map(|i| (i as f64).powf(-0.99)).sum();
        let share = |count: u32| f64::from(count) / ZIPF.len() as f64 * zeta;
        assert!((share(counts[0]) - 1.0).abs() < 0.02, "{}", share(counts[0]));
        assert!((share(counts[1]) - 0.5_f64.powf(0.99)).abs() < 0.02, "{}", share(counts[1]));
        let due: f64 = (1..=10_000).map(|i| f64::from(i).powf(-0.99)).sum();
        assert!((share(counts[..10_000].iter().sum()) / due - 1.0).abs() < 0.02, "the 10,000 most frequent");
    }

    #[test]
    fn every_live_key_comes() {
        let mut counts = vec![0; LIVE as usize];
        (0..100 * LIVE).for_each(|i| counts[Uniform::at(i) as usize] += 1);
        assert!(counts.iter().all(|count| (80..=120).contains(count)));
    }
}

//! Inputs that have broken such operations before.

use proptest::prelude::*;

/// Numbers that look random and are the same in every run.
pub(crate) struct Noise(pub(crate) u64);

impl Noise {
    pub(crate) fn bits(&mut self) -> u64 {
        // SplitMix64 (Steele, Lea and Flood 2014).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }
}

/// Around every lane, row, block and tile.
pub(crate) const EDGES: [usize; 21] =
    [0, 1, 2, 7, 8, 9, 31, 32, 33, 63, 64, 65, 127, 129, 1023, 1024, 1025, 2047, 2048, 2049, 2081];

pub(crate) type Family = (&'static str, Vec<f64>);

/// Elements that are all numbers, of both signs.
pub(crate) fn families(n: usize) -> Vec<Family> {
    let mut noise = Noise(7);
    let mut family =
        |name, f: &dyn Fn(usize, &mut Noise) -> f64| (name, (0..n).map(|i| f(i, &mut noise)).collect::<Vec<_>>());
    vec![
        family("around 100", &|_, r| 99.0 + r.unit() + r.unit()),
        family("0.1", &|_, _| 0.1),
        family("mixed signs", &|_, r| r.unit() - 0.5),
        family("offset 1e10", &|_, r| 1e10 + r.unit()),
        family("spikes", &|i, r| if i % 97 == 13 { 1e12 } else { r.unit() }),
        family("spikes that cancel", &|i, r| if i % 7 == 3 { 1e16 * [1.0, -1.0][i / 7 % 2] } else { r.unit() }),
        family("1e300 beside 1", &|i, r| if i % 41 == 40 { 1e300 } else { r.unit() }),
        family("all magnitudes", &|_, r| (r.unit() - 0.5) * 10.0_f64.powf(r.unit() * 60.0 - 30.0)),
        family("denormals", &|_, r| f64::from_bits(r.bits() >> 14) * [1.0, -1.0][(r.bits() & 1) as usize]),
        family("alternating", &|i, _| [1e8 + 0.1, -1e8][i % 2]),
        family("falling", &|i, r| (1.0 + r.unit()) * 0.98_f64.powi(i as i32)),
        family("rising", &|i, r| (1.0 + r.unit()) * 1.05_f64.powi(i as i32)),
        family("steps", &|i, _| (i / 10) as f64 * 0.3),
    ]
}

/// Elements of which some are none, infinite or zeros of both signs.
pub(crate) fn with_special(n: usize, seed: u64) -> Vec<f64> {
    let mut noise = Noise(seed);
    let special = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.0, 5e-324, -1e-310, 1e308, -1e308];
    (0..n)
        .map(|_| match noise.below(12) {
            0 => special[noise.below(special.len())],
            1 => f64::NAN,
            2 => noise.below(3) as f64,
            _ => noise.unit() * 200.0 - 100.0,
        })
        .collect()
}

/// An element, as `kind` has it: the greater, the worse.
fn element(kind: u8) -> BoxedStrategy<f64> {
    let tame = || prop_oneof![6 => -100.0..100.0_f64, 2 => (0..4_i32).prop_map(f64::from)];
    match kind {
        0 => tame().boxed(),
        1 => prop_oneof![8 => tame(), 1 => Just(f64::NAN)].boxed(),
        2 => prop_oneof![1 => tame(), 2 => Just(f64::NAN)].boxed(),
        3 => (0.0..1.0_f64).prop_map(|x| 1e10 + x).boxed(),
        4 => prop_oneof![20 => tame(), 1 => Just(f64::INFINITY), 1 => Just(f64::NEG_INFINITY)].boxed(),
        5 => prop_oneof![30 => tame(), 1 => Just(1e308), 1 => Just(-1e308), 1 => Just(1e16)].boxed(),
        6 => prop_oneof![Just(-0.0), Just(0.0), Just(f64::NAN), Just(5e-324), Just(-5e-324), Just(1e-310)].boxed(),
        7 => Just(0.1).boxed(),
        _ => any::<f64>().boxed(),
    }
}

/// Inputs of all kinds, shorter than `longest`.
pub(crate) fn elements(longest: usize) -> impl Strategy<Value = Vec<f64>> {
    let len = prop_oneof![0..3_usize, 0..40_usize, 55..75_usize, 0..longest];
    (0..9_u8, len).prop_flat_map(|(kind, len)| prop::collection::vec(element(kind), len))
}

/// Lengths of windows, 1 at least.
pub(crate) fn windows() -> impl Strategy<Value = usize> {
    let powers = (0..9_u32).prop_map(|power| 1_usize << power);
    prop_oneof![1..10_usize, 1..71_usize, powers, 200..300_usize, Just(1000), Just(usize::MAX)]
}

/// Few cases, unless the environment asks for a number of them.
pub(crate) fn cases(few: u32) -> ProptestConfig {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => config,
        None => ProptestConfig { cases: few, ..config },
    }
}

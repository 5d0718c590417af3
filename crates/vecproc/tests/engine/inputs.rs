//! Inputs for the operations: with special values, around every size, at random.

use proptest::prelude::*;

pub(crate) use crate::shared::families::{Family, Noise, families};

impl Noise {
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }
}

/// Around every lane, row, block and tile.
pub(crate) const EDGES: [usize; 21] =
    [0, 1, 2, 7, 8, 9, 31, 32, 33, 63, 64, 65, 127, 129, 1023, 1024, 1025, 2047, 2048, 2049, 2081];

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

//! Every instruction set gives the same bits.

use super::*;
use crate::arch::{Isa, with_isa};

/// Every reduction, of inputs that do not lie at the beginning of a cache line.
fn all(x: &[f64], y: &[f64]) -> Vec<u64> {
    let (x, y) = (&x[1..], &y[1..]);
    let mut results = vec![sum(x), sum_plain(x), mean(x), variance(x, 0), std_dev(x, 1), min(x), max(x), norm(x)];
    results.extend([dot(x, y), covariance(x, y, 1), correlation(x, y)].map(|r| r.unwrap_or(0.0)));
    results.extend([argmin(x), argmax(x)].map(|place| place.map_or(-1.0, |place| place as f64)));
    results.into_iter().map(|x| if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() }).collect()
}

#[test]
fn every_instruction_set_gives_the_same_bits() {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state
    };
    for n in [1, 2, 8, 9, 17, 33, 65, 129, 513, 1025, 2048, 2049, 2050, 7000] {
        for kind in 0..5 {
            let mut value = || match kind {
                0 => 99.5 + (next() >> 11) as f64 / (1_u64 << 53) as f64,
                1 => f64::from_bits(next()),
                2 => 1e10 - (next() >> 60) as f64,
                3 => ((next() >> 40) as f64 - 8e6) * 1e300,
                _ => [0.0, -0.0, f64::NAN, 5e-324, 1.0, f64::INFINITY][(next() >> 40) as usize % 5],
            };
            let x: Vec<_> = (0..n).map(|_| value()).collect();
            let y: Vec<_> = (0..n).map(|_| value()).collect();
            let expected = with_isa(Isa::Portable, || all(&x, &y));
            for isa in Isa::all() {
                assert_eq!(with_isa(isa, || all(&x, &y)), expected, "{isa:?}, kind {kind}, {n} elements");
            }
        }
    }
}

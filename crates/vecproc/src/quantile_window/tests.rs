//! Every window against a model that sorts it anew.

use proptest::prelude::*;

use super::RollingQuantile;
use super::narrow::Narrow;
use crate::arch::{Isa, with_isa};
use crate::io::Io;
use crate::reduce::quantile_in_place;
use crate::stage::{Archive, Stage};

/// The quantile of what is present in each window.
fn model(x: &[f64], window: usize, q: f64, min_present: usize) -> Vec<f64> {
    let of_window = |end: usize| {
        let start = (end + 1).saturating_sub(window);
        let mut present: Vec<_> = x[start..=end].iter().filter(|x| !x.is_nan()).map(|x| x + 0.0).collect();
        if present.len() < min_present.max(1) { f64::NAN } else { quantile_in_place(&mut present, q).unwrap() }
    };
    (0..x.len()).map(of_window).collect()
}

/// In chunks of the given lengths, over and over; every other chunk in place.
fn ours(x: &[f64], window: usize, q: f64, min_present: usize, cuts: &[usize]) -> Vec<f64> {
    let mut state = RollingQuantile::new(window, q, Some(min_present));
    let mut out = vec![0.0; x.len()];
    let (mut start, mut turn) = (0, 0);
    while start < x.len() {
        let end = x.len().min(start + cuts[turn % cuts.len()].max(usize::from(turn > 100)));
        if turn % 2 == 0 {
            state.process(Io::into(&x[start..end], &mut out[start..end], x.len()));
        } else {
            out[start..end].copy_from_slice(&x[start..end]);
            state.process(Io::InPlace(&mut out[start..end]));
        }
        (start, turn) = (end, turn + 1);
        if turn % 5 == 0 {
            let mut archive = Archive::Save(Vec::new());
            state.exchange(&mut archive);
            let mut archive = Archive::load(archive.finish().unwrap());
            state = RollingQuantile::new(window, q, Some(min_present));
            state.exchange(&mut archive);
            assert_eq!(archive.finish(), Err(true));
        }
    }
    out
}

fn bits(x: &[f64]) -> Vec<u64> {
    x.iter().map(|x| if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() }).collect()
}

fn assert_same(x: &[f64], window: usize, q: f64, min_present: usize, cuts: &[usize]) {
    let (expected, result) = (model(x, window, q, min_present), ours(x, window, q, min_present, cuts));
    if let Some(i) = bits(&expected).iter().zip(bits(&result)).position(|(a, b)| *a != b) {
        let start = (i + 1).saturating_sub(window);
        panic!(
            "window {window}, q {q}, at least {min_present}, cuts {cuts:?}: result {i} is {}, not {}; {:?}",
            result[i],
            expected[i],
            &x[start..=i]
        );
    }
}

fn noise(n: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..n).map(|_| next()).collect()
}

/// Series that are hard on an order.
fn hard(n: usize) -> Vec<(&'static str, Vec<f64>)> {
    let noise = noise(n, 5);
    let series = |f: &dyn Fn(usize) -> f64| (0..n).map(f).collect::<Vec<_>>();
    vec![
        ("noise", noise.clone()),
        ("constant", series(&|_| 0.1)),
        ("alternating", series(&|i| [1.0, -1.0][i % 2])),
        ("rising", series(&|i| i as f64)),
        ("falling", series(&|i| -(i as f64))),
        ("sawtooth", series(&|i| (i % 37) as f64)),
        ("few values", series(&|i| (noise[i] * 4.0).floor())),
        ("zeros of both signs", series(&|i| [0.0, -0.0][usize::from(noise[i] < 0.5)])),
        ("large offset", series(&|i| 1e10 + noise[i] * 1e-4)),
        ("neighbours", series(&|i| f64::from_bits(1.0_f64.to_bits() + (noise[i] * 3000.0) as u64))),
        (
            "neighbours beside far ones",
            series(&|i| match i % 9 {
                0 => 1e300,
                1 => -1e300,
                _ => f64::from_bits(1.0_f64.to_bits() + (noise[i] * 50.0) as u64),
            }),
        ),
        (
            "both signs, all magnitudes",
            series(&|i| f64::from_bits((noise[i] * 1.8e19) as u64))
                .into_iter()
                .map(|x| if x.is_nan() { 0.5 } else { x })
                .collect(),
        ),
        ("infinities", series(&|i| [f64::INFINITY, f64::NEG_INFINITY, 1.0, noise[i]][(noise[i] * 4.0) as usize])),
        ("all infinite", series(&|_| f64::INFINITY)),
        ("all minus infinite", series(&|_| f64::NEG_INFINITY)),
        ("one missing", series(&|i| if i == n / 2 { f64::NAN } else { noise[i] })),
        ("runs missing", series(&|i| if i / 60 % 3 == 1 { f64::NAN } else { noise[i] })),
        ("half missing", series(&|i| if noise[i] < 0.5 { f64::NAN } else { noise[i] })),
        ("all missing", series(&|_| f64::NAN)),
    ]
}

#[test]
fn hard_series_are_as_the_model_has_them() {
    for window in [1_usize, 2, 7, 8, 9, 15, 16, 50, 64, 65, 113, 114, 129, 200] {
        for (name, x) in hard(700) {
            for q in [0.0, 0.5, 0.9, 1.0] {
                for min_present in [window, window.div_ceil(3)] {
                    let result = std::panic::catch_unwind(|| assert_same(&x, window, q, min_present, &[1000]));
                    assert!(result.is_ok(), "{name}");
                }
            }
        }
    }
}

#[test]
fn windows_of_every_width() {
    let x = noise(420, 9);
    for window in 1..=Narrow::WIDEST + 30 {
        for q in [0.1, 0.5, 0.99] {
            assert_same(&x, window, q, window, &[250]);
        }
    }
}

#[test]
fn equal_elements_are_told_apart_when_pieces_change_their_length() {
    for (name, x) in hard(900) {
        for cuts in [[1, 1, 300], [2, 150, 3], [5, 1, 99]] {
            let result = std::panic::catch_unwind(|| {
                let mut state = RollingQuantile::new(150, 0.5, Some(40));
                let mut out = x.clone();
                let (mut rest, mut turn) = (&mut out[..], 0);
                while !rest.is_empty() {
                    let (piece, more) = rest.split_at_mut(cuts[turn % 3].min(rest.len()));
                    state.process(Io::InPlace(piece));
                    (rest, turn) = (more, turn + 1);
                }
                assert_eq!(bits(&out), bits(&model(&x, 150, 0.5, 40)), "{cuts:?}");
            });
            assert!(result.is_ok(), "{name}");
        }
    }
}

#[test]
fn windows_longer_than_the_stream() {
    let x = noise(300, 11);
    for window in [300, 301, 1000, usize::MAX] {
        assert_same(&x, window, 0.5, window, &[7, 100]);
        assert_same(&x, window, 0.5, 3, &[7, 100]);
        assert_same(&x, window, 0.3, 290, &[1, 50]);
    }
}

#[test]
fn every_instruction_set_moves_a_narrow_window_alike() {
    for window in [1, 5, 8, 9, 30, 50, 100, 113] {
        for (name, x) in hard(600) {
            let run = |isa| with_isa(isa, || ours(&x, window, 0.4, 2, &[600]));
            let expected = bits(&run(Isa::Portable));
            for isa in Isa::all() {
                assert_eq!(bits(&run(isa)), expected, "{isa:?}, {name}, window {window}");
            }
        }
    }
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        20 => -1e3..1e3,
        10 => (0..5_i32).prop_map(f64::from),
        4 => any::<f64>(),
        3 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
        1 => Just(-0.0),
    ]
}

proptest! {
    #[test]
    fn any_stream_however_cut_is_as_the_model_has_it(
        x in prop::collection::vec(value(), 0..900),
        window in prop_oneof![1..20_usize, 1..130_usize, 100..400_usize],
        q in prop_oneof![Just(0.5), Just(0.0), Just(1.0), 0.0..=1.0],
        min_share in prop_oneof![Just(1.0), 0.0..=1.0],
        cuts in prop::collection::vec(prop_oneof![0..3_usize, 0..70_usize, 0..600_usize], 1..20),
    ) {
        assert_same(&x, window, q, (window as f64 * min_share) as usize, &cuts);
    }
}

//! When two results are the same.

/// Bits, with every NaN alike.
pub(crate) fn bits(x: &[f64]) -> Vec<u64> {
    x.iter().map(|x| if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() }).collect()
}

/// Asserts that two runs gave the same bits, and says where not.
#[track_caller]
pub(crate) fn assert_same(ours: &[f64], expected: &[f64], what: &dyn std::fmt::Display) {
    assert_eq!(ours.len(), expected.len(), "{what}");
    let (ours_bits, expected_bits) = (bits(ours), bits(expected));
    if let Some(i) = (0..ours.len()).find(|&i| ours_bits[i] != expected_bits[i]) {
        panic!("{what}: at {i} of {}: {:e}, not {:e}", ours.len(), ours[i], expected[i]);
    }
}

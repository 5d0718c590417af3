//! Gaps against pandas and against the plainest model.

use lagom_vecproc::*;
use proptest::prelude::*;

use crate::bits::bits;
use crate::inputs::{cases, elements};

const N: f64 = f64::NAN;
const X: [f64; 12] = [N, N, 1.0, N, N, N, 5.0, 2.0, N, -1.0, N, N];
const INFINITE: [f64; 9] = [f64::INFINITY, N, 1.0, N, f64::NEG_INFINITY, N, f64::INFINITY, N, f64::INFINITY];

/// What pandas 3.1.1 gives: `ffill(limit=…)`, `bfill(limit=…)`, `interpolate(limit=…)`.
#[test]
fn are_filled_as_pandas_does() {
    let (up, down) = (f64::INFINITY, f64::NEG_INFINITY);
    let rows = [
        (Gaps::forward(), [N, N, 1.0, 1.0, 1.0, 1.0, 5.0, 2.0, 2.0, -1.0, -1.0, -1.0]),
        (Gaps::forward().limit(1), [N, N, 1.0, 1.0, N, N, 5.0, 2.0, 2.0, -1.0, -1.0, N]),
        (Gaps::forward().limit(2), [N, N, 1.0, 1.0, 1.0, N, 5.0, 2.0, 2.0, -1.0, -1.0, -1.0]),
        (Gaps::backward(), [1.0, 1.0, 1.0, 5.0, 5.0, 5.0, 5.0, 2.0, -1.0, -1.0, N, N]),
        (Gaps::backward().limit(1), [N, 1.0, 1.0, N, N, 5.0, 5.0, 2.0, -1.0, -1.0, N, N]),
        (Gaps::backward().limit(2), [1.0, 1.0, 1.0, N, 5.0, 5.0, 5.0, 2.0, -1.0, -1.0, N, N]),
        (Gaps::linear(), [N, N, 1.0, 2.0, 3.0, 4.0, 5.0, 2.0, 0.5, -1.0, -1.0, -1.0]),
        (Gaps::linear().limit(1), [N, N, 1.0, 2.0, N, N, 5.0, 2.0, 0.5, -1.0, -1.0, N]),
        (Gaps::linear().limit(2), [N, N, 1.0, 2.0, 3.0, N, 5.0, 2.0, 0.5, -1.0, -1.0, -1.0]),
        (Gaps::linear().limit(0), X),
    ];
    for (gaps, due) in rows {
        let mut out = [0.0; 12];
        fill_gaps(&X, gaps, &mut out).unwrap();
        assert_eq!(bits(&out), bits(&due), "{gaps:?}");
    }
    let mut out = INFINITE;
    fill_gaps_in_place(&mut out, Gaps::linear());
    assert_eq!(bits(&out), bits(&[up, up, 1.0, down, down, N, up, up, up]));
}

#[test]
fn have_lines_where_differences_overflow() {
    let most = 2.0_f64.powi(1023);
    let mut x = [most, N, N, N, -most];
    fill_gaps_in_place(&mut x, Gaps::linear());
    assert_eq!(x, [most, most / 2.0, 0.0, -most / 2.0, -most]);
}

#[test]
fn of_any_input() {
    let mut out = [0.0_f32; 3];
    fill_gaps(&[1.0_f32, f32::NAN, 4.0], Gaps::linear(), &mut out).unwrap();
    assert_eq!(out, [1.0, 2.5, 4.0]);
    let mut out = [0.0; 3];
    fill_gaps(&[1_i8, 2, 3], Gaps::linear(), &mut out).unwrap();
    assert_eq!(out, [1.0, 2.0, 3.0]);
    let mut out = [7.0; 2];
    let error = fill_gaps(&[1.0], Gaps::linear(), &mut out).unwrap_err();
    assert_eq!((error.input(), error.output(), out), (1, 2, [7.0; 2]));
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn hold_for_any(x in elements(100), limit in prop_oneof![0..5_usize, Just(usize::MAX)]) {
        let present = |i: &usize| !x[*i].is_nan();
        for gaps in [Gaps::forward(), Gaps::backward(), Gaps::linear()] {
            let mut out = vec![0.0; x.len()];
            fill_gaps(&x, gaps.limit(limit), &mut out).unwrap();
            for i in 0..x.len() {
                let (before, behind) = ((0..i).rev().find(present), (i..x.len()).find(present));
                let near = |j: usize| i.abs_diff(j) <= limit;
                let due = match (before, behind) {
                    (_, Some(j)) if j == i => x[i],
                    (Some(j), _) if gaps == Gaps::forward() && near(j) => x[j],
                    (_, Some(j)) if gaps == Gaps::backward() && near(j) => x[j],
                    (Some(j), None) if gaps == Gaps::linear() && near(j) => x[j],
                    (Some(j), Some(k)) if gaps == Gaps::linear() && near(j) => {
                        let (a, b, share) = (x[j], x[k], (i - j) as f64 / (k - j) as f64);
                        let line = if (b - a).is_finite() { a + (b - a) * share } else { a * (1.0 - share) + b * share };
                        if a.is_finite() && b.is_finite() {
                            prop_assert!(a.min(b) <= out[i] && out[i] <= a.max(b) || (out[i] - line).abs() <= 1e-15 * a.abs().max(b.abs()));
                        }
                        line
                    }
                    _ => f64::NAN,
                };
                prop_assert_eq!(bits(&[out[i]]), bits(&[due]), "{:?} at {} of {:?}", gaps, i, x);
            }
        }
    }
}

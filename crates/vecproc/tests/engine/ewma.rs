//! Exponentially weighted means of long columns, which are worked on before anybody looks for what is missing in them.

use lagom_vecproc::{Ewma, Pipeline, ewma};

use crate::inputs::Noise;

const ALPHA: f64 = 0.2;

/// The recurrence, element by element.
fn model(x: &[f64]) -> Vec<f64> {
    let (mut y, mut weight) = (f64::NAN, 1.0);
    let next = x.iter().map(|&x| {
        if x.is_nan() {
            weight *= 1.0 - ALPHA;
        } else {
            y = if y.is_nan() { x } else { (weight * y + ALPHA * x) / (weight + ALPHA) };
            weight = 1.0 - ALPHA;
        }
        y
    });
    next.collect()
}

/// Into another buffer, which must be what it is in place and in pieces.
fn ours(x: &[f64]) -> Vec<f64> {
    let smoothed = Ewma::alpha(ALPHA).unadjusted();
    let mut out = vec![0.0; x.len()];
    ewma(x, smoothed, &mut out).unwrap();
    let pipeline = Pipeline::new().ewma(smoothed);
    let mut in_place = x.to_vec();
    pipeline.process_batch_in_place(&mut in_place).unwrap();
    crate::bits::assert_same(&out, &in_place, &"in place");
    let mut stream = pipeline.stream().unwrap();
    let mut pieces = vec![0.0; x.len()];
    for (x, out) in x.chunks(777).zip(pieces.chunks_mut(777)) {
        stream.process(x, out).unwrap();
    }
    crate::bits::assert_same(&out, &pieces, &"in pieces");
    out
}

/// Where pieces of work end, and beside.
const PLACES: [usize; 14] = [1, 7, 8, 63, 64, 2040, 2046, 2047, 2048, 2049, 4090, 4095, 4096, 4999];

#[test]
fn one_missing_element_anywhere() {
    let mut noise = Noise(11);
    let numbers: Vec<f64> = (0..5000).map(|_| noise.unit()).collect();
    for place in PLACES {
        let mut x = numbers.clone();
        x[place] = f64::NAN;
        for (i, (ours, due)) in ours(&x).into_iter().zip(model(&x)).enumerate() {
            assert!((ours - due).abs() <= 1e-14, "{ours:e}, not {due:e}, at {i}, {place} missing");
        }
    }
}

#[test]
fn an_infinity_stays_and_leaves_those_before_alone() {
    let mut noise = Noise(12);
    let numbers: Vec<f64> = (0..5000).map(|_| noise.unit()).collect();
    let due = model(&numbers);
    for place in PLACES {
        let mut x = numbers.clone();
        x[place] = f64::INFINITY;
        let mut found = ours(&x);
        assert!(found[place..].iter().all(|y| *y == f64::INFINITY), "at {place}");
        // With the other one there is no number, but still nothing missing.
        x[place - 1] = f64::NEG_INFINITY;
        found.truncate(place - 1);
        let both = ours(&x);
        assert!(both[place..].iter().all(|y| y.is_nan()), "at {place}");
        for (i, y) in found.iter().enumerate() {
            assert!((y - due[i]).abs() <= 1e-14 && *y == both[i], "{y:e}, not {:e}, at {i}, {place} infinite", due[i]);
        }
    }
}

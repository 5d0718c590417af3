//! The same bits however a stream is cut, and whatever it is written into.

use lagom_vecproc::*;
use proptest::prelude::*;

use crate::bits::{assert_same, bits};
use crate::inputs::{EDGES, cases, elements, with_special};
use crate::table::{self, Parameters};

fn cuts() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(prop_oneof![0..5_usize, 0..70_usize, 0..3000_usize], 1..30)
}

/// The stream over chunks of the given lengths, over and over; every other one in place.
fn in_chunks(stream: &mut PipelineStream, x: &[f64], cuts: &[usize]) -> Vec<f64> {
    let mut out = x.to_vec();
    let (mut start, mut turn) = (0, 0);
    while start < x.len() {
        let cut = cuts[turn % cuts.len()] + usize::from(turn > 100);
        let end = x.len().min(start + cut);
        if turn % 2 == 0 {
            stream.process(&x[start..end], &mut out[start..end]).unwrap();
        } else {
            stream.process_in_place(&mut out[start..end]);
        }
        (start, turn) = (end, turn + 1);
    }
    out
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn every_operation(
        x in elements(2300),
        cuts in cuts(),
        window in prop_oneof![1..10_usize, 1..140_usize, 1..3000_usize],
        ddof in 0..3_usize,
        min_periods in 1..5_usize,
        alpha in prop_oneof![0.001..1.0_f64, Just(1.0)],
    ) {
        let p = Parameters { window, ddof, min_periods: min_periods.min(window), alpha };
        for (name, pipeline) in table::all(p) {
            let whole = pipeline.process_batch_to_vec(&x).unwrap();
            assert_same(&in_chunks(&mut pipeline.stream().unwrap(), &x, &cuts), &whole, &name);
        }
    }

    /// Pipelines of several operations, run together, are the operations one after the other.
    #[test]
    fn pipelines(x in elements(4200), cuts in cuts(), picks in prop::collection::vec(0..100_usize, 0..6), window in 1..80_usize) {
        let rows = table::all(Parameters::of_window(window));
        let picks: Vec<usize> = picks.into_iter().map(|pick| pick % rows.len()).collect();
        let mut pipeline = Pipeline::new();
        let mut step_by_step = x.clone();
        for &pick in &picks {
            pipeline = table::with(pipeline, rows[pick].0, Parameters::of_window(window));
            step_by_step = rows[pick].1.process_batch_to_vec(&step_by_step).unwrap();
        }
        let names: Vec<&str> = picks.iter().map(|&pick| rows[pick].0).collect();
        let what = format!("{names:?}");
        assert_same(&pipeline.process_batch_to_vec(&x).unwrap(), &step_by_step, &what);
        let mut out = x.clone();
        pipeline.process_batch_in_place(&mut out).unwrap();
        assert_same(&out, &step_by_step, &what);
        pipeline.process_batch(&x, &mut out).unwrap();
        assert_same(&out, &step_by_step, &what);
        let mut stream = pipeline.stream().unwrap();
        assert_same(&in_chunks(&mut stream, &x, &cuts), &step_by_step, &what);
        stream.clear();
        assert_same(&in_chunks(&mut stream, &x, &cuts), &step_by_step, &what);
    }

    /// Results never depend on what comes later.
    #[test]
    fn beginnings(x in elements(300), later in elements(300), window in 1..80_usize) {
        let both = [&x[..], &later].concat();
        for (name, pipeline) in table::all(Parameters::of_window(window)) {
            let alone = pipeline.process_batch_to_vec(&x).unwrap();
            assert_same(&pipeline.process_batch_to_vec(&both).unwrap()[..x.len()], &alone, &name);
        }
    }
}

#[test]
fn one_by_one() {
    let x = with_special(260, 2);
    for window in [1, 5, 8, 13, 64, 100] {
        for (name, pipeline) in table::all(Parameters::of_window(window)) {
            let mut stream = pipeline.stream().unwrap();
            let pushed: Vec<f64> = x.iter().map(|&x| stream.push(x)).collect();
            assert_same(&pushed, &pipeline.process_batch_to_vec(&x).unwrap(), &name);
        }
    }
}

#[test]
fn in_place_and_into() {
    for n in EDGES {
        let x = with_special(n, 12);
        for (name, pipeline) in table::all(Parameters::of_window(20)) {
            let whole = pipeline.process_batch_to_vec(&x).unwrap();
            let mut out = x.clone();
            pipeline.process_batch_in_place(&mut out).unwrap();
            assert_same(&out, &whole, &name);
            pipeline.process_batch(&x, &mut out).unwrap();
            assert_same(&out, &whole, &name);
        }
    }
}

/// Slices that begin anywhere.
#[test]
fn misaligned() {
    let x = with_special(330, 13);
    for (name, pipeline) in table::all(Parameters::of_window(11)) {
        let aligned = pipeline.process_batch_to_vec(&x[8..]).unwrap();
        for start in 1..8 {
            let shifted = [&x[8 - start..8], &x[8..]].concat();
            let mut out = vec![0.0; start * 2 + aligned.len()];
            pipeline.process_batch(&shifted[start..], &mut out[start * 2..]).unwrap();
            assert_same(&out[start * 2..], &aligned, &name);
            assert!(out[..start * 2].iter().all(|&x| x == 0.0), "{name} wrote before its output");
        }
    }
}

/// What is written past the caches, for it would only fill them.
#[test]
fn longer_than_the_caches() {
    let n = (1 << 22) + 67;
    let x: Vec<f64> = (0..n).map(|i| (i % 1000) as f64).collect();
    let mut out = vec![-1.0; n + 3];
    for start in [0, 1, 3] {
        out.fill(-1.0);
        scale(&x, 2.0, &mut out[start..start + n]).unwrap();
        assert!((0..n).all(|i| out[start + i] == 2.0 * x[i]));
        assert!(out[..start].iter().chain(&out[start + n..]).all(|&x| x == -1.0), "beyond the output");
    }
    rolling_max(&x, 3, &mut out[1..=n]).unwrap();
    assert_eq!(bits(&out[1..4]), bits(&[f64::NAN, f64::NAN, 2.0]));
    assert!((2..n).all(|i| out[1 + i] == if i % 1000 < 2 { 999.0 } else { x[i] }));
    cumulative_sum(&x, &mut out[3..n + 3]).unwrap();
    let plain = x.iter().scan(0.0, |sum, x| {
        *sum += x;
        Some(*sum)
    });
    assert!(plain.eq(out[3..].iter().copied()), "sums of integers are exact");
}

#[test]
fn a_clone_goes_on_by_itself() {
    let x = with_special(500, 14);
    for (name, pipeline) in table::all(Parameters::of_window(70)) {
        let whole = pipeline.process_batch_to_vec(&x).unwrap();
        let mut stream = pipeline.stream().unwrap();
        let mut out = x.clone();
        stream.process_in_place(&mut out[..217]);
        let mut other = stream.clone();
        // What one sees is nothing to the other.
        other.process_in_place(&mut vec![f64::NAN; 300]);
        stream.process_in_place(&mut out[217..]);
        assert_same(&out, &whole, &name);
    }
}

/// Nothing is left of what a stream saw before it was cleared.
#[test]
fn cleared() {
    let x = with_special(200, 15);
    for (name, pipeline) in table::all(Parameters::of_window(70)) {
        let mut stream = pipeline.stream().unwrap();
        stream.process_in_place(&mut with_special(1000, 16));
        stream.clear();
        let mut out = x.clone();
        stream.process_in_place(&mut out);
        assert_same(&out, &pipeline.process_batch_to_vec(&x).unwrap(), &name);
    }
}

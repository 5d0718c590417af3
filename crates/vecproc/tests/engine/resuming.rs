//! Streams that are saved and go on later, and states that are none.

use lagom_vecproc::*;
use proptest::prelude::*;

use crate::bits::assert_same;
use crate::inputs::{cases, elements, with_special};
use crate::table::{self, Parameters};

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn at_any_cut(x in elements(400), cut in 0..400_usize, window in 1..140_usize, alpha in 0.001..1.0_f64) {
        let cut = cut % (x.len() + 1);
        for (name, pipeline) in table::all(Parameters { alpha, ..Parameters::of_window(window) }) {
            let whole = pipeline.process_batch_to_vec(&x).unwrap();
            let mut stream = pipeline.stream().unwrap();
            let mut out = x.clone();
            stream.process_in_place(&mut out[..cut]);
            let mut later = stream.save().resume().unwrap();
            prop_assert_eq!(later.save(), stream.save(), "{}", name);
            // The first goes on as if nothing were.
            let mut first = out[cut..].to_vec();
            stream.process_in_place(&mut first);
            later.process_in_place(&mut out[cut..]);
            assert_same(&out, &whole, &name);
            assert_same(&first, &whole[cut..], &name);
            later.clear();
            out.copy_from_slice(&x);
            later.process_in_place(&mut out);
            assert_same(&out, &whole, &name);
        }
    }
}

/// Several operations, saved after each element.
#[test]
fn after_every_element() {
    let pipeline = Pipeline::new()
        .fill_missing(Fill::Forward)
        .rolling_variance(5, 0)
        .ewma(Ewma::span(4.0))
        .lag(3)
        .cumulative_sum()
        .min_periods(2);
    let x = with_special(150, 51);
    let mut stream = pipeline.stream().unwrap();
    let out: Vec<f64> = x
        .iter()
        .map(|&x| {
            stream = stream.save().resume().unwrap();
            stream.push(x)
        })
        .collect();
    assert_same(&out, &pipeline.process_batch_to_vec(&x).unwrap(), &"all");
}

/// A state is compared as a whole: what has seen other elements is another.
#[test]
fn states_differ() {
    for (name, pipeline) in table::all(Parameters::of_window(5)) {
        let mut stream = pipeline.stream().unwrap();
        let before = stream.save();
        let _ = stream.push(2.5);
        let is_stateless = ["scale", "affine", "clip", "abs", "ln", "exp", "fill_missing, value"].contains(&name);
        assert_eq!(stream.save() == before, is_stateless, "{name}");
    }
}

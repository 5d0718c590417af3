//! Arguments that cannot be worked with.

use lagom_vecproc::*;

use crate::table::{self, Parameters};

/// What is wrong is named; nothing is written.
#[track_caller]
fn refused(pipeline: &Pipeline, operation: &str, parameter: &str) {
    let mut out = [7.0; 3];
    let error = match pipeline.process_batch(&[1.0, 2.0, 3.0], &mut out) {
        Err(ProcessError::Parameter(error)) => error,
        other => panic!("{pipeline:?}: {other:?}"),
    };
    assert_eq!((error.operation(), error.parameter()), (operation, parameter));
    let text = error.to_string();
    assert!(text.starts_with(&format!("{operation}: {parameter} is ")) && text.contains(", expected "), "{text}");
    assert_eq!(ProcessError::from(error).to_string(), text);
    let mut x = [1.0, 2.0, 3.0];
    assert_eq!(pipeline.process_batch_in_place(&mut x).unwrap_err().to_string(), text);
    assert_eq!((out, x), ([7.0; 3], [1.0, 2.0, 3.0]), "written all the same");
    // A parameter of an operation is reported before lengths, and on nothing at all.
    assert!(pipeline.process_batch(&[1.0], &mut out).is_err());
    assert!(pipeline.process_batch::<&[f64]>(&[], &mut []).is_err());
    assert!(pipeline.process_batch_to_vec(&[1.0]).is_err());
    assert!(pipeline.stream().is_err());
    // Wherever it stands.
    assert!(Pipeline::new().abs().process_batch_to_vec(&[1.0]).is_ok());
}

/// What an operation of the [table](crate::table) is called: a median is a quantile.
fn reported(name: &str) -> &str {
    match name.split(',').next() {
        Some("rolling_median") => "rolling_quantile",
        other => other.unwrap_or_default(),
    }
}

#[test]
fn quantiles_beyond_the_least_and_the_greatest() {
    for q in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        refused(&Pipeline::new().rolling_quantile(2, q), "rolling_quantile", "q");
    }
}

#[test]
fn windows_of_nothing() {
    let p = Parameters { window: 0, min_periods: 1, ..Parameters::of_window(1) };
    for (name, pipeline) in table::rolling(p) {
        refused(&pipeline, reported(name), "window");
    }
    refused(&Pipeline::new().chunked_mean(0), "chunked_mean", "n");
    refused(&Pipeline::new().scale(2.0).abs().rolling_mean(0).exp(), "rolling_mean", "window");
}

#[test]
fn more_needed_than_the_window_has() {
    for (name, pipeline) in table::rolling(Parameters { min_periods: 6, ..Parameters::of_window(5) }) {
        if name.ends_with(", min_periods") {
            refused(&pipeline, reported(name), "min_periods");
        }
    }
    assert!(Pipeline::new().rolling_mean(5).min_periods(5).stream().is_ok());
}

#[test]
fn missing_values_left_out_of_what_has_no_use_for_it() {
    let new = Pipeline::new;
    for (pipeline, operation) in [
        (new().chunked_mean(3), "chunked_mean"),
        (new().scale(1.0), "scale"),
        (new().affine(1.0, 1.0), "affine"),
        (new().clip(0.0, 1.0), "clip"),
        (new().abs(), "abs"),
        (new().ln(), "ln"),
        (new().exp(), "exp"),
        (new().difference(1), "difference"),
        (new().lag(1), "lag"),
        (new().fill_missing(Fill::Forward), "fill_missing"),
        (new().fill_missing(Fill::Value(1.0)), "fill_missing"),
    ] {
        refused(&pipeline.clone().min_periods(2), operation, "min_periods");
        refused(&pipeline.skip_missing(), operation, "min_periods");
    }
    // There is nothing to apply to.
    assert_eq!(new().min_periods(3), new());
}

#[test]
fn decays() {
    let ewma = |ewma: Ewma| Pipeline::new().ewma(ewma);
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    for alpha in [0.0, -0.1, 1.1, nan, inf, -inf] {
        refused(&ewma(Ewma::alpha(alpha)), "ewma", "alpha");
        refused(&ewma(Ewma::alpha(alpha).unadjusted().ignoring_missing()), "ewma", "alpha");
    }
    for span in [0.99, 0.0, -3.0, nan, inf] {
        refused(&ewma(Ewma::span(span)), "ewma", "span");
    }
    for half_life in [0.0, -1.0, nan, inf] {
        refused(&ewma(Ewma::half_life(half_life)), "ewma", "half_life");
    }
    for center in [-0.1, nan, inf] {
        refused(&ewma(Ewma::center_of_mass(center)), "ewma", "center_of_mass");
    }
    for fine in
        [Ewma::alpha(1.0), Ewma::alpha(5e-324), Ewma::span(1.0), Ewma::half_life(1e-9), Ewma::center_of_mass(0.0)]
    {
        assert_eq!(ewma(fine).process_batch_to_vec(&[3.0]), Ok(vec![3.0]));
    }
}

#[test]
fn bounds_the_wrong_way_round() {
    refused(&Pipeline::new().clip(1.0, 0.0), "clip", "low");
    refused(&Pipeline::new().clip(f64::INFINITY, 0.0), "clip", "low");
    let open = Pipeline::new().clip(f64::NAN, 2.0).clip(1.0, f64::NAN).clip(f64::NEG_INFINITY, f64::INFINITY);
    assert_eq!(open.process_batch_to_vec(&[0.0, 1.5, 3.0]), Ok(vec![1.0, 1.5, 2.0]));
}

/// What nobody has the memory for; unless the input is known to be short.
#[test]
fn looking_back_too_far() {
    let far = usize::MAX;
    for (name, pipeline) in table::rolling(Parameters { min_periods: 1, ..Parameters::of_window(far) }) {
        let error = pipeline.stream().unwrap_err();
        assert_eq!((error.operation(), error.parameter()), (reported(name), "window"));
        let out: Vec<f64> = pipeline.process_batch_to_vec(&[1.0, 3.0]).unwrap();
        assert!(name.ends_with("min_periods") || out.iter().all(|x| x.is_nan()), "{name}");
    }
    assert_eq!(Pipeline::new().lag(far).stream().unwrap_err().parameter(), "by");
    assert_eq!(Pipeline::new().difference(far).stream().unwrap_err().parameter(), "lag");
    assert!(Pipeline::new().lag(far).process_batch_to_vec(&[1.0_f64]).unwrap()[0].is_nan());
    assert!(Pipeline::new().chunked_mean(far).stream().is_ok());
}

#[test]
fn lengths_that_differ() {
    for (name, pipeline) in table::all(Parameters::of_window(2)) {
        for wrong in [0, 4, 6] {
            let mut out = vec![7.0; wrong];
            let error = pipeline.process_batch(&[1.0; 5], &mut out).unwrap_err();
            assert_eq!(error.to_string(), format!("output has length {wrong}, input has length 5"), "{name}");
            // Nor does a stream advance.
            let mut stream = pipeline.stream().unwrap();
            let error = stream.process(&[1e9; 5], &mut out).unwrap_err();
            assert_eq!((error.input(), error.output()), (5, wrong), "{name}");
            assert!(stream.process(&[1.0_f32; 5], &mut vec![7.0_f32; wrong]).is_err());
            assert_eq!(stream.save(), pipeline.stream().unwrap().save(), "{name}");
            assert!(out.iter().all(|&x| x == 7.0), "{name}");
        }
    }
    let error = rolling_mean(Strided::new(&[1.0; 5], 0, 2).unwrap(), 2, &mut [0.0; 5]).unwrap_err();
    assert_eq!(error.to_string(), "output has length 5, input has length 3");
}

#[test]
fn a_stream_that_looks_back_at_more_than_there_is_memory_for_is_an_error() {
    for pipeline in [
        Pipeline::new().rolling_mean(1 << 50),
        Pipeline::new().rolling_std(usize::MAX, 1).min_periods(1),
        Pipeline::new().rolling_median(1 << 40),
        Pipeline::new().lag(usize::MAX),
        Pipeline::new().difference(1 << 60),
    ] {
        let error = pipeline.stream().unwrap_err().to_string();
        assert!(error.contains("expected no more than there is memory for") || error.contains("2^30"), "{error}");
    }
}

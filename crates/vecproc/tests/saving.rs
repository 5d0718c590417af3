//! Pipelines and streams under way, written and read as JSON; and what was read and is no stream.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::process::Command;

use lagom_vecproc::*;
use proptest::prelude::*;
use serde_json::{Value, json};

/// One of each kind, of all that have a state.
fn pipelines(window: usize) -> Vec<Pipeline> {
    let new = Pipeline::new;
    let mut all = vec![
        new(),
        new().cumulative_sum(),
        new().cumulative_product(),
        new().cumulative_min().skip_missing(),
        new().expanding_mean().min_periods(3),
        new().expanding_variance(1),
        new().expanding_max().min_periods(2),
        new().chunked_mean(window),
        new().scale(1.1).affine(0.1, -3.0).clip(f64::NEG_INFINITY, 5.0).abs().ln().exp(),
        new().difference(window).lag(window + 1),
        new().fill_missing(Fill::Forward).fill_missing(Fill::Value(0.1)),
        new().expanding_std(0).rolling_mean(window).cumulative_max(),
    ];
    for rolling in [
        new().rolling_sum(window),
        new().rolling_mean(window),
        new().rolling_variance(window, 0),
        new().rolling_std(window, 1),
        new().rolling_min(window),
        new().rolling_max(window),
        new().rolling_z_score(window, 1),
        new().rolling_median(window),
        new().rolling_quantile(window, 0.3),
    ] {
        all.push(rolling.clone());
        all.push(rolling.min_periods(window.min(2)));
    }
    let decays = [Ewma::alpha(0.1), Ewma::span(7.0).unadjusted(), Ewma::half_life(2.0).ignoring_missing()];
    for ewma in decays.into_iter().chain([Ewma::center_of_mass(1.5).unadjusted().ignoring_missing()]) {
        all.push(new().ewma(ewma));
        all.push(new().ewma(ewma).min_periods(3));
    }
    all
}

fn bits(x: &[f64]) -> Vec<u64> {
    x.iter().map(|x| if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() }).collect()
}

/// Elements of which some are missing, infinite and denormal.
fn elements() -> Vec<f64> {
    let special = [f64::NAN, 5e-324, -0.0, f64::NAN, f64::INFINITY, 0.1, f64::NEG_INFINITY];
    (0..230).map(|i| if i % 11 == 10 { special[i / 11 % 7] } else { (i as f64 * 0.7).sin() * 10.0 }).collect()
}

fn through_json<T: serde::Serialize + serde::de::DeserializeOwned>(x: &T) -> T {
    serde_json::from_str(&serde_json::to_string(x).unwrap()).unwrap()
}

#[test]
fn pipelines_survive() {
    for pipeline in pipelines(5) {
        if !format!("{pipeline:?}").contains("inf") {
            assert_eq!(through_json(&pipeline), pipeline);
        }
    }
}

#[test]
fn streams_go_on_where_they_were() {
    let x = elements();
    for window in [1, 3, 8, 50, 100] {
        for pipeline in pipelines(window) {
            if format!("{pipeline:?}").contains("inf") {
                continue; // JSON has no infinities; other formats do
            }
            let whole = pipeline.process_batch_to_vec(&x).unwrap();
            for cut in [0, 1, 31, 64, 77, 129, 230] {
                let mut stream = pipeline.stream().unwrap();
                let mut out = x.clone();
                stream.process_in_place(&mut out[..cut]);
                let saved = stream.save();
                assert_eq!(through_json(&saved), saved);
                let mut later = through_json(&saved).resume().unwrap();
                later.process_in_place(&mut out[cut..]);
                assert_eq!(bits(&out), bits(&whole), "{pipeline:?} cut at {cut}");
            }
        }
    }
}

/// What is saved where one instruction set is may go on where another is: the test runs itself again with each.
#[test]
fn states_are_the_same_with_every_instruction_set() {
    const SWITCH: &str = "LAGOM_VECPROC_ISA";
    const MARK: &str = "states: ";
    let mut hash = DefaultHasher::new();
    for window in [1, 7, 8, 50, 64, 100] {
        for pipeline in pipelines(window) {
            let state = saved(&pipeline)["state"].take();
            let words: Vec<u64> = serde_json::from_value(state).unwrap();
            bits(&words.into_iter().map(f64::from_bits).collect::<Vec<_>>()).hash(&mut hash);
        }
    }
    let ours = format!("{MARK}{:016x}", hash.finish());
    println!("{ours}");
    if std::env::var_os(SWITCH).is_some() {
        return;
    }
    for set in ["avx512", "avx2", "portable"] {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "states_are_the_same_with_every_instruction_set", "--nocapture"]).env(SWITCH, set);
        let output = child.output().unwrap();
        assert!(String::from_utf8_lossy(&output.stdout).contains(&ours), "{set}: {output:?}");
    }
}

/// A stream saved after some elements, as JSON.
fn saved(pipeline: &Pipeline) -> Value {
    let mut stream = pipeline.stream().unwrap();
    stream.process_in_place(&mut elements());
    serde_json::to_value(stream.save()).unwrap()
}

/// Resumes it, and if that can be done goes on with it for a while.
fn resume(value: &Value) -> Result<(), ResumeError> {
    let Ok(saved) = serde_json::from_value::<SavedStream>(value.clone()) else { return Err(ResumeError::State) };
    let mut stream = saved.resume()?;
    stream.process_in_place(&mut elements());
    let _ = stream.save().resume()?;
    Ok(())
}

#[test]
fn too_short_or_too_long_is_refused() {
    for pipeline in pipelines(9) {
        let value = saved(&pipeline);
        if value.to_string().contains("null") {
            continue;
        }
        assert_eq!(resume(&value), Ok(()), "{pipeline:?}");
        let state = value["state"].as_array().unwrap();
        let mut longer = value.clone();
        longer["state"] = state.iter().cloned().chain([json!(0)]).collect();
        assert_eq!(resume(&longer), Err(ResumeError::State), "{pipeline:?}");
        for len in (0..state.len()).rev().take(3).chain([0]).filter(|&len| len < state.len()) {
            let mut shorter = value.clone();
            shorter["state"] = state[..len].iter().cloned().collect();
            assert_eq!(resume(&shorter), Err(ResumeError::State), "{pipeline:?}");
        }
    }
}

/// Any word of the state replaced by any other: refused or not, it never panics, then or later.
#[test]
fn no_state_panics() {
    for pipeline in pipelines(9) {
        let value = saved(&pipeline);
        let len = value["state"].as_array().unwrap().len();
        for at in (0..len.min(12)).chain((12..len).step_by(29)) {
            for word in [0, 1, 63, 64, 1 << 40, u64::MAX >> 1, u64::MAX, f64::NAN.to_bits(), f64::INFINITY.to_bits()] {
                let mut wrong = value.clone();
                wrong["state"][at] = json!(word);
                let _ = resume(&wrong);
            }
        }
    }
}

#[test]
fn counts_that_cannot_be_are_refused() {
    let mut value = saved(&Pipeline::new().cumulative_sum());
    value["state"][0] = json!(64); // elements of a block that is not full
    assert_eq!(resume(&value), Err(ResumeError::State));
    let mut value = saved(&Pipeline::new().lag(3));
    value["state"][0] = json!(3); // a place of three
    assert_eq!(resume(&value), Err(ResumeError::State));
    let mut value = saved(&Pipeline::new().chunked_mean(4));
    value["state"][0] = json!(4); // elements of a chunk that is not full
    assert_eq!(resume(&value), Err(ResumeError::State));
}

/// A state of one pipeline is none of another, but for pipelines whose states look alike.
#[test]
fn parameters_are_checked_again() {
    let mut value = saved(&Pipeline::new().rolling_mean(5));
    value["pipeline"]["steps"][0]["operation"]["RollingMean"]["window"] = json!(0);
    let Err(error @ ResumeError::Parameter(_)) = resume(&value) else { panic!("a window of 0") };
    assert_eq!(error.to_string(), "rolling_mean: window is 0, expected at least 1");
    value["pipeline"]["steps"][0]["operation"]["RollingMean"]["window"] = json!(6000);
    assert_eq!(resume(&value), Err(ResumeError::State));
}

/// None needed is taken as one, also where it was read and not asked for.
#[test]
fn none_needed_is_one() {
    let x = [f64::NAN, f64::NAN, 3.0, f64::NAN, f64::NAN];
    for pipeline in pipelines(2) {
        let one = pipeline.skip_missing();
        let text = serde_json::to_string(&one).unwrap().replace("\"min_periods\":1", "\"min_periods\":0");
        let Ok(none) = serde_json::from_str::<Pipeline>(&text) else { continue };
        let run =
            |pipeline: &Pipeline| pipeline.process_batch_to_vec(&x).map(|out| bits(&out)).map_err(|e| e.parameter());
        assert_eq!(run(&none), run(&one), "{text}");
    }
}

/// What would take more memory than there is, is refused before any is asked for.
#[test]
fn absurd_windows_are_refused() {
    for pipeline in pipelines(77) {
        let text = saved(&pipeline).to_string();
        for absurd in [1_u64 << 39, 1 << 33, 10_000_000] {
            let text = text.replace("\"window\":77", &format!("\"window\":{absurd}"));
            let text = text.replace("\"by\":78", &format!("\"by\":{absurd}"));
            let text = text.replace("\"lag\":77", &format!("\"lag\":{absurd}"));
            if let Ok(value) = serde_json::from_str::<Value>(&text)
                && text.contains(&absurd.to_string())
            {
                let refused = matches!(resume(&value), Err(ResumeError::State | ResumeError::Parameter(_)));
                assert!(refused, "{pipeline:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_random_state_panics(pick in 0..100_usize, words in prop::collection::vec(any::<u64>(), 0..200)) {
        let pipelines = pipelines(3);
        let pipeline = &pipelines[pick % pipelines.len()];
        let mut value = saved(pipeline);
        let len = value["state"].as_array().unwrap().len();
        for at in 0..len.min(words.len()) {
            // Small numbers more often, for those may be counts.
            value["state"][at] = json!(if words[at] % 3 == 0 { words[at] } else { words[at] % 8 });
        }
        let _ = resume(&value);
    }
}

//! Comparisons by simulation, with seeds that do not change.

use super::*;
use crate::statistics::Random;
use crate::summary::{Bucket, Clock, FunctionStats, Histogram};

/// Durations in buckets of a 32nd of an octave, as the engine has them.
fn histogram(durations: impl IntoIterator<Item = f64>) -> Histogram {
    let mut counts = std::collections::BTreeMap::new();
    for duration in durations {
        let octave = duration.log2().floor();
        let part = ((duration / octave.exp2() - 1.0) * 32.0).floor();
        *counts.entry((octave as i64, part as i64)).or_insert(0) += 1;
    }
    let edge = |octave: i64, part: i64| 2.0_f64.powi(octave as i32) * (1.0 + part as f64 / 32.0);
    let bucket = |((octave, part), count): ((i64, i64), u64)| Bucket {
        from_ns: edge(octave, part),
        to_ns: edge(octave, part + 1),
        count,
    };
    Histogram { buckets: counts.into_iter().map(bucket).collect() }
}

fn function(name: &str, durations: Vec<f64>) -> FunctionStats {
    let calls = durations.len() as u64;
    let wall_ns = durations.iter().sum::<f64>() as u64;
    FunctionStats {
        name: name.to_owned().into(),
        calls,
        timed: calls,
        wall_ns,
        total_ns: wall_ns,
        self_ns: wall_ns,
        histogram: histogram(durations),
        ..FunctionStats::default()
    }
}

/// Of a given median, skewed, and one call in a hundred was preempted for a millisecond.
fn durations(random: &mut Random, median: f64, count: usize) -> Vec<f64> {
    let preempted = |random: &mut Random| if random.below(100) == 0 { 1e6 } else { 0.0 };
    (0..count).map(|_| median * (0.2 * random.normal()).exp() + preempted(random)).collect()
}

fn run(functions: Vec<FunctionStats>) -> Summary {
    let clock = Clock { source: "tsc".into(), step_ns: 10.0, ..Clock::default() };
    Summary { clock, ..Summary::of(functions, false) }
}

fn one(random: &mut Random, median: f64, count: usize) -> Summary {
    run(vec![function("f", durations(random, median, count))])
}

fn verdict(comparison: &Comparison) -> Verdict {
    comparison.changes()[0].verdict()
}

#[test]
#[cfg_attr(miri, ignore = "too much for it")]
fn equal_runs_of_many_functions_raise_no_alarm() {
    let mut random = Random::new(1);
    // Nothing but the test itself between chance and an alarm.
    let bare = Thresholds::new().alpha(0.05).effect(0.0).ratio(1.0);
    let mut alarms = 0;
    for _ in 0..200 {
        let mut many = || run((0..8).map(|at| function(&at.to_string(), durations(&mut random, 1e4, 200))).collect());
        let comparison = compare(&many(), &many()).with_thresholds(bare);
        alarms += usize::from(comparison.changes().iter().any(|change| change.p() < 0.05));
        assert!(!compare(&many(), &many()).is_regression());
    }
    // At most 5 % of 200, and three standard deviations.
    assert!(alarms <= 19, "{alarms}");
    assert!(alarms >= 1, "a test that never fires cannot fail");
}

#[test]
#[cfg_attr(miri, ignore = "too much for it")]
fn a_tenth_slower_is_found() {
    let mut random = Random::new(2);
    let sensitive = Thresholds::new().ratio(1.05);
    let found = |factor: f64, random: &mut Random, wanted: Verdict| {
        let runs = (0..50).map(|_| compare(&one(random, 1e4, 2_000), &one(random, 1e4 * factor, 2_000)));
        runs.filter(|comparison| verdict(&comparison.clone().with_thresholds(sensitive)) == wanted).count()
    };
    assert!(found(1.1, &mut random, Verdict::Slower) >= 48);
    assert!(found(1.0 / 1.1, &mut random, Verdict::Faster) >= 48);
    assert_eq!(found(1.01, &mut random, Verdict::Slower), 0, "a hundredth is below the least ratio");
    let slower = compare(&one(&mut random, 1e4, 500), &one(&mut random, 1.3e4, 500));
    assert_eq!((verdict(&slower), slower.exit_code()), (Verdict::Slower, 1));
    let faster = compare(&one(&mut random, 1.3e4, 500), &one(&mut random, 1e4, 500));
    assert_eq!((verdict(&faster), faster.exit_code()), (Verdict::Faster, 0));
}

#[test]
#[cfg_attr(miri, ignore = "too much for it")]
fn the_interval_holds_the_true_ratio() {
    let mut random = Random::new(3);
    let held = (0..200).filter(|_| {
        let comparison = compare(&one(&mut random, 1e4, 300), &one(&mut random, 1.2e4, 300));
        let (low, high) = comparison.changes()[0].ratio_interval();
        low <= 1.2 && 1.2 <= high && high / low < 1.3
    });
    // The width of the buckets makes it hold more often than 95 %.
    assert!(held.count() >= 188);
}

#[test]
fn preempted_calls_are_no_regression() {
    let mut random = Random::new(4);
    let mut disturbed = durations(&mut random, 1e4, 1_000);
    disturbed.iter_mut().step_by(20).for_each(|duration| *duration = 1e9);
    let comparison = compare(&one(&mut random, 1e4, 1_000), &run(vec![function("f", disturbed)]));
    assert_eq!(verdict(&comparison), Verdict::Same, "{comparison}");
}

#[test]
fn few_calls_say_nothing() {
    let mut random = Random::new(5);
    let comparison = compare(&one(&mut random, 1e4, 19), &one(&mut random, 9e4, 500));
    assert_eq!((verdict(&comparison), comparison.is_regression()), (Verdict::Unclear, false));
    // One call in a hundred was timed and stands for all: that is ten.
    let mut sampled = one(&mut random, 9e4, 1_000);
    sampled.functions[0].timed = 10;
    assert_eq!(verdict(&compare(&one(&mut random, 1e4, 1_000), &sampled)), Verdict::Unclear);
    let empty = compare(&run(vec![FunctionStats::default()]), &run(vec![FunctionStats::default()]));
    assert_eq!((verdict(&empty), empty.changes()[0].ratio()), (Verdict::Unclear, 1.0));
}

#[test]
fn what_the_clock_cannot_tell_is_not_told() {
    let mut random = Random::new(6);
    let comparison = compare(&one(&mut random, 15.0, 1_000), &one(&mut random, 30.0, 1_000));
    assert_eq!(verdict(&comparison), Verdict::Unclear);
    let grown = compare(&one(&mut random, 15.0, 1_000), &one(&mut random, 300.0, 1_000));
    assert_eq!(verdict(&grown), Verdict::Slower);
}

#[test]
fn each_threshold_holds_back_by_itself() {
    let mut random = Random::new(7);
    let comparison = compare(&one(&mut random, 1e4, 1_000), &one(&mut random, 1.5e4, 1_000));
    let with = |thresholds| verdict(&comparison.clone().with_thresholds(thresholds));
    let new = Thresholds::new;
    assert_eq!(with(new()), Verdict::Slower);
    for held in [new().ratio(2.0), new().effect(0.999), new().alpha(0.0)] {
        assert_eq!(with(held), Verdict::Same, "{held:?}");
    }
    assert_eq!(with(new().samples(1_001)), Verdict::Unclear);
}

#[test]
fn more_allocations_per_call_are_a_regression_where_both_were_counted() {
    let mut random = Random::new(8);
    let mut with = |allocations: u64, heap_tracked: bool| {
        let mut summary = one(&mut random, 1e4, 1_000);
        summary.functions[0].allocations = allocations * 100;
        summary.heap_tracked = heap_tracked;
        summary
    };
    let more = |comparison: &Comparison| comparison.changes()[0].allocates_more();
    let two = with(20, true);
    let comparison = compare(&two, &with(30, true));
    assert!(more(&comparison) && comparison.is_regression() && verdict(&comparison) == Verdict::Same);
    assert!(!more(&compare(&two, &with(21, true))), "half a tenth more");
    assert!(!more(&compare(&with(1, true), &with(5, true))), "less than half an allocation per call");
    assert!(!more(&compare(&two, &with(30, false))), "not counted");
    assert!(!more(&comparison.with_thresholds(Thresholds::new().allocations(f64::INFINITY))));
}

#[test]
fn functions_are_matched_by_module_and_name() {
    let mut random = Random::new(9);
    let mut at = |name: &str, module: &'static str, line, median| {
        let calls = durations(&mut random, median, 200);
        FunctionStats { module: module.into(), line, ..function(name, calls) }
    };
    // Lines have moved; one of the two `new` is still the first.
    let baseline =
        run(vec![at("new", "a", 10, 1e4), at("new", "a", 20, 1e6), at("old", "a", 1, 1e4), at("f", "b", 1, 1e4)]);
    let now =
        run(vec![at("new", "a", 35, 1e6), at("new", "a", 15, 1e4), at("f", "c", 1, 1e4), at("new", "a", 90, 1e4)]);
    let comparison = compare(&baseline, &now);
    let lines: Vec<(u32, Verdict)> = comparison.changes().iter().map(|c| (c.line(), c.verdict())).collect();
    assert_eq!(lines, [(15, Verdict::Same), (35, Verdict::Same)]);
    assert_eq!(comparison.new_functions().collect::<Vec<_>>(), ["new", "f"]);
    assert_eq!(comparison.vanished_functions().collect::<Vec<_>>(), ["old", "f"]);
}

#[test]
fn the_table_fits_and_begins_with_what_is_worse() {
    let mut random = Random::new(10);
    let long = "a_name_that_is_longer_than_any_line_of_a_report_may_be::".repeat(3);
    let mut both = |first: f64| {
        let rows = vec![
            function(&long, durations(&mut random, 1e4, 300)),
            function("slow\n", durations(&mut random, first, 300)),
            function("quick", durations(&mut random, 3e14 / first, 300)),
        ];
        Summary { heap_tracked: true, ..run(rows) }
    };
    let (baseline, mut now) = (both(1e4), both(1e6));
    now.functions.push(function(&long.replace("name", "new"), Vec::new()));
    now.clock.source = "Instant".into();
    let comparison = compare(&baseline, &now);
    let text = comparison.to_string();
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    assert!(text.lines().nth(1).unwrap().starts_with("slow\\n"), "{text}");
    assert!(text.ends_with("1 of 3 functions regressed") && text.contains("different clocks"), "{text}");
    assert_eq!(compare(&Summary::default(), &Summary::default()).to_string(), "0 of 0 functions regressed");
}

#[test]
fn a_report_shows_all_it_has() {
    let report = Report::new(crate::export::fixture());
    let text = report.to_string();
    assert!(text.contains("parse") && text.contains("clock: tsc in steps of 10.0 ns"), "{text}");
}

#[cfg(feature = "export")]
#[test]
fn a_comparison_is_json() {
    let mut random = Random::new(11);
    let comparison = compare(&one(&mut random, 1e4, 300), &one(&mut random, 2e4, 300));
    let json: serde_json::Value = serde_json::from_str(&comparison.to_json()).unwrap();
    assert_eq!(json["changes"][0]["verdict"], "slower");
    assert_eq!(json["thresholds"]["ratio"], 1.1);
}

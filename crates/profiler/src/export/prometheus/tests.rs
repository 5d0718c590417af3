//! The text is read by a parser that forgives nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::export::fixture::{NASTY, summary};
use crate::monitor::Metric;

/// One line: its name, its labels, its value.
type Series = (String, BTreeMap<String, String>, f64);

/// The families in their order, each with its type and its series.
fn parse(text: &str) -> Vec<(String, String, Vec<Series>)> {
    assert!(text.is_empty() || text.ends_with('\n'));
    let mut families: Vec<(String, String, Vec<Series>)> = Vec::new();
    let mut lines = text.lines().peekable();
    let mut seen = BTreeSet::new();
    while let Some(line) = lines.next() {
        let (name, help) = line.strip_prefix("# HELP ").unwrap().split_once(' ').unwrap();
        assert!(!help.is_empty() && is_name(name), "{line}");
        let kind = lines.next().unwrap().strip_prefix("# TYPE ").unwrap().strip_prefix(name).unwrap();
        let kind = kind.strip_prefix(' ').unwrap().to_owned();
        assert!(families.iter().all(|(other, ..)| other != name), "{name} comes twice");
        assert_eq!(kind == "counter", name.ends_with("_total"), "{name}");
        let mut all = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
            let series = series(line);
            let suffix = series.0.strip_prefix(name).unwrap();
            match (&*kind, suffix) {
                ("histogram", "_bucket") => assert!(series.1.contains_key("le")),
                ("histogram", "_sum" | "_count") | ("counter" | "gauge", "") => {
                    assert!(!series.1.contains_key("le") && !series.1.contains_key("quantile"));
                }
                other => panic!("{other:?} in {line}"),
            }
            assert!(seen.insert((series.0.clone(), series.1.clone())), "twice: {line}");
            all.push(series);
        }
        assert!(!all.is_empty(), "{name} is empty");
        families.push((name.to_owned(), kind, all));
    }
    families
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn series(line: &str) -> Series {
    let end = line.find(['{', ' ']).unwrap();
    let (name, mut rest) = line.split_at(end);
    assert!(is_name(name), "{line}");
    let mut labels = BTreeMap::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (name, value) = rest.split_once("=\"").unwrap();
            assert!(is_name(name), "{line}");
            let mut text = String::new();
            let mut chars = value.char_indices();
            let end = loop {
                match chars.next().unwrap() {
                    (at, '"') => break at,
                    (_, '\\') => text.push(match chars.next().unwrap().1 {
                        'n' => '\n',
                        c @ ('\\' | '"') => c,
                        c => panic!("\\{c} in {line}"),
                    }),
                    (_, c) => text.push(c),
                }
            };
            assert!(labels.insert(name.to_owned(), text).is_none(), "{line}");
            rest = &value[end + 1..];
            match rest.strip_prefix(',') {
                Some(more) => rest = more,
                None => break,
            }
        }
        rest = rest.strip_prefix('}').unwrap();
    }
    let value = match rest.strip_prefix(' ').unwrap() {
        "NaN" => f64::NAN,
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        number => {
            assert!(number.starts_with(|c: char| c.is_ascii_digit() || c == '-'), "{line}");
            number.parse().unwrap()
        }
    };
    (name.to_owned(), labels, value)
}

fn find<'a>(families: &'a [(String, String, Vec<Series>)], name: &str) -> &'a [Series] {
    &families.iter().find(|family| family.0 == name).unwrap_or_else(|| panic!("no {name}")).2
}

#[test]
fn every_family_is_whole_and_every_name_survives() {
    let families = parse(&summary().to_prometheus());
    let calls = find(&families, "lagom_profiler_calls_total");
    assert_eq!(calls.iter().map(|series| series.2).collect::<Vec<_>>(), [10.0, 1_000.0, 500.0, 5.0]);
    assert_eq!((&*calls[2].1["function"], &*calls[2].1["line"]), (NASTY, "17"));
    assert_eq!(find(&families, "lagom_profiler_errors_total")[0].2, 2.0);
    assert_eq!(find(&families, "lagom_profiler_self_seconds_total")[1].2, 0.004);
    assert_eq!(find(&families, "lagom_profiler_allocated_bytes_total")[0].2, 640.0);
    assert_eq!(find(&families, "lagom_profiler_net_bytes")[0].2, -16.0);
}

#[test]
fn buckets_are_cumulative_and_end_with_all() {
    let families = parse(&summary().to_prometheus());
    let durations = find(&families, "lagom_profiler_duration_seconds");
    let of = |suffix: &str| -> Vec<&Series> {
        let wanted = |series: &&Series| series.0.ends_with(suffix) && series.1["function"] == "parse";
        durations.iter().filter(wanted).collect()
    };
    let buckets = of("_bucket");
    let bounds: Vec<f64> =
        buckets.iter().map(|series| series.1["le"].replace("+Inf", "inf").parse().unwrap()).collect();
    assert!(bounds.is_sorted() && bounds.len() == 34 && bounds[33] == f64::INFINITY, "{bounds:?}");
    let counts: Vec<f64> = buckets.iter().map(|series| series.2).collect();
    assert!(counts.is_sorted(), "{counts:?}");
    let at = |bound: f64| counts[bounds.iter().position(|&b| b == bound).unwrap()];
    // 500 in 900..1000, 400 in 1000..1100 of which a quarter lies below 1024, 100 in 8000..9000.
    assert_eq!((at(0.000_000_512), at(0.000_001_024), at(0.000_002_048)), (0.0, 596.0, 900.0));
    assert_eq!((at(0.000_016_384), counts[33]), (1_000.0, 1_000.0));
    assert_eq!((of("_count")[0].2, of("_sum")[0].2), (1_000.0, 0.005));
    let percentiles = find(&families, "lagom_profiler_duration_percentile_seconds");
    let median = percentiles.iter().find(|series| series.1["function"] == "parse" && series.1["percentile"] == "50");
    assert_eq!(median.unwrap().2, 0.000_001);
}

#[test]
fn what_is_no_number_is_spelled_as_the_format_has_it() {
    let families = parse(&summary().to_prometheus());
    let figures = find(&families, "lagom_figure");
    let value = |figure: &str| figures.iter().find(|series| series.1["figure"] == figure).unwrap().2;
    assert!(value("idle").is_nan() && value("ratio") == f64::NEG_INFINITY);
    // Two of one name in one set.
    let hits: Vec<_> = figures.iter().filter(|series| series.1["figure"] == "hits").collect();
    assert_eq!((hits[0].2, hits[1].2), (3.0, 0.25));
    assert_eq!((hits[0].1.get("nth"), hits[1].1["nth"].as_str()), (None, "2"));
    let text = [0.0, -0.5, 1e300, 1e-300, 4.0, f64::INFINITY].map(|value| Number(value).to_string());
    assert_eq!(text, ["0", "-0.5", "1e300", "1e-300", "4", "+Inf"]);
}

#[test]
fn two_functions_of_one_place_stay_apart() {
    let mut summary = summary();
    let again = summary.functions[0].clone();
    summary.functions.push(again);
    let families = parse(&summary.to_prometheus());
    assert_eq!(find(&families, "lagom_profiler_calls_total")[4].1["nth"], "2");
}

#[test]
fn heap_figures_come_only_where_they_were_counted() {
    let mut summary = summary();
    summary.heap_tracked = false;
    assert!(!summary.to_prometheus().contains("alloc"));
    assert_eq!(Summary::default().to_prometheus(), "");
}

#[test]
fn the_last_sample_tells_of_the_process() {
    let sample = |rss| {
        let others = [(Metric::TracedCurrent, 7), (Metric::CpuTime, 1_500_000_000), (Metric::CpuShare, 250_000)];
        let others =
            others.into_iter().chain([(Metric::MajorFaults, 3), (Metric::PeakRss, 4_096), (Metric::Threads, 2)]);
        let figures: Vec<_> = others.map(|(metric, value)| (metric, Some(value))).chain([(Metric::Rss, rss)]).collect();
        Sample::of(0, &figures)
    };
    let report = Report { samples: vec![sample(Some(1)), sample(Some(2_048))], ..Report::default() };
    let families = parse(&report.to_prometheus());
    let process: Vec<(&str, &str, f64)> =
        families.iter().map(|(name, kind, series)| (&**name, &**kind, series[0].2)).collect();
    let expected = [
        ("lagom_process_rss_bytes", "gauge", 2_048.0),
        ("lagom_process_traced_current_bytes", "gauge", 7.0),
        ("lagom_process_peak_rss_bytes", "gauge", 4_096.0),
        ("lagom_process_cpu_seconds_total", "counter", 1.5),
        ("lagom_process_cpu_ratio", "gauge", 0.25),
        ("lagom_process_major_faults_total", "counter", 3.0),
        ("lagom_process_threads", "gauge", 2.0),
    ];
    assert_eq!(process, expected);
    let unknown = Report { samples: vec![sample(None)], ..Report::default() };
    assert!(!unknown.to_prometheus().contains("process_rss_bytes"));
}

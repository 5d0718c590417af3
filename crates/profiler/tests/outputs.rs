//! Reports of a program that really ran: saved, read back, compared, written. One test, as the profiler is one per process.
#![cfg(all(feature = "enabled", feature = "export", feature = "macros"))]

use std::hint::black_box;
use std::time::Duration;

use lagom_profiler::report::{Report, Verdict, Weight, compare};
use lagom_profiler::{Monitor, Summary, profile, register, reset, summary};

#[profile]
fn outer(steps: u64) -> u64 {
    (0..4).map(|_| inner(steps)).fold(0, u64::wrapping_add)
}

#[profile]
fn inner(steps: u64) -> u64 {
    (0..steps).fold(1, |x, _| black_box(x).wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1))
}

fn run(steps: u64) -> Summary {
    reset();
    for _ in 0..300 {
        black_box(outer(steps));
    }
    summary()
}

#[test]
fn a_run_is_saved_compared_and_written() {
    let _registration = register("queue", || [("length", 3.0)]);
    let saved = run(2_000).to_json();
    let baseline = Summary::from_json(&saved).unwrap();
    assert_eq!(baseline.to_json(), saved);

    let slower = compare(&baseline, &run(5_000));
    assert!(slower.changes().iter().all(|change| change.verdict() == Verdict::Slower), "{slower}");
    assert_eq!((slower.changes().len(), slower.exit_code()), (2, 1));
    assert!(slower.changes().iter().all(|change| (1.5..4.0).contains(&change.ratio())), "{slower}");
    let same = compare(&baseline, &baseline);
    assert_eq!(same.exit_code(), 0, "{same}");

    let monitor = Monitor::builder().interval(Duration::from_millis(1)).build();
    for _ in 0..5 {
        monitor.sample();
    }
    let report = Report::now().titled("a <run>").with_monitor(&monitor);
    let folded = report.summary().to_folded(Weight::Calls);
    assert_eq!(folded, "outer 300\nouter;inner 1200\n");
    let prometheus = report.to_prometheus();
    assert!(prometheus.contains("lagom_profiler_calls_total{function=\"inner\",") && prometheus.contains("} 1200\n"));
    assert!(prometheus.contains("lagom_figure{set=\"queue\",figure=\"length\"} 3\n"), "{prometheus}");
    assert_eq!(report.to_json_lines().lines().count(), 2 + 1 + 5 + report.suggestions().len());
    let page = report.to_html();
    for part in ["<h1>a &lt;run&gt;</h1>", "<code>inner</code>", "queue", "Memory over time", "</html>"] {
        assert!(page.contains(part), "{part}");
    }
    assert!(report.summary().to_pprof().starts_with(&[0x1f, 0x8b]), "gzip");
}

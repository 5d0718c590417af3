//! What a recorder of the `metrics` facade sees, held against the summary and the Prometheus text.
#![cfg(feature = "enabled")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use lagom_profiler::report::Report;
use lagom_profiler::{Monitor, register, span, summary};
use metrics::{Counter, CounterFn, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

#[derive(Default)]
struct Cell(AtomicU64);

impl CounterFn for Cell {
    fn increment(&self, value: u64) {
        self.0.fetch_add(value, Ordering::Relaxed);
    }
    fn absolute(&self, value: u64) {
        self.0.fetch_max(value, Ordering::Relaxed);
    }
}

impl GaugeFn for Cell {
    fn increment(&self, _: f64) {
        panic!("gauges are set");
    }
    fn decrement(&self, _: f64) {
        panic!("gauges are set");
    }
    fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }
}

type Described = BTreeMap<String, (Option<Unit>, String)>;

/// Keeps every series by name and labels.
#[derive(Default)]
struct Kept {
    counters: Mutex<BTreeMap<String, Arc<Cell>>>,
    gauges: Mutex<BTreeMap<String, Arc<Cell>>>,
    described: Mutex<Described>,
}

/// As the Prometheus text writes a series.
fn spelled(key: &Key) -> String {
    let labels: Vec<String> = key.labels().map(|label| format!("{}={:?}", label.key(), label.value())).collect();
    if labels.is_empty() { key.name().into() } else { format!("{}{{{}}}", key.name(), labels.join(",")) }
}

impl Recorder for Kept {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, help: SharedString) {
        self.described.lock().unwrap().insert(key.as_str().into(), (unit, help.to_string()));
    }
    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, help: SharedString) {
        self.describe_counter(key, unit, help);
    }
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(Arc::clone(self.counters.lock().unwrap().entry(spelled(key)).or_default()))
    }
    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(Arc::clone(self.gauges.lock().unwrap().entry(spelled(key)).or_default()))
    }
    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        panic!("no histogram is published");
    }
}

impl Kept {
    fn counter(&self, series: &str) -> Option<u64> {
        Some(self.counters.lock().unwrap().get(series)?.0.load(Ordering::Relaxed))
    }
    fn gauge(&self, series: &str) -> Option<f64> {
        Some(f64::from_bits(self.gauges.lock().unwrap().get(series)?.0.load(Ordering::Relaxed)))
    }
}

fn work() {
    for call in 0..10 {
        let span = span!("published", group = "tests");
        if call % 5 == 0 {
            span.fail();
        }
    }
}

/// One test: the figures are those of the process.
#[test]
fn a_recorder_sees_what_the_prometheus_text_tells() {
    let _registration = register("a \"cache\"", || [("hit_ratio", 0.25), ("hit_ratio", 0.5)]);
    work();
    let kept = Kept::default();
    let monitor = Monitor::new();
    monitor.sample();
    let report = Report::now().with_monitor(&monitor);
    metrics::with_local_recorder(&kept, || report.to_metrics());

    let text = report.to_prometheus();
    let mut seen = 0;
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.contains("duration_seconds")) {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let value: f64 = value.parse().unwrap();
        let told = kept.counter(series).map(|count| count as f64).or_else(|| kept.gauge(series));
        assert_eq!(told, Some(value), "{series}");
        seen += 1;
    }
    assert_eq!(seen, kept.counters.lock().unwrap().len() + kept.gauges.lock().unwrap().len(), "{text}");

    let function = summary().get("published").unwrap().clone();
    let labels = format!(
        "function=\"published\",group=\"tests\",module=\"metrics\",file={:?},line=\"{}\"",
        function.file(),
        function.line()
    );
    let of = |name: &str| format!("lagom_profiler_{name}{{{labels}}}");
    assert_eq!(kept.counter(&of("calls_total")), Some(10));
    assert_eq!(kept.counter(&of("errors_total")), Some(2));
    assert!(kept.gauge(&of("running_seconds_total")).is_some());
    let percentile = format!("lagom_profiler_duration_percentile_seconds{{{labels},percentile=\"99.9\"}}");
    assert!(kept.gauge(&percentile).unwrap() < 1.0);
    assert_eq!(kept.gauge("lagom_figure{set=\"a \\\"cache\\\"\",figure=\"hit_ratio\"}"), Some(0.25));
    assert_eq!(kept.gauge("lagom_figure{set=\"a \\\"cache\\\"\",figure=\"hit_ratio\",nth=\"2\"}"), Some(0.5));
    #[cfg(target_os = "linux")]
    assert!(kept.gauge("lagom_process_rss_bytes").unwrap() > 0.0);

    let described = kept.described.lock().unwrap().clone();
    assert_eq!(described["lagom_profiler_calls_total"], (Some(Unit::Count), "Calls that began.".into()));
    assert_eq!(described["lagom_profiler_self_seconds_total"].0, Some(Unit::Seconds));
    #[cfg(target_os = "linux")]
    assert_eq!(described["lagom_process_rss_bytes"].0, Some(Unit::Bytes));

    // Again, to the same series; without a monitor.
    work();
    metrics::with_local_recorder(&kept, lagom_profiler::metrics::export);
    assert_eq!(kept.counter(&of("calls_total")), Some(20));
    // Nobody listens.
    lagom_profiler::metrics::export();
}

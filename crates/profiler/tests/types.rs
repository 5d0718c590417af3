//! Promises of the public types: threads they may go to, `Debug`, sizes, and what serde makes of them.

use std::fmt::Debug;
use std::panic::{RefUnwindSafe, UnwindSafe};

use lagom_profiler::{
    Alert, AlertKind, AlertRule, FigureSet, Figures, FunctionStats, Gauge, Leak, LeakRule, LineStats, LineTable,
    Metric, Monitor, MonitorBuilder, MonitorSummary, Registration, Rule, Sample, Span, Suggestion, Summary, TimeIt,
    Timing, TimingComparison, TrackingAllocator, Watched, heap, report,
};

const fn shared<T: Send + Sync + Debug>() {}
const fn plain<T: Send + Sync + Debug + UnwindSafe + RefUnwindSafe + 'static>() {}
const fn copy<T: Copy>() {}

#[test]
fn types_may_go_where_they_should() {
    plain::<Alert>();
    plain::<AlertKind>();
    plain::<AlertRule>();
    plain::<Leak>();
    plain::<LeakRule>();
    plain::<Metric>();
    plain::<Watched>();
    plain::<heap::Counted<u8>>();
    plain::<heap::Counter<*const u8>>();
    plain::<heap::Instances>();
    plain::<heap::InstanceGrowth>();
    plain::<heap::Measured>();
    plain::<heap::TypeLayout>();
    plain::<heap::StringCensus<'static>>();
    plain::<heap::ContainerComparison<'static, u8>>();
    plain::<TimeIt>();
    plain::<Timing>();
    plain::<TimingComparison>();
    plain::<report::Change>();
    plain::<report::Comparison>();
    plain::<report::Report>();
    plain::<report::Thresholds>();
    plain::<report::Verdict>();
    plain::<report::Weight>();
    #[cfg(feature = "export")]
    plain::<report::ReportError>();
    plain::<FigureSet>();
    plain::<Figures>();
    plain::<FunctionStats>();
    plain::<Gauge>();
    plain::<LineStats>();
    plain::<LineTable>();
    plain::<MonitorSummary>();
    plain::<Registration>();
    plain::<Rule>();
    plain::<Sample>();
    plain::<Suggestion>();
    plain::<Summary>();
    plain::<TrackingAllocator>();
    plain::<heap::HeapStats>();
    plain::<heap::Mode>();
    shared::<Monitor>();
    shared::<MonitorBuilder>();
    copy::<Sample>();
    copy::<heap::HeapStats>();
    copy::<MonitorSummary>();
    copy::<Gauge>();
    copy::<Leak>();
    // `Span` is pinned as not `Send` by a test that must not compile; here that it can be printed.
    const fn debug<T: Debug>() {}
    debug::<Span>();
    assert_eq!(std::mem::size_of::<TrackingAllocator>(), 0);
}

#[cfg(all(feature = "serde", feature = "enabled"))]
#[test]
fn reports_as_json() {
    use lagom_profiler::{register, sample_now, span, summary};

    let _registration = register("cache", || [("hit_ratio", 0.5), ("broken", f64::NAN)]);
    drop(span!("json"));
    let json = serde_json::to_value(summary()).expect("serializes");
    let row = json["functions"].as_array().expect("rows").iter().find(|row| row["name"] == "json").expect("called");
    assert_eq!(row["calls"], 1);
    assert!(row["total_ns"].is_u64() && row["self_allocations"].is_u64());
    assert_eq!(json["figures"][0]["name"], "cache");
    assert_eq!(json["figures"][0]["values"]["hit_ratio"], 0.5);
    assert!(json["figures"][0]["values"]["broken"].is_null());

    let sample = serde_json::to_value(sample_now()).expect("serializes");
    assert!(sample["at_ns"].is_u64() && sample["cpu_share"].is_null());
    assert!(Metric::ALL.iter().all(|metric| sample.get(metric.name()).is_some()));
    let monitor = Monitor::new();
    monitor.sample();
    let summary = serde_json::to_value(monitor.summary()).expect("serializes");
    assert_eq!(summary["samples"], 1);
    assert!(summary["traced_current"]["mean"].is_f64() && summary["traced_current"].get("sum").is_none());
    assert_eq!(serde_json::to_value(Rule::AllocationHeavy).expect("serializes"), Rule::AllocationHeavy.id());
    assert!(serde_json::to_value(heap::stats()).expect("serializes")["peak"].is_u64());
}

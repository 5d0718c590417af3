//! The figures by the names and labels under which monitoring systems know them.

use std::collections::BTreeMap;

use crate::monitor::{Metric, Sample};
use crate::summary::{FunctionStats, Summary};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// One figure of every function.
pub(crate) struct Family {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) help: &'static str,
    pub(crate) value: fn(&FunctionStats) -> f64,
}

impl Family {
    const fn counter(name: &'static str, help: &'static str, value: fn(&FunctionStats) -> f64) -> Self {
        Self { name, kind: Kind::Counter, help, value }
    }
}

/// The last [`HEAP`] of them only where allocations are counted.
const FAMILIES: [Family; 10] = [
    Family::counter("lagom_profiler_calls_total", "Calls that began.", |f| f.calls as f64),
    Family::counter("lagom_profiler_errors_total", "Calls that returned an error.", |f| f.errors as f64),
    Family::counter("lagom_profiler_panics_total", "Calls that a panic ended.", |f| f.panics as f64),
    Family::counter("lagom_profiler_cancelled_total", "Futures that were dropped before completion.", |f| {
        f.cancelled as f64
    }),
    Family::counter("lagom_profiler_self_seconds_total", "Time without that of profiled functions called.", |f| {
        f.self_ns as f64 / 1e9
    }),
    Family::counter("lagom_profiler_running_seconds_total", "Time on some thread, recursion counted once.", |f| {
        f.total_ns as f64 / 1e9
    }),
    Family::counter("lagom_profiler_polls_total", "Polls of an async function.", |f| f.polls as f64),
    Family::counter("lagom_profiler_allocations_total", "Allocations during all calls.", |f| f.allocations as f64),
    Family::counter("lagom_profiler_allocated_bytes_total", "Bytes requested during all calls.", |f| {
        f.allocated_bytes as f64
    }),
    Family {
        name: "lagom_profiler_net_bytes",
        kind: Kind::Gauge,
        help: "Bytes requested less bytes released during all calls.",
        value: |f| f.net_bytes as f64,
    },
];
const HEAP: usize = 3;

pub(crate) const PERCENTILE: &str = "lagom_profiler_duration_percentile_seconds";
pub(crate) const PERCENTILE_HELP: &str = "The duration that so many percent of the calls do not exceed.";
pub(crate) const FIGURE: &str = "lagom_figure";
pub(crate) const FIGURE_HELP: &str = "What a registered closure answered.";

pub(crate) type Labels = Vec<(&'static str, String)>;

pub(crate) fn families(summary: &Summary) -> &'static [Family] {
    &FAMILIES[..if summary.heap_tracked { FAMILIES.len() } else { FAMILIES.len() - HEAP }]
}

/// The functions, each with labels of its own.
pub(crate) fn functions(summary: &Summary) -> impl Iterator<Item = (&FunctionStats, Labels)> {
    let mut apart = Apart::default();
    summary.functions.iter().map(move |function| {
        let labels = vec![
            ("function", function.name.to_string()),
            ("group", function.group.to_string()),
            ("module", function.module.to_string()),
            ("file", function.file.to_string()),
            ("line", function.line.to_string()),
        ];
        (function, apart.labels(labels))
    })
}

/// By the label `percentile`, in seconds; of a function that was timed.
pub(crate) fn percentiles(function: &FunctionStats) -> impl Iterator<Item = (&'static str, f64)> {
    let quantiles = [("50", 0.5), ("90", 0.9), ("99", 0.99), ("99.9", 0.999)];
    let known = if function.histogram.count() > 0 { quantiles.len() } else { 0 };
    quantiles.into_iter().take(known).map(|(name, q)| (name, function.histogram.quantile_ns(q) / 1e9))
}

/// The registered figures.
pub(crate) fn figures(summary: &Summary) -> impl Iterator<Item = (Labels, f64)> {
    let mut apart = Apart::default();
    let all =
        summary.figures.iter().flat_map(|set| set.values().map(move |(figure, value)| (set.name(), figure, value)));
    all.map(move |(set, figure, value)| {
        (apart.labels(vec![("set", set.to_owned()), ("figure", figure.to_owned())]), value)
    })
}

/// Every figure that the sample knows, in base units: bytes, seconds, ratios.
pub(crate) fn process(sample: &Sample) -> impl Iterator<Item = (String, Kind, Metric, f64)> {
    Metric::ALL.into_iter().filter_map(|metric| {
        let value = sample.get(metric)?;
        // The peak only ever grows, and is no count of anything.
        let kind = if metric.is_cumulative() && metric != Metric::PeakRss { Kind::Counter } else { Kind::Gauge };
        let (unit, value) = match metric.unit() {
            "bytes" => ("_bytes", value),
            "ns" => ("_seconds", value / 1e9),
            "share" => ("_ratio", value),
            _ => ("", value),
        };
        let name = metric.name();
        let bare = name.strip_suffix("_ns").or_else(|| name.strip_suffix("_share")).unwrap_or(name);
        let total = if kind == Kind::Counter { "_total" } else { "" };
        Some((format!("lagom_process_{bare}{unit}{total}"), kind, metric, value))
    })
}

pub(crate) fn process_help(metric: Metric) -> String {
    format!("The figure {} of the monitor's last sample.", metric.name())
}

/// Two series of the same labels would be an error: the second of them is told apart by a number.
#[derive(Default)]
struct Apart(BTreeMap<Labels, u32>);

impl Apart {
    fn labels(&mut self, mut labels: Labels) -> Labels {
        let seen = self.0.entry(labels.clone()).or_insert(0);
        *seen += 1;
        if *seen > 1 {
            labels.push(("nth", seen.to_string()));
        }
        labels
    }
}

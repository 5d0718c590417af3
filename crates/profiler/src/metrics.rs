//! The figures through the `metrics` facade; with the feature `metrics`.

use metrics::{Key, KeyName, Label, Level, Metadata, Recorder, SharedString, Unit};

use crate::export::series::{self, FIGURE, FIGURE_HELP, Kind, Labels, PERCENTILE, PERCENTILE_HELP};
use crate::report::Report;

/// Publishes what [`summary`](crate::summary()) tells now, and what [registered](crate::register) closures answer, through
/// the `metrics` facade: whatever recorder the program has installed sees it.
///
/// To be called now and then, as before a scrape. Takes as long as a summary, and a look-up in the recorder per series; with
/// no recorder it is wasted. To have the monitor's last sample with it: [`Report::to_metrics`].
///
/// Names and labels are those of [`Summary::to_prometheus`](crate::Summary::to_prometheus): `lagom_profiler_calls_total`
/// with `function`, `group`, `module`, `file` and `line`. What counts events or bytes is a counter, brought up to its value:
/// recorders let no counter fall, so after a [`reset`](crate::reset) it rests until it is surpassed. Counters of the facade
/// are whole numbers, so times are gauges, also those that only grow. In place of the histogram, which could be told only
/// value by value, there are the percentiles 50, 90, 99 and 99.9, gauges too.
///
/// ```
/// drop(lagom_profiler::span!("step"));
/// // With a recorder such as that of metrics-exporter-prometheus installed:
/// lagom_profiler::metrics::export();
/// ```
pub fn export() {
    let summary = crate::summary();
    Report { summary, ..Report::default() }.to_metrics();
}

impl Report {
    /// Publishes the report's figures and its last sample through the `metrics` facade, as [`export`] does.
    ///
    /// ```
    /// use lagom_profiler::report::Report;
    ///
    /// let monitor = lagom_profiler::Monitor::new();
    /// monitor.sample();
    /// Report::now().with_monitor(&monitor).to_metrics();
    /// ```
    pub fn to_metrics(&self) {
        let mut all: Vec<Series> = Vec::new();
        let summary = &self.summary;
        for (function, labels) in series::functions(summary) {
            for family in series::families(summary) {
                all.push(Series::new(family.name, family.kind, family.help, labels.clone(), (family.value)(function)));
            }
            for (percentile, seconds) in series::percentiles(function) {
                let labels = labels.iter().cloned().chain([("percentile", percentile.to_owned())]).collect();
                all.push(Series::new(PERCENTILE, Kind::Gauge, PERCENTILE_HELP, labels, seconds));
            }
        }
        for (labels, value) in series::figures(summary) {
            all.push(Series::new(FIGURE, Kind::Gauge, FIGURE_HELP, labels, value));
        }
        for (name, kind, metric, value) in self.samples.last().into_iter().flat_map(series::process) {
            all.push(Series::new(name, kind, series::process_help(metric), Labels::new(), value));
        }
        metrics::with_recorder(|recorder| all.into_iter().for_each(|series| series.publish(recorder)));
    }
}

static METADATA: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, Some(module_path!()));

struct Series {
    name: KeyName,
    is_counter: bool,
    help: SharedString,
    labels: Labels,
    value: f64,
}

impl Series {
    fn new(name: impl Into<KeyName>, kind: Kind, help: impl Into<SharedString>, labels: Labels, value: f64) -> Self {
        let name = name.into();
        let is_counter = kind == Kind::Counter && !name.as_str().contains("_seconds");
        Self { name, is_counter, help: help.into(), labels, value }
    }

    fn publish(self, recorder: &dyn Recorder) {
        let name = self.name.as_str();
        let unit = match () {
            () if name.contains("_seconds") => Some(Unit::Seconds),
            () if name.contains("_bytes") => Some(Unit::Bytes),
            () if self.is_counter => Some(Unit::Count),
            () => None,
        };
        let labels: Vec<Label> = self.labels.into_iter().map(|(name, value)| Label::new(name, value)).collect();
        let key = Key::from_parts(self.name.clone(), labels);
        if self.is_counter {
            recorder.describe_counter(self.name, unit, self.help);
            recorder.register_counter(&key, &METADATA).absolute(self.value as u64);
        } else {
            recorder.describe_gauge(self.name, unit, self.help);
            recorder.register_gauge(&key, &METADATA).set(self.value);
        }
    }
}

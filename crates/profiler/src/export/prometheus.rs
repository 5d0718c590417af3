//! Prometheus text, format 0.0.4.

use std::fmt::{Display, Write as _};

use super::series::{self, FIGURE, FIGURE_HELP, Family, Kind, Labels, PERCENTILE, PERCENTILE_HELP};
use crate::monitor::Sample;
use crate::report::Report;
use crate::summary::{FunctionStats, Histogram, Summary};

/// The buckets' bounds are two to these powers, in nanoseconds: 16 ns to 69 s. They are the same for every function and at
/// any time, as sums over series need it.
const BOUNDS: std::ops::RangeInclusive<i32> = 4..=36;

impl Summary {
    /// The figures as Prometheus text: counters, a histogram of durations and percentiles per function, and a gauge per
    /// registered figure.
    ///
    /// The content type is `text/plain; version=0.0.4`. The histogram has a bucket per power of two; the percentiles come
    /// from the finer one of the report.
    ///
    /// ```
    /// drop(lagom_profiler::span!("step"));
    /// let text = lagom_profiler::summary().to_prometheus();
    /// # #[cfg(feature = "enabled")]
    /// assert!(text.contains("# TYPE lagom_profiler_calls_total counter"));
    /// ```
    #[must_use]
    pub fn to_prometheus(&self) -> String {
        let mut text = Text::default();
        functions(&mut text, self);
        figures(&mut text, self);
        text.0
    }
}

impl Report {
    /// The summary's Prometheus text, and the process as the last sample shows it.
    ///
    /// ```
    /// let monitor = lagom_profiler::Monitor::new();
    /// monitor.sample();
    /// let text = lagom_profiler::report::Report::now().with_monitor(&monitor).to_prometheus();
    /// # #[cfg(feature = "enabled")]
    /// assert!(text.contains("lagom_process_traced_current_bytes "));
    /// ```
    #[must_use]
    pub fn to_prometheus(&self) -> String {
        let mut text = Text(self.summary.to_prometheus());
        if let Some(sample) = self.samples.last() {
            process(&mut text, sample);
        }
        text.0
    }
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        // Writing to a `String` cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &str, value: impl Display) {
        let _ = if labels.is_empty() {
            writeln!(self.0, "{name} {value}")
        } else {
            writeln!(self.0, "{name}{{{labels}}} {value}")
        };
    }
}

/// `name="value"`, and a comma before it if it is not the first.
fn label(labels: &mut String, name: &str, value: &str) {
    if !labels.is_empty() {
        labels.push(',');
    }
    labels.push_str(name);
    labels.push_str("=\"");
    for c in value.chars() {
        match c {
            '\\' => labels.push_str("\\\\"),
            '"' => labels.push_str("\\\""),
            '\n' => labels.push_str("\\n"),
            c => labels.push(c),
        }
    }
    labels.push('"');
}

/// `name="value"`, with commas between.
fn spelled(labels: Labels) -> String {
    let mut text = String::new();
    for (name, value) in labels {
        label(&mut text, name, &value);
    }
    text
}

/// A figure as the format spells it.
struct Number(f64);

impl Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let size = self.0.abs();
        match self.0 {
            value if value.is_nan() => f.write_str("NaN"),
            f64::INFINITY => f.write_str("+Inf"),
            f64::NEG_INFINITY => f.write_str("-Inf"),
            value if size > 0.0 && !(1e-9..1e15).contains(&size) => write!(f, "{value:e}"),
            value => write!(f, "{value}"),
        }
    }
}

type Row<'a> = (&'a FunctionStats, String);

fn functions(text: &mut Text, summary: &Summary) {
    if summary.functions.is_empty() {
        return;
    }
    let rows: Vec<Row<'_>> = series::functions(summary).map(|(f, labels)| (f, spelled(labels))).collect();
    for Family { name, kind, help, value } in series::families(summary) {
        text.family(name, *kind, help);
        for (function, labels) in &rows {
            text.sample(name, labels, Number(value(function)));
        }
    }
    durations(text, &rows);
}

fn durations(text: &mut Text, rows: &[Row<'_>]) {
    const NAME: &str = "lagom_profiler_duration_seconds";
    text.family(NAME, Kind::Histogram, "From entry to return; of an async function from the first poll to completion.");
    for (function, labels) in rows {
        let histogram = &function.histogram;
        let bucket = |text: &mut Text, bound: &str, count: u64| {
            let mut labels = labels.clone();
            label(&mut labels, "le", bound);
            text.sample(&format!("{NAME}_bucket"), &labels, count);
        };
        for bound in BOUNDS.map(|power| 2.0_f64.powi(power)) {
            bucket(text, &Number(bound / 1e9).to_string(), up_to(histogram, bound));
        }
        bucket(text, "+Inf", histogram.count());
        text.sample(&format!("{NAME}_sum"), labels, Number(function.wall_ns as f64 / 1e9));
        text.sample(&format!("{NAME}_count"), labels, histogram.count());
    }
    text.family(PERCENTILE, Kind::Gauge, PERCENTILE_HELP);
    for (function, labels) in rows {
        for (percentile, seconds) in series::percentiles(function) {
            let mut labels = labels.clone();
            label(&mut labels, "percentile", percentile);
            text.sample(PERCENTILE, &labels, Number(seconds));
        }
    }
}

/// How many calls took at most so long; what lies in a bucket is spread evenly over it.
fn up_to(histogram: &Histogram, bound: f64) -> u64 {
    let share = |from: f64, to: f64| if to <= bound { 1.0 } else { ((bound - from) / (to - from)).clamp(0.0, 1.0) };
    let parts = histogram.buckets.iter().map(|bucket| match share(bucket.from_ns, bucket.to_ns) {
        1.0 => bucket.count,
        part => (bucket.count as f64 * part) as u64,
    });
    parts.fold(0, u64::saturating_add)
}

fn figures(text: &mut Text, summary: &Summary) {
    if summary.figures.iter().all(|set| set.values.is_empty()) {
        return;
    }
    text.family(FIGURE, Kind::Gauge, FIGURE_HELP);
    for (labels, value) in series::figures(summary) {
        text.sample(FIGURE, &spelled(labels), Number(value));
    }
}

fn process(text: &mut Text, sample: &Sample) {
    for (name, kind, metric, value) in series::process(sample) {
        text.family(&name, kind, &series::process_help(metric));
        text.sample(&name, "", Number(value));
    }
}

#[cfg(test)]
mod tests;

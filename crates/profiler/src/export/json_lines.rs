//! JSON lines: one event per line, for a log.

use serde::Serialize;

use super::json::text;
use crate::figures::FigureSet;
use crate::monitor::Sample;
use crate::report::Report;
use crate::suggestions::Suggestion;
use crate::summary::FunctionStats;

/// A function in figures that need no other line; the names do not change between releases.
#[derive(Serialize)]
struct Function<'a> {
    event: &'static str,
    function: &'a str,
    group: &'a str,
    module: &'a str,
    file: &'a str,
    line: u32,
    calls: u64,
    timed: u64,
    errors: u64,
    panics: u64,
    cancelled: u64,
    self_ns: u64,
    total_ns: u64,
    margin_ns: u64,
    wall_ns: u64,
    failed_ns: u64,
    overhead_ns: u64,
    min_ns: u64,
    mean_ns: u64,
    p50_ns: f64,
    p90_ns: f64,
    p99_ns: f64,
    p999_ns: f64,
    max_ns: u64,
    polls: u64,
    longest_poll_ns: u64,
    allocations: u64,
    allocated_bytes: u64,
    net_bytes: i64,
}

impl<'a> Function<'a> {
    fn of(f: &'a FunctionStats) -> Self {
        Self {
            event: "function",
            function: &f.name,
            group: &f.group,
            module: &f.module,
            file: &f.file,
            line: f.line,
            calls: f.calls,
            timed: f.timed,
            errors: f.errors,
            panics: f.panics,
            cancelled: f.cancelled,
            self_ns: f.self_ns,
            total_ns: f.total_ns,
            margin_ns: f.margin_ns,
            wall_ns: f.wall_ns,
            failed_ns: f.failed_ns,
            overhead_ns: f.overhead_ns,
            min_ns: f.min_ns,
            mean_ns: f.mean_ns(),
            p50_ns: f.histogram.quantile_ns(0.5),
            p90_ns: f.histogram.quantile_ns(0.9),
            p99_ns: f.histogram.quantile_ns(0.99),
            p999_ns: f.histogram.quantile_ns(0.999),
            max_ns: f.max_ns,
            polls: f.polls,
            longest_poll_ns: f.longest_poll_ns,
            allocations: f.allocations,
            allocated_bytes: f.allocated_bytes,
            net_bytes: f.net_bytes,
        }
    }
}

/// Something that has its own names.
#[derive(Serialize)]
struct Event<'a, T> {
    event: &'static str,
    #[serde(flatten)]
    what: &'a T,
}

impl Report {
    /// A line of JSON per function (`"event":"function"`), registered set of figures (`"figures"`), sample of the monitor
    /// (`"sample"`), alert (`"alert"`) and piece of advice (`"advice"`), in this order.
    ///
    /// ```
    /// drop(lagom_profiler::span!("step"));
    /// let lines = lagom_profiler::report::Report::now().to_json_lines();
    /// # #[cfg(feature = "enabled")]
    /// assert!(lines.starts_with(r#"{"event":"function","function":"step","#));
    /// ```
    #[must_use]
    pub fn to_json_lines(&self) -> String {
        let functions = self.summary.functions.iter().map(|function| text(&Function::of(function)));
        let figures = self.summary.figures.iter().map(|set: &FigureSet| text(&Event { event: "figures", what: set }));
        let samples = self.samples.iter().map(|sample: &Sample| text(&Event { event: "sample", what: sample }));
        let alerts = self.alerts.iter().map(|alert| alert.to_json_line());
        let advice = self.suggestions.iter().map(|advice: &Suggestion| text(&Event { event: "advice", what: advice }));
        functions.chain(figures).chain(samples).chain(alerts).chain(advice).map(|line| line + "\n").collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::export::fixture::{NASTY, suggestion, summary};

    #[test]
    fn every_line_is_an_event() {
        let mut report = Report::new(summary());
        report.samples = vec![Sample::of(5, &[(crate::monitor::Metric::Rss, Some(4_096))])];
        let text = report.to_json_lines();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let events: Vec<&str> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
        assert_eq!(events, ["function", "function", "function", "function", "figures", "figures", "sample"]);
        assert_eq!((&lines[2]["function"], &lines[1]["p50_ns"]), (&NASTY.into(), &1_000.0.into()));
        assert_eq!((&lines[6]["rss"], &lines[6]["at_ns"]), (&4_096.into(), &5.into()));
        assert!(lines[5]["values"]["idle"].is_null(), "what is no number is null: {}", lines[5]);
        for line in &lines {
            for name in line.as_object().unwrap().keys() {
                assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'), "{name}");
            }
        }
    }

    #[test]
    fn advice_has_its_line() {
        let report = Report { suggestions: vec![suggestion()], ..Report::new(summary()) };
        let last: Value = serde_json::from_str(report.to_json_lines().lines().last().unwrap()).unwrap();
        assert_eq!((&last["event"], &last["function"]), (&"advice".into(), &NASTY.into()));
    }
}

//! What hotpath says at its end.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use hotpath::{Format, HotpathGuardBuilder};
use serde_json::Value;

/// Its report on a function.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Function {
    pub(super) calls: u64,
    pub(super) mean: Duration,
    pub(super) median: Duration,
    pub(super) total: Duration,
}

/// The report on `work`, which begins after the profiler has begun; it may begin once in a process.
pub(super) fn of(work: impl FnOnce()) -> Result<Report> {
    let path = std::env::temp_dir().join(format!("lagom-bench-hotpath-{}.json", std::process::id()));
    let builder = HotpathGuardBuilder::new("runner").format(Format::Json).output_path(&path);
    let guard = builder.percentiles(&[50.0]).functions_limit(0).build();
    work();
    drop(guard);
    let text = fs::read_to_string(&path).with_context(|| format!("hotpath wrote no {}", path.display()))?;
    // It lies in the folder for temporary files anyway.
    let _ = fs::remove_file(&path);
    Report::read(&text)
}

/// The functions of a report by their names.
#[derive(Debug)]
pub(super) struct Report(Vec<(String, Function)>);

impl Report {
    fn read(text: &str) -> Result<Self> {
        let report: Value = serde_json::from_str(text)?;
        let functions = report["functions_timing"]["data"].as_array().context("hotpath reports no functions")?;
        functions.iter().map(read).collect::<Option<_>>().map(Self).context("hotpath reports in other words")
    }

    /// The function whose path ends so.
    pub(super) fn function(&self, path: &str) -> Result<Function> {
        let found = self.0.iter().find(|(name, _)| name.ends_with(path));
        found.map(|(_, function)| *function).with_context(|| format!("hotpath says nothing of {path}"))
    }
}

fn read(entry: &Value) -> Option<(String, Function)> {
    let time = |key: &str| duration(entry[key].as_str()?);
    let function =
        Function { calls: entry["calls"].as_u64()?, mean: time("avg")?, median: time("p50")?, total: time("total")? };
    Some((entry["name"].as_str()?.to_owned(), function))
}

/// It writes `12.34 µs`.
fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_once(' ')?;
    let scale = match unit {
        "ns" => 1e-9,
        "µs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        _ => return None,
    };
    Some(Duration::from_secs_f64(number.parse::<f64>().ok()? * scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        assert_eq!(duration("70 ns"), Some(Duration::from_nanos(70)));
        assert_eq!(duration("4.64 µs"), Some(Duration::from_nanos(4_640)));
        assert_eq!(duration("1.50 s"), Some(Duration::from_millis(1_500)));
        assert_eq!((duration("3 weeks"), duration("3"), duration("x ns")), (None, None, None));
    }

    #[test]
    fn a_report_is_read() {
        let text = r#"{"functions_timing": {"data": [{"name": "a::call", "calls": 7, "avg": "2 ns", "p50": "1 ns",
            "total": "14 ns"}]}}"#;
        let report = Report::read(text).unwrap();
        let call = report.function("call").unwrap();
        assert_eq!((call.calls, call.mean.as_nanos(), call.median.as_nanos(), call.total.as_nanos()), (7, 2, 1, 14));
        assert!(report.function("other").is_err());
        assert!(Report::read("{}").is_err());
    }
}

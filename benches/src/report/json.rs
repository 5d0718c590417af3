//! The figures for programs.

use serde::Serialize;

use crate::measure::CaseReport;

#[derive(Serialize)]
struct Record<'a> {
    #[serde(rename = "crate")]
    krate: &'a str,
    case: &'a str,
    threads: usize,
    contender: &'a str,
    metric: &'a str,
    unit: &'a str,
    min: f64,
    median: f64,
}

/// An array of `{"crate", "case", "threads", "contender", "metric", "unit", "min", "median"}`, one line each.
///
/// # Errors
///
/// Never for figures that are numbers.
pub fn json(reports: &[CaseReport]) -> serde_json::Result<String> {
    let mut lines = Vec::new();
    for report in reports {
        for row in &report.rows {
            lines.push(serde_json::to_string(&Record {
                krate: report.krate,
                case: &report.name,
                threads: report.threads,
                contender: &row.contender,
                metric: row.metric,
                unit: row.unit,
                min: row.min,
                median: row.median,
            })?);
        }
    }
    Ok(format!("[\n{}\n]\n", lines.join(",\n")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::table::tests::{report, row};

    #[test]
    fn records_have_the_published_shape() {
        let text =
            json(&[report("hold \"1\"", vec![row("lagom", "time", 1.25, None), row("opool", "time", 2.0, None)])]);
        let value: serde_json::Value = serde_json::from_str(&text.unwrap()).unwrap();
        assert_eq!(value.as_array().unwrap().len(), 2);
        assert_eq!(
            value[0],
            serde_json::json!({"crate": "pool", "case": "hold \"1\"", "threads": 1, "contender": "lagom",
                "metric": "time", "unit": "ns/op", "min": 1.25, "median": 1.875})
        );
        assert_eq!(json(&[]).unwrap(), "[\n\n]\n");
    }
}

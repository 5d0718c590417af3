//! The table for the terminal.

use std::fmt::Write as _;

use super::{figure, number};
use crate::case::{OURS, is_ours};
use crate::measure::{CaseReport, Row};

/// What the columns mean; printed once.
pub const LEGEND: &str = "Ratios are lagom's time over the other's, a rival's or a variant's of ours: below 1 lagom is faster. ratio(min) divides the least of all rounds by the\n\
least, ratio(med) is the median of the ratios within each round. Rows are sorted by the least: the first is the fastest.\n\
Within 2 % two contenders are level.";

/// One case as text, ending in a line feed.
pub fn table(report: &CaseReport) -> String {
    let mut text = format!("{}\n", report.title);
    if !report.note.is_empty() {
        let _ = writeln!(text, "  {}", report.note);
    }
    let width = report.rows.iter().map(|row| row.contender.chars().count()).max().unwrap_or(0).max(9);
    let mut metric = None;
    for row in &report.rows {
        if metric != Some(row.metric) {
            metric = Some(row.metric);
            let head = format!("{} [{}]", row.metric, row.unit);
            let pad = width.max(head.chars().count());
            // What is a ratio or a difference itself has none.
            let has_ratios = report.rows.iter().any(|other| other.metric == row.metric && other.median_ratio.is_some());
            let ratios = if has_ratios { "  ratio(min)  ratio(med)" } else { "" };
            let _ = if row.is_timed() {
                writeln!(text, "  {head:<pad$} {:>10} {:>10}{ratios}", "min", "median")
            } else {
                writeln!(text, "  {head}")
            };
        }
        line(&mut text, row, width.max(format!("{} [{}]", row.metric, row.unit).chars().count()));
    }
    text
}

fn line(text: &mut String, row: &Row, width: usize) {
    let ratio = |ratio: Option<f64>| {
        ratio.map_or_else(
            String::new,
            |ratio| if ratio.is_finite() { format!("{}x", number(ratio)) } else { number(ratio) },
        )
    };
    let name = &row.contender;
    let _ = write!(text, "  {name:<width$} {:>10}", figure(row, row.min));
    if row.is_timed() {
        let ratios = (ratio(row.ratio_of_minima), ratio(row.median_ratio));
        let _ = write!(text, " {:>10} {:>11} {:>11}", number(row.median), ratios.0, ratios.1);
    }
    if row.apart {
        text.push_str("  (threads never ran together)");
    }
    if let Some(wrong) = &row.wrong {
        let _ = write!(text, "  (WRONG: {wrong})");
    }
    let end = text.trim_end().len();
    text.truncate(end);
    text.push('\n');
}

/// Closer than this two contenders are level: repeated runs differ by as much.
const LEVEL: f64 = 0.98;

/// Where lagom stands in all cases, in a few lines.
pub fn standing(reports: &[CaseReport]) -> String {
    let (mut first, mut of) = (0, 0);
    let (mut behind, mut unjudged) = (String::new(), String::new());
    for report in reports {
        // A variant of ours that is ahead of lagom itself takes no place from a rival.
        let times: Vec<&Row> = report.rows.iter().filter(|row| row.metric == "time").collect();
        let Some(ours) = times.iter().find(|row| row.contender == OURS) else { continue };
        if times.iter().any(|row| row.apart) {
            let _ = writeln!(unjudged, "  {}", report.title);
            continue;
        }
        // Nobody is beaten by a wrong answer.
        let is_rival = |row: &&&Row| !is_ours(&row.contender) && !row.floor && row.wrong.is_none();
        let rivals: Vec<&&Row> = times.iter().filter(is_rival).collect();
        let ahead = rivals.iter().filter(|rival| rival.min < LEVEL * ours.min).count();
        of += 1;
        first += usize::from(ahead == 0);
        if ahead > 0 {
            let (place, among) = (ahead + 1, rivals.len() + 1);
            let by = number(rivals[0].ratio_of_minima.unwrap_or(f64::NAN));
            let _ = writeln!(behind, "  {}: place {place} of {among}, {by}x {}", report.title, rivals[0].contender);
        }
    }
    let mut text = String::new();
    if of > 0 {
        let _ = writeln!(text, "By the minimum, lagom is the fastest or level with it in {first} of {of} timed cases.");
    }
    for (head, cases) in [("It is not in", behind), ("Not judged, as threads never ran together:", unjudged)] {
        if !cases.is_empty() {
            let _ = write!(text, "{head}\n{cases}");
        }
    }
    text
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn row(contender: &str, metric: &'static str, min: f64, ratio: Option<f64>) -> Row {
        Row {
            contender: contender.to_owned(),
            metric,
            unit: if metric == "time" { "ns/op" } else { "entries" },
            min,
            median: if metric == "time" { 1.5 * min } else { min },
            ratio_of_minima: ratio,
            median_ratio: ratio.map(|ratio| 1.1 * ratio),
            wrong: None,
            floor: false,
            apart: false,
        }
    }

    pub(crate) fn report(name: &str, rows: Vec<Row>) -> CaseReport {
        CaseReport {
            krate: "pool",
            group: "core",
            name: name.to_owned(),
            note: "ns per <pair>",
            threads: 1,
            title: format!("pool · {name} · 1 thread"),
            rows,
        }
    }

    #[test]
    fn a_case_is_a_table() {
        let rows = vec![
            row("lagom", "time", 1.45, None),
            row("regex-automata owner", "time", 3.4812, Some(0.4165)),
            row("lagom", "left", 0.0, None),
            row("dashmap of Weak", "left", 100_000.0, None),
        ];
        let expected = "\
pool · hold 1 · 1 thread
  ns per <pair>
  time [ns/op]                min     median  ratio(min)  ratio(med)
  lagom                      1.45       2.17
  regex-automata owner       3.48       5.22      0.416x      0.458x
  left [entries]
  lagom                         0
  dashmap of Weak         100,000
";
        assert_eq!(table(&report("hold 1", rows)), expected);
    }

    #[test]
    fn a_lost_case_is_named() {
        let won = report(
            "a",
            vec![
                row("lagom owned", "time", 1.0, None),
                row("lagom", "time", 2.0, None),
                row("x", "time", 4.0, Some(0.5)),
            ],
        );
        let lost = report(
            "b",
            vec![row("x", "time", 1.0, Some(2.0)), row("lagom", "time", 2.0, None), row("y", "time", 4.0, Some(0.5))],
        );
        assert_eq!(
            standing(std::slice::from_ref(&won)),
            "By the minimum, lagom is the fastest or level with it in 1 of 1 timed cases.\n"
        );
        let mut wrong = lost.clone();
        wrong.rows[0].wrong = Some("gave 1 at 0 where 2 was due".to_owned());
        assert!(standing(std::slice::from_ref(&wrong)).contains("in 1 of 1"), "nobody is beaten by a wrong answer");
        assert!(table(&wrong).contains("2.20x  (WRONG: gave 1 at 0 where 2 was due)\n"), "{}", table(&wrong));
        let mut apart = report("c", vec![row("lagom", "time", 2.0, None)]);
        apart.rows[0].apart = true;
        let expected = "By the minimum, lagom is the fastest or level with it in 1 of 2 timed cases.\n\
                        It is not in\n  pool · b · 1 thread: place 2 of 3, 2.00x x\n\
                        Not judged, as threads never ran together:\n  pool · c · 1 thread\n";
        assert_eq!(standing(&[won, lost, apart]), expected);
        assert_eq!(standing(&[]), "");
    }
}

//! The page: one file, no script, no request.

use std::fmt::Write as _;

use super::machine::Machine;
use super::{figure, number, plot, table, versions};
use crate::measure::{CaseReport, Row};

/// What the page says about the run as a whole.
#[derive(Clone, Debug)]
pub struct Run {
    /// The machine at the start.
    pub machine: Machine,
    /// Load averages at the end.
    pub load_after: String,
    /// How it was measured, in sentences.
    pub method: String,
    /// The command that measures it again.
    pub command: String,
    /// Crate, or crate and group.
    pub subject: String,
}

const STYLE: &str = "\
:root{color-scheme:light dark;--ours:#0b7a75;--theirs:#8a8f98;--ink:#1d2025;--soft:#5b616b;--paper:#fff;--line:#d9dce1}
@media(prefers-color-scheme:dark){:root{--ours:#3fc7bf;--theirs:#7d838d;--ink:#e8eaed;--soft:#a3a9b3;--paper:#16181c;--line:#33373e}}
body{margin:2rem auto;max-width:56rem;padding:0 1rem;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
h1{margin-bottom:0}h2{margin-top:2.5rem;border-bottom:1px solid var(--line)}h3{margin-bottom:.2rem}
p.note,figcaption{color:var(--soft);margin:.2rem 0;font-size:.9rem}figure{margin:.8rem 0;overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9rem}th,td{padding:.15rem .7rem;text-align:right;border-bottom:1px solid var(--line)}
th:first-child,td:first-child{text-align:left}tr.ours td{color:var(--ours);font-weight:600}dt{color:var(--soft);font-size:.9rem}dd{margin:0 0 .4rem}
code,pre{font-family:ui-monospace,monospace;font-size:.9rem}pre{white-space:pre-wrap}svg{max-width:100%;height:auto}svg text{font-family:inherit}
svg [fill='#010203']{fill:var(--ours)}svg [fill='#040506']{fill:var(--theirs)}svg [fill='#070809']{fill:var(--ink)}
";

/// The page of one run.
pub fn html(run: &Run, reports: &[CaseReport]) -> String {
    let mut page = String::new();
    let title = format!("lagom bench: {}", run.subject);
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>{0}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<h1>{0}</h1>\n",
        escape(&title)
    );
    let _ = writeln!(page, "<pre>{}</pre>", escape(&table::standing(reports)));
    let _ = writeln!(page, "<p class=\"note\">{}</p>", escape(table::LEGEND));
    let mut group = None;
    for report in reports {
        if group != Some((report.krate, report.group)) {
            group = Some((report.krate, report.group));
            let _ = writeln!(page, "<h2>{} · {}</h2>", escape(report.krate), escape(report.group));
        }
        case(&mut page, report);
    }
    about(&mut page, run);
    page.push_str("</body>\n</html>\n");
    page
}

fn case(page: &mut String, report: &CaseReport) {
    let s = if report.threads == 1 { "" } else { "s" };
    let _ = writeln!(page, "<h3>{}, {} thread{s}</h3>", escape(&report.name), report.threads);
    let _ = writeln!(page, "<p class=\"note\">{}</p>", prose(report.note));
    for rows in report.rows.chunk_by(|a, b| a.metric == b.metric) {
        metric(page, rows);
    }
}

fn metric(page: &mut String, rows: &[Row]) {
    let (metric, unit, timed) = (rows[0].metric, rows[0].unit, rows[0].is_timed());
    if let Some(plot) = plot::bars(&rows.iter().collect::<Vec<_>>()) {
        let scale = if plot.logarithmic { ", logarithmic scale" } else { "" };
        let bars = if timed { ": full up to the minimum, pale up to the median" } else { "" };
        let caption = escape(&format!("{metric} [{unit}], less is better{scale}{bars}"));
        let _ = writeln!(page, "<figure>{}<figcaption>{caption}</figcaption></figure>", plot.svg.trim());
    }
    let columns = if timed { "<th>min</th><th>median</th><th>ratio(min)</th><th>ratio(med)</th>" } else { "<th></th>" };
    let _ = writeln!(page, "<table><tr><th>{} [{}]</th>{columns}</tr>", escape(metric), escape(unit));
    for row in rows {
        let class = if crate::case::is_ours(&row.contender) { " class=\"ours\"" } else { "" };
        let apart = if row.apart { " (threads never ran together)".to_owned() } else { String::new() };
        let apart = row.wrong.as_ref().map_or(apart, |wrong| format!(" (wrong: {})", escape(wrong)));
        let _ = write!(page, "<tr{class}><td>{}{apart}</td><td>{}</td>", escape(&row.contender), figure(row, row.min));
        if timed {
            let ratio = |ratio: Option<f64>| match ratio {
                Some(ratio) if ratio.is_finite() => format!("{}×", number(ratio)),
                Some(ratio) => number(ratio),
                None => String::new(),
            };
            let (least, middle) = (ratio(row.ratio_of_minima), ratio(row.median_ratio));
            let _ = write!(page, "<td>{}</td><td>{least}</td><td>{middle}</td>", number(row.median));
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</table>\n");
}

fn about(page: &mut String, run: &Run) {
    let machine = &run.machine;
    let load = format!("{} at the start, {} at the end", machine.load, run.load_after);
    let cores = machine.cores.to_string();
    let versions: Vec<String> =
        versions::versions().iter().map(|(name, version)| format!("{name} {version}")).collect();
    let versions = versions.join(", ");
    let facts = [
        ("Processor", &machine.cpu),
        ("Cores", &cores),
        ("System", &machine.system),
        ("Compiler", &machine.rustc),
        ("Date", &machine.date),
        ("Load averages", &load),
        ("Contenders", &versions),
        ("Method", &run.method),
    ];
    page.push_str("<h2>How it was measured</h2>\n<dl>\n");
    for (name, value) in facts {
        let _ = writeln!(page, "<dt>{name}</dt><dd>{}</dd>", prose(value));
    }
    let _ = writeln!(page, "<dt>Measure it again</dt><dd><code>{}</code></dd>\n</dl>", escape(&run.command));
}

/// Text with code in backticks.
fn prose(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 1 { format!("<code>{}</code>", escape(part)) } else { escape(part) }).collect()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::table::tests::{report, row};

    fn run() -> Run {
        Run {
            machine: Machine::look(),
            load_after: "0.1".to_owned(),
            method: "rounds".to_owned(),
            command: "cargo xtask bench pool --quick".to_owned(),
            subject: "pool".to_owned(),
        }
    }

    #[test]
    fn the_page_is_whole_and_asks_for_nothing() {
        let rows = vec![row("lagom", "time", 2.0, None), row("RwLock<HashSet<Arc<str>>>", "time", 4.0, Some(0.5))];
        let page = html(&run(), &[report("hold 1", rows)]);
        for text in
            ["<!doctype html>", "0.500×", "RwLock&lt;HashSet", "cargo xtask bench pool --quick", "moka 0.", "</html>"]
        {
            assert!(page.contains(text), "{text} is missing");
        }
        assert_eq!(page.matches("<svg").count(), 1);
        for forbidden in ["<script", "url(", "@import", "src=", "RwLock<HashSet"] {
            assert!(!page.contains(forbidden), "{forbidden} found");
        }
        let links = page.replace("http://www.w3.org/2000/svg", "").replace("http://www.w3.org/1999/xlink", "");
        assert!(!links.contains("http"), "no address but the name spaces");
        assert!(
            !page.contains("href=\"") || page.matches("href=\"").count() == page.matches("href=\"data:,\"").count()
        );
    }

    #[test]
    fn roles_of_the_plot_are_in_the_style_sheet() {
        for color in [plot::OURS, plot::THEIRS, plot::INK] {
            let name = format!("#{:02x}{:02x}{:02x}", color.0, color.1, color.2);
            assert!(STYLE.contains(&name), "{name}");
        }
    }
}

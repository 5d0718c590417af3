//! The two versions in figures.

use std::fmt;
use std::time::Duration;

use indicatif::{HumanBytes, HumanCount};

use crate::demo::min_and_median;
use crate::measure::{Profile, Report, Version};

/// Everything the demonstration has to show.
pub(crate) struct Comparison {
    /// What was read.
    pub(crate) input: String,
    /// Of the profiled runs.
    pub(crate) naive: Report,
    /// Of the profiled runs.
    pub(crate) lagom: Report,
    /// Timed runs of each version.
    pub(crate) runs: usize,
    pub(crate) rows: Vec<Row>,
}

/// One figure of both versions.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) naive: String,
    pub(crate) lagom: String,
    /// How many times less lagom takes; empty where that says nothing.
    pub(crate) ratio: String,
    /// What there is to know about it.
    pub(crate) note: &'static str,
}

impl Comparison {
    pub(crate) fn new(input: String, naive: Report, lagom: Report, timed: &[Report]) -> Self {
        let of = |version: Version| timed.iter().filter(move |report| report.version == version);
        let runs = of(Version::Naive).count();
        let times = |what: &dyn Fn(&Report) -> Option<Duration>| {
            Version::BOTH.map(|version| {
                let times: Vec<Duration> = of(version).filter_map(what).collect();
                (!times.is_empty()).then(|| min_and_median(times))
            })
        };
        let mut rows = Vec::new();
        if let [Some(naive), Some(lagom)] = times(&|report| Some(report.wall)) {
            rows.push(time_row(format!("wall time, least of {runs}"), naive.0, lagom.0));
            rows.push(time_row(format!("wall time, median of {runs}"), naive.1, lagom.1));
        }
        if let [Some(naive), Some(lagom)] = times(&|report| report.cpu) {
            rows.push(time_row(format!("CPU time, median of {runs}"), naive.1, lagom.1));
        }
        if let [Some(naive), Some(lagom)] = times(&|report| Some(report.reading)) {
            rows.push(time_row("reading and decompressing, median".to_owned(), naive.1, lagom.1));
        }
        let share = |version: Version| {
            let mut shares: Vec<f64> = of(version).map(|r| r.reading.as_secs_f64() / r.wall.as_secs_f64()).collect();
            shares.sort_by(f64::total_cmp);
            format!("{:.0} %", 100.0 * shares[shares.len() / 2])
        };
        rows.push(Row {
            name: "  as a share of wall time".to_owned(),
            naive: share(Version::Naive),
            lagom: share(Version::Lagom),
            ratio: String::new(),
            note: "lagom reads on a thread of its own",
        });
        if let (Some(a), Some(b)) = (&naive.profile, &lagom.profile) {
            let mut count = |name: &str, figure: fn(&Profile) -> u64, bytes: bool| {
                rows.push(count_row(name, figure(a), figure(b), bytes));
            };
            count("peak heap", |profile| profile.peak_heap, true);
            count("allocations", |profile| profile.allocations, false);
            count("bytes allocated", |profile| profile.allocated_bytes, true);
        }
        let peak = |version| of(version).filter_map(|report| report.peak_rss).max();
        if let (Some(naive), Some(lagom)) = (peak(Version::Naive), peak(Version::Lagom)) {
            rows.push(count_row("peak resident memory", naive, lagom, true));
        }
        Self { input, naive, lagom, runs, rows }
    }
}

fn time_row(name: String, naive: Duration, lagom: Duration) -> Row {
    let milliseconds = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
    let ratio = times_less(naive.as_secs_f64(), lagom.as_secs_f64());
    Row { name, naive: milliseconds(naive), lagom: milliseconds(lagom), ratio, note: "" }
}

fn count_row(name: &str, naive: u64, lagom: u64, bytes: bool) -> Row {
    let shown = |count: u64| if bytes { HumanBytes(count).to_string() } else { HumanCount(count).to_string() };
    let ratio = times_less(naive as f64, lagom as f64);
    Row { name: name.to_owned(), naive: shown(naive), lagom: shown(lagom), ratio, note: "" }
}

fn times_less(naive: f64, lagom: f64) -> String {
    if lagom > 0.0 { format!("{:.1}x", naive / lagom) } else { String::new() }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let totals = &self.naive.answers.totals;
        writeln!(f, "New York flights: {}", self.input)?;
        writeln!(f, "{} flights; both versions gave the same answers in every run.\n", HumanCount(totals.flights))?;
        writeln!(f, "{:<36} {:>12} {:>12} {:>8}", "", "naive", "lagom", "")?;
        for Row { name, naive, lagom, ratio, note } in &self.rows {
            let line = format!("{name:<36} {naive:>12} {lagom:>12} {ratio:>8}  {note}");
            writeln!(f, "{}", line.trim_end())?;
        }
        if let Some(profile) = &self.lagom.profile {
            writeln!(f, "\nlagom's pool and caches")?;
            for (name, figures) in &profile.figures {
                let figures: Vec<String> = figures.iter().map(|(name, value)| figure(name, *value)).collect();
                writeln!(f, "  {name:<34} {}", figures.join(", "))?;
            }
        }
        if let Some(profile) = &self.naive.profile {
            writeln!(f, "\nThe profiler's advice for the naive version")?;
            if profile.advice.is_empty() {
                writeln!(f, "  none")?;
            }
            for advice in &profile.advice {
                writeln!(f, "  - {}", advice.replace('\n', "\n    "))?;
            }
        }
        Ok(())
    }
}

/// A figure of a pool or cache, in words.
pub(crate) fn figure(name: &str, value: f64) -> String {
    let name = name.replace('_', " ");
    if name.ends_with("ratio") { format!("{name} {:.2} %", 100.0 * value) } else { format!("{name} {value}") }
}

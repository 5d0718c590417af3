//! A comparison as a table.

use std::fmt;

use super::{Change, Comparison, Verdict};
use crate::format::{Count, Mean, Time, WIDTH, printable, tail};

/// What stands behind the name.
const COLUMNS: usize = 72;
const ALLOCATIONS: usize = 7;

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Unclear => "unclear",
            Self::Same => "same",
            Self::Slower => "slower",
            Self::Faster => "faster",
        })
    }
}

/// Slower first, then by how much.
impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heap = self.changes.iter().any(|change| change.heap_tracked);
        let room = WIDTH - COLUMNS - if heap { 2 * ALLOCATIONS } else { 0 };
        if !self.changes.is_empty() {
            write!(f, "{:<room$}{:>7}{:>8}{:>8}{:>7}", "function", "calls", "then", "now", "ratio")?;
            write!(f, "{:>14}{:>7}{:>9}", "95 %", "effect", "p")?;
            if heap {
                write!(f, "{:>ALLOCATIONS$}{:>ALLOCATIONS$}", "allocs", "now")?;
            }
            writeln!(f, "{:>12}", "verdict")?;
        }
        let mut rows: Vec<&Change> = self.changes.iter().collect();
        rows.sort_by(|a, b| b.is_regression().cmp(&a.is_regression()).then_with(|| b.ratio.total_cmp(&a.ratio)));
        for change in rows {
            row(f, change, room, heap)?;
        }
        names(f, "new", &self.new)?;
        names(f, "vanished", &self.vanished)?;
        if self.clocks_differ {
            writeln!(f, "the two runs read different clocks: take small changes for none")?;
        }
        let (found, all) = (self.regressions().count(), self.changes.len());
        write!(f, "{found} of {all} functions regressed")
    }
}

fn row(f: &mut fmt::Formatter<'_>, change: &Change, room: usize, heap: bool) -> fmt::Result {
    let interval = format!("{}-{}", Ratio(change.ratio_interval.low), Ratio(change.ratio_interval.high));
    write!(
        f,
        "{:<room$}{:>7}{:>8}{:>8}{:>7}{interval:>14}{:>7.2}{:>9}",
        tail(&printable(&change.name), room),
        Count(change.now.calls),
        Time(change.baseline.median_ns.round() as u64),
        Time(change.now.median_ns.round() as u64),
        Ratio(change.ratio).to_string(),
        change.effect,
        Chance(change.p).to_string(),
    )?;
    if heap {
        let (then, now) = (change.baseline.allocations_per_call, change.now.allocations_per_call);
        write!(f, "{:>ALLOCATIONS$}{:>ALLOCATIONS$}", Mean(then).to_string(), Mean(now).to_string())?;
    }
    let verdict = match (change.verdict, change.allocates_more) {
        (Verdict::Slower, true) => "slower, heap".into(),
        (_, true) => "heap".into(),
        (verdict, false) => verdict.to_string(),
    };
    writeln!(f, "{verdict:>12}")
}

fn names(f: &mut fmt::Formatter<'_>, title: &str, names: &[std::borrow::Cow<'static, str>]) -> fmt::Result {
    for name in names {
        writeln!(f, "{title}: {}", tail(&printable(name), WIDTH - title.len() - 2))?;
    }
    Ok(())
}

/// A ratio in at most six characters.
pub(crate) struct Ratio(pub(crate) f64);

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.0 {
            ratio if ratio.is_nan() => "?".into(),
            ratio if ratio < 9.995 => format!("{ratio:.2}"),
            ratio if ratio < 99.95 => format!("{ratio:.1}"),
            ratio if ratio < 99_999.0 => format!("{ratio:.0}"),
            _ => ">1e5".into(),
        };
        f.pad(&text)
    }
}

/// A probability.
pub(crate) struct Chance(pub(crate) f64);

impl fmt::Display for Chance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = if self.0 < 0.0001 { "<0.0001".into() } else { format!("{:.4}", self.0) };
        f.pad(&text)
    }
}

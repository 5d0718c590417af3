//! The tables of functions whose lines are timed.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crate::engine;
use crate::format::{Count, SignedBytes, Time, WIDTH, printable, tail};

/// The lines of every function with `#[profile_lines]` that was called since the start or the
/// last [`reset`](crate::reset), the longest total first.
///
/// Reads while all threads go on; a call that is still under way is not in it. Takes time in proportion to the lines, and
/// some 100 us to find out what a probe costs, which is taken off.
///
/// ```
/// for table in lagom_profiler::lines() {
///     println!("{table}");
/// }
/// ```
#[must_use]
pub fn lines() -> Vec<LineTable> {
    let mut tables = engine::lines();
    tables.sort_by(|a, b| b.total().cmp(&a.total()).then_with(|| (&a.file, a.line).cmp(&(&b.file, b.line))));
    tables
}

/// The lines of one function, from [`lines`].
///
/// `Display` is a table of at most 100 columns with the source text.
///
/// ```
/// let slowest = lagom_profiler::lines().into_iter().next();
/// if let Some(table) = slowest {
///     println!("{table}");
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LineTable {
    pub(crate) name: Cow<'static, str>,
    pub(crate) module: Cow<'static, str>,
    pub(crate) file: Cow<'static, str>,
    pub(crate) line: u32,
    pub(crate) calls: u64,
    #[cfg_attr(feature = "serde", serde(default))]
    pub(crate) heap_tracked: bool,
    pub(crate) lines: Vec<LineStats>,
}

impl LineTable {
    /// The name of the function, or the one it was given.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::LineTable::default().name(), "");
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The path of its module.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::LineTable::default().module(), "");
    /// ```
    #[must_use]
    pub fn module(&self) -> &str {
        &self.module
    }

    /// Its file, as the compiler was given it.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::LineTable::default().file(), "");
    /// ```
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The line of its name.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::LineTable::default().line(), 0);
    /// ```
    #[must_use]
    pub const fn line(&self) -> u32 {
        self.line
    }

    /// How often it was called.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::LineTable::default().calls(), 0);
    /// ```
    #[must_use]
    pub const fn calls(&self) -> u64 {
        self.calls
    }

    /// The time of all its lines; the calls that it makes of itself count once.
    ///
    /// ```
    /// assert!(lagom_profiler::LineTable::default().total().is_zero());
    /// ```
    #[must_use]
    pub fn total(&self) -> Duration {
        Duration::from_nanos(self.total_ns())
    }

    fn total_ns(&self) -> u64 {
        self.lines.iter().map(|line| line.time_ns).fold(0, u64::saturating_add)
    }

    /// Whether a [`TrackingAllocator`](crate::TrackingAllocator) was installed, so that the lines know their allocations.
    ///
    /// ```
    /// assert!(!lagom_profiler::LineTable::default().heap_tracked());
    /// ```
    #[must_use]
    pub const fn heap_tracked(&self) -> bool {
        self.heap_tracked
    }

    /// The lines in which a statement begins, from the first to the last.
    ///
    /// ```
    /// assert!(lagom_profiler::LineTable::default().lines().is_empty());
    /// ```
    #[must_use]
    pub fn lines(&self) -> &[LineStats] {
        &self.lines
    }
}

/// What is known of one line of a function.
///
/// ```
/// for table in lagom_profiler::lines() {
///     let dearest = table.lines().iter().max_by_key(|line| line.time());
///     println!("{dearest:?}");
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LineStats {
    pub(crate) line: u32,
    pub(crate) hits: u64,
    pub(crate) time_ns: u64,
    #[cfg_attr(feature = "serde", serde(default))]
    pub(crate) allocations: u64,
    #[cfg_attr(feature = "serde", serde(default))]
    pub(crate) bytes: u64,
    #[cfg_attr(feature = "serde", serde(default))]
    pub(crate) freed: u64,
    pub(crate) text: Cow<'static, str>,
}

impl LineStats {
    /// Its number in the file.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::LineStats::default().line(), 0);
    /// ```
    #[must_use]
    pub const fn line(&self) -> u32 {
        self.line
    }

    /// How often it was reached; that of a loop once more for every turn that ended.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::LineStats::default().hits(), 0);
    /// ```
    #[must_use]
    pub const fn hits(&self) -> u64 {
        self.hits
    }

    /// The time until the next line was reached, with all that was called meanwhile.
    ///
    /// ```
    /// assert!(lagom_profiler::LineStats::default().time().is_zero());
    /// ```
    #[must_use]
    pub const fn time(&self) -> Duration {
        Duration::from_nanos(self.time_ns)
    }

    /// The mean time of a hit; zero without one.
    ///
    /// ```
    /// assert!(lagom_profiler::LineStats::default().per_hit().is_zero());
    /// ```
    #[must_use]
    pub fn per_hit(&self) -> Duration {
        Duration::from_nanos(self.time_ns.checked_div(self.hits).unwrap_or(0))
    }

    /// The allocations until the next line was reached, with those of all that was called meanwhile; 0 without a
    /// [`TrackingAllocator`](crate::TrackingAllocator).
    ///
    /// ```
    /// assert_eq!(lagom_profiler::LineStats::default().allocations(), 0);
    /// ```
    #[must_use]
    pub const fn allocations(&self) -> u64 {
        self.allocations
    }

    /// The bytes that these asked for.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::LineStats::default().allocated_bytes(), 0);
    /// ```
    #[must_use]
    pub const fn allocated_bytes(&self) -> u64 {
        self.bytes
    }

    /// Bytes allocated less bytes freed: by so much the line left the heap larger, or smaller if negative.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::LineStats::default().net_bytes(), 0);
    /// ```
    #[must_use]
    pub const fn net_bytes(&self) -> i64 {
        self.bytes.wrapping_sub(self.freed).cast_signed()
    }

    /// Its source text, without the indentation that all lines of the function share.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::LineStats::default().text(), "");
    /// ```
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Of columns and gaps before the source text.
const FIGURES: usize = 37;
/// Of those of the heap.
const HEAP: usize = 15;

impl fmt::Display for LineTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let calls = if self.calls == 1 { "call" } else { "calls" };
        let figures = format!(": {} {calls}, {}", Count(self.calls), Time(self.total_ns()));
        let title = format!("{} {}:{}", printable(&self.name), printable(&self.file), self.line);
        writeln!(f, "{}{figures}", tail(&title, WIDTH - figures.len()))?;
        write!(f, "{:>6}{:>7}{:>7}{:>8}{:>7}", "line", "hits", "time", "per hit", "%")?;
        if self.heap_tracked {
            write!(f, "{:>7}{:>8}", "allocs", "net")?;
        }
        f.write_str("  source")?;
        let width = WIDTH - FIGURES - if self.heap_tracked { HEAP } else { 0 };
        let total = self.total_ns().max(1) as f64;
        for line in &self.lines {
            let share = format!("{:.1}%", 100.0 * line.time_ns as f64 / total);
            let text = head(&printable(&line.text.replace('\t', "    ")), width);
            write!(f, "\n{:>6}{:>7}", line.line, Count(line.hits))?;
            write!(f, "{:>7}{:>8}{share:>7}", Time(line.time_ns), Time::from(line.per_hit()))?;
            if self.heap_tracked {
                write!(f, "{:>7}{:>8}", Count(line.allocations), SignedBytes(line.net_bytes()))?;
            }
            write!(f, "  {text}")?;
        }
        Ok(())
    }
}

/// The begin of a text that must fit `width` columns, with a mark where it was cut.
fn head(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_fits_and_shows_its_lines() {
        let line = |line, hits, time_ns, text: &str| {
            let text = text.to_owned().into();
            LineStats { line, hits, time_ns, allocations: 7, bytes: 1_000, freed: 3_048, text }
        };
        let table = LineTable {
            name: "parse".into(),
            file: "a/very/long/path/".repeat(9).into(),
            line: 10,
            calls: 3,
            lines: vec![
                line(11, 3, 1_000_000, "let mut sum = 0;"),
                line(123_456, u64::MAX, 3_000_000, &"\tx".repeat(60)),
                line(13, 0, 0, "never\x1b[2J"),
            ],
            ..LineTable::default()
        };
        let text = table.to_string();
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert_eq!(text.lines().count(), 5);
        assert!(text.contains("parse") || text.starts_with('…'), "{text}");
        assert!(text.contains("/:10: 3 calls, 4.00ms"), "{text}");
        assert!(text.contains("    11      3 1.00ms   333us  25.0%  let mut sum = 0;"), "{text}");
        assert!(text.contains("…") && !text.contains('\x1b') && !text.contains('\t'), "{text}");
        assert_eq!((table.total(), table.lines()[2].per_hit()), (Duration::from_millis(4), Duration::ZERO));

        let text = LineTable { heap_tracked: true, ..table }.to_string();
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(text.contains("    11      3 1.00ms   333us  25.0%      7  -2.00K  let mut sum = 0;"), "{text}");
    }

    #[test]
    fn an_empty_table_is_two_lines() {
        assert_eq!(LineTable::default().to_string().lines().count(), 2);
    }
}

//! Statistics and differences as tables.

use std::fmt;

use super::source_line::SourceLines;
use super::statistics::share;
use super::{By, Difference, Differences, Statistic, Statistics};
use crate::engine;
use crate::format::{Bytes, Count, WIDTH, printable, tail};
use crate::heap::symbols::library::short_path;
use crate::heap::{Amount, Frame};

/// Rows that are printed unless the caller says how many.
const ROWS: usize = 10;
/// Frames of a stack that are printed.
const FRAMES: usize = 24;

/// `4.74M in 39593 blocks`
pub(crate) struct InBlocks(pub(crate) Amount);

impl fmt::Display for InBlocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0.blocks == 1 { "" } else { "s" };
        write!(f, "{} in {} block{plural}", Bytes(self.0.bytes), Count(self.0.blocks))
    }
}

/// ```text
/// live heap by line: 5.18M in 41234 blocks
///   #  bytes blocks average      %  sum %  line
///   1  4.74M  39593    126B  91.5%  91.5%  src/main.rs:12
///                                          words.push(word.to_owned());
/// 27 other: 450K in 1641 blocks
/// ```
impl fmt::Display for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        engine::heap_aside(|| {
            let passing = if self.cumulative { ", with all that is called from there" } else { "" };
            let (what, by) = (self.measure.in_snapshot(), self.by.name());
            writeln!(f, "heap, {what}, by {by}{passing}: {}", InBlocks(self.total))?;
            estimates(f, self.estimate)?;
            let margin = if self.estimate { format!("{:>8}", "± 95 %") } else { String::new() };
            let sum = if self.cumulative { "" } else { "  sum %" };
            write!(f, "{:>3}{:>7}{margin}{:>7}{:>8}{:>7}{sum}  {by}", "#", "bytes", "blocks", "average", "%")?;
            let shown = self.top(f.precision().unwrap_or(ROWS));
            let lines = SourceLines::default();
            for (place, row) in shown.iter().enumerate() {
                let average = Bytes(row.average().round() as u64);
                let percent = Percent(row.share);
                let mut figures = format!("{:>3}{:>7}", place + 1, Bytes(row.amount.bytes));
                if self.estimate {
                    figures += &format!("{:>8}", format!("±{}", Bytes(row.margin().round() as u64)));
                }
                figures += &format!("{:>7}{average:>8}{percent:>7}", Count(row.amount.blocks));
                if !self.cumulative {
                    figures += &format!("{:>7}", Percent(row.cumulative_share));
                }
                name(f, &figures, self.by, &row.key, &row.frames, &lines)?;
            }
            let others = &self.rows[shown.len()..];
            if !others.is_empty() {
                let rest = others.iter().fold(Amount::default(), |sum, row: &Statistic| sum.plus(row.amount));
                write!(f, "\n{} other", Count(others.len() as u64))?;
                // Groups that share stacks have no sum.
                if !self.cumulative {
                    write!(
                        f,
                        ": {}, {}",
                        InBlocks(rest),
                        Percent(share(rest.bytes, self.total.bytes)).to_string().trim()
                    )?;
                }
            }
            Ok(())
        })
    }
}

/// ```text
/// heap by line: 5.18M, +1.20M since
///   #    bytes  blocks    now blocks  line
///   1   +1.20M    +300  4.74M  39593  src/main.rs:12
/// ```
impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        engine::heap_aside(|| {
            let by = self.by.name();
            writeln!(f, "heap by {by}: {}, {} since", InBlocks(self.total), Signed(self.bytes(), true))?;
            estimates(f, self.estimate)?;
            let margin = if self.estimate { format!("{:>8}", "± 95 %") } else { String::new() };
            write!(f, "{:>3}{:>8}{margin}{:>8}{:>8}{:>7}  {by}", "#", "bytes", "blocks", "now", "blocks")?;
            let shown = self.top(f.precision().unwrap_or(ROWS));
            let lines = SourceLines::default();
            for (place, row) in shown.iter().enumerate() {
                let mut figures = format!("{:>3}{:>8}", place + 1, Signed(row.bytes(), true).to_string());
                if self.estimate {
                    figures += &format!("{:>8}", format!("±{}", Bytes(row.margin().round() as u64)));
                }
                let now = row.amount();
                figures += &format!("{:>8}", Signed(row.blocks(), false).to_string());
                figures += &format!("{:>8}{:>7}", Bytes(now.bytes), Count(now.blocks));
                name(f, &figures, self.by, row.key(), row.frames(), &lines)?;
            }
            let others = &self.rows[shown.len()..];
            if !others.is_empty() {
                let rest = others.iter().fold(0_i64, |sum, row: &Difference| sum.saturating_add(row.bytes()));
                write!(f, "\n{} other: {}", Count(others.len() as u64), Signed(rest, true))?;
            }
            Ok(())
        })
    }
}

fn estimates(f: &mut fmt::Formatter<'_>, estimate: bool) -> fmt::Result {
    if estimate { writeln!(f, "estimated from samples; ± is half of the 95 % interval") } else { Ok(()) }
}

/// The figures of a row and what it is called: in one line, with the source below it; a stack in as many as it has
/// frames.
fn name(
    f: &mut fmt::Formatter<'_>,
    figures: &str,
    by: By,
    key: &str,
    frames: &[Frame],
    lines: &SourceLines,
) -> fmt::Result {
    let indent = figures.chars().count() + 2;
    if by == By::Stack {
        let place = super::place::place(frames).map_or("unknown", Frame::function);
        write!(f, "\n{figures}  {}", head(&printable(place), WIDTH.saturating_sub(indent)))?;
        return stack(f, frames, 4, lines);
    }
    write!(f, "\n{figures}  {}", tail(&printable(key), WIDTH.saturating_sub(indent)))?;
    match frames.first().filter(|_| by == By::Line).and_then(|frame| lines.text(frame)) {
        Some(text) => write!(f, "\n{:indent$}{}", "", head(&printable(&text), WIDTH.saturating_sub(indent))),
        None => Ok(()),
    }
}

/// A line for each function, innermost first, with the source of the one that counts; down to what std calls `main` and
/// threads from.
pub(crate) fn stack(f: &mut fmt::Formatter<'_>, frames: &[Frame], indent: usize, lines: &SourceLines) -> fmt::Result {
    let begins = |frame: &Frame| frame.function().contains("__rust_begin_short_backtrace");
    let frames = &frames[..frames.iter().position(begins).unwrap_or(frames.len())];
    let counted = super::place::place(frames);
    let room = WIDTH.saturating_sub(indent);
    for frame in frames.iter().take(FRAMES) {
        let at = match frame.file() {
            "" => String::new(),
            file => format!(" ({}:{})", tail(&printable(short_path(file)), room / 2), frame.line()),
        };
        let function = head(&printable(frame.function()), room.saturating_sub(at.chars().count()));
        write!(f, "\n{:indent$}{function}{at}", "")?;
        if counted.is_some_and(|counted| std::ptr::eq(counted, frame))
            && let Some(text) = lines.text(frame)
        {
            write!(f, "\n{:indent$}    {}", "", head(&printable(&text), room.saturating_sub(4)))?;
        }
    }
    match frames.len().checked_sub(FRAMES) {
        Some(more @ 1..) => write!(f, "\n{:indent$}… and {more} more", ""),
        _ => Ok(()),
    }
}

/// The beginning of a text that must fit so many columns, with a mark where it was cut.
fn head(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// A share of 1 as `100.0%`.
struct Percent(f64);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:.1}%", 100.0 * self.0))
    }
}

/// A change, with its sign; of bytes or of a count.
pub(crate) struct Signed(pub(crate) i64, pub(crate) bool);

impl fmt::Display for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { '-' } else { '+' };
        let size = self.0.unsigned_abs();
        if self.1 { write!(f, "{sign}{}", Bytes(size)) } else { write!(f, "{sign}{}", Count(size)) }
    }
}

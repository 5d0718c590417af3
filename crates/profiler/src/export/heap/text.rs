//! Views for a terminal: summary, table, tree, statistics. No line is longer than the other reports' are.

mod places;
mod stats;
mod summary;
mod table;
mod tree;

use std::fmt::Write as _;

use super::names::Name;
use crate::format::{Bytes, Count, Time, WIDTH, printable, tail};
use crate::heap::{Amount, HeapProfile, Measure, Unit};

#[cfg(feature = "export")]
pub(super) use self::places::{Place, places};

/// `12.3M in 4567 blocks`.
fn amount(amount: Amount) -> String {
    let blocks = if amount.blocks == 1 { "block" } else { "blocks" };
    format!("{} in {} {blocks}", Bytes(amount.bytes), Count(amount.blocks))
}

fn figure(unit: Unit, value: u64) -> String {
    match unit {
        Unit::Bytes => Bytes(value).to_string(),
        Unit::Blocks => Count(value).to_string(),
    }
}

/// In percent, and nothing of nothing.
pub(super) fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { 100.0 * part as f64 / whole as f64 }
}

/// A function and where it is; of a long name the middle is left out, as its ends tell most.
fn name(name: Name<'_>, width: usize) -> String {
    let function = printable(name.function);
    let file = printable(name.file);
    let mut parts = file.rsplit(['/', '\\']);
    let (last, folder) = (parts.next().unwrap_or_default(), parts.next());
    let file = folder.map_or_else(|| last.to_owned(), |folder| format!("{folder}/{last}"));
    let place = match (file.is_empty(), name.line) {
        (true, _) => String::new(),
        (false, 0) => format!(" ({file})"),
        (false, line) => format!(" ({file}:{line})"),
    };
    let place = tail(&place, width / 2);
    let left = width - place.chars().count();
    let length = function.chars().count();
    if length <= left {
        return format!("{function}{place}");
    }
    let head = left / 3;
    let begin: String = function.chars().take(head).collect();
    let end: String = function.chars().skip(length - (left - head - 1)).collect();
    format!("{begin}…{end}{place}")
}

/// What was recorded, in a line or three.
fn heading(profile: &HeapProfile) -> String {
    let mut text = String::new();
    if !profile.command.is_empty() {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{}", tail(&printable(&profile.command), WIDTH));
    }
    let mut parts = Vec::new();
    if profile.pid != 0 {
        parts.push(format!("process {}", profile.pid));
    }
    if profile.duration_ns > 0 {
        parts.push(format!("{} recorded", Time(profile.duration_ns)));
    }
    if let Some(interval) = profile.sample_interval() {
        parts.push(format!("estimated from a sample every {}", Bytes(interval)));
    }
    if profile.cut {
        parts.push("the recording ends before the program did".to_owned());
    }
    if !parts.is_empty() {
        let _ = writeln!(text, "{}", parts.join(", "));
    }
    text
}

/// Allocated, peak, leaked, temporary.
fn totals(profile: &HeapProfile) -> String {
    let mut text = String::new();
    let all = profile.amount(Measure::Total);
    for (view, label) in [
        (Measure::Total, "allocated"),
        (Measure::Peak, "peak"),
        (Measure::Live, "leaked"),
        (Measure::Temporary, "temporary"),
    ] {
        let of = profile.amount(view);
        let note = match view {
            Measure::Total if of.blocks > 0 => format!(", {} a block", Bytes(of.bytes / of.blocks)),
            Measure::Peak if profile.peak.time_ns > 0 => format!(", after {}", Time(profile.peak.time_ns)),
            Measure::Temporary if of.blocks > 0 => format!(", {:.1} % of all blocks", percent(of.blocks, all.blocks)),
            _ => String::new(),
        };
        let _ = writeln!(text, "  {label:<10} {}{note}", amount(of));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{deep, large, profile};
    use super::*;

    #[test]
    fn a_long_name_keeps_its_ends_and_its_place() {
        let long = |function: &str, file: &str, line| name(Name { function, file, line, ..Name::default() }, 30);
        assert_eq!(long("app::parse", "/home/me/src/a.rs", 7), "app::parse (src/a.rs:7)");
        assert_eq!(long("app::parse", "a.rs", 0), "app::parse (a.rs)");
        assert_eq!(long("a_function_of_many::words_as_it_is", "src/a.rs", 7), "a_fun…ds_as_it_is (src/a.rs:7)");
        assert_eq!(long(&"é".repeat(40), "", 0).chars().count(), 30);
        assert_eq!(long("f", &"x".repeat(99), 1).chars().count(), 16);
    }

    #[test]
    fn no_text_breaks_a_line_or_steers_a_terminal() {
        let mut huge = profile();
        huge.sites
            .iter_mut()
            .for_each(|site| (site.peak, site.total) = (Amount { blocks: u64::MAX, bytes: u64::MAX }, site.peak));
        for profile in [profile(), deep(), large(300), huge, HeapProfile::default(), HeapProfile::from(profile().sites)]
        {
            let mut texts = vec![profile.to_summary(10), profile.to_stats(5)];
            for view in Measure::ALL {
                for unit in [Unit::Bytes, Unit::Blocks] {
                    texts.push(profile.to_table(view, unit, 20));
                    texts.push(profile.to_tree(view, unit, 0.0));
                    texts.push(profile.to_difference(&deep(), view, unit, 20));
                }
            }
            for text in texts {
                assert!(text.ends_with('\n') && !text.contains("NaN") && !text.contains("inf"), "{text}");
                for line in text.lines() {
                    assert!(line.chars().count() <= WIDTH, "{line}");
                    assert!(!line.contains(char::is_control), "{line:?}");
                }
            }
        }
    }
}

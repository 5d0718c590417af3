//! Places as a table, and what changed between two profiles as another.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::places::{places, ranked};
use super::{amount, figure, heading, name, percent};
use crate::export::heap::names::Name;
use crate::format::{Bytes, Count, WIDTH};
use crate::heap::{HeapProfile, Measure, Unit};

impl HeapProfile {
    /// The `most` lines of the program with most of a view: what it is, its share, the shares added up, blocks, the mean size.
    ///
    /// A line is the innermost of a stack that is not of the standard library.
    ///
    /// ```
    /// use lagom_profiler::heap::{HeapProfile, Unit, Measure};
    ///
    /// let text = HeapProfile::default().to_table(Measure::Peak, Unit::Bytes, 20);
    /// assert!(text.starts_with("live at peak: 0B in 0 blocks"));
    /// ```
    #[must_use]
    pub fn to_table(&self, view: Measure, unit: Unit, most: usize) -> String {
        let whole = self.amount(view);
        let mut text = heading(self);
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{}: {}", view.name(), amount(whole));
        let ranked = ranked(places(self), view, unit);
        if ranked.is_empty() {
            return text;
        }
        let first = unit.name();
        let _ = writeln!(text, "\n{first:>7} {:>6} {:>6} {:>7} {:>7}  place", "%", "cum %", "blocks", "mean");
        let mut sum: u64 = 0;
        for place in ranked.iter().take(most) {
            let of = place.amount(view);
            let value = unit.of(of);
            sum = sum.saturating_add(value);
            let all = unit.of(whole);
            let _ = writeln!(
                text,
                "{:>7} {:>6.1} {:>6.1} {:>7} {:>7}  {}",
                figure(unit, value),
                percent(value, all),
                percent(sum, all),
                Count(of.blocks),
                Bytes(of.bytes / of.blocks.max(1)),
                name(place.name, WIDTH - 39)
            );
        }
        if ranked.len() > most {
            let _ = writeln!(text, "{} more places", ranked.len() - most);
        }
        text
    }

    /// The `most` lines of the program whose share of a view changed most since `before`.
    ///
    /// ```
    /// use lagom_profiler::heap::{HeapProfile, Unit, Measure};
    ///
    /// let (before, after) = (HeapProfile::default(), HeapProfile::default());
    /// let text = after.to_difference(&before, Measure::Live, Unit::Bytes, 20);
    /// assert!(text.contains("nothing changed"));
    /// ```
    #[must_use]
    pub fn to_difference(&self, before: &Self, view: Measure, unit: Unit, most: usize) -> String {
        let mut both: HashMap<Name<'_>, [u64; 2]> = HashMap::new();
        for (at, profile) in [before, self].into_iter().enumerate() {
            for place in places(profile) {
                both.entry(place.name).or_default()[at] = unit.of(place.amount(view));
            }
        }
        let mut changed: Vec<(Name<'_>, [u64; 2])> = both.into_iter().filter(|(_, [old, new])| old != new).collect();
        changed.sort_by_key(|(name, [old, new])| {
            (std::cmp::Reverse(new.abs_diff(*old)), name.function, name.file, name.line)
        });
        let mut text = format!("{}, before: {}\n", view.name(), amount(before.amount(view)));
        let _ = writeln!(text, "{}, after:  {}", view.name(), amount(self.amount(view)));
        if changed.is_empty() {
            text.push_str("nothing changed\n");
            return text;
        }
        let _ = writeln!(text, "\n{:>8} {:>7} {:>7}  {} by place", "change", "before", "after", unit.name());
        for (place, [old, new]) in changed.iter().take(most) {
            let sign = if new > old { '+' } else { '-' };
            let change = format!("{sign}{}", figure(unit, new.abs_diff(*old)));
            let (old, new) = (figure(unit, *old), figure(unit, *new));
            let _ = writeln!(text, "{change:>8} {old:>7} {new:>7}  {}", name(*place, WIDTH - 26));
        }
        if changed.len() > most {
            let _ = writeln!(text, "{} more places", changed.len() - most);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture::profile;
    use super::*;

    #[test]
    fn shares_add_up() {
        let text = profile().to_table(Measure::Peak, Unit::Bytes, 20);
        let rows: Vec<Vec<&str>> = text
            .lines()
            .skip_while(|line| !line.ends_with("place"))
            .skip(1)
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(rows[0][..6], ["3.75K", "71.1", "71.1", "60", "64B", "app::parse"], "{text}");
        assert_eq!((rows.last().unwrap()[2], rows.len()), ("100.0", 5), "{text}");
        assert!(text.contains("(src/parse.rs:7)"));
        let cut = profile().to_table(Measure::Peak, Unit::Blocks, 2);
        assert!(cut.ends_with("\n3 more places\n") && cut.contains("\n blocks "), "{cut}");
    }

    #[test]
    fn a_difference_has_what_is_new_and_what_is_gone() {
        let (before, mut after) = (profile(), profile());
        after.sites.remove(0);
        after.sites[0].peak.bytes += 100;
        after.sites[2].frames = after.sites[2].frames[1..].into();
        let text = after.to_difference(&before, Measure::Peak, Unit::Bytes, 20);
        let rows: Vec<Vec<&str>> = text
            .lines()
            .skip_while(|line| !line.ends_with("by place"))
            .skip(1)
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(rows[0][..4], ["-3.75K", "3.75K", "0B", "app::parse"], "{text}");
        assert_eq!(rows[1][..3], ["-1000B", "1000B", "0B"], "{text}");
        assert_eq!(rows[2][..4], ["+1000B", "0B", "1000B", "app::main"], "{text}");
        assert_eq!(rows[3][..4], ["+100B", "500B", "600B", "app::parse"], "{text}");
        assert_eq!(rows.len(), 4);
        assert!(before.to_difference(&before, Measure::Peak, Unit::Bytes, 20).ends_with("nothing changed\n"));
    }
}

//! What matters most of each view, with how it came to be called: in the manner of heaptrack's text.

use std::fmt::Write as _;

use super::places::{Place, places, ranked};
use super::{amount, heading, name, percent, totals};
use crate::format::WIDTH;
use crate::heap::{HeapProfile, Measure, Unit};

/// Callers shown of the heaviest stack of a place.
const CALLERS: usize = 4;

/// What each part ranks by.
const PARTS: [(&str, Measure, Unit); 4] = [
    ("Most live at the peak", Measure::Peak, Unit::Bytes),
    ("Most leaked", Measure::Live, Unit::Bytes),
    ("Most allocations", Measure::Total, Unit::Blocks),
    ("Most temporary allocations", Measure::Temporary, Unit::Blocks),
];

impl HeapProfile {
    /// The totals, then the `most` places of each view with the callers of their heaviest stack, then the heap's tree at the peak.
    ///
    /// ```
    /// let text = lagom_profiler::heap::HeapProfile::default().to_summary(10);
    /// assert!(text.contains("  leaked     0B in 0 blocks\n"));
    /// ```
    #[must_use]
    pub fn to_summary(&self, most: usize) -> String {
        let mut text = heading(self);
        text.push_str(&totals(self));
        for (title, view, unit) in PARTS {
            let ranked = ranked(places(self), view, unit);
            if ranked.is_empty() {
                continue;
            }
            // Writing to a `String` cannot fail.
            let _ = writeln!(text, "\n{title}");
            for place in ranked.iter().take(most) {
                write_place(&mut text, place, view, unit, unit.of(self.amount(view)));
            }
            if ranked.len() > most {
                let _ = writeln!(text, "  {} more places", ranked.len() - most);
            }
        }
        if self.amount(Measure::Peak).bytes > 0 {
            let _ =
                write!(text, "\nThe heap at its peak\n{}", super::tree::body(self, Measure::Peak, Unit::Bytes, 0.05));
        }
        text
    }
}

fn write_place(text: &mut String, place: &Place<'_>, view: Measure, unit: Unit, whole: u64) {
    let of = place.amount(view);
    let _ = writeln!(text, "  {} ({:.1} %)", amount(of), percent(unit.of(of), whole));
    let _ = writeln!(text, "      {}", name(place.name, WIDTH - 6));
    let Some(site) = place.sites.iter().max_by_key(|site| unit.of(view.of(site))) else { return };
    let own = crate::export::heap::names::place(site);
    let frames = site.frames().iter().map(crate::export::heap::names::Name::line);
    let mut callers = frames.skip_while(|frame| *frame != own).skip(1);
    for caller in callers.by_ref().take(CALLERS) {
        let _ = writeln!(text, "        {}", name(caller, WIDTH - 8));
    }
    match callers.count() {
        0 => {}
        more => {
            let _ = writeln!(text, "        {more} more");
        }
    }
    if place.sites.len() > 1 {
        let _ = writeln!(text, "      and {} other stacks", place.sites.len() - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture::{deep, profile};
    use super::*;

    #[test]
    fn each_view_has_its_part() {
        let text = profile().to_summary(3);
        for line in [
            "process 4242, 20.0ms recorded",
            "  allocated  10.7K in 122 blocks, 90B a block",
            "  peak       5.28K in 68 blocks, after 3.50ms",
            "  leaked     1.32K in 6 blocks",
            "  temporary  2.86K in 32 blocks, 26.2 % of all blocks",
            "Most live at the peak",
            "  3.75K in 60 blocks (71.1 %)",
            "      app::parse (src/parse.rs:7)",
            "        app::main (src/main.rs:9)",
            "Most temporary allocations",
            "The heap at its peak",
            "  2 more places",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn what_nothing_is_known_of_has_no_part() {
        let text = HeapProfile::default().to_summary(10);
        assert_eq!(text.lines().count(), 4, "{text}");
        let mut cut = HeapProfile { cut: true, interval: 524_288, ..deep() };
        cut.sites[0].temporary = cut.sites[0].total;
        let text = cut.to_summary(10);
        assert!(
            text.starts_with("estimated from a sample every 512K, the recording ends before the program did\n"),
            "{text}"
        );
        assert!(text.contains("        9995 more\n"), "{text}");
    }
}

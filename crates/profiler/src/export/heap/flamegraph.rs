//! Flame graphs as pictures that a browser can search and zoom; drawn by `inferno`.

use std::collections::BTreeMap;

use inferno::flamegraph::color::{BasicPalette, Palette};
use inferno::flamegraph::{Options, from_lines};

use super::folded::stacks;
use crate::format::printable;
use crate::heap::{HeapProfile, Measure, Unit};

impl HeapProfile {
    /// One view as a flame graph: SVG with its own script, no network.
    ///
    /// ```
    /// use lagom_profiler::heap::{HeapProfile, Unit, Measure};
    ///
    /// let picture = HeapProfile::default().to_flamegraph(Measure::Live, Unit::Bytes);
    /// assert!(picture.contains("<svg"));
    /// ```
    #[must_use]
    pub fn to_flamegraph(&self, view: Measure, unit: Unit) -> String {
        let mut left = MOST;
        let lines = stacks(self, view, unit).into_iter().filter_map(|(stack, weight)| {
            let weight = weight.min(left);
            left -= weight;
            (weight > 0).then(|| format!("{stack} {weight}"))
        });
        let title = format!("Memory {}", view.name());
        draw(title, &self.command, unit, &lines.collect::<Vec<_>>())
    }

    /// What changed since `before`: as wide as it is now, red where it grew, blue where it shrank.
    ///
    /// What there is nothing of any more has no width. It is in the picture the other way around, of `before` against this.
    ///
    /// ```
    /// use lagom_profiler::heap::{HeapProfile, Unit, Measure};
    ///
    /// let (before, after) = (HeapProfile::default(), HeapProfile::default());
    /// let picture = after.to_flamegraph_since(&before, Measure::Peak, Unit::Bytes);
    /// assert!(picture.contains("<svg"));
    /// ```
    #[must_use]
    pub fn to_flamegraph_since(&self, before: &Self, view: Measure, unit: Unit) -> String {
        let mut both: BTreeMap<String, [u64; 2]> = BTreeMap::new();
        for (place, profile) in [before, self].into_iter().enumerate() {
            let mut left = MOST;
            for (stack, weight) in stacks(profile, view, unit) {
                let weight = weight.min(left);
                left -= weight;
                both.entry(stack).or_default()[place] = weight;
            }
        }
        let lines: Vec<String> = both.iter().map(|(stack, [old, new])| format!("{stack} {old} {new}")).collect();
        // With nothing in it now there is nothing to draw.
        let drawn = if both.values().all(|[_, new]| *new == 0) { &[] } else { &*lines };
        draw(format!("Memory {}, what changed", view.name()), &self.command, unit, drawn)
    }
}

/// Inferno adds up, takes differences and scales them by shades of colour, without looking for an overflow.
const MOST: u64 = i64::MAX as u64 / 1_024;

fn draw(title: String, command: &str, unit: Unit, lines: &[String]) -> String {
    let mut options = Options::default();
    options.title = title;
    options.subtitle = Some(text(command)).filter(|command| !command.is_empty());
    options.count_name = unit.name().to_owned();
    options.name_type = "Function:".to_owned();
    options.colors = Palette::Basic(BasicPalette::Mem);
    options.deterministic = true;
    let mut picture = Vec::new();
    let lines: Vec<String> = lines.iter().map(|line| text(line)).collect();
    match from_lines(&mut options, lines.iter().map(String::as_str), &mut picture) {
        Ok(()) => String::from_utf8(picture).unwrap_or_default(),
        Err(_) => empty(&options.title),
    }
}

/// What XML can hold.
fn text(text: &str) -> String {
    printable(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

/// Inferno draws no empty graph.
fn empty(title: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1200\" height=\"60\" role=\"img\"><title>{title}</title>\
         <text x=\"600\" y=\"35\" text-anchor=\"middle\" font-family=\"sans-serif\">{title}: nothing</text></svg>\n"
    )
}

#[cfg(test)]
mod tests {
    use roxmltree::Document;

    use super::super::fixture::{DEEP, deep, profile};
    use super::*;

    /// What each frame says of itself: `name (1,234 bytes, 5.00%)`.
    fn frames(picture: &str) -> Vec<String> {
        let document =
            Document::parse_with_options(picture, roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() });
        let document = document.expect("well-formed");
        let of_group = |node: roxmltree::Node<'_, '_>| node.tag_name().name() == "g" && node.attribute("id").is_none();
        document
            .descendants()
            .filter(|node| of_group(*node))
            .filter_map(|group| group.children().find(|child| child.tag_name().name() == "title"))
            .map(|title| title.text().unwrap_or_default().to_owned())
            .collect()
    }

    #[test]
    fn every_view_is_drawn() {
        let profile = profile();
        for view in Measure::ALL {
            for unit in [Unit::Bytes, Unit::Blocks] {
                let picture = profile.to_flamegraph(view, unit);
                let frames = frames(&picture);
                let all = unit.of(profile.amount(view));
                let grouped = if all < 1_000 { all.to_string() } else { format!("{},{:03}", all / 1_000, all % 1_000) };
                assert!(frames.contains(&format!("all ({grouped} {}, 100%)", unit.name())), "{frames:?}");
                assert!(!picture.contains("<script>alert"), "a name became markup");
            }
        }
        let names = frames(&profile.to_flamegraph(Measure::Total, Unit::Bytes));
        for name in
            ["app::main", "alloc::vec::Vec<app::Row>::with_capacity", "(no name)", "(unknown)", "<script>alert('x')"]
        {
            assert!(names.iter().any(|frame| frame.contains(name)), "{name} of {names:?}");
        }
    }

    #[test]
    fn what_xml_cannot_hold_is_replaced() {
        let mut profile = profile();
        let frame = crate::heap::Frame { function: "f\u{ffff}\u{0}\u{fffe}".into(), ..Default::default() };
        profile.sites[0].frames = [frame].into();
        profile.command = "c\u{ffff}".into();
        let names = frames(&profile.to_flamegraph(Measure::Peak, Unit::Bytes));
        assert!(names.iter().any(|name| name.starts_with("f\u{fffd}\\u{0}\u{fffd} (")), "{names:?}");
    }

    #[test]
    fn a_difference_says_what_grew() {
        let (before, mut after) = (profile(), profile());
        after.sites[3].peak.bytes += 500;
        after.sites.remove(0);
        let picture = after.to_flamegraph_since(&before, Measure::Peak, Unit::Bytes);
        let frames = frames(&picture);
        assert!(frames.iter().any(|frame| frame.contains("; +")), "{frames:?}");
        assert!(!frames.iter().any(|frame| frame.contains("3,840")));
        let other = before.to_flamegraph_since(&after, Measure::Peak, Unit::Bytes);
        assert!(self::frames(&other).iter().any(|frame| frame.contains("3,840") && frame.contains("; +")), "{other}");
    }

    #[test]
    fn nothing_is_a_picture_too() {
        let empty = HeapProfile::default();
        for picture in [
            empty.to_flamegraph(Measure::Peak, Unit::Bytes),
            empty.to_flamegraph_since(&profile(), Measure::Peak, Unit::Bytes),
        ] {
            assert_eq!(frames(&picture), [""; 0]);
            assert!(picture.contains("nothing"));
        }
    }

    #[test]
    fn a_deep_stack_and_huge_figures_are_drawn() {
        let picture = deep().to_flamegraph(Measure::Peak, Unit::Bytes);
        assert_eq!(frames(&picture).len(), DEEP + 1);
        let mut huge = profile();
        huge.sites.iter_mut().for_each(|site| site.peak.bytes = u64::MAX);
        frames(&huge.to_flamegraph(Measure::Peak, Unit::Bytes));
        frames(&huge.to_flamegraph_since(&profile(), Measure::Peak, Unit::Bytes));
        frames(&profile().to_flamegraph_since(&huge, Measure::Peak, Unit::Bytes));
    }
}

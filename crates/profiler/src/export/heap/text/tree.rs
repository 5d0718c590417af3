//! The call tree of a view, heaviest branches first.

use std::fmt::Write as _;

use super::{amount, figure, heading, name, percent};
use crate::export::heap::names::Name;
use crate::export::heap::tree::{From, Tree};
use crate::format::WIDTH;
use crate::heap::{HeapProfile, Measure, Unit};

/// More lines nobody reads.
const LINES: usize = 1_000;

/// Deeper than this, branches are no longer moved to the right.
const INDENT: usize = 20;

impl HeapProfile {
    /// The call tree of a view, the outermost functions first; branches of less than a share of the whole (`0.01` is one in a
    /// hundred) are left out.
    ///
    /// It moves to the right where it branches only: what is called alone stands below its caller behind a `└`.
    ///
    /// ```
    /// use lagom_profiler::heap::{HeapProfile, Unit, Measure};
    ///
    /// let text = HeapProfile::default().to_tree(Measure::Live, Unit::Bytes, 0.01);
    /// assert_eq!(text, "leaked: 0B in 0 blocks\n");
    /// ```
    #[must_use]
    pub fn to_tree(&self, view: Measure, unit: Unit, least: f64) -> String {
        let mut text = heading(self);
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{}: {}", view.name(), amount(self.amount(view)));
        text.push_str(&body(self, view, unit, least));
        text
    }
}

pub(super) fn body(profile: &HeapProfile, view: Measure, unit: Unit, least: f64) -> String {
    let tree = Tree::new(profile, From::Outermost, Name::function, usize::MAX);
    let children = tree.children(view, unit);
    let weight = |node: u32| unit.of(tree.nodes[node as usize].amount(view));
    let whole = weight(0);
    let least = (whole as f64 * least.clamp(0.0, 1.0)).ceil().max(1.0) as u64;
    let shown = |node: u32| {
        let below = children.of(node);
        &below[..below.partition_point(|&child| weight(child) >= least)]
    };
    let mut text = String::new();
    let mut lines = 0;
    // Nodes with how far to the right they stand, and whether all of what stands above them comes from them.
    let mut waiting: Vec<(u32, usize, bool)> = shown(0).iter().rev().map(|&node| (node, 0, false)).collect();
    while let Some((node, indent, chained)) = waiting.pop() {
        if lines == LINES {
            let _ = writeln!(text, "… and more; a larger share shows less");
            break;
        }
        lines += 1;
        let value = weight(node);
        let space = 2 * indent.min(INDENT);
        let mark = if chained { "└ " } else { "" };
        let name = name(tree.name(node), WIDTH - 20 - space);
        let _ =
            writeln!(text, "{:>7} {:>5.1} %  {:space$}{mark}{name}", figure(unit, value), percent(value, whole), "");
        let below = shown(node);
        let alone = below.len() == 1 && weight(below[0]) == value;
        let indent = if alone { indent } else { indent + 1 };
        waiting.extend(below.iter().rev().map(|&child| (child, indent, alone)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture::{deep, profile};
    use super::*;

    #[test]
    fn branches_move_to_the_right_and_small_ones_go() {
        let text = profile().to_tree(Measure::Total, Unit::Bytes, 0.0);
        let body: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("allocated:")).skip(1).collect();
        assert!(body[0].ends_with(" 99.3 %  app::main (src/main.rs)"), "{text}");
        assert!(body[1].ends_with(" 71.9 %    app::parse (src/parse.rs)"), "{text}");
        assert!(body[2].ends_with(" 58.3 %      alloc::vec::Vec<app::Row>::with_capacity (vec/mod.rs)"), "{text}");
        assert!(body[4].ends_with(" 13.7 %      └ alloc::vec::Vec<app::Row>::with_capacity (vec/mod.rs)"), "{text}");
        let large = profile().to_tree(Measure::Total, Unit::Bytes, 0.5);
        assert_eq!(large.lines().count(), body.len().min(3) + text.lines().count() - body.len(), "{large}");
        let shares = |text: &str| text.lines().filter(|line| line.contains(" %  ")).count();
        assert_eq!((shares(&text), shares(&large)), (body.len(), 3));
    }

    #[test]
    fn a_deep_one_stays_at_the_left_and_ends() {
        let text = deep().to_tree(Measure::Peak, Unit::Blocks, 0.0);
        assert_eq!(text.lines().count(), LINES + 2);
        assert!(text.lines().nth(900).unwrap().starts_with("      1 100.0 %  └ app::f"), "{text}");
    }
}

//! Folded stacks: what `flamegraph.pl`, `inferno-flamegraph` and many viewers read.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::names::{Name, Names};
use crate::export::folded::name;
use crate::heap::{HeapProfile, Measure, Unit};

impl HeapProfile {
    /// One view as folded stacks, a line per stack: `main;load;parse 1234`, the outermost function first, in the order of the
    /// text.
    ///
    /// What weighs nothing has no line. The format knows no escape: a semicolon in a name becomes a comma.
    ///
    /// ```
    /// use lagom_profiler::heap::{HeapProfile, Unit, Measure};
    ///
    /// let text = HeapProfile::default().to_folded(Measure::Peak, Unit::Bytes);
    /// assert_eq!(text, "");
    /// ```
    #[must_use]
    pub fn to_folded(&self, view: Measure, unit: Unit) -> String {
        let mut text = String::new();
        for (stack, weight) in stacks(self, view, unit) {
            // Writing to a `String` cannot fail.
            let _ = writeln!(text, "{stack} {weight}");
        }
        text
    }
}

/// Every stack once, with what it weighs.
pub(super) fn stacks(profile: &HeapProfile, view: Measure, unit: Unit) -> BTreeMap<String, u64> {
    let mut names = Names::default();
    let mut written: Vec<Cow<'_, str>> = Vec::new();
    let mut stacks: BTreeMap<String, u64> = BTreeMap::new();
    for site in &profile.sites {
        let weight = unit.of(view.of(site));
        if weight == 0 {
            continue;
        }
        let stack = names.stack(site, Name::function);
        written.extend(names.table[written.len()..].iter().map(|new| frame(new.function)));
        let mut line = String::new();
        for (place, &number) in stack.iter().rev().enumerate() {
            line.push_str(if place == 0 { "" } else { ";" });
            line.push_str(&written[number as usize]);
        }
        let sum = stacks.entry(line).or_default();
        *sum = sum.saturating_add(weight);
    }
    stacks
}

/// A name that no reader takes for something else: they look for one figure at the end of a line, for a second before it, and
/// for a comment at its beginning.
fn frame(function: &str) -> Cow<'_, str> {
    let name = match name(function) {
        Cow::Borrowed(name) => Cow::Borrowed(name.trim()),
        Cow::Owned(name) => Cow::Owned(name.trim().to_owned()),
    };
    let figure = |c: char| c.is_ascii_digit() || c == '.';
    let number = name.rfind(char::is_whitespace).filter(|&at| name[at..].trim_start().chars().all(figure));
    let comment = name.starts_with("# ").then_some(1);
    match number.or(comment) {
        Some(at) => format!("{}_{}", &name[..at], name[at..].trim_start()).into(),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{DEEP, deep, profile};
    use super::*;

    fn read(text: &str) -> Vec<(Vec<&str>, u64)> {
        text.lines()
            .map(|line| line.rsplit_once(' ').unwrap())
            .map(|(stack, weight)| (stack.split(';').collect(), weight.parse().unwrap()))
            .collect()
    }

    #[test]
    fn each_stack_is_one_line() {
        let profile = profile();
        for view in Measure::ALL {
            for unit in [Unit::Bytes, Unit::Blocks] {
                let text = profile.to_folded(view, unit);
                let lines = read(&text);
                let sum: u64 = lines.iter().map(|(_, weight)| weight).sum();
                assert_eq!(sum, unit.of(profile.amount(view)), "{text}");
                assert!(lines.is_sorted_by(|a, b| a.0 != b.0), "a stack has two lines");
            }
        }
        let text = profile.to_folded(Measure::Live, Unit::Bytes);
        let vec = "alloc::vec::Vec<app::Row>::with_capacity";
        assert!(read(&text).contains(&(vec!["app::main", "app::parse", "app::parse", vec], 300)), "{text}");
    }

    #[test]
    fn no_name_breaks_a_line() {
        let text = profile().to_folded(Measure::Total, Unit::Blocks);
        assert!(!text.contains(['\u{7}', '\u{2028}']), "{text}");
        for (stack, _) in read(&text) {
            let last = stack.last().unwrap().rsplit(' ').next().unwrap();
            assert!(
                stack.len() == 1 || !last.chars().all(|c| c.is_ascii_digit() || c == '.'),
                "{stack:?} ends in a number"
            );
        }
        assert!(
            text.contains("\nends in 7_8.5 1\n") && text.contains("12;(no name) 1\n") && text.contains("(unknown) 2\n")
        );
    }

    #[test]
    fn a_name_is_one_whatever_it_holds() {
        for (name, written) in
            [("f", "f"), ("f 1", "f_1"), ("f  1 ", "f _1"), ("# f", "#_f"), ("7", "7"), ("f<[u8; 3]>", "f<[u8, 3]>")]
        {
            assert_eq!(frame(name), written);
        }
    }

    #[test]
    fn a_deep_stack_is_a_long_line() {
        let text = deep().to_folded(Measure::Peak, Unit::Bytes);
        assert_eq!((text.lines().count(), text.matches(';').count()), (1, DEEP - 1));
        assert!(text.starts_with(&format!("app::f{};", DEEP - 1)) && text.ends_with(";app::f0 64\n"));
    }
}

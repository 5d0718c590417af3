//! Folded stacks: what `flamegraph.pl`, `inferno-flamegraph` and many viewers read.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::frames::{Frame, frames};
use crate::format::printable;
use crate::summary::Summary;

/// What a stack is weighed by in [`Summary::to_folded`].
///
/// ```
/// assert_eq!(lagom_profiler::report::Weight::default(), lagom_profiler::report::Weight::SelfTime);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Weight {
    /// Nanoseconds of its own.
    #[default]
    SelfTime,
    /// Calls.
    Calls,
    /// Allocations of its own.
    Allocations,
    /// Bytes requested by those allocations.
    AllocatedBytes,
}

impl Weight {
    fn of(self, frame: &Frame<'_>) -> u64 {
        match self {
            Self::SelfTime => frame.node.self_ns,
            Self::Calls => frame.node.calls,
            Self::Allocations => frame.self_allocations,
            Self::AllocatedBytes => frame.self_allocated_bytes,
        }
    }
}

impl Summary {
    /// The call tree as folded stacks, a line per path: `load;parse;number 1234`, the outermost function first.
    ///
    /// What weighs nothing has no line. The format knows no escape: a semicolon in a name becomes a comma.
    ///
    /// ```
    /// # use lagom_profiler as profiler;
    /// use lagom_profiler::report::Weight;
    ///
    /// {
    ///     let _outer = profiler::span!("outer");
    ///     let _inner = profiler::span!("inner");
    /// }
    /// println!("{}", profiler::summary().to_folded(Weight::SelfTime));
    /// ```
    #[must_use]
    pub fn to_folded(&self, weight: Weight) -> String {
        let frames = frames(self);
        // Parents stand before their children, so that each line is its caller's and a name.
        let mut stacks: Vec<String> = Vec::with_capacity(frames.len());
        let mut text = String::new();
        for frame in &frames {
            let name = name(frame.name());
            let stack = frame.parent.map_or_else(|| name.to_string(), |parent| format!("{};{name}", stacks[parent]));
            let value = weight.of(frame);
            if value > 0 {
                // Writing to a `String` cannot fail.
                let _ = writeln!(text, "{stack} {value}");
            }
            stacks.push(stack);
        }
        text
    }
}

pub(super) fn name(name: &str) -> Cow<'_, str> {
    let printed = printable(name);
    match printed {
        printed if printed.trim().is_empty() => "(no name)".into(),
        printed if printed.contains(';') => printed.replace(';', ",").into(),
        printed => printed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_a_path_and_a_number() {
        let summary = super::super::fixture();
        let text = summary.to_folded(Weight::SelfTime);
        let lines: Vec<(&str, u64)> =
            text.lines().map(|line| line.rsplit_once(' ').unwrap()).map(|(s, n)| (s, n.parse().unwrap())).collect();
        assert_eq!(lines[..2], [("load", 1_000_000), ("load;parse", 4_000_000)]);
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[2].0.split(';').count(), 3, "{text}");
        assert_eq!(lines.iter().map(|(_, n)| n).sum::<u64>(), 6_001_000);
        assert!(!text.contains(['\u{7}', '\u{2028}']));
    }

    #[test]
    fn every_weight_has_its_own() {
        let summary = super::super::fixture();
        let first = |weight| summary.to_folded(weight).lines().next().unwrap().to_owned();
        assert_eq!(first(Weight::Calls), "load 10");
        assert_eq!(first(Weight::Allocations), "load 10");
        assert_eq!(first(Weight::AllocatedBytes), "load 1000");
        // The last root allocates nothing.
        assert_eq!(summary.to_folded(Weight::Allocations).lines().count(), 3);
        assert_eq!(Summary::default().to_folded(Weight::Calls), "");
    }

    #[test]
    fn a_name_of_nothing_is_a_frame() {
        assert_eq!(name(" "), "(no name)");
        assert_eq!(name("f<A; B>"), "f<A, B>");
    }
}

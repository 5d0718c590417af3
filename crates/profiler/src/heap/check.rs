//! What a piece of code may allocate, and what is said when it was more: behind `assert_allocs!` and `#[heap_test]`.

use std::fmt::{self, Write as _};

use super::blame::Blame;
use super::{Mode, ScopeStats};
use crate::engine;
use crate::format::Bytes;

pub use super::byte_size::Literal;

/// A figure that can be limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// How many allocations.
    Allocations,
    /// The bytes they asked for.
    Bytes,
    /// The most live bytes at any moment, above those at the begin.
    Peak,
    /// What is live at the end that was not at the begin.
    Left,
}

impl Figure {
    fn of(self, stats: ScopeStats) -> u64 {
        match self {
            Self::Allocations => stats.allocations(),
            Self::Bytes => stats.allocated_bytes(),
            Self::Peak => stats.peak(),
            Self::Left => u64::try_from(stats.net_bytes()).unwrap_or(0),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Allocations => "allocations",
            Self::Bytes => "bytes allocated",
            Self::Peak => "live at peak",
            Self::Left => "left at the end",
        }
    }

    fn show(self, value: u64) -> String {
        match self {
            Self::Allocations => value.to_string(),
            _ if value < 1_024 => format!("{value} B"),
            _ => format!("{value} B ({})", Bytes(value)),
        }
    }
}

/// How a figure may lie to its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Equal.
    Exactly,
    /// Equal or less.
    AtMost,
    /// Less.
    Below,
}

/// What a figure may be.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Which.
    pub figure: Figure,
    /// How.
    pub bound: Bound,
    /// The value.
    pub value: u64,
    /// How the limit was written.
    pub text: &'static str,
}

impl Limit {
    fn holds(&self, value: u64) -> bool {
        match self.bound {
            Bound::Exactly => value == self.value,
            Bound::AtMost => value <= self.value,
            Bound::Below => value < self.value,
        }
    }

    /// One line on a figure that is not what it may be.
    fn complain(&self, value: u64, text: &mut dyn fmt::Write) -> fmt::Result {
        let Self { figure, bound, value: limit, .. } = *self;
        let (name, found, allowed) = (figure.name(), figure.show(value), figure.show(limit));
        let bound = match bound {
            Bound::Exactly => "exactly",
            Bound::AtMost => "at most",
            Bound::Below => "less than",
        };
        write!(text, "\n  {name}: {found}, expected {bound} {allowed}")?;
        let is_number = self.text.starts_with(|first: char| first.is_ascii_digit());
        if !(is_number || self.text.is_empty()) {
            write!(text, " (`{}`)", self.text)?;
        }
        let (off, side) = if value < limit { (limit - value, "too few") } else { (value - limit, "too many") };
        if off > 0 { write!(text, ": {} {side}", figure.show(off)) } else { Ok(()) }
    }
}

/// A piece of code whose heap is checked when it has run.
#[derive(Debug)]
pub struct Check {
    watch: Option<(engine::Stretch, Blame)>,
}

impl Check {
    /// From here on; nothing with the feature `enabled` off.
    ///
    /// # Panics
    ///
    /// If allocations are not counted, since then nothing could fail.
    #[must_use]
    #[track_caller]
    pub fn begin(what: &str) -> Self {
        if !cfg!(feature = "enabled") {
            return Self { watch: None };
        }
        if let Some(reason) = engine::is_blind() {
            panic!("{what} cannot be checked: {reason}");
        }
        let blame = engine::heap_aside(Blame::begin);
        Self { watch: Some((engine::Stretch::begin(), blame)) }
    }

    /// Up to here.
    ///
    /// # Panics
    ///
    /// If a limit does not hold.
    #[track_caller]
    pub fn end(self, what: &str, limits: &[Limit]) {
        let Some((stretch, blame)) = self.watch else { return };
        let stats = stretch.end();
        if let Some(message) = engine::heap_aside(|| complaint(what, limits, stats, &blame)) {
            panic!("{message}");
        }
    }
}

/// `None` if every limit holds.
fn complaint(what: &str, limits: &[Limit], stats: ScopeStats, blame: &Blame) -> Option<String> {
    let broken: Vec<_> = limits.iter().filter(|limit| !limit.holds(limit.figure.of(stats))).collect();
    let worst = broken.first()?.figure;
    let mut text = format!("{what} does not keep to its limits on the heap");
    for limit in broken {
        let _ = limit.complain(limit.figure.of(stats), &mut text);
    }
    let _ = write!(text, "\nthis thread did: {stats}\n");
    match blame.tell(worst) {
        Some(stacks) => text.push_str(&stacks),
        None => {
            let _ = write!(
                text,
                "for the stacks that allocated it, call `heap::set_mode(heap::Mode::{:?})` first",
                Mode::Live
            );
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_exceeded_is_said_with_by_how_much() {
        let stats = ScopeStats { allocations: 120, bytes: 3_000_000, freed: 1_000_000, peak: 2_097_152 };
        let limit = |figure, bound, value, text| Limit { figure, bound, value, text };
        let limits = [
            limit(Figure::Bytes, Bound::AtMost, 3_000_000, ""),
            limit(Figure::Peak, Bound::AtMost, 1 << 20, "\"1 MiB\""),
            limit(Figure::Allocations, Bound::Exactly, 121, ""),
            limit(Figure::Allocations, Bound::Below, 120, "120"),
            limit(Figure::Left, Bound::AtMost, 2_000_000, ""),
        ];
        let text = complaint("`parse`", &limits, stats, &Blame::default()).expect("three do not hold");
        assert_eq!(
            text.lines().collect::<Vec<_>>(),
            [
                "`parse` does not keep to its limits on the heap",
                "  live at peak: 2097152 B (2.00M), expected at most 1048576 B (1.00M) (`\"1 MiB\"`): 1048576 B (1.00M) too many",
                "  allocations: 120, expected exactly 121: 1 too few",
                "  allocations: 120, expected less than 120",
                "this thread did: 120 allocations of 2.86M, 977K freed, net 1.91M, peak 2.00M",
                "for the stacks that allocated it, call `heap::set_mode(heap::Mode::Live)` first",
            ]
        );
        assert_eq!(complaint("", &limits[..1], stats, &Blame::default()), None);
        let freeing = ScopeStats { freed: 5_000_000, ..stats };
        assert_eq!(Figure::Left.of(freeing), 0);
    }
}

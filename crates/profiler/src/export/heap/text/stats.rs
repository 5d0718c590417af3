//! Distributions: how large blocks are, and how long they live.

use std::fmt::{Display, Write as _};

use super::places::{places, ranked};
use super::{figure, heading, name, percent, totals};
use crate::format::{Bytes, Count, Time, WIDTH};
use crate::heap::{Class, HeapProfile, Measure, Unit};

/// The longest bar.
const BAR: u64 = 40;

impl HeapProfile {
    /// The totals, the histograms of sizes and lifetimes, and the `most` places by bytes and by blocks allocated.
    ///
    /// ```
    /// let text = lagom_profiler::heap::HeapProfile::default().to_stats(5);
    /// assert!(text.starts_with("  allocated  0B in 0 blocks\n"));
    /// ```
    #[must_use]
    pub fn to_stats(&self, most: usize) -> String {
        let mut text = heading(self);
        text.push_str(&totals(self));
        histogram(&mut text, "Blocks by size", &self.sizes, Bytes);
        histogram(&mut text, "Blocks that were released, by how long they lived", &self.lifetimes, Time);
        for unit in [Unit::Bytes, Unit::Blocks] {
            let ranked = ranked(places(self), Measure::Total, unit);
            if ranked.is_empty() {
                continue;
            }
            // Writing to a `String` cannot fail.
            let _ = writeln!(text, "\nMost {} allocated", unit.name());
            let whole = unit.of(self.amount(Measure::Total));
            for place in ranked.iter().take(most) {
                let value = unit.of(place.amount(Measure::Total));
                let place = name(place.name, WIDTH - 18);
                let _ = writeln!(text, "{:>7} {:>5.1} %  {place}", figure(unit, value), percent(value, whole));
            }
        }
        text
    }
}

fn histogram<D: Display>(text: &mut String, title: &str, classes: &[Class], unit: fn(u64) -> D) {
    let largest = classes.iter().map(|class| class.amount.blocks).max().unwrap_or(0);
    if largest == 0 {
        return;
    }
    let _ = writeln!(text, "\n{title}");
    for class in classes {
        let Class { from, to, amount } = *class;
        // Rounded up, so that what is there is seen.
        let bar = (u128::from(amount.blocks) * u128::from(BAR)).div_ceil(u128::from(largest)) as usize;
        let (from, to) = (unit(from).to_string(), unit(to).to_string());
        let bar = "█".repeat(bar);
        let _ = writeln!(text, "{from:>7} to {to:>7} {:>7} {:>7} {bar}", Count(amount.blocks), Bytes(amount.bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture::profile;

    #[test]
    fn every_class_has_a_bar() {
        let text = profile().to_stats(2);
        let bars: Vec<usize> = text.lines().map(|line| line.matches('█').count()).filter(|bar| *bar > 0).collect();
        assert_eq!(bars, [2, 1, 40, 1, 16, 40], "{text}");
        assert!(text.contains("\n    64B to    127B     115   7.67K ████"), "{text}");
        assert!(text.contains("\n 1.05ms to  2.10ms      84   5.86K ████"), "{text}");
        assert!(text.contains("\nMost blocks allocated\n    100  82.0 %  app::parse (src/parse.rs:7)\n"), "{text}");
    }
}

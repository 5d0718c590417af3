//! Whether a row of figures grows, and does not stop.

use std::collections::HashMap;
use std::sync::Arc;

use crate::heap::{Amount, Frame};
use crate::statistics::{holm, median, two_sided};
use crate::suggestions::trend;

/// With fewer cycles no order of them is improbable enough: the chance of one that rises throughout is 1 in 24 of four.
pub(super) const LEAST: usize = 5;
/// Up to so many the probability is counted out, not taken from the normal distribution.
const EXACT: usize = 30;

/// One group of stacks.
pub(super) struct Series {
    /// Of the stack that held most at the end.
    pub(super) frames: Arc<[Frame]>,
    pub(super) largest: u64,
    pub(super) held: Vec<Amount>,
}

/// Something that grows from cycle to cycle, from [`LeakReport::leaks`](super::LeakReport::leaks).
///
/// ```
/// let report = lagom_profiler::heap::LeakDetector::new().report();
/// for leak in report.leaks() {
///     println!("{}: {:.0} bytes per cycle", leak.key(), leak.bytes_per_cycle());
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Growth {
    pub(super) key: String,
    pub(super) frames: Arc<[Frame]>,
    pub(super) bytes_per_cycle: f64,
    pub(super) blocks_per_cycle: f64,
    pub(super) bytes: i64,
    pub(super) grew: usize,
    pub(super) p: f64,
    pub(super) live: Amount,
}

/// Getters with the example that all of them share.
macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident: $type:ty = |$this:ident| $value:expr;)*) => {
        impl Growth {
            $(
                $(#[$doc])*
                ///
                /// ```
                /// let report = lagom_profiler::heap::LeakDetector::new().report();
                /// for leak in report.leaks() {
                #[doc = concat!("    println!(\"{:?}\", leak.", stringify!($name), "());")]
                /// }
                /// ```
                #[must_use]
                pub fn $name(&self) -> $type {
                    let $this = self;
                    $value
                }
            )*
        }
    };
}

getters! {
    /// What grows, as [`Statistic::key`](crate::heap::Statistic::key) says it.
    key: &str = |this| &this.key;
    /// The call stack that held most of it at the end.
    frames: &[Frame] = |this| &this.frames;
    /// The median slope.
    bytes_per_cycle: f64 = |this| this.bytes_per_cycle;
    /// The median slope of the number of blocks; 0 where a single block grows.
    blocks_per_cycle: f64 = |this| this.blocks_per_cycle;
    /// The bytes after the last cycle less those after the first that counts.
    bytes: i64 = |this| this.bytes;
    /// After how many cycles there was more than after the one before.
    grew: usize = |this| this.grew;
    /// How probable it is that chance orders the cycles like this or more so, corrected for all that was looked at.
    p: f64 = |this| this.p;
    /// What is live after the last cycle.
    live: Amount = |this| this.live;
}

/// All that grows, the fastest first, and how many groups changed at all.
pub(super) fn examine(groups: HashMap<String, Series>, min_growth: f64, significance: f64) -> (Vec<Growth>, usize) {
    let mut found: Vec<Growth> = Vec::new();
    let mut steady: Vec<bool> = Vec::new();
    for (key, series) in groups {
        let bytes: Vec<f64> = series.held.iter().map(|amount| amount.bytes as f64).collect();
        let (Some(&first), Some(&last)) = (series.held.first(), series.held.last()) else { continue };
        if series.held.iter().all(|amount| amount.bytes == first.bytes) {
            continue;
        }
        let slope = |figures: &[f64]| {
            let points: Vec<(f64, f64)> = figures.iter().enumerate().map(|(at, figure)| (at as f64, *figure)).collect();
            trend(&points).map_or(0.0, |trend| trend.slope)
        };
        let blocks: Vec<f64> = series.held.iter().map(|amount| amount.blocks as f64).collect();
        steady.push(bytes.len() >= LEAST && goes_on(&bytes));
        found.push(Growth {
            key,
            frames: series.frames,
            bytes_per_cycle: slope(&bytes),
            blocks_per_cycle: slope(&blocks),
            bytes: last.bytes.cast_signed().saturating_sub(first.bytes.cast_signed()),
            grew: bytes.windows(2).filter(|pair| pair[1] > pair[0]).count(),
            p: chance_of_rising(&bytes),
            live: last,
        });
    }
    let changed = found.len();
    let corrected = holm(&found.iter().map(|growth| growth.p).collect::<Vec<_>>());
    let mut leaks: Vec<Growth> = Vec::new();
    for ((mut growth, p), steady) in found.into_iter().zip(corrected).zip(steady) {
        growth.p = p;
        if steady && p <= significance && growth.bytes_per_cycle >= min_growth {
            leaks.push(growth);
        }
    }
    leaks.sort_by(|a, b| b.bytes_per_cycle.total_cmp(&a.bytes_per_cycle).then_with(|| a.key.cmp(&b.key)));
    (leaks, changed)
}

/// The last part of the cycles has more than the one before it, by half of its share of the growth at least, and the
/// parts before have grown, too. In between growth may rest, as that of a list does which doubles its room.
fn goes_on(bytes: &[f64]) -> bool {
    let parts = match bytes.len() {
        ..6 => 2,
        6..8 => 3,
        _ => 4,
    };
    let medians: Vec<f64> =
        (0..parts).map(|part| median(&bytes[part * bytes.len() / parts..(part + 1) * bytes.len() / parts])).collect();
    let (first, last, before) = (medians[0], medians[parts - 1], medians[parts - 2]);
    let share = (last - first) / (parts - 1) as f64;
    let grew_before = parts == 2 || before - first >= share / 2.0;
    share > 0.0 && grew_before && last - before >= share / 2.0 && medians.is_sorted()
}

/// How probable it is that figures in random order rise as much as these, by the pairs that do (Kendall 1938).
fn chance_of_rising(figures: &[f64]) -> f64 {
    let n = figures.len();
    let (mut falling, mut ties) = (0_usize, false);
    for (place, early) in figures.iter().enumerate() {
        for late in &figures[place + 1..] {
            falling += usize::from(late < early);
            ties |= late == early;
        }
    }
    if !ties && n <= EXACT {
        return share_of_orders(n, falling);
    }
    let points: Vec<(f64, f64)> = figures.iter().enumerate().map(|(at, figure)| (at as f64, *figure)).collect();
    match trend(&points) {
        Some(trend) if trend.z > 0.0 => two_sided(trend.z) / 2.0,
        _ => 1.0,
    }
}

/// Of all orders of so many different figures, the share with at most so many falling pairs (Mahonian numbers).
fn share_of_orders(n: usize, falling: usize) -> f64 {
    // The next figure falls behind none to all of those before it, each as probable.
    let mut shares = vec![1.0];
    for count in 1..n {
        let mut next = vec![0.0; shares.len() + count];
        for (pairs, share) in shares.iter().enumerate() {
            for more in 0..=count {
                next[pairs + more] += share / (count + 1) as f64;
            }
        }
        shares = next;
    }
    shares[..=falling.min(shares.len() - 1)].iter().sum::<f64>().min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_counted_out() {
        // Of the 24 orders of four, 1 has no falling pair, 3 have one, 5 two, 6 three.
        for (falling, orders) in [(0, 1.0), (1, 4.0), (2, 9.0), (3, 15.0), (6, 24.0), (9, 24.0)] {
            assert!((share_of_orders(4, falling) - orders / 24.0).abs() < 1e-12, "{falling}");
        }
        assert!((chance_of_rising(&[1.0, 2.0, 3.0, 5.0, 4.0]) - 5.0 / 120.0).abs() < 1e-12);
        assert!((chance_of_rising(&[5.0, 4.0, 3.0]) - 1.0).abs() < 1e-12);
        // The normal distribution says the same of many.
        let rising: Vec<f64> = (0..25).map(|at| f64::from(at) + f64::from(at * 7 % 11) * 2.3).collect();
        let points: Vec<(f64, f64)> = rising.iter().enumerate().map(|(at, figure)| (at as f64, *figure)).collect();
        let normal = two_sided(trend(&points).unwrap().z) / 2.0;
        let exact = chance_of_rising(&rising);
        assert!(exact > 0.0 && (exact.ln() / normal.ln() - 1.0).abs() < 0.15, "{exact} {normal}");
        assert_eq!(chance_of_rising(&[]), 1.0);
    }

    #[test]
    fn what_has_ended_does_not_go_on() {
        let line: Vec<f64> = (0..12).map(f64::from).collect();
        assert!(goes_on(&line) && goes_on(&line[..5]) && goes_on(&line[..7]));
        let filled: Vec<f64> = (0..12).map(|at| f64::from(at.min(6))).collect();
        assert!(!goes_on(&filled));
        let step: Vec<f64> = (0..12).map(|at| f64::from(at / 6)).collect();
        assert!(!goes_on(&step));
        assert!(!goes_on(&[1.0; 9]));
        // A list that doubles its room.
        let doubling: Vec<f64> = (1..=16_u32).map(|at| f64::from((at * 100).next_power_of_two())).collect();
        assert!(goes_on(&doubling), "{doubling:?}");
    }
}

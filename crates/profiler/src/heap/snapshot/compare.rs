//! Two snapshots, group by group.

use std::collections::HashMap;
use std::sync::Arc;

use super::place::place;
use super::{By, Statistic, Statistics};
use crate::heap::{Amount, Frame};
use crate::statistics::Z95;

/// What changed between two snapshots, from [`Snapshot::compare`](super::Snapshot::compare).
///
/// Prints as a table of ten rows; `{:.25}` prints 25.
///
/// ```
/// use lagom_profiler::heap::{By, Snapshot};
///
/// let before = Snapshot::take();
/// let differences = Snapshot::take().compare(&before, By::Line);
/// println!("{differences:.25}");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Differences {
    pub(super) by: By,
    pub(super) estimate: bool,
    pub(super) total: Amount,
    pub(super) older_total: Amount,
    pub(super) rows: Vec<Difference>,
}

/// What changed in one group.
///
/// ```
/// use lagom_profiler::heap::{By, Snapshot};
///
/// let before = Snapshot::take();
/// for row in Snapshot::take().compare(&before, By::Line).top(3) {
///     println!("{}: {:+} bytes in {:+} blocks", row.key(), row.bytes(), row.blocks());
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Difference {
    key: Arc<str>,
    frames: Arc<[Frame]>,
    amount: Amount,
    older: Amount,
    variance: f64,
}

impl Differences {
    pub(super) fn new(now: &Statistics, older: &Statistics) -> Self {
        let mut before: HashMap<&str, &Statistic> = older.rows.iter().map(|row| (&*row.key, row)).collect();
        let mut rows: Vec<Difference> = Vec::with_capacity(now.rows.len());
        for row in &now.rows {
            rows.push(Difference::new(row, row.amount, before.remove(&*row.key)));
        }
        let gone = before.into_values().map(|row| Difference {
            variance: row.variance,
            older: row.amount,
            ..Difference::new(row, Amount::default(), None)
        });
        rows.extend(gone);
        // As tracemalloc does: by what changed, then by what is.
        rows.sort_by(|a, b| {
            let size = |row: &Difference| {
                (row.bytes().unsigned_abs(), row.amount.bytes, row.blocks().unsigned_abs(), row.amount.blocks)
            };
            size(b).cmp(&size(a)).then_with(|| a.key.cmp(&b.key))
        });
        let estimate = now.estimate || older.estimate;
        Self { by: now.by, estimate, total: now.total, older_total: older.total, rows }
    }

    /// All groups of either: by the size of the difference, then by bytes, blocks and name.
    ///
    /// ```
    /// use lagom_profiler::heap::{By, Snapshot};
    ///
    /// let before = Snapshot::take();
    /// println!("{} lines", Snapshot::take().compare(&before, By::Line).rows().len());
    /// ```
    #[must_use]
    pub fn rows(&self) -> &[Difference] {
        &self.rows
    }

    /// The first so many groups, or all.
    ///
    /// ```
    /// use lagom_profiler::heap::{By, Snapshot};
    ///
    /// let before = Snapshot::take();
    /// assert!(Snapshot::take().compare(&before, By::Line).top(3).len() <= 3);
    /// ```
    #[must_use]
    pub fn top(&self, count: usize) -> &[Difference] {
        &self.rows[..count.min(self.rows.len())]
    }

    /// The group of this name.
    ///
    /// ```
    /// use lagom_profiler::heap::{By, Snapshot};
    ///
    /// let before = Snapshot::take();
    /// assert!(Snapshot::take().compare(&before, By::Crate).get("nobody_has_it").is_none());
    /// ```
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Difference> {
        self.rows.iter().find(|row| &*row.key == key)
    }

    /// Bytes of all groups now less those before.
    ///
    /// ```
    /// use lagom_profiler::heap::{By, Snapshot};
    ///
    /// let snapshot = Snapshot::take();
    /// assert_eq!(snapshot.compare(&snapshot, By::Line).bytes(), 0);
    /// ```
    #[must_use]
    pub const fn bytes(&self) -> i64 {
        difference(self.total.bytes, self.older_total.bytes)
    }
}

impl Difference {
    fn new(row: &Statistic, amount: Amount, older: Option<&Statistic>) -> Self {
        Self {
            key: row.key.clone(),
            frames: row.frames.clone(),
            amount,
            older: older.map_or(Amount::default(), |older| older.amount),
            variance: row.variance + older.map_or(0.0, |older| older.variance),
        }
    }

    /// What the group is called, see [`Statistic::key`].
    ///
    /// ```
    /// use lagom_profiler::heap::{By, Snapshot};
    ///
    /// let before = Snapshot::take();
    /// for row in Snapshot::take().compare(&before, By::Type).top(1) {
    ///     println!("{}", row.key());
    /// }
    /// ```
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The frame that was counted; `None` by type, thread and span.
    ///
    /// ```
    /// use lagom_profiler::heap::{By, Snapshot};
    ///
    /// let before = Snapshot::take();
    /// for row in Snapshot::take().compare(&before, By::Line).top(1) {
    ///     println!("{:?}", row.location().map(|frame| frame.function()));
    /// }
    /// ```
    #[must_use]
    pub fn location(&self) -> Option<&Frame> {
        place(&self.frames)
    }

    /// The whole stack, by [`By::Stack`]; else the frame that was counted, or none.
    ///
    /// ```
    /// use lagom_profiler::heap::{By, Snapshot};
    ///
    /// let before = Snapshot::take();
    /// for row in Snapshot::take().compare(&before, By::Stack).top(1) {
    ///     println!("{} frames", row.frames().len());
    /// }
    /// ```
    #[must_use]
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// Blocks and bytes in the later snapshot.
    ///
    /// ```
    /// use lagom_profiler::heap::{By, Snapshot};
    ///
    /// let before = Snapshot::take();
    /// for row in Snapshot::take().compare(&before, By::Line).top(1) {
    ///     println!("{} bytes", row.amount().bytes());
    /// }
    /// ```
    #[must_use]
    pub const fn amount(&self) -> Amount {
        self.amount
    }

    /// Blocks and bytes in the earlier snapshot.
    ///
    /// ```
    /// use lagom_profiler::heap::{By, Snapshot};
    ///
    /// let before = Snapshot::take();
    /// for row in Snapshot::take().compare(&before, By::Line).top(1) {
    ///     println!("{} bytes before", row.older().bytes());
    /// }
    /// ```
    #[must_use]
    pub const fn older(&self) -> Amount {
        self.older
    }

    /// Bytes now less those before.
    ///
    /// ```
    /// use lagom_profiler::heap::{By, Snapshot};
    ///
    /// let before = Snapshot::take();
    /// for row in Snapshot::take().compare(&before, By::Line).top(1) {
    ///     println!("{:+} bytes", row.bytes());
    /// }
    /// ```
    #[must_use]
    pub const fn bytes(&self) -> i64 {
        difference(self.amount.bytes, self.older.bytes)
    }

    /// Blocks now less those before.
    ///
    /// ```
    /// use lagom_profiler::heap::{By, Snapshot};
    ///
    /// let before = Snapshot::take();
    /// for row in Snapshot::take().compare(&before, By::Line).top(1) {
    ///     println!("{:+} blocks", row.blocks());
    /// }
    /// ```
    #[must_use]
    pub const fn blocks(&self) -> i64 {
        difference(self.amount.blocks, self.older.blocks)
    }

    /// Half the width of the 95 % interval around the difference of the bytes, where it is estimated from samples; 0
    /// where it is exact. Too wide rather than too narrow: what is in both snapshots is taken for independent.
    ///
    /// ```
    /// use lagom_profiler::heap::{By, Snapshot};
    ///
    /// let before = Snapshot::take();
    /// for row in Snapshot::take().compare(&before, By::Line).top(1) {
    ///     println!("{:+} ± {:.0}", row.bytes(), row.margin());
    /// }
    /// ```
    #[must_use]
    pub fn margin(&self) -> f64 {
        Z95 * self.variance.sqrt()
    }
}

/// What does not fit is cut: no heap is that large.
const fn difference(now: u64, before: u64) -> i64 {
    if now >= before {
        let more = now - before;
        if more > i64::MAX as u64 { i64::MAX } else { more.cast_signed() }
    } else {
        let less = before - now;
        if less > i64::MAX as u64 { i64::MIN } else { -less.cast_signed() }
    }
}

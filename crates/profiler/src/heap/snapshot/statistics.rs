//! Stacks in groups, the largest group first.

use std::collections::HashMap;
use std::sync::Arc;

use super::by::{frame_key, key};
use super::place::place;
use super::{By, Snapshot};
use crate::heap::Measure;
use crate::heap::{Amount, Frame, Site};
use crate::statistics::Z95;

/// A snapshot grouped, from [`Snapshot::statistics`].
///
/// Prints as a table of ten rows, with their source lines where the files are there; `{:.25}` prints 25.
///
/// ```
/// use lagom_profiler::heap::{By, Snapshot};
///
/// let statistics = Snapshot::take().statistics(By::Line);
/// println!("{statistics:.25}");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Statistics {
    pub(super) by: By,
    pub(super) measure: Measure,
    pub(super) cumulative: bool,
    pub(super) estimate: bool,
    pub(super) total: Amount,
    pub(super) variance: f64,
    pub(super) rows: Vec<Statistic>,
}

/// One group of stacks.
///
/// ```
/// use lagom_profiler::heap::{By, Snapshot};
///
/// for row in Snapshot::take().statistics(By::Function).rows() {
///     println!("{} {}", row.key(), row.amount().bytes());
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Statistic {
    pub(super) key: Arc<str>,
    /// The frame that was counted, or the whole stack if that is what groups.
    pub(super) frames: Arc<[Frame]>,
    pub(super) amount: Amount,
    pub(super) variance: f64,
    pub(super) share: f64,
    pub(super) cumulative_share: f64,
}

impl Statistics {
    pub(super) fn new(snapshot: &Snapshot, by: By, cumulative: bool) -> Self {
        let cumulative = cumulative && by.is_of_frames();
        let mut groups = Groups::default();
        let measure = snapshot.measure;
        for site in &snapshot.sites {
            if cumulative {
                let mut seen = std::collections::HashSet::new();
                for frame in &*site.frames {
                    let key = frame_key(frame, by);
                    if seen.insert(key.clone()) {
                        groups.add(&key, site, measure, std::slice::from_ref(frame));
                    }
                }
            } else {
                let counted = match by {
                    By::Stack => &site.frames[..],
                    By::Type | By::Thread | By::Span => &[],
                    _ => place(&site.frames).map_or(&[][..], std::slice::from_ref),
                };
                groups.add(&key(site, by), site, measure, counted);
            }
        }
        let total = snapshot.total();
        let variance = snapshot.sites.iter().map(|site| measure.variance(site)).sum();
        let mut rows = groups.rows;
        rows.sort_by(|a, b| {
            let size = |row: &Statistic| (row.amount.bytes, row.amount.blocks);
            size(b).cmp(&size(a)).then_with(|| a.key.cmp(&b.key))
        });
        let mut sum = 0_u64;
        for row in &mut rows {
            sum = sum.saturating_add(row.amount.bytes);
            row.share = share(row.amount.bytes, total.bytes);
            row.cumulative_share = share(sum, total.bytes).min(1.0);
        }
        Self { by, measure, cumulative, estimate: snapshot.is_estimate(), total, variance, rows }
    }

    /// What it is grouped by.
    ///
    /// ```
    /// use lagom_profiler::heap::{By, Snapshot};
    ///
    /// assert_eq!(Snapshot::take().statistics(By::Type).by(), By::Type);
    /// ```
    #[must_use]
    pub const fn by(&self) -> By {
        self.by
    }

    /// All groups: by bytes, then blocks, then name.
    ///
    /// ```
    /// use lagom_profiler::heap::{By, Snapshot};
    ///
    /// println!("{} lines", Snapshot::take().statistics(By::Line).rows().len());
    /// ```
    #[must_use]
    pub fn rows(&self) -> &[Statistic] {
        &self.rows
    }

    /// The first so many groups, or all.
    ///
    /// ```
    /// use lagom_profiler::heap::{By, Snapshot};
    ///
    /// assert!(Snapshot::take().statistics(By::Line).top(3).len() <= 3);
    /// ```
    #[must_use]
    pub fn top(&self, count: usize) -> &[Statistic] {
        &self.rows[..count.min(self.rows.len())]
    }

    /// The group of this name.
    ///
    /// ```
    /// use lagom_profiler::heap::{By, Snapshot};
    ///
    /// assert!(Snapshot::take().statistics(By::Crate).get("nobody_has_it").is_none());
    /// ```
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Statistic> {
        self.rows.iter().find(|row| &*row.key == key)
    }

    /// All stacks together, each once.
    ///
    /// ```
    /// use lagom_profiler::heap::{By, Snapshot};
    ///
    /// let snapshot = Snapshot::take();
    /// assert_eq!(snapshot.statistics(By::Line).total(), snapshot.total());
    /// ```
    #[must_use]
    pub const fn total(&self) -> Amount {
        self.total
    }
}

impl Statistic {
    /// What the group is called: a path and line, a function, a type. A stack is one line per frame, function and place
    /// with a tab between.
    ///
    /// ```
    /// use lagom_profiler::heap::{By, Snapshot};
    ///
    /// for row in Snapshot::take().statistics(By::Type).top(1) {
    ///     println!("{}", row.key());
    /// }
    /// ```
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The frame that was counted, of the first stack in the group; `None` by type, thread and span.
    ///
    /// ```
    /// use lagom_profiler::heap::{By, Snapshot};
    ///
    /// for row in Snapshot::take().statistics(By::Line).top(1) {
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
    /// for row in Snapshot::take().statistics(By::Stack).top(1) {
    ///     println!("{} frames", row.frames().len());
    /// }
    /// ```
    #[must_use]
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// Blocks and bytes.
    ///
    /// ```
    /// use lagom_profiler::heap::{By, Snapshot};
    ///
    /// for row in Snapshot::take().statistics(By::Line).top(1) {
    ///     println!("{} bytes", row.amount().bytes());
    /// }
    /// ```
    #[must_use]
    pub const fn amount(&self) -> Amount {
        self.amount
    }

    /// The mean size of a block, 0 without one.
    ///
    /// ```
    /// use lagom_profiler::heap::{By, Snapshot};
    ///
    /// for row in Snapshot::take().statistics(By::Line).top(1) {
    ///     println!("{} bytes each", row.average());
    /// }
    /// ```
    #[must_use]
    pub fn average(&self) -> f64 {
        if self.amount.blocks == 0 { 0.0 } else { self.amount.bytes as f64 / self.amount.blocks as f64 }
    }

    /// Its bytes as a share of all, 0 to 1.
    ///
    /// ```
    /// use lagom_profiler::heap::{By, Snapshot};
    ///
    /// for row in Snapshot::take().statistics(By::Line).top(1) {
    ///     println!("{:.1} %", 100.0 * row.share());
    /// }
    /// ```
    #[must_use]
    pub const fn share(&self) -> f64 {
        self.share
    }

    /// The bytes of this and all larger groups as a share of all; 1 where stacks that count for several groups add up
    /// to more.
    ///
    /// ```
    /// use lagom_profiler::heap::{By, Snapshot};
    ///
    /// for row in Snapshot::take().statistics(By::Line).top(3) {
    ///     println!("{:.1} %", 100.0 * row.cumulative_share());
    /// }
    /// ```
    #[must_use]
    pub const fn cumulative_share(&self) -> f64 {
        self.cumulative_share
    }

    /// Half the width of the 95 % interval around the bytes, where they are estimated from samples; 0 where they are
    /// exact.
    ///
    /// ```
    /// use lagom_profiler::heap::{By, Snapshot};
    ///
    /// for row in Snapshot::take().statistics(By::Line).top(1) {
    ///     println!("{} ± {:.0}", row.amount().bytes(), row.margin());
    /// }
    /// ```
    #[must_use]
    pub fn margin(&self) -> f64 {
        Z95 * self.variance.sqrt()
    }
}

impl Measure {
    /// Of the estimate; known for live bytes alone.
    fn variance(self, site: &Site) -> f64 {
        if self == Self::Live { site.variance } else { 0.0 }
    }
}

pub(super) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[derive(Default)]
struct Groups {
    places: HashMap<Arc<str>, usize>,
    rows: Vec<Statistic>,
}

impl Groups {
    fn add(&mut self, key: &str, site: &Site, measure: Measure, counted: &[Frame]) {
        let amount = measure.of(site);
        if amount == Amount::default() {
            return;
        }
        let place = self.places.get(key).copied().unwrap_or_else(|| {
            let key: Arc<str> = key.into();
            self.places.insert(key.clone(), self.rows.len());
            let (frames, amount) = (counted.into(), Amount::default());
            self.rows.push(Statistic { key, frames, amount, variance: 0.0, share: 0.0, cumulative_share: 0.0 });
            self.rows.len() - 1
        });
        let row = &mut self.rows[place];
        row.amount = row.amount.plus(amount);
        row.variance += measure.variance(site);
    }
}

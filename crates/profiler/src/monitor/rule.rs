//! When to tell somebody: a figure, a level, and how often.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::metric::Metric;

/// A figure that a rule watches: a [`Metric`], or by its name one that somebody registered.
///
/// A registered figure is named `set/figure`, as in [`register`](crate::register)`("cache", || [("hits", …)])` and
/// `"cache/hits"`.
///
/// ```
/// use lagom_profiler::{Metric, Watched};
///
/// assert_eq!(Watched::from(Metric::OpenFiles).to_string(), "open_files");
/// assert_eq!(Watched::from("cache/hits").to_string(), "cache/hits");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Watched(pub(crate) Source);

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Source {
    Metric(Metric),
    /// Resident memory, or live heap bytes where that cannot be read.
    Memory,
    Registered(Arc<str>),
}

impl From<Metric> for Watched {
    fn from(metric: Metric) -> Self {
        Self(Source::Metric(metric))
    }
}

impl From<&str> for Watched {
    fn from(name: &str) -> Self {
        Self(Source::Registered(name.into()))
    }
}

impl From<String> for Watched {
    fn from(name: String) -> Self {
        Self(Source::Registered(name.into()))
    }
}

/// The name.
impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Metric(metric) => f.pad(metric.name()),
            Source::Memory => f.pad("memory"),
            Source::Registered(name) => f.pad(name),
        }
    }
}

/// What a level may be given as: `u64`, `f64`, or a `Duration` for a metric in nanoseconds.
///
/// ```
/// use lagom_profiler::{AlertRule, Metric};
/// use std::time::Duration;
///
/// AlertRule::above(Metric::Rss, 6 << 30);
/// AlertRule::above(Metric::CpuShare, 0.9);
/// AlertRule::above(Metric::CpuTime, Duration::from_secs(60));
/// ```
pub trait Level: sealed::Sealed {
    /// The level as a number.
    #[doc(hidden)]
    fn level(self) -> f64;
}

mod sealed {
    #[expect(unnameable_types, reason = "so that nobody else can implement it")]
    pub trait Sealed {}
}

macro_rules! levels {
    ($($type:ty),*) => {
        $(
            impl sealed::Sealed for $type {}
            impl Level for $type {
                fn level(self) -> f64 {
                    self as f64
                }
            }
        )*
    };
}

// No narrower integer: `8 << 30` would become an `i32`, and lose its bits without a word.
levels!(f64, u64);

impl sealed::Sealed for Duration {}
impl Level for Duration {
    fn level(self) -> f64 {
        self.as_nanos() as f64
    }
}

/// Fires when a figure reaches a level; for [`alert_when`](crate::MonitorBuilder::alert_when).
///
/// It fires once and is armed again when the figure has gone back beyond the re-arm level, so that a value which plays around
/// the level does not fire all the time. After a [`cool_down`](Self::cool_down) it fires late if the figure is still there.
///
/// ```
/// use lagom_profiler::{AlertRule, Metric, Monitor};
/// use std::time::Duration;
///
/// let rule = AlertRule::above(Metric::Rss, 1 << 30).rearm_at(900 << 20).cool_down(Duration::from_secs(600));
/// let monitor = Monitor::builder()
///     .alert_when(rule, |alert| eprintln!("{}", alert.to_json_line()))
///     .alert_when(AlertRule::below("cache/hit_ratio", 0.5), |alert| eprintln!("{alert}"))
///     .build();
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a rule is given to `MonitorBuilder::alert_when`"]
pub struct AlertRule {
    pub(crate) watched: Watched,
    pub(crate) above: bool,
    pub(crate) level: f64,
    rearm: Option<f64>,
    pub(crate) cool_down: Duration,
}

impl AlertRule {
    const fn new(watched: Watched, above: bool, level: f64) -> Self {
        Self { watched, above, level, rearm: None, cool_down: Duration::ZERO }
    }

    pub(super) fn memory(threshold_bytes: u64) -> Self {
        Self::new(Watched(Source::Memory), true, threshold_bytes.level())
    }

    /// Fires when the figure is at `level` or above.
    ///
    /// ```
    /// use lagom_profiler::{AlertRule, Metric};
    /// let rule = AlertRule::above(Metric::OpenFiles, 900);
    /// ```
    pub fn above(watched: impl Into<Watched>, level: impl Level) -> Self {
        Self::new(watched.into(), true, level.level())
    }

    /// Fires when the figure is at `level` or below.
    ///
    /// ```
    /// let rule = lagom_profiler::AlertRule::below("pool/idle", 0);
    /// ```
    pub fn below(watched: impl Into<Watched>, level: impl Level) -> Self {
        Self::new(watched.into(), false, level.level())
    }

    /// Arms the rule again once the figure is beyond this: less than it for [`above`](Self::above), more than it for
    /// [`below`](Self::below). By default 5 % from the level; never on the side of it where the rule fires.
    ///
    /// ```
    /// use lagom_profiler::{AlertRule, Metric};
    /// let rule = AlertRule::above(Metric::CgroupFill, 0.9).rearm_at(0.7);
    /// ```
    pub fn rearm_at(mut self, level: impl Level) -> Self {
        self.rearm = Some(level.level());
        self
    }

    /// The least time between two alerts of this rule, by the times of the samples; none by default. A crossing within it
    /// is told at its end, if the figure is still there.
    ///
    /// ```
    /// use lagom_profiler::{AlertRule, Metric};
    /// let rule = AlertRule::above(Metric::PressureSome, 0.1).cool_down(std::time::Duration::from_secs(60));
    /// ```
    pub const fn cool_down(mut self, cool_down: Duration) -> Self {
        self.cool_down = cool_down;
        self
    }

    /// Whether the rule fires at this value.
    #[cfg(feature = "enabled")]
    pub(crate) fn is_reached(&self, value: f64) -> bool {
        if self.above { value >= self.level } else { value <= self.level }
    }

    /// Whether this value arms the rule again.
    #[cfg(feature = "enabled")]
    pub(crate) fn is_left(&self, value: f64) -> bool {
        let margin = self.level.abs() / 20.0;
        if self.above {
            value < self.rearm.unwrap_or(self.level - margin).min(self.level)
        } else {
            value > self.rearm.unwrap_or(self.level + margin).max(self.level)
        }
    }
}

#[cfg(all(test, feature = "enabled"))]
mod tests {
    use super::*;

    #[test]
    fn levels_on_both_sides() {
        let above = AlertRule::above(Metric::Rss, 100);
        assert!(above.is_reached(100.0) && !above.is_reached(99.9));
        assert!(above.is_left(94.9) && !above.is_left(95.0));
        let below = AlertRule::below("a/b", -100.0);
        assert!(below.is_reached(-100.0) && !below.is_reached(-99.9));
        assert!(below.is_left(-94.9) && !below.is_left(-95.0));
        let zero = AlertRule::below("a/b", 0);
        assert!(zero.is_reached(0.0) && zero.is_left(0.1) && !zero.is_left(0.0));
    }

    #[test]
    fn a_rule_is_never_armed_where_it_fires() {
        for rearm in [150.0, f64::INFINITY, f64::NAN, 100.0] {
            let above = AlertRule::above(Metric::Rss, 100).rearm_at(rearm);
            let below = AlertRule::below(Metric::Rss, 100).rearm_at(-rearm);
            for value in [0.0, 50.0, 99.9, 100.0, 100.1, 200.0, f64::NAN] {
                assert!(!(above.is_reached(value) && above.is_left(value)), "{rearm} {value}");
                assert!(!(below.is_reached(value) && below.is_left(value)), "{rearm} {value}");
            }
            assert!(above.is_left(99.9) && below.is_left(100.1), "{rearm}");
        }
        let never = AlertRule::above(Metric::Rss, f64::NAN);
        assert!(!never.is_reached(1.0) && !never.is_left(1.0));
    }
}

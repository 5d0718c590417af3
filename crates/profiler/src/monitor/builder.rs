//! The settings of a monitor.

use std::fmt;
use std::time::Duration;

use super::{Alert, AlertRule, LeakRule, Monitor};

/// A shorter interval would keep a processor busy with watching.
const INTERVAL_AT_LEAST: Duration = Duration::from_millis(1);

/// A rule and whom to tell.
#[cfg_attr(not(feature = "enabled"), allow(dead_code, reason = "nobody is told anything"))]
pub(crate) struct Telling<R> {
    pub(crate) rule: R,
    pub(crate) callback: Box<dyn Fn(&Alert) + Send + Sync>,
}

impl<R: fmt::Debug> fmt::Debug for Telling<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rule.fmt(f)
    }
}

/// What a monitor is told once.
#[derive(Debug)]
#[cfg_attr(not(feature = "enabled"), allow(dead_code, reason = "kept for the getters"))]
pub(crate) struct Settings {
    pub(crate) interval: Duration,
    pub(crate) detail_interval: Duration,
    pub(crate) capacity: usize,
    pub(crate) rules: Vec<Telling<AlertRule>>,
    pub(crate) leaks: Vec<Telling<LeakRule>>,
}

/// Sets up a [`Monitor`]; made by [`Monitor::builder`].
///
/// ```
/// use lagom_profiler::Monitor;
/// use std::time::Duration;
///
/// let monitor = Monitor::builder().interval(Duration::from_secs(5)).capacity(720).build();
/// assert_eq!(monitor.capacity(), 720);
/// ```
#[derive(Debug)]
#[must_use = "nothing is watched before `build`"]
pub struct MonitorBuilder {
    settings: Settings,
}

impl MonitorBuilder {
    pub(super) fn new() -> Self {
        Self {
            settings: Settings {
                interval: Duration::from_secs(1),
                detail_interval: Duration::from_secs(1),
                capacity: 1_000,
                rules: Vec::new(),
                leaks: Vec::new(),
            },
        }
    }

    /// The time between samples; one second by default, at least a millisecond. `Duration::MAX`, and any other that no
    /// clock can add to its time, takes the first sample only.
    ///
    /// ```
    /// # use lagom_profiler::Monitor;
    /// # use std::time::Duration;
    /// let monitor = Monitor::builder().interval(Duration::from_millis(250)).build();
    /// assert_eq!(monitor.interval().as_millis(), 250);
    /// ```
    pub fn interval(mut self, interval: Duration) -> Self {
        self.settings.interval = interval.max(INTERVAL_AT_LEAST);
        self
    }

    /// How many samples are kept, 1,000 by default; the oldest gives way. 0 keeps none: summary and alerts still work.
    ///
    /// ```
    /// # use lagom_profiler::Monitor;
    /// let monitor = Monitor::builder().capacity(0).build();
    /// monitor.sample();
    /// assert!(monitor.samples().is_empty());
    /// ```
    pub fn capacity(mut self, capacity: usize) -> Self {
        self.settings.capacity = capacity;
        self
    }

    /// How often the figures are read that cost most: threads, open files, cgroup, pressure, some 30 us in all. One second by
    /// default; zero reads them with every sample, `Duration::MAX` with the first alone. In between they keep their last
    /// values.
    ///
    /// ```
    /// # use lagom_profiler::Monitor;
    /// # use std::time::Duration;
    /// let monitor = Monitor::builder().detail_interval(Duration::from_secs(10)).build();
    /// ```
    pub fn detail_interval(mut self, interval: Duration) -> Self {
        self.settings.detail_interval = interval;
        self
    }

    /// Calls back when memory reaches `threshold_bytes`: resident memory, or live heap bytes where that cannot be read.
    ///
    /// Fires once per crossing and is armed again when memory has fallen below 95 % of the threshold. The short form of
    /// [`alert_when`](Self::alert_when).
    ///
    /// ```
    /// # use lagom_profiler::Monitor;
    /// let monitor = Monitor::builder().on_alert(512 << 20, |alert| eprintln!("{alert}")).build();
    /// ```
    pub fn on_alert(self, threshold_bytes: u64, callback: impl Fn(&Alert) + Send + Sync + 'static) -> Self {
        self.alert_when(AlertRule::memory(threshold_bytes), callback)
    }

    /// Calls back when a figure reaches a level, any metric's or a registered one's.
    ///
    /// May be given several times. The callback runs on the thread that takes the sample, with no lock held; if it panics,
    /// sampling goes on. Registered figures are asked with every sample, on that thread too, and only the sets that a rule
    /// names; they may allocate.
    ///
    /// ```
    /// # use lagom_profiler::{AlertRule, Metric, Monitor};
    /// let monitor = Monitor::builder()
    ///     .alert_when(AlertRule::above(Metric::CgroupFill, 0.9).rearm_at(0.8), |alert| eprintln!("{alert}"))
    ///     .build();
    /// ```
    pub fn alert_when(mut self, rule: AlertRule, callback: impl Fn(&Alert) + Send + Sync + 'static) -> Self {
        self.settings.rules.push(Telling { rule, callback: Box::new(callback) });
        self
    }

    /// Calls back when a figure keeps growing, resident memory by default; as [`alert_when`](Self::alert_when) does.
    ///
    /// ```
    /// # use lagom_profiler::{LeakRule, Monitor};
    /// let monitor = Monitor::builder().on_leak(LeakRule::new(), |alert| eprintln!("{alert}")).build();
    /// ```
    pub fn on_leak(mut self, rule: LeakRule, callback: impl Fn(&Alert) + Send + Sync + 'static) -> Self {
        self.settings.leaks.push(Telling { rule, callback: Box::new(callback) });
        self
    }

    /// The monitor; it watches from [`start`](Monitor::start) on.
    ///
    /// ```
    /// # use lagom_profiler::Monitor;
    /// let monitor = Monitor::builder().build();
    /// ```
    #[must_use]
    pub fn build(self) -> Monitor {
        Monitor::with(self.settings)
    }
}

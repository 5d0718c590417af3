//! The settings of a monitor.

use std::time::Duration;

use super::{Alert, AlertRule, Monitor};

/// A shorter interval would keep a processor busy with watching.
const INTERVAL_AT_LEAST: Duration = Duration::from_millis(1);

/// What a monitor is told once.
#[derive(Debug)]
#[cfg_attr(not(feature = "enabled"), allow(dead_code, reason = "kept for the getters"))]
pub(crate) struct Settings {
    pub(crate) interval: Duration,
    pub(crate) capacity: usize,
    pub(crate) rules: Vec<AlertRule>,
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
        Self { settings: Settings { interval: Duration::from_secs(1), capacity: 1_000, rules: Vec::new() } }
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

    /// Calls back when memory reaches `threshold_bytes`: resident memory, or live heap bytes where that cannot be read.
    ///
    /// Fires once per crossing and is armed again when memory has fallen below 95 % of the threshold, so that a value
    /// which plays around it does not fire all the time. May be given several times. The callback runs on the sampling
    /// thread with no lock held; if it panics, sampling goes on.
    ///
    /// ```
    /// # use lagom_profiler::Monitor;
    /// let monitor = Monitor::builder().on_alert(512 << 20, |alert| eprintln!("{alert}")).build();
    /// ```
    pub fn on_alert(mut self, threshold_bytes: u64, callback: impl Fn(&Alert) + Send + Sync + 'static) -> Self {
        self.settings.rules.push(AlertRule { threshold: threshold_bytes, callback: Box::new(callback) });
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

//! The process watched over time.

mod alert;
mod builder;
mod gauge;
mod leak;
mod metric;
mod rule;
mod sample;
mod summary;

use std::fmt;
use std::time::Duration;

pub use alert::{Alert, AlertKind};
pub use builder::MonitorBuilder;
pub(crate) use builder::Settings;
#[cfg(feature = "enabled")]
pub(crate) use builder::Telling;
pub use gauge::Gauge;
pub use leak::{Leak, LeakRule};
pub use metric::Metric;
#[cfg(feature = "enabled")]
pub(crate) use metric::Tier;
#[cfg(feature = "export")]
pub(crate) use metric::{Shown, Unit};
#[cfg(feature = "enabled")]
pub(crate) use rule::Source;
pub use rule::{AlertRule, Level, Watched};
pub use sample::{Sample, sample_now};
pub use summary::MonitorSummary;

use crate::engine;

/// Samples the process in the background: memory, heap, CPU, threads, open files, faults, cgroup, pressure.
///
/// Keeps the last `capacity` samples (184 bytes each), sums up all of them, and calls back when a figure crosses a level or
/// keeps growing. Dropping it stops it. All methods may be called from any thread, its own callbacks included. On Linux an
/// ordinary sample is one system call, below a microsecond, and allocates nothing; what costs more is read less often
/// ([`Sample`] says what).
///
/// A process that was forked has the samples but no thread that takes more: there it does not run until it is started
/// again. If the fork came while a sample was being entered, the monitor is of no use in the new process: then it does
/// nothing and answers with nothing, but hangs nobody.
///
/// ```
/// use lagom_profiler::Monitor;
/// use std::time::Duration;
///
/// let monitor = Monitor::builder()
///     .interval(Duration::from_millis(100))
///     .on_alert(1 << 30, |alert| eprintln!("{}", alert.to_json_line()))
///     .build();
/// monitor.start();
/// // … work …
/// monitor.stop();
/// println!("{}", monitor.summary());
/// ```
pub struct Monitor(engine::Sampler);

impl Monitor {
    /// A monitor with the defaults of [`builder`](Self::builder).
    ///
    /// ```
    /// let monitor = lagom_profiler::Monitor::new();
    /// assert!(!monitor.is_running());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Sets up a monitor: an interval of one second, the last 1,000 samples kept, no alerts.
    ///
    /// ```
    /// let monitor = lagom_profiler::Monitor::builder().capacity(60).build();
    /// ```
    pub fn builder() -> MonitorBuilder {
        MonitorBuilder::new()
    }

    pub(crate) fn with(settings: Settings) -> Self {
        Self(engine::Sampler::new(settings))
    }

    /// Takes a sample at once and then one per interval, on a thread of its own, until [`stop`](Self::stop). Does nothing
    /// if it already runs. Answers whether it runs: false if the system gives no thread, or without the feature `enabled`.
    ///
    /// ```
    /// let monitor = lagom_profiler::Monitor::new();
    /// monitor.start();
    /// assert_eq!(monitor.is_running(), cfg!(feature = "enabled"));
    /// ```
    pub fn start(&self) -> bool {
        self.0.start()
    }

    /// Ends the sampling at once, without waiting for the interval, and keeps the samples; [`start`](Self::start) goes on.
    ///
    /// Waits for a callback that is under way, unless called from it; of several callers at once one waits.
    ///
    /// ```
    /// let monitor = lagom_profiler::Monitor::new();
    /// monitor.start();
    /// monitor.stop();
    /// assert!(!monitor.is_running());
    /// ```
    pub fn stop(&self) {
        self.0.stop();
    }

    /// Whether it samples in the background.
    ///
    /// ```
    /// assert!(!lagom_profiler::Monitor::new().is_running());
    /// ```
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.0.is_running()
    }

    /// Takes one more sample here and now, running or not; alerts fire as from the background.
    ///
    /// ```
    /// let monitor = lagom_profiler::Monitor::new();
    /// monitor.sample();
    /// # #[cfg(feature = "enabled")]
    /// assert_eq!(monitor.samples().len(), 1);
    /// ```
    pub fn sample(&self) -> Sample {
        self.0.sample()
    }

    /// The samples kept, oldest first; a copy.
    ///
    /// ```
    /// assert!(lagom_profiler::Monitor::new().samples().is_empty());
    /// ```
    #[must_use]
    pub fn samples(&self) -> Vec<Sample> {
        self.0.samples()
    }

    /// Sums up all samples taken, those included that are no longer kept.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::Monitor::new().summary().samples(), 0);
    /// ```
    #[must_use]
    pub fn summary(&self) -> MonitorSummary {
        self.0.summary()
    }

    /// Forgets all samples; time goes on from the first start.
    ///
    /// ```
    /// let monitor = lagom_profiler::Monitor::new();
    /// monitor.sample();
    /// monitor.clear();
    /// assert!(monitor.samples().is_empty());
    /// ```
    pub fn clear(&self) {
        self.0.clear();
    }

    /// The time between samples.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::Monitor::new().interval().as_secs(), 1);
    /// ```
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.0.settings().interval
    }

    /// How many samples are kept.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::Monitor::new().capacity(), 1_000);
    /// ```
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.0.settings().capacity
    }
}

impl Default for Monitor {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor").field("settings", self.0.settings()).finish_non_exhaustive()
    }
}

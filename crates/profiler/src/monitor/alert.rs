//! Memory above a threshold.

use std::fmt;
use std::fmt::Write as _;

use super::Sample;
use crate::format::{Bytes, Time};

/// A threshold and whom to tell.
#[cfg_attr(not(feature = "enabled"), allow(dead_code, reason = "nobody is told anything"))]
pub(crate) struct AlertRule {
    pub(crate) threshold: u64,
    pub(crate) callback: Box<dyn Fn(&Alert) + Send + Sync>,
}

#[cfg(feature = "enabled")]
impl AlertRule {
    /// Below this the rule is armed again: 95 % of the threshold.
    pub(crate) const fn rearm_below(threshold: u64) -> u64 {
        threshold - threshold / 20
    }
}

impl fmt::Debug for AlertRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlertRule").field("threshold", &self.threshold).finish_non_exhaustive()
    }
}

/// Memory has reached a threshold; handed to the callback of [`on_alert`](super::MonitorBuilder::on_alert).
///
/// ```
/// use lagom_profiler::Monitor;
///
/// let monitor = Monitor::builder()
///     .on_alert(1, |alert| {
///         assert!(alert.bytes() >= alert.threshold_bytes());
///         println!("{}", alert.to_json_line());
///     })
///     .build();
/// monitor.sample();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Alert {
    threshold_bytes: u64,
    bytes: u64,
    sample: Sample,
}

impl Alert {
    #[cfg(feature = "enabled")]
    pub(crate) const fn new(threshold_bytes: u64, bytes: u64, sample: Sample) -> Self {
        Self { threshold_bytes, bytes, sample }
    }

    /// The threshold that was reached.
    ///
    /// ```
    /// # use lagom_profiler::Monitor;
    /// Monitor::builder().on_alert(1, |alert| assert_eq!(alert.threshold_bytes(), 1)).build().sample();
    /// ```
    #[must_use]
    pub const fn threshold_bytes(&self) -> u64 {
        self.threshold_bytes
    }

    /// The memory that reached it: resident, or live heap bytes where that cannot be read.
    ///
    /// ```
    /// # use lagom_profiler::Monitor;
    /// Monitor::builder().on_alert(1, |alert| assert!(alert.bytes() > 0)).build().sample();
    /// ```
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The sample that showed it.
    ///
    /// ```
    /// # use lagom_profiler::Monitor;
    /// Monitor::builder().on_alert(1, |alert| println!("{}", alert.sample())).build().sample();
    /// ```
    #[must_use]
    pub const fn sample(&self) -> &Sample {
        &self.sample
    }

    /// One line of JSON without the line break, for a log: `{"event":"memory-alert","at_s":1.5,…}`. What could not be read
    /// is `null`.
    ///
    /// ```
    /// # use lagom_profiler::Monitor;
    /// Monitor::builder().on_alert(1, |alert| println!("{}", alert.to_json_line())).build().sample();
    /// ```
    #[must_use]
    pub fn to_json_line(&self) -> String {
        let sample = &self.sample;
        let mut line = format!(
            "{{\"event\":\"memory-alert\",\"at_s\":{:.3},\"threshold_bytes\":{},\"bytes\":{},\"traced_current\":{},\
             \"traced_peak\":{}",
            sample.at().as_secs_f64(),
            self.threshold_bytes,
            self.bytes,
            sample.traced_current(),
            sample.traced_peak()
        );
        let options = [
            ("rss", sample.rss()),
            ("vms", sample.vms()),
            ("peak_rss", sample.peak_rss()),
            ("threads", sample.threads().map(u64::from)),
            ("open_files", sample.open_files().map(u64::from)),
        ];
        for (name, value) in options {
            // Writing to a `String` cannot fail.
            let _ = match value {
                Some(value) => write!(line, ",\"{name}\":{value}"),
                None => write!(line, ",\"{name}\":null"),
            };
        }
        line.push('}');
        line
    }
}

/// `memory alert: 1.20G reached the threshold of 1.00G after 12.5s`
impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "memory alert: {} reached the threshold of {} after {}",
            Bytes(self.bytes),
            Bytes(self.threshold_bytes),
            Time::from(self.sample.at())
        )
    }
}

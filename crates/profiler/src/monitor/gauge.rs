//! All samples of a monitor in a few figures.

use std::fmt;
use std::time::Duration;

#[cfg(feature = "enabled")]
use super::Sample;
use crate::format::{Bytes, Time};

/// The least, mean, greatest and last of a row of values.
///
/// ```
/// let gauge = lagom_profiler::Gauge::default();
/// assert_eq!((gauge.min(), gauge.mean(), gauge.max(), gauge.current()), (0, 0, 0, 0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Gauge {
    min: u64,
    mean: u64,
    max: u64,
    current: u64,
    #[cfg_attr(feature = "serde", serde(skip))]
    sum: u128,
    #[cfg_attr(feature = "serde", serde(skip))]
    count: u64,
}

impl Gauge {
    #[cfg(feature = "enabled")]
    fn add(&mut self, value: u64) {
        self.min = if self.count == 0 { value } else { self.min.min(value) };
        self.max = self.max.max(value);
        self.current = value;
        self.sum += u128::from(value);
        self.count += 1;
        self.mean = u64::try_from(self.sum / u128::from(self.count)).unwrap_or(u64::MAX);
    }

    /// The least value.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::Gauge::default().min(), 0);
    /// ```
    #[must_use]
    pub const fn min(&self) -> u64 {
        self.min
    }

    /// The mean, rounded down.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::Gauge::default().mean(), 0);
    /// ```
    #[must_use]
    pub const fn mean(&self) -> u64 {
        self.mean
    }

    /// The greatest value.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::Gauge::default().max(), 0);
    /// ```
    #[must_use]
    pub const fn max(&self) -> u64 {
        self.max
    }

    /// The last value.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::Gauge::default().current(), 0);
    /// ```
    #[must_use]
    pub const fn current(&self) -> u64 {
        self.current
    }
}

/// `min 1.00M, mean 2.00M, max 3.00M, now 2.50M`
impl fmt::Display for Gauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "min {}, mean {}, max {}, now {}",
            Bytes(self.min),
            Bytes(self.mean),
            Bytes(self.max),
            Bytes(self.current)
        )
    }
}

/// All samples of a [`Monitor`](crate::Monitor) summed up, from [`summary`](crate::Monitor::summary).
///
/// ```
/// let monitor = lagom_profiler::Monitor::new();
/// monitor.sample();
/// let summary = monitor.summary();
/// # #[cfg(feature = "enabled")]
/// assert_eq!(summary.samples(), 1);
/// println!("{summary}");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct MonitorSummary {
    samples: u64,
    alerts: u64,
    first_at_ns: u64,
    last_at_ns: u64,
    rss: Option<Gauge>,
    traced: Gauge,
    peak_rss: Option<u64>,
    traced_peak: u64,
}

impl MonitorSummary {
    #[cfg(feature = "enabled")]
    pub(crate) fn add(&mut self, sample: &Sample, alerts: u64) {
        if self.samples == 0 {
            self.first_at_ns = sample.at_ns;
        }
        self.samples += 1;
        self.alerts += alerts;
        self.last_at_ns = self.last_at_ns.max(sample.at_ns);
        if let Some(rss) = sample.rss {
            self.rss.get_or_insert_default().add(rss);
        }
        self.traced.add(sample.traced_current);
        self.peak_rss = self.peak_rss.max(sample.peak_rss);
        self.traced_peak = self.traced_peak.max(sample.traced_peak);
    }

    /// From the first sample to the last.
    ///
    /// ```
    /// assert!(lagom_profiler::MonitorSummary::default().duration().is_zero());
    /// ```
    #[must_use]
    pub const fn duration(&self) -> Duration {
        Duration::from_nanos(self.last_at_ns.saturating_sub(self.first_at_ns))
    }

    /// How many samples were taken.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::MonitorSummary::default().samples(), 0);
    /// ```
    #[must_use]
    pub const fn samples(&self) -> u64 {
        self.samples
    }

    /// How many alerts have fired.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::MonitorSummary::default().alerts(), 0);
    /// ```
    #[must_use]
    pub const fn alerts(&self) -> u64 {
        self.alerts
    }

    /// Resident memory in bytes, `None` where no sample could read it.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::MonitorSummary::default().rss(), None);
    /// ```
    #[must_use]
    pub const fn rss(&self) -> Option<Gauge> {
        self.rss
    }

    /// Live heap bytes.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::MonitorSummary::default().traced().max(), 0);
    /// ```
    #[must_use]
    pub const fn traced(&self) -> Gauge {
        self.traced
    }

    /// The most resident memory of the process so far, exact also between samples.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::MonitorSummary::default().peak_rss(), None);
    /// ```
    #[must_use]
    pub const fn peak_rss(&self) -> Option<u64> {
        self.peak_rss
    }

    /// The largest peak of live heap bytes that a sample showed, exact also between samples.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::MonitorSummary::default().traced_peak(), 0);
    /// ```
    #[must_use]
    pub const fn traced_peak(&self) -> u64 {
        self.traced_peak
    }
}

/// Up to three lines.
impl fmt::Display for MonitorSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} samples over {}, {} alerts", self.samples, Time::from(self.duration()), self.alerts)?;
        if let Some(rss) = &self.rss {
            write!(f, "\nrss:  {rss}")?;
            if let Some(peak) = self.peak_rss {
                write!(f, ", peak {}", Bytes(peak))?;
            }
        }
        write!(f, "\nheap: {}, peak {}", self.traced, Bytes(self.traced_peak))
    }
}

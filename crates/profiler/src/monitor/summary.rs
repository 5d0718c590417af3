//! All samples of a monitor in a few figures.

use std::fmt;
use std::time::Duration;

use super::gauge::Gauge;
#[cfg(feature = "enabled")]
use super::metric::Tier;
use super::metric::{Metric, Unit};
#[cfg(feature = "enabled")]
use super::sample::Sample;
use crate::format::{Bytes, Time};

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
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MonitorSummary {
    samples: u64,
    alerts: u64,
    first_at_ns: u64,
    last_at_ns: u64,
    gauges: [Option<Gauge>; Metric::ALL.len()],
}

#[cfg(feature = "enabled")]
impl MonitorSummary {
    /// Enters what was read for this sample: figures of a tier above `read` are those of an earlier one.
    pub(crate) fn add(&mut self, sample: &Sample, read: Tier, alerts: u64) {
        if self.samples == 0 {
            self.first_at_ns = sample.at_ns;
        }
        self.samples += 1;
        self.alerts += alerts;
        self.last_at_ns = sample.at_ns;
        for (metric, gauge) in Metric::ALL.into_iter().zip(&mut self.gauges) {
            if metric.tier() > read {
                break;
            }
            if let Some(value) = sample.get(metric) {
                gauge.get_or_insert_with(|| Gauge::new(metric.kind())).add(sample.at_ns, value);
            }
        }
    }
}

/// Getters with the example that all of them share.
macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident: $type:ty = |$this:ident| $value:expr;)*) => {
        impl MonitorSummary {
            $(
                $(#[$doc])*
                ///
                /// ```
                #[doc = concat!("println!(\"{:?}\", lagom_profiler::Monitor::new().summary().", stringify!($name), "());")]
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
    /// From the first sample to the last.
    duration: Duration = |this| Duration::from_nanos(this.last_at_ns.saturating_sub(this.first_at_ns));
    /// How many samples were taken.
    samples: u64 = |this| this.samples;
    /// How many alerts have fired.
    alerts: u64 = |this| this.alerts;
    /// Resident memory in bytes, `None` where no sample could read it.
    rss: Option<Gauge> = |this| this.get(Metric::Rss);
    /// Live heap bytes.
    traced: Gauge = |this| this.get(Metric::TracedCurrent).unwrap_or_else(|| Gauge::new(Unit::Bytes));
    /// The most resident memory of the process so far, exact also between samples.
    peak_rss: Option<u64> = |this| this.get(Metric::PeakRss).map(|peak| peak.max() as u64);
    /// The largest peak of live heap bytes that a sample showed, exact also between samples.
    traced_peak: u64 = |this| this.get(Metric::TracedPeak).map_or(0, |peak| peak.max() as u64);
}

impl MonitorSummary {
    /// One figure over time; `None` if no sample could read it.
    ///
    /// ```
    /// use lagom_profiler::{Metric, Monitor};
    ///
    /// let monitor = Monitor::new();
    /// monitor.sample();
    /// if let Some(threads) = monitor.summary().get(Metric::Threads) {
    ///     assert!(threads.max() >= 1.0);
    /// }
    /// ```
    #[must_use]
    pub fn get(&self, metric: Metric) -> Option<Gauge> {
        self.gauges[metric as usize]
    }
}

/// Some lines.
impl fmt::Display for MonitorSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} samples over {}, {} alerts", self.samples, Time::from(self.duration()), self.alerts)?;
        if let Some(rss) = self.rss() {
            write!(f, "\nrss:  {rss}")?;
            if let Some(peak) = self.peak_rss() {
                write!(f, ", peak {}", Bytes(peak))?;
            }
        }
        write!(f, "\nheap: {}, peak {}", self.traced(), Bytes(self.traced_peak()))?;
        for (name, metric) in
            [("cpu: ", Metric::CpuShare), ("threads:", Metric::Threads), ("files:", Metric::OpenFiles)]
        {
            if let Some(gauge) = self.get(metric) {
                write!(f, "\n{name} {gauge}")?;
            }
        }
        Ok(())
    }
}

/// `samples`, `alerts`, `first_at_ns`, `last_at_ns`, and a gauge for every metric by its name, `null` if it was never read.
#[cfg(feature = "serde")]
impl serde::Serialize for MonitorSummary {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;

        let mut all = serializer.serialize_struct("MonitorSummary", Metric::ALL.len() + 4)?;
        all.serialize_field("samples", &self.samples)?;
        all.serialize_field("alerts", &self.alerts)?;
        all.serialize_field("first_at_ns", &self.first_at_ns)?;
        all.serialize_field("last_at_ns", &self.last_at_ns)?;
        for metric in Metric::ALL {
            all.serialize_field(metric.name(), &self.get(metric))?;
        }
        all.end()
    }
}

//! One reading of the process's figures.

use std::fmt;
use std::time::Duration;

use super::metric::{Metric, Shown, Unit};
use crate::engine;
use crate::format::{Bytes, Time};

/// Takes one sample without a monitor, with every figure read afresh; [`at`](Sample::at) counts from the profiler's first
/// use. No CPU share, for there is no sample before it.
///
/// Some 40 microseconds on Linux, for a dozen system calls; allocates nothing but at its first call and once a minute
/// (on kernels before 6.2 one directory listing). No lock that others hold is waited for.
///
/// ```
/// let sample = lagom_profiler::sample_now();
/// println!("{sample}");
/// # #[cfg(all(target_os = "linux", feature = "enabled"))]
/// assert!(sample.rss().unwrap() > 0);
/// ```
#[must_use]
pub fn sample_now() -> Sample {
    engine::sample_now()
}

/// What a platform does not tell.
const UNKNOWN: u64 = u64::MAX;
const METRICS: usize = Metric::ALL.len();

/// The process at one moment. What the platform does not tell, or not now, is `None`.
///
/// | | Linux | macOS, other Unix | Windows |
/// | --- | --- | --- | --- |
/// | heap | yes | yes | yes |
/// | CPU time, peak RSS, faults, switches, machine's memory | yes | yes | no |
/// | RSS, VMS, threads, open files, cgroup, pressure | yes | no | no |
///
/// Of a [`Monitor`](crate::Monitor), RSS, VMS and heap are read with every sample; CPU time, peak, faults and switches at
/// most every 50 ms; the rest once per [`detail_interval`](crate::MonitorBuilder::detail_interval). In between each figure
/// keeps its last value. Shares are exact to a millionth. 184 bytes.
///
/// ```
/// let sample = lagom_profiler::sample_now();
/// assert!(sample.traced_current() <= sample.traced_peak());
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    pub(crate) at_ns: u64,
    values: [u64; METRICS],
}

impl Default for Sample {
    fn default() -> Self {
        Self { at_ns: 0, values: [UNKNOWN; METRICS] }
    }
}

impl Sample {
    /// A figure by its metric; times in nanoseconds, shares as fractions.
    ///
    /// ```
    /// use lagom_profiler::{Metric, sample_now};
    ///
    /// let sample = sample_now();
    /// assert_eq!(sample.get(Metric::Rss), sample.rss().map(|bytes| bytes as f64));
    /// ```
    #[must_use]
    pub fn get(&self, metric: Metric) -> Option<f64> {
        let value = self.whole(metric)? as f64;
        Some(if metric.kind() == Unit::Share { value / 1e6 } else { value })
    }

    /// A figure as it is kept: shares in millionths.
    pub(crate) fn whole(&self, metric: Metric) -> Option<u64> {
        Some(self.values[metric as usize]).filter(|value| *value != UNKNOWN)
    }

    /// Enters a figure; shares in millionths.
    #[cfg(feature = "enabled")]
    pub(crate) fn set(&mut self, metric: Metric, value: Option<u64>) {
        self.values[metric as usize] = value.unwrap_or(UNKNOWN);
    }

    /// A sample of these figures alone.
    #[cfg(test)]
    pub(crate) fn of(at_ns: u64, figures: &[(Metric, Option<u64>)]) -> Self {
        let mut sample = Self { at_ns, ..Self::default() };
        figures.iter().for_each(|(metric, value)| sample.values[*metric as usize] = value.unwrap_or(UNKNOWN));
        sample
    }

    fn small(&self, metric: Metric) -> Option<u32> {
        self.whole(metric).map(|value| u32::try_from(value).unwrap_or(u32::MAX))
    }
}

/// Getters with the example that all of them share.
macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident: $type:ty = |$this:ident| $value:expr;)*) => {
        impl Sample {
            $(
                $(#[$doc])*
                ///
                /// ```
                /// let sample = lagom_profiler::sample_now();
                #[doc = concat!("println!(\"{:?}\", sample.", stringify!($name), "());")]
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
    /// When it was taken: time since the monitor's first sample.
    at: Duration = |this| Duration::from_nanos(this.at_ns);
    /// Resident memory in bytes.
    rss: Option<u64> = |this| this.whole(Metric::Rss);
    /// Virtual memory in bytes.
    vms: Option<u64> = |this| this.whole(Metric::Vms);
    /// The most resident memory so far in bytes, exact also between samples.
    peak_rss: Option<u64> = |this| this.whole(Metric::PeakRss);
    /// Live heap bytes; 0 without [`TrackingAllocator`](crate::TrackingAllocator).
    traced_current: u64 = |this| this.whole(Metric::TracedCurrent).unwrap_or(0);
    /// The most live heap bytes since the start or the last [`heap::reset_peak`](crate::heap::reset_peak).
    traced_peak: u64 = |this| this.whole(Metric::TracedPeak).unwrap_or(0);
    /// CPU time of the process so far, user and system.
    cpu_time: Option<Duration> = |this| this.whole(Metric::CpuTime).map(Duration::from_nanos);
    /// CPU time per time since the reading before: 1.0 is one processor busy all the time.
    cpu_share: Option<f64> = |this| this.get(Metric::CpuShare);
    /// Page faults so far that needed no disk.
    minor_faults: Option<u64> = |this| this.whole(Metric::MinorFaults);
    /// Page faults so far that had to wait for a disk.
    major_faults: Option<u64> = |this| this.whole(Metric::MajorFaults);
    /// How often so far a thread gave its processor away, to wait for something.
    voluntary_switches: Option<u64> = |this| this.whole(Metric::VoluntarySwitches);
    /// How often so far a thread was taken from its processor, for another one's turn.
    involuntary_switches: Option<u64> = |this| this.whole(Metric::InvoluntarySwitches);
    /// Threads of the process.
    threads: Option<u32> = |this| this.small(Metric::Threads);
    /// Open file descriptors.
    open_files: Option<u32> = |this| this.small(Metric::OpenFiles);
    /// Memory of the machine in bytes.
    machine_memory: Option<u64> = |this| this.whole(Metric::MachineMemory);
    /// Resident memory as a share of the machine's memory: 1.0 is all of it.
    machine_share: Option<f64> = |this| this.get(Metric::MachineShare);
    /// The tightest limit on the memory of the process's cgroup, its parents included, in bytes. `None` if there is none.
    cgroup_limit: Option<u64> = |this| this.whole(Metric::CgroupLimit);
    /// Memory that the cgroup of that limit uses, its page cache included, in bytes.
    cgroup_usage: Option<u64> = |this| this.whole(Metric::CgroupUsage);
    /// Resident memory as a share of the cgroup's limit.
    cgroup_share: Option<f64> = |this| this.get(Metric::CgroupShare);
    /// What the whole cgroup uses as a share of its limit.
    cgroup_fill: Option<f64> = |this| this.get(Metric::CgroupFill);
    /// Share of the last 10 s in which some task of the cgroup, or machine, waited for memory.
    pressure_some: Option<f64> = |this| this.get(Metric::PressureSome);
    /// Share of the last 10 s in which all tasks of the cgroup, or machine, waited for memory.
    pressure_full: Option<f64> = |this| this.get(Metric::PressureFull);
    /// Time so far in which some task of the cgroup, or machine, waited for memory.
    pressure_stalled: Option<Duration> = |this| this.whole(Metric::PressureStalled).map(Duration::from_nanos);
}

/// One line: `at 1.50s: rss 12.3M, vms 100M, heap 4.00M (peak 5.00M), 8 threads, 12 open files, cpu 1.20s`
impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {}: ", Time(self.at_ns))?;
        for metric in [Metric::Rss, Metric::Vms] {
            if let Some(value) = self.get(metric) {
                write!(f, "{metric} {}, ", Shown(Unit::Bytes, value))?;
            }
        }
        write!(f, "heap {} (peak {})", Bytes(self.traced_current()), Bytes(self.traced_peak()))?;
        if let Some(threads) = self.threads() {
            write!(f, ", {threads} threads")?;
        }
        if let Some(files) = self.open_files() {
            write!(f, ", {files} open files")?;
        }
        if let Some(cpu) = self.cpu_time() {
            write!(f, ", cpu {}", Time::from(cpu))?;
        }
        Ok(())
    }
}

/// What is known.
impl fmt::Debug for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = f.debug_struct("Sample");
        all.field("at_ns", &self.at_ns);
        for metric in Metric::ALL {
            if let Some(value) = self.get(metric) {
                all.field(metric.name(), &value);
            }
        }
        all.finish()
    }
}

/// `at_ns`, and every metric by its name: counts, bytes and nanoseconds as whole numbers, shares as fractions, what is not
/// known as `null`.
#[cfg(feature = "serde")]
impl serde::Serialize for Sample {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;

        let mut all = serializer.serialize_struct("Sample", Metric::ALL.len() + 1)?;
        all.serialize_field("at_ns", &self.at_ns)?;
        for metric in Metric::ALL {
            match metric.kind() {
                Unit::Share => all.serialize_field(metric.name(), &self.get(metric))?,
                _ => all.serialize_field(metric.name(), &self.whole(metric))?,
            }
        }
        all.end()
    }
}

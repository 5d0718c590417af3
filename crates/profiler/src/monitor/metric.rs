//! What the monitor watches, by name.

use std::fmt;

use crate::format::{Bytes, Count, Time};

/// How the value of a metric is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Unit {
    Bytes,
    Nanoseconds,
    /// Kept in millionths, told as a fraction.
    Share,
    #[default]
    Count,
}

/// A value with its unit, for people: `12.3M`, `1.50s`, `12.3%`, `42`.
pub(crate) struct Shown(pub(crate) Unit, pub(crate) f64);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Negative only is what somebody gave as a level.
        let whole = self.1.round() as u64;
        match self.0 {
            Unit::Bytes => Bytes(whole).fmt(f),
            Unit::Nanoseconds => Time(whole).fmt(f),
            Unit::Share => write!(f, "{:.1}%", self.1 * 100.0),
            Unit::Count => Count(whole).fmt(f),
        }
    }
}

/// How often a metric is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tier {
    /// With every sample.
    Always,
    /// One system call more: at most every 50 ms.
    Usage,
    /// Files that must be opened: once per [`detail_interval`](crate::MonitorBuilder::detail_interval).
    Detail,
}

macro_rules! metrics {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $unit:ident, $tier:ident, $cumulative:literal;)*) => {
        // In the order of their tiers.
        /// One figure of the process, as a [`Sample`](crate::Sample) has it.
        ///
        /// The names are stable: they are the field names of samples in JSON, and what alerts call themselves.
        ///
        /// ```
        /// use lagom_profiler::{Metric, sample_now};
        ///
        /// let sample = sample_now();
        /// for metric in Metric::ALL {
        ///     println!("{metric} ({}): {:?}", metric.unit(), sample.get(metric));
        /// }
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Metric {
            $($(#[$doc])* $variant,)*
        }

        impl Metric {
            /// Every metric.
            ///
            /// ```
            /// assert_eq!(lagom_profiler::Metric::ALL[0].name(), "rss");
            /// ```
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// The name in `snake_case`.
            ///
            /// ```
            /// assert_eq!(lagom_profiler::Metric::OpenFiles.name(), "open_files");
            /// ```
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            pub(crate) const fn kind(self) -> Unit {
                match self {
                    $(Self::$variant => Unit::$unit,)*
                }
            }

            #[cfg_attr(not(feature = "enabled"), allow(dead_code, reason = "nothing is read"))]
            pub(crate) const fn tier(self) -> Tier {
                match self {
                    $(Self::$variant => Tier::$tier,)*
                }
            }

            /// Whether it only ever grows, as a count of faults does; the others go up and down.
            ///
            /// ```
            /// use lagom_profiler::Metric;
            /// assert!(Metric::MajorFaults.is_cumulative() && !Metric::Rss.is_cumulative());
            /// ```
            #[must_use]
            pub const fn is_cumulative(self) -> bool {
                match self {
                    $(Self::$variant => $cumulative,)*
                }
            }
        }
    };
}

metrics! {
    /// Resident memory in bytes.
    Rss = "rss", Bytes, Always, false;
    /// Virtual memory in bytes.
    Vms = "vms", Bytes, Always, false;
    /// Live heap bytes, by [`TrackingAllocator`](crate::TrackingAllocator).
    TracedCurrent = "traced_current", Bytes, Always, false;
    /// The most live heap bytes since the start or the last [`heap::reset_peak`](crate::heap::reset_peak).
    TracedPeak = "traced_peak", Bytes, Always, false;
    /// Resident memory as a share of the machine's memory.
    MachineShare = "machine_share", Share, Always, false;
    /// Resident memory as a share of the cgroup's limit.
    CgroupShare = "cgroup_share", Share, Always, false;
    /// The most resident memory of the process so far, exact also between samples, in bytes.
    PeakRss = "peak_rss", Bytes, Usage, true;
    /// CPU time of the process so far, user and system, in nanoseconds.
    CpuTime = "cpu_ns", Nanoseconds, Usage, true;
    /// CPU time per time since the reading before: 1.0 is one processor busy all the time.
    CpuShare = "cpu_share", Share, Usage, false;
    /// Page faults so far that needed no disk.
    MinorFaults = "minor_faults", Count, Usage, true;
    /// Page faults so far that had to wait for a disk.
    MajorFaults = "major_faults", Count, Usage, true;
    /// How often so far a thread gave its processor away, to wait for something.
    VoluntarySwitches = "voluntary_switches", Count, Usage, true;
    /// How often so far a thread was taken from its processor, for another one's turn.
    InvoluntarySwitches = "involuntary_switches", Count, Usage, true;
    /// Threads of the process.
    Threads = "threads", Count, Detail, false;
    /// Open file descriptors.
    OpenFiles = "open_files", Count, Detail, false;
    /// Memory of the machine in bytes.
    MachineMemory = "machine_memory", Bytes, Detail, false;
    /// The tightest limit on the memory of the process's cgroup, its parents included, in bytes.
    CgroupLimit = "cgroup_limit", Bytes, Detail, false;
    /// Memory that the cgroup of that limit uses, its page cache included, in bytes.
    CgroupUsage = "cgroup_usage", Bytes, Detail, false;
    /// Share of the last 10 s in which some task of the cgroup, or machine, waited for memory.
    PressureSome = "pressure_some", Share, Detail, false;
    /// Share of the last 10 s in which all tasks of the cgroup, or machine, waited for memory.
    PressureFull = "pressure_full", Share, Detail, false;
    /// Time so far in which some task of the cgroup, or machine, waited for memory, in nanoseconds.
    PressureStalled = "pressure_stalled_ns", Nanoseconds, Detail, true;
    /// What the whole cgroup uses as a share of its limit.
    CgroupFill = "cgroup_fill", Share, Detail, false;
}

impl Metric {
    /// What one of it is: `bytes`, `ns`, `share` (1.0 is all of it) or `count`.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::Metric::Rss.unit(), "bytes");
    /// ```
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self.kind() {
            Unit::Bytes => "bytes",
            Unit::Nanoseconds => "ns",
            Unit::Share => "share",
            Unit::Count => "count",
        }
    }
}

/// The name.
impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Metric {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_the_list_is_in_order() {
        for (place, metric) in Metric::ALL.into_iter().enumerate() {
            assert_eq!(metric as usize, place);
            assert!(metric.name().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{metric}");
            assert_eq!(Metric::ALL.iter().filter(|other| other.name() == metric.name()).count(), 1);
            assert_eq!(metric.name().ends_with("_ns"), metric.unit() == "ns");
        }
        assert!(Metric::ALL.is_sorted_by_key(|metric| metric.tier()));
    }

    #[test]
    fn values_for_people() {
        assert_eq!(Shown(Unit::Bytes, 1024.0).to_string(), "1.00K");
        assert_eq!(Shown(Unit::Nanoseconds, 1.5e9).to_string(), "1.50s");
        assert_eq!(Shown(Unit::Share, 0.1234).to_string(), "12.3%");
        assert_eq!(Shown(Unit::Count, 41.6).to_string(), "42");
        assert_eq!(Shown(Unit::Bytes, f64::INFINITY).to_string(), "16384P");
    }
}

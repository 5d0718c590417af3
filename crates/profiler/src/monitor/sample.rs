//! One reading of the process's figures.

use std::fmt;
use std::time::Duration;

use crate::engine;
use crate::format::{Bytes, Time};

/// Takes one sample without a monitor; [`at`](Sample::at) counts from the profiler's first use.
///
/// Some microseconds on Linux: three system calls, on kernels before 6.2 one directory listing.
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

/// The process at one moment. What the platform does not tell, or not now, is `None`.
///
/// | | Linux | macOS, other Unix | Windows |
/// | --- | --- | --- | --- |
/// | heap | yes | yes | yes |
/// | CPU time, peak RSS | yes | yes | no |
/// | RSS, VMS, threads, open files | yes | no | no |
///
/// ```
/// let sample = lagom_profiler::sample_now();
/// assert!(sample.traced_current() <= sample.traced_peak());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Sample {
    pub(crate) at_ns: u64,
    pub(crate) rss: Option<u64>,
    pub(crate) vms: Option<u64>,
    pub(crate) peak_rss: Option<u64>,
    pub(crate) traced_current: u64,
    pub(crate) traced_peak: u64,
    pub(crate) threads: Option<u32>,
    pub(crate) open_files: Option<u32>,
    pub(crate) cpu_ns: Option<u64>,
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
    /// When it was taken: time since the monitor's first start.
    at: Duration = |this| Duration::from_nanos(this.at_ns);
    /// Resident memory in bytes.
    rss: Option<u64> = |this| this.rss;
    /// Virtual memory in bytes.
    vms: Option<u64> = |this| this.vms;
    /// The most resident memory so far in bytes, exact also between samples.
    peak_rss: Option<u64> = |this| this.peak_rss;
    /// Live heap bytes; 0 without [`TrackingAllocator`](crate::TrackingAllocator).
    traced_current: u64 = |this| this.traced_current;
    /// The most live heap bytes since the start or the last [`heap::reset_peak`](crate::heap::reset_peak).
    traced_peak: u64 = |this| this.traced_peak;
    /// Threads of the process.
    threads: Option<u32> = |this| this.threads;
    /// Open file descriptors.
    open_files: Option<u32> = |this| this.open_files;
    /// CPU time of the process so far, user and system.
    cpu_time: Option<Duration> = |this| this.cpu_ns.map(Duration::from_nanos);
}

/// One line: `at 1.50s: rss 12.3M, vms 100M, heap 4.00M (peak 5.00M), 8 threads, 12 open files, cpu 1.20s`
impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {}: ", Time(self.at_ns))?;
        for (name, value) in [("rss", self.rss), ("vms", self.vms)] {
            if let Some(value) = value {
                write!(f, "{name} {}, ", Bytes(value))?;
            }
        }
        write!(f, "heap {} (peak {})", Bytes(self.traced_current), Bytes(self.traced_peak))?;
        if let Some(threads) = self.threads {
            write!(f, ", {threads} threads")?;
        }
        if let Some(files) = self.open_files {
            write!(f, ", {files} open files")?;
        }
        if let Some(cpu) = self.cpu_ns {
            write!(f, ", cpu {}", Time(cpu))?;
        }
        Ok(())
    }
}

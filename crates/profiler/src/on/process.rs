//! One reading of the process's own figures. Whatever cannot be read is `None`.

use std::time::Duration;

use super::{clock, counters};
use crate::monitor::Sample;

/// A sample whose time counts from the profiler's first reading of its clock.
pub(crate) fn sample_now() -> Sample {
    sample(Duration::from_nanos(clock::now()))
}

/// A sample that carries the given time.
pub(crate) fn sample(at: Duration) -> Sample {
    let mut sample = Sample {
        at_ns: u64::try_from(at.as_nanos()).unwrap_or(u64::MAX),
        traced_current: counters::current(),
        traced_peak: counters::peak(),
        ..Sample::default()
    };
    #[cfg(unix)]
    if let Some((cpu, peak)) = super::rusage::usage() {
        sample.cpu_ns = u64::try_from(cpu.as_nanos()).ok();
        sample.peak_rss = Some(peak);
    }
    #[cfg(any(target_os = "linux", target_os = "android"))]
    super::proc::fill(&mut sample);
    sample.peak_rss = sample.peak_rss.max(sample.rss);
    sample
}

//! CPU time of the whole process, for contenders that leave work to a thread of their own.

use std::time::Duration;

/// User and system time of all threads so far, where the platform tells it.
#[cfg(unix)]
pub(crate) fn process() -> Option<Duration> {
    use rustix::time::{ClockId, clock_gettime};
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Some(Duration::new(time.tv_sec.try_into().ok()?, time.tv_nsec.try_into().ok()?))
}

/// User and system time of all threads so far, where the platform tells it.
#[cfg(not(unix))]
pub(crate) fn process() -> Option<Duration> {
    None
}

/// Long enough for background threads to work off what a batch left them: the slowest sweeper here wakes every 50 ms.
pub(crate) const SETTLE: Duration = Duration::from_millis(120);

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

/// Waits until background threads have worked off what a batch left them: until the process takes less than a hundredth of a
/// core for [`QUIET`], half a minute at most.
pub(crate) fn settle() {
    for _ in 0..250 {
        let before = process();
        std::thread::sleep(QUIET);
        let busy = process().zip(before).map(|(after, before)| after.saturating_sub(before));
        if busy.is_none_or(|busy| busy < QUIET / 100) {
            return;
        }
    }
}

/// The slowest sweeper here wakes every 50 ms.
const QUIET: Duration = Duration::from_millis(120);

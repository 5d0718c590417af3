//! Since when what passes through the heap is counted.

use std::time::{Duration, Instant};

use super::fork::{Around, Lock};
use super::heap as counters;

static BEGIN: Lock<Option<Begin>> = Lock::new(None);

pub(super) fn around_fork(around: Around) {
    around.meet(&BEGIN);
}

#[derive(Clone, Copy)]
struct Begin {
    at: Instant,
    allocations: u64,
    bytes: u64,
}

impl Begin {
    fn now() -> Self {
        Self { at: Instant::now(), allocations: counters::allocations(), bytes: counters::allocated_bytes() }
    }

    /// The start of the process if the system tells it, else now.
    fn of_process() -> Self {
        let began = process_age().and_then(|age| Instant::now().checked_sub(age));
        began.map_or_else(Self::now, |at| Self { at, allocations: 0, bytes: 0 })
    }
}

/// From here on [`churn`] counts.
pub(crate) fn mark_churn() {
    *BEGIN.lock() = Some(Begin::now());
}

/// The time since the last [`mark_churn`], else since the start of the process, and the allocations and bytes in it.
pub(crate) fn churn() -> (Duration, u64, u64) {
    let begin = *BEGIN.lock().get_or_insert_with(Begin::of_process);
    let since = |now: u64, before| now.saturating_sub(before);
    let (allocations, bytes) = (counters::allocations(), counters::allocated_bytes());
    (begin.at.elapsed(), since(allocations, begin.allocations), since(bytes, begin.bytes))
}

/// How long ago this process was started, to 10 ms; `None` if the system does not tell.
fn process_age() -> Option<Duration> {
    /// What user programs see is the same on all machines.
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program, in parentheses, may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let started: f64 = fields.split_ascii_whitespace().nth(19)?.parse().ok()?;
    let uptime = std::fs::read_to_string("/proc/uptime").ok()?;
    let now: f64 = uptime.split_ascii_whitespace().next()?.parse().ok()?;
    Duration::try_from_secs_f64(now - started / TICKS_PER_SECOND).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_process_is_as_old_as_its_clock_says() {
        let before = process_age().expect("Linux tells");
        std::thread::sleep(Duration::from_millis(50));
        let after = process_age().expect("Linux tells");
        assert!(
            after >= before + Duration::from_millis(30) && before < Duration::from_secs(3_600),
            "{before:?} {after:?}"
        );
    }
}

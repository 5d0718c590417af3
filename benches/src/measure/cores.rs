//! A core of its own for each thread of a case: left alone, a busy system runs two of them in turn on one core.

/// How many of so many threads run at the same time.
pub(crate) fn at_once(threads: usize) -> usize {
    std::thread::available_parallelism().map_or(threads, |cores| threads.min(cores.get()))
}

/// Keeps the calling thread on the `at`th of the cores that it may use, if there are at least `threads`.
#[cfg(target_os = "linux")]
pub(crate) fn pin(at: usize, threads: usize) {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
    let Ok(allowed) = sched_getaffinity(None) else { return };
    let cores: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core)).collect();
    if cores.len() >= threads {
        let mut own = CpuSet::new();
        own.set(cores[at % cores.len()]);
        // A system that forbids it measures as well as it can.
        let _ = sched_setaffinity(None, &own);
    }
}

/// Other systems place threads as they like.
#[cfg(not(target_os = "linux"))]
pub(crate) fn pin(_: usize, _: usize) {}

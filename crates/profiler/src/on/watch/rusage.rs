//! What only the C library tells: what the process has used so far, and what the machine has.
#![allow(unsafe_code, reason = "calls into the C library")]

use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use crate::monitor::{Metric, Sample};

/// Enters CPU time, faults, switches and the highest resident size so far.
pub(crate) fn fill(sample: &mut Sample) {
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the pointer is to writable memory of the right type, which is all that getrusage asks for.
    let answer = unsafe { libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) };
    if answer != 0 {
        return;
    }
    // SAFETY: zeroed above, and every field of rusage is an integer, for which all zeros is a value.
    let usage = unsafe { usage.assume_init() };
    let time = |value: libc::timeval| {
        let (seconds, micros) = (u64::try_from(value.tv_sec).ok()?, u64::try_from(value.tv_usec).ok()?);
        seconds.checked_mul(1_000_000_000)?.checked_add(micros.checked_mul(1_000)?)
    };
    let cpu = time(usage.ru_utime).zip(time(usage.ru_stime)).and_then(|(user, system)| user.checked_add(system));
    sample.set(Metric::CpuTime, cpu);
    // Apple counts bytes, everybody else KiB.
    let unit = if cfg!(target_vendor = "apple") { 1 } else { 1_024 };
    sample.set(Metric::PeakRss, u64::try_from(usage.ru_maxrss).ok().and_then(|peak| peak.checked_mul(unit)));
    sample.set(Metric::MinorFaults, u64::try_from(usage.ru_minflt).ok());
    sample.set(Metric::MajorFaults, u64::try_from(usage.ru_majflt).ok());
    sample.set(Metric::VoluntarySwitches, u64::try_from(usage.ru_nvcsw).ok());
    sample.set(Metric::InvoluntarySwitches, u64::try_from(usage.ru_nivcsw).ok());
}

/// A number that is another one in a forked process. A look at it costs a load, and `getpid` 100 ns.
pub(crate) fn forks() -> u64 {
    static FORKS: AtomicU64 = AtomicU64::new(0);
    static STATE: AtomicU8 = AtomicU8::new(UNASKED);
    const UNASKED: u8 = 0;
    const ASKED: u8 = 1;
    const REFUSED: u8 = 2;

    extern "C" fn count() {
        FORKS.fetch_add(1, Ordering::Relaxed);
    }
    let mut state = STATE.load(Ordering::Relaxed);
    // Not by a `Once`, for which a child would wait if it came in the middle.
    if state == UNASKED && STATE.swap(ASKED, Ordering::Relaxed) == UNASKED {
        // SAFETY: the function may be called at any time, in a child too, where it only adds to an atomic.
        let answer = unsafe { libc::pthread_atfork(None, None, Some(count)) };
        // It needs some memory. Without, the numbers of processes have to do.
        state = if answer == 0 { ASKED } else { REFUSED };
        STATE.store(state, Ordering::Relaxed);
    }
    if state == REFUSED { u64::from(std::process::id()) } else { FORKS.load(Ordering::Relaxed) }
}

/// Bytes of a page.
pub(crate) fn page_size() -> Option<u64> {
    // SAFETY: takes a number and answers with one.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    u64::try_from(bytes).ok()
}

/// The machine's memory in bytes.
pub(crate) fn machine_memory() -> Option<u64> {
    // SAFETY: takes a number and answers with one.
    let pages = unsafe { libc::sysconf(libc::_SC_PHYS_PAGES) };
    u64::try_from(pages).ok()?.checked_mul(page_size()?)
}

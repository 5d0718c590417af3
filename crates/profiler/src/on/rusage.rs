//! What only the C library tells: CPU time, the highest resident size so far.
#![allow(unsafe_code, reason = "calls into the C library")]

use std::mem::MaybeUninit;
use std::time::Duration;

/// CPU time of the process (user and system) and its highest resident size so far in bytes.
pub(crate) fn usage() -> Option<(Duration, u64)> {
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the pointer is to writable memory of the right type, which is all that getrusage asks for.
    let answer = unsafe { libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) };
    if answer != 0 {
        return None;
    }
    // SAFETY: zeroed above, and every field of rusage is an integer, for which all zeros is a value.
    let usage = unsafe { usage.assume_init() };
    let time = |value: libc::timeval| {
        let seconds = u64::try_from(value.tv_sec).unwrap_or(0);
        Duration::from_secs(seconds) + Duration::from_micros(u64::try_from(value.tv_usec).unwrap_or(0))
    };
    // Apple counts bytes, everybody else KiB.
    let unit = if cfg!(target_vendor = "apple") { 1 } else { 1024 };
    let peak = u64::try_from(usage.ru_maxrss).unwrap_or(0).saturating_mul(unit);
    Some((time(usage.ru_utime) + time(usage.ru_stime), peak))
}

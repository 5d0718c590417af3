//! What the system calls the threads.
#![cfg_attr(target_os = "linux", allow(unsafe_code, reason = "system calls"))]

use crate::heap::recording::format::NAME;

/// Zeros behind it.
pub(super) type Name = [u8; NAME];

/// Of the calling thread. Neither allocates nor locks.
#[cfg(target_os = "linux")]
pub(super) fn current() -> Name {
    let mut name = [0; NAME];
    // SAFETY: writes 16 bytes at most, which is what the array has.
    unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) };
    name
}

/// The number that the system gives the calling thread. Neither allocates nor locks.
#[cfg(target_os = "linux")]
pub(super) fn number() -> u32 {
    // SAFETY: takes nothing, touches nothing.
    let number = unsafe { libc::syscall(libc::SYS_gettid) };
    u32::try_from(number).unwrap_or(0)
}

/// Of the thread with this number, if it still runs. Not inside an allocator.
#[cfg(target_os = "linux")]
pub(super) fn of(number: u32) -> Name {
    let mut name = [0; NAME];
    if let Ok(text) = std::fs::read(format!("/proc/self/task/{number}/comm")) {
        let text = text.strip_suffix(b"\n").unwrap_or(&text);
        let length = text.len().min(NAME - 1);
        name[..length].copy_from_slice(&text[..length]);
    }
    name
}

#[cfg(not(target_os = "linux"))]
pub(super) fn current() -> Name {
    [0; NAME]
}

#[cfg(not(target_os = "linux"))]
pub(super) fn number() -> u32 {
    0
}

#[cfg(not(target_os = "linux"))]
pub(super) fn of(_: u32) -> Name {
    [0; NAME]
}

//! Being called when the program ends.

#![allow(unsafe_code, reason = "`atexit`")]

/// Has the function called when `main` returns or the program calls `exit`; `false` if the system will not.
#[cfg(unix)]
pub(crate) fn at_exit(work: fn()) -> bool {
    use std::sync::OnceLock;
    static WORK: OnceLock<fn()> = OnceLock::new();

    extern "C" fn run() {
        if let Some(work) = WORK.get() {
            // No panic may leave a function of C, and at this point nobody is left to tell.
            let _ = std::panic::catch_unwind(work);
        }
    }
    // SAFETY: `run` is a function for as long as the program has code; a library with it is not unloaded, as its
    // statics hold what was made by std.
    WORK.set(work).is_ok() && unsafe { libc::atexit(run) } == 0
}

/// Nobody says when.
#[cfg(not(unix))]
pub(crate) fn at_exit(_: fn()) -> bool {
    false
}

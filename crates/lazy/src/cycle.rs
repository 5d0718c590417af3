//! The answer to a value that needs itself.

/// Panics: to wait would be for ever, and to compute would not end either.
#[cold]
#[track_caller]
pub(crate) fn needs_itself() -> ! {
    panic!("a lazy value needs itself: its initializer uses it, directly or through a thread that waits for this one")
}

//! Ours, and what it tells.

pub(super) use lagom_profiler::{Mode, set_mode as set};

use lagom_profiler::{FunctionStats, summary};

/// What is said of the function of that name; zeros if it was not called.
pub(super) fn of(name: &str) -> FunctionStats {
    summary().get(name).cloned().unwrap_or_default()
}

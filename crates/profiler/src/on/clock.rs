//! Time as nanoseconds since the profiler's first reading: 584 years fit.

use std::sync::OnceLock;
use std::time::Instant;

static ANCHOR: OnceLock<Instant> = OnceLock::new();

/// Now, in nanoseconds.
#[inline]
pub(crate) fn now() -> u64 {
    let elapsed = ANCHOR.get_or_init(Instant::now).elapsed();
    u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX)
}

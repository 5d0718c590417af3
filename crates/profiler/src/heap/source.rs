//! Where figures come from: the engine, read without a trace of the reading in them.

use super::raw::Raw;
use crate::engine;

/// All sites as they are now.
pub(crate) fn raw() -> Raw {
    engine::heap_raw()
}

/// Runs the closure, of whose allocations nothing is recorded.
pub(crate) fn aside<R>(work: impl FnOnce() -> R) -> R {
    engine::heap_aside(work)
}

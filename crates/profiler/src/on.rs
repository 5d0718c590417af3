//! The engine: what runs when the feature `enabled` is on. [`off`](../off.rs) has the same surface and does nothing.
//!
//! Each thread writes into a block of its own, so that a profiled call shares no cache line and takes no lock. Readers add
//! the blocks up; a thread that ends hands its block on, figures and all, to the next one that starts.

mod calls;
mod clock;
mod contain;
mod control;
mod counters;
mod cpu;
mod figures;
mod watch;

pub(crate) use calls::{AsyncCall, Site, Span, lines, snapshot};
pub use calls::{LineBack, LineCount, LineProbe, LineSite};
#[cfg(feature = "tracing")]
pub(crate) use calls::{Moment, VisitedCall, aside};
pub(crate) use control::{mode, reset, set_mode};
pub(crate) use counters::{
    allocated_bytes, allocations, current, is_installed, mode as heap_mode, on_alloc, on_dealloc, on_realloc, peak,
    reset_peak, set_mode as set_heap_mode,
};
pub(crate) use figures::{Registration, figures, register};
pub(crate) use watch::{Sampler, sample_now};

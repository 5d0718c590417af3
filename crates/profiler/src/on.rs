//! The engine: what runs when the feature `enabled` is on. [`off`](../off.rs) has the same surface and does nothing.
//!
//! Each thread writes into blocks of its own, so that a profiled call shares no cache line and takes no lock. Readers add
//! the blocks up; a thread that ends hands its block on, figures and all, to the next one that starts.

mod block;
mod clock;
mod contain;
mod control;
mod counters;
mod figures;
mod frames;
mod probe;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod proc;
mod process;
#[cfg(unix)]
mod rusage;
mod sampler;
mod site;
mod slot;
mod thread;

pub(crate) use control::{is_enabled, reset, set_enabled, snapshot};
pub(crate) use counters::{
    allocated_bytes, allocations, current, is_installed, mode, on_alloc, on_dealloc, on_realloc, peak, reset_peak,
    set_mode,
};
pub(crate) use figures::{Registration, figures, register};
pub(crate) use probe::{AsyncCall, Span};
pub(crate) use process::sample_now;
pub(crate) use sampler::Sampler;
pub(crate) use site::Site;

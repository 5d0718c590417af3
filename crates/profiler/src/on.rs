//! The engine: what runs when the feature `enabled` is on. [`off`](../off.rs) has the same surface and does nothing.
//!
//! Each thread writes into a block of its own, so that a profiled call shares no cache line and takes no lock. Readers add
//! the blocks up; a thread that ends hands its block on, figures and all, to the next one that starts.

mod at_exit;
mod calls;
mod churn;
mod clock;
mod contain;
mod control;
mod cpu;
mod figures;
mod fork;
mod heap;
mod held;
mod instances;
mod memory;
mod peaks;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod scan;
#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
#[path = "on/scan/elsewhere.rs"]
mod scan;
mod scopes;
mod stack;
mod timed_drop;
mod watch;

pub(crate) use at_exit::at_exit;
pub(crate) use calls::{AsyncCall, Site, Span, lines, snapshot};
pub use calls::{LineBack, LineCount, LineProbe, LineSite};
#[cfg(feature = "tracing")]
pub(crate) use calls::{Moment, VisitedCall, aside};
pub(crate) use churn::{churn, mark_churn};
pub(crate) use control::{mode, reset, set_mode};
pub(crate) use figures::{Registration, figures, register};
pub(crate) use heap::{
    Sample as HeapSample, after_realloc, allocated_bytes, allocations, before_realloc, blocks as heap_blocks,
    count_alloc, count_alloc_simply, count_dealloc, count_dealloc_simply, count_realloc, counts_down, current,
    exact_peak, interval as heap_interval, is_due, is_installed, left_place, may_be_sampled, mode as heap_mode, peak,
    raw as heap_raw, realloc_failed, record, record_alloc, record_dealloc, reset_peak, set_exact_peak,
    set_interval as set_heap_interval, set_mode as set_heap_mode, stacks as heap_stacks, stop_recording, work,
};
pub(crate) use held::held;
pub(crate) use instances::{instance_created, instance_dropped, instance_growth, instances};
#[cfg(feature = "symbols")]
pub(crate) use memory::own_static;
pub(crate) use peaks::aside as heap_aside;
pub(crate) use scan::{path, unreachable};
pub(crate) use scopes::{ScopeSite, Stretch, is_blind, scopes};
pub(crate) use stack::{frames as heap_stack, set_unwinding, unwinding};
pub(crate) use timed_drop::enter_drop;
pub(crate) use watch::{Sampler, sample_now};

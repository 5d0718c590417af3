//! What happens beside an allocation: counting, sampling, keeping who allocated what.
//!
//! Runs inside `malloc`: nothing here allocates, locks or panics. What a thread notes it notes in a [`Block`](block::Block) of
//! its own, as the only writer; readers add the blocks up. Which blocks of the program's memory were recorded, and by which
//! stack, says the [`shadow`], so that every mode can be switched on and off at any time: what it has not seen is not there.

mod block;
mod counters;
mod flags;
mod hooks;
mod large;
mod names;
mod read;
mod recording;
mod region;
mod sample;
mod shadow;
mod sites;
mod table;
mod tally;
#[cfg(test)]
mod tests;
mod trace;

pub(crate) use block::aside;
pub(crate) use counters::{
    Counts, allocated_bytes, allocations, current, is_installed, peak, reset_peak, thread, thread_is_counted, unwatch,
    watch,
};
pub(crate) use flags::{exact_peak, mode, set_exact_peak, set_mode};
pub(crate) use hooks::{
    after_realloc, before_realloc, count_alloc, count_alloc_simply, count_dealloc, count_dealloc_simply, count_realloc,
    counts_down, is_due, left_place, may_be_sampled, realloc_failed, record_alloc, record_dealloc, work,
};
pub(crate) use read::{blocks, raw, stacks};
pub(crate) use recording::{record, stop_recording};
#[cfg_attr(not(all(target_os = "linux", target_arch = "x86_64")), allow(unused_imports, reason = "for scans"))]
pub(crate) use region::places as sampled_places;
pub(crate) use sample::{Sample, interval, set_interval};

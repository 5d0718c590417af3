//! Counting and timing calls: what a probe does, where it keeps its figures, and how they are read.
//!
//! A [`probe`] asks its [`thread`] for the [`slot`] of its [`site`]. The slot's [`schedule`] says whether the call is timed; if
//! it is, its duration goes into the slot ([`histogram`], [`stretches`], [`details`]) and into the thread's [`tree`]. Slots
//! and tree are a thread's [`block`]; a [`snapshot`] adds all blocks up.

#[cfg(test)]
mod backwards;
mod block;
mod call;
mod cost;
mod details;
mod histogram;
mod lines;
mod probe;
mod schedule;
mod site;
mod slot;
mod snapshot;
mod stretches;
mod thread;
mod tree;
#[cfg(feature = "tracing")]
mod visited;

use super::{clock, control, cpu, fork, heap, peaks};

pub(crate) use call::AsyncCall;
pub(crate) use lines::lines;
pub use lines::{LineBack, LineCount, LineProbe, LineSite};
pub(crate) use probe::Span;
pub(crate) use site::Site;
pub(crate) use snapshot::snapshot;
#[cfg(feature = "tracing")]
pub(crate) use visited::{Moment, VisitedCall, aside};

/// Begins the counters of all calls anew; timed figures are void by their epoch.
pub(super) fn rebase() {
    for block in block::all() {
        for slot in block.table().iter().filter_map(|slot| slot.get()) {
            slot.rebase();
        }
    }
    lines::reset();
}

/// Meets all locks that calls take.
pub(super) fn around_fork(around: fork::Around) {
    site::around_fork(around);
    block::around_fork(around);
    // Last: an allocator whose lines are timed takes it under any of the others.
    lines::around_fork(around);
}

/// The number of the calling thread's innermost open site plus one, 0 without one.
#[inline(always)]
pub(super) fn open_site() -> u32 {
    thread::with(thread::Thread::open_site)
}

/// The name of the site with this number plus one; empty for 0, and for sites beyond the first thousands. Neither allocates
/// nor locks.
pub(super) fn site_name(number: u32) -> &'static str {
    number.checked_sub(1).and_then(site::early).map_or("", |site| site.name)
}

/// The names of all sites, in the order of their numbers.
pub(super) fn site_names() -> Vec<&'static str> {
    site::all().iter().map(|site| site.name).collect()
}

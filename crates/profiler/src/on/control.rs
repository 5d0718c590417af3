//! On and off, reset, and the reading of all figures.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::slot::{Field, Tally};
use super::{block, clock, site};
use crate::summary::FunctionStats;

static ENABLED: AtomicBool = AtomicBool::new(true);
/// How often the figures were reset. Slots of an older epoch are void, so that nobody but its owner writes to a slot.
static EPOCH: AtomicU64 = AtomicU64::new(0);
/// When the figures were reset, on the profiler's clock.
static SINCE: AtomicU64 = AtomicU64::new(0);

#[inline]
pub(crate) fn is_enabled() -> bool {
    ENABLED.load(Ordering::Relaxed)
}

pub(crate) fn set_enabled(enabled: bool) {
    ENABLED.store(enabled, Ordering::Relaxed);
}

#[inline]
pub(crate) fn epoch() -> u64 {
    EPOCH.load(Ordering::Relaxed)
}

pub(crate) fn reset() {
    SINCE.store(clock::now(), Ordering::Relaxed);
    EPOCH.fetch_add(1, Ordering::Relaxed);
}

/// Time since the reset in nanoseconds, and the figures of every function called since.
pub(crate) fn snapshot() -> (u64, Vec<FunctionStats>) {
    let epoch = epoch();
    let elapsed = clock::now().saturating_sub(SINCE.load(Ordering::Relaxed));
    let blocks = block::all();
    let mut functions = Vec::new();
    for (number, site) in (0_u32..).zip(site::all()) {
        let mut tally = Tally::EMPTY;
        for found in blocks.iter().filter_map(|block| block.existing(number)?.read(epoch)) {
            tally.merge(&found);
        }
        if tally.get(Field::Calls) + tally.get(Field::Polls) == 0 {
            continue;
        }
        functions.push(FunctionStats {
            name: site.name,
            module: site.module,
            file: site.file,
            line: site.line,
            calls: tally.get(Field::Calls),
            errors: tally.get(Field::Errors),
            panics: tally.get(Field::Panics),
            cancelled: tally.get(Field::Cancelled),
            total_ns: tally.get(Field::Total),
            self_ns: tally.get(Field::Own),
            wall_ns: tally.get(Field::Wall),
            failed_ns: tally.get(Field::FailedWall),
            min_ns: tally.get(Field::Min),
            max_ns: tally.get(Field::First).max(tally.get(Field::RestMax)),
            first_ns: tally.get(Field::First),
            rest_max_ns: tally.get(Field::RestMax),
            polls: tally.get(Field::Polls),
            longest_poll_ns: tally.get(Field::LongestPoll),
            allocations: tally.get(Field::Allocations),
            allocated_bytes: tally.get(Field::Bytes),
            self_allocations: tally.get(Field::OwnAllocations),
            self_allocated_bytes: tally.get(Field::OwnBytes),
        });
    }
    (elapsed, functions)
}

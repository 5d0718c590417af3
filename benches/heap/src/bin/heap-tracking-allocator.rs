//! tracking-allocator with the least a tracker can do: it adds up what it is told, on two shared counters.

use std::alloc::System;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use lagom_benches_heap::{Profiler, run};
use tracking_allocator::{AllocationGroupId, AllocationGroupToken, AllocationRegistry, AllocationTracker, Allocator};

#[global_allocator]
static ALLOCATOR: Allocator<System> = Allocator::system();

static ALLOCATED: AtomicU64 = AtomicU64::new(0);
static RELEASED: AtomicU64 = AtomicU64::new(0);

struct Tracker;

impl AllocationTracker for Tracker {
    fn allocated(&self, _: usize, size: usize, _: usize, _: AllocationGroupId) {
        ALLOCATED.fetch_add(size as u64, Ordering::Relaxed);
    }

    fn deallocated(&self, _: usize, size: usize, _: usize, _: AllocationGroupId, _: AllocationGroupId) {
        RELEASED.fetch_add(size as u64, Ordering::Relaxed);
    }
}

fn main() -> ExitCode {
    run(Profiler { session, thread })
}

fn session(_: &str, work: &mut dyn FnMut()) -> Result<()> {
    AllocationRegistry::set_global_tracker(Tracker).ok().context("there is a tracker")?;
    AllocationRegistry::enable_tracking();
    work();
    AllocationRegistry::disable_tracking();
    Ok(())
}

/// It only tracks within a group.
fn thread(work: &mut dyn FnMut()) {
    let mut group = AllocationGroupToken::register().expect("there is room for a group");
    let guard = group.enter();
    work();
    drop(guard);
}

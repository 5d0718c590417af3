//! hotpath with its feature `hotpath-alloc`, and by default `threads`: bytes and allocations of one measured function, and of
//! each thread.

use std::process::ExitCode;
use std::sync::Mutex;

use anyhow::Result;
use hotpath::{CountingAllocator, Format, HotpathGuard, HotpathGuardBuilder};
use lagom_benches_heap::{Profiler, run};

/// As `#[hotpath::main]` does, which has no place for an exit code of ours.
#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::new();

/// Kept to the end of the process, so that no report is written.
static GUARD: Mutex<Option<HotpathGuard>> = Mutex::new(None);

fn main() -> ExitCode {
    run(Profiler { session, thread })
}

fn session(_: &str, work: &mut dyn FnMut()) -> Result<()> {
    let guard = HotpathGuardBuilder::new("heap").format(Format::None).build();
    *GUARD.lock().expect("nobody panicked") = Some(guard);
    work();
    Ok(())
}

#[hotpath::measure]
fn thread(work: &mut dyn FnMut()) {
    work();
}

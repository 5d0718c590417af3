//! stats_alloc: counters that all threads share.

use std::alloc::System;
use std::process::ExitCode;

use lagom_benches_heap::{Profiler, run};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    run(Profiler::NONE)
}

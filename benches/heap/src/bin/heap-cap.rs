//! cap without a limit.

use std::alloc::System;
use std::process::ExitCode;

use cap::Cap;
use lagom_benches_heap::{Profiler, run};

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

fn main() -> ExitCode {
    run(Profiler::NONE)
}

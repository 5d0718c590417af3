//! peak_alloc: live bytes and their peak.

use std::process::ExitCode;

use lagom_benches_heap::{Profiler, run};
use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

fn main() -> ExitCode {
    run(Profiler::NONE)
}

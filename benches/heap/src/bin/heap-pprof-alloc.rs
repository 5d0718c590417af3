//! pprof-alloc as its README sets it up, over the system's allocator: a sample every 512 KiB, and counters.

use std::process::ExitCode;

#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: pprof_alloc::PprofAlloc = pprof_alloc::PprofAlloc::new().with_pprof().with_stats();

fn main() -> ExitCode {
    lagom_benches_heap::run(lagom_benches_heap::Profiler::NONE)
}

//! jemalloc, built with its profiler; whether it samples is said by `_RJEM_MALLOC_CONF`.

use std::process::ExitCode;

#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    lagom_benches_heap::run(lagom_benches_heap::Profiler::NONE)
}

//! No profiler: what all others are held against.

use std::process::ExitCode;

use lagom_benches_heap::{Profiler, run};

fn main() -> ExitCode {
    run(Profiler::NONE)
}

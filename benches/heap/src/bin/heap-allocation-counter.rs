//! allocation-counter, which brings its global allocator along and measures a closure on its thread.

use std::process::ExitCode;

use allocation_counter::measure;
use lagom_benches_heap::{Profiler, run};

fn main() -> ExitCode {
    run(Profiler { thread, ..Profiler::NONE })
}

fn thread(work: &mut dyn FnMut()) {
    std::hint::black_box(measure(work));
}

//! dhat as its documentation sets it up. Its file is not written: that would come after the work.

use std::process::ExitCode;

use anyhow::Result;
use lagom_benches_heap::{Profiler, run};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

fn main() -> ExitCode {
    run(Profiler { session, ..Profiler::NONE })
}

fn session(_: &str, work: &mut dyn FnMut()) -> Result<()> {
    let profiler = dhat::Profiler::new_heap();
    work();
    std::mem::forget(profiler);
    Ok(())
}

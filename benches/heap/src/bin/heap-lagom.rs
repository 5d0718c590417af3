//! Ours, in the mode that is asked for.

use std::process::ExitCode;

use anyhow::{Result, bail};
use lagom_benches_heap::{Profiler, run};
use lagom_profiler::TrackingAllocator;
use lagom_profiler::heap::{self, Mode, set_exact_peak, set_mode};

#[global_allocator]
static ALLOCATOR: TrackingAllocator = TrackingAllocator::new();

fn main() -> ExitCode {
    run(Profiler { session, ..Profiler::NONE })
}

fn session(mode: &str, work: &mut dyn FnMut()) -> Result<()> {
    match mode {
        "off" => set_mode(Mode::Off),
        "count" => set_mode(Mode::Count),
        "sample" => set_mode(Mode::Sample),
        "both" => set_mode(Mode::CountAndSample),
        "peak" => set_exact_peak(true),
        "live" => set_mode(Mode::Live),
        "trace" => return recorded(work),
        _ => bail!("there is no mode `{mode}`"),
    }
    work();
    set_mode(Mode::Off);
    Ok(())
}

/// Nothing but the recording. What the buffers hold when the work is done is written off the clock: some KiB for a thread.
fn recorded(work: &mut dyn FnMut()) -> Result<()> {
    let path = std::env::temp_dir().join(format!("lagom-bench-heap-{}", std::process::id()));
    set_mode(Mode::Off);
    heap::record(&path)?;
    work();
    heap::stop_recording()?;
    Ok(std::fs::remove_file(&path)?)
}

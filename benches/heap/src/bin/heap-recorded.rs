//! How long a recording of a workload is: `WORKLOAD AMOUNT`.

use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use lagom_benches_heap::workloads::WORKLOADS;
use lagom_profiler::TrackingAllocator;
use lagom_profiler::heap::{self, Recording};

#[global_allocator]
static ALLOCATOR: TrackingAllocator = TrackingAllocator::new();

fn main() -> ExitCode {
    match run() {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// `AMOUNT BYTES EVENTS`, the second for each of the third.
fn run() -> Result<String> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [name, amount] = &*words else { bail!("`WORKLOAD AMOUNT`, not {words:?}") };
    let workload = WORKLOADS.iter().find(|workload| workload.name == name).context("no workload of that name")?;
    let work = (workload.prepare)(amount.parse()?);
    let path = std::env::temp_dir().join(format!("lagom-bench-heap-{}", std::process::id()));
    heap::record(&path)?;
    let answer = work();
    let recorded = heap::stop_recording()?;
    // As its reader sees it.
    let recording = Recording::open(&path)?;
    std::fs::remove_file(&path)?;
    ensure!(recording.is_complete() && recorded.lost() == 0, "the recording has gaps");
    ensure!(
        recording.events() == recorded.events(),
        "{} of {} events are there",
        recording.events(),
        recorded.events()
    );
    Ok(format!("{answer} {} {}", recorded.bytes() as f64 / recorded.events() as f64, recorded.events()))
}

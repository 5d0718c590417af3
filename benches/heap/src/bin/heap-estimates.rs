//! Known numbers of blocks of one size, and what samples make of them: `SIZE TRIALS`.

use std::hint::black_box;
use std::process::ExitCode;

use anyhow::{Result, bail};
use lagom_profiler::TrackingAllocator;
use lagom_profiler::heap::{Mode, Snapshot, set_mode};

#[global_allocator]
static ALLOCATOR: TrackingAllocator = TrackingAllocator::new();

/// Bytes of a trial.
const LIVE: usize = 32 << 20;

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

/// `TRIALS BIAS ERROR HELD SPREAD`, all but the first and the last in per cent.
fn run() -> Result<String> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [size, trials] = &*words else { bail!("`SIZE TRIALS`, not {words:?}") };
    let (size, trials): (usize, usize) = (size.parse()?, trials.parse()?);
    let blocks = (LIVE / size).max(1);
    let truth = (blocks * size) as f64;
    // Both before anything is sampled.
    let mut live: Vec<Vec<u8>> = Vec::with_capacity(blocks);
    let mut found: Vec<Estimate> = Vec::with_capacity(trials);
    set_mode(Mode::Sample);
    for _ in 0..trials {
        let before = estimate();
        fill(&mut live, blocks, size);
        let after = estimate();
        found.push(Estimate { bytes: after.bytes - before.bytes, variance: after.variance - before.variance });
        live.clear();
    }
    set_mode(Mode::Off);
    let count = trials as f64;
    let mean = found.iter().map(|estimate| estimate.bytes).sum::<f64>() / count;
    let spread = (found.iter().map(|estimate| (estimate.bytes - mean).powi(2)).sum::<f64>() / (count - 1.0)).sqrt();
    // Rounding may leave a little less than nothing.
    let told = found.iter().map(|estimate| estimate.variance.max(0.0).sqrt());
    // Bytes are told as whole numbers.
    let is_held = |(estimate, error): (&Estimate, f64)| (estimate.bytes - truth).abs() <= 1.96 * error + 1.0;
    let held = found.iter().zip(told.clone()).filter(|pair| is_held((pair.0, pair.1))).count();
    let told = told.sum::<f64>() / count;
    let bias = 100.0 * (mean / truth - 1.0);
    let error = 100.0 * spread / truth / count.sqrt();
    Ok(format!(
        "{trials} {bias} {error} {} {}",
        100.0 * held as f64 / count,
        if told > 0.0 { spread / told } else { 1.0 }
    ))
}

/// Of all that is live.
struct Estimate {
    bytes: f64,
    variance: f64,
}

fn estimate() -> Estimate {
    let snapshot = Snapshot::take();
    let sum = Estimate { bytes: 0.0, variance: 0.0 };
    snapshot.sites().iter().fold(sum, |sum, site| Estimate {
        bytes: sum.bytes + site.live().bytes() as f64,
        variance: sum.variance + site.standard_error().powi(2),
    })
}

#[inline(never)]
fn fill(live: &mut Vec<Vec<u8>>, blocks: usize, size: usize) {
    for _ in 0..blocks {
        live.push(black_box(Vec::with_capacity(size)));
    }
}

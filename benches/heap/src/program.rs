//! What every program does: reads its arguments, works, says what that took.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::workloads::WORKLOADS;

/// What an allocator needs beside being the global one.
#[derive(Clone, Copy, Debug)]
pub struct Profiler {
    /// Begins to profile in the mode asked for, works, and ends; a report may be written after the work, off the clock.
    pub session: fn(mode: &str, work: &mut dyn FnMut()) -> Result<()>,
    /// Around the work of each thread.
    pub thread: fn(work: &mut dyn FnMut()),
}

impl Profiler {
    /// For allocators that need nothing.
    pub const NONE: Self = Self { session: without_modes, thread: |work| work() };
}

fn without_modes(mode: &str, work: &mut dyn FnMut()) -> Result<()> {
    if !mode.is_empty() {
        bail!("there is no mode `{mode}`");
    }
    work();
    Ok(())
}

/// Does what the arguments `WORKLOAD THREADS AMOUNT [MODE]` ask for, and prints `CPU PEAK ANSWER`.
///
/// The first is the CPU time of the whole process while the work was done, in nanoseconds, the preparation of its input and
/// any report left out; the second the most that was resident so far, in bytes. They are `NaN` where the system does not
/// tell. The answer is the amounts of all threads together, if they did it.
pub fn run(profiler: Profiler) -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match taken(&words, profiler) {
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

fn taken(words: &[String], profiler: Profiler) -> Result<String> {
    let [name, threads, amount, mode @ ..] = words else { bail!("`WORKLOAD THREADS AMOUNT [MODE]`, not {words:?}") };
    let workload = WORKLOADS.iter().find(|workload| workload.name == name).context("no workload of that name")?;
    let (threads, amount): (usize, u64) = (threads.parse()?, amount.parse()?);
    let mode = mode.first().map_or("", |mode| mode.as_str());
    let mut line = String::new();
    (profiler.session)(mode, &mut || {
        let work = (workload.prepare)(amount);
        let before = cpu_time();
        let answer = on_threads(threads, profiler.thread, &*work);
        let spent = cpu_time().zip(before).map_or(f64::NAN, |(after, before)| (after - before).as_nanos() as f64);
        line = format!("{spent} {} {answer}", peak());
    })?;
    Ok(line)
}

/// Each does the whole work.
fn on_threads(threads: usize, around: fn(&mut dyn FnMut()), work: &(dyn Fn() -> u64 + Sync)) -> u64 {
    let one = || {
        let mut answer = 0;
        around(&mut || answer = work());
        answer
    };
    if threads == 1 {
        return one();
    }
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or(0)).sum()
    })
}

#[cfg(unix)]
fn cpu_time() -> Option<Duration> {
    use rustix::time::{ClockId, clock_gettime};
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Some(Duration::new(time.tv_sec.try_into().ok()?, time.tv_nsec.try_into().ok()?))
}

#[cfg(not(unix))]
fn cpu_time() -> Option<Duration> {
    None
}

/// Of this program alone; `getrusage` would count what the parent held when it started this.
fn peak() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    kib.map_or(f64::NAN, |kib| 1024.0 * kib)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn every_workload_does_its_amount_on_every_thread() {
        for workload in WORKLOADS {
            for threads in [1, 2] {
                let line = taken(&words(&format!("{} {threads} 40", workload.name)), Profiler::NONE).unwrap();
                let numbers: Vec<f64> = line.split(' ').map(|number| number.parse().unwrap()).collect();
                assert_eq!(numbers[2], threads as f64 * 40.0, "{}", workload.name);
                assert!(numbers[0] > 0.0 || numbers[0].is_nan(), "{line}");
                assert!(numbers[1] > 1e5 || numbers[1].is_nan(), "{line}");
            }
        }
    }

    #[test]
    fn what_does_not_exist_is_an_error() {
        for wrong in ["none 1 1", "pairs 1", "pairs one 1", "pairs 1 1 fast"] {
            assert!(taken(&words(wrong), Profiler::NONE).is_err(), "{wrong}");
        }
    }
}

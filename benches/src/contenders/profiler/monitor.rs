//! One reading of the process's memory.

#[cfg(target_os = "linux")]
use std::fs::File;
use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use lagom_profiler::{Monitor, sample_now};
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use super::super::Scale;
use super::apart::{self, Figure};
use crate::case::{Case, Contender, OURS};
use crate::measure::cpu_time;

pub(super) fn cases(scale: Scale) -> Vec<Case> {
    let mut cases = vec![sample()];
    let seconds = match scale {
        Scale::Smoke => 1,
        Scale::Quick => 10,
        Scale::Full => 60,
    };
    cases.extend(cfg!(target_os = "linux").then(|| background(seconds)));
    cases
}

fn sample() -> Case {
    let case = Case::new("profiler", "monitor", "one sample of the process", |n| n).note(
        "ns for one. In favour of statm and sysinfo, memory only: they tell the resident memory and not much else; ours, the monitor, tells CPU \
         time and the exact peak besides, and keeps the sample.",
    );
    #[cfg(target_os = "linux")]
    let case = case
        .with(Contender::shared("procfs statm", || (), |(), _| u64::from(procfs_statm() > 0)))
        .with(Contender::shared("statm, kept open", statm, |statm, _| u64::from(reread(statm) > 0)).floor());
    case.with(Contender::shared("lagom sample_now", || (), |(), _| u64::from(told(sample_now().rss()))))
        .with(Contender::shared(OURS, Monitor::new, |monitor, _| u64::from(told(monitor.sample().rss()))))
        .with(sysinfo("sysinfo, memory only", memory_only))
        .with(sysinfo("sysinfo", default_refresh))
}

/// Linux tells the memory; of others nothing is asked.
fn told(rss: Option<u64>) -> bool {
    rss.is_some_and(|bytes| bytes > 0) || !cfg!(target_os = "linux")
}

fn sysinfo(name: &str, look: fn(&mut System, Pid) -> u64) -> Contender {
    let system = |_| System::new().expect("the system can be looked at");
    let pid = Pid::from_u32(std::process::id());
    Contender::new(name, || (), system, move |(), system, _| u64::from(look(system, pid) > 0))
}

fn memory_only(system: &mut System, pid: Pid) -> u64 {
    let memory = ProcessRefreshKind::nothing().with_memory();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, memory);
    system.process(pid).map_or(0, sysinfo::Process::memory)
}

fn default_refresh(system: &mut System, pid: Pid) -> u64 {
    system.refresh_processes(ProcessesToUpdate::Some(&[pid]), true);
    system.process(pid).map_or(0, sysinfo::Process::memory)
}

/// Resident pages.
#[cfg(target_os = "linux")]
fn procfs_statm() -> u64 {
    procfs::process::Process::myself().and_then(|process| process.statm()).map_or(0, |statm| statm.resident)
}

#[cfg(target_os = "linux")]
fn statm() -> File {
    File::open("/proc/self/statm").expect("Linux tells it")
}

/// Resident pages: the second number.
#[cfg(target_os = "linux")]
fn reread(statm: &File) -> u64 {
    let mut text = [0_u8; 128];
    let read = std::os::unix::fs::FileExt::read_at(statm, &mut text, 0).unwrap_or(0);
    let mut numbers = text[..read].split(|byte| *byte == b' ');
    let digits = numbers.nth(1).unwrap_or_default();
    digits.iter().fold(0, |pages, digit| 10 * pages + u64::from(digit - b'0'))
}

/// Samples a second of those that run in the background.
const RATE: u32 = 100;

const SHARE: [Figure; 1] = [Figure { metric: "CPU", unit: "% of a core", at: 0 }];

fn background(seconds: u64) -> Case {
    let case = Case::new("profiler", "monitor", format!("{RATE} samples a second for {seconds} s"), |n| n).note(
        "CPU time of a process that does nothing else, over the time; each in its own. The rivals are a loop with a sleep in a thread, \
         and keep nothing, in their favour.",
    );
    FIELD.iter().fold(case, |case, (name, _)| {
        let contender = apart::contender("monitor", name, seconds, &SHARE);
        case.with(if *name == "sleep" { contender.floor() } else { contender })
    })
}

/// Samples for so long.
type Sampler = fn(Duration);

const FIELD: [(&str, Sampler); 4] =
    [("lagom", monitor), ("sysinfo, memory only", sysinfo_loop), ("procfs statm", procfs_loop), ("sleep", sleep_loop)];

/// One contender in this process for so many seconds; returns the share of a core that it took.
pub(super) fn alone(contender: &str, seconds: u64) -> Result<String> {
    let (_, run) = FIELD.iter().find(|(name, _)| *name == contender).context("nobody of that name")?;
    let cpu = || cpu_time().context("the system does not tell the CPU time");
    let (started, before) = (Instant::now(), cpu()?);
    run(Duration::from_secs(seconds));
    let share = cpu()?.saturating_sub(before).as_secs_f64() / started.elapsed().as_secs_f64();
    Ok(format!("{}", 100.0 * share))
}

fn monitor(time: Duration) {
    let monitor = Monitor::builder().interval(Duration::from_secs(1) / RATE).build();
    monitor.start();
    std::thread::sleep(time);
    monitor.stop();
}

fn sysinfo_loop(time: Duration) {
    let mut system = System::new().expect("the system can be looked at");
    let pid = Pid::from_u32(std::process::id());
    repeat(time, || memory_only(&mut system, pid));
}

fn procfs_loop(time: Duration) {
    #[cfg(target_os = "linux")]
    repeat(time, procfs_statm);
    #[cfg(not(target_os = "linux"))]
    repeat(time, || 0);
}

fn sleep_loop(time: Duration) {
    repeat(time, || 0);
}

fn repeat(time: Duration, mut sample: impl FnMut() -> u64) {
    let started = Instant::now();
    while started.elapsed() < time {
        black_box(sample());
        std::thread::sleep(Duration::from_secs(1) / RATE);
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_os = "linux")]
    #[test]
    fn the_ways_agree() {
        let pages = super::reread(&super::statm());
        let by_procfs = super::procfs_statm();
        assert!(pages > 100 && pages.abs_diff(by_procfs) < pages / 2, "{pages} and {by_procfs}");
    }
}

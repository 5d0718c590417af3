//! Whole programs under the allocators that count, against the same program under `System`.
//!
//! The programs are those of `benches/heap`, one for each allocator; `xtask` builds them with frame pointers, for ours and
//! pprof-alloc walk them. Of the rivals that could be thought of, alloc-track 0.4 does not compile on Linux, leaktracer and
//! the crate heaptrack did not end within hundreds of times what the program takes, and heaptrack itself, bytehound and
//! valgrind need no program of ours.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::super::Scale;
use crate::case::{Case, Contender, OURS};
use crate::measure::Spent;

/// A workload of the programs.
struct Workload {
    /// As the programs know it.
    name: &'static str,
    title: &'static str,
    unit: &'static str,
    amount: u64,
    /// Parts of the amount that are enough for a look whether it works.
    smoke: u64,
    /// One of how many is enough where a single one takes a microsecond more than elsewhere.
    slow: u64,
    threads: &'static [usize],
}

const BOTH: &[usize] = &[1, 2];
const ONE: &[usize] = &[1];

const WORKLOADS: [Workload; 9] = [
    Workload {
        name: "json",
        title: "serde_json::Value of 40,000 records",
        unit: "ns/record",
        amount: 40_000,
        smoke: 100,
        slow: 1,
        threads: BOTH,
    },
    Workload {
        name: "btree",
        title: "BTreeMap<String, Vec<u32>>",
        unit: "ns/insertion",
        amount: 300_000,
        smoke: 100,
        slow: 1,
        threads: ONE,
    },
    Workload {
        name: "tokens",
        title: "tokens of 50,000 lines",
        unit: "ns/line",
        amount: 50_000,
        smoke: 100,
        slow: 1,
        threads: ONE,
    },
    Workload {
        name: "syn",
        title: "syn, parse and clone",
        unit: "ns/file",
        amount: 40,
        smoke: 20,
        slow: 1,
        threads: ONE,
    },
    Workload {
        name: "pairs",
        title: "64 bytes in a program, allocate and free",
        unit: "ns/pair",
        amount: 10_000_000,
        smoke: 1_000,
        slow: 20,
        threads: BOTH,
    },
    Workload {
        name: "deep",
        title: "the same at call depth 40",
        unit: "ns/pair",
        amount: 5_000_000,
        smoke: 1_000,
        slow: 20,
        threads: ONE,
    },
    Workload {
        name: "churn",
        title: "churn of 100,000 live blocks",
        unit: "ns/replacement",
        amount: 1_000_000,
        smoke: 100,
        slow: 4,
        threads: BOTH,
    },
    Workload {
        name: "zeros",
        title: "vec![0; 1 << 30]",
        unit: "ns/MiB",
        amount: 1 << 10,
        smoke: 64,
        slow: 1,
        threads: ONE,
    },
    Workload {
        name: "pushes",
        title: "16 M pushes",
        unit: "ns/push",
        amount: 16_000_000,
        smoke: 100,
        slow: 1,
        threads: ONE,
    },
];

/// A contender: one of the programs, in one of its modes.
struct Subject {
    name: &'static str,
    program: &'static str,
    mode: &'static str,
    environment: &'static [(&'static str, &'static str)],
}

const fn rival(name: &'static str, program: &'static str) -> Subject {
    Subject { name, program, mode: "", environment: &[] }
}

const fn ours(name: &'static str, mode: &'static str) -> Subject {
    Subject { name, program: "lagom", mode, environment: &[] }
}

const SYSTEM: &str = "System";
const DHAT: &str = "dhat";

const SUBJECTS: &[Subject] = &[
    ours(OURS, "count"),
    ours("lagom off", "off"),
    ours("lagom sample", "sample"),
    ours("lagom count and sample", "both"),
    ours("lagom count, exact peak", "peak"),
    ours("lagom live", "live"),
    ours("lagom trace", "trace"),
    rival(DHAT, "dhat"),
    rival("stats_alloc", "stats-alloc"),
    rival("cap", "cap"),
    rival("peak_alloc", "peak-alloc"),
    rival("allocation-counter", "allocation-counter"),
    rival("tracking-allocator", "tracking-allocator"),
    rival("hotpath, one span", "hotpath"),
    #[cfg(target_os = "linux")]
    rival("pprof-alloc, 512 KiB", "pprof-alloc"),
    #[cfg(unix)]
    rival("jemalloc, no profile", "jemalloc"),
    #[cfg(unix)]
    Subject {
        environment: &[("_RJEM_MALLOC_CONF", "prof:true,prof_active:true,lg_prof_sample:19")],
        ..rival("jemalloc, a sample in 512 KiB", "jemalloc")
    },
    rival(SYSTEM, "system"),
];

pub(super) fn cases(scale: Scale) -> Vec<Case> {
    let each = WORKLOADS.iter().flat_map(|workload| workload.threads.iter().map(move |threads| (workload, *threads)));
    each.map(|(workload, threads)| case(workload, threads, scale)).collect()
}

fn case(workload: &'static Workload, threads: usize, scale: Scale) -> Case {
    let amount = if scale == Scale::Smoke { workload.amount / workload.smoke } else { workload.amount };
    let case = Case::new("profiler", "heap", workload.title, |n| n).threads(threads).items(1, workload.unit).note(
        "CPU time of a process that does the work once on each thread, its input and any report left out; frame pointers everywhere. \
         lagom counts; off, sample, both, live and trace are its other modes, and the peak may be exact. jemalloc is another allocator, so that its profiler is to be held \
         against itself. allocation-counter and hotpath count what one thread or one function does, the others the process.",
    );
    SUBJECTS.iter().fold(case, |case, subject| {
        let amount = if subject.name == DHAT { amount.div_ceil(workload.slow) } else { amount };
        let run = move |amount| run(subject, workload.name, threads, amount);
        let contender = Contender::process(subject.name, amount, run);
        case.with(if subject.name == SYSTEM { contender.floor() } else { contender })
    })
}

fn run(subject: &Subject, workload: &str, threads: usize, amount: u64) -> Result<Spent> {
    let mut command = Command::new(program(subject.program)?);
    command.args([workload, &threads.to_string(), &amount.to_string()]).envs(subject.environment.iter().copied());
    command.args((!subject.mode.is_empty()).then_some(subject.mode));
    let done = command.output()?;
    ensure!(done.status.success(), "{}: {}", done.status, String::from_utf8_lossy(&done.stderr));
    let text = String::from_utf8(done.stdout)?;
    let numbers: Vec<&str> = text.split_whitespace().collect();
    let &[cpu, peak, answer] = &*numbers else { anyhow::bail!("it printed {text}") };
    Ok(Spent { cpu: cpu.parse()?, peak: peak.parse()?, answer: answer.parse()? })
}

/// Where `xtask` builds it: beside this program, as that was built with other flags.
pub(super) fn program(name: &str) -> Result<PathBuf> {
    let runner = std::env::current_exe()?;
    let target = runner.parent().and_then(|release| release.parent()).context("the runner lies in a target folder")?;
    let name = format!("heap-{name}{}", std::env::consts::EXE_SUFFIX);
    let path = target.join("lagom").join("heap").join("release").join(name);
    ensure!(path.exists(), "there is no {}; `cargo xtask bench` builds it", path.display());
    Ok(path)
}

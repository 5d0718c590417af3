//! One version of the pipeline, run and measured in this process.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use lagom::profiler::{self, FunctionStats, Monitor, Sample, heap};
use serde::{Deserialize, Serialize};

use crate::answers::Answers;
use crate::input::{Inputs, reading_time};
use crate::{lean, naive};

/// How often the monitor looks at the process.
const SAMPLE_INTERVAL: Duration = Duration::from_millis(2);
/// More samples than a run of ten seconds has; later ones replace the oldest.
const SAMPLES: usize = 5_000;

/// Which of the two pipelines.
#[derive(Serialize, Deserialize, ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Version {
    /// The one that is written first.
    Naive,
    /// The one with lagom.
    Lagom,
}

impl Version {
    pub(crate) const BOTH: [Self; 2] = [Self::Naive, Self::Lagom];

    /// As on the command line.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Naive => "naive",
            Self::Lagom => "lagom",
        }
    }
}

/// What one run found out, about the flights and about itself.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub(crate) struct Report {
    pub(crate) version: Version,
    pub(crate) answers: Answers,
    pub(crate) wall: Duration,
    pub(crate) cpu: Option<Duration>,
    /// Spent in reading and decompressing, over all threads.
    pub(crate) reading: Duration,
    pub(crate) peak_rss: Option<u64>,
    /// Only of a profiled run.
    pub(crate) profile: Option<Profile>,
}

/// What the profiler saw.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub(crate) struct Profile {
    pub(crate) peak_heap: u64,
    pub(crate) allocations: u64,
    pub(crate) allocated_bytes: u64,
    /// Figures of pools and caches, by what registered them.
    pub(crate) figures: BTreeMap<String, BTreeMap<String, f64>>,
    /// Most self time first.
    pub(crate) functions: Vec<Function>,
    pub(crate) advice: Vec<String>,
    pub(crate) memory: Vec<MemorySample>,
}

/// A function's row of the profiler's summary.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) calls: u64,
    pub(crate) errors: u64,
    pub(crate) total: Duration,
    pub(crate) self_time: Duration,
    pub(crate) min: Duration,
    pub(crate) mean: Duration,
    pub(crate) max: Duration,
    pub(crate) allocations: u64,
    pub(crate) allocated_bytes: u64,
}

/// The process at one moment.
#[derive(Serialize, Deserialize, Debug, Clone, Copy)]
pub(crate) struct MemorySample {
    pub(crate) at: Duration,
    pub(crate) heap: u64,
    pub(crate) rss: Option<u64>,
}

/// Runs a version once: for the clock, with the probes switched off, or for the profile.
pub(crate) fn measure(version: Version, input: Option<PathBuf>, profiled: bool) -> Result<Report> {
    profiler::set_mode(if profiled { profiler::Mode::Exact } else { profiler::Mode::Off });
    heap::set_mode(if profiled { heap::Mode::Count } else { heap::Mode::Off });
    // A timed run shows no progress either.
    let progress = if profiled { progress_bar(version) } else { ProgressBar::hidden() };
    let inputs = Inputs::new(input, &progress);
    let monitor = Monitor::builder().interval(SAMPLE_INTERVAL).capacity(SAMPLES).build();
    if profiled {
        monitor.start();
        heap::reset_peak();
    }
    let (cpu, heap_before) = (profiler::sample_now().cpu_time(), heap::stats());

    let started = Instant::now();
    let (answers, registrations) = match version {
        Version::Naive => (naive::run(&inputs)?, Vec::new()),
        Version::Lagom => lean::run(&inputs)?,
    };
    let wall = started.elapsed();

    let now = profiler::sample_now();
    let heap_after = heap::stats();
    progress.finish_and_clear();
    let profile = profiled.then(|| {
        monitor.stop();
        Profile {
            peak_heap: heap_after.peak(),
            allocations: heap_after.allocations() - heap_before.allocations(),
            allocated_bytes: heap_after.allocated_bytes() - heap_before.allocated_bytes(),
            figures: figures(),
            functions: profiler::summary().functions().iter().map(Function::from).collect(),
            advice: profiler::suggestions().iter().map(ToString::to_string).collect(),
            memory: monitor.samples().iter().map(MemorySample::from).collect(),
        }
    });
    drop(registrations);
    Ok(Report {
        version,
        answers,
        wall,
        cpu: now.cpu_time().zip(cpu).map(|(after, before)| after - before),
        reading: reading_time(),
        peak_rss: now.peak_rss(),
        profile,
    })
}

fn figures() -> BTreeMap<String, BTreeMap<String, f64>> {
    let figures = profiler::figures();
    let named = |(name, value): (&str, f64)| (name.to_owned(), value);
    figures.iter().map(|set| (set.name().to_owned(), set.values().map(named).collect())).collect()
}

/// A bar on the terminal over the bytes of all files; nothing where there is no terminal.
fn progress_bar(version: Version) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix:>8} {wide_bar} {bytes}/{total_bytes} {elapsed}")
        .expect("the template is well formed");
    ProgressBar::new(0).with_style(style).with_prefix(version.name())
}

impl From<&FunctionStats> for Function {
    fn from(stats: &FunctionStats) -> Self {
        Self {
            name: stats.name().to_owned(),
            calls: stats.calls(),
            errors: stats.errors(),
            total: stats.total(),
            self_time: stats.self_time(),
            min: stats.min(),
            mean: stats.mean(),
            max: stats.max(),
            allocations: stats.self_allocations(),
            allocated_bytes: stats.self_allocated_bytes(),
        }
    }
}

impl From<&Sample> for MemorySample {
    fn from(sample: &Sample) -> Self {
        Self { at: sample.at(), heap: sample.traced_current(), rss: sample.rss() }
    }
}

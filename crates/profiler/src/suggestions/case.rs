//! One function against the whole.

use super::thresholds::{PASSES_ON, RECURSIVE, TWICE};
use super::{Confidence, Rule, Suggestion};
use crate::summary::{FunctionStats, Summary};

/// A function, and what of all others its evidence is held against.
pub(super) struct Case<'a> {
    pub(super) function: &'a FunctionStats,
    pub(super) summary: &'a Summary,
    /// The self times of all functions, in nanoseconds.
    profiled: f64,
}

/// What a rule has found.
pub(super) struct Finding {
    pub(super) rule: Rule,
    pub(super) message: String,
    pub(super) samples: u64,
    /// The lower end of the evidence over its threshold.
    pub(super) strength: f64,
    /// What cannot be exceeded if the cause is removed, in nanoseconds.
    pub(super) gain_ns: f64,
    pub(super) remedy: &'static str,
}

impl<'a> Case<'a> {
    pub(super) fn new(summary: &'a Summary, function: &'a FunctionStats) -> Self {
        Self { function, summary, profiled: summary.profiled_ns() as f64 }
    }

    /// What part of the profiled time so many nanoseconds are.
    pub(super) fn share(&self, ns: f64) -> f64 {
        if self.profiled > 0.0 { ns / self.profiled } else { 0.0 }
    }

    /// The lower end of an estimate that has the relative margin of the total time.
    pub(super) fn at_least(&self, ns: f64) -> f64 {
        let f = self.function;
        let margin = if f.total_ns == 0 { 0.0 } else { f.margin_ns as f64 / f.total_ns as f64 };
        ns * (1.0 - margin).max(0.0)
    }

    /// The share of the profiled time that is the function's own, at least.
    pub(super) fn self_share(&self) -> f64 {
        self.share(self.at_least(self.function.self_ns as f64))
    }

    /// The share of the profiled time under the function, at least.
    pub(super) fn total_share(&self) -> f64 {
        self.share(self.at_least(self.function.total_ns as f64)).min(1.0)
    }

    /// How many functions do something themselves, this one included; not those that only call others.
    pub(super) fn peers(&self) -> usize {
        let works = |f: &&FunctionStats| f.self_ns as f64 >= PASSES_ON * f.total_ns as f64 && f.self_ns > 0;
        self.summary.functions().iter().filter(works).count()
    }

    /// Whether calls run within each other: then their durations add up to more than the time under the function.
    pub(super) fn is_recursive(&self) -> bool {
        self.function.wall_ns as f64 > RECURSIVE * self.function.total_ns as f64
    }

    /// By how much the competition for the cores has stretched the calls, 1.0 if not at all. Where the system does not
    /// tell waiting for a core from other waiting, all of it counts; of calls too short to be looked at nothing does.
    pub(super) fn crowding(&self) -> f64 {
        let waiting = &self.function.waiting;
        stretch(waiting.wall_ns, waiting.cpu_ns, waiting.queued.map(|queued| queued.ns))
    }

    /// The same of the typical calls, which medians and means of logarithms are about: of short ones few are preempted.
    pub(super) fn typical_crowding(&self) -> f64 {
        let waiting = &self.function.waiting;
        let queued = waiting.queued.map(|queued| queued.ns - queued.long_ns);
        stretch(waiting.wall_ns - waiting.long_wall_ns, waiting.cpu_ns - waiting.long_cpu_ns, queued)
    }

    pub(super) fn advise(&self, found: Finding) -> Suggestion {
        let f = self.function;
        let bound = found.gain_ns.min(f.total_ns as f64).min(self.profiled).max(0.0);
        Suggestion {
            rule: found.rule,
            function: f.name.clone(),
            file: f.file.clone(),
            line: f.line,
            message: found.message,
            samples: found.samples,
            confidence: if found.strength >= TWICE { Confidence::High } else { Confidence::Medium },
            gain_ns: bound as u64,
            gain_share: self.share(bound),
            remedy: found.remedy,
        }
    }
}

fn stretch(wall_ns: f64, cpu_ns: f64, queued_ns: Option<f64>) -> f64 {
    let ran_or_blocked = queued_ns.map_or(cpu_ns, |queued| wall_ns - queued);
    if wall_ns > 0.0 { (wall_ns / ran_or_blocked.max(1.0)).max(1.0) } else { 1.0 }
}

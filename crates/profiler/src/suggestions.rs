//! Advice with evidence.

mod advice;
mod allocations;
mod case;
mod drift;
mod estimate;
mod failures;
mod first_call;
mod hot;
mod memory;
mod polls;
mod regression;
mod repeats;
mod size;
mod slow;
mod tail;
pub mod thresholds;
mod tiny;

pub use advice::{Confidence, Rule, Suggestion};

use crate::summary::{FunctionStats, Summary};
use case::Case;
pub(crate) use estimate::trend;

/// Advice that the figures since the last reset bear out, the largest possible gain first.
///
/// Every [`Rule`] says what it looks for, and [`thresholds`] how much evidence it needs; below it nothing is said. Estimates
/// count by the lower end of their interval. No rule compares a maximum with a mean: on a shared machine one preempted call
/// in a thousand is enough to make such a ratio large.
///
/// ```
/// # use lagom_profiler as profiler;
/// for i in 0..100 {
///     let connect = profiler::span!("connect");
///     std::thread::sleep(std::time::Duration::from_micros(200));
///     if i % 2 == 0 {
///         connect.fail();
///     }
/// }
/// let advice = profiler::suggestions();
/// # #[cfg(feature = "enabled")]
/// assert!(advice.iter().any(|advice| advice.rule() == profiler::Rule::CostlyFailures));
/// for suggestion in &advice {
///     println!("{suggestion}");
/// }
/// ```
#[must_use]
pub fn suggestions() -> Vec<Suggestion> {
    crate::summary().suggestions()
}

/// What each rule says of one function, the specific ones first.
const RULES: &[fn(&Case) -> Option<Suggestion>] = &[
    tiny::tiny_and_frequent,
    repeats::repeated_arguments,
    allocations::allocation_heavy,
    first_call::dear_first_call,
    size::element_loop,
    size::grows_with_size,
    tail::waiting_tail,
    tail::computing_tail,
    failures::costly_failures,
    polls::long_polls,
    drift::drift,
    slow::slow_calls,
];

pub(crate) fn examine(summary: &Summary) -> Vec<Suggestion> {
    let mut found: Vec<Suggestion> = cases(summary).flat_map(|case| of_one(&case)).collect();
    found.extend(memory::memory_growth(summary));
    sorted(found)
}

/// What became slower since `baseline`, then the rest.
pub(crate) fn examine_against(summary: &Summary, baseline: &Summary) -> Vec<Suggestion> {
    let mut found = examine(summary);
    found.extend(cases(summary).filter_map(|case| {
        let old = baseline.functions().iter().find(|old| is_same(old, case.function))?;
        regression::regression(&case, &Case::new(baseline, old))
    }));
    sorted(found)
}

/// Lines move between versions; names and files rarely do.
fn is_same(old: &FunctionStats, new: &FunctionStats) -> bool {
    (&old.name, &old.module) == (&new.name, &new.module)
}

/// No case where too little was profiled.
fn cases(summary: &Summary) -> impl Iterator<Item = Case<'_>> {
    let enough = summary.profiled() >= thresholds::MIN_PROFILED;
    summary.functions().iter().filter(move |_| enough).map(|function| Case::new(summary, function))
}

fn of_one(case: &Case) -> Vec<Suggestion> {
    let mut found: Vec<_> = RULES.iter().filter_map(|rule| rule(case)).collect();
    // Where it is known what the time goes for, that it goes there is no news.
    if found.is_empty() {
        found.extend(hot::hot_self_share(case));
    }
    found
}

fn sorted(mut found: Vec<Suggestion>) -> Vec<Suggestion> {
    found.sort_by_key(|suggestion| std::cmp::Reverse(suggestion.gain_ns));
    found
}

#[cfg(test)]
mod tests;

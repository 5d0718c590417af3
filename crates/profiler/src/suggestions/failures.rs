//! Failures that take time.

use super::case::{Case, Finding};
use super::thresholds::{FAILURE_SHARE, FAILURE_TO_SUCCESS, FAILURES};
use super::{Rule, Suggestion};
use crate::format::{Count, Time};

pub(super) fn costly_failures(case: &Case) -> Option<Suggestion> {
    let f = case.function;
    let failures = f.errors + f.panics;
    let successes = f.calls.saturating_sub(failures);
    // One preempted call among the failures must not make them dear.
    let cost = case.at_least(f.failed_ns.saturating_sub(f.max_ns).min(f.total_ns) as f64);
    let share = case.share(cost);
    let mean_success = f.wall_ns.saturating_sub(f.failed_ns) as f64 / successes.max(1) as f64;
    let dear = cost >= FAILURE_TO_SUCCESS * mean_success * failures as f64;
    if failures < FAILURES || share < FAILURE_SHARE || !dear {
        return None;
    }
    let message = format!(
        "{} of {} calls failed ({} errors, {} panics) and took {}, {} each",
        Count(failures),
        Count(f.calls),
        Count(f.errors),
        Count(f.panics),
        Time(f.failed_ns.min(f.total_ns)),
        Time(f.failed_ns / failures)
    );
    Some(case.advise(Finding {
        rule: Rule::CostlyFailures,
        message,
        samples: f.calls,
        strength: share / FAILURE_SHARE,
        gain_ns: f.failed_ns as f64,
        remedy: "check before calling, fail early, or remember what fails with lagom-memo",
    }))
}

//! Calls so short that calling is the work.

use super::case::{Case, Finding};
use super::thresholds::{TINY_CALLS, TINY_MEAN, TINY_SHARE};
use super::{Rule, Suggestion};
use crate::format::{Count, Time};

pub(super) fn tiny_and_frequent(case: &Case) -> Option<Suggestion> {
    let f = case.function;
    let tiny = u128::from(f.self_ns) <= TINY_MEAN.as_nanos() * u128::from(f.calls);
    // Calling and counting is part of the price, and in no other figure.
    let counting = f.calls as f64 * case.summary.clock().counted_ns();
    let share = case.share(case.at_least(f.self_ns as f64) + counting).min(1.0);
    if f.calls < TINY_CALLS || !tiny || share < TINY_SHARE {
        return None;
    }
    let message = format!(
        "{} calls of {} each, {:.1} % of the profiled time, much of which is the call itself; probes took {} more",
        Count(f.calls),
        Time(f.self_ns / f.calls),
        100.0 * share,
        Time(f.overhead_ns)
    );
    Some(case.advise(Finding {
        rule: Rule::TinyAndFrequent,
        message,
        samples: f.calls,
        strength: share / TINY_SHARE,
        gain_ns: f.self_ns as f64,
        remedy: "do many at a time (lagom-vecproc for numbers), `#[inline]` it, or take the probe off",
    }))
}

//! Set-up that the first call pays for.

use super::case::{Case, Finding};
use super::thresholds::{FIRST_AT_LEAST, FIRST_CALLS, FIRST_NEARER, FIRST_SHARE, FIRST_TO_OTHERS};
use super::{Rule, Suggestion};
use crate::format::Time;

/// If all calls were alike, the first would be among the longest few as rarely as any other.
pub(super) fn dear_first_call(case: &Case) -> Option<Suggestion> {
    let f = case.function;
    let first = f.first_ns.saturating_sub(f.first_queued_ns) as f64;
    let near = first / FIRST_TO_OTHERS;
    let nearer = f.histogram.buckets.iter().filter(|bucket| bucket.to_ns > near).map(|bucket| bucket.count);
    // The first itself is one of them.
    let nearer = nearer.sum::<u64>().saturating_sub(1);
    let share = case.share(first.min(f.total_ns as f64));
    if f.timed < FIRST_CALLS
        || first < FIRST_AT_LEAST.as_nanos() as f64
        || nearer as f64 > FIRST_NEARER * f.calls as f64
        || share < FIRST_SHARE
    {
        return None;
    }
    let median = f.histogram.quantile_ns(0.5);
    let message = format!(
        "the first call took {}, half of all {} or less; {nearer} of the others took more than {}",
        Time(first as u64),
        Time(median as u64),
        Time(near as u64)
    );
    Some(case.advise(Finding {
        rule: Rule::DearFirstCall,
        message,
        samples: f.timed,
        strength: (near / f.histogram.quantile_ns(0.99).max(1.0)).min(share / FIRST_SHARE),
        gain_ns: first - median,
        remedy: "move what it sets up into a lagom-lazy `Lazy`, so that it is paid once and only when needed",
    }))
}

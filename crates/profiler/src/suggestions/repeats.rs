//! Calls that were made before.

use super::case::{Case, Finding};
use super::estimate::share_at_least;
use super::thresholds::{REPEAT_CALLS, REPEAT_HIT, REPEAT_SAVING, REPEAT_SHARE};
use super::{Rule, Suggestion};
use crate::format::{Count, Time};

pub(super) fn repeated_arguments(case: &Case) -> Option<Suggestion> {
    let repeats = case.function.repeats?;
    let share = share_at_least(repeats.repeated as f64, repeats.calls as f64);
    // Durations of calls within each other overlap; the total does not.
    let repeated_ns = case.at_least(repeats.repeated_ns.min(case.function.total_ns as f64));
    let saving = repeated_ns - repeats.repeated as f64 * REPEAT_HIT.as_nanos() as f64;
    if repeats.calls < REPEAT_CALLS || share < REPEAT_SHARE || case.share(saving) < REPEAT_SAVING {
        return None;
    }
    let message = format!(
        "{:.0} % of {} calls repeat one of the last 1,000 keys: memoize, expected saving {}",
        100.0 * repeats.share(),
        Count(repeats.calls),
        Time(saving as u64)
    );
    Some(case.advise(Finding {
        rule: Rule::RepeatedArguments,
        message,
        samples: repeats.calls,
        strength: (share / REPEAT_SHARE).min(case.share(saving) / REPEAT_SAVING),
        gain_ns: repeats.repeated_ns,
        remedy: "`#[memoize]` of lagom-memo, if equal arguments give equal results",
    }))
}

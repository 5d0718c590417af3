//! Calls that are slow as a rule.

use super::case::{Case, Finding};
use super::estimate::median_at_least;
use super::thresholds::{HOT_WAITING, PASSES_ON, SLOW, SLOW_CALLS, SLOW_OFTEN, SLOW_OFTEN_CALLS};
use super::{Rule, Suggestion};
use crate::format::Time;

pub(super) fn slow_calls(case: &Case) -> Option<Suggestion> {
    let f = case.function;
    let calm = case.typical_crowding();
    // The lower end of the median's interval, by the ranks of what was timed.
    let typical = f.histogram.quantile_ns(median_at_least(f.timed as f64)) / calm;
    let least = if f.timed >= SLOW_OFTEN_CALLS { SLOW_OFTEN } else { SLOW }.as_nanos() as f64;
    let its_own = f.polls > 0 || f.self_ns as f64 > PASSES_ON * f.total_ns as f64;
    if f.timed < SLOW_CALLS || typical < least || !its_own {
        return None;
    }
    let message = format!(
        "half of its calls take {} or more, with a probability of 97.5 % more than {}",
        Time(f.histogram.quantile_ns(0.5) as u64),
        Time(typical as u64)
    );
    let remedy = if f.polls > 0 {
        "await several at a time; lagom-memo with a `ttl` if equal arguments may share an answer"
    } else if f.waiting.blocked_share() >= HOT_WAITING {
        "wait for several at a time (threads, async); lagom-memo with a `ttl` if equal arguments may share an answer"
    } else {
        "spans inside to find the part; `#[profile_lines]` for a table by line"
    };
    Some(case.advise(Finding {
        rule: Rule::SlowCalls,
        message,
        samples: f.timed,
        strength: typical / least,
        gain_ns: f.total_ns as f64,
        remedy,
    }))
}

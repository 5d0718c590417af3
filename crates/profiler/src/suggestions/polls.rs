//! Async functions that keep their thread.

use super::case::{Case, Finding};
use super::estimate::share_at_least;
use super::thresholds::{LONG_POLL_PART, LONG_POLL_SHARE, LONG_POLL_TO_PREEMPTED, LONG_POLLS};
use super::{Rule, Suggestion};
use crate::format::{Count, Time};

/// What the model calls long.
const LONG_NS: f64 = 1e6;

/// A poll is preempted at most once in each millisecond that it computes, and then is long too; so the share of long polls
/// is held against the length of the others.
pub(super) fn long_polls(case: &Case) -> Option<Suggestion> {
    let f = case.function;
    if f.long_polls < LONG_POLLS {
        return None;
    }
    let part = share_at_least(f.long_polls as f64, f.polls as f64);
    let others = f.polls.saturating_sub(f.long_polls);
    let other_ns = (f.total_ns as f64 - f.long_polls_ns).max(0.0) / others.max(1) as f64;
    let least = LONG_POLL_PART.max(LONG_POLL_TO_PREEMPTED * other_ns / LONG_NS);
    let long_ns = case.at_least(f.long_polls_ns.min(f.total_ns as f64));
    if part < least || case.share(long_ns) < LONG_POLL_SHARE {
        return None;
    }
    let message = format!(
        "{} of {} polls took more than a millisecond, {} each and {} at most; the others {}",
        Count(f.long_polls),
        Count(f.polls),
        Time((f.long_polls_ns / f.long_polls as f64) as u64),
        Time(f.longest_poll_ns),
        Time(other_ns as u64)
    );
    Some(case.advise(Finding {
        rule: Rule::LongPolls,
        message,
        samples: f.polls,
        strength: (part / least).min(case.share(long_ns) / LONG_POLL_SHARE),
        gain_ns: f.long_polls_ns,
        remedy: "what blocks into `spawn_blocking` of the runtime, what computes into smaller steps with `.await` between",
    }))
}

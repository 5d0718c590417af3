//! Where the time goes, if nothing more is known.

use super::case::{Case, Finding};
use super::thresholds::{HOT_CALLS, HOT_MANY_CALLS, HOT_SHARE, HOT_TO_EVEN, HOT_WAITING};
use super::{Rule, Suggestion};
use crate::format::Time;

/// That the only profiled function takes all of the profiled time is no finding, nor that one of two takes most: what was
/// marked is what was thought to be hot. So the share is held against an even spread.
pub(super) fn hot_self_share(case: &Case) -> Option<Suggestion> {
    let f = case.function;
    let share = case.self_share();
    let least = HOT_SHARE.max(HOT_TO_EVEN / case.peers() as f64);
    if f.calls < HOT_CALLS || least >= 1.0 || share < least || f.waiting.blocked_share() >= HOT_WAITING {
        return None;
    }
    let self_ns = f.self_ns as f64;
    let message = format!(
        "{:.1} % of the profiled time is its own ({}, {} per call), of {} functions that do something; at most {:.2}x \
         faster without",
        100.0 * case.share(self_ns),
        Time(f.self_ns),
        Time(f.self_ns / f.calls),
        case.peers(),
        1.0 / (1.0 - case.share(self_ns)).max(0.001)
    );
    // What is called seldom cannot repeat its arguments often, but may work on much at a time.
    let remedy = if f.calls >= HOT_MANY_CALLS {
        "spans inside to find the part; lagom-memo if its arguments repeat, which `#[profile(repeats)]` tells"
    } else {
        "spans inside to find the part; lagom-vecproc if that is a loop over numbers"
    };
    let strength = share / least;
    Some(case.advise(Finding {
        rule: Rule::HotSelfShare,
        message,
        samples: f.calls,
        strength,
        gain_ns: self_ns,
        remedy,
    }))
}

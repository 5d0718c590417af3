//! Functions that become slower while the program runs.

use super::case::{Case, Finding};
use super::estimate::trend;
use super::thresholds::{DRIFT_CALLS, DRIFT_GROWTH, DRIFT_SHARE, DRIFT_STRETCHES, DRIFT_TAU, DRIFT_WAITING, DRIFT_Z};
use super::{Rule, Suggestion};
use crate::format::Time;
use crate::summary::Stretch;

/// Typical durations are geometric means, which outliers hardly move; they must rise nearly all the time, and by more than
/// the competition for the cores may have stretched them in the end. A consumer's typical call jumps between two lengths,
/// as its next item is ready or must be waited for, which is its producer's doing.
pub(super) fn drift(case: &Case) -> Option<Suggestion> {
    let f = case.function;
    let counted = |stretch: &&Stretch| stretch.calls >= DRIFT_CALLS && stretch.typical_ns > 0.0;
    let stretches: Vec<&Stretch> = f.stretches.iter().filter(counted).collect();
    let middle = |stretch: &Stretch| f64::midpoint(stretch.from_ns as f64, stretch.to_ns as f64);
    let points: Vec<_> = stretches.iter().map(|stretch| (middle(stretch), stretch.typical_ns.ln())).collect();
    let (first, last) = (points.first()?, points.last()?);
    let found = trend(&points)?;
    let growth = (found.slope * (last.0 - first.0)).exp();
    let least = DRIFT_GROWTH * case.typical_crowding();
    if points.len() < DRIFT_STRETCHES
        || found.tau < DRIFT_TAU
        || found.z < DRIFT_Z
        || growth < least
        || f.waiting.blocked_share() >= DRIFT_WAITING
        || case.total_share() < DRIFT_SHARE
    {
        return None;
    }
    // What calls took more than the typical ones of the first stretch.
    let excess = |stretch: &&Stretch| 1.0 - (first.1.exp() / stretch.typical_ns).min(1.0);
    let weight = |stretch: &&Stretch| stretch.calls as f64 * stretch.typical_ns;
    let all: f64 = stretches.iter().map(weight).sum();
    let gain = stretches.iter().map(|stretch| weight(stretch) * excess(stretch)).sum::<f64>() / all;
    let message = format!(
        "a typical call took {} at first and {} in the end; of all pairs of {} stretches of time {:.0} % more rise than fall",
        Time(first.1.exp() as u64),
        Time(last.1.exp() as u64),
        points.len(),
        100.0 * found.tau
    );
    Some(case.advise(Finding {
        rule: Rule::Drift,
        message,
        samples: stretches.iter().map(|stretch| stretch.calls).sum(),
        strength: growth / least,
        gain_ns: gain * f.total_ns as f64,
        remedy: "bound what grows behind it: `WeakCache` or `MemoryLimited` of lagom-weakcache, an index instead \
                 of a list",
    }))
}

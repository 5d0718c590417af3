//! Functions that are slower than in a baseline.

use super::case::{Case, Finding};
use super::thresholds::{REGRESSION_CALLS, REGRESSION_EFFECT, REGRESSION_RATIO, REGRESSION_SHARE, REGRESSION_Z};
use super::{Rule, Suggestion};
use crate::format::Time;
use crate::statistics::rank_histograms;

/// New durations are divided first by what more competition for the cores than in the baseline may have stretched them by.
pub(super) fn regression(case: &Case, baseline: &Case) -> Option<Suggestion> {
    let (new, old) = (case.function, baseline.function);
    let calm = (baseline.typical_crowding() / case.typical_crowding()).min(1.0);
    let rank = rank_histograms(&old.histogram, &new.histogram, (old.timed, new.timed), calm);
    let (was, is) = (old.histogram.quantile_ns(0.5), new.histogram.quantile_ns(0.5));
    let ratio = calm * is / was;
    let readable = case.summary.clock().percentiles_from().as_nanos() as f64;
    if old.timed.min(new.timed) < REGRESSION_CALLS
        || rank.effect < REGRESSION_EFFECT
        || rank.z < REGRESSION_Z
        || ratio.is_nan()
        || ratio < REGRESSION_RATIO
        || is < readable
        || case.total_share() < REGRESSION_SHARE
    {
        return None;
    }
    let message = format!(
        "half of its calls took {} or less, now {}; a new call is longer than an old one in {:.0} % of pairs (of {} and {})",
        Time(was as u64),
        Time(is as u64),
        50.0 * (1.0 + rank.effect),
        old.timed,
        new.timed
    );
    Some(case.advise(Finding {
        rule: Rule::Regression,
        message,
        samples: new.timed,
        strength: (ratio - 1.0) / (REGRESSION_RATIO - 1.0),
        gain_ns: (1.0 - was / is) * new.total_ns as f64,
        remedy: "compare with the baseline's version: spans inside, or `cargo bench` by commit",
    }))
}

//! The rules, one function each.

use super::thresholds::{
    ALLOCATED_BYTES_PER_CALL, ALLOCATION_CALLS, ALLOCATION_SHARE, ALLOCATIONS_PER_CALL, FAILURE_SHARE, FAILURES,
    FIRST_AT_LEAST, FIRST_CALLS, FIRST_SHARE, FIRST_TO_LONGEST, HOT_CALLS, HOT_MANY_CALLS, HOT_SHARE, TINY_CALLS,
    TINY_MEAN, TINY_SHARE,
};
use super::{Rule, Suggestion};
use crate::format::{Bytes, Count, Mean, Time};
use crate::summary::FunctionStats;

/// One function against the whole.
pub(super) struct Case<'a> {
    pub(super) function: &'a FunctionStats,
    /// The self times of all functions, in nanoseconds; not zero.
    pub(super) profiled: u64,
    pub(super) heap_tracked: bool,
}

impl Case<'_> {
    pub(super) fn advice(&self) -> Vec<Suggestion> {
        let tiny = self.tiny_and_frequent();
        // What is tiny spends its time in the call and the probe; to look inside would be wrong advice.
        let hot = if tiny.is_none() { self.hot_self_share() } else { None };
        [tiny, hot, self.allocation_heavy(), self.costly_failures(), self.dear_first_call()]
            .into_iter()
            .flatten()
            .collect()
    }

    fn share(&self, ns: u64) -> f64 {
        ns as f64 / self.profiled as f64
    }

    fn suggest(&self, rule: Rule, gain_ns: u64, message: String, remedy: &'static str) -> Suggestion {
        Suggestion {
            rule,
            function: self.function.name,
            file: self.function.file,
            line: self.function.line,
            message,
            samples: self.function.calls,
            gain_ns,
            gain_share: self.share(gain_ns).min(1.0),
            remedy,
        }
    }

    fn hot_self_share(&self) -> Option<Suggestion> {
        let f = self.function;
        let share = self.share(f.self_ns);
        if f.calls < HOT_CALLS || share < HOT_SHARE {
            return None;
        }
        let speed_up = if share < 0.999 {
            format!("at most {:.2}x faster without", 1.0 / (1.0 - share))
        } else {
            "nothing else was profiled".into()
        };
        let message = format!(
            "{:.1} % of the profiled time is its own ({}, {} per call); {speed_up}",
            100.0 * share,
            Time(f.self_ns),
            Time(f.self_ns / f.calls)
        );
        // What is called seldom cannot repeat its arguments often, but may work on much at a time.
        let remedy = if f.calls >= HOT_MANY_CALLS {
            "spans inside to find the part; lagom-memo if its arguments repeat"
        } else {
            "spans inside to find the part; lagom-vecproc if that is a loop over numbers"
        };
        Some(self.suggest(Rule::HotSelfShare, f.self_ns, message, remedy))
    }

    fn allocation_heavy(&self) -> Option<Suggestion> {
        let f = self.function;
        let allocations = f.per_call(f.self_allocations);
        let bytes = f.per_call(f.self_allocated_bytes);
        let heavy = allocations >= ALLOCATIONS_PER_CALL || (allocations >= 1.0 && bytes >= ALLOCATED_BYTES_PER_CALL);
        if !self.heap_tracked || f.calls < ALLOCATION_CALLS || !heavy || self.share(f.self_ns) < ALLOCATION_SHARE {
            return None;
        }
        let message = format!(
            "{} allocations and {} per call of its own, {} in all",
            Mean(allocations),
            Bytes(bytes.round() as u64),
            Bytes(f.self_allocated_bytes)
        );
        let remedy = "reuse its buffers with lagom-pool; for equal strings, the interner of lagom-weakcache";
        Some(self.suggest(Rule::AllocationHeavy, f.self_ns, message, remedy))
    }

    fn tiny_and_frequent(&self) -> Option<Suggestion> {
        let f = self.function;
        let tiny = u128::from(f.self_ns) <= TINY_MEAN.as_nanos() * u128::from(f.calls);
        if f.calls < TINY_CALLS || !tiny || self.share(f.self_ns) < TINY_SHARE {
            return None;
        }
        let message = format!(
            "{} calls of {} each, {:.1} % of the profiled time, much of which is the call and its probe",
            Count(f.calls),
            Time(f.self_ns / f.calls),
            100.0 * self.share(f.self_ns)
        );
        let remedy = "do many at a time (lagom-vecproc for numbers), inline it, or take the probe off";
        Some(self.suggest(Rule::TinyAndFrequent, f.self_ns, message, remedy))
    }

    fn costly_failures(&self) -> Option<Suggestion> {
        let f = self.function;
        let failures = f.errors + f.panics;
        // Durations of calls within each other overlap; the total does not.
        let cost = f.failed_ns.min(f.total_ns);
        if failures < FAILURES || self.share(cost) < FAILURE_SHARE {
            return None;
        }
        let message = format!(
            "{} of {} calls failed ({} errors, {} panics) and took {}",
            Count(failures),
            Count(f.calls),
            Count(f.errors),
            Count(f.panics),
            Time(cost)
        );
        let remedy = "check before calling, or remember what fails with lagom-memo";
        Some(self.suggest(Rule::CostlyFailures, cost, message, remedy))
    }

    fn dear_first_call(&self) -> Option<Suggestion> {
        let f = self.function;
        let first = f.first_ns;
        if f.calls < FIRST_CALLS
            || u128::from(first) < FIRST_AT_LEAST.as_nanos()
            || first < f.rest_max_ns.saturating_mul(FIRST_TO_LONGEST)
            || self.share(first.min(f.total_ns)) < FIRST_SHARE
        {
            return None;
        }
        let rest = f.wall_ns.saturating_sub(first) / (f.calls - 1);
        let gain = first.saturating_sub(rest).min(f.total_ns);
        let message = format!(
            "the first call took {}, the others {} on average and {} at most",
            Time(first),
            Time(rest),
            Time(f.rest_max_ns)
        );
        let remedy = "move what it sets up into a lagom-lazy `Lazy`, so that it is paid once and only when needed";
        Some(self.suggest(Rule::DearFirstCall, gain, message, remedy))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::Summary;

    const MS: u64 = 1_000_000;

    /// 100 ms of something that no rule is about.
    fn rest() -> FunctionStats {
        FunctionStats { name: "rest", calls: 1, self_ns: 100 * MS, total_ns: 100 * MS, ..Default::default() }
    }

    fn rules(function: &FunctionStats) -> Vec<Rule> {
        let summary = Summary::of(vec![function.clone(), rest()], true);
        summary.suggestions().iter().map(Suggestion::rule).collect()
    }

    fn row() -> FunctionStats {
        FunctionStats { name: "f", calls: 1_000_000, ..Default::default() }
    }

    /// The advice at the threshold, and its absence just below in each of the ways.
    #[track_caller]
    fn edge(at: FunctionStats, rule: Rule, below: &[&dyn Fn(&mut FunctionStats)]) {
        assert_eq!(rules(&at), [rule], "{at:?}");
        for (place, change) in below.iter().enumerate() {
            let mut under = at.clone();
            change(&mut under);
            assert!(!rules(&under).contains(&rule), "change {place}: {under:?}");
        }
    }

    #[test]
    fn hot_from_a_tenth_of_the_time_and_ten_calls() {
        let at = FunctionStats { calls: 10, self_ns: 12 * MS, total_ns: 12 * MS, ..row() };
        edge(at, Rule::HotSelfShare, &[&|f| f.self_ns = 11 * MS, &|f| f.calls = 9]);
    }

    #[test]
    fn the_remedy_for_what_is_hot_depends_on_the_calls() {
        let remedy = |calls| {
            let hot = FunctionStats { calls, self_ns: 300 * MS, total_ns: 300 * MS, ..row() };
            Summary::of(vec![hot, rest()], true).suggestions()[0].remedy()
        };
        for (calls, named, other) in [(10, "vecproc", "memo"), (999, "vecproc", "memo"), (1_000, "memo", "vecproc")] {
            assert!(remedy(calls).contains(named) && !remedy(calls).contains(other), "{calls}: {}", remedy(calls));
        }
    }

    #[test]
    fn allocation_heavy_by_count_or_by_bytes() {
        let by_count = FunctionStats { calls: 1_000, self_ns: 3 * MS, self_allocations: 2_000, ..row() };
        edge(
            by_count,
            Rule::AllocationHeavy,
            &[&|f| f.self_allocations = 1_999, &|f| f.calls = 999, &|f| f.self_ns = 2 * MS],
        );
        let by_bytes = FunctionStats {
            calls: 1_000,
            self_ns: 3 * MS,
            self_allocations: 1_000,
            self_allocated_bytes: 4_096_000,
            ..row()
        };
        edge(by_bytes, Rule::AllocationHeavy, &[&|f| f.self_allocated_bytes -= 1_000, &|f| f.self_allocations = 999]);
    }

    #[test]
    fn tiny_and_frequent_takes_the_place_of_hot() {
        let at = FunctionStats { calls: 1_000_000, self_ns: 200 * MS, total_ns: 200 * MS, ..row() };
        edge(
            at.clone(),
            Rule::TinyAndFrequent,
            &[&|f| f.self_ns += MS, &|f| f.calls = 99_999, &|f| f.self_ns = 5 * MS],
        );
        assert!(!rules(&at).contains(&Rule::HotSelfShare));
    }

    #[test]
    fn failures_cost_only_what_the_total_holds() {
        let at = FunctionStats {
            calls: 100,
            errors: 15,
            panics: 5,
            failed_ns: 6 * MS,
            total_ns: 9 * MS,
            self_ns: 9 * MS,
            ..row()
        };
        edge(
            at.clone(),
            Rule::CostlyFailures,
            &[&|f| f.errors = 14, &|f| f.failed_ns = 5 * MS, &|f| f.total_ns = 5 * MS],
        );
        let mut recursive = at;
        recursive.failed_ns = 600 * MS;
        let summary = Summary::of(vec![recursive, rest()], true);
        assert_eq!(summary.suggestions()[0].gain().as_millis(), 9);
    }

    #[test]
    fn a_dear_first_call_stands_out_from_the_longest_other() {
        let at = FunctionStats {
            calls: 20,
            first_ns: 10 * MS,
            rest_max_ns: 2 * MS,
            wall_ns: 11 * MS,
            total_ns: 11 * MS,
            self_ns: MS,
            ..row()
        };
        edge(
            at,
            Rule::DearFirstCall,
            &[&|f| f.rest_max_ns += 1, &|f| f.calls = 19, &|f| f.first_ns -= 1, &|f| f.total_ns = MS],
        );
    }

    #[test]
    fn no_advice_from_a_short_run() {
        let short = FunctionStats { calls: 1_000_000, self_ns: 9 * MS, total_ns: 9 * MS, ..row() };
        assert!(Summary::of(vec![short], true).suggestions().is_empty());
    }

    #[test]
    fn every_bound_lies_within_the_profiled_time_and_the_text_names_numbers_and_remedy() {
        let hot = FunctionStats { calls: 50_000, self_ns: 300 * MS, total_ns: 300 * MS, ..row() };
        let found = Summary::of(vec![hot, rest()], true).suggestions();
        assert!((found[0].gain_share() - 0.75).abs() < 1e-9);
        let text = found[0].to_string();
        assert_eq!(text.lines().count(), 2);
        assert!(text.contains("75.0 %") && text.contains("4.00x") && text.contains("lagom-memo"), "{text}");
    }
}

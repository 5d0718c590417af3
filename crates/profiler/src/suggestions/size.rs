//! How the time depends on the size of the input.

use super::case::{Case, Finding};
use super::estimate::{Point, Power, power};
use super::thresholds::{
    ELEMENT_AT_LEAST_NS, ELEMENT_AT_MOST_NS, ELEMENT_EXPONENT, ELEMENT_SHARE, ELEMENTS, ELEMENTS_SHARE,
    GROWTH_CLASS_CALLS, GROWTH_EXPONENT, GROWTH_SHARE, GROWTH_SPAN, PASSES_ON, SIZED_CALLS,
};
use super::{Rule, Suggestion};
use crate::format::{Count, Time};
use crate::summary::{FunctionStats, SizeClass};

/// What lagom-vecproc computes with. Its arithmetic is that of `f64`, so not what that cannot hold; nor bytes, which are text
/// more often than numbers.
const NUMBERS: [&str; 6] = ["f64", "f32", "i16", "u16", "i32", "u32"];

pub(super) fn element_loop(case: &Case) -> Option<Suggestion> {
    let f = case.function;
    let sized = Sized::of(f)?;
    let large = f.sizes.iter().filter(|class| class.mean_size() >= ELEMENTS);
    let large_ns: f64 = large.clone().map(|class| class.total_ns).sum();
    let (elements, calls) = large.fold((0.0, 0), |sum, class| (sum.0 + class.total_size, sum.1 + class.calls));
    // By logarithms, which a preempted call hardly moves.
    let typical = f.sizes.iter().filter(|class| class.mean_size() >= ELEMENTS);
    let logs = typical.map(|class| class.log_ns - class.log_size).sum::<f64>();
    let per_element = (logs / calls.max(1) as f64).exp();
    let linear = sized.fit.is_none_or(|fit| {
        fit.exponent - fit.margin >= 1.0 - ELEMENT_EXPONENT && fit.exponent + fit.margin <= 1.0 + ELEMENT_EXPONENT
    });
    let share = case.self_share();
    if !NUMBERS.contains(&f.element.as_ref())
        || calls < SIZED_CALLS
        || large_ns < ELEMENTS_SHARE * sized.total_ns
        || !linear
        || !(ELEMENT_AT_LEAST_NS..=ELEMENT_AT_MOST_NS).contains(&per_element)
        || share < ELEMENT_SHARE
        || (f.self_ns as f64) < PASSES_ON * f.total_ns as f64
    {
        return None;
    }
    let law = sized.fit.map_or("all of about one size".into(), |fit| {
        format!("the time growing with the size to the power of {:.2} ± {:.2}", fit.exponent, fit.margin)
    });
    let message = format!(
        "{per_element:.2} ns per {} in slices of {} on average, {law}; {:.1} % of the profiled time",
        f.element,
        Count((elements / calls as f64) as u64),
        100.0 * share
    );
    Some(case.advise(Finding {
        rule: Rule::ElementLoop,
        message,
        samples: calls,
        strength: (share / ELEMENT_SHARE).min(per_element / ELEMENT_AT_LEAST_NS),
        gain_ns: f.self_ns as f64,
        remedy: "the loop by lagom-vecproc: its kernels take 0.06 to 0.4 ns per element, a pipeline one pass for all steps",
    }))
}

pub(super) fn grows_with_size(case: &Case) -> Option<Suggestion> {
    let f = case.function;
    let sized = Sized::of(f)?;
    let fit = sized.fit?;
    // Long calls are preempted more often than short ones, which can raise the exponent by so much.
    let preempted = case.crowding().ln() / fit.span;
    let least = fit.exponent - fit.margin - preempted;
    let share = case.total_share();
    if sized.calls < SIZED_CALLS || least < GROWTH_EXPONENT || share < GROWTH_SHARE {
        return None;
    }
    let (small, large) = (sized.smallest?, sized.largest?);
    let message = format!(
        "its time grows with the size to the power of {:.2} (95 % interval {least:.2} to {:.2}): {} for {}, {} for {}",
        fit.exponent,
        fit.exponent + fit.margin,
        Time::from(small.mean()),
        Count(small.mean_size() as u64),
        Time::from(large.mean()),
        Count(large.mean_size() as u64)
    );
    let remedy = if NUMBERS.contains(&f.element.as_ref()) {
        "running and rolling operations of lagom-vecproc, which take one pass; else sort or index once"
    } else {
        "a sorted list or an index (`HashMap`) in place of a search in a loop; lagom-memo for parts that come again"
    };
    Some(case.advise(Finding {
        rule: Rule::GrowsWithSize,
        message,
        samples: sized.calls,
        strength: ((least - 1.0) / (GROWTH_EXPONENT - 1.0)).min(share / GROWTH_SHARE),
        gain_ns: f.total_ns as f64,
        remedy,
    }))
}

/// The sized calls of a function.
struct Sized<'a> {
    calls: u64,
    total_ns: f64,
    smallest: Option<&'a SizeClass>,
    largest: Option<&'a SizeClass>,
    /// `None` where sizes do not differ enough.
    fit: Option<Power>,
}

impl<'a> Sized<'a> {
    fn of(f: &'a FunctionStats) -> Option<Self> {
        let enough = |class: &&SizeClass| class.calls >= GROWTH_CLASS_CALLS && class.total_size > 0.0;
        let classes: Vec<&SizeClass> = f.sizes.iter().filter(enough).collect();
        if classes.is_empty() {
            return None;
        }
        let points: Vec<Point> = classes.iter().map(|class| point(class)).collect();
        let fit = power(&points).filter(|fit| fit.span >= GROWTH_SPAN.ln());
        Some(Self {
            calls: classes.iter().map(|class| class.calls).sum(),
            total_ns: f.sizes.iter().map(|class| class.total_ns).sum(),
            smallest: classes.first().copied(),
            largest: classes.last().copied(),
            fit,
        })
    }
}

fn point(class: &SizeClass) -> Point {
    let calls = class.calls as f64;
    let (x, y) = (class.log_size / calls, class.log_ns / calls);
    // Of single durations; that the sizes within the class differ is part of it.
    let variance = (class.log_ns_squared / calls - y * y).max(0.0) * calls / (calls - 1.0);
    Point { x, y, variance: variance / calls }
}

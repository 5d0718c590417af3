//! Memory that calls leave behind.

use super::case::{Case, Finding};
use super::thresholds::{MEMORY_CALLS, MEMORY_GROWTH, MEMORY_PART, MIN_PROFILED};
use super::{Rule, Suggestion};
use crate::format::{Bytes, Mean};
use crate::summary::{FunctionStats, Summary};

/// What a call leaves behind is often released later by its caller; so it is held against what the heap has grown by.
/// Of a function and its callers, which leave the same behind, the one that takes the least time is nearest.
pub(super) fn memory_growth(summary: &Summary) -> Option<Suggestion> {
    let grown = summary.heap_grown;
    let leaves = |f: &&FunctionStats| f.calls >= MEMORY_CALLS && f.net_bytes as f64 >= MEMORY_PART * grown as f64;
    if !summary.heap_tracked() || grown < MEMORY_GROWTH || summary.profiled() < MIN_PROFILED {
        return None;
    }
    let f = summary.functions().iter().filter(leaves).min_by_key(|f| f.total_ns)?;
    let case = Case::new(summary, f);
    let left = f.net_bytes.unsigned_abs();
    let message = format!(
        "{} calls left {} behind, {} bytes each; the heap has grown by {}",
        f.calls,
        Bytes(left),
        Mean(f.per_call(left)),
        Bytes(grown.unsigned_abs())
    );
    Some(case.advise(Finding {
        rule: Rule::MemoryGrowth,
        message,
        samples: f.calls,
        strength: grown as f64 / MEMORY_GROWTH as f64,
        gain_ns: f.self_ns as f64,
        remedy: "bound what keeps it: a cache of lagom-weakcache or lagom-memo with a capacity, or streaming",
    }))
}

//! Functions that allocate more than they work.

use super::case::{Case, Finding};
use super::thresholds::{
    ALLOCATED_BYTE_COST_NS, ALLOCATED_BYTES_PER_CALL, ALLOCATION_CALLS, ALLOCATION_COST, ALLOCATION_OF_SELF,
    ALLOCATION_SHARE, ALLOCATIONS_PER_CALL,
};
use super::{Rule, Suggestion};
use crate::format::{Bytes, Mean};

pub(super) fn allocation_heavy(case: &Case) -> Option<Suggestion> {
    let f = case.function;
    let (allocations, bytes) = (f.per_call(f.self_allocations), f.per_call(f.self_allocated_bytes));
    let large = allocations >= 1.0 && bytes >= ALLOCATED_BYTES_PER_CALL;
    let by_byte = if large { ALLOCATED_BYTE_COST_NS } else { 0.0 };
    let cost_of_call = allocations * ALLOCATION_COST.as_nanos() as f64 + bytes * by_byte;
    // Were no call longer than nine in ten are: what preempted ones took longer is not its work.
    let calm = (f.histogram.quantile_ns(0.9) * f.calls as f64 / f.wall_ns.max(1) as f64).min(1.0);
    let self_ns = f.self_ns as f64 * if f.histogram.buckets.is_empty() { 1.0 } else { calm };
    let cost = (cost_of_call * f.calls as f64).min(self_ns);
    if !case.summary.heap_tracked()
        || f.calls < ALLOCATION_CALLS
        || !(large || allocations >= ALLOCATIONS_PER_CALL)
        || cost < ALLOCATION_OF_SELF * self_ns
        || case.share(cost) < ALLOCATION_SHARE
    {
        return None;
    }
    let message = format!(
        "{} allocations and {} per call of its own, {} in all: about {:.0} % of its own time",
        Mean(allocations),
        Bytes(bytes.round() as u64),
        Bytes(f.self_allocated_bytes),
        100.0 * cost / self_ns
    );
    Some(case.advise(Finding {
        rule: Rule::AllocationHeavy,
        message,
        samples: f.calls,
        strength: (cost / (ALLOCATION_OF_SELF * self_ns)).min(case.share(cost) / ALLOCATION_SHARE),
        gain_ns: f.self_ns as f64,
        remedy: "reuse its buffers with lagom-pool; for equal strings, the interner of lagom-weakcache",
    }))
}

//! Allocators that count, called as such: a program can only have one as its global allocator.

use std::alloc::{GlobalAlloc, System};

use lagom_profiler::TrackingAllocator;

use super::super::raw;
use crate::case::{Case, Contender};

pub(super) fn cases() -> Vec<Case> {
    [1, 2].into_iter().flat_map(|threads| [pair(threads), grow(threads)]).collect()
}

/// `System` is the floor.
fn allocators(case: Case, operation: impl Operation) -> Case {
    static OURS: TrackingAllocator = TrackingAllocator::new();
    static CAP: cap::Cap<System> = cap::Cap::new(System, usize::MAX);
    static PEAK: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;
    case.with(allocator("lagom", &OURS, operation))
        .with(allocator("stats_alloc", &stats_alloc::INSTRUMENTED_SYSTEM, operation))
        .with(allocator("cap", &CAP, operation))
        .with(allocator("peak_alloc", &PEAK, operation))
        .with(allocator("System", &System, operation).floor())
}

/// Generic over the allocator, so that each is called without indirection, as a global allocator is.
trait Operation: Copy + Send + 'static {
    fn run<A: GlobalAlloc>(self, allocator: &A, i: u64) -> u64;
}

fn allocator<A: GlobalAlloc + Sync>(name: &str, allocator: &'static A, operation: impl Operation) -> Contender {
    Contender::shared(name, move || allocator, move |allocator, i| operation.run(*allocator, i))
}

#[derive(Clone, Copy)]
struct Pair;

impl Operation for Pair {
    fn run<A: GlobalAlloc>(self, allocator: &A, i: u64) -> u64 {
        raw::pair(allocator, i)
    }
}

#[derive(Clone, Copy)]
struct Grow;

impl Operation for Grow {
    fn run<A: GlobalAlloc>(self, allocator: &A, i: u64) -> u64 {
        raw::grow(allocator, i)
    }
}

fn pair(threads: usize) -> Case {
    let case = Case::new("profiler", "heap", "64 bytes, allocate and free", |n| n)
        .note("ns per pair through the methods of GlobalAlloc; what an allocator adds is its time less System's.")
        .threads(threads);
    allocators(case, Pair)
}

fn grow(threads: usize) -> Case {
    let case = Case::new("profiler", "heap", "grow from 16 bytes to 4 KiB by reallocation", |n| n)
        .note("ns for one allocation, eight reallocations and the release.")
        .threads(threads);
    allocators(case, Grow)
}

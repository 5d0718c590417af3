//! Profilers of functions, and allocators that count.
//!
//! hotpath and puffin hand their records to someone else (a thread of its own; whoever ends the frame), which a call's
//! time does not show but the CPU time of the process does.

use std::alloc::{GlobalAlloc, System};
use std::collections::HashMap;
use std::hint::black_box;
use std::sync::{LazyLock, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use lagom_profiler::{TrackingAllocator, profile};

use super::{Scale, raw};
use crate::case::{Case, Contender, Worker};
use crate::measure::Batch;

pub(super) fn cases(_: Scale) -> Vec<Case> {
    let mut cases = Vec::new();
    for threads in [1, 2] {
        cases.push(empty_call(threads));
    }
    for threads in [1, 2] {
        cases.push(pair(threads));
        cases.push(grow(threads));
    }
    cases
}

/// The functions under each probe: the least a call can do.
mod functions {
    use super::*;

    #[inline(never)]
    pub(super) fn bare(x: u64) -> u64 {
        black_box(x)
    }

    #[profile]
    #[inline(never)]
    pub(super) fn ours(x: u64) -> u64 {
        black_box(x)
    }

    #[hotpath::measure]
    #[inline(never)]
    pub(super) fn hotpath(x: u64) -> u64 {
        black_box(x)
    }

    #[inline(never)]
    pub(super) fn puffin(x: u64) -> u64 {
        puffin::profile_function!();
        black_box(x)
    }

    #[inline(never)]
    pub(super) fn by_hand(x: u64) -> u64 {
        let started = Instant::now();
        let result = black_box(x);
        record("by_hand", started.elapsed());
        result
    }
}

/// What one writes first: calls, total, least and most by name, behind one lock.
#[derive(Default)]
struct Totals {
    calls: u64,
    total: Duration,
    most: Duration,
}

fn record(name: &'static str, took: Duration) {
    static TOTALS: LazyLock<Mutex<HashMap<&str, Totals>>> = LazyLock::new(Mutex::default);
    let mut totals = TOTALS.lock().unwrap_or_else(PoisonError::into_inner);
    let totals = totals.entry(name).or_default();
    totals.calls += 1;
    totals.total += took;
    totals.most = totals.most.max(took);
}

fn empty_call(threads: usize) -> Case {
    Case::new("profiler", "calls", "empty profiled call", |n| if n == 0 { 0 } else { n * (n - 1) / 2 })
        .note(
            "ns per call, the call itself included (`no probe`); all with default settings. In favour of hotpath and \
               puffin: what is done with their records later, on another thread or at the end of a frame, is in the \
               process CPU alone. In ours: they keep more than totals, every scope or a histogram of the times.",
        )
        .threads(threads)
        .cpu()
        .with(call("lagom", functions::ours, || (), || ()))
        .with(call("hotpath", functions::hotpath, start_hotpath, || ()))
        .with(call("puffin", functions::puffin, || puffin::set_scopes_on(true), end_frame))
        .with(call("Instant + Mutex<HashMap>", functions::by_hand, || (), || ()))
        .with(call("no probe", functions::bare, || (), || ()).floor())
}

/// Calls `f` directly: a probe may be inlined into the caller, as in a user's program.
fn call(
    name: &str,
    f: impl Fn(u64) -> u64 + Copy + Send + 'static,
    start: impl Fn() + 'static,
    after: impl Fn() + Copy + Send + 'static,
) -> Contender {
    Contender::from_workers(name, move |threads| {
        start();
        (0..threads)
            .map(|_| {
                let worker = move |batch: &mut Batch<'_>| {
                    let mut sum = 0_u64;
                    batch.time(|i| sum = sum.wrapping_add(f(i)));
                    after();
                    batch.answer_sum(sum);
                };
                Box::new(worker) as Worker
            })
            .collect()
    })
}

/// As `#[hotpath::main]` does, but without a report at the end.
fn start_hotpath() {
    static GUARD: OnceLock<Mutex<hotpath::HotpathGuard>> = OnceLock::new();
    GUARD.get_or_init(|| Mutex::new(hotpath::HotpathGuardBuilder::new("runner").format(hotpath::Format::None).build()));
}

/// Outside the timed part, in puffin's favour.
fn end_frame() {
    puffin::GlobalProfiler::lock().new_frame();
}

/// Allocators called as such, since a program can only have one as its global allocator; `System` is the floor.
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

//! The calls whose instructions are counted, and the allocations.

use std::alloc::GlobalAlloc;
use std::sync::LazyLock;

use lagom_profiler::TrackingAllocator;
use lagom_profiler::heap::{self, set_mode};
use stats_alloc::StatsAlloc;

use super::calls;
use super::ours::{self, Mode};
use crate::contenders::raw::{self, OneBlock};
use crate::instructions::{Operations, Program};

/// Most instructions of a call of ours: two in a hundred more than it has; by chance, the adaptive mode has 78 to 91. To be
/// lowered when it has fewer. Under valgrind an empty call takes long, and so has more of what only long ones have.
const CEILINGS: [(&str, f64); 5] = [
    ("call-lagom", 95.0),
    ("call-lagom-exact", 575.0),
    ("call-lagom-off", 35.7),
    ("pair-lagom", 144.0),
    ("pair-lagom-off", 76.5),
];

/// Calls before those that are counted, so that it is known how often a function is called.
const WARM_UP: u64 = 200_000;

/// The programs.
pub(in crate::contenders) fn counted() -> [Operations; 2] {
    [of_calls(), of_pairs()]
}

fn program(name: &'static str, run: fn(u64) -> u64) -> Program {
    let ceiling = CEILINGS.iter().find(|(ours, _)| *ours == name).map(|(_, ceiling)| *ceiling);
    Program { name, ceiling, answer: 1, run }
}

fn of_calls() -> Operations {
    let programs = vec![
        program("call-lagom", |n| of_ours(Mode::Adaptive, n)),
        program("call-lagom-exact", |n| of_ours(Mode::Exact, n)),
        program("call-lagom-off", |n| of_ours(Mode::Off, n)),
        program("call-prometheus", |n| repeat(n, calls::prometheus::call)),
        program("call-original", |n| repeat(n, calls::original::call)),
        program("call-two-Instants", |n| repeat(n, calls::instants)),
        program("call-bare", |n| repeat(n, calls::bare::call)),
    ];
    Operations { krate: "profiler", operation: "per call of a function that does nothing", programs }
}

fn of_ours(mode: Mode, n: u64) -> u64 {
    ours::set(mode);
    repeat(n, calls::lagom::call)
}

#[inline(never)]
fn repeat(n: u64, call: impl Fn(u64) -> u64) -> u64 {
    (0..WARM_UP).for_each(|x| _ = call(x));
    (0..n).map(|_| call(1)).sum()
}

/// Allocators called by name, as in the group `heap`, over one that has no more than a block: what they add is all there is.
fn of_pairs() -> Operations {
    static OURS: TrackingAllocator<OneBlock> = TrackingAllocator::with(OneBlock::new());
    static STATS: LazyLock<StatsAlloc<OneBlock>> = LazyLock::new(|| StatsAlloc::new(OneBlock::new()));
    static CAP: cap::Cap<OneBlock> = cap::Cap::new(OneBlock::new(), usize::MAX);
    static BARE: OneBlock = OneBlock::new();
    let programs = vec![
        program("pair-lagom", |n| {
            set_mode(heap::Mode::Count);
            pairs(&OURS, n)
        }),
        program("pair-lagom-off", |n| {
            set_mode(heap::Mode::Off);
            pairs(&OURS, n)
        }),
        program("pair-stats_alloc", |n| pairs(&*STATS, n)),
        program("pair-cap", |n| pairs(&CAP, n)),
        program("pair-bare", |n| pairs(&BARE, n)),
    ];
    Operations { krate: "profiler", operation: "per pair of an allocation of 64 bytes and its release", programs }
}

#[inline(never)]
fn pairs<A: GlobalAlloc>(allocator: &A, n: u64) -> u64 {
    (0..n).map(|i| raw::pair(allocator, i)).sum()
}

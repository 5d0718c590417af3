//! The calls whose instructions are counted.

use super::calls;
use super::ours::{self, Mode};
use crate::instructions::{Operations, Program};

/// Most instructions of a call of ours: two in a hundred more than it has; by chance, the adaptive mode has 78 to 91. To be
/// lowered when it has fewer. Under valgrind an empty call takes long, and so has more of what only long ones have.
const CEILINGS: [(&str, f64); 3] = [("call-lagom", 95.0), ("call-lagom-exact", 575.0), ("call-lagom-off", 35.7)];

/// Calls before those that are counted, so that it is known how often a function is called.
const WARM_UP: u64 = 200_000;

/// The programs.
pub(in crate::contenders) fn counted() -> Operations {
    let program = |name, run| {
        let ceiling = CEILINGS.iter().find(|(ours, _)| *ours == name).map(|(_, ceiling)| *ceiling);
        Program { name, ceiling, answer: 1, run }
    };
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

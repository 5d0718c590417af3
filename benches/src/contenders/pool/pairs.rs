//! The pairs whose instructions are counted.

use std::hint::black_box;
use std::time::Duration;

use super::object::Object;
use super::ours::{Ours, Owned, WithReset};
use super::peer::First::{Measured, Other};
use super::peer::{First, POOLS, Shared, chosen, pools};
use super::per_thread::{Regex, ThreadStacks};
use super::{MAX_IDLE, Small};
use crate::instructions::{Operations, Program};

/// Most instructions of a pair of ours: two more than it has. To be lowered when it has fewer.
const CEILINGS: [(&str, f64); 3] = [("lagom", 53.0), ("lagom-with-reset", 101.0), ("lagom-owned", 59.0)];

/// The programs, the floor first.
pub(in crate::contenders) fn counted() -> Operations {
    let program = |name, run| {
        let ceiling = CEILINGS.iter().find(|(ours, _)| *ours == name).map(|(_, ceiling)| *ceiling);
        Program { name, ceiling, answer: Small::FILLED, run }
    };
    let programs = vec![
        program("touch-and-clear-alone", alone),
        program("bare-Vec-of-Vec", stack),
        program("lagom", |n| of_pool::<Ours<Small>>(Other, n)),
        program("lagom-with-reset", |n| of_pool::<WithReset<Small>>(Other, n)),
        program("lagom-owned", |n| of_pool::<Owned<Small>>(Other, n)),
        program("regex-automata-owner", |n| of_pool::<Regex<Small>>(Measured, n)),
        program("regex-automata-other", |n| of_pool::<Regex<Small>>(Other, n)),
        program("thread_local", |n| of_pool::<ThreadStacks<Small>>(Other, n)),
    ];
    Operations {
        krate: "pool",
        operation: "per pair: take a Vec of 4 KiB, clear it, write 16 bytes, give it back",
        programs,
    }
}

fn of_pool<P: Shared>(first: First, n: u64) -> u64 {
    let pools = pools::<P>(MAX_IDLE, first);
    // Meanwhile a thread of ours asks the system what it can do, and no pair has to do without.
    std::thread::sleep(Duration::from_millis(100));
    pairs(&pools, n)
}

/// The loop that is counted.
#[inline(never)]
fn pairs<P: Shared>(pools: &[P; POOLS], n: u64) -> u64 {
    let pool = chosen(pools);
    let mut sum = 0;
    for i in 0..n {
        sum += pool.pair(i);
    }
    sum
}

/// The same loop without a pool: what no pool can save.
#[inline(never)]
fn alone(n: u64) -> u64 {
    let object = &mut *black_box(Box::new(Small::make()));
    let mut sum = 0;
    for i in 0..n {
        object.clean();
        sum += object.fill(i);
    }
    sum
}

/// The least that a pool can be: a stack that one thread has for itself.
#[inline(never)]
fn stack(n: u64) -> u64 {
    let idle = &mut *black_box(Box::new(vec![Small::make()]));
    let mut sum = 0;
    for i in 0..n {
        let mut object = idle.pop().unwrap_or_else(Small::make);
        object.clean();
        sum += object.fill(i);
        idle.push(object);
    }
    sum
}

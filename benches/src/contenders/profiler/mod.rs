//! Profilers of functions, samplers of the process, and allocators that count.
//!
//! Every rival is set up as its users do it. What they do with their records later, on another thread or at the end of a
//! frame, a call's time does not show, but the CPU time of the process does.

#[macro_use]
mod probes;

mod accuracy;
mod apart;
mod calls;
mod counted;
mod estimates;
mod heap;
mod memory;
mod monitor;
mod original;
mod ours;
mod program;
mod programs;
mod report;

use anyhow::{Result, bail};

pub(super) use self::counted::counted;
use super::Scale;
use crate::case::Case;

pub(super) fn cases(scale: Scale) -> Vec<Case> {
    let mut cases: Vec<Case> = [1, 2, 4].map(calls::case).into();
    cases.push(program::case());
    cases.push(memory::case(scale));
    cases.extend(accuracy::cases(scale));
    cases.extend(monitor::cases(scale));
    cases.extend(heap::cases());
    cases.extend(programs::cases(scale));
    cases.extend(estimates::cases(scale));
    cases
}

/// What has to have a process of its own: `memory`, `accuracy` or `monitor`, the contender, and how much.
pub(super) fn alone(words: &[String]) -> Result<String> {
    let [kind, contender, amount] = words else { bail!("`KIND CONTENDER AMOUNT`, not {words:?}") };
    let amount = amount.parse()?;
    match kind.as_str() {
        "memory" => memory::alone(contender, amount),
        "accuracy" => accuracy::alone(contender, amount),
        "monitor" => monitor::alone(contender, amount),
        _ => bail!("no kind `{kind}`"),
    }
}

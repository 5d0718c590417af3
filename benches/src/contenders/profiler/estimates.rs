//! How true ours is: sampled bytes against the known, exact ones against dhat's, and how short a recording is. Nobody else tells
//! his errors.

use std::cell::OnceCell;
use std::process::Command;
use std::rc::Rc;

use anyhow::{Context, Result, ensure};

use super::super::Scale;
use super::programs;
use crate::case::{Case, Contender, Found, OURS};

/// Bytes of a block.
const SIZES: [(u64, &str); 7] = [
    (16, "16 B"),
    (64, "64 B"),
    (1_000, "1,000 B"),
    (40 << 10, "40 KiB"),
    (300 << 10, "300 KiB"),
    (2 << 20, "2 MiB"),
    (64 << 20, "64 MiB"),
];

/// Names and units of what the program `estimates` prints, after the trials.
const ERRORS: [(&str, &str); 4] = [
    ("bias", "%"),
    ("standard error of the bias", "%"),
    ("trials with the truth in the interval of 95 %", "%"),
    ("spread, times the standard error told", "x"),
];

/// Workloads and amounts of which recordings are made.
const RECORDED: [(&str, u64); 5] =
    [("json", 40_000), ("btree", 300_000), ("tokens", 50_000), ("syn", 40), ("churn", 1_000_000)];

/// Names and units of what the program `recorded` prints, after the amount.
const LENGTH: [(&str, &str); 2] = [("length of an event", "bytes"), ("events", "events")];

/// Workloads and amounts of which dhat and ours are asked the same, in one process; for a look whether it works a tenth.
const COMPARED: [(&str, u64); 6] =
    [("json", 4_000), ("btree", 20_000), ("tokens", 5_000), ("syn", 4), ("churn", 20_000), ("pushes", 1_000_000)];

/// Names and units of what the program `as-dhat` prints, after the amount.
const AGREEMENT: [(&str, &str); 3] = [
    ("call stacks", "stacks"),
    ("call stacks of which ours and dhat differ", "stacks"),
    ("allocations", "allocations"),
];

pub(super) fn cases(scale: Scale) -> Vec<Case> {
    let recorded = RECORDED.iter().map(|(workload, amount)| {
        let amount = if scale == Scale::Smoke { amount / 20 } else { *amount };
        let case = Case::new("profiler", "heap", format!("a recording of {workload}"), |_| 1).unrivalled();
        case.with(contender("recorded", &[(*workload).to_owned(), amount.to_string()], amount, &LENGTH))
    });
    sampled(scale).into_iter().chain(compared(scale)).chain(recorded).collect()
}

fn sampled(scale: Scale) -> Vec<Case> {
    let trials = match scale {
        Scale::Smoke => 2,
        Scale::Quick => 100,
        Scale::Full => 3_000,
    };
    SIZES
        .iter()
        .map(|(size, name)| {
            let case = Case::new("profiler", "heap", format!("{name} a block, live bytes from samples"), |_| 1).unrivalled().note(
                "32 MiB of blocks (of 64 MiB: one) are allocated by one function and looked at by a snapshot, in every trial; a sample \
                 in 512 KiB.",
            );
            case.with(contender("estimates", &[size.to_string(), trials.to_string()], trials, &ERRORS))
        })
        .collect()
}

fn compared(scale: Scale) -> impl Iterator<Item = Case> {
    COMPARED.iter().map(move |(workload, amount)| {
        let amount = if scale == Scale::Full { *amount } else { amount.div_ceil(10) };
        let case = Case::new("profiler", "heap", format!("{workload}, live and recorded against dhat"), |_| 1).unrivalled().note(
            "Bytes and blocks in total, at the peak and at the end, of each call stack; live knows no peak, the recording all six.",
        );
        case.with(contender("as-dhat", &[(*workload).to_owned(), amount.to_string()], amount, &AGREEMENT))
    })
}

/// Of the numbers that a program prints: how much it did, which has to be so much, and the figures.
fn contender(program: &'static str, words: &[String], due: u64, figures: &[(&'static str, &'static str)]) -> Contender {
    let found: Rc<OnceCell<Vec<f64>>> = Rc::default();
    (1..).zip(figures).fold(Contender::untimed(OURS), |contender, (at, (metric, unit))| {
        let (found, words) = (Rc::clone(&found), words.to_vec());
        contender.figure(metric, unit, 1, move |_| {
            let numbers = found.get_or_init(|| {
                numbers(program, &words).unwrap_or_else(|error| {
                    eprintln!("{program} {words:?}: {error:#}");
                    Vec::new()
                })
            });
            let answer = u64::from(numbers.first() == Some(&(due as f64)));
            Found { value: numbers.get(at).copied().unwrap_or(f64::NAN), answer }
        })
    })
}

/// The process runs when the first number is asked for.
fn numbers(program: &str, words: &[String]) -> Result<Vec<f64>> {
    let done = Command::new(programs::program(program)?).args(words).output()?;
    ensure!(done.status.success(), "{}: {}", done.status, String::from_utf8_lossy(&done.stderr));
    let text = String::from_utf8(done.stdout)?;
    text.split_whitespace().map(str::parse).collect::<Result<_, _>>().context(text)
}

//! Ours with the instruction sets that it may be told to keep to.
//!
//! It looks at the environment once, so that each set is a process of its own, which times its batches when asked; the
//! batches of all follow each other in rounds.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};

use crate::case::{Case, Contender, Found, OURS};

const SWITCH: &str = "LAGOM_VECPROC_ISA";
const ROUNDS: u64 = 40;

/// Contenders and what they are told; nothing is the best that the processor has.
const FIELD: [(&str, &str); 3] = [(OURS, ""), ("kept to AVX2", "avx2"), ("kept to no SIMD", "portable")];

const OPERATIONS: [&str; 12] = [
    "expanding mean x1.1",
    "cumulative sum",
    "EWMA, unadjusted",
    "rolling mean 50",
    "rolling std 50",
    "rolling max 50",
    "rolling median 50",
    "affine",
    "sum",
    "variance",
    "min and max",
    "argmin and argmax",
];

pub(super) fn cases(sizes: &[usize]) -> Vec<Case> {
    let mut cases = Vec::new();
    // The longest is held by memory, not by instructions.
    for n in sizes.iter().take(2) {
        for operation in OPERATIONS {
            let name = format!("{operation}, n = {n:e}");
            let case = Case::new("vecproc", "instruction sets", format!("by instruction set: {name}"), |n| n)
                .note("Each in a process of its own, told by the environment. Where the processor lacks a set, the best it has.");
            cases.push(FIELD.iter().fold(case, |case, &(contender, _)| {
                let figure = |relative: bool| {
                    let name = name.clone();
                    move |rounds| found(&name, contender, rounds, relative)
                };
                let contender = Contender::untimed(contender)
                    .figure("least of all batches", "ns/element", ROUNDS, figure(false))
                    .figure("times the best set's", "x", ROUNDS, figure(true));
                case.with(contender)
            }));
        }
    }
    cases
}

fn found(case: &str, contender: &'static str, rounds: u64, relative: bool) -> Found {
    let value = || {
        let value = time(case, contender, rounds)?;
        if relative { Ok(value / time(case, OURS, rounds)?) } else { anyhow::Ok(value) }
    };
    match value() {
        Ok(value) => Found { value, answer: rounds },
        Err(error) => {
            eprintln!("{contender}: {error:#}");
            Found { value: f64::NAN, answer: 0 }
        }
    }
}

/// The time of one contender; all are measured when the first is asked for.
fn time(case: &str, contender: &'static str, rounds: u64) -> Result<f64> {
    static FOUND: Mutex<Option<HashMap<(String, &'static str), f64>>> = Mutex::new(None);
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    let found = found.get_or_insert_default();
    if let Some(time) = found.get(&(case.to_owned(), contender)) {
        return Ok(*time);
    }
    let mut processes = Vec::new();
    for (name, told) in FIELD {
        processes.push((name, Process::start(told)?, f64::INFINITY));
    }
    for _ in 0..rounds.clamp(1, ROUNDS) {
        for (_, process, least) in &mut processes {
            *least = least.min(process.time(case)?);
        }
    }
    found.extend(processes.into_iter().map(|(name, _, least)| ((case.to_owned(), name), least)));
    found.get(&(case.to_owned(), contender)).copied().context("nobody of that name")
}

/// This program again, timing ours when asked.
struct Process {
    child: Child,
    orders: ChildStdin,
    times: BufReader<ChildStdout>,
}

impl Process {
    fn start(told: &str) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["vecproc", "--serve"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        if !told.is_empty() {
            command.env(SWITCH, told);
        }
        let mut child = command.spawn().context("cannot start this program again")?;
        let (orders, times) = (child.stdin.take(), child.stdout.take());
        let (orders, times) = (orders.context("no input")?, times.context("no output")?);
        Ok(Self { child, orders, times: BufReader::new(times) })
    }

    fn time(&mut self, case: &str) -> Result<f64> {
        writeln!(self.orders, "{case}")?;
        let mut line = String::new();
        self.times.read_line(&mut line)?;
        match line.trim().parse() {
            Ok(time) => Ok(time),
            Err(_) => bail!("no time: {line:?}"),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! Figures that a contender finds in a process of its own, so that no other is in its memory or in its report.

use std::collections::HashMap;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anyhow::{Result, ensure};

use crate::case::{Contender, Found};

/// One number of those that `runner --alone profiler KIND CONTENDER AMOUNT` prints; what cannot be found is NaN, and an
/// error.
pub(super) struct Figure {
    pub(super) metric: &'static str,
    pub(super) unit: &'static str,
    /// Its place among the numbers.
    pub(super) at: usize,
}

/// A contender of these figures.
pub(super) fn contender(kind: &'static str, name: &'static str, amount: u64, figures: &[Figure]) -> Contender {
    figures.iter().fold(Contender::untimed(name), |contender, &Figure { metric, unit, at }| {
        contender.figure(metric, unit, amount, move |n| match numbers(kind, name, amount) {
            Ok(numbers) => Found { value: numbers.get(at).copied().unwrap_or(f64::NAN), answer: n },
            Err(error) => {
                eprintln!("{name}: {error:#}");
                Found { value: f64::NAN, answer: 0 }
            }
        })
    })
}

/// What the process prints; it runs when its first number is asked for.
fn numbers(kind: &'static str, name: &'static str, amount: u64) -> Result<Vec<f64>> {
    type Asked = (&'static str, &'static str, u64);
    static FOUND: Mutex<Option<HashMap<Asked, Vec<f64>>>> = Mutex::new(None);
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    let found = found.get_or_insert_default();
    if let Some(numbers) = found.get(&(kind, name, amount)) {
        return Ok(numbers.clone());
    }
    let mut command = Command::new(std::env::current_exe()?);
    let done = command.args(["--alone", "profiler", kind, name, &amount.to_string()]).output()?;
    ensure!(done.status.success(), "{kind} failed: {}", String::from_utf8_lossy(&done.stderr));
    let text = String::from_utf8(done.stdout)?;
    let numbers = text.split_whitespace().map(str::parse).collect::<Result<Vec<f64>, _>>()?;
    found.insert((kind, name, amount), numbers.clone());
    Ok(numbers)
}

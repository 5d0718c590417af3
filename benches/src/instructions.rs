//! Instructions per operation, counted by valgrind: they depend on the compiler, and on no machine's speed or load.
//!
//! Each program runs twice, for a short and a long loop; the difference is the loop's. The loop is
//! `for i in 0..n { sum += operation(subject, i) }`, a function of its own, and the subject is hidden from the compiler.
//! A pool's operation is a pair: take a `Vec<u8>` of 4 KiB, clear it, write `i` to it twice (two times 8 bytes), and give it
//! back, to one of 64 pools. Where the hasher is seeded by the process, a count differs by an instruction or two from run to run.

use std::io;
use std::process::Command;

use anyhow::{Context, Result, bail};

pub use crate::contenders::counted;

/// What is counted of one crate.
#[derive(Clone, Debug)]
pub struct Operations {
    /// The crate, without its prefix.
    pub krate: &'static str,
    /// What one operation is, after the words "instructions".
    pub operation: &'static str,
    /// The programs.
    pub programs: Vec<Program>,
}

/// A program whose operations are counted.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// Its name, one word.
    pub name: &'static str,
    /// Most instructions that an operation of it may have.
    pub ceiling: Option<f64>,
    /// What each operation adds to the sum.
    pub answer: u64,
    /// Does so many operations, and returns a sum that proves it.
    pub run: fn(u64) -> u64,
}

/// What a program was found to have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Counted {
    /// Its name.
    pub name: &'static str,
    /// Instructions per operation.
    pub instructions: f64,
    /// As asked for.
    pub ceiling: Option<f64>,
}

impl Counted {
    /// Whether there are more than there may be.
    pub fn is_too_many(&self) -> bool {
        self.ceiling.is_some_and(|ceiling| self.instructions > ceiling)
    }
}

/// Long enough that what happens once does not show.
const SHORT: u64 = 10_000;
const LONG: u64 = 110_000;

/// Counts one program; it is started as this one with the arguments `--run NAME N`.
///
/// # Errors
///
/// When valgrind cannot be started, or the program fails under it.
pub fn count(program: &Program) -> Result<Counted> {
    let (short, long) = (total(program.name, SHORT)?, total(program.name, LONG)?);
    let instructions = (long as f64 - short as f64) / (LONG - SHORT) as f64;
    Ok(Counted { name: program.name, instructions, ceiling: program.ceiling })
}

/// All instructions of one run.
fn total(name: &str, n: u64) -> Result<u64> {
    let mut command = Command::new("valgrind");
    // From main on: what a rival calibrates before that takes as long as it takes.
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=main"]);
    command.arg(std::env::current_exe()?).args(["--run", name, &n.to_string()]);
    let output = match command.output() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => bail!("valgrind is not on the path"),
        output => output.context("cannot start valgrind")?,
    };
    let text = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("{name} failed under valgrind ({}):\n{text}", output.status);
    }
    collected(&text).with_context(|| format!("valgrind counted nothing:\n{text}"))
}

/// The count in what callgrind says: `==42== Collected : 1234567`.
fn collected(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok())
}

/// The counts as text, ending in a line feed.
pub fn table(found: &[Counted]) -> String {
    let width = found.iter().map(|counted| counted.name.len()).max().unwrap_or(0);
    let line = |counted: &Counted| {
        let limit = counted.ceiling.map(|ceiling| {
            let verdict = if counted.is_too_many() { "TOO MANY, " } else { "" };
            format!("  ({verdict}at most {ceiling})")
        });
        format!("  {:<width$} {:>7.1}{}\n", counted.name, counted.instructions, limit.unwrap_or_default())
    };
    found.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_found() {
        let text = "==7== Events    : Ir\n==7== Collected : 1234567\n==7== \n==7== I   refs:      1,234,567\n";
        assert_eq!(collected(text), Some(1_234_567));
        assert_eq!(collected("==7== Events    : Ir\n"), None);
    }

    #[test]
    fn too_many_are_said_to_be_too_many() {
        let counted = |name, instructions, ceiling| Counted { name, instructions, ceiling };
        let found =
            [counted("floor", 38.0, None), counted("lagom", 48.04, Some(48.0)), counted("owned", 48.0, Some(48.0))];
        assert_eq!(found.map(|counted| counted.is_too_many()), [false, true, false]);
        assert_eq!(
            table(&found),
            "  floor    38.0\n  lagom    48.0  (TOO MANY, at most 48)\n  owned    48.0  (at most 48)\n"
        );
    }

    #[test]
    fn every_program_does_its_work() {
        let mut names = std::collections::HashSet::new();
        for program in counted().iter().flat_map(|operations| &operations.programs) {
            assert_eq!((program.run)(100), 100 * program.answer, "{}", program.name);
            assert!(!program.name.contains(' '), "{} is an argument", program.name);
            assert!(names.insert(program.name), "{} occurs twice", program.name);
        }
    }
}

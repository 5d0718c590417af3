//! `cargo xtask bench pool --instructions` builds and runs this.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use lagom_benches::instructions::{count, counted_pairs, table};

/// Counts the instructions of a pair; fails when there are more than there may be.
#[derive(Parser)]
struct Options {
    /// Only do so many pairs of one program, to be counted from outside.
    #[arg(long, num_args = 2, value_names = ["NAME", "N"])]
    run: Option<Vec<String>>,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all is as it may be.
fn run(options: &Options) -> Result<bool> {
    if let Some([name, n]) = options.run.as_deref() {
        let pairs = counted_pairs().into_iter().find(|pairs| pairs.name == name);
        std::hint::black_box((pairs.context("no such program")?.run)(n.parse()?));
        return Ok(true);
    }
    let found = counted_pairs().iter().map(count).collect::<Result<Vec<_>>>()?;
    println!("instructions per pair: take a Vec of 4 KiB, clear it, write 16 bytes, give it back");
    print!("{}", table(&found));
    Ok(!found.iter().any(|counted| counted.is_too_many()))
}

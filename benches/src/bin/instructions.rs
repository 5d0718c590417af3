//! `cargo xtask bench CRATE --instructions` builds and runs this.

use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use lagom_benches::instructions::{count, counted, table};

/// Counts the instructions of an operation; fails when there are more than there may be.
#[derive(Parser)]
struct Options {
    /// Only what is counted of this crate of ours, such as `pool`.
    #[arg(value_name = "CRATE")]
    krate: Option<String>,
    /// Only do so many operations of one program, to be counted from outside.
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
        let program =
            counted().into_iter().flat_map(|operations| operations.programs).find(|program| program.name == name);
        std::hint::black_box((program.context("no such program")?.run)(n.parse()?));
        return Ok(true);
    }
    let wanted = |krate: &str| {
        options.krate.as_ref().is_none_or(|wanted| wanted.strip_prefix("lagom-").unwrap_or(wanted) == krate)
    };
    let (mut any, mut right) = (false, true);
    for operations in counted().iter().filter(|operations| wanted(operations.krate)) {
        let found = operations.programs.iter().map(count).collect::<Result<Vec<_>>>()?;
        println!("instructions {}", operations.operation);
        print!("{}", table(&found));
        any = true;
        right &= !found.iter().any(|counted| counted.is_too_many());
    }
    let mut crates: Vec<&str> = counted().iter().map(|operations| operations.krate).collect();
    crates.dedup();
    ensure!(any, "nothing is counted of that crate; there are {}", crates.join(" and "));
    Ok(right)
}

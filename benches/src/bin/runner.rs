//! `cargo xtask bench` builds and runs this.

use std::process::ExitCode;

use clap::Parser;
use lagom_benches::runner::{Options, run};

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

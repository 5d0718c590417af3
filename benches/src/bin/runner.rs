//! `cargo xtask bench` builds and runs this.

use std::process::ExitCode;

use clap::Parser;
use lagom_benches::measure::Heap;
use lagom_benches::runner::{Options, run};

/// Some figures are bytes.
#[global_allocator]
static HEAP: Heap = Heap;

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

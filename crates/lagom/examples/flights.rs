//! A year of New York flights: read, join, enrich, aggregate; once as one writes it first, once with lagom.
//!
//! ```text
//! cargo xtask demo [--input FILE]
//! ```
//!
//! runs both, each in processes of its own, checks that they give the same answers, and compares them in a table and on
//! a page. Without `--input` the flights are the month under `examples/data/`. `flights run naive` and
//! `flights run lagom` run one version here and print its answers as JSON.

#[cfg(test)]
#[path = "flights/alike.rs"]
mod alike;
#[path = "flights/answers.rs"]
mod answers;
#[path = "flights/charts.rs"]
mod charts;
#[path = "flights/compare.rs"]
mod compare;
#[path = "flights/demo.rs"]
mod demo;
#[path = "flights/fields.rs"]
mod fields;
#[path = "flights/input.rs"]
mod input;
#[path = "flights/lean/mod.rs"]
mod lean;
#[path = "flights/measure.rs"]
mod measure;
#[path = "flights/naive.rs"]
mod naive;
#[path = "flights/page.rs"]
mod page;
#[path = "flights/tables.rs"]
mod tables;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use lagom::profiler::TrackingAllocator;

use demo::DemoArgs;
use measure::Version;

/// Counts what the profiled runs allocate; off in the timed ones.
#[global_allocator]
static ALLOCATOR: TrackingAllocator = TrackingAllocator::new();

/// The New York flights pipeline, naive and with lagom.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs both versions, compares them and writes the report.
    Demo(DemoArgs),
    /// Runs one version and prints its answers as JSON.
    Run {
        version: Version,
        /// Flights to read, CSV or gzip of it; the January that ships with the example when not given.
        #[arg(long, value_name = "FILE")]
        input: Option<PathBuf>,
        /// Under the profiler.
        #[arg(long)]
        profiled: bool,
        /// Prints not only the answers but what the run measured of itself.
        #[arg(long)]
        report: bool,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Should standard error be closed, too, then the exit status says enough.
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Demo(args) => demo::demo(&args),
        Command::Run { version, input, profiled, report: whole } => {
            let report = measure::measure(version, input, profiled)?;
            let mut out = io::stdout().lock();
            if whole {
                serde_json::to_writer(&mut out, &report)?;
            } else {
                serde_json::to_writer_pretty(&mut out, &report.answers)?;
                writeln!(io::stderr(), "wall time: {:.1} ms", report.wall.as_secs_f64() * 1e3)?;
            }
            Ok(writeln!(out)?)
        }
    }
}

//! A year of New York flights: read, join, enrich, aggregate.
//!
//! ```text
//! cargo run --release --example flights -- naive [--input FILE]
//! ```
//!
//! prints the answers as JSON on standard output and the wall time on standard error. Without `--input` it runs on
//! the month of flights under `examples/data/`.

#[path = "flights/answers.rs"]
mod answers;
#[path = "flights/input.rs"]
mod input;
#[path = "flights/naive.rs"]
mod naive;
#[path = "flights/tables.rs"]
mod tables;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Instant;

use clap::{Parser, Subcommand};

use input::Inputs;

/// The New York flights pipeline.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Answers every question the first, straightforward way.
    Naive {
        /// Flights to read, CSV or gzip of it; the January that ships with the example when not given.
        #[arg(long, value_name = "FILE")]
        input: Option<PathBuf>,
    },
}

fn main() -> anyhow::Result<()> {
    let started = Instant::now();
    let answers = match Arguments::parse().command {
        Command::Naive { input } => naive::run(&Inputs::new(input, &indicatif::ProgressBar::hidden()))?,
    };
    let wall = started.elapsed();

    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, &answers)?;
    writeln!(out)?;
    eprintln!("wall time: {:.1} ms", wall.as_secs_f64() * 1e3);
    Ok(())
}

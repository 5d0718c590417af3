//! The project's own commands. `cargo xtask help` lists them.

mod bench;
mod ci;
mod demo;
mod docs;
mod steps;
mod test;
mod tidy;
mod tools;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(bin_name = "cargo xtask", about = "The project's own commands")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the main job: the New York flights, written naively and with lagom, side by side.
    Demo(demo::DemoArgs),
    /// Run every test: unit, doc, integration, loom models, downstream crates.
    Test(test::TestArgs),
    /// Compare with the best of the field.
    Bench(bench::BenchArgs),
    /// Run everything that a change must pass.
    Ci(ci::CiArgs),
    /// Check the rules of the project that no compiler checks.
    Tidy,
    /// Build the documentation of the published crates; a warning is an error.
    Docs,
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Demo(args) => return demo::run(&args),
        Command::Test(args) => test::run(&args)?,
        Command::Bench(args) => return bench::run(&args),
        Command::Ci(args) => ci::run(&args)?,
        Command::Tidy => tidy::run()?,
        Command::Docs => docs::run()?,
    }
    Ok(ExitCode::SUCCESS)
}

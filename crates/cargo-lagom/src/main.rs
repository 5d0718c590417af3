//! `cargo lagom`: what a program did with its heap.

#![forbid(unsafe_code)]

mod arguments;
mod failure;
mod heap;
mod load;
mod output;
mod run;

use std::process::ExitCode;

use clap::Parser as _;

use self::arguments::{Area, Arguments};

fn main() -> ExitCode {
    let Arguments { area: Area::Heap { runtime, command } } =
        Arguments::parse_from(arguments::without_subcommand(std::env::args_os()));
    match heap::execute(command, runtime) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

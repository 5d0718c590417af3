//! `cargo xtask bench` builds and runs this.

use clap::Parser;
use lagom_benches::runner::{Options, run};

fn main() -> anyhow::Result<()> {
    run(&Options::parse())
}

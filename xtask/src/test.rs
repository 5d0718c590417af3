//! `cargo xtask test`: every test; with `--deep` also what takes long or asks for more tools.

mod deep;

use std::env;

use anyhow::Result;
use clap::Args;

use crate::steps::Steps;
use crate::tools;
use crate::workspace::Workspace;

#[derive(Args)]
pub(crate) struct TestArgs {
    /// Search deeper: more interleavings, more random cases, stress tests again and again, Miri, sanitizers, valgrind.
    #[arg(long)]
    deep: bool,
}

pub(crate) fn run(args: &TestArgs) -> Result<()> {
    let mut steps = Steps::new("test");
    all(&mut steps, args.deep)?;
    steps.finish();
    Ok(())
}

/// Every test, as steps of `steps`.
pub(crate) fn all(steps: &mut Steps, deep: bool) -> Result<()> {
    let workspace = Workspace::read()?;
    steps.run("unit, doc and integration tests", || {
        // The default members only: no rival is built.
        let mut command = tools::cargo(["test", "--all-features"]);
        if deep && env::var_os("PROPTEST_CASES").is_none() {
            command.env("PROPTEST_CASES", "4096");
        }
        tools::run(&mut command)
    })?;
    steps.run("loom models", || loom(&workspace, if deep { "5" } else { "3" }))?;
    for package in downstream(&workspace) {
        // Each on its own, with the features that a user gets.
        steps.run(package, || tools::run(&mut tools::cargo(["test", "--package", package])))?;
    }
    if deep { deep::all(steps, &workspace) } else { Ok(()) }
}

/// The crates that use the published ones as any user would.
fn downstream(workspace: &Workspace) -> impl Iterator<Item = &str> {
    workspace
        .packages
        .iter()
        .filter(|package| package.dir.starts_with("tests/downstream/"))
        .map(|package| &*package.name)
}

/// Runs the loom models, each over every interleaving with at most `preemptions` forced switches.
fn loom(workspace: &Workspace, preemptions: &str) -> Result<()> {
    let mut command = tools::cargo(["test", "--release", "--package", "lagom-tests", "--test", "loom"]);
    command.args(["--no-default-features", "--features", "loom"]);
    // A folder of its own: the flag would throw away what the other steps built.
    command.env("CARGO_TARGET_DIR", workspace.target.join("loom"));
    command.env("RUSTFLAGS", tools::with_flags("RUSTFLAGS", "--cfg lagom_loom"));
    if env::var_os("LOOM_MAX_PREEMPTIONS").is_none() {
        command.env("LOOM_MAX_PREEMPTIONS", preemptions);
    }
    tools::run(&mut command)
}

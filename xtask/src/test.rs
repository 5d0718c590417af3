//! `cargo xtask test`: every test; with `--deep` also what takes long or asks for more tools.

mod deep;
mod neon;
mod outputs;

use std::env;
use std::process::Command;

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
    steps.run("tests without features", || tools::run(&mut without_features(&workspace)))?;
    steps.run("loom models", || loom(&workspace, if deep { "5" } else { "3" }))?;
    for package in downstream(&workspace) {
        // Each on its own, with the features that a user gets.
        steps.run(package, || tools::run(&mut tools::cargo(["test", "--package", package])))?;
    }
    neon::check(steps, &workspace)?;
    if deep { deep::all(steps, &workspace) } else { Ok(()) }
}

/// The tests of each published crate with nothing on, as some ask what is left then; one run, so that it is one build.
fn without_features(workspace: &Workspace) -> Command {
    let mut command = tools::cargo(["test", "--no-default-features"]);
    // The facade is empty then.
    for package in workspace.published().filter(|package| package.name != "lagom") {
        command.args(["--package", &package.name]);
    }
    // The probes off and the attribute there, which must leave functions as they are written.
    command.args(["--features", "lagom-profiler/macros"]);
    command
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
    tools::add_flags(&mut command, "RUSTFLAGS", "--cfg lagom_loom");
    // One test there fails if this is set and the flag did not arrive: no models would pass, too.
    command.env("LAGOM_LOOM_MODELS", "1");
    if env::var_os("LOOM_MAX_PREEMPTIONS").is_none() {
        command.env("LOOM_MAX_PREEMPTIONS", preemptions);
    }
    tools::run(&mut command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_stands_without_features_is_tested() {
        let command = without_features(&Workspace::read().unwrap());
        let args: Vec<_> = command.get_args().map(|arg| arg.to_str().unwrap()).collect();
        for wanted in ["lagom-base", "lagom-profiler", "lagom-memo", "--no-default-features", "lagom-profiler/macros"] {
            assert!(args.contains(&wanted), "{wanted} is not in {args:?}");
        }
        for other in ["lagom", "lagom-benches", "lagom-tests"] {
            assert!(!args.contains(&other), "{other} is in {args:?}");
        }
    }
}

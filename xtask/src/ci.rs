//! `cargo xtask ci`: everything that a change must pass, the fast checks first.

use anyhow::Result;
use clap::Args;

use crate::steps::Steps;
use crate::workspace::{Package, Workspace};
use crate::{bench, docs, test, tidy, tools};

#[derive(Args)]
pub(crate) struct CiArgs {
    /// Leave the tests out, because `cargo xtask test` has just run.
    #[arg(long)]
    no_test: bool,
}

pub(crate) fn run(args: &CiArgs) -> Result<()> {
    let workspace = Workspace::read()?;
    let mut steps = Steps::new("ci");
    steps.run("format", || tools::run(&mut tools::cargo(["fmt", "--all", "--check"])))?;
    steps.run("tidy", tidy::run)?;
    steps.run("clippy, all features", || clippy(&["--workspace", "--all-targets", "--all-features"]))?;
    steps.run("clippy, default features", || clippy(&["--workspace", "--all-targets"]))?;
    steps.run("clippy, no and every single feature", || features(&workspace))?;
    steps.run("docs, all features", || docs::build(&workspace, &["--all-features"]))?;
    steps.run("docs, default features", || docs::build(&workspace, &[]))?;
    steps.run("packages", package)?;
    if !args.no_test {
        test::all(&mut steps, false)?;
    }
    // What the README tells users to run first; on real data, where the two versions must agree.
    steps.run("demo", || tools::run(&mut tools::xtask(["demo"])?))?;
    // Last: it builds every rival.
    steps.run("bench smoke run", || tools::run(&mut tools::xtask(["bench", "--smoke"])?))?;
    if bench::can_count() {
        steps.run("instructions per operation", || tools::run(&mut bench::instructions()))?;
    } else {
        steps.skip("instructions per operation", "valgrind is not on the path");
    }
    msrv(&mut steps, &workspace)?;
    steps.finish();
    Ok(())
}

/// The release whose clippy the code is written for. Each release finds fault with more.
const CLIPPY: &str = "1.95";

/// Clippy; a warning is an error in our code, while the dependencies are built with the flags of every other step.
/// Another release than [`CLIPPY`] only shows what it finds.
fn clippy(args: &[&str]) -> Result<()> {
    let mut command = tools::cargo(["clippy", "--quiet"]);
    command.args(args);
    if is_release(&tools::output(&mut tools::cargo(["--version"]))?, CLIPPY) {
        command.args(["--", "-D", "warnings"]);
    }
    tools::run(&mut command)
}

/// Whether `cargo 1.95.0 (…)` is of the release `1.95`.
fn is_release(version: &str, release: &str) -> bool {
    let number = version.split_whitespace().nth(1).unwrap_or_default();
    number.strip_prefix(release).is_some_and(|patch| patch.starts_with('.') && !patch.contains('-'))
}

/// Each published crate with nothing on, then with each feature alone.
fn features(workspace: &Workspace) -> Result<()> {
    for package in workspace.published() {
        for feature in alone(package) {
            eprintln!("{} {}", package.name, feature.unwrap_or("(no feature)"));
            let mut args = vec!["--package", &package.name, "--no-default-features"];
            match feature {
                Some(feature) => args.extend(["--features", feature]),
                None => args.push("--all-targets"),
            }
            clippy(&args)?;
        }
    }
    Ok(())
}

/// No feature, then each one; `default` is left to the step that checks the workspace.
fn alone(package: &Package) -> impl Iterator<Item = Option<&str>> {
    let each = package.features.iter().map(String::as_str).filter(|feature| *feature != "default");
    std::iter::once(None).chain(each.map(Some))
}

/// Whether each published crate packages, with the versions that it asks of the others. Uploads nothing.
fn package() -> Result<()> {
    tools::run(&mut tools::cargo(["publish", "--workspace", "--dry-run", "--allow-dirty", "--no-verify", "--quiet"]))
}

/// The oldest compiler that the libraries promise to build with, if it is installed.
fn msrv(steps: &mut Steps, workspace: &Workspace) -> Result<()> {
    let Some(version) = workspace.get("lagom").and_then(|package| package.rust_version.as_deref()) else {
        anyhow::bail!("the facade names no rust-version");
    };
    let step = format!("Rust {version}");
    let Some(toolchain) = tools::toolchain(version) else {
        steps.skip(&step, "that toolchain is not installed");
        return Ok(());
    };
    steps.run(step, || {
        let mut command = tools::cargo_of(&toolchain, ["check"]);
        for package in workspace.published() {
            command.args(["--package", &package.name]);
        }
        tools::run(command.env("CARGO_TARGET_DIR", workspace.target.join("msrv")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_release_denies_warnings() {
        assert!(is_release("cargo 1.95.0 (f2d3ce0bd 2026-03-21)", "1.95"));
        assert!(is_release("cargo 1.95.1", "1.95"));
        for other in ["cargo 1.96.0 (x)", "cargo 1.95.0-nightly (x)", "cargo 1.950.0", "cargo 1.9.5", "cargo", ""] {
            assert!(!is_release(other, "1.95"), "{other}");
        }
    }

    #[test]
    fn every_feature_is_checked_alone() {
        let features = ["default", "macros", "serde"].map(str::to_owned).to_vec();
        let package = Package { features, ..Package::default() };
        assert_eq!(alone(&package).collect::<Vec<_>>(), [None, Some("macros"), Some("serde")]);
    }
}

//! What `--deep` adds. A tool that is not there is named, not installed.

use std::fs;
use std::process::Command;

use anyhow::Result;

use super::{neon, outputs};
use crate::steps::Steps;
use crate::tools;
use crate::workspace::{Package, Workspace};

const PROFILER: &str = "lagom-profiler";

/// What a thread still holds when the process ends is no leak.
const MEMCHECK: &str = "valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite";

/// How often the stress tests run again.
const REPEATS: usize = 20;

pub(super) fn all(steps: &mut Steps, workspace: &Workspace) -> Result<()> {
    stress(steps)?;
    without_membarrier(steps, workspace)?;
    long_streams(steps)?;
    neon::run(steps, workspace)?;
    outputs::run(steps, workspace)?;
    miri(steps, workspace)?;
    address_sanitizer(steps, workspace)?;
    thread_sanitizer(steps, workspace)?;
    valgrind(steps, workspace)
}

/// The test files with `stress` or `threads` in their name, again and again: each run meets other interleavings.
fn stress(steps: &mut Steps) -> Result<()> {
    steps.run(format!("stress tests, {REPEATS} times"), || {
        let files = ["--test", "*stress*", "--test", "*threads*"];
        for _ in 0..REPEATS {
            tools::run(tools::cargo(["test", "--all-features", "--quiet"]).args(files))?;
        }
        Ok(())
    })
}

/// The pool as it is where the system cannot fence other threads.
fn without_membarrier(steps: &mut Steps, workspace: &Workspace) -> Result<()> {
    steps.run("the pool without membarrier", || {
        let mut command =
            tools::cargo(["test", "--package", "lagom-base", "--package", "lagom-pool", "--all-features"]);
        tools::add_flags(&mut command, "RUSTFLAGS", "--cfg lagom_no_membarrier");
        tools::run(command.env("CARGO_TARGET_DIR", workspace.target.join("no-membarrier")))
    })
}

/// Vecproc over more elements than 32 bits can count.
fn long_streams(steps: &mut Steps) -> Result<()> {
    steps.run("streams of more than 2^32 elements", || {
        let mut command = tools::cargo(["test", "--release", "--package", "lagom-vecproc", "--test", "long"]);
        tools::run(command.env("LAGOM_VECPROC_LONG", ((1_u64 << 32) + 100_000).to_string()))
    })
}

/// Undefined behaviour, found by interpreting the unit tests.
fn miri(steps: &mut Steps, workspace: &Workspace) -> Result<()> {
    if !tools::works(&mut tools::cargo_of("nightly", ["miri", "--version"])) {
        steps.skip("miri", "no nightly toolchain with the component `miri`");
        return Ok(());
    }
    steps.run("miri", || {
        let mut command = tools::cargo_of("nightly", ["miri", "test", "--lib"]);
        // Clocks and files are the real ones; a few random cases must do, the interpreter is slow.
        tools::add_flags(&mut command, "MIRIFLAGS", "-Zmiri-disable-isolation");
        command.env("PROPTEST_CASES", "4").env("CARGO_TARGET_DIR", workspace.target.join("miri"));
        tools::run(select(&mut command, workspace))
    })
}

/// Memory used after it was freed, or beyond its end.
fn address_sanitizer(steps: &mut Steps, workspace: &Workspace) -> Result<()> {
    sanitizer(steps, workspace, "address", "-Zsanitizer=address", &[])
}

/// Data races. The standard library is built along, or its own synchronization would look like a race.
fn thread_sanitizer(steps: &mut Steps, workspace: &Workspace) -> Result<()> {
    let source = Command::new("rustup").args(["component", "list", "--installed", "--toolchain", "nightly"]).output();
    if !source.is_ok_and(|list| String::from_utf8_lossy(&list.stdout).contains("rust-src")) {
        steps.skip("thread sanitizer", "no nightly toolchain with the component `rust-src`");
        return Ok(());
    }
    sanitizer(steps, workspace, "thread", "-Zsanitizer=thread", &["-Zbuild-std"])
}

fn sanitizer(steps: &mut Steps, workspace: &Workspace, name: &str, flag: &str, extra: &[&str]) -> Result<()> {
    let step = format!("{name} sanitizer");
    let Some(host) = host().filter(|host| tools::toolchain("nightly").is_some() && has_sanitizers(host)) else {
        steps.skip(&step, "no nightly toolchain, or none for this platform");
        return Ok(());
    };
    steps.run(step, || {
        let cargo = |targets: &[&str]| {
            // With a target named, the flags reach the tests and not the build scripts and macros.
            let mut command = tools::cargo_of("nightly", ["test", "--target", &host]);
            command.args(targets).args(extra);
            tools::add_flags(&mut command, "RUSTFLAGS", flag);
            command.env("CARGO_TARGET_DIR", workspace.target.join(format!("{name}-sanitizer")));
            // Some tests forget a guard on purpose; valgrind looks for leaks where none does.
            command.env("ASAN_OPTIONS", "detect_leaks=0");
            command
        };
        // The integration tests of the profiler measure memory, which a sanitizer changes.
        tools::run(cargo(&["--lib"]).args(["--package", PROFILER]))?;
        let mut command = cargo(&["--lib", "--tests"]);
        for package in libraries(workspace).filter(|package| package.name != PROFILER) {
            command.args(["--package", &package.name]);
        }
        command.arg("--");
        // Another compiler words its errors differently.
        for test in compile_fail_tests(workspace)? {
            command.args(["--skip", &test]);
        }
        tools::run(&mut command)
    })
}

/// The names of the tests that compare what the compiler says.
fn compile_fail_tests(workspace: &Workspace) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for package in workspace.published() {
        let Ok(entries) = fs::read_dir(tools::root().join(&package.dir).join("tests")) else { continue };
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                names.extend(compile_fail_tests_in(&fs::read_to_string(path)?));
            }
        }
    }
    Ok(names)
}

fn compile_fail_tests_in(text: &str) -> Vec<String> {
    let calls = text.match_indices("trybuild::TestCases::new").map(|(at, _)| &text[..at]);
    calls.filter_map(|before| before.rsplit_once("fn ")?.1.split_once('(')).map(|(name, _)| name.to_owned()).collect()
}

/// Memory errors and leaks in the unit tests.
fn valgrind(steps: &mut Steps, workspace: &Workspace) -> Result<()> {
    let host = host();
    let Some(host) = host.filter(|_| tools::works(Command::new("valgrind").arg("--version"))) else {
        steps.skip("valgrind", "not on the path");
        return Ok(());
    };
    steps.run("valgrind", || {
        let mut command = tools::cargo(["test", "--lib", "--all-features"]);
        let runner = format!("CARGO_TARGET_{}_RUNNER", host.replace(['-', '.'], "_").to_uppercase());
        command.env(runner, MEMCHECK);
        command.env("PROPTEST_CASES", "16");
        tools::run(select(&mut command, workspace))
    })
}

fn select<'a>(command: &'a mut Command, workspace: &Workspace) -> &'a mut Command {
    for package in libraries(workspace) {
        command.args(["--package", &package.name]);
    }
    command
}

/// The published libraries: macro crates run in the compiler, and the facade has no code.
fn libraries(workspace: &Workspace) -> impl Iterator<Item = &Package> {
    workspace.published().filter(|package| package.name.starts_with("lagom-") && !package.name.ends_with("-macros"))
}

/// The platform of the compiler in use.
fn host() -> Option<String> {
    let text = tools::output(&mut tools::cargo(["--version", "--verbose"])).ok()?;
    text.lines().find_map(|line| line.strip_prefix("host: ")).map(str::to_owned)
}

fn has_sanitizers(host: &str) -> bool {
    ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "aarch64-apple-darwin"].contains(&host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compile_fail_tests_are_found() {
        let text =
            "#[test]\nfn one() { f(); }\n#[test]\nfn two() {\n    trybuild::TestCases::new().compile_fail(\"*\");\n}";
        assert_eq!(compile_fail_tests_in(text), ["two"]);
        assert_eq!(compile_fail_tests_in("fn f() {}"), [""; 0]);
    }
}

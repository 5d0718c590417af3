//! The kernels for NEON, on machines that have none.

use anyhow::Result;

use crate::steps::Steps;
use crate::tools;
use crate::workspace::Workspace;

const TARGET: &str = "aarch64-unknown-linux-gnu";
const VECPROC: &str = "lagom-vecproc";
const LINKER: &str = "aarch64-linux-gnu-gcc";
/// The emulator, with the system libraries that the linker's package brings.
const EMULATOR: [&str; 3] = ["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"];

/// Whether they compile.
pub(super) fn check(steps: &mut Steps, workspace: &Workspace) -> Result<()> {
    let step = "kernels for NEON compile";
    if cfg!(target_arch = "aarch64") {
        // They are what all tests have run.
        return Ok(());
    }
    if !is_installed() {
        steps.skip(step, &format!("no target {TARGET}; `rustup target add` installs it"));
        return Ok(());
    }
    steps.run(step, || {
        let mut command = tools::cargo(["check", "--package", VECPROC, "--target", TARGET, "--quiet"]);
        tools::run(command.env("CARGO_TARGET_DIR", workspace.target.join("neon")))
    })
}

/// Whether they give the bits of the portable ones, under an emulator.
pub(super) fn run(steps: &mut Steps, workspace: &Workspace) -> Result<()> {
    let step = "kernels for NEON, under an emulator";
    let works = |tool: &str| tools::works(std::process::Command::new(tool).arg("--version"));
    if cfg!(target_arch = "aarch64") {
        return Ok(());
    }
    if !is_installed() || !works(LINKER) || !works(EMULATOR[0]) {
        steps.skip(step, &format!("needs the target {TARGET}, {LINKER} and {}", EMULATOR[0]));
        return Ok(());
    }
    steps.run(step, || {
        let mut command = tools::cargo(["test", "--package", VECPROC, "--lib", "--target", TARGET]);
        command.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", LINKER);
        command.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER", EMULATOR.join(" "));
        tools::run(command.env("CARGO_TARGET_DIR", workspace.target.join("neon")))
    })
}

fn is_installed() -> bool {
    let targets = tools::output(std::process::Command::new("rustup").args(["target", "list", "--installed"]));
    targets.is_ok_and(|targets| targets.lines().any(|target| target == TARGET))
}

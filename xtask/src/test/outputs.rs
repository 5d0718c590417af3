//! The profiler's outputs, read by the tools they are for.

use std::fs::File;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::steps::Steps;
use crate::tools;
use crate::workspace::Workspace;

pub(super) fn run(steps: &mut Steps, workspace: &Workspace) -> Result<()> {
    let folder = workspace.target.join("lagom").join("outputs");
    steps.run("outputs of the profiler", || {
        let mut command = tools::cargo(["run", "--quiet", "--package", "lagom-profiler", "--example", "outputs"]);
        tools::run(command.args(["--features", "export", "--"]).arg(&folder))
    })?;
    let read = [
        ("promtool", Command::new("promtool"), "--version", promtool as fn(PathBuf) -> Result<()>),
        ("pprof", Command::new("go"), "version", pprof),
    ];
    for (name, mut program, question, check) in read {
        let step = format!("outputs of the profiler, by {name}");
        if tools::works(program.arg(question)) {
            steps.run(step, || check(folder.clone()))?;
        } else {
            steps.skip(&step, "not on the path");
        }
    }
    Ok(())
}

/// Faults and bad style of the Prometheus text.
fn promtool(folder: PathBuf) -> Result<()> {
    let path = folder.join("metrics.prom");
    let text = File::open(&path).with_context(|| format!("cannot read {}", path.display()))?;
    tools::run(Command::new("promtool").args(["check", "metrics"]).stdin(text))
}

/// Go's reader of profiles; it must find the functions of the example.
fn pprof(folder: PathBuf) -> Result<()> {
    let mut command = Command::new("go");
    command.args(["tool", "pprof", "-top", "-nodefraction=0", "-sample_index=calls"]).arg(folder.join("profile.pb.gz"));
    let table = tools::output(&mut command)?;
    if !["import", "parse", "number"].iter().all(|name| table.contains(name)) {
        bail!("pprof does not know the functions of the example:\n{table}");
    }
    Ok(())
}

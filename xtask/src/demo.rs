//! `cargo xtask demo`: the main job, an example of the facade.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{ExitCode, ExitStatus};

use anyhow::{Context, Result};
use clap::Args;

use crate::tools;

#[derive(Args)]
#[command(override_usage = "cargo xtask demo [--input FILE] [--report FILE] [ARGS]...")]
pub(crate) struct DemoArgs {
    /// Passed on to the example: `--input FILE`, another flights table (.csv or .csv.gz); `--report FILE`, where the page goes.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<OsString>,
}

/// Builds and runs the example; its exit status is ours.
pub(crate) fn run(args: &DemoArgs) -> Result<ExitCode> {
    let here = env::current_dir().context("the current folder is gone")?;
    // Not quiet: the first build takes a while, and cargo shows how far it is.
    let mut command = tools::cargo(["run", "--release", "--package", "lagom", "--example", "flights", "--", "demo"]);
    command.args(absolute_paths(&args.args, &here));
    let status = command.status().context("cannot start cargo")?;
    Ok(exit_code(status))
}

/// Options of the example that take a path.
const PATHS: [&str; 2] = ["--input", "--report"];

/// The example runs in the root of the workspace, so paths are made absolute first.
fn absolute_paths(args: &[OsString], here: &Path) -> Vec<OsString> {
    let mut previous: Option<&OsStr> = None;
    args.iter()
        .map(|arg| {
            let is_value = previous.replace(arg).is_some_and(|previous| PATHS.iter().any(|option| previous == *option));
            match arg.to_str().and_then(|text| text.split_once('=')) {
                _ if is_value => here.join(arg).into_os_string(),
                Some((option, file)) if PATHS.contains(&option) => {
                    let mut joined = OsString::from(format!("{option}="));
                    joined.push(here.join(file));
                    joined
                }
                _ => arg.clone(),
            }
        })
        .collect()
}

fn exit_code(status: ExitStatus) -> ExitCode {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return ExitCode::from(128_u8.wrapping_add(signal as u8));
    }
    match status.code() {
        Some(0) => ExitCode::SUCCESS,
        Some(code) => u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from),
        None => ExitCode::FAILURE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn only_paths_are_made_absolute() {
        let absolute = |args: &[&str]| {
            let args: Vec<OsString> = args.iter().map(OsString::from).collect();
            absolute_paths(&args, Path::new("/here"))
        };
        assert_eq!(
            absolute(&["--input", "../f.csv", "--input=g.csv.gz", "--input", "/h.csv", "--other", "x"]),
            ["--input", "/here/../f.csv", "--input=/here/g.csv.gz", "--input", "/h.csv", "--other", "x"]
        );
        assert_eq!(
            absolute(&["--report", "r.html", "--report=a=b.html", "--runs", "3", "--runs=3"]),
            ["--report", "/here/r.html", "--report=/here/a=b.html", "--runs", "3", "--runs=3"]
        );
    }
}

//! `cargo xtask demo`: the main job, an example of the facade.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus};

use anyhow::{Context, Result};
use clap::Args;

use crate::tools;

#[derive(Args)]
#[command(override_usage = "cargo xtask demo [--input FILE] [ARGS]...")]
pub(crate) struct DemoArgs {
    /// Passed on to the example, such as `--input FILE`: another flights table (.csv or .csv.gz), relative to here.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<OsString>,
}

/// Builds and runs the example; its exit status is ours.
pub(crate) fn run(args: &DemoArgs) -> Result<ExitCode> {
    let here = env::current_dir().context("the current folder is gone")?;
    // Not quiet: the first build takes a while, and cargo shows how far it is.
    let mut command = tools::cargo(["run", "--release", "--package", "lagom", "--example", "flights", "--", "demo"]);
    command.args(absolute_input(&args.args, &here));
    let status = command.status().context("cannot start cargo")?;
    Ok(exit_code(status))
}

/// The example runs in the root of the workspace, so the path of `--input` is made absolute first.
fn absolute_input(args: &[OsString], here: &Path) -> Vec<OsString> {
    let mut previous: Option<&OsStr> = None;
    args.iter()
        .map(|arg| {
            let is_value = previous.replace(arg) == Some(OsStr::new("--input"));
            match arg.to_str().and_then(|text| text.strip_prefix("--input=")) {
                _ if is_value => here.join(arg).into_os_string(),
                Some(file) => {
                    let path: PathBuf = here.join(file);
                    let mut joined = OsString::from("--input=");
                    joined.push(path);
                    joined
                }
                None => arg.clone(),
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
    fn only_the_input_is_made_absolute() {
        let args = ["--input", "../f.csv", "--input=g.csv.gz", "--input", "/h.csv", "--other", "x"].map(OsString::from);
        let expected = ["--input", "/here/../f.csv", "--input=/here/g.csv.gz", "--input", "/h.csv", "--other", "x"];
        assert_eq!(absolute_input(&args, Path::new("/here")), expected.map(OsString::from));
    }
}

//! `cargo lagom heap run`: a program is asked by its environment to record itself.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};

use lagom_profiler::heap::RECORDING_VARIABLE;

use crate::failure::Failure;

/// Runs the program to its end, and ends as it did.
pub(crate) fn run(output: Option<PathBuf>, force: bool, program: &[OsString]) -> Result<ExitCode, Failure> {
    // The definition of the arguments asks for one.
    let Some((name, arguments)) = program.split_first() else { return Err(Failure::new("no program is named")) };
    let named = output.is_some();
    let path = output.unwrap_or_else(|| default(name));
    // The program may change its directory before it begins to write.
    let path = std::path::absolute(&path).map_err(|error| Failure::at("write", &path, error))?;
    if path.exists() {
        if !force && !named {
            return Err(Failure::at(
                "write",
                &path,
                "it is there already; replace it with --force, or name another with -o",
            ));
        }
        // What is found there afterwards is this run's.
        std::fs::remove_file(&path).map_err(|error| Failure::at("replace", &path, error))?;
    }
    let status = Command::new(name)
        .args(arguments)
        .env(RECORDING_VARIABLE, &path)
        .status()
        .map_err(|error| Failure::at("run", Path::new(name), error))?;
    if !path.exists() {
        let what = "it made no recording; its `#[global_allocator]` must be lagom's TrackingAllocator, with the feature `enabled`";
        return Err(Failure::new(format!("{}: {what}", Path::new(name).display())));
    }
    eprintln!("wrote {}; see `cargo lagom heap summary {}`", path.display(), path.display());
    Ok(code(status))
}

/// In the directory of this call, as the program's may not be ours to write to.
fn default(program: &OsString) -> PathBuf {
    let name = Path::new(program).file_stem().unwrap_or(program);
    let mut name = name.to_os_string();
    name.push(".heap");
    PathBuf::from(name)
}

/// As a shell tells it: 128 and the number of the signal that ended it.
fn code(status: ExitStatus) -> ExitCode {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return ExitCode::from(u8::try_from(128 + signal).unwrap_or(u8::MAX));
    }
    status.code().map_or(ExitCode::FAILURE, |code| ExitCode::from(code.to_le_bytes()[0]))
}

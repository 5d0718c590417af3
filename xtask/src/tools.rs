//! Other programs: cargo, the toolchains of rustup, what is found on the path.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The root of the workspace that this command was started for.
pub(crate) fn root() -> PathBuf {
    // Asked at run time first: checkouts that share a target folder share this binary.
    let manifest = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&manifest).parent().expect("xtask lies in the workspace").to_path_buf()
}

/// The cargo that runs this command, in the root of the workspace.
pub(crate) fn cargo<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).current_dir(root());
    command
}

/// This command again, with other arguments.
pub(crate) fn xtask<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Result<Command> {
    let mut command = Command::new(env::current_exe().context("cannot find this program")?);
    command.args(args).current_dir(root());
    Ok(command)
}

/// The cargo of another toolchain.
pub(crate) fn cargo_of<S: AsRef<OsStr>>(toolchain: &str, args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", toolchain, "cargo"]).args(args).current_dir(root());
    // Set by the cargo that runs this command; they would lead the other one to the wrong compiler.
    for name in ["CARGO", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN", "LD_LIBRARY_PATH"] {
        command.env_remove(name);
    }
    command
}

/// Runs `command` with this terminal; anything but success is an error that names it.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = line(command);
    let status = command.status().with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

/// What `command` prints, if it succeeds.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let line = line(command);
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("cannot start `{line}`"))?;
    if !output.status.success() {
        bail!("`{line}` failed ({})", output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{line}` printed no UTF-8"))
}

/// The installed toolchain whose name is `wanted` or begins with it (`1.89` finds `1.89.0-x86_64-…`).
pub(crate) fn toolchain(wanted: &str) -> Option<String> {
    let list = Command::new("rustup").args(["toolchain", "list"]).stderr(Stdio::null()).output().ok()?;
    find_toolchain(&String::from_utf8(list.stdout).ok()?, wanted)
}

fn find_toolchain(list: &str, wanted: &str) -> Option<String> {
    list.lines()
        .filter_map(|line| line.split_whitespace().next())
        .find(|name| name.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-'])))
        .map(str::to_owned)
}

/// Whether `command` can be started and succeeds; it prints nothing.
pub(crate) fn works(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Adds `flags` to what the caller has in the variable `name`, such as `RUSTFLAGS`.
pub(crate) fn add_flags(command: &mut Command, name: &str, flags: &str) {
    let flags = match env::var(name) {
        Ok(before) if !before.trim().is_empty() => format!("{before} {flags}"),
        _ => flags.to_owned(),
    };
    // Where the encoded form is set, cargo does not even look at this one.
    command.env(name, flags).env_remove(format!("CARGO_ENCODED_{name}"));
}

fn line(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let args = command.get_args().map(OsStr::to_string_lossy);
    std::iter::once(program.into()).chain(args).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toolchains_are_found_by_whole_version_parts() {
        let list = "stable-x86_64-unknown-linux-gnu (active, default)\n1.89.0-x86_64-unknown-linux-gnu\n";
        assert_eq!(find_toolchain(list, "stable").as_deref(), Some("stable-x86_64-unknown-linux-gnu"));
        assert_eq!(find_toolchain(list, "1.89").as_deref(), Some("1.89.0-x86_64-unknown-linux-gnu"));
        assert_eq!(find_toolchain(list, "1.8"), None);
        assert_eq!(find_toolchain(list, "nightly"), None);
    }

    #[test]
    fn flags_are_not_hidden_by_their_encoded_form() {
        let mut command = Command::new("cargo");
        add_flags(&mut command, "RUSTFLAGS", "--cfg lagom_loom");
        let set: Vec<_> = command.get_envs().collect();
        assert_eq!(set[0], (OsStr::new("CARGO_ENCODED_RUSTFLAGS"), None));
        let flags = set[1].1.unwrap().to_str().unwrap();
        assert!(set[1].0 == "RUSTFLAGS" && flags.ends_with("--cfg lagom_loom"), "{flags}");
    }

    #[test]
    fn failures_name_the_command() {
        let error = run(cargo(["no-such-command"]).stderr(Stdio::null())).unwrap_err().to_string();
        assert!(error.starts_with("`cargo no-such-command` failed"), "{error}");
    }
}

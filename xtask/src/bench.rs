//! `cargo xtask bench`: lagom against its rivals.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::tools;
use crate::workspace::Workspace;

#[derive(Args)]
pub(crate) struct BenchArgs {
    /// Only this crate, such as `pool`.
    #[arg(value_name = "CRATE")]
    krate: Option<String>,
    /// Only this group of its cases.
    #[arg(long, requires = "krate")]
    group: Option<String>,
    /// Fewer rounds, and only inputs that fit into the caches.
    #[arg(long)]
    quick: bool,
    /// One tiny batch each, to see that all run and answer rightly.
    #[arg(long, conflicts_with = "quick")]
    smoke: bool,
    /// Only cases whose title contains this text.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// List the cases and their contenders instead.
    #[arg(long)]
    list: bool,
    /// Hold vecproc or the profiler against what there is in Python instead, which is installed from PyPI the first time.
    #[arg(long, requires = "krate", conflicts_with_all = ["group", "list", "instructions"])]
    python: bool,
    /// Count the instructions of an operation (pool, weakcache, profiler) instead, by valgrind; fail when there are more than there may be.
    #[arg(long, requires = "krate", conflicts_with_all = ["group", "quick", "smoke", "filter", "list"])]
    instructions: bool,
}

impl BenchArgs {
    /// Whether cases may be asked for whose contenders are programs of their own.
    fn wants_programs(&self) -> bool {
        matches!(self.krate.as_deref(), None | Some("profiler" | "lagom-profiler"))
            && matches!(self.group.as_deref(), None | Some("heap"))
    }

    /// The same for the runner.
    fn words(&self) -> Vec<String> {
        let mut words: Vec<String> = self.krate.clone().into_iter().collect();
        let mut option = |name: &str, value: &Option<String>| {
            if let Some(value) = value {
                words.extend([name.to_owned(), value.clone()]);
            }
        };
        option("--group", &self.group);
        option("--filter", &self.filter);
        for (name, given) in [("--quick", self.quick), ("--smoke", self.smoke), ("--list", self.list)] {
            words.extend(given.then(|| name.to_owned()));
        }
        words
    }
}

/// Builds the runner with all rivals and runs it; its exit status is ours.
pub(crate) fn run(args: &BenchArgs) -> Result<ExitCode> {
    if args.instructions {
        let krate = args.krate.as_deref().unwrap_or_default();
        return match krate.strip_prefix("lagom-").unwrap_or(krate) {
            "pool" | "weakcache" | "profiler" => exit_of(instructions().arg(krate)),
            _ => bail!("nothing is counted of the crate `{krate}`; there are pool, weakcache and profiler"),
        };
    }
    let target = Workspace::read()?.target;
    if args.python {
        let krate = args.krate.as_deref().unwrap_or_default();
        return match krate.strip_prefix("lagom-").unwrap_or(krate) {
            krate @ ("vecproc" | "profiler") => python(krate, args, &target),
            _ => bail!("only `vecproc` and `profiler` have rivals in Python"),
        };
    }
    if args.wants_programs() && !args.list {
        tools::run(&mut programs(&target))?;
    }
    let mut command = runner("run", args);
    command.arg("--").args(args.words()).arg("--out").arg(target.join("lagom").join("bench"));
    exit_of(&mut command)
}

/// Runs or builds the runner. Not quiet: the first build takes minutes, and cargo shows how far it is.
fn runner(verb: &str, args: &BenchArgs) -> Command {
    let mut command = tools::cargo([verb, "--release", "--package", "lagom-benches", "--bin", "runner"]);
    let of_polars = matches!(args.krate.as_deref(), None | Some("vecproc" | "lagom-vecproc"));
    if of_polars && !args.smoke {
        command.args(["--features", "polars"]);
    }
    command
}

/// Builds the programs that allocate, where the runner looks for them: apart, as they need frame pointers and features of
/// rivals that the runner's must not have.
fn programs(target: &Path) -> Command {
    let mut command = tools::cargo(["build", "--release", "--package", "lagom-benches-heap", "--bins", "--target-dir"]);
    command.arg(target.join("lagom").join("heap"));
    tools::add_flags(&mut command, "RUSTFLAGS", "-C force-frame-pointers=yes");
    command
}

/// The script that times Python's libraries in turn with our runner.
fn python(krate: &str, args: &BenchArgs, target: &Path) -> Result<ExitCode> {
    tools::run(&mut runner("build", args))?;
    let scripts = tools::root().join("benches").join("python");
    let requirements = scripts.join(krate).with_extension("txt");
    let python = environment(&target.join("lagom").join("python").join(krate), &requirements)?;
    let mut command = Command::new(python);
    command.arg(scripts.join(krate).with_extension("py")).arg("--runner").arg(target.join("release").join("runner"));
    for (name, given) in [("--quick", args.quick), ("--smoke", args.smoke)] {
        command.args(given.then_some(name));
    }
    if let Some(filter) = &args.filter {
        command.arg("--filter").arg(filter);
    }
    exit_of(&mut command)
}

/// The interpreter of an environment with these packages; made anew when they change.
fn environment(folder: &Path, requirements: &Path) -> Result<PathBuf> {
    let wanted = fs::read_to_string(requirements).with_context(|| format!("cannot read {}", requirements.display()))?;
    let (python, installed) = (folder.join("bin").join("python"), folder.join("installed.txt"));
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    tools::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder))?;
    tools::run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(requirements))?;
    fs::write(&installed, wanted).with_context(|| format!("cannot write {}", installed.display()))?;
    Ok(python)
}

/// Counts instructions, of one crate where it is named; fails when there are more than there may be.
pub(crate) fn instructions() -> Command {
    tools::cargo(["run", "--release", "--package", "lagom-benches", "--bin", "instructions", "--"])
}

/// Whether instructions can be counted here.
pub(crate) fn can_count() -> bool {
    tools::works(Command::new("valgrind").arg("--version"))
}

fn exit_of(command: &mut Command) -> Result<ExitCode> {
    let status = command.status().context("cannot start cargo")?;
    Ok(match status.code() {
        Some(code) => u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from),
        None => ExitCode::FAILURE,
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: BenchArgs,
    }

    #[test]
    fn all_arguments_are_passed_on() {
        let words = ["profiler", "--group", "heap", "--filter", "64 bytes", "--quick", "--list"];
        let cli = Cli::try_parse_from(["bench"].iter().chain(&words)).unwrap();
        assert_eq!(cli.args.words(), words);
        assert!(Cli::try_parse_from(["bench", "--group", "heap"]).is_err(), "a group of which crate?");
        assert!(Cli::try_parse_from(["bench", "--instructions"]).is_err(), "of which crate?");
        assert!(Cli::try_parse_from(["bench", "--python"]).is_err(), "of which crate?");
        assert!(Cli::try_parse_from(["bench", "pool", "--instructions", "--quick"]).is_err(), "it is no time");
    }

    #[test]
    fn programs_are_only_built_for_cases_that_run_them() {
        for (words, wanted) in [
            (&["bench"][..], true),
            (&["bench", "profiler"], true),
            (&["bench", "lagom-profiler", "--group", "heap"], true),
            (&["bench", "profiler", "--group", "calls"], false),
            (&["bench", "pool"], false),
        ] {
            assert_eq!(Cli::try_parse_from(words).unwrap().args.wants_programs(), wanted, "{words:?}");
        }
    }

    #[test]
    fn only_two_crates_have_rivals_in_python() {
        let cli = Cli::try_parse_from(["bench", "memo", "--python"]).unwrap();
        assert_eq!(run(&cli.args).unwrap_err().to_string(), "only `vecproc` and `profiler` have rivals in Python");
    }

    #[test]
    fn only_what_has_a_count_is_counted() {
        let cli = Cli::try_parse_from(["bench", "memo", "--instructions"]).unwrap();
        assert!(run(&cli.args).unwrap_err().to_string().contains("`memo`; there are pool, weakcache and profiler"));
    }
}

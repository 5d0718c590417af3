//! Both versions, each in processes of its own, side by side.

use std::fmt::Display;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::compare::Comparison;
use crate::measure::{Report, Version};
use crate::page;

/// Settings of the demonstration.
#[derive(Args)]
pub(crate) struct DemoArgs {
    /// Flights to read, CSV or gzip of it; the January that ships with the example when not given.
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Timed runs of each version.
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Where the report goes; `target/lagom/flights.html` when not given.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

/// Runs everything, prints the comparison and writes the report.
pub(crate) fn demo(args: &DemoArgs) -> Result<()> {
    let path = match &args.report {
        Some(path) => path.clone(),
        None => target_folder()?.join("lagom/flights.html"),
    };
    let input = args.input.as_deref();
    if let Some(input) = input {
        check(input, &path)?;
    }
    remove_old(&path)?;

    let (naive, lagom) = (run(Version::Naive, input, true)?, run(Version::Lagom, input, true)?);
    same_answers(&naive, &lagom)?;
    let timed = timed_rounds(args, &naive)?;

    let input =
        input.map_or_else(|| "January 2013, as it ships with the example".to_owned(), |p| p.display().to_string());
    let comparison = Comparison::new(input, naive, lagom, &timed);
    publish(&path, &page::page(&comparison)?, &comparison, io::stdout().lock())
}

/// Every run reads the input, and nothing must overwrite it.
fn check(input: &Path, report: &Path) -> Result<()> {
    let metadata = fs::metadata(input).with_context(|| input.display().to_string())?;
    ensure!(metadata.is_file(), "{}: not a regular file, which every run could read again", input.display());
    let same = matches!((input.canonicalize(), report.canonicalize()), (Ok(input), Ok(report)) if input == report);
    ensure!(!same, "{}: the report would replace the input", report.display());
    Ok(())
}

/// Writes the page, then tells of it: the page is there even when nobody listens.
fn publish(path: &Path, page: &str, comparison: impl Display, mut out: impl Write) -> Result<()> {
    write_report(path, page)?;
    write!(out, "{comparison}\nReport: {}\n", path.display())
        .and_then(|()| out.flush())
        .context("writing to standard output")
}

/// The two versions in turn, so that both see the same weather on the machine.
fn timed_rounds(args: &DemoArgs, reference: &Report) -> Result<Vec<Report>> {
    let style = ProgressStyle::with_template("{msg:>8} {wide_bar} timed run {pos}/{len}").expect("well formed");
    let bar = ProgressBar::new(2 * u64::from(args.runs)).with_style(style);
    let mut reports = Vec::new();
    for round in 0..args.runs {
        let mut order = Version::BOTH;
        if round % 2 == 1 {
            order.reverse();
        }
        for version in order {
            bar.set_message(version.name());
            let report = run(version, args.input.as_deref(), false)?;
            same_answers(reference, &report)?;
            reports.push(report);
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    Ok(reports)
}

/// Runs one version in a process of its own.
fn run(version: Version, input: Option<&Path>, profiled: bool) -> Result<Report> {
    let mut command = Command::new(std::env::current_exe().context("finding this program")?);
    command.args(["run", version.name(), "--report"]);
    if let Some(input) = input {
        command.arg("--input").arg(input);
    }
    if profiled {
        command.arg("--profiled");
    }
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("starting {command:?}"))?;
    // It has said on standard error what was wrong.
    ensure!(output.status.success(), "the {} version failed ({}): there is no report", version.name(), output.status);
    serde_json::from_slice(&output.stdout)
        .with_context(|| format!("reading what the {} version reports", version.name()))
}

fn same_answers(left: &Report, right: &Report) -> Result<()> {
    if let Some(difference) = left.answers.difference(&right.answers) {
        let (left, right) = (left.version.name(), right.version.name());
        bail!("the {left} and the {right} version differ at {difference}: there is no report");
    }
    Ok(())
}

/// The folder of build results that this program lies in: it is `target/release/examples/flights`.
fn target_folder() -> Result<PathBuf> {
    let program = std::env::current_exe().context("finding this program")?;
    let folder = program.ancestors().nth(3).context("this program does not lie in a target folder: give --report")?;
    Ok(folder.to_owned())
}

/// A report of an earlier run must not pass for that of a failed one.
fn remove_old(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing the old report {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Writes the page beside its place and moves it there, so that it is there whole or not at all.
fn write_report(path: &Path, page: &str) -> Result<()> {
    let what = || format!("writing the report {}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(what)?;
    }
    let unfinished = path.with_extension("html.unfinished");
    fs::write(&unfinished, page).with_context(what)?;
    fs::rename(&unfinished, path).with_context(what)
}

/// The smallest and the middle of some durations.
pub(crate) fn min_and_median(mut durations: Vec<Duration>) -> (Duration, Duration) {
    durations.sort_unstable();
    (durations[0], durations[durations.len() / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("lagom-demo-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn an_input_that_cannot_be_read_again_or_would_be_lost_is_refused() {
        let folder = folder("check");
        let (input, report) = (folder.join("flights.csv"), folder.join("report.html"));
        fs::write(&input, "month\n").unwrap();
        let fault = |input: &Path, report: &Path| format!("{:#}", check(input, report).unwrap_err());

        assert!(check(&input, &report).is_ok());
        fs::write(&report, "old").unwrap();
        assert!(check(&input, &report).is_ok());
        assert!(fault(&input, &folder.join(".").join("flights.csv")).ends_with(": the report would replace the input"));
        assert!(fault(&folder, &report).contains(": not a regular file"));
        assert!(check(&folder.join("none.csv"), &report).is_err());
        #[cfg(unix)]
        {
            assert!(fault(Path::new("/dev/null"), &report).contains(": not a regular file"));
            let link = folder.join("link.html");
            std::os::unix::fs::symlink(&input, &link).unwrap();
            assert!(fault(&input, &link).ends_with(": the report would replace the input"));
        }
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn the_page_is_there_when_nobody_listens() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let folder = folder("publish");
        let path = folder.join("new/report.html");
        assert!(publish(&path, "page", "text", Closed).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "page");
        let mut out = Vec::new();
        publish(&path, "other page", "text\n", &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), format!("text\n\nReport: {}\n", path.display()));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        fs::remove_dir_all(&folder).unwrap();
    }
}

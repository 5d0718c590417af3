//! The command: picks cases, measures them, writes what was found.

use std::fs;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Parser;

use crate::case::Case;
use crate::contenders::{self, CRATES, Scale};
use crate::measure::{CaseReport, Effort, measure};
use crate::report::html::{self, Run};
use crate::report::machine::{self, Machine};
use crate::report::{json, table};
use crate::serve;

/// What to measure.
#[derive(Clone, Debug, Parser)]
#[command(about = "Holds lagom against its rivals")]
pub struct Options {
    /// Only this crate of ours, such as `pool` or `lagom-pool`.
    #[arg(value_name = "CRATE")]
    pub krate: Option<String>,
    /// Only this group of its cases.
    #[arg(long, requires = "krate")]
    pub group: Option<String>,
    /// Fewer rounds, and only inputs that fit into the caches.
    #[arg(long)]
    pub quick: bool,
    /// One tiny batch each, to see that all run and answer rightly; the figures mean nothing.
    #[arg(long, conflicts_with = "quick")]
    pub smoke: bool,
    /// Only cases whose title contains this text.
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// List the cases and their contenders instead.
    #[arg(long)]
    pub list: bool,
    /// Measure nothing but ours, a batch whenever the name of a case is read from the standard input: for programs that
    /// time rivals of their own between the batches.
    #[arg(long, requires = "krate", conflicts_with_all = ["group", "filter", "list"])]
    pub serve: bool,
    /// Run one program in this process, alone; for the bench itself.
    #[arg(long, hide = true, num_args = 1.., allow_hyphen_values = true)]
    pub alone: Vec<String>,
    /// Folder for the JSON and HTML files.
    #[arg(long, value_name = "DIR", default_value = "target/lagom/bench")]
    pub out: PathBuf,
}

impl Options {
    fn effort(&self) -> (Effort, Scale) {
        match (self.smoke, self.quick) {
            (true, _) => (Effort::SMOKE, Scale::Smoke),
            (_, true) => (Effort::QUICK, Scale::Quick),
            _ => (Effort::FULL, Scale::Full),
        }
    }

    fn crates(&self) -> Result<Vec<&'static str>> {
        let Some(wanted) = &self.krate else { return Ok(CRATES.to_vec()) };
        let name = wanted.strip_prefix("lagom-").unwrap_or(wanted);
        match CRATES.iter().find(|krate| **krate == name) {
            Some(krate) => Ok(vec![krate]),
            None => bail!("no cases for the crate `{wanted}`; there are {}", CRATES.join(", ")),
        }
    }

    fn wants(&self, case: &Case) -> bool {
        self.group.as_ref().is_none_or(|group| case.group == group)
            && self.filter.as_ref().is_none_or(|text| case.title().contains(&**text))
    }

    /// The command that does the same again.
    fn command(&self) -> String {
        let mut words = vec!["cargo xtask bench".to_owned()];
        words.extend(self.krate.clone());
        words.extend(self.group.as_ref().map(|group| format!("--group {group}")));
        words.extend(self.quick.then(|| "--quick".to_owned()));
        words.extend(self.smoke.then(|| "--smoke".to_owned()));
        words.extend(self.filter.as_ref().map(|text| format!("--filter '{text}'")));
        words.join(" ")
    }
}

/// Measures and reports what `options` asks for.
///
/// # Errors
///
/// When nothing matches, when a contender gives a wrong answer, or when a file cannot be written. Files are only
/// written for crates that came through whole.
pub fn run(options: &Options) -> Result<()> {
    if !options.alone.is_empty() {
        println!("{}", contenders::alone(&options.alone)?);
        return Ok(());
    }
    if options.serve {
        let crates = options.crates()?;
        return serve::serve(&crates, std::io::stdin().lock(), std::io::stdout().lock());
    }
    let (_, scale) = options.effort();
    let mut found = false;
    let mut all = Vec::new();
    for krate in options.crates()? {
        let mut cases = contenders::cases(krate, scale);
        if let Some(group) = &options.group
            && !cases.iter().any(|case| case.group == group)
        {
            let mut groups: Vec<&str> = cases.iter().map(|case| case.group).collect();
            groups.dedup();
            bail!("no group `{group}` in `{krate}`; there are {}", groups.join(", "));
        }
        cases.retain(|case| options.wants(case));
        together(&mut cases);
        found |= !cases.is_empty();
        if options.list {
            list(&cases)?;
        } else if !cases.is_empty() {
            let machine = Machine::look();
            let reports = measure_all(options, cases)?;
            write_files(options, krate, machine, &reports)?;
            all.extend(reports);
        }
    }
    if !found {
        bail!("no case matches");
    }
    if !options.list && !options.smoke {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}\n\n{}", table::LEGEND, table::standing(&all))?;
    }
    Ok(())
}

/// Cases of one group one after the other, groups in the order of their first case.
fn together(cases: &mut [Case]) {
    let groups: Vec<&str> = cases.iter().map(|case| case.group).collect();
    cases.sort_by_key(|case| groups.iter().position(|group| *group == case.group));
}

fn list(cases: &[Case]) -> Result<()> {
    let mut out = std::io::stdout().lock();
    for case in cases {
        writeln!(out, "{} [{}]", case.title(), case.group)?;
        for contender in &case.contenders {
            writeln!(out, "  {}", contender.name)?;
        }
    }
    Ok(())
}

fn measure_all(options: &Options, cases: Vec<Case>) -> Result<Vec<CaseReport>> {
    let (effort, _) = options.effort();
    let total = cases.len();
    let mut reports = Vec::with_capacity(total);
    for (at, case) in cases.into_iter().enumerate() {
        progress(&format!("[{}/{total}] {} …", at + 1, case.title()));
        let started = Instant::now();
        let report = measure(&case, effort);
        // Dropped before the next case: inputs and caches of many megabytes.
        drop(case);
        progress("");
        let report = report.context("a contender failed, so nothing is reported")?;
        let mut out = std::io::stdout().lock();
        if options.smoke {
            writeln!(out, "ok {} ({} figures, {:.0?})", report.title, report.rows.len(), started.elapsed())?;
        } else {
            writeln!(out, "{}", table::table(&report))?;
        }
        reports.push(report);
    }
    Ok(reports)
}

/// Shows what is being measured, on a terminal only.
fn progress(text: &str) {
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[2K{text}");
    }
}

fn write_files(options: &Options, krate: &str, machine: Machine, reports: &[CaseReport]) -> Result<()> {
    let (effort, _) = options.effort();
    let subject = options.group.as_ref().map_or_else(|| krate.to_owned(), |group| format!("{krate}-{group}"));
    let run = Run {
        machine,
        load_after: machine::load(),
        method: method(effort),
        command: options.command(),
        subject: subject.clone(),
    };
    fs::create_dir_all(&options.out).with_context(|| format!("cannot make {}", options.out.display()))?;
    write(&options.out.join(format!("{subject}.json")), &json::json(reports)?)?;
    write(&options.out.join(format!("{subject}.html")), &html::html(&run, reports))
}

/// Whole or not at all: a reader never sees half a file.
fn write(path: &Path, text: &str) -> Result<()> {
    let part = path.with_extension("part");
    fs::write(&part, text)
        .and_then(|()| fs::rename(&part, path))
        .with_context(|| format!("cannot write {}", path.display()))?;
    println!("wrote {}", path.display());
    Ok(())
}

fn method(effort: Effort) -> String {
    format!(
        "All contenders of a case run in one process, one after the other in rounds, in an order shuffled anew for each \
         round from a fixed seed: {} rounds in each of {} epochs, and every epoch sets all contenders up anew. A batch is \
         calibrated to about {:?} of wall time; the figure is its wall time over the operations of one thread. Load from \
         other programs lengthens some batches, so that the minimum is the better figure and the median shows how far to \
         trust it. Several threads have a core each and start together, each on its own iterations; time runs from the first start to the last \
         end, and a batch does not count in which the quickest thread was alone for more than a fifth of its time. More threads than cores take turns in \
         batches eight times as long, and the figure is the time of one core. `process CPU` is the CPU time \
         of the whole process from the start of a batch until the process has been quiet for 120 ms. Answers are checked: sums after \
         every batch, outputs of numbers before and after the timed rounds; a wrong one fails the run, or is shown with its rival where rivals are \
         known to drift. Where batches take so long that an epoch lasts more than {:?}, it has fewer rounds. Contenders that are programs \
         run {} times each, in rounds as well, and say themselves what CPU time their work took.",
        effort.rounds, effort.epochs, effort.batch, effort.epoch, effort.processes
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(words: &[&str]) -> Options {
        Options::try_parse_from([&["runner"], words].concat()).expect("the words are valid")
    }

    #[test]
    fn the_command_repeats_the_run() {
        let words = ["pool", "--group", "core", "--quick", "--filter", "hold 1", "--out", "/x"];
        assert_eq!(options(&words).command(), "cargo xtask bench pool --group core --quick --filter 'hold 1'");
        assert_eq!(options(&[]).command(), "cargo xtask bench");
    }

    #[test]
    fn crates_are_known_by_both_names() {
        assert_eq!(options(&["lagom-memo"]).crates().unwrap(), ["memo"]);
        assert_eq!(options(&[]).crates().unwrap(), CRATES);
        let error = options(&["polo"]).crates().unwrap_err().to_string();
        assert_eq!(error, format!("no cases for the crate `polo`; there are {}", CRATES.join(", ")));
    }

    #[test]
    fn what_does_not_exist_is_an_error() {
        assert!(run(&options(&["pool", "--group", "none"])).unwrap_err().to_string().contains("there are hold"));
        assert!(run(&options(&["--filter", "no such case"])).is_err());
    }
}

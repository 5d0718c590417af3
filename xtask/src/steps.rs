//! A run made of named steps, each timed; the first that fails ends it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// The steps of one command. Headings go to stderr, where cargo writes as well.
pub(crate) struct Steps {
    name: &'static str,
    start: Instant,
    done: Vec<(String, Duration)>,
    skipped: Vec<String>,
}

impl Steps {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, start: Instant::now(), done: Vec::new(), skipped: Vec::new() }
    }

    /// Runs one step under a heading.
    pub(crate) fn run(&mut self, step: impl Into<String>, work: impl FnOnce() -> Result<()>) -> Result<()> {
        let step = step.into();
        eprintln!("\n==> {}: {step}", self.name);
        let start = Instant::now();
        let outcome = work();
        let took = start.elapsed();
        match outcome {
            Ok(()) => {
                eprintln!("==> {}: {step}: ok in {}", self.name, seconds(took));
                self.done.push((step, took));
                Ok(())
            }
            Err(error) => {
                let done = self.done.len();
                Err(error).with_context(|| {
                    format!("{}: step `{step}` failed after {} ({done} passed before it)", self.name, seconds(took))
                })
            }
        }
    }

    /// Says that a step was left out, and why.
    pub(crate) fn skip(&mut self, step: &str, why: &str) {
        eprintln!("\n==> {}: {step}: not checked: {why}", self.name);
        self.skipped.push(step.to_owned());
    }

    /// Prints the summary, one line.
    pub(crate) fn finish(self) {
        eprintln!("\n{}", self.summary());
    }

    fn summary(&self) -> String {
        let steps: Vec<_> = self.done.iter().map(|(step, took)| format!("{step} {}", seconds(*took))).collect();
        let skipped =
            if self.skipped.is_empty() { String::new() } else { format!("; not checked: {}", self.skipped.join(", ")) };
        let (name, count) = (self.name, self.done.len());
        format!("{name}: {count} steps passed in {} ({}){skipped}", seconds(self.start.elapsed()), steps.join(", "))
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_counts_what_passed_and_names_what_was_not_checked() {
        let mut steps = Steps::new("test");
        steps.run("one", || Ok(())).unwrap();
        steps.skip("miri", "not installed");
        let summary = steps.summary();
        assert!(summary.starts_with("test: 1 steps passed in 0."), "{summary}");
        assert!(summary.contains("(one 0."), "{summary}");
        assert!(summary.ends_with("; not checked: miri"), "{summary}");
    }

    #[test]
    fn a_failing_step_is_named() {
        let mut steps = Steps::new("ci");
        steps.run("one", || Ok(())).unwrap();
        let error = format!("{:#}", steps.run("two", || anyhow::bail!("because")).unwrap_err());
        assert!(error.starts_with("ci: step `two` failed after 0."), "{error}");
        assert!(error.ends_with("(1 passed before it): because"), "{error}");
    }
}

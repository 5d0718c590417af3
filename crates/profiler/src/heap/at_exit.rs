//! What is still live when the program ends.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::OnceLock;

use super::{By, Snapshot};
use crate::engine;

/// Stacks that are printed.
const STACKS: usize = 50;

/// Where the report of [`report_at_exit`] goes.
///
/// ```
/// use lagom_profiler::heap::ExitReport;
///
/// let to = ExitReport::File("leaks.txt".into());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ExitReport {
    /// Standard error.
    Stderr,
    /// A file, which is written anew.
    File(PathBuf),
}

static DESTINATION: OnceLock<ExitReport> = OnceLock::new();

/// When the program ends, prints what is live by call stack, the largest first.
///
/// Rust drops no statics, so that what they hold would all be there; [`Snapshot::without_statics`] says what is left
/// out of it, and the report how much. It is printed where `main` returns or `exit` is called, not where the program is
/// aborted or killed. Other threads may still run then, and what they hold is live.
///
/// Call it once, in `main`, in the mode [`Live`](super::Mode::Live) or `Sample`. Answers whether the report will come:
/// not without the feature `enabled`, not on systems without `atexit`, and not if it was called before.
///
/// ```no_run
/// use lagom_profiler::heap::{self, ExitReport, Mode};
///
/// heap::set_mode(Mode::Live);
/// heap::report_at_exit(ExitReport::Stderr);
/// ```
pub fn report_at_exit(to: ExitReport) -> bool {
    DESTINATION.set(to).is_ok() && engine::at_exit(print)
}

/// Whoever is told of the end of a program can do nothing about a file that cannot be written; one line says so.
fn print() {
    let Some(to) = DESTINATION.get() else { return };
    let text = engine::heap_aside(|| text(&Snapshot::take()));
    let written = match to {
        ExitReport::Stderr => io::stderr().write_all(text.as_bytes()),
        ExitReport::File(path) => fs::write(path, &text),
    };
    if let Err(error) = written {
        let _ = writeln!(io::stderr(), "the report of the heap is lost: {error}");
    }
}

fn text(snapshot: &Snapshot) -> String {
    if snapshot.sites().is_empty() && !snapshot.mode().keeps_stacks() {
        return format!("no call stacks in the mode {:?}: switch `Live` or `Sample` on\n", snapshot.mode());
    }
    let left = snapshot.without_statics();
    let (all, rest) = (snapshot.total(), left.total());
    let mut text = format!("live at exit\n{:.*}\n", STACKS, left.statistics(By::Stack));
    let (bytes, blocks) = (all.bytes.saturating_sub(rest.bytes), all.blocks.saturating_sub(rest.blocks));
    let _ = writeln!(text, "left out: {bytes} bytes in {blocks} blocks of statics, thread-locals and the runtime");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::{Amount, Frame, Mode, Site};

    #[test]
    fn what_statics_hold_is_told_in_one_line() {
        let site = |names: &[&str], bytes| Site {
            frames: names.iter().map(|name| Frame { function: (*name).into(), ..Frame::default() }).collect(),
            live: Amount { blocks: 1, bytes },
            ..Site::default()
        };
        let sites = vec![
            site(&["app::leak", "app::main"], 1_000),
            site(&["app::table", "std::sync::once_lock::OnceLock<T>::initialize", "app::main"], 70),
        ];
        let text = text(&Snapshot::from_sites(sites, Mode::Live, 0));
        assert!(text.contains("app::leak") && !text.contains("app::table"), "{text}");
        assert!(text.contains("1000B in 1 block") && text.contains("left out: 70 bytes in 1 blocks"), "{text}");
        let none = super::text(&Snapshot::from_sites(Vec::new(), Mode::Count, 0));
        assert!(none.contains("Count"), "{none}");
    }
}

//! What may be said on the command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use lagom_profiler::heap::{Measure, Unit};

/// Cargo calls `cargo-lagom lagom heap …`; by its own name it is called without that word.
pub(crate) fn without_subcommand(arguments: impl Iterator<Item = OsString>) -> impl Iterator<Item = OsString> {
    arguments.enumerate().filter(|(place, word)| *place != 1 || word != "lagom").map(|(_, word)| word)
}

/// See where the memory of a program goes.
#[derive(Debug, Parser)]
#[command(name = "cargo-lagom", bin_name = "cargo lagom", version, about)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) area: Area,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Area {
    /// What a program did with its heap, from a recording.
    Heap {
        /// Show what std and the C library put around `main` and the functions of threads, too.
        #[arg(long, global = true)]
        runtime: bool,
        #[command(subcommand)]
        command: Command,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a program whose allocator is lagom's, and record its heap.
    Run {
        /// Where to write the recording [default: PROGRAM.heap].
        #[arg(short, long)]
        output: Option<PathBuf>,
        /// Replace a file that is there already.
        #[arg(short, long)]
        force: bool,
        /// The program and its arguments.
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "PROGRAM")]
        program: Vec<OsString>,
    },
    /// The totals, the places with most of each view and their callers, the heap's tree at the peak.
    Summary {
        #[command(flatten)]
        text: Text,
    },
    /// The places with most of a view.
    Table {
        #[command(flatten)]
        text: Text,
        #[command(flatten)]
        views: Views,
    },
    /// The call tree of a view.
    Tree {
        #[command(flatten)]
        text: Text,
        #[command(flatten)]
        views: Views,
        /// Leave out what has less than this, in percent of the whole.
        #[arg(short, long, default_value_t = 1.0)]
        least: f64,
    },
    /// Sizes and lifetimes of blocks, and the places with most allocations.
    Stats {
        #[command(flatten)]
        text: Text,
    },
    /// A flame graph of a view, as SVG.
    Flamegraph {
        #[command(flatten)]
        file: File,
        #[command(flatten)]
        views: Views,
    },
    /// The profile in the format of another tool, or as a page of HTML.
    Transform {
        /// The format.
        format: Format,
        #[command(flatten)]
        file: File,
        #[command(flatten)]
        views: Views,
    },
    /// What changed from one recording to another.
    Diff {
        /// The recording that came first.
        before: PathBuf,
        /// The recording that came after it.
        after: PathBuf,
        #[command(flatten)]
        views: Views,
        /// How many places to show.
        #[arg(short = 'n', long, default_value_t = 20)]
        top: usize,
        /// Draw a flame graph: as wide as after, red where it grew, blue where it shrank.
        #[arg(long)]
        flamegraph: bool,
        /// Where to write it, `-` for the terminal [default: the terminal; of a flame graph AFTER.diff.svg].
        #[arg(short, long)]
        output: Option<PathBuf>,
        /// Replace a file that is there already, though -o does not name it.
        #[arg(short, long)]
        force: bool,
    },
}

/// A view that is text.
#[derive(Args, Debug)]
pub(crate) struct Text {
    /// A recording, or a profile as JSON.
    pub(crate) file: PathBuf,
    /// How many places to show.
    #[arg(short = 'n', long, default_value_t = 20)]
    pub(crate) top: usize,
    /// Where to write it [default: the terminal].
    #[arg(short, long)]
    pub(crate) output: Option<PathBuf>,
}

/// A view that is a file.
#[derive(Args, Debug)]
pub(crate) struct File {
    /// A recording, or a profile as JSON.
    pub(crate) file: PathBuf,
    /// Where to write it, `-` for the terminal [default: beside FILE, by its name].
    #[arg(short, long)]
    pub(crate) output: Option<PathBuf>,
    /// Replace a file that is there already, though -o does not name it.
    #[arg(short, long)]
    pub(crate) force: bool,
}

/// What a view is about.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Views {
    /// What was live when the heap was largest; the default.
    #[arg(long, group = "view")]
    peak: bool,
    /// All that was ever allocated.
    #[arg(long, group = "view")]
    allocated: bool,
    /// What was still live at the end.
    #[arg(long, group = "view")]
    leaked: bool,
    /// What was released before its thread allocated anything else.
    #[arg(long, group = "view")]
    temporary: bool,
    /// By blocks, not by bytes.
    #[arg(long)]
    blocks: bool,
}

impl Views {
    pub(crate) const fn view(self) -> Measure {
        match self {
            Self { allocated: true, .. } => Measure::Total,
            Self { leaked: true, .. } => Measure::Live,
            Self { temporary: true, .. } => Measure::Temporary,
            _ => Measure::Peak,
        }
    }

    pub(crate) const fn unit(self) -> Unit {
        if self.blocks { Unit::Blocks } else { Unit::Bytes }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For `dh_view.html`, which comes with Valgrind.
    Dhat,
    /// For `go tool pprof` and what reads the same.
    Pprof,
    /// Folded stacks of a view, for flamegraph.pl and others.
    Folded,
    /// For speedscope.app.
    Speedscope,
    /// For `ms_print` and massif-visualizer.
    Massif,
    /// For other programs, and for these commands.
    Json,
    /// One page with everything, which needs nothing else.
    Html,
}

impl Format {
    /// What the names of its files end in.
    pub(crate) const fn extension(self) -> &'static str {
        match self {
            Self::Dhat => "dhat.json",
            Self::Pprof => "pb.gz",
            Self::Folded => "folded",
            Self::Speedscope => "speedscope.json",
            Self::Massif => "massif",
            Self::Json => "json",
            Self::Html => "html",
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_holds() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn cargo_may_say_the_name_again() {
        let words = |line: &str| -> Vec<OsString> { without_subcommand(line.split(' ').map(OsString::from)).collect() };
        assert_eq!(words("cargo-lagom lagom heap stats f"), words("cargo-lagom heap stats f"));
        // A file may have the name.
        assert_eq!(words("cargo-lagom heap stats lagom").len(), 4);
    }
}

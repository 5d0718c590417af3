//! `cargo lagom heap …`

use std::path::Path;
use std::process::ExitCode;

use lagom_profiler::heap::HeapProfile;

use crate::arguments::{Command, Format, Views};
use crate::failure::Failure;
use crate::{output, run};

pub(crate) fn execute(command: Command, runtime: bool) -> Result<ExitCode, Failure> {
    let load = |path: &Path| {
        let profile = crate::load::profile(path)?;
        Ok::<_, Failure>(if runtime { profile } else { profile.without_runtime() })
    };
    match command {
        Command::Run { output, force, program } => return run::run(output, force, &program),
        Command::Summary { text } => {
            output::text(&load(&text.file)?.to_summary(text.top), text.output.as_deref())?;
        }
        Command::Table { text, views } => {
            let table = load(&text.file)?.to_table(views.view(), views.unit(), text.top);
            output::text(&table, text.output.as_deref())?;
        }
        Command::Tree { text, views, least } => {
            if !(0.0..=100.0).contains(&least) {
                return Err(Failure::new(format!("--least is a share in percent, which {least} is not")));
            }
            let tree = load(&text.file)?.to_tree(views.view(), views.unit(), least / 100.0);
            output::text(&tree, text.output.as_deref())?;
        }
        Command::Stats { text } => {
            output::text(&load(&text.file)?.to_stats(text.top), text.output.as_deref())?;
        }
        Command::Flamegraph { file, views } => {
            let picture = load(&file.file)?.to_flamegraph(views.view(), views.unit());
            output::file(picture.as_bytes(), &file.file, "svg", file.output.as_deref(), file.force)?;
        }
        Command::Transform { format, file, views } => {
            // What is read again is to be whole.
            let whole = format == Format::Json;
            let profile = if whole { crate::load::profile(&file.file)? } else { load(&file.file)? };
            let content = transform(&profile, format, views);
            output::file(&content, &file.file, format.extension(), file.output.as_deref(), file.force)?;
        }
        Command::Diff { before, after, views, top, flamegraph, output, force } => {
            let (old, new) = (load(&before)?, load(&after)?);
            if flamegraph {
                let picture = new.to_flamegraph_since(&old, views.view(), views.unit());
                output::file(picture.as_bytes(), &after, "diff.svg", output.as_deref(), force)?;
            } else {
                output::text(&new.to_difference(&old, views.view(), views.unit(), top), output.as_deref())?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn transform(profile: &HeapProfile, format: Format, views: Views) -> Vec<u8> {
    match format {
        Format::Dhat => profile.to_dhat().into_bytes(),
        Format::Pprof => profile.to_pprof(),
        Format::Folded => profile.to_folded(views.view(), views.unit()).into_bytes(),
        Format::Speedscope => profile.to_speedscope().into_bytes(),
        Format::Massif => profile.to_massif().into_bytes(),
        Format::Json => profile.to_json().into_bytes(),
        Format::Html => profile.to_html().into_bytes(),
    }
}

//! Where what was made goes.

use std::fs;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Writes text to the file that was named, else to the terminal.
pub(crate) fn text(text: &str, output: Option<&Path>) -> Result<(), Failure> {
    match output.filter(|path| *path != Path::new("-")) {
        Some(path) => write(path, text.as_bytes()),
        None => print(text.as_bytes()),
    }
}

/// Writes a file: to where it was told, `-` being the terminal, else beside its input, where it replaces nothing unless told to.
pub(crate) fn file(
    content: &[u8],
    input: &Path,
    extension: &str,
    output: Option<&Path>,
    force: bool,
) -> Result<(), Failure> {
    match output {
        Some(path) if path == Path::new("-") => {
            if content.contains(&0) && io::stdout().is_terminal() {
                return Err(Failure::new("this is no text and would garble the terminal; name a file with -o"));
            }
            print(content)
        }
        Some(path) => write(path, content),
        None => {
            let path = beside(input, extension);
            if path == input {
                return Err(Failure::at("write", &path, "it is what was read; name another file with -o"));
            }
            if !force && path.exists() {
                return Err(Failure::at(
                    "write",
                    &path,
                    "it is there already; replace it with --force, or name another with -o",
                ));
            }
            write(&path, content)?;
            eprintln!("wrote {}", path.display());
            Ok(())
        }
    }
}

/// `run.heap` becomes `run.svg`; of `run.dhat.json` no part of the name but the last is an extension.
fn beside(input: &Path, extension: &str) -> PathBuf {
    input.with_extension(extension)
}

fn write(path: &Path, content: &[u8]) -> Result<(), Failure> {
    fs::write(path, content).map_err(|error| Failure::at("write", path, error))
}

fn print(content: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(content).and_then(|()| stdout.flush()) {
        // Who reads has seen enough, as `head` has.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|error| Failure::new(format!("cannot write to the standard output: {error}"))),
    }
}

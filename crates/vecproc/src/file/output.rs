//! An output file that appears whole or not at all.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use super::ELEMENT;

/// A file under a temporary name beside `target`, on the same file system and so renamed in one step.
#[derive(Debug)]
pub(super) struct Output {
    // First, so that it is closed before the name is removed: some systems insist.
    file: File,
    temporary: Temporary,
    bytes: Vec<u8>,
}

/// Tells apart the temporary files of one process.
static NEXT: AtomicU64 = AtomicU64::new(0);

impl Output {
    pub(super) fn create(target: &Path) -> io::Result<Self> {
        let name = target.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not a file name"))?;
        loop {
            let mut hidden = OsString::from(".");
            hidden.push(name);
            hidden.push(format!(".{}-{}.tmp", process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
            let path = target.with_file_name(hidden);
            match File::create_new(&path) {
                Ok(file) => return Ok(Self { file, temporary: Temporary { path }, bytes: Vec::new() }),
                // Left behind by a process that was killed; the next number will do.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub(super) fn write(&mut self, values: &[f64]) -> io::Result<()> {
        self.bytes.resize(values.len() * ELEMENT, 0);
        for (bytes, value) in self.bytes.as_chunks_mut().0.iter_mut().zip(values) {
            *bytes = value.to_le_bytes();
        }
        self.file.write_all(&self.bytes)
    }

    pub(super) fn commit(self, target: &Path) -> io::Result<()> {
        let Self { file, temporary, .. } = self;
        drop(file);
        // What is left to remove on drop is a name that no longer exists, unless this fails.
        fs::rename(&temporary.path, target)
    }
}

/// A name to be removed.
#[derive(Debug)]
struct Temporary {
    path: PathBuf,
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // On failure there is nobody to tell, and the error that led here says more.
        let _ = fs::remove_file(&self.path);
    }
}

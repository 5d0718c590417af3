//! An output file that appears whole or not at all.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::{FileError, FileErrorKind};

/// A file under a temporary name beside `target`, on the same file system and so renamed in one step.
#[derive(Debug)]
pub(super) struct OutputFile {
    // First, so that it is closed before the name is removed: some systems insist.
    file: File,
    temporary: Temporary,
    target: PathBuf,
    /// Bytes that were written; more may have been reserved.
    len: u64,
}

/// Tells apart the temporary files of one process.
static NEXT: AtomicU64 = AtomicU64::new(0);

impl OutputFile {
    pub(super) fn create(target: &Path) -> Result<Self, FileError> {
        Self::create_beside(target).map_err(|source| FileError::new(target, FileErrorKind::Write(source)))
    }

    fn create_beside(target: &Path) -> io::Result<Self> {
        if target.file_name().is_none() {
            return Err(invalid("not a file name"));
        }
        let old = replaceable(target)?;
        loop {
            // Short, and not made of the target's name: that may already be as long as the system allows.
            let hidden = format!(".lagom-{}-{}.tmp", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
            let path = target.with_file_name(hidden);
            match create_like(old.as_ref(), &path) {
                Ok(file) => {
                    let output = Self { file, temporary: Temporary { path }, target: target.to_owned(), len: 0 };
                    output.take_mode_of(old.as_ref())?;
                    return Ok(output);
                }
                // Left behind by a process that was killed; the next number will do.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub(super) fn error(&self, kind: FileErrorKind) -> FileError {
        FileError::new(&self.target, kind)
    }

    /// Asks for room for so many bytes in all, which is also faster than to ask for it bit by bit.
    ///
    /// Fails only if there is too little; what else the system may have against it shows when it is written to.
    pub(super) fn reserve(&self, len: u64) -> Result<(), FileError> {
        match reserve(&self.file, len) {
            Err(source) if source.kind() == io::ErrorKind::StorageFull => Err(self.error(FileErrorKind::Write(source))),
            _ => Ok(()),
        }
    }

    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        self.file.write_all(bytes).map_err(|source| self.error(FileErrorKind::Write(source)))?;
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// Writes over the first bytes.
    pub(super) fn rewrite_start(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        let written = self.file.seek(SeekFrom::Start(0)).and_then(|_| self.file.write_all(bytes));
        written.map_err(|source| self.error(FileErrorKind::Write(source)))?;
        self.len = self.len.max(bytes.len() as u64);
        Ok(())
    }

    /// Puts the file in its place.
    pub(super) fn commit(self) -> Result<(), FileError> {
        let Self { file, temporary, target, len } = self;
        // Less may have come than was reserved.
        let is_whole = file.metadata().and_then(|all| if all.len() > len { file.set_len(len) } else { Ok(()) });
        drop(file);
        // What is left to remove on drop is a name that no longer exists, unless this fails.
        let is_there = is_whole.and_then(|()| fs::rename(&temporary.path, &target));
        is_there.map_err(|source| FileError::new(target, FileErrorKind::Write(source)))
    }

    /// Gives the file the mode of the one it will replace, whatever the umask.
    #[cfg(unix)]
    fn take_mode_of(&self, old: Option<&Metadata>) -> io::Result<()> {
        use std::fs::Permissions;
        use std::os::unix::fs::PermissionsExt;
        let mode = |of: &Metadata| of.permissions().mode() & MODE;
        match old {
            Some(old) if mode(old) != mode(&self.file.metadata()?) => {
                self.file.set_permissions(Permissions::from_mode(mode(old)))
            }
            _ => Ok(()),
        }
    }

    #[cfg(not(unix))]
    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "the signature is that of the other platforms")]
    fn take_mode_of(&self, _: Option<&Metadata>) -> io::Result<()> {
        Ok(())
    }
}

/// For writers of others.
#[cfg(feature = "arrow")]
impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.len += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// What is short needs no reserve.
#[cfg(target_os = "linux")]
const WORTH_RESERVING: u64 = 1 << 20;

#[cfg(target_os = "linux")]
fn reserve(file: &File, len: u64) -> io::Result<()> {
    if len < WORTH_RESERVING {
        return Ok(());
    }
    Ok(rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), 0, len)?)
}

#[cfg(not(target_os = "linux"))]
#[allow(clippy::unnecessary_wraps, reason = "the signature is that of Linux")]
fn reserve(_: &File, _: u64) -> io::Result<()> {
    Ok(())
}

/// Read, write, execute; not the bits that lend someone's rights to a program.
#[cfg(unix)]
const MODE: u32 = 0o777;

/// What is at `target` and may be replaced: a regular file, or a link to one. A device, pipe or folder is an error, for
/// renaming over `/dev/null` would work.
fn replaceable(target: &Path) -> io::Result<Option<Metadata>> {
    match fs::symlink_metadata(target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    match fs::metadata(target) {
        Ok(old) if old.is_file() => Ok(Some(old)),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Err(invalid("not a regular file, nor a link to one")),
    }
}

/// A new file that nobody can open, from its first moment on, who could not open the old one.
fn create_like(old: Option<&Metadata>, path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if let Some(old) = old {
        use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
        options.mode(old.permissions().mode() & MODE);
    }
    #[cfg(not(unix))]
    let _ = old;
    options.open(path)
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
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

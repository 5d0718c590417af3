//! A file that is read: by position, and watched for changes.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::error::{FileError, FileErrorKind};

/// A regular file, with what was seen of it when it was opened.
#[derive(Debug)]
pub(super) struct InputFile {
    file: File,
    path: PathBuf,
    /// Where the path led when it was opened, wherever the process goes.
    absolute: PathBuf,
    len: u64,
    /// `None` where the system does not say.
    modified: Option<SystemTime>,
}

impl InputFile {
    pub(super) fn open(path: &Path) -> Result<Self, FileError> {
        let error = |kind| FileError::new(path, kind);
        let failed = |source| error(FileErrorKind::Open(source));
        // Before opening, as opening a pipe would wait for its other end.
        if !fs::metadata(path).map_err(failed)?.is_file() {
            return Err(error(FileErrorKind::NotAFile));
        }
        let file = File::open(path).map_err(failed)?;
        let seen = file.metadata().map_err(failed)?;
        let absolute = std::path::absolute(path).map_err(failed)?;
        let input = Self { file, path: path.to_owned(), absolute, len: seen.len(), modified: seen.modified().ok() };
        // Files that the system makes up while they are read have a length of 0, whatever is in them.
        if input.len == 0 && input.read_at(&mut [0], 0)? > 0 {
            input.check_unchanged()?;
            return Err(error(FileErrorKind::NotAFile));
        }
        Ok(input)
    }

    #[cfg(any(feature = "arrow", feature = "mmap"))]
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    #[cfg(feature = "mmap")]
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes, when it was opened.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn error(&self, kind: FileErrorKind) -> FileError {
        FileError::new(&self.path, kind)
    }

    /// Reads until `bytes` is full, which was within the file when it was opened.
    pub(super) fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> Result<(), FileError> {
        let read = self.read_at(bytes, offset)?;
        if read == bytes.len() {
            Ok(())
        } else {
            Err(self.error(FileErrorKind::Truncated { len: self.len, end: offset + read as u64 }))
        }
    }

    /// Reads until `bytes` is full or the file ends.
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> Result<usize, FileError> {
        let mut read = 0;
        while read < bytes.len() {
            let offset = offset + read as u64;
            match read_some_at(&self.file, &mut bytes[read..], offset) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(self.error(FileErrorKind::Read { offset, source })),
            }
        }
        Ok(read)
    }

    /// Whether the file is the one that was opened and, as far as the system tells, was not written to since.
    ///
    /// A file that has lost its name is still the same.
    pub(super) fn check_unchanged(&self) -> Result<(), FileError> {
        let failed = |source| self.error(FileErrorKind::Read { offset: self.len, source });
        let now = self.file.metadata().map_err(failed)?;
        if now.len() != self.len {
            return Err(self.error(FileErrorKind::Resized { len: self.len, now: now.len() }));
        }
        match fs::metadata(&self.absolute) {
            Ok(there) if !is_same(&there, &now) => return Err(self.error(FileErrorKind::Replaced)),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        if now.modified().ok() == self.modified { Ok(()) } else { Err(self.error(FileErrorKind::Modified)) }
    }
}

#[cfg(unix)]
fn is_same(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

// As good as std knows there.
#[cfg(not(unix))]
fn is_same(a: &Metadata, b: &Metadata) -> bool {
    a.len() == b.len() && a.modified().ok() == b.modified().ok() && a.created().ok() == b.created().ok()
}

#[cfg(unix)]
fn read_some_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_some_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, bytes, offset)
}

// Without positioned reads; as good, for the handle is not shared.
#[cfg(not(any(unix, windows)))]
fn read_some_at(mut file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    use std::io::{Read, Seek, SeekFrom};
    file.seek(SeekFrom::Start(offset))?;
    file.read(bytes)
}

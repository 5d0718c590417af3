//! What can go wrong with files.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::ELEMENT;
use crate::error::ZeroWindow;

/// A file of raw f64s cannot be opened or read. Every case names the file.
///
/// # Examples
///
/// ```
/// let error = lagom_vecproc::F64Reader::open("no/such/file.f64").unwrap_err();
/// assert!(error.to_string().starts_with("cannot open no/such/file.f64: "));
/// assert_eq!(error.path(), std::path::Path::new("no/such/file.f64"));
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum FileError {
    /// The file cannot be opened, or its length not be asked for.
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A directory, pipe or device, or a file that is made up while it is read (as those in `/proc`): nothing that has
    /// a length of its own.
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The length is no multiple of 8: the last element is incomplete.
    PartialElement {
        /// The file.
        path: PathBuf,
        /// Its length in bytes.
        len: u64,
        /// Where the incomplete element starts, in bytes.
        offset: u64,
    },
    /// Reading failed.
    Read {
        /// The file.
        path: PathBuf,
        /// Where, in bytes.
        offset: u64,
        /// What the system said.
        source: io::Error,
    },
    /// The file ends before the length it had when it was opened.
    Truncated {
        /// The file.
        path: PathBuf,
        /// The length it had, in bytes.
        len: u64,
        /// Where it ends now, in bytes.
        offset: u64,
    },
    /// At the end of the file its length is not the one it had when it was opened.
    Resized {
        /// The file.
        path: PathBuf,
        /// The length it had, in bytes.
        len: u64,
        /// The length it has now, in bytes.
        now: u64,
    },
    /// Elements were asked for that the file does not have.
    OutOfRange {
        /// The file.
        path: PathBuf,
        /// The first element asked for.
        start: u64,
        /// How many.
        count: usize,
        /// How many elements the file has.
        elements: u64,
    },
    /// The file cannot be mapped into memory.
    Map {
        /// The file.
        path: PathBuf,
        /// What the system said, or why the mapping cannot be used as a slice of f64.
        source: io::Error,
    },
}

impl FileError {
    /// The file it is about.
    ///
    /// ```
    /// let error = lagom_vecproc::F64Reader::open("nowhere").unwrap_err();
    /// assert_eq!(error.path(), std::path::Path::new("nowhere"));
    /// ```
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Open { path, .. }
            | Self::NotAFile { path }
            | Self::PartialElement { path, .. }
            | Self::Read { path, .. }
            | Self::Truncated { path, .. }
            | Self::Resized { path, .. }
            | Self::OutOfRange { path, .. }
            | Self::Map { path, .. } => path,
        }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path().display();
        match self {
            Self::Open { source, .. } => write!(f, "cannot open {path}: {source}"),
            Self::NotAFile { .. } => write!(f, "{path} is not a regular file of known length"),
            Self::PartialElement { len, offset, .. } => write!(
                f,
                "{path} is {len} bytes long, no multiple of {ELEMENT}: its last element, at byte {offset}, is incomplete"
            ),
            Self::Read { offset, source, .. } => write!(f, "cannot read {path} at byte {offset}: {source}"),
            Self::Truncated { len, offset, .. } => {
                write!(f, "{path} was {len} bytes long when opened and now ends at byte {offset}")
            }
            Self::Resized { len, now, .. } => {
                write!(f, "{path} was {len} bytes long when opened and is {now} bytes long now")
            }
            Self::OutOfRange { start, count, elements, .. } => {
                write!(f, "{path} has {elements} elements, asked for {count} from element {start} on")
            }
            Self::Map { source, .. } => write!(f, "cannot map {path} into memory: {source}"),
        }
    }
}

impl Error for FileError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Open { source, .. } | Self::Read { source, .. } | Self::Map { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// [`process_file`](crate::process_file) failed. The output file is as it was before.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::{Pipeline, ProcessFileError, process_file};
///
/// let error = process_file("no/such/file.f64", "out.f64", &Pipeline::new()).unwrap_err();
/// assert!(matches!(error, ProcessFileError::Input(_)));
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum ProcessFileError {
    /// An operation of the pipeline has a window of 0.
    ZeroWindow(ZeroWindow),
    /// The input cannot be read.
    Input(FileError),
    /// The output cannot be written, or is something else than a file.
    Output {
        /// The output file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl fmt::Display for ProcessFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ZeroWindow(error) => error.fmt(f),
            Self::Input(error) => error.fmt(f),
            Self::Output { path, source } => write!(f, "cannot write {}: {source}", path.display()),
        }
    }
}

impl Error for ProcessFileError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::ZeroWindow(_) => None,
            // The text of the inner error is already the whole message.
            Self::Input(error) => error.source(),
            Self::Output { source, .. } => Some(source),
        }
    }
}

impl From<ZeroWindow> for ProcessFileError {
    fn from(error: ZeroWindow) -> Self {
        Self::ZeroWindow(error)
    }
}

impl From<FileError> for ProcessFileError {
    fn from(error: FileError) -> Self {
        Self::Input(error)
    }
}

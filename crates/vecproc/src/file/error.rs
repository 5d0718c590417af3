//! What can go wrong with files.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::Column;
use crate::error::ParameterError;

/// A file cannot be opened, read or written. Every case names the file.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::file::{ElementType, ElementReader, FileErrorKind};
///
/// let error = ElementReader::open("no/such/file.f64", ElementType::F64).unwrap_err();
/// assert!(error.to_string().starts_with("cannot open no/such/file.f64: "));
/// assert_eq!(error.path(), std::path::Path::new("no/such/file.f64"));
/// assert!(matches!(error.kind(), FileErrorKind::Open(_)));
/// ```
#[derive(Debug)]
pub struct FileError {
    path: PathBuf,
    kind: FileErrorKind,
}

/// What a [`FileError`] is about. Offsets and lengths are in bytes.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::file::{AnyReader, FileErrorKind};
///
/// match AnyReader::open("measurements.xlsx").unwrap_err().kind() {
///     FileErrorKind::UnknownExtension => println!("convert it to CSV"),
///     other => panic!("{other:?}"),
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum FileErrorKind {
    /// The file cannot be opened, or its length not be asked for.
    Open(io::Error),
    /// A directory, pipe or device, or a file that is made up while it is read (as those in `/proc`): nothing that has
    /// a length of its own.
    NotAFile,
    /// No format goes with this extension, or one that is behind a feature of this crate that is off.
    UnknownExtension,
    /// Reading failed.
    Read {
        /// Where.
        offset: u64,
        /// What the system said.
        source: io::Error,
    },
    /// The length is no multiple of the element's: the last element is incomplete.
    PartialElement {
        /// The length of the file.
        len: u64,
        /// The length of an element.
        element: usize,
    },
    /// The file ends before the length it had when it was opened.
    Truncated {
        /// The length it had.
        len: u64,
        /// Where it ends now.
        end: u64,
    },
    /// After its end was read, the length is not the one it had when it was opened.
    Resized {
        /// The length it had.
        len: u64,
        /// The length it has now.
        now: u64,
    },
    /// After its end was read, it had been written to since it was opened: what was read may be old, new, or both.
    Modified,
    /// After its end was read, the path leads to another file than when it was opened.
    Replaced,
    /// Elements were asked for that the file does not have.
    OutOfRange {
        /// The first element asked for.
        start: u64,
        /// How many.
        count: usize,
        /// How many elements there are.
        elements: u64,
    },
    /// The header of an `.npy` file is malformed.
    Header {
        /// Where.
        offset: u64,
        /// What is wrong there.
        problem: String,
    },
    /// The file has not as many bytes of elements as its header promises.
    DataLength {
        /// How many it has.
        len: u64,
        /// How many there should be.
        expected: u64,
    },
    /// Elements that are no floats of 32 or 64 bits and no integers.
    ElementType(String),
    /// There is no such column, more than one, or one must be chosen.
    Column(String),
    /// A field of a CSV file is not a number.
    Field {
        /// The line, from 1.
        line: u64,
        /// The column, as it was asked for.
        column: Column,
        /// What the field says; only its beginning if it is long.
        text: String,
    },
    /// A row of a CSV file has fewer or more fields than the first.
    Row {
        /// The line, from 1.
        line: u64,
        /// Its fields.
        fields: u64,
        /// The fields of the first row.
        expected: u64,
    },
    /// A quote in a CSV file is never closed, or closed after more than a mebibyte.
    Quote {
        /// The line of its row, from 1.
        line: u64,
    },
    /// The content is malformed, or the reader of the format cannot read it.
    Format(Box<dyn Error + Send + Sync>),
    /// The file cannot be written, or there is something else than a file in its place.
    Write(io::Error),
    /// As many elements as the shape of an `.npy` file promises were not written.
    Shape {
        /// How many were.
        elements: u64,
        /// How many should be.
        expected: u64,
    },
    /// The file cannot be mapped into memory.
    Map(io::Error),
}

impl FileError {
    /// An error about a file, for [sources](super::Source) and [sinks](super::Sink) of your own.
    ///
    /// ```
    /// use lagom_vecproc::file::{FileError, FileErrorKind};
    ///
    /// let error = FileError::new("x.wav", FileErrorKind::Format("not a wave file".into()));
    /// assert_eq!(error.to_string(), "cannot read x.wav: not a wave file");
    /// ```
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, kind: FileErrorKind) -> Self {
        Self { path: path.into(), kind }
    }

    /// The file it is about.
    ///
    /// ```
    /// use lagom_vecproc::file::{ElementType, ElementReader};
    ///
    /// let error = ElementReader::open("nowhere", ElementType::F64).unwrap_err();
    /// assert_eq!(error.path(), std::path::Path::new("nowhere"));
    /// ```
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is wrong with it.
    ///
    /// ```
    /// use lagom_vecproc::file::{ElementType, ElementReader, FileErrorKind};
    ///
    /// let error = ElementReader::open(".", ElementType::F64).unwrap_err();
    /// assert!(matches!(error.kind(), FileErrorKind::NotAFile));
    /// ```
    #[must_use]
    pub fn kind(&self) -> &FileErrorKind {
        &self.kind
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use FileErrorKind as Kind;
        let path = self.path.display();
        match &self.kind {
            Kind::Open(source) => write!(f, "cannot open {path}: {source}"),
            Kind::NotAFile => write!(f, "{path} is not a regular file of known length"),
            Kind::UnknownExtension => write!(f, "the extension of {path} tells no format; name a reader or writer"),
            Kind::Read { offset, source } => write!(f, "cannot read {path} at byte {offset}: {source}"),
            Kind::PartialElement { len, element } => {
                let offset = len - len % *element as u64;
                write!(f, "{path} is {len} bytes long, no multiple of {element}: ")?;
                write!(f, "its last element, at byte {offset}, is incomplete")
            }
            Kind::Truncated { len, end } => {
                write!(f, "{path} was {len} bytes long when opened and now ends at byte {end}")
            }
            Kind::Resized { len, now } => {
                write!(f, "{path} was {len} bytes long when opened and is {now} bytes long now")
            }
            Kind::Modified => write!(f, "{path} was written to after it was opened"),
            Kind::Replaced => write!(f, "{path} is another file than the one that was opened"),
            Kind::OutOfRange { start, count, elements } => {
                write!(f, "{path} has {elements} elements, asked for {count} from element {start} on")
            }
            Kind::Header { offset, problem } => write!(f, "{path}: header, byte {offset}: {problem}"),
            Kind::DataLength { len, expected } => {
                write!(f, "{path} has {len} bytes of elements, its header promises {expected}")
            }
            Kind::ElementType(name) => {
                write!(f, "{path} holds {name}; only floats of 32 or 64 bits and integers can be read")
            }
            Kind::Column(problem) => write!(f, "{path}: {problem}"),
            Kind::Field { line, column, text } => {
                write!(f, "{path}, line {line}, column {column}: {text:?} is not a number")
            }
            Kind::Row { line, fields, expected } => {
                write!(f, "{path}, line {line}: {fields} fields where the first row has {expected}")
            }
            Kind::Quote { line } => write!(f, "{path}, line {line}: a quote is never closed, or very late"),
            Kind::Format(source) => write!(f, "cannot read {path}: {source}"),
            Kind::Write(source) => write!(f, "cannot write {path}: {source}"),
            Kind::Shape { elements, expected } => {
                write!(f, "{path}: its shape has {expected} elements, {elements} were written")
            }
            Kind::Map(source) => write!(f, "cannot map {path} into memory: {source}"),
        }
    }
}

impl Error for FileError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        use FileErrorKind as Kind;
        match &self.kind {
            Kind::Open(source) | Kind::Read { source, .. } | Kind::Write(source) | Kind::Map(source) => Some(source),
            Kind::Format(source) => Some(&**source),
            _ => None,
        }
    }
}

/// A run over files failed or was aborted. The output is as it was before.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::Pipeline;
/// use lagom_vecproc::file::ProcessFileError;
///
/// let error = Pipeline::new().process_file("no/such/file.f64", "out.f64").unwrap_err();
/// assert!(matches!(error, ProcessFileError::Input(_)));
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum ProcessFileError {
    /// The pipeline cannot be run: a parameter of an operation is out of range.
    Pipeline(ParameterError),
    /// The input cannot be read.
    Input(FileError),
    /// The output cannot be written.
    Output(FileError),
    /// The progress callback broke off.
    Aborted {
        /// How many elements were done.
        done: u64,
    },
}

impl fmt::Display for ProcessFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pipeline(error) => error.fmt(f),
            Self::Input(error) | Self::Output(error) => error.fmt(f),
            Self::Aborted { done } => write!(f, "aborted after {done} elements"),
        }
    }
}

impl Error for ProcessFileError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            // The text of the inner error is already the whole message.
            Self::Input(error) | Self::Output(error) => error.source(),
            Self::Pipeline(_) | Self::Aborted { .. } => None,
        }
    }
}

impl From<ParameterError> for ProcessFileError {
    fn from(error: ParameterError) -> Self {
        Self::Pipeline(error)
    }
}

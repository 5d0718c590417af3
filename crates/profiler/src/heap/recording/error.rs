//! A recording that cannot be read.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::io;

/// A file is no recording, is damaged, or cannot be read; says where.
///
/// ```
/// let error = lagom_profiler::heap::Recording::from_bytes(b"no recording at all".to_vec()).unwrap_err();
/// assert_eq!(error.offset(), 0);
/// println!("{error}");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingError {
    offset: u64,
    message: Cow<'static, str>,
    kind: io::ErrorKind,
}

impl RecordingError {
    pub(super) fn damaged(offset: u64, message: impl Into<Cow<'static, str>>) -> Self {
        Self { offset, message: message.into(), kind: io::ErrorKind::InvalidData }
    }

    pub(super) fn io(offset: u64, error: &io::Error) -> Self {
        Self { offset, message: error.to_string().into(), kind: error.kind() }
    }

    /// The byte of the file at which the reader stopped, from 0.
    ///
    /// ```
    /// # use lagom_profiler::heap::Recording;
    /// assert_eq!(Recording::from_bytes(Vec::new()).unwrap_err().offset(), 0);
    /// ```
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// What the system said; [`InvalidData`](io::ErrorKind::InvalidData) if the file is at fault.
    ///
    /// ```
    /// # use lagom_profiler::heap::Recording;
    /// let error = Recording::open("there/is/no/such/file").unwrap_err();
    /// assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    /// ```
    #[must_use]
    pub const fn kind(&self) -> io::ErrorKind {
        self.kind
    }
}

/// `byte 4096: the checksum of a block is wrong`
impl fmt::Display for RecordingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}: {}", self.offset, self.message)
    }
}

impl Error for RecordingError {}

//! A report that cannot be read.

use std::error::Error;
use std::fmt;

/// A text is no report, or is one of another version; from [`Summary::from_json`](crate::Summary::from_json).
///
/// ```
/// let error = lagom_profiler::Summary::from_json("{\n  \"format\": 7}").unwrap_err();
/// assert_eq!((error.line(), error.column()), (2, 13));
/// println!("{error}");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportError {
    line: usize,
    column: usize,
    message: String,
}

impl ReportError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { line: 0, column: 0, message: message.into() }
    }

    /// The line of the text that could not be read, from 1 on; 0 if the whole is at fault.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::Summary::from_json("?").unwrap_err().line(), 1);
    /// ```
    #[must_use]
    pub const fn line(&self) -> usize {
        self.line
    }

    /// The byte of that line, from 1 on; 0 if the whole is at fault.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::Summary::from_json("?").unwrap_err().column(), 1);
    /// ```
    #[must_use]
    pub const fn column(&self) -> usize {
        self.column
    }
}

impl From<serde_json::Error> for ReportError {
    fn from(error: serde_json::Error) -> Self {
        // The message ends with the place, which has getters of its own.
        let (line, column) = (error.line(), error.column());
        let text = error.to_string();
        let place = format!(" at line {line} column {column}");
        Self { line, column, message: text.strip_suffix(&place).unwrap_or(&text).to_owned() }
    }
}

/// `line 2, column 13: invalid type: integer `7`, expected a string`
impl fmt::Display for ReportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}, column {}: ", self.line, self.column)?;
        }
        f.write_str(&self.message)
    }
}

impl Error for ReportError {}

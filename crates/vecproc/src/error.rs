//! What can go wrong with arguments: lengths that differ, a window of nothing.

use std::error::Error;
use std::fmt;

/// The output buffer has not the length of the input.
///
/// Nothing was written and no state advanced.
///
/// # Examples
///
/// ```
/// let error = lagom_vecproc::expanding_mean(&[1.0, 2.0], &mut [0.0]).unwrap_err();
/// assert_eq!(error.to_string(), "output has length 1, input has length 2");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LengthError {
    input: usize,
    output: usize,
}

impl LengthError {
    /// Fails unless both lengths are the same.
    #[inline]
    pub(crate) fn check(input: usize, output: usize) -> Result<(), Self> {
        if input == output { Ok(()) } else { Err(Self { input, output }) }
    }

    /// Elements of the input.
    ///
    /// ```
    /// assert_eq!(lagom_vecproc::expanding_mean(&[1.0, 2.0], &mut [0.0]).unwrap_err().input(), 2);
    /// ```
    #[must_use]
    pub fn input(&self) -> usize {
        self.input
    }

    /// Elements of the output buffer.
    ///
    /// ```
    /// assert_eq!(lagom_vecproc::expanding_mean(&[1.0, 2.0], &mut [0.0]).unwrap_err().output(), 1);
    /// ```
    #[must_use]
    pub fn output(&self) -> usize {
        self.output
    }
}

impl fmt::Display for LengthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "output has length {}, input has length {}", self.output, self.input)
    }
}

impl Error for LengthError {}

/// A window (or a chunk to average over) of zero elements was asked for.
///
/// # Examples
///
/// ```
/// let error = lagom_vecproc::RollingMean::new(0).unwrap_err();
/// assert_eq!(error.to_string(), "rolling_mean over a window of 0 elements");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ZeroWindow {
    operation: &'static str,
}

impl ZeroWindow {
    pub(crate) fn check(operation: &'static str, window: usize) -> Result<(), Self> {
        if window == 0 { Err(Self { operation }) } else { Ok(()) }
    }

    /// The operation that was asked for, such as `"rolling_mean"`.
    ///
    /// ```
    /// assert_eq!(lagom_vecproc::ChunkedMean::new(0).unwrap_err().operation(), "chunked_mean");
    /// ```
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.operation
    }
}

impl fmt::Display for ZeroWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} over a window of 0 elements", self.operation)
    }
}

impl Error for ZeroWindow {}

/// A windowed operation or a pipeline was given arguments it cannot work with.
///
/// Nothing was written.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::{ProcessError, rolling_mean};
///
/// assert!(matches!(rolling_mean(&[1.0], 0, &mut [0.0]), Err(ProcessError::ZeroWindow(_))));
/// assert!(matches!(rolling_mean(&[1.0], 1, &mut []), Err(ProcessError::Length(_))));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProcessError {
    /// Input and output differ in length.
    Length(LengthError),
    /// A window of zero elements.
    ZeroWindow(ZeroWindow),
}

impl fmt::Display for ProcessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(error) => error.fmt(f),
            Self::ZeroWindow(error) => error.fmt(f),
        }
    }
}

// No `source`: the text of the inner error is already the whole message.
impl Error for ProcessError {}

impl From<LengthError> for ProcessError {
    fn from(error: LengthError) -> Self {
        Self::Length(error)
    }
}

impl From<ZeroWindow> for ProcessError {
    fn from(error: ZeroWindow) -> Self {
        Self::ZeroWindow(error)
    }
}

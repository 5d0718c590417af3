//! What can be wrong with arguments: lengths that differ, parameters out of range.

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
    /// use lagom_vecproc::{ProcessError, expanding_mean};
    ///
    /// let Err(ProcessError::Length(error)) = expanding_mean(&[1.0, 2.0], &mut [0.0]) else { panic!() };
    /// assert_eq!(error.input(), 2);
    /// ```
    #[must_use]
    pub fn input(&self) -> usize {
        self.input
    }

    /// Elements of the output buffer.
    ///
    /// ```
    /// use lagom_vecproc::{ProcessError, expanding_mean};
    ///
    /// let Err(ProcessError::Length(error)) = expanding_mean(&[1.0, 2.0], &mut [0.0]) else { panic!() };
    /// assert_eq!(error.output(), 1);
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

/// An operation was given a parameter it cannot work with, such as a window of 0.
///
/// # Examples
///
/// ```
/// let error = lagom_vecproc::Pipeline::new().rolling_mean(0).stream().unwrap_err();
/// assert_eq!(error.to_string(), "rolling_mean: window is 0, expected at least 1");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ParameterError {
    operation: &'static str,
    parameter: &'static str,
    value: f64,
    expected: &'static str,
}

impl ParameterError {
    /// Fails unless `is_right`.
    pub(crate) fn check(
        operation: &'static str,
        parameter: &'static str,
        value: f64,
        is_right: bool,
        expected: &'static str,
    ) -> Result<(), Self> {
        if is_right { Ok(()) } else { Err(Self { operation, parameter, value, expected }) }
    }

    /// `value`, unless it is 0.
    pub(crate) fn at_least_one(operation: &'static str, parameter: &'static str, value: usize) -> Result<usize, Self> {
        Self::check(operation, parameter, value as f64, value > 0, "at least 1")?;
        Ok(value)
    }

    /// The operation that was asked for, such as `"rolling_mean"`.
    ///
    /// ```
    /// let error = lagom_vecproc::Pipeline::new().rolling_mean(0).stream().unwrap_err();
    /// assert_eq!(error.operation(), "rolling_mean");
    /// ```
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// Which of its parameters, such as `"window"`.
    ///
    /// ```
    /// let error = lagom_vecproc::Pipeline::new().rolling_mean(0).stream().unwrap_err();
    /// assert_eq!(error.parameter(), "window");
    /// ```
    #[must_use]
    pub fn parameter(&self) -> &'static str {
        self.parameter
    }
}

impl fmt::Display for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, parameter, value, expected } = self;
        write!(f, "{operation}: {parameter} is {value}, expected {expected}")
    }
}

impl Error for ParameterError {}

/// An operation was given arguments it cannot work with.
///
/// Nothing was written.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::{ProcessError, rolling_mean};
///
/// assert!(matches!(rolling_mean(&[1.0], 0, &mut [0.0]), Err(ProcessError::Parameter(_))));
/// assert!(matches!(rolling_mean(&[1.0], 1, &mut []), Err(ProcessError::Length(_))));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum ProcessError {
    /// Input and output differ in length.
    Length(LengthError),
    /// A parameter is out of range.
    Parameter(ParameterError),
}

impl fmt::Display for ProcessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(error) => error.fmt(f),
            Self::Parameter(error) => error.fmt(f),
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

impl From<ParameterError> for ProcessError {
    fn from(error: ParameterError) -> Self {
        Self::Parameter(error)
    }
}

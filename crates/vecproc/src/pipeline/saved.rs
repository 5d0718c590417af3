//! The state of a pipeline under way, kept.

use std::error::Error;
use std::fmt;

use super::{Pipeline, PipelineStream};
use crate::error::ParameterError;

/// A [`PipelineStream`] at rest: with the feature `serde` it can be written and read, in any format, without loss.
///
/// Made by [`PipelineStream::save`]. Of use to the version of this crate that made it; another may refuse it.
///
/// # Examples
///
/// ```
/// let mut stream = lagom_vecproc::Pipeline::new().rolling_mean(2).stream()?;
/// let _ = stream.push(1.0);
/// let saved = stream.save();
/// assert_eq!(saved.resume()?.push(3.0), 2.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SavedStream {
    pub(super) pipeline: Pipeline,
    pub(super) state: Vec<u64>,
}

/// The operations, and how long the state is.
impl fmt::Debug for SavedStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("SavedStream");
        debug.field("pipeline", &self.pipeline).field("words", &self.state.len()).finish_non_exhaustive()
    }
}

impl SavedStream {
    /// Goes on where the stream was saved.
    ///
    /// # Errors
    ///
    /// [`ResumeError`] when what was read is not what had been saved.
    ///
    /// # Examples
    ///
    /// ```
    /// let stream = lagom_vecproc::Pipeline::new().lag(1).stream()?;
    /// assert!(stream.save().resume()?.push(3.0).is_nan());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resume(self) -> Result<PipelineStream, ResumeError> {
        PipelineStream::resume(self)
    }
}

/// A saved state that does not belong to its pipeline.
///
/// # Examples
///
/// ```
/// let error = lagom_vecproc::ResumeError::State;
/// assert_eq!(error.to_string(), "the saved state is not one of its pipeline");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum ResumeError {
    /// A parameter of an operation is out of range.
    Parameter(ParameterError),
    /// There is too much of it, too little, or what cannot be.
    State,
}

impl fmt::Display for ResumeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parameter(error) => error.fmt(f),
            Self::State => f.write_str("the saved state is not one of its pipeline"),
        }
    }
}

// No `source`: the text of the inner error is already the whole message.
impl Error for ResumeError {}

//! A pipeline under way.

use std::fmt;

use super::Pipeline;
use super::run::{in_place_through, through};
use super::saved::{ResumeError, SavedStream};
use crate::element::Float;
use crate::error::LengthError;
use crate::input::{Input, Output};
use crate::stage::{Archive, Stage};

/// A [`Pipeline`] under way over a stream: however the stream is cut into chunks, the results are the same to the last
/// bit.
///
/// Made by [`Pipeline::stream`]. A clone goes on by itself from the same point.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::Pipeline;
///
/// let mut stream = Pipeline::new().expanding_mean().scale(10.0).stream()?;
/// let mut out = [0.0; 2];
/// stream.process(&[1.0, 3.0], &mut out)?;
/// assert_eq!(out, [10.0, 20.0]);
/// stream.process(&[8.0], &mut out[..1])?;
/// assert_eq!(out[0], 40.0);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
#[derive(Clone)]
pub struct PipelineStream {
    pub(super) pipeline: Pipeline,
    pub(super) stages: Vec<Box<dyn Stage>>,
}

/// The operations; not the elements they keep, of which there may be millions.
impl fmt::Debug for PipelineStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PipelineStream").field("pipeline", &self.pipeline).finish_non_exhaustive()
    }
}

impl PipelineStream {
    /// Takes the next elements of the stream and writes one result for each.
    ///
    /// # Errors
    ///
    /// [`LengthError`] when `out` and `chunk` differ in length; nothing is written and no state advances then.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut out = [0.0; 2];
    /// lagom_vecproc::Pipeline::new().scale(2.0).stream()?.process(&[1.0, 3.0], &mut out)?;
    /// assert_eq!(out, [2.0, 6.0]);
    /// # Ok::<(), lagom_vecproc::ProcessError>(())
    /// ```
    pub fn process<I: Input>(&mut self, chunk: I, out: &mut [Output<I>]) -> Result<(), LengthError> {
        LengthError::check(chunk.count(), out.len())?;
        through(&mut self.stages, chunk, out);
        Ok(())
    }

    /// Takes the next elements of the stream and replaces each by its result.
    ///
    /// ```
    /// let mut x = [1.0, 3.0];
    /// lagom_vecproc::Pipeline::new().scale(2.0).stream()?.process_in_place(&mut x);
    /// assert_eq!(x, [2.0, 6.0]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn process_in_place<T: Float>(&mut self, chunk: &mut [T]) {
        in_place_through(&mut self.stages, chunk);
    }

    /// Takes one element and returns its result.
    ///
    /// [`process`](Self::process) is many times faster per element.
    ///
    /// ```
    /// let mut stream = lagom_vecproc::Pipeline::new().scale(2.0).stream()?;
    /// assert_eq!(stream.push(3.0), 6.0);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    #[must_use]
    pub fn push(&mut self, x: f64) -> f64 {
        let mut one = [x];
        self.process_in_place(&mut one);
        one[0]
    }

    /// Starts over: forgets every element.
    ///
    /// ```
    /// let mut stream = lagom_vecproc::Pipeline::new().expanding_mean().stream()?;
    /// let _ = stream.push(1.0);
    /// stream.clear();
    /// assert_eq!(stream.push(3.0), 3.0);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn clear(&mut self) {
        if let Ok(fresh) = self.pipeline.stream() {
            *self = fresh;
        }
    }

    /// The state, to go on from it later or elsewhere.
    ///
    /// O(windows) time and memory.
    ///
    /// ```
    /// let mut stream = lagom_vecproc::Pipeline::new().expanding_mean().stream()?;
    /// let _ = stream.push(1.0);
    /// let mut later = stream.save().resume()?;
    /// assert_eq!([stream.push(3.0), later.push(3.0)], [2.0, 2.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn save(&self) -> SavedStream {
        let mut archive = Archive::Save(Vec::new());
        // The walk takes `&mut` for its other direction; what it walks over is a copy.
        self.stages.clone().iter_mut().for_each(|stage| stage.exchange(&mut archive));
        SavedStream { pipeline: self.pipeline.clone(), state: archive.finish().unwrap_or_default() }
    }

    pub(super) fn resume(saved: SavedStream) -> Result<Self, ResumeError> {
        // Of what is looked back at, a half at least has been saved: what was read makes no room for more than it brings.
        let kept = saved.pipeline.steps.iter().map(|step| step.operation.kept() / 2);
        if kept.fold(0, usize::saturating_add) > saved.state.len() {
            return Err(ResumeError::State);
        }
        let mut stream = saved.pipeline.stream().map_err(ResumeError::Parameter)?;
        let mut archive = Archive::load(saved.state);
        stream.stages.iter_mut().for_each(|stage| stage.exchange(&mut archive));
        if archive.finish() == Err(true) { Ok(stream) } else { Err(ResumeError::State) }
    }
}

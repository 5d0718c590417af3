//! Operations in a row, run together.

mod chunks;
#[cfg(feature = "rayon")]
mod parallel;
mod run;
mod saved;
mod step;
mod steps;
mod stream;

pub use chunks::{Chunk, PipelineChunks};
pub(crate) use run::{run, through};
pub use saved::{ResumeError, SavedStream};
pub(crate) use step::Operation;
pub use stream::PipelineStream;

use crate::arch::advise;
use crate::element::Float;
use crate::error::{ParameterError, ProcessError};
use crate::input::{Input, Output};
use crate::stage::Stage;
use step::Step;

/// A description of operations in a row, to be run over slices, streams and [files](crate::file) alike.
///
/// Each operation takes what the one before gives. They run together, tile by tile in the first-level cache, with no
/// temporary of the length of the data; the results are those of the operations called one after the other, to the
/// last bit (over `f32`, which is rounded once at the end, they are closer). Building never fails: a window of 0 is
/// reported when the pipeline is run. A pipeline without operations copies.
///
/// A pipeline holds no data and no state; it can be shared between threads and kept in a `static`
/// [`LazyLock`](std::sync::LazyLock). With the feature `serde` it can be written and read.
///
/// # Missing values
///
/// A missing value is a NaN. By default nothing is left out: a running result is NaN from the first NaN on, a rolling
/// one while there is a NaN in its window. [`min_periods`](Self::min_periods) and [`skip_missing`](Self::skip_missing),
/// which apply to the operation before them, leave missing values out as pandas does; [`Ewma`](crate::Ewma) always does.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::{Fill, Pipeline};
///
/// let pipeline = Pipeline::new().fill_missing(Fill::Forward).rolling_mean(2).scale(1.1).clip(0.0, 4.0);
/// let mut out = [0.0; 4];
/// pipeline.process_batch(&[1.0, f64::NAN, 3.0, 8.0], &mut out)?;
/// assert_eq!(out[1..], [1.1, 2.2, 4.0]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[must_use = "a pipeline does nothing until it is run"]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Pipeline {
    steps: Vec<Step>,
}

impl Pipeline {
    /// A pipeline without operations.
    ///
    /// ```
    /// let mut x = [1.0, 2.0];
    /// lagom_vecproc::Pipeline::new().process_batch_in_place(&mut x)?;
    /// assert_eq!(x, [1.0, 2.0]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub const fn new() -> Self {
        Self { steps: Vec::new() }
    }

    /// Runs over the whole of `x`, from fresh state, into `out`.
    ///
    /// One answer at every length. Allocates what its windows need, nothing of the length of `x`.
    ///
    /// # Errors
    ///
    /// [`ProcessError`] when `out` and `x` differ in length, or a parameter of an operation is out of range; nothing is
    /// written then.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut out = [0.0; 2];
    /// lagom_vecproc::Pipeline::new().expanding_mean().scale(1.1).process_batch(&[1.0, 3.0], &mut out)?;
    /// assert_eq!(out, [1.1, 2.2]);
    /// # Ok::<(), lagom_vecproc::ProcessError>(())
    /// ```
    pub fn process_batch<I: Input>(&self, x: I, out: &mut [Output<I>]) -> Result<(), ProcessError> {
        Ok(self.start(Some(x.count()))?.process(x, out)?)
    }

    /// [`process_batch`](Self::process_batch) in place.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] when a parameter of an operation is out of range; nothing is written then.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut x = [1.0, 3.0];
    /// lagom_vecproc::Pipeline::new().expanding_mean().process_batch_in_place(&mut x)?;
    /// assert_eq!(x, [1.0, 2.0]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn process_batch_in_place<T: Float>(&self, x: &mut [T]) -> Result<(), ParameterError> {
        self.start(Some(x.len()))?.process_in_place(x);
        Ok(())
    }

    /// [`process_batch`](Self::process_batch) into a new vector.
    ///
    /// Fresh memory costs more than the operations do: for many batches give a buffer. On Linux long vectors are asked for
    /// in large pages, which makes that less.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] when a parameter of an operation is out of range.
    ///
    /// # Examples
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().expanding_mean();
    /// assert_eq!(pipeline.process_batch_to_vec(&[1.0, 3.0])?, [1.0, 2.0]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn process_batch_to_vec<I: Input>(&self, x: I) -> Result<Vec<Output<I>>, ParameterError> {
        let mut stream = self.start(Some(x.count()))?;
        let mut out = vec![Output::<I>::narrow(0.0); x.count()];
        advise(&mut out);
        run::through(&mut stream.stages, x, &mut out);
        Ok(out)
    }

    /// A run over a stream of chunks, from fresh state.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] when a parameter of an operation is out of range.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut stream = lagom_vecproc::Pipeline::new().expanding_mean().stream()?;
    /// assert_eq!([stream.push(1.0), stream.push(3.0)], [1.0, 2.0]);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub fn stream(&self) -> Result<PipelineStream, ParameterError> {
        self.start(None)
    }

    /// The same for so many elements, if that is known.
    fn start(&self, len: Option<usize>) -> Result<PipelineStream, ParameterError> {
        let mut stages = Vec::<Box<dyn Stage>>::with_capacity(self.steps.len());
        for step in &self.steps {
            let stage = step.start(len)?;
            let is_taken = |factor| stages.last_mut().is_some_and(|last| last.takes_factor(factor));
            if !step.factor().is_some_and(is_taken) {
                stages.push(stage);
            }
        }
        Ok(PipelineStream { pipeline: self.clone(), stages })
    }
}

//! Operations in a row, run together.

use crate::chunked::ChunkedMean;
use crate::elementwise::{affine_in_place, clip_in_place, scale_in_place};
use crate::error::{LengthError, ProcessError, ZeroWindow};
use crate::expanding::ExpandingMean;
use crate::rolling::RollingMean;
use crate::tiles::{TILE, by_tiles};

/// A description of operations in a row, to be run over slices, streams and [files](crate::file) alike.
///
/// Each operation takes what the one before gives. They run together, tile by tile in the first-level cache, with no
/// temporary of the length of the data; the results are those of the operations called one after the other, to the
/// last bit. Building never fails: a window of zero is reported when the pipeline is run. A pipeline without operations
/// copies.
///
/// A pipeline holds no data and no state; it can be shared between threads and kept in a `static`
/// [`LazyLock`](std::sync::LazyLock).
///
/// # Examples
///
/// ```
/// use lagom_vecproc::Pipeline;
///
/// let pipeline = Pipeline::new().expanding_mean().scale(1.1).clip(0.0, 4.0);
/// let mut out = [0.0; 3];
/// pipeline.process_batch(&[1.0, 3.0, 8.0], &mut out)?;
/// assert_eq!(out, [1.1, 2.2, 4.0]);
/// # Ok::<(), lagom_vecproc::ProcessError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[must_use = "a pipeline does nothing until it is run"]
pub struct Pipeline {
    stages: Vec<Stage>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Stage {
    ExpandingMean,
    ChunkedMean { n: usize },
    RollingMean { window: usize },
    Scale { factor: f64 },
    Affine { scale: f64, offset: f64 },
    Clip { low: f64, high: f64 },
}

impl Pipeline {
    /// A pipeline without operations.
    ///
    /// ```
    /// let mut x = [1.0, 2.0];
    /// lagom_vecproc::Pipeline::new().process_batch_in_place(&mut x)?;
    /// assert_eq!(x, [1.0, 2.0]);
    /// # Ok::<(), lagom_vecproc::ZeroWindow>(())
    /// ```
    pub const fn new() -> Self {
        Self { stages: Vec::new() }
    }

    /// Adds an [`expanding_mean`](crate::expanding_mean).
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().expanding_mean();
    /// assert_eq!(pipeline.process_batch_to_vec(&[1.0, 3.0])?, [1.0, 2.0]);
    /// # Ok::<(), lagom_vecproc::ZeroWindow>(())
    /// ```
    pub fn expanding_mean(self) -> Self {
        self.with(Stage::ExpandingMean)
    }

    /// Adds a [`chunked_mean`](crate::chunked_mean) over chunks of `n` elements.
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().chunked_mean(2);
    /// assert_eq!(pipeline.process_batch_to_vec(&[1.0, 3.0, 8.0])?, [1.0, 2.0, 8.0]);
    /// # Ok::<(), lagom_vecproc::ZeroWindow>(())
    /// ```
    pub fn chunked_mean(self, n: usize) -> Self {
        self.with(Stage::ChunkedMean { n })
    }

    /// Adds a [`rolling_mean`](crate::rolling_mean) over `window` elements.
    ///
    /// Its first `window - 1` results are NaN, and stay NaN through the operations after it; a mean after it is NaN
    /// for good once it has met them.
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().rolling_mean(2);
    /// assert_eq!(pipeline.process_batch_to_vec(&[1.0, 3.0, 8.0])?[1..], [2.0, 5.5]);
    /// # Ok::<(), lagom_vecproc::ZeroWindow>(())
    /// ```
    pub fn rolling_mean(self, window: usize) -> Self {
        self.with(Stage::RollingMean { window })
    }

    /// Adds a multiplication by `factor`, see [`scale`](crate::scale).
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().scale(2.0);
    /// assert_eq!(pipeline.process_batch_to_vec(&[1.0, 3.0])?, [2.0, 6.0]);
    /// # Ok::<(), lagom_vecproc::ZeroWindow>(())
    /// ```
    pub fn scale(self, factor: f64) -> Self {
        self.with(Stage::Scale { factor })
    }

    /// Adds `x * scale + offset`, see [`affine`](crate::affine).
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().affine(1.8, 32.0);
    /// assert_eq!(pipeline.process_batch_to_vec(&[0.0, 100.0])?, [32.0, 212.0]);
    /// # Ok::<(), lagom_vecproc::ZeroWindow>(())
    /// ```
    pub fn affine(self, scale: f64, offset: f64) -> Self {
        self.with(Stage::Affine { scale, offset })
    }

    /// Adds bounds, see [`clip`](crate::clip).
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().clip(0.0, 1.0);
    /// assert_eq!(pipeline.process_batch_to_vec(&[-3.0, 3.0])?, [0.0, 1.0]);
    /// # Ok::<(), lagom_vecproc::ZeroWindow>(())
    /// ```
    pub fn clip(self, low: f64, high: f64) -> Self {
        self.with(Stage::Clip { low, high })
    }

    fn with(mut self, stage: Stage) -> Self {
        self.stages.push(stage);
        self
    }

    /// Runs over the whole of `x`, from fresh state, into `out`.
    ///
    /// One answer at every length. Allocates what its rolling windows need, nothing of the length of `x`.
    ///
    /// # Errors
    ///
    /// [`ProcessError`] when `out` and `x` differ in length, or an operation has a window of 0; nothing is written
    /// then.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut out = [0.0; 2];
    /// lagom_vecproc::Pipeline::new().expanding_mean().scale(1.1).process_batch(&[1.0, 3.0], &mut out)?;
    /// assert_eq!(out, [1.1, 2.2]);
    /// # Ok::<(), lagom_vecproc::ProcessError>(())
    /// ```
    pub fn process_batch(&self, x: &[f64], out: &mut [f64]) -> Result<(), ProcessError> {
        Ok(self.stream()?.process(x, out)?)
    }

    /// [`process_batch`](Self::process_batch) in place.
    ///
    /// # Errors
    ///
    /// [`ZeroWindow`] when an operation has a window of 0; nothing is written then.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut x = [1.0, 3.0];
    /// lagom_vecproc::Pipeline::new().expanding_mean().process_batch_in_place(&mut x)?;
    /// assert_eq!(x, [1.0, 2.0]);
    /// # Ok::<(), lagom_vecproc::ZeroWindow>(())
    /// ```
    pub fn process_batch_in_place(&self, x: &mut [f64]) -> Result<(), ZeroWindow> {
        self.stream()?.process_in_place(x);
        Ok(())
    }

    /// [`process_batch`](Self::process_batch) into a new vector.
    ///
    /// # Errors
    ///
    /// [`ZeroWindow`] when an operation has a window of 0.
    ///
    /// # Examples
    ///
    /// ```
    /// let pipeline = lagom_vecproc::Pipeline::new().expanding_mean();
    /// assert_eq!(pipeline.process_batch_to_vec(&[1.0, 3.0])?, [1.0, 2.0]);
    /// # Ok::<(), lagom_vecproc::ZeroWindow>(())
    /// ```
    pub fn process_batch_to_vec(&self, x: &[f64]) -> Result<Vec<f64>, ZeroWindow> {
        let mut stream = self.stream()?;
        let mut out = x.to_vec();
        stream.process_in_place(&mut out);
        Ok(out)
    }

    /// A run over a stream of chunks, from fresh state.
    ///
    /// # Errors
    ///
    /// [`ZeroWindow`] when an operation has a window of 0.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut stream = lagom_vecproc::Pipeline::new().expanding_mean().stream()?;
    /// assert_eq!([stream.push(1.0), stream.push(3.0)], [1.0, 2.0]);
    /// # Ok::<(), lagom_vecproc::ZeroWindow>(())
    /// ```
    pub fn stream(&self) -> Result<PipelineStream, ZeroWindow> {
        let stages = self.stages.iter().map(Stage::start).collect::<Result<_, _>>()?;
        Ok(PipelineStream { stages })
    }
}

impl Stage {
    fn start(&self) -> Result<State, ZeroWindow> {
        Ok(match *self {
            Self::ExpandingMean => State::ExpandingMean(ExpandingMean::new()),
            Self::ChunkedMean { n } => State::ChunkedMean(ChunkedMean::new(n)?),
            Self::RollingMean { window } => State::RollingMean(RollingMean::new(window)?),
            Self::Scale { factor } => State::Scale { factor },
            Self::Affine { scale, offset } => State::Affine { scale, offset },
            Self::Clip { low, high } => State::Clip { low, high },
        })
    }
}

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
#[derive(Debug, Clone)]
pub struct PipelineStream {
    stages: Vec<State>,
}

#[derive(Debug, Clone)]
enum State {
    ExpandingMean(ExpandingMean),
    ChunkedMean(ChunkedMean),
    RollingMean(RollingMean),
    Scale { factor: f64 },
    Affine { scale: f64, offset: f64 },
    Clip { low: f64, high: f64 },
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
    pub fn process(&mut self, chunk: &[f64], out: &mut [f64]) -> Result<(), LengthError> {
        by_tiles(chunk, out, |tile| self.process_tile(tile))
    }

    /// Takes the next elements of the stream and replaces each by its result.
    ///
    /// ```
    /// let mut x = [1.0, 3.0];
    /// lagom_vecproc::Pipeline::new().scale(2.0).stream()?.process_in_place(&mut x);
    /// assert_eq!(x, [2.0, 6.0]);
    /// # Ok::<(), lagom_vecproc::ZeroWindow>(())
    /// ```
    pub fn process_in_place(&mut self, chunk: &mut [f64]) {
        chunk.chunks_mut(TILE).for_each(|tile| self.process_tile(tile));
    }

    /// Takes one element and returns its result.
    ///
    /// [`process`](Self::process) is several times faster per element.
    ///
    /// ```
    /// let mut stream = lagom_vecproc::Pipeline::new().scale(2.0).stream()?;
    /// assert_eq!(stream.push(3.0), 6.0);
    /// # Ok::<(), lagom_vecproc::ZeroWindow>(())
    /// ```
    #[must_use]
    pub fn push(&mut self, x: f64) -> f64 {
        let mut one = [x];
        self.process_tile(&mut one);
        one[0]
    }

    /// Starts over: forgets every element and keeps the memory.
    ///
    /// ```
    /// let mut stream = lagom_vecproc::Pipeline::new().expanding_mean().stream()?;
    /// let _ = stream.push(1.0);
    /// stream.clear();
    /// assert_eq!(stream.push(3.0), 3.0);
    /// # Ok::<(), lagom_vecproc::ZeroWindow>(())
    /// ```
    pub fn clear(&mut self) {
        for stage in &mut self.stages {
            match stage {
                State::ExpandingMean(mean) => mean.clear(),
                State::ChunkedMean(mean) => mean.clear(),
                State::RollingMean(mean) => mean.clear(),
                State::Scale { .. } | State::Affine { .. } | State::Clip { .. } => {}
            }
        }
    }

    fn process_tile(&mut self, tile: &mut [f64]) {
        for stage in &mut self.stages {
            match stage {
                State::ExpandingMean(mean) => mean.process_in_place(tile),
                State::ChunkedMean(mean) => mean.process_in_place(tile),
                State::RollingMean(mean) => mean.process_in_place(tile),
                State::Scale { factor } => scale_in_place(tile, *factor),
                State::Affine { scale, offset } => affine_in_place(tile, *scale, *offset),
                State::Clip { low, high } => clip_in_place(tile, *low, *high),
            }
        }
    }
}

//! Pipelines over iterators of chunks.

use std::fmt;
use std::iter::FusedIterator;

use super::{Pipeline, PipelineStream};
use crate::element::Float;
use crate::error::ParameterError;

/// What can come as a chunk of a stream, and takes the results of its elements: `Vec<f64>`, `Box<[f32]>`, `[f64; 100]`,
/// `&mut [f64]`, or a `Result` of one, of which an error is handed on.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::{Chunk, Pipeline};
///
/// let mut chunk = vec![1.0, 3.0];
/// chunk.process(&mut Pipeline::new().expanding_mean().stream()?);
/// assert_eq!(chunk, [1.0, 2.0]);
/// # Ok::<(), lagom_vecproc::ParameterError>(())
/// ```
pub trait Chunk {
    /// Takes the elements as the next ones of the stream and replaces them by their results.
    ///
    /// ```
    /// use lagom_vecproc::{Chunk, Pipeline};
    ///
    /// let mut none: Result<Vec<f64>, &str> = Err("cannot be read");
    /// none.process(&mut Pipeline::new().stream()?);
    /// assert_eq!(none, Err("cannot be read"));
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    fn process(&mut self, stream: &mut PipelineStream);
}

impl<T: Float> Chunk for [T] {
    fn process(&mut self, stream: &mut PipelineStream) {
        stream.process_in_place(self);
    }
}

impl<T: Float> Chunk for Vec<T> {
    fn process(&mut self, stream: &mut PipelineStream) {
        stream.process_in_place(self);
    }
}

impl<T: Float, const N: usize> Chunk for [T; N] {
    fn process(&mut self, stream: &mut PipelineStream) {
        stream.process_in_place(self);
    }
}

impl<C: Chunk + ?Sized> Chunk for Box<C> {
    fn process(&mut self, stream: &mut PipelineStream) {
        (**self).process(stream);
    }
}

impl<C: Chunk + ?Sized> Chunk for &mut C {
    fn process(&mut self, stream: &mut PipelineStream) {
        (**self).process(stream);
    }
}

impl<C: Chunk, E> Chunk for Result<C, E> {
    fn process(&mut self, stream: &mut PipelineStream) {
        if let Ok(chunk) = self {
            chunk.process(stream);
        }
    }
}

impl Pipeline {
    /// Runs over an iterator of chunks, from fresh state: an iterator of the same chunks with the results in them.
    ///
    /// Lazy, and without a copy: each chunk is taken when it is asked for and handed on, of whatever length it is. The
    /// results are those of [`process_batch`](Self::process_batch) over all elements at once, to the last bit. An `Err` among
    /// the chunks is handed on and the stream goes on after it, so that who collects into a `Result` breaks off there.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] when a parameter of an operation is out of range.
    ///
    /// # Examples
    ///
    /// ```
    /// use lagom_vecproc::Pipeline;
    /// use lagom_vecproc::file::{ElementType, Source, StreamReader};
    ///
    /// let pipeline = Pipeline::new().expanding_mean();
    /// let chunks = vec![vec![1.0, 3.0], vec![], vec![8.0]];
    /// let means: Vec<f64> = pipeline.over(chunks)?.flatten().collect();
    /// assert_eq!(means, [1.0, 2.0, 4.0]);
    ///
    /// let reader = StreamReader::new(&[1, 3, 8][..], ElementType::U8); // any file or `io::Read`
    /// let means: Vec<Vec<f64>> = pipeline.over(reader.chunks())?.collect::<Result<_, _>>()?;
    /// assert_eq!(means.concat(), [1.0, 2.0, 4.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn over<I: IntoIterator<Item: Chunk>>(&self, chunks: I) -> Result<PipelineChunks<I::IntoIter>, ParameterError> {
        Ok(PipelineChunks { stream: self.stream()?, chunks: chunks.into_iter() })
    }
}

/// Made by [`Pipeline::over`].
///
/// # Examples
///
/// ```
/// let mut sums = lagom_vecproc::Pipeline::new().cumulative_sum().over([[1.0, 3.0], [8.0, 4.0]])?;
/// assert_eq!(sums.next(), Some([1.0, 4.0]));
/// assert_eq!(sums.stream().save().resume()?.push(1.0), 5.0); // the state after the chunks so far
/// assert_eq!(sums.next(), Some([12.0, 16.0]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct PipelineChunks<I> {
    stream: PipelineStream,
    chunks: I,
}

impl<I> PipelineChunks<I> {
    /// The stream as it is after the chunks given so far, to be saved or cloned.
    ///
    /// ```
    /// let sums = lagom_vecproc::Pipeline::new().cumulative_sum().over([[1.0]])?;
    /// assert_eq!(sums.stream().clone().push(3.0), 3.0);
    /// # Ok::<(), lagom_vecproc::ParameterError>(())
    /// ```
    pub const fn stream(&self) -> &PipelineStream {
        &self.stream
    }
}

impl<I: Iterator<Item: Chunk>> Iterator for PipelineChunks<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        let mut chunk = self.chunks.next()?;
        chunk.process(&mut self.stream);
        Some(chunk)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.chunks.size_hint()
    }
}

impl<I: ExactSizeIterator<Item: Chunk>> ExactSizeIterator for PipelineChunks<I> {}

impl<I: FusedIterator<Item: Chunk>> FusedIterator for PipelineChunks<I> {}

/// The operations.
impl<I> fmt::Debug for PipelineChunks<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PipelineChunks").field("stream", &self.stream).finish_non_exhaustive()
    }
}

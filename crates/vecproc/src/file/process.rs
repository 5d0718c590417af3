//! A pipeline from a source to a sink.

use std::ops::ControlFlow;
use std::path::Path;

use super::any::{AnyReader, AnyWriter};
use super::error::ProcessFileError;
use super::sink::Sink;
use super::source::Source;
use crate::pipeline::Pipeline;

/// How far a run is.
///
/// # Examples
///
/// ```
/// use std::ops::ControlFlow;
/// use lagom_vecproc::Pipeline;
/// use lagom_vecproc::file::{AnyReader, RawWriter, process_with};
///
/// # let folder = tempfile::tempdir()?;
/// # let (x, y) = (folder.path().join("x.f32"), folder.path().join("y.f32"));
/// std::fs::write(&x, [0; 4000])?;
/// let mut last = None;
/// process_with(AnyReader::open(&x)?, &Pipeline::new(), RawWriter::create(&y)?, |progress| {
///     last = progress.fraction();
///     ControlFlow::Continue(())
/// })?;
/// assert_eq!(last, Some(1.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Elements read, processed and written.
    pub done: u64,
    /// How many there are, where the source knows before it is at its end.
    pub total: Option<u64>,
}

impl Progress {
    /// What part is done, from 0 to 1; `None` where the total is not known.
    ///
    /// ```no_run
    /// use std::ops::ControlFlow;
    ///
    /// lagom_vecproc::Pipeline::new().process_file_with("x.npy", "y.npy", |progress| {
    ///     if let Some(part) = progress.fraction() {
    ///         eprint!("\r{:3.0} %", 100.0 * part);
    ///     }
    ///     ControlFlow::Continue(())
    /// })?;
    /// # Ok::<(), lagom_vecproc::file::ProcessFileError>(())
    /// ```
    #[must_use]
    pub fn fraction(&self) -> Option<f64> {
        self.total.map(|total| if total == 0 { 1.0 } else { self.done as f64 / total as f64 })
    }
}

/// Runs `pipeline`, from fresh state, over all elements of `source` into `sink`; returns how many they were.
///
/// Constant memory at any length: the buffers of source and sink and what the pipeline's windows need. The results are
/// those of [`Pipeline::process_batch`] over all elements at once, to the last bit. The source is closed before the
/// sink is finished, so both may be one file.
///
/// # Errors
///
/// [`ProcessFileError`] when the source cannot be read, the sink not be written, or an operation has a window of 0. The
/// sink is dropped unfinished then: a file that it would have replaced is as it was.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::Pipeline;
/// use lagom_vecproc::file::{ElementType, ElementReader, NpyWriter, process};
///
/// # let folder = tempfile::tempdir()?;
/// # let (raw, npy) = (folder.path().join("x.i16"), folder.path().join("y.npy"));
/// std::fs::write(&raw, [1_i16, 3].map(i16::to_be_bytes).as_flattened())?;
/// let x = ElementReader::open(&raw, ElementType::I16.big_endian())?;
/// let y = NpyWriter::create(&npy)?.as_f32();
/// assert_eq!(process(x, &Pipeline::new().expanding_mean(), y)?, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn process(source: impl Source, pipeline: &Pipeline, sink: impl Sink) -> Result<u64, ProcessFileError> {
    process_with(source, pipeline, sink, |_| ControlFlow::Continue(()))
}

/// [`process`], telling `progress` after each chunk how far it is; `progress` may break off.
///
/// Chunks take microseconds; who shows something may want to do so less often.
///
/// # Errors
///
/// As for [`process`]; [`ProcessFileError::Aborted`] when `progress` broke off.
///
/// # Examples
///
/// ```
/// use std::ops::ControlFlow;
/// use lagom_vecproc::Pipeline;
/// use lagom_vecproc::file::{AnyReader, ProcessFileError, RawWriter, process_with};
///
/// # let folder = tempfile::tempdir()?;
/// # let (x, y) = (folder.path().join("x.f64"), folder.path().join("y.f64"));
/// std::fs::write(&x, [0; 800])?;
/// let enough = |_| ControlFlow::Break(());
/// let aborted = process_with(AnyReader::open(&x)?, &Pipeline::new(), RawWriter::create(&y)?, enough);
/// assert!(matches!(aborted, Err(ProcessFileError::Aborted { done: 100 })));
/// assert!(!y.exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn process_with(
    mut source: impl Source,
    pipeline: &Pipeline,
    mut sink: impl Sink,
    mut progress: impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<u64, ProcessFileError> {
    let mut stream = pipeline.stream()?;
    let total = source.total();
    if let Some(total) = total {
        sink.reserve(total).map_err(ProcessFileError::Output)?;
    }
    let mut done = 0;
    while let Some(chunk) = source.next_chunk_mut().map_err(ProcessFileError::Input)? {
        stream.process_in_place(chunk);
        sink.write(chunk).map_err(ProcessFileError::Output)?;
        done += chunk.len() as u64;
        if progress(Progress { done, total }).is_break() {
            return Err(ProcessFileError::Aborted { done });
        }
    }
    // Closed first, as it may be the very file to be replaced.
    drop(source);
    sink.finish().map_err(ProcessFileError::Output)?;
    Ok(done)
}

/// Files.
impl Pipeline {
    /// Runs over a file into another, of formats that their extensions tell; returns how many elements.
    ///
    /// | extension | read | written |
    /// | --- | --- | --- |
    /// | `.f64`, `.f32` | raw, little-endian | the same; to f32s values are rounded |
    /// | `.npy` | one column, see [`Npy::elements`](super::Npy::elements) | f64s along one axis |
    /// | `.csv`, `.tsv` (feature `csv`) | the only column | one column of the name `value` |
    /// | `.arrow`, `.feather`, `.arrows` (feature `arrow`) | the only column | one column of the name `value` |
    /// | `.parquet` (feature `arrow`) | the only column | one column of the name `value` |
    ///
    /// Of a table with more columns choose one by [`AnyReader::open_column`] and [`process`] it; so with other types and
    /// names.
    ///
    /// The output is written to a temporary file beside it (`.lagom-PID-N.tmp`) and renamed when whole, so `output` holds
    /// the old content or all of the new, and may be `input` itself. A link to a file is replaced, not followed; a
    /// device, a pipe or a folder is an error before anything is read. On Unix the mode of a file that is replaced is
    /// kept (`0600` stays `0600`), its owner is not; elsewhere, and where there was none, the output has the permissions
    /// of any new file. The data are not forced to the disk: a power cut may lose them.
    ///
    /// # Errors
    ///
    /// [`ProcessFileError`] when the input cannot be read, is malformed or changes meanwhile; when the output cannot be
    /// written or is no regular file; when an operation has a window of 0. `output` is then as it was.
    ///
    /// # Examples
    ///
    /// ```
    /// use lagom_vecproc::Pipeline;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let (input, output) = (folder.path().join("x.f64"), folder.path().join("y.f64"));
    /// std::fs::write(&input, [1.0_f64, 3.0].map(f64::to_le_bytes).as_flattened())?;
    /// assert_eq!(Pipeline::new().expanding_mean().process_file(&input, &output)?, 2);
    /// assert_eq!(std::fs::read(&output)?, [1.0_f64, 2.0].map(f64::to_le_bytes).as_flattened());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn process_file(&self, input: impl AsRef<Path>, output: impl AsRef<Path>) -> Result<u64, ProcessFileError> {
        self.process_file_with(input, output, |_| ControlFlow::Continue(()))
    }

    /// [`process_file`](Self::process_file), telling `progress` after each chunk how far it is; `progress` may break
    /// off.
    ///
    /// # Errors
    ///
    /// As for [`process_file`](Self::process_file); [`ProcessFileError::Aborted`] when `progress` broke off.
    ///
    /// # Examples
    ///
    /// ```
    /// use lagom_vecproc::Pipeline;
    /// use std::ops::ControlFlow;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let (x, y) = (folder.path().join("x.f64"), folder.path().join("y.f64"));
    /// std::fs::write(&x, [0; 800])?;
    /// let shown = |progress: lagom_vecproc::file::Progress| {
    ///     println!("{} of {:?}", progress.done, progress.total);
    ///     ControlFlow::Continue(())
    /// };
    /// assert_eq!(Pipeline::new().rolling_mean(7).process_file_with(&x, &y, shown)?, 100);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn process_file_with(
        &self,
        input: impl AsRef<Path>,
        output: impl AsRef<Path>,
        progress: impl FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<u64, ProcessFileError> {
        // Before a file is made for nothing.
        self.stream()?;
        let source = AnyReader::open(input).map_err(ProcessFileError::Input)?;
        let sink = AnyWriter::create(output).map_err(ProcessFileError::Output)?;
        process_with(source, self, sink, progress)
    }
}

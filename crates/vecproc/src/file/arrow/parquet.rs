//! Parquet.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_schema::SchemaRef;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::column::{self, Batches};
use crate::file::column::Column;
use crate::file::elements::CHUNK;
use crate::file::error::{FileError, FileErrorKind};
use crate::file::input::InputFile;
use crate::file::output::OutputFile;
use crate::file::sink::Sink;
use crate::file::source::Source;

/// One column of a Parquet file, read in chunks of 16,384 numbers.
///
/// Floats of 32 and 64 bits and integers are read, null as NaN. Uses as much memory as a page of the column, and for
/// what the file says of itself. Compression by Snappy is built in; others where the features of the crate parquet for
/// them are on. What parquet makes of malicious files is its own matter.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::file::{ParquetReader, ParquetWriter, Sink, Source};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("x.parquet");
/// let mut x = ParquetWriter::create(&path, "price")?;
/// x.write(&[1.0, 2.0])?;
/// x.finish()?;
/// assert_eq!(ParquetReader::open(&path, "price")?.next_chunk()?, Some(&[1.0, 2.0][..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ParquetReader {
    batches: Batches,
    rows: u64,
}

impl ParquetReader {
    /// Opens a file and finds the column, by name or by number.
    ///
    /// # Errors
    ///
    /// [`FileError`] when the file cannot be opened, is malformed, or there is no such column, or none of numbers.
    ///
    /// # Examples
    ///
    /// ```
    /// use lagom_vecproc::file::{ParquetReader, ParquetWriter, Sink, Source};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("x.parquet");
    /// let mut x = ParquetWriter::create(&path, "price")?;
    /// x.write(&[1.5])?;
    /// x.finish()?;
    /// assert_eq!(ParquetReader::open(&path, 0)?.next_chunk()?, Some(&[1.5][..]));
    /// assert!(ParquetReader::open(&path, "volume").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open(path: impl AsRef<Path>, column: impl Into<Column>) -> Result<Self, FileError> {
        let file = Arc::new(InputFile::open(path.as_ref())?);
        let malformed = |error: ParquetError| column::malformed(&file, error);
        let clone = file.file().try_clone().map_err(|source| file.error(FileErrorKind::Open(source)))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(clone).map_err(malformed)?;
        let found = column::find(builder.schema(), &column.into()).map_err(|kind| file.error(kind))?;
        let rows = builder.metadata().file_metadata().num_rows();
        let mask = ProjectionMask::roots(builder.parquet_schema(), [found.index]);
        let batches = builder.with_projection(mask).with_batch_size(CHUNK).build().map_err(malformed)?;
        let batches = Batches::new(Arc::clone(&file), &found, batches);
        Ok(Self { batches, rows: u64::try_from(rows).unwrap_or(0) })
    }
}

impl Source for ParquetReader {
    /// After an error nothing comes but errors.
    fn next_chunk_mut(&mut self) -> Result<Option<&mut [f64]>, FileError> {
        self.batches.next_chunk_mut()
    }

    fn total(&self) -> Option<u64> {
        Some(self.rows)
    }
}

impl fmt::Debug for ParquetReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParquetReader").field("rows", &self.rows).finish_non_exhaustive()
    }
}

/// Writes a Parquet file of one column of f64s, uncompressed, in row groups of a million rows, of which one is held in
/// memory.
///
/// As all files that this crate writes, it gets a temporary name in the same folder and the right one when it is
/// [finished](Sink::finish).
///
/// # Examples
///
/// ```
/// use lagom_vecproc::file::{ParquetWriter, Sink};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("x.parquet");
/// let mut x = ParquetWriter::create(&path, "price")?;
/// x.write(&[1.0, 2.0])?;
/// assert!(!path.exists());
/// x.finish()?;
/// assert!(path.exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ParquetWriter {
    writer: parquet::arrow::ArrowWriter<OutputFile>,
    schema: SchemaRef,
    path: PathBuf,
}

impl ParquetWriter {
    /// Begins a file, with a column of this name, that will replace `path`, if there is one.
    ///
    /// # Errors
    ///
    /// [`FileError`] when there is something else than a file in its place, or none can be made there.
    ///
    /// # Examples
    ///
    /// ```
    /// use lagom_vecproc::file::{ParquetWriter, Sink};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("x.parquet");
    /// ParquetWriter::create(&path, "price")?.finish()?; // a column without rows
    /// assert!(ParquetWriter::create("no/such/folder/x.parquet", "price").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create(path: impl AsRef<Path>, name: &str) -> Result<Self, FileError> {
        let (path, schema) = (path.as_ref(), column::schema(name));
        let output = OutputFile::create(path)?;
        // Floats hardly repeat.
        let properties = WriterProperties::builder().set_dictionary_enabled(false).build();
        let writer = parquet::arrow::ArrowWriter::try_new(output, Arc::clone(&schema), Some(properties));
        Ok(Self { writer: writer.map_err(|error| unwritten(path, error))?, schema, path: path.to_owned() })
    }
}

impl Sink for ParquetWriter {
    fn write(&mut self, chunk: &[f64]) -> Result<(), FileError> {
        let written = column::batch(&self.schema, chunk.to_vec()).map_err(ParquetError::from);
        written.and_then(|batch| self.writer.write(&batch)).map_err(|error| unwritten(&self.path, error))
    }

    fn finish(self) -> Result<(), FileError> {
        self.writer.into_inner().map_err(|error| unwritten(&self.path, error))?.commit()
    }
}

impl fmt::Debug for ParquetWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParquetWriter").field("path", &self.path).finish_non_exhaustive()
    }
}

fn unwritten(path: &Path, error: ParquetError) -> FileError {
    FileError::new(path, FileErrorKind::Write(io::Error::other(error)))
}

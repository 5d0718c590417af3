//! Arrow IPC: the file format, also known as Feather, and the stream format.

use std::fmt;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_ipc::writer::{FileWriter, StreamWriter};
use arrow_schema::{ArrowError, SchemaRef};

use super::column::{self, Batches};
use crate::file::column::Column;
use crate::file::error::{FileError, FileErrorKind};
use crate::file::input::InputFile;
use crate::file::output::OutputFile;
use crate::file::sink::Sink;
use crate::file::source::Source;

/// How a file starts, and a stream does not.
const MAGIC: &[u8; 6] = b"ARROW1";

/// Rows of a record batch that is written: half a mebibyte.
const BATCH: usize = 64 * 1024;

/// One column of an Arrow IPC file or stream (the file says which it is), read in chunks of up to 16,384 numbers.
///
/// Floats of 32 and 64 bits and integers are read, null as NaN. Uses as much memory as the largest record batch.
/// Compression by LZ4 is built in, by zstd where the feature `zstd` of the crate arrow-ipc is on. What arrow-ipc makes
/// of malicious files is its own matter.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::file::{ArrowReader, ArrowWriter, Sink, Source};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("x.arrow");
/// let mut x = ArrowWriter::create(&path, "price")?;
/// x.write(&[1.0, 2.0])?;
/// x.finish()?;
/// assert_eq!(ArrowReader::open(&path, "price")?.next_chunk()?, Some(&[1.0, 2.0][..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ArrowReader(Batches);

impl ArrowReader {
    /// Opens a file and finds the column, by name or by number.
    ///
    /// # Errors
    ///
    /// [`FileError`] when the file cannot be opened, is malformed, or there is no such column, or none of numbers.
    ///
    /// # Examples
    ///
    /// ```
    /// use lagom_vecproc::file::{ArrowReader, ArrowWriter, Sink, Source};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("x.arrow");
    /// let mut x = ArrowWriter::create(&path, "price")?;
    /// x.write(&[1.5])?;
    /// x.finish()?;
    /// assert_eq!(ArrowReader::open(&path, 0)?.next_chunk()?, Some(&[1.5][..]));
    /// assert!(ArrowReader::open(&path, "volume").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open(path: impl AsRef<Path>, column: impl Into<Column>) -> Result<Self, FileError> {
        let (file, column) = (Arc::new(InputFile::open(path.as_ref())?), column.into());
        let malformed = |error: ArrowError| column::malformed(&file, error);
        let find = |schema: SchemaRef| column::find(&schema, &column).map_err(|kind| file.error(kind));
        let bytes = || BufReader::new(Bytes { file: Arc::clone(&file), at: 0 });
        let mut start = [0; MAGIC.len()];
        if file.len() >= MAGIC.len() as u64 {
            file.read_exact_at(&mut start, 0)?;
        }
        // Opened twice: first to see what columns there are.
        Ok(Self(if start == *MAGIC {
            let found = find(FileReader::try_new(bytes(), None).map_err(malformed)?.schema())?;
            let batches = FileReader::try_new(bytes(), Some(vec![found.index])).map_err(malformed)?;
            Batches::new(Arc::clone(&file), &found, batches)
        } else {
            let found = find(StreamReader::try_new(bytes(), None).map_err(malformed)?.schema())?;
            let batches = StreamReader::try_new(bytes(), Some(vec![found.index])).map_err(malformed)?;
            Batches::new(Arc::clone(&file), &found, batches)
        }))
    }
}

impl Source for ArrowReader {
    /// After an error nothing comes but errors.
    fn next_chunk_mut(&mut self) -> Result<Option<&mut [f64]>, FileError> {
        self.0.next_chunk_mut()
    }
}

impl fmt::Debug for ArrowReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArrowReader").finish_non_exhaustive()
    }
}

/// A file as a stream of bytes, of which there are as many as when it was opened.
struct Bytes {
    file: Arc<InputFile>,
    at: u64,
}

impl Read for Bytes {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let left = self.file.len().saturating_sub(self.at);
        let len = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
        self.file.read_exact_at(&mut bytes[..len], self.at).map_err(io::Error::other)?;
        self.at += len as u64;
        Ok(len)
    }
}

impl Seek for Bytes {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.file.len().checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

/// Writes an Arrow IPC file or stream of one column of f64s, in uncompressed record batches of 65,536 rows.
///
/// As all files that this crate writes, it gets a temporary name in the same folder and the right one when it is
/// [finished](Sink::finish).
///
/// # Examples
///
/// ```
/// use lagom_vecproc::file::{ArrowWriter, Sink};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("x.arrow");
/// let mut x = ArrowWriter::create(&path, "price")?;
/// x.write(&[1.0, 2.0])?;
/// assert!(!path.exists());
/// x.finish()?;
/// assert!(path.exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ArrowWriter {
    writer: Writer,
    schema: SchemaRef,
    path: PathBuf,
    values: Vec<f64>,
}

enum Writer {
    File(FileWriter<BufWriter<OutputFile>>),
    Stream(StreamWriter<BufWriter<OutputFile>>),
}

impl ArrowWriter {
    /// Begins a file, with a column of this name, that will replace `path`, if there is one.
    ///
    /// # Errors
    ///
    /// [`FileError`] when there is something else than a file in its place, or none can be made there.
    ///
    /// # Examples
    ///
    /// ```
    /// use lagom_vecproc::file::{ArrowWriter, Sink};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("x.arrow");
    /// ArrowWriter::create(&path, "price")?.finish()?; // a column without rows
    /// assert!(ArrowWriter::create("no/such/folder/x.arrow", "price").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create(path: impl AsRef<Path>, name: &str) -> Result<Self, FileError> {
        Self::begin(path.as_ref(), name, |output, schema| Ok(Writer::File(FileWriter::try_new(output, schema)?)))
    }

    /// Begins a stream, with a column of this name, that will replace `path`, if there is one.
    ///
    /// # Errors
    ///
    /// As for [`create`](Self::create).
    ///
    /// # Examples
    ///
    /// ```
    /// use lagom_vecproc::file::{ArrowReader, ArrowWriter, Sink, Source};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("x.arrows");
    /// let mut x = ArrowWriter::create_stream(&path, "price")?;
    /// x.write(&[1.0, 2.0])?;
    /// x.finish()?;
    /// assert_eq!(ArrowReader::open(&path, 0)?.next_chunk()?, Some(&[1.0, 2.0][..]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create_stream(path: impl AsRef<Path>, name: &str) -> Result<Self, FileError> {
        Self::begin(path.as_ref(), name, |output, schema| Ok(Writer::Stream(StreamWriter::try_new(output, schema)?)))
    }

    fn begin(
        path: &Path,
        name: &str,
        open: impl FnOnce(BufWriter<OutputFile>, &SchemaRef) -> Result<Writer, ArrowError>,
    ) -> Result<Self, FileError> {
        let (output, schema) = (OutputFile::create(path)?, column::schema(name));
        let writer = open(BufWriter::new(output), &schema).map_err(|error| unwritten(path, error))?;
        Ok(Self { writer, schema, path: path.to_owned(), values: Vec::new() })
    }

    /// Writes a batch of what has come.
    fn flush(&mut self) -> Result<(), FileError> {
        let written = column::batch(&self.schema, std::mem::take(&mut self.values)).and_then(|batch| {
            let batch: &RecordBatch = &batch;
            match &mut self.writer {
                Writer::File(writer) => writer.write(batch),
                Writer::Stream(writer) => writer.write(batch),
            }
        });
        written.map_err(|error| unwritten(&self.path, error))
    }
}

impl Sink for ArrowWriter {
    fn write(&mut self, mut chunk: &[f64]) -> Result<(), FileError> {
        while !chunk.is_empty() {
            let (now, later) = chunk.split_at(chunk.len().min(BATCH - self.values.len()));
            self.values.extend_from_slice(now);
            chunk = later;
            if self.values.len() == BATCH {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<(), FileError> {
        if !self.values.is_empty() {
            self.flush()?;
        }
        let output = match self.writer {
            Writer::File(writer) => writer.into_inner(),
            Writer::Stream(writer) => writer.into_inner(),
        };
        let output = output.map_err(|error| unwritten(&self.path, error))?;
        let output = output.into_inner().map_err(|error| unwritten(&self.path, error.into_error().into()))?;
        output.commit()
    }
}

impl fmt::Debug for ArrowWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArrowWriter").field("path", &self.path).finish_non_exhaustive()
    }
}

fn unwritten(path: &Path, error: ArrowError) -> FileError {
    let source = match error {
        ArrowError::IoError(_, source) => source,
        other => io::Error::other(other),
    };
    FileError::new(path, FileErrorKind::Write(source))
}

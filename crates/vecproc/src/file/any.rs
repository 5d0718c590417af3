//! Formats told by extensions.

use std::fmt;
use std::path::Path;

use super::column::Column;
use super::element::ElementType;
use super::elements::ElementReader;
use super::error::{FileError, FileErrorKind};
use super::npy::{Npy, NpyWriter};
use super::raw::RawWriter;
use super::sink::Sink;
use super::source::Source;
#[cfg(feature = "arrow")]
use super::{ArrowReader, ArrowWriter, ParquetReader, ParquetWriter};
#[cfg(feature = "csv")]
use super::{Csv, CsvWriter};

/// A format that an extension tells.
enum Format {
    Raw(ElementType),
    Npy,
    #[cfg(feature = "csv")]
    Csv(Csv),
    #[cfg(feature = "arrow")]
    Arrow {
        is_stream: bool,
    },
    #[cfg(feature = "arrow")]
    Parquet,
}

impl Format {
    fn of(path: &Path) -> Result<Self, FileError> {
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        Ok(match &*extension {
            "f64" => Self::Raw(ElementType::F64),
            "f32" => Self::Raw(ElementType::F32),
            "npy" => Self::Npy,
            #[cfg(feature = "csv")]
            "csv" => Self::Csv(Csv::new()),
            #[cfg(feature = "csv")]
            "tsv" => Self::Csv(Csv::new().delimiter(b'\t')),
            #[cfg(feature = "arrow")]
            "arrow" | "feather" => Self::Arrow { is_stream: false },
            #[cfg(feature = "arrow")]
            "arrows" => Self::Arrow { is_stream: true },
            #[cfg(feature = "arrow")]
            "parquet" => Self::Parquet,
            _ => return Err(FileError::new(path, FileErrorKind::UnknownExtension)),
        })
    }
}

/// A file of any format that is told by its extension, see [`Pipeline::process_file`](crate::Pipeline::process_file).
///
/// # Examples
///
/// ```
/// use lagom_vecproc::file::{AnyReader, Source};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("x.f32");
/// std::fs::write(&path, 1.5_f32.to_le_bytes())?;
/// assert_eq!(AnyReader::open(&path)?.next_chunk()?, Some(&[1.5][..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct AnyReader(Box<dyn Source + Send>);

impl AnyReader {
    /// Opens a file of one column.
    ///
    /// # Errors
    ///
    /// [`FileError`] when the file cannot be read, its extension tells no format, or it has more columns than one.
    ///
    /// # Examples
    ///
    /// ```
    /// use lagom_vecproc::file::AnyReader;
    ///
    /// let error = AnyReader::open("x.wav").unwrap_err();
    /// assert_eq!(error.to_string(), "the extension of x.wav tells no format; name a reader or writer");
    /// ```
    pub fn open(path: impl AsRef<Path>) -> Result<Self, FileError> {
        Self::open_column(path, Column::Only)
    }

    /// Opens one column of a file, by name or by number.
    ///
    /// # Errors
    ///
    /// [`FileError`] when the file cannot be read, its extension tells no format, or there is no such column.
    ///
    /// # Examples
    ///
    /// ```
    /// use lagom_vecproc::file::{AnyReader, NpyWriter, Sink, Source};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("x.npy");
    /// let mut x = NpyWriter::create(&path)?.shape(&[2, 2]);
    /// x.write(&[1.0, 2.0, 3.0, 4.0])?;
    /// x.finish()?;
    /// assert_eq!(AnyReader::open_column(&path, 1)?.next_chunk()?, Some(&[2.0, 4.0][..]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open_column(path: impl AsRef<Path>, column: impl Into<Column>) -> Result<Self, FileError> {
        let (path, column) = (path.as_ref(), column.into());
        Ok(Self(match Format::of(path)? {
            Format::Raw(element) => match column {
                Column::Only | Column::Index(0) => Box::new(ElementReader::open(path, element)?),
                _ => return Err(FileError::new(path, column.without_names())),
            },
            Format::Npy => Box::new(Npy::open(path)?.select(&column)?),
            #[cfg(feature = "csv")]
            Format::Csv(csv) => Box::new(csv.open(path, column)?),
            #[cfg(feature = "arrow")]
            Format::Arrow { .. } => Box::new(ArrowReader::open(path, column)?),
            #[cfg(feature = "arrow")]
            Format::Parquet => Box::new(ParquetReader::open(path, column)?),
        }))
    }
}

impl Source for AnyReader {
    fn next_chunk_mut(&mut self) -> Result<Option<&mut [f64]>, FileError> {
        self.0.next_chunk_mut()
    }

    fn total(&self) -> Option<u64> {
        self.0.total()
    }
}

impl fmt::Debug for AnyReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyReader").field("total", &self.total()).finish_non_exhaustive()
    }
}

/// A file of any format that is told by its extension, see [`Pipeline::process_file`](crate::Pipeline::process_file).
///
/// # Examples
///
/// ```
/// use lagom_vecproc::file::{AnyReader, AnyWriter, Sink, Source};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("x.npy");
/// let mut x = AnyWriter::create(&path)?;
/// x.write(&[1.5])?;
/// x.finish()?;
/// assert_eq!(AnyReader::open(&path)?.next_chunk()?, Some(&[1.5][..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct AnyWriter(Writer);

#[derive(Debug)]
enum Writer {
    Raw(RawWriter),
    Npy(NpyWriter),
    #[cfg(feature = "csv")]
    Csv(CsvWriter),
    #[cfg(feature = "arrow")]
    Arrow(Box<ArrowWriter>),
    #[cfg(feature = "arrow")]
    Parquet(Box<ParquetWriter>),
}

/// The name of the column in a table that is written without being asked for one.
#[cfg(any(feature = "csv", feature = "arrow"))]
const NAME: &str = "value";

impl AnyWriter {
    /// Begins a file that will replace `path`, if there is one.
    ///
    /// # Errors
    ///
    /// [`FileError`] when the extension tells no format, there is something else than a file in its place, or none can
    /// be made there.
    ///
    /// # Examples
    ///
    /// ```
    /// use lagom_vecproc::file::{AnyWriter, FileErrorKind};
    ///
    /// let error = AnyWriter::create("x.xlsx").unwrap_err();
    /// assert!(matches!(error.kind(), FileErrorKind::UnknownExtension));
    /// ```
    pub fn create(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref();
        Ok(Self(match Format::of(path)? {
            Format::Raw(ElementType::F32) => Writer::Raw(RawWriter::create(path)?.as_f32()),
            Format::Raw(_) => Writer::Raw(RawWriter::create(path)?),
            Format::Npy => Writer::Npy(NpyWriter::create(path)?),
            #[cfg(feature = "csv")]
            Format::Csv(csv) => Writer::Csv(csv.create(path, NAME)?),
            #[cfg(feature = "arrow")]
            Format::Arrow { is_stream: false } => Writer::Arrow(Box::new(ArrowWriter::create(path, NAME)?)),
            #[cfg(feature = "arrow")]
            Format::Arrow { is_stream: true } => Writer::Arrow(Box::new(ArrowWriter::create_stream(path, NAME)?)),
            #[cfg(feature = "arrow")]
            Format::Parquet => Writer::Parquet(Box::new(ParquetWriter::create(path, NAME)?)),
        }))
    }
}

impl Sink for AnyWriter {
    fn reserve(&mut self, elements: u64) -> Result<(), FileError> {
        match &mut self.0 {
            Writer::Raw(writer) => writer.reserve(elements),
            Writer::Npy(writer) => writer.reserve(elements),
            // How long text or what is encoded becomes, nobody knows.
            #[cfg(any(feature = "csv", feature = "arrow"))]
            _ => Ok(()),
        }
    }

    fn write(&mut self, chunk: &[f64]) -> Result<(), FileError> {
        match &mut self.0 {
            Writer::Raw(writer) => writer.write(chunk),
            Writer::Npy(writer) => writer.write(chunk),
            #[cfg(feature = "csv")]
            Writer::Csv(writer) => writer.write(chunk),
            #[cfg(feature = "arrow")]
            Writer::Arrow(writer) => writer.write(chunk),
            #[cfg(feature = "arrow")]
            Writer::Parquet(writer) => writer.write(chunk),
        }
    }

    fn finish(self) -> Result<(), FileError> {
        match self.0 {
            Writer::Raw(writer) => writer.finish(),
            Writer::Npy(writer) => writer.finish(),
            #[cfg(feature = "csv")]
            Writer::Csv(writer) => writer.finish(),
            #[cfg(feature = "arrow")]
            Writer::Arrow(writer) => writer.finish(),
            #[cfg(feature = "arrow")]
            Writer::Parquet(writer) => writer.finish(),
        }
    }
}

//! Elements from any reader and to any writer: pipes, sockets, memory, what decompresses.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::path::PathBuf;

use super::element::{ElementType, StoredFloat};
use super::elements::CHUNK;
use super::error::{FileError, FileErrorKind};
use super::sink::Sink;
use super::source::Source;

/// Bytes asked of the reader at a time.
const READ: usize = 64 * 1024;

/// Elements of one size from any [`Read`], through one reused buffer: constant memory at any length.
///
/// A call waits until a chunk is full or the reader at its end; so only the last chunk is shorter, or the one before an
/// error. Reads that are interrupted are tried again. What was read whole before an error is given first and the error with
/// the next call; after it, the call after that goes on where the reader is. A reader that ends within an element is an error
/// that says at which byte the element starts. Needs no `BufReader`: up to 64 KiB are asked for at a time.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::Pipeline;
/// use lagom_vecproc::file::{ElementType, StreamReader, StreamWriter, process};
///
/// let input: &[u8] = &[1_i16, 3, 8].map(i16::to_le_bytes).concat(); // or a pipe: `std::io::stdin().lock()`
/// let mut output = Vec::new();
/// let x = StreamReader::new(input, ElementType::I16);
/// process(x, &Pipeline::new().expanding_mean(), StreamWriter::new(&mut output))?;
/// assert_eq!(output, [1.0_f64, 2.0, 4.0].map(f64::to_le_bytes).concat());
/// # Ok::<(), lagom_vecproc::file::ProcessFileError>(())
/// ```
pub struct StreamReader<R> {
    reader: R,
    name: PathBuf,
    element: ElementType,
    chunk_len: usize,
    /// What was read and not given yet lies at its beginning.
    bytes: Vec<u8>,
    filled: usize,
    /// Bytes that the reader has given.
    position: u64,
    /// What is to be told once all that came before it is given.
    failed: Option<io::Error>,
    chunk: Vec<f64>,
}

impl<R: Read> StreamReader<R> {
    /// Elements from here to the end of `reader`.
    ///
    /// ```
    /// use lagom_vecproc::file::{ElementType, Source, StreamReader};
    ///
    /// let mut x = StreamReader::new(&[1, 2, 3][..], ElementType::U8);
    /// assert_eq!(x.next_chunk()?, Some(&[1.0, 2.0, 3.0][..]));
    /// # Ok::<(), lagom_vecproc::file::FileError>(())
    /// ```
    pub fn new(reader: R, element: ElementType) -> Self {
        let (bytes, chunk) = (Vec::new(), Vec::new());
        let (name, failed) = (PathBuf::from("the reader"), None);
        Self { reader, name, element, chunk_len: CHUNK, bytes, filled: 0, position: 0, failed, chunk }
    }

    /// Sets what errors call it, "the reader" by default.
    ///
    /// ```
    /// use lagom_vecproc::file::{ElementType, Source, StreamReader};
    ///
    /// let mut x = StreamReader::new(&[0; 13][..], ElementType::F64).name("stdin");
    /// assert_eq!(x.next_chunk()?, Some(&[0.0][..]));
    /// assert_eq!(
    ///     x.next_chunk().unwrap_err().to_string(),
    ///     "stdin is 13 bytes long, no multiple of 8: its last element, at byte 8, is incomplete"
    /// );
    /// # Ok::<(), lagom_vecproc::file::FileError>(())
    /// ```
    #[must_use]
    pub fn name(mut self, name: impl Into<PathBuf>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets how many elements a chunk has, 16,384 by default. 0 counts as 1.
    ///
    /// ```
    /// use lagom_vecproc::file::{ElementType, Source, StreamReader};
    ///
    /// let mut x = StreamReader::new(&[1, 2, 3][..], ElementType::U8).chunk_len(2);
    /// assert_eq!(x.next_chunk()?, Some(&[1.0, 2.0][..]));
    /// assert_eq!(x.next_chunk()?, Some(&[3.0][..]));
    /// assert_eq!(x.next_chunk()?, None);
    /// # Ok::<(), lagom_vecproc::file::FileError>(())
    /// ```
    #[must_use]
    pub fn chunk_len(mut self, elements: usize) -> Self {
        self.chunk_len = elements.max(1);
        self
    }

    /// Reads until there are `wanted` bytes, the end, or an error.
    fn fill(&mut self, wanted: usize) {
        while self.filled < wanted && self.failed.is_none() {
            let end = wanted.min(self.filled.saturating_add(READ));
            if self.bytes.len() < end {
                self.bytes.resize(end, 0);
            }
            match self.reader.read(&mut self.bytes[self.filled..end]) {
                Ok(0) => return,
                Ok(read) => {
                    self.filled += read.min(end - self.filled);
                    self.position += read as u64;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => self.failed = Some(error),
            }
        }
    }

    fn error(&self, kind: FileErrorKind) -> FileError {
        FileError::new(&self.name, kind)
    }
}

impl<R: Read> Source for StreamReader<R> {
    fn next_chunk_mut(&mut self) -> Result<Option<&mut [f64]>, FileError> {
        let size = self.element.size();
        self.fill(self.chunk_len.saturating_mul(size));
        let len = self.filled / size;
        if len == 0 {
            if let Some(source) = self.failed.take() {
                return Err(self.error(FileErrorKind::Read { offset: self.position, source }));
            }
            if self.filled > 0 {
                // Said once: who leaves errors out comes to an end.
                self.filled = 0;
                return Err(self.error(FileErrorKind::PartialElement { len: self.position, element: size }));
            }
            return Ok(None);
        }
        self.chunk.resize(len, 0.0);
        let whole = len * size;
        self.element.decode(&self.bytes[..whole], &mut self.chunk);
        self.bytes.copy_within(whole..self.filled, 0);
        self.filled -= whole;
        Ok(Some(&mut self.chunk))
    }
}

/// The name and how far it is; not the bytes.
impl<R> fmt::Debug for StreamReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("StreamReader");
        debug.field("name", &self.name).field("element", &self.element).field("position", &self.position);
        debug.finish_non_exhaustive()
    }
}

/// Elements to any [`Write`]: f64s, little-endian, unless told otherwise.
///
/// Each chunk is written as it comes, in one piece, and [`finish`](Sink::finish) flushes; writes that are interrupted or
/// short go on. There is no taking back: a run that fails leaves in the writer what it wrote before. To keep the writer
/// give it by `&mut`.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::file::{Sink, StreamWriter};
///
/// let mut bytes = Vec::new();
/// let mut y = StreamWriter::new(&mut bytes).as_f32();
/// y.write(&[1.0, 2.0])?;
/// y.finish()?;
/// assert_eq!(bytes, [1.0_f32, 2.0].map(f32::to_le_bytes).concat());
/// # Ok::<(), lagom_vecproc::file::FileError>(())
/// ```
pub struct StreamWriter<W> {
    writer: W,
    name: PathBuf,
    float: StoredFloat,
    bytes: Vec<u8>,
}

impl<W: Write> StreamWriter<W> {
    /// Elements from here on.
    ///
    /// ```
    /// let y = lagom_vecproc::file::StreamWriter::new(std::io::stdout().lock());
    /// ```
    pub fn new(writer: W) -> Self {
        Self { writer, name: PathBuf::from("the writer"), float: StoredFloat::default(), bytes: Vec::new() }
    }

    /// Sets what errors call it, "the writer" by default.
    ///
    /// ```
    /// use lagom_vecproc::file::{Sink, StreamWriter};
    ///
    /// let mut room = [0; 4];
    /// let error = StreamWriter::new(&mut room[..]).name("room").write(&[1.0]).unwrap_err();
    /// assert!(error.to_string().starts_with("cannot write room: "));
    /// ```
    #[must_use]
    pub fn name(mut self, name: impl Into<PathBuf>) -> Self {
        self.name = name.into();
        self
    }

    /// Writes f32s, the nearest to each value. Does not change what was written already.
    ///
    /// ```
    /// let y = lagom_vecproc::file::StreamWriter::new(Vec::new()).as_f32();
    /// ```
    #[must_use]
    pub fn as_f32(mut self) -> Self {
        self.float.is_f32 = true;
        self
    }

    /// Writes the most significant byte first. Does not change what was written already.
    ///
    /// ```
    /// let y = lagom_vecproc::file::StreamWriter::new(Vec::new()).big_endian();
    /// ```
    #[must_use]
    pub fn big_endian(mut self) -> Self {
        self.float.is_big = true;
        self
    }
}

impl<W: Write> Sink for StreamWriter<W> {
    fn write(&mut self, chunk: &[f64]) -> Result<(), FileError> {
        self.float.encode(chunk, &mut self.bytes);
        self.writer.write_all(&self.bytes).map_err(|error| FileError::new(&self.name, FileErrorKind::Write(error)))
    }

    fn finish(mut self) -> Result<(), FileError> {
        self.writer.flush().map_err(|error| FileError::new(&self.name, FileErrorKind::Write(error)))
    }
}

/// The name; not the bytes.
impl<W> fmt::Debug for StreamWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamWriter").field("name", &self.name).field("float", &self.float).finish_non_exhaustive()
    }
}

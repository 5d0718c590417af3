//! Reading elements of one size, from any place in a file.

use std::path::Path;

use super::element::ElementType;
use super::error::{FileError, FileErrorKind};
use super::input::InputFile;
use super::source::Source;

/// Elements of a chunk unless told otherwise: 128 KiB of f64s, where reading is as fast as it gets and a chunk fits the
/// second-level cache twice.
pub(super) const CHUNK: usize = 16 * 1024;

/// Bytes asked of the system at a time.
const READ: usize = 64 * 1024;

/// Where elements stand further apart than this, each is read by itself.
const FAR: u64 = 4096;

/// Elements of one size in a file, read as f64s through one reused buffer: constant memory at any length.
///
/// Made by [`open`](Self::open) for raw elements and by [`Npy`](super::Npy) for arrays. Reads by position (`pread` on
/// Unix, `seek_read` on Windows) and not through a memory map, so a file that is cut short meanwhile is an error and
/// never a crash. After the last chunk it asks whether the file is still what was opened: of the same length, not
/// written to, and in its place.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::file::{ElementType, ElementReader, Source};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("x.f64");
/// std::fs::write(&path, [1.0_f64, 2.0, 3.0].map(f64::to_le_bytes).as_flattened())?;
/// let mut x = ElementReader::open(&path, ElementType::F64)?.chunk_len(2);
/// assert_eq!(x.next_chunk()?, Some(&[1.0, 2.0][..]));
/// assert_eq!(x.next_chunk()?, Some(&[3.0][..]));
/// assert_eq!(x.next_chunk()?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ElementReader {
    input: InputFile,
    element: ElementType,
    /// The byte where the first element starts.
    start: u64,
    /// How many there are.
    len: u64,
    layout: Layout,
    /// The next one.
    position: u64,
    chunk_len: usize,
    chunk: Vec<f64>,
    bytes: Vec<u8>,
}

/// How elements follow one another in the file.
#[derive(Debug)]
pub(super) enum Layout {
    /// One after the other.
    Packed,
    /// So many bytes from one to the next.
    Strided(u64),
    /// Those of an array of this shape in Fortran order, where the first index runs fastest; read in C order, where
    /// the last does.
    Transposed(Vec<u64>),
}

impl ElementReader {
    /// Opens a file of elements and nothing else, one after the other, and checks its length.
    ///
    /// # Errors
    ///
    /// [`FileError`] when it cannot be opened, is not a regular file, has content beyond a length of 0 (as the files of
    /// `/proc` do), or its length is no multiple of the element's.
    ///
    /// # Examples
    ///
    /// ```
    /// use lagom_vecproc::file::{ElementType, ElementReader};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("x.f64");
    /// std::fs::write(&path, [0; 15])?;
    /// let error = ElementReader::open(&path, ElementType::F64).unwrap_err();
    /// assert!(error.to_string().ends_with(
    ///     "is 15 bytes long, no multiple of 8: its last element, at byte 8, is incomplete"
    /// ));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn open(path: impl AsRef<Path>, element: ElementType) -> Result<Self, FileError> {
        let input = InputFile::open(path.as_ref())?;
        let (len, size) = (input.len(), element.size());
        if len % size as u64 != 0 {
            return Err(input.error(FileErrorKind::PartialElement { len, element: size }));
        }
        Ok(Self::new(input, element, 0, len / size as u64, Layout::Packed))
    }

    /// `len` elements that the file has from the byte `start` on.
    pub(super) fn new(input: InputFile, element: ElementType, start: u64, len: u64, layout: Layout) -> Self {
        let (chunk, bytes) = (Vec::new(), Vec::new());
        Self { input, element, start, len, layout, position: 0, chunk_len: CHUNK, chunk, bytes }
    }

    /// Sets how many elements [`next_chunk`](Source::next_chunk) gives, 16,384 by default. 0 counts as 1.
    ///
    /// Only the last chunk is shorter. Memory grows with it, at most to the length of the file.
    ///
    /// ```no_run
    /// use lagom_vecproc::file::{ElementType, ElementReader};
    ///
    /// let x = ElementReader::open("x.f64", ElementType::F64)?.chunk_len(1000);
    /// # Ok::<(), lagom_vecproc::file::FileError>(())
    /// ```
    #[must_use]
    pub fn chunk_len(mut self, elements: usize) -> Self {
        self.chunk_len = elements.max(1);
        self
    }

    /// How many elements there are, as the file was when opened.
    ///
    /// ```no_run
    /// use lagom_vecproc::file::{ElementType, ElementReader};
    ///
    /// println!("{} elements", ElementReader::open("x.f64", ElementType::F64)?.len());
    /// # Ok::<(), lagom_vecproc::file::FileError>(())
    /// ```
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are none.
    ///
    /// ```no_run
    /// use lagom_vecproc::file::{ElementType, ElementReader};
    ///
    /// println!("nothing: {}", ElementReader::open("x.f64", ElementType::F64)?.is_empty());
    /// # Ok::<(), lagom_vecproc::file::FileError>(())
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The element with which the next chunk starts.
    ///
    /// ```no_run
    /// use lagom_vecproc::file::{ElementType, ElementReader};
    ///
    /// assert_eq!(ElementReader::open("x.f64", ElementType::F64)?.position(), 0);
    /// # Ok::<(), lagom_vecproc::file::FileError>(())
    /// ```
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Lets the next chunk start with another element; the one after the last is the end.
    ///
    /// # Errors
    ///
    /// [`FileError`] when there is no such element. The position stays.
    ///
    /// # Examples
    ///
    /// ```
    /// use lagom_vecproc::file::{ElementType, ElementReader, Source};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("x.u8");
    /// std::fs::write(&path, [1, 2, 3])?;
    /// let mut x = ElementReader::open(&path, ElementType::U8)?;
    /// x.seek(2)?;
    /// assert_eq!(x.next_chunk()?, Some(&[3.0][..]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn seek(&mut self, position: u64) -> Result<(), FileError> {
        self.check_range(position, 0)?;
        self.position = position;
        Ok(())
    }

    /// Reads the elements from `start` on into `out`, wherever the next chunk starts.
    ///
    /// # Errors
    ///
    /// [`FileError`] when there are not that many, the file was cut short since it was opened, or reading fails. What
    /// `out` then holds is unspecified.
    ///
    /// # Examples
    ///
    /// ```
    /// use lagom_vecproc::file::{ElementType, ElementReader};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("x.f64");
    /// std::fs::write(&path, [1.0_f64, 2.0, 3.0].map(f64::to_le_bytes).as_flattened())?;
    /// let mut out = [0.0; 2];
    /// ElementReader::open(&path, ElementType::F64)?.read_at(1, &mut out)?;
    /// assert_eq!(out, [2.0, 3.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read_at(&mut self, start: u64, out: &mut [f64]) -> Result<(), FileError> {
        self.check_range(start, out.len())?;
        self.fill(start, out)
    }

    fn check_range(&self, start: u64, count: usize) -> Result<(), FileError> {
        if start.checked_add(count as u64).is_some_and(|end| end <= self.len) {
            return Ok(());
        }
        Err(self.input.error(FileErrorKind::OutOfRange { start, count, elements: self.len }))
    }

    /// Fills `out` with the elements from `start` on, which there are.
    fn fill(&mut self, start: u64, out: &mut [f64]) -> Result<(), FileError> {
        // Not two copies of the layout; put back whatever happens.
        let layout = std::mem::replace(&mut self.layout, Layout::Packed);
        let filled = match &layout {
            Layout::Packed => self.fill_packed(start, out),
            Layout::Strided(stride) => self.fill_strided(start, out, *stride),
            Layout::Transposed(shape) => self.fill_transposed(start, out, shape),
        };
        self.layout = layout;
        filled
    }

    /// Elements one after the other in the file; the first has the number `from` there.
    fn fill_packed(&mut self, mut from: u64, out: &mut [f64]) -> Result<(), FileError> {
        let size = self.element.size();
        for out in out.chunks_mut(READ / size) {
            let bytes = read(&self.input, &mut self.bytes, self.start + from * size as u64, out.len() * size)?;
            self.element.decode(bytes, out);
            from += out.len() as u64;
        }
        Ok(())
    }

    fn fill_strided(&mut self, mut from: u64, out: &mut [f64], stride: u64) -> Result<(), FileError> {
        let size = self.element.size();
        // As a step within the buffer; where only one element is read at a time, any will do.
        let (rows, step) = if stride > FAR { (1, size) } else { (READ / stride as usize, stride as usize) };
        for out in out.chunks_mut(rows) {
            let len = (out.len() - 1) * step + size;
            let bytes = read(&self.input, &mut self.bytes, self.start + from * stride, len)?;
            self.element.gather(bytes, step, out);
            from += out.len() as u64;
        }
        Ok(())
    }

    /// As many whole rows at a time as there are in `out`, column by column, for a column's elements stand together.
    fn fill_transposed(&mut self, mut from: u64, mut out: &mut [f64], shape: &[u64]) -> Result<(), FileError> {
        let (rows, columns) = (shape[0], shape[1..].iter().product::<u64>());
        let mut column = Vec::new();
        while !out.is_empty() {
            let (row, first) = (from / columns, from % columns);
            let whole = usize::try_from(columns).map_or(0, |columns| out.len() / columns).min(READ / size_of::<f64>());
            let (block, width) = match whole {
                // What is left of the row, or of what was asked for.
                _ if first > 0 => (1, usize::try_from(columns - first).map_or(out.len(), |left| left.min(out.len()))),
                0 => (1, out.len()),
                whole => (whole, columns as usize),
            };
            let (part, rest) = out.split_at_mut(block * width);
            for i in 0..width {
                column.resize(block, 0.0);
                self.fill_packed(fortran_column(first + i as u64, shape) * rows + row, &mut column)?;
                for (out, value) in part[i..].iter_mut().step_by(width).zip(&column) {
                    *out = *value;
                }
            }
            from += part.len() as u64;
            out = rest;
        }
        Ok(())
    }
}

/// The place in Fortran order, among the columns of an array, of the one that has the place `column` in C order.
fn fortran_column(mut column: u64, shape: &[u64]) -> u64 {
    let mut stride: u64 = shape[1..].iter().product();
    let mut place = 0;
    for len in shape[1..].iter().rev() {
        stride /= len;
        place += column % len * stride;
        column /= len;
    }
    place
}

/// Reads `len` bytes from `offset` on into a buffer that grows to the longest.
fn read<'a>(input: &InputFile, buffer: &'a mut Vec<u8>, offset: u64, len: usize) -> Result<&'a [u8], FileError> {
    if buffer.len() < len {
        buffer.resize(len, 0);
    }
    let bytes = &mut buffer[..len];
    input.read_exact_at(bytes, offset)?;
    Ok(bytes)
}

impl Source for ElementReader {
    /// After an error the same chunk can be asked for again.
    fn next_chunk_mut(&mut self) -> Result<Option<&mut [f64]>, FileError> {
        let left = self.len - self.position;
        if left == 0 {
            self.input.check_unchanged()?;
            return Ok(None);
        }
        let len = usize::try_from(left).map_or(self.chunk_len, |left| left.min(self.chunk_len));
        let mut chunk = std::mem::take(&mut self.chunk);
        chunk.resize(len, 0.0);
        let filled = self.fill(self.position, &mut chunk);
        self.chunk = chunk;
        filled?;
        self.position += len as u64;
        Ok(Some(&mut self.chunk))
    }

    fn total(&self) -> Option<u64> {
        Some(self.len)
    }
}

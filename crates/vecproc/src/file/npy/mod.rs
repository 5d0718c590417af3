//! `.npy`, the format of NumPy's arrays (NEP 1; versions 1.0, 2.0 and 3.0).

mod header;
mod writer;

use std::path::Path;

use self::header::{Fault, Header, MAGIC};
use super::column::Column;
use super::element::ElementType;
use super::elements::{ElementReader, Layout};
use super::error::{FileError, FileErrorKind};
use super::input::InputFile;

pub use writer::NpyWriter;

/// No header of numbers is longer.
const LONGEST_HEADER: u64 = 1 << 20;

/// An `.npy` file, of which the header is read: says what the array is like, and gives readers of its elements.
///
/// Floats of 32 and 64 bits and all integers are read, of both byte orders; other types are refused by name. The file
/// must be as long as its header promises, not shorter and not longer.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::file::{Npy, NpyWriter, Sink, Source};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("x.npy");
/// let mut x = NpyWriter::create(&path)?.shape(&[2, 3]);
/// x.write(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])?;
/// x.finish()?;
///
/// let x = Npy::open(&path)?;
/// assert_eq!((x.shape(), x.fortran_order(), x.element_type().name()), (&[2, 3][..], false, "f64"));
/// assert_eq!(x.column(1)?.next_chunk()?, Some(&[2.0, 5.0][..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Npy {
    input: InputFile,
    header: Header,
    /// The byte where the elements start.
    start: u64,
}

impl Npy {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    ///
    /// [`FileError`] when it cannot be read, is no `.npy` file, its header is malformed (the error says where), its
    /// elements are of a type that cannot be read, or there are more or fewer than its shape has.
    ///
    /// # Examples
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("x.npy");
    /// std::fs::write(&path, b"\x93NUMPY\x01\x00\x10\x00{'descr': <f8'} ")?;
    /// let error = lagom_vecproc::file::Npy::open(&path).unwrap_err();
    /// assert!(error.to_string().ends_with("x.npy: header, byte 20: expected text in quotes, found '<'"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn open(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let input = InputFile::open(path.as_ref())?;
        let (text, start) = read_header(&input)?;
        let header = Header::parse(&text).map_err(|fault| match fault {
            Fault::Malformed(at, problem) => {
                let offset = start - text.len() as u64 + at as u64;
                input.error(FileErrorKind::Header { offset, problem })
            }
            Fault::ElementType(name) => input.error(FileErrorKind::ElementType(name)),
        })?;
        let (len, expected) = (input.len() - start, header.elements * header.element.size() as u64);
        if len != expected {
            return Err(input.error(FileErrorKind::DataLength { len, expected }));
        }
        Ok(Self { input, header, start })
    }

    /// The lengths of the array along its axes.
    ///
    /// ```no_run
    /// let x = lagom_vecproc::file::Npy::open("x.npy")?;
    /// println!("{:?}", x.shape());
    /// # Ok::<(), lagom_vecproc::file::FileError>(())
    /// ```
    #[must_use]
    pub fn shape(&self) -> &[u64] {
        &self.header.shape
    }

    /// How its elements stand in the file.
    ///
    /// ```no_run
    /// let x = lagom_vecproc::file::Npy::open("x.npy")?;
    /// println!("{}", x.element_type());
    /// # Ok::<(), lagom_vecproc::file::FileError>(())
    /// ```
    #[must_use]
    pub fn element_type(&self) -> ElementType {
        self.header.element
    }

    /// Whether the first index runs fastest in the file, and not the last.
    ///
    /// ```no_run
    /// let x = lagom_vecproc::file::Npy::open("x.npy")?;
    /// println!("{}", if x.fortran_order() { "column by column" } else { "row by row" });
    /// # Ok::<(), lagom_vecproc::file::FileError>(())
    /// ```
    #[must_use]
    pub fn fortran_order(&self) -> bool {
        self.header.fortran_order
    }

    /// The elements of an array of one column: of one axis, of none, or of two with the second of length 1.
    ///
    /// # Errors
    ///
    /// [`FileError`] when the array has another shape: then [`column`](Self::column) or [`flattened`](Self::flattened)
    /// must be chosen.
    ///
    /// # Examples
    ///
    /// ```
    /// use lagom_vecproc::file::{Npy, NpyWriter, Sink, Source};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("x.npy");
    /// let mut x = NpyWriter::create(&path)?;
    /// x.write(&[1.0, 2.0])?;
    /// x.finish()?;
    /// assert_eq!(Npy::open(&path)?.elements()?.next_chunk()?, Some(&[1.0, 2.0][..]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn elements(self) -> Result<ElementReader, FileError> {
        match *self.shape() {
            [] | [_] | [_, 1] => Ok(self.packed()),
            _ => {
                let problem =
                    format!("an array of the shape {:?}; choose a column, or read it flattened", self.shape());
                Err(self.input.error(FileErrorKind::Column(problem)))
            }
        }
    }

    /// The elements of one column, counted from 0, of an array of two axes (an array of one axis is one column).
    ///
    /// In Fortran order they stand together. In C order whole rows are read for them, or, where rows are longer than
    /// 4 KiB, each element by itself.
    ///
    /// # Errors
    ///
    /// [`FileError`] when the array has no such column, or more than two axes.
    ///
    /// # Examples
    ///
    /// ```
    /// use lagom_vecproc::file::{Npy, NpyWriter, Sink, Source};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("x.npy");
    /// let mut x = NpyWriter::create(&path)?.shape(&[2, 2]);
    /// x.write(&[1.0, 2.0, 3.0, 4.0])?;
    /// x.finish()?;
    /// assert_eq!(Npy::open(&path)?.column(0)?.next_chunk()?, Some(&[1.0, 3.0][..]));
    /// assert!(Npy::open(&path)?.column(2).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn column(self, column: u64) -> Result<ElementReader, FileError> {
        let (rows, columns) = match *self.shape() {
            [rows] => (rows, 1),
            [rows, columns] => (rows, columns),
            _ => {
                let problem = format!("an array of the shape {:?} has no columns", self.shape());
                return Err(self.input.error(FileErrorKind::Column(problem)));
            }
        };
        if column >= columns {
            let problem = format!("there is no column {column}; there are {columns}");
            return Err(self.input.error(FileErrorKind::Column(problem)));
        }
        let size = self.header.element.size() as u64;
        let (skip, layout) = if self.fortran_order() || columns == 1 {
            (column * rows, Layout::Packed)
        } else {
            // Without rows the columns may be as many as they like.
            (column, Layout::Strided(columns.saturating_mul(size)))
        };
        let start = self.start.saturating_add(skip.saturating_mul(size));
        Ok(ElementReader::new(self.input, self.header.element, start, rows, layout))
    }

    /// All elements in C order, the last index running fastest, as NumPy's `ravel()` gives them.
    ///
    /// From a file in Fortran order each chunk is read column by column: where an array has more columns than a chunk
    /// has elements, each element by itself.
    ///
    /// ```
    /// use lagom_vecproc::file::{Npy, NpyWriter, Sink, Source};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("x.npy");
    /// let mut x = NpyWriter::create(&path)?.shape(&[2, 3]).fortran_order();
    /// x.write(&[1.0, 4.0, 2.0, 5.0, 3.0, 6.0])?; // column by column
    /// x.finish()?;
    /// assert_eq!(Npy::open(&path)?.flattened().next_chunk()?, Some(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0][..]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn flattened(self) -> ElementReader {
        // In both orders the same where there is but one axis along which anything stands.
        let axes = self.shape().iter().filter(|len| **len != 1).count();
        if !self.fortran_order() || axes < 2 || self.header.elements == 0 {
            return self.packed();
        }
        let Self { input, header, start } = self;
        ElementReader::new(input, header.element, start, header.elements, Layout::Transposed(header.shape))
    }

    pub(super) fn select(self, column: &Column) -> Result<ElementReader, FileError> {
        match column {
            Column::Only => self.elements(),
            Column::Index(index) => self.column(*index as u64),
            Column::Name(_) => Err(self.input.error(column.without_names())),
        }
    }

    fn packed(self) -> ElementReader {
        ElementReader::new(self.input, self.header.element, self.start, self.header.elements, Layout::Packed)
    }

    /// The file, its elements and where they start.
    #[cfg(feature = "mmap")]
    pub(super) fn into_parts(self) -> (InputFile, ElementType, u64) {
        (self.input, self.header.element, self.start)
    }
}

/// The dictionary, and the byte behind it.
fn read_header(input: &InputFile) -> Result<(Vec<u8>, u64), FileError> {
    let malformed = |offset, problem: String| input.error(FileErrorKind::Header { offset, problem });
    let mut before = [0; 12];
    let known = input.len().min(before.len() as u64) as usize;
    input.read_exact_at(&mut before[..known], 0)?;
    let Some(rest) = before[..known].strip_prefix(MAGIC) else {
        return Err(malformed(0, r"expected \x93NUMPY, the start of every .npy file".to_owned()));
    };
    let (start, len) = match *rest {
        [1, 0, a, b, ..] => (10, u64::from(u16::from_le_bytes([a, b]))),
        [2 | 3, 0, a, b, c, d] => (12, u64::from(u32::from_le_bytes([a, b, c, d]))),
        [1..=3, 0, ..] | [] | [_] => return Err(malformed(known as u64, "the file ends".to_owned())),
        [major, minor, ..] => return Err(malformed(6, format!("version {major}.{minor} is unknown"))),
    };
    let left = input.len() - start;
    if len > left.min(LONGEST_HEADER) {
        return Err(malformed(8, format!("a header of {len} bytes, where {left} are left and a mebibyte is enough")));
    }
    let mut text = vec![0; len as usize];
    input.read_exact_at(&mut text, start)?;
    Ok((text, start + len))
}

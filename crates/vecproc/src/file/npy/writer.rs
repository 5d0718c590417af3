//! Writing `.npy` files.

use std::path::Path;

use super::header;
use crate::file::element::StoredFloat;
use crate::file::error::{FileError, FileErrorKind};
use crate::file::output::OutputFile;
use crate::file::sink::Sink;

/// Writes an `.npy` file (version 1.0, as NumPy does): of little-endian f64s along one axis, as many as come, unless
/// told otherwise.
///
/// As all files that this crate writes, it gets a temporary name in the same folder and the right one when it is
/// [finished](Sink::finish).
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
/// x.write(&[3.0])?;
/// x.finish()?;
/// assert_eq!(Npy::open(&path)?.shape(), [3]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct NpyWriter {
    output: OutputFile,
    float: StoredFloat,
    shape: Option<Vec<u64>>,
    fortran_order: bool,
    /// Those written.
    elements: u64,
    bytes: Vec<u8>,
}

impl NpyWriter {
    /// Begins a file that will replace `path`, if there is one.
    ///
    /// # Errors
    ///
    /// [`FileError`] when there is something else than a file in its place, or none can be made there.
    ///
    /// # Examples
    ///
    /// ```
    /// use lagom_vecproc::file::NpyWriter;
    ///
    /// let error = NpyWriter::create("no/such/folder/x.npy").unwrap_err();
    /// assert!(error.to_string().starts_with("cannot write no/such/folder/x.npy: "));
    /// ```
    pub fn create(path: impl AsRef<Path>) -> Result<Self, FileError> {
        Ok(Self {
            output: OutputFile::create(path.as_ref())?,
            float: StoredFloat::default(),
            shape: None,
            fortran_order: false,
            elements: 0,
            bytes: Vec::new(),
        })
    }

    /// Writes f32s, the nearest to each value. Too late, and of no effect, once there are elements.
    ///
    /// ```no_run
    /// let x = lagom_vecproc::file::NpyWriter::create("x.npy")?.as_f32();
    /// # Ok::<(), lagom_vecproc::file::FileError>(())
    /// ```
    #[must_use]
    pub fn as_f32(mut self) -> Self {
        if self.elements == 0 {
            self.float.is_f32 = true;
        }
        self
    }

    /// Writes the most significant byte first. Too late, and of no effect, once there are elements.
    ///
    /// ```no_run
    /// let x = lagom_vecproc::file::NpyWriter::create("x.npy")?.big_endian();
    /// # Ok::<(), lagom_vecproc::file::FileError>(())
    /// ```
    #[must_use]
    pub fn big_endian(mut self) -> Self {
        if self.elements == 0 {
            self.float.is_big = true;
        }
        self
    }

    /// Gives the array these lengths along its axes; finishing fails unless as many elements came. Too late, and of
    /// no effect, once there are elements.
    ///
    /// Elements come in the order of the file: the last index runs fastest.
    ///
    /// ```no_run
    /// let x = lagom_vecproc::file::NpyWriter::create("x.npy")?.shape(&[1000, 3]);
    /// # Ok::<(), lagom_vecproc::file::FileError>(())
    /// ```
    #[must_use]
    pub fn shape(mut self, shape: &[u64]) -> Self {
        if self.elements == 0 {
            self.shape = Some(shape.to_vec());
        }
        self
    }

    /// Declares that elements come with the first index running fastest: an array of two axes column by column. Too
    /// late, and of no effect, once there are elements.
    ///
    /// ```no_run
    /// let x = lagom_vecproc::file::NpyWriter::create("x.npy")?.shape(&[1000, 3]).fortran_order();
    /// # Ok::<(), lagom_vecproc::file::FileError>(())
    /// ```
    #[must_use]
    pub fn fortran_order(mut self) -> Self {
        if self.elements == 0 {
            self.fortran_order = true;
        }
        self
    }

    /// The header for what was written, always of the same length: it has room for any number of elements.
    fn header(&self) -> Vec<u8> {
        match &self.shape {
            Some(shape) => header::format(self.float, self.fortran_order, shape),
            None => header::format(self.float, false, &[self.elements]),
        }
    }

    fn begin(&mut self) -> Result<(), FileError> {
        if self.elements == 0 { self.output.rewrite_start(&self.header()) } else { Ok(()) }
    }
}

impl Sink for NpyWriter {
    fn reserve(&mut self, elements: u64) -> Result<(), FileError> {
        let header = self.header().len() as u64;
        self.output.reserve(elements.saturating_mul(self.float.size() as u64).saturating_add(header))
    }

    fn write(&mut self, chunk: &[f64]) -> Result<(), FileError> {
        self.begin()?;
        self.float.encode(chunk, &mut self.bytes);
        self.output.append(&self.bytes)?;
        self.elements += chunk.len() as u64;
        Ok(())
    }

    fn finish(mut self) -> Result<(), FileError> {
        if let Some(shape) = &self.shape {
            let expected = shape.iter().fold(1_u64, |product, len| product.saturating_mul(*len));
            if expected != self.elements {
                return Err(self.output.error(FileErrorKind::Shape { elements: self.elements, expected }));
            }
        }
        self.output.rewrite_start(&self.header())?;
        self.output.commit()
    }
}

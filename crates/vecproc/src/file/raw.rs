//! Writing raw elements; [`ElementReader::open`](super::ElementReader::open) reads them.

use std::path::Path;

use super::element::StoredFloat;
use super::error::FileError;
use super::output::OutputFile;
use super::sink::Sink;

/// Writes a file of elements and nothing else: f64s, little-endian, unless told otherwise.
///
/// As all files that this crate writes, it gets a temporary name in the same folder and the right one when it is
/// [finished](Sink::finish).
///
/// # Examples
///
/// ```
/// use lagom_vecproc::file::{RawWriter, Sink};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("x.f32");
/// let mut x = RawWriter::create(&path)?.as_f32();
/// x.write(&[1.0, 2.0])?;
/// x.finish()?;
/// assert_eq!(std::fs::read(&path)?, [1.0_f32, 2.0].map(f32::to_le_bytes).as_flattened());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RawWriter {
    output: OutputFile,
    float: StoredFloat,
    bytes: Vec<u8>,
}

impl RawWriter {
    /// Begins a file that will replace `path`, if there is one.
    ///
    /// # Errors
    ///
    /// [`FileError`] when there is something else than a file in its place, or none can be made there.
    ///
    /// # Examples
    ///
    /// ```
    /// use lagom_vecproc::file::RawWriter;
    ///
    /// let error = RawWriter::create("no/such/folder/x.f64").unwrap_err();
    /// assert!(error.to_string().starts_with("cannot write no/such/folder/x.f64: "));
    /// ```
    pub fn create(path: impl AsRef<Path>) -> Result<Self, FileError> {
        Ok(Self { output: OutputFile::create(path.as_ref())?, float: StoredFloat::default(), bytes: Vec::new() })
    }

    /// Writes f32s, the nearest to each value. Does not change what was written already.
    ///
    /// ```no_run
    /// let x = lagom_vecproc::file::RawWriter::create("x.f32")?.as_f32();
    /// # Ok::<(), lagom_vecproc::file::FileError>(())
    /// ```
    #[must_use]
    pub fn as_f32(mut self) -> Self {
        self.float.is_f32 = true;
        self
    }

    /// Writes the most significant byte first. Does not change what was written already.
    ///
    /// ```no_run
    /// let x = lagom_vecproc::file::RawWriter::create("x.be")?.big_endian();
    /// # Ok::<(), lagom_vecproc::file::FileError>(())
    /// ```
    #[must_use]
    pub fn big_endian(mut self) -> Self {
        self.float.is_big = true;
        self
    }
}

impl Sink for RawWriter {
    fn reserve(&mut self, elements: u64) -> Result<(), FileError> {
        self.output.reserve(elements.saturating_mul(self.float.size() as u64))
    }

    fn write(&mut self, chunk: &[f64]) -> Result<(), FileError> {
        self.float.encode(chunk, &mut self.bytes);
        self.output.append(&self.bytes)
    }

    fn finish(self) -> Result<(), FileError> {
        self.output.commit()
    }
}

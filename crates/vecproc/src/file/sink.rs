//! Where elements go.

use super::error::FileError;

/// Takes elements in chunks, and is whole when it is finished. A sink that is dropped before leaves nothing.
///
/// All formats have one; so has memory, for `&mut Vec<f64>` is one.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::file::{ElementType, ElementReader, RawWriter, Sink, Source};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("x.f64");
/// let mut x = RawWriter::create(&path)?;
/// x.write(&[1.0, 2.0])?;
/// x.write(&[3.0])?;
/// assert!(!path.exists());
/// x.finish()?;
/// assert_eq!(ElementReader::open(&path, ElementType::F64)?.next_chunk()?, Some(&[1.0, 2.0, 3.0][..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Sink {
    /// So many elements are to come: a file asks for room on the disk now, so that too little is known at once. Fewer and
    /// more may come all the same. By default nothing is done.
    ///
    /// # Errors
    ///
    /// [`FileError`] when there is no room.
    ///
    /// # Examples
    ///
    /// ```
    /// use lagom_vecproc::file::{RawWriter, Sink};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("x.f64");
    /// let mut x = RawWriter::create(&path)?;
    /// x.reserve(1_000_000)?;
    /// x.write(&[1.0])?;
    /// x.finish()?;
    /// assert_eq!(std::fs::metadata(&path)?.len(), 8);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn reserve(&mut self, elements: u64) -> Result<(), FileError> {
        let _ = elements;
        Ok(())
    }

    /// Takes the next elements.
    ///
    /// # Errors
    ///
    /// [`FileError`] when they cannot be written.
    ///
    /// # Examples
    ///
    /// ```
    /// use lagom_vecproc::file::Sink;
    ///
    /// let mut x = Vec::new();
    /// (&mut x).write(&[1.0, 2.0])?;
    /// assert_eq!(x, [1.0, 2.0]);
    /// # Ok::<(), lagom_vecproc::file::FileError>(())
    /// ```
    fn write(&mut self, chunk: &[f64]) -> Result<(), FileError>;

    /// All elements have come.
    ///
    /// # Errors
    ///
    /// [`FileError`] when what was written cannot be completed, or not be put in its place.
    ///
    /// # Examples
    ///
    /// ```
    /// use lagom_vecproc::file::{RawWriter, Sink};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("x.f64");
    /// drop(RawWriter::create(&path)?); // leaves nothing
    /// assert!(!path.exists());
    /// RawWriter::create(&path)?.finish()?;
    /// assert!(path.exists());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn finish(self) -> Result<(), FileError>
    where
        Self: Sized;
}

impl Sink for &mut Vec<f64> {
    fn write(&mut self, chunk: &[f64]) -> Result<(), FileError> {
        self.extend_from_slice(chunk);
        Ok(())
    }

    fn finish(self) -> Result<(), FileError> {
        Ok(())
    }
}

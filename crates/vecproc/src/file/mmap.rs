//! Memory-mapped f64 files.
#![allow(unsafe_code, reason = "a mapped file is a slice only as long as nobody changes the file")]

use std::fmt;
use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use memmap2::{Mmap, MmapOptions};

use super::element::ElementType;
use super::error::{FileError, FileErrorKind};
use super::input::InputFile;
use super::npy::Npy;

/// A file of little-endian f64s, raw or `.npy`, mapped into memory and read as a slice.
///
/// Nothing is read before it is touched, and many processes share the same pages. [`ElementReader`](super::ElementReader)
/// is as fast for reading once from front to back and needs no `unsafe`; a map is for slices at random places.
/// Little-endian platforms only: on others opening fails.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::file::MappedF64;
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("x.f64");
/// std::fs::write(&path, [1.0_f64, 2.0, 6.0].map(f64::to_le_bytes).as_flattened())?;
/// // SAFETY: nobody else knows the file.
/// let x = unsafe { MappedF64::open(&path) }?;
/// assert_eq!(lagom_vecproc::mean(&x[1..]), 4.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct MappedF64 {
    /// `None` where there are no elements: no system maps an empty file. Otherwise `elements * 8` bytes from `start`
    /// on, aligned for f64.
    map: Option<Mmap>,
    start: usize,
    elements: usize,
    path: PathBuf,
}

impl MappedF64 {
    /// Maps a whole file of raw elements, whose length must be a multiple of 8. An empty file is an empty slice.
    ///
    /// # Safety
    ///
    /// Until the value is dropped, the file must neither be written to nor cut short, by this process or any other:
    /// the slice would change under shared references, which is undefined behaviour, and touching a page beyond the
    /// new end kills the process (`SIGBUS` on Unix). File locks are advisory on most systems and do not ensure this;
    /// a file that is only ever created under a temporary name and renamed, as the [sinks](super::Sink) here do, meets
    /// the condition, and so does one that no one else may write to.
    ///
    /// # Errors
    ///
    /// [`FileError`] when the file cannot be opened or mapped, is not a regular file, its length is no multiple of 8
    /// or beyond the address space, or the platform is big-endian.
    ///
    /// # Examples
    ///
    /// ```
    /// use lagom_vecproc::file::{FileErrorKind, MappedF64};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("x.f64");
    /// std::fs::write(&path, [0; 12])?;
    /// // SAFETY: nobody else knows the file.
    /// let error = unsafe { MappedF64::open(&path) }.unwrap_err();
    /// assert!(matches!(error.kind(), FileErrorKind::PartialElement { len: 12, element: 8 }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub unsafe fn open(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let input = InputFile::open(path.as_ref())?;
        let (len, element) = (input.len(), ElementType::F64.size());
        if len % element as u64 != 0 {
            return Err(input.error(FileErrorKind::PartialElement { len, element }));
        }
        // SAFETY: the caller promises what is asked for.
        unsafe { Self::map(&input, 0) }
    }

    /// Maps an `.npy` file of little-endian f64s: a slice of all elements, in the order of the file.
    ///
    /// # Safety
    ///
    /// As for [`open`](Self::open).
    ///
    /// # Errors
    ///
    /// [`FileError`] as for [`Npy::open`] and [`open`](Self::open); also when the elements are others than
    /// little-endian f64s, or start at a byte that is no multiple of 8 (NumPy has them start at one of 64).
    ///
    /// # Examples
    ///
    /// ```
    /// use lagom_vecproc::file::{MappedF64, NpyWriter, Sink};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("x.npy");
    /// let mut x = NpyWriter::create(&path)?;
    /// x.write(&[1.0, 2.0])?;
    /// x.finish()?;
    /// // SAFETY: nobody else knows the file.
    /// assert_eq!(*unsafe { MappedF64::open_npy(&path) }?, [1.0, 2.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub unsafe fn open_npy(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let (input, element, start) = Npy::open(path)?.into_parts();
        if element != ElementType::F64 {
            let problem = format!("the elements are of the type {element}, a slice needs little-endian f64");
            return Err(input.error(FileErrorKind::Map(io::Error::new(io::ErrorKind::Unsupported, problem))));
        }
        // SAFETY: the caller promises what is asked for.
        unsafe { Self::map(&input, start) }
    }

    /// Maps a file, with the elements from the byte `start` to its end.
    ///
    /// # Safety
    ///
    /// As for [`open`](Self::open).
    unsafe fn map(input: &InputFile, start: u64) -> Result<Self, FileError> {
        let failed = |source| input.error(FileErrorKind::Map(source));
        if cfg!(target_endian = "big") {
            return Err(failed(io::Error::new(
                io::ErrorKind::Unsupported,
                "the file is little-endian, the platform big-endian",
            )));
        }
        let len = usize::try_from(input.len())
            .ok()
            .filter(|&len| isize::try_from(len).is_ok())
            .ok_or_else(|| failed(io::Error::new(io::ErrorKind::OutOfMemory, "longer than the address space")))?;
        // No more than `len`.
        let start = start as usize;
        let map = if len == start {
            None
        } else {
            // SAFETY: the caller promises that the file is neither written to nor cut short while the map lives; the
            // length is the file's own.
            let map = unsafe { MmapOptions::new().len(len).map(input.file()) }.map_err(failed)?;
            if map.len() != len || !map[start..].as_ptr().cast::<f64>().is_aligned() {
                return Err(failed(io::Error::other("the elements are not aligned for f64")));
            }
            Some(map)
        };
        Ok(Self { map, start, elements: (len - start) / size_of::<f64>(), path: input.path().to_owned() })
    }
}

impl Deref for MappedF64 {
    type Target = [f64];

    fn deref(&self) -> &[f64] {
        match &self.map {
            None => &[],
            // SAFETY: from `start` on the map is `elements * 8` bytes long, at most `isize::MAX`, and aligned for f64
            // (both checked in `map`), lives as long as `self`, and by the promise made to it nobody writes to it.
            // Every pattern of 8 bytes is an f64.
            Some(map) => unsafe { std::slice::from_raw_parts(map[self.start..].as_ptr().cast(), self.elements) },
        }
    }
}

impl AsRef<[f64]> for MappedF64 {
    fn as_ref(&self) -> &[f64] {
        self
    }
}

impl fmt::Debug for MappedF64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MappedF64").field("path", &self.path).field("len", &self.elements).finish_non_exhaustive()
    }
}

//! Memory-mapped f64 files.
#![allow(unsafe_code, reason = "a mapped file is a slice only as long as nobody changes the file")]

use std::fmt;
use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use memmap2::{Mmap, MmapOptions};

use crate::file::{ELEMENT, FileError, open};

/// A file of raw little-endian f64s, mapped into memory and read as a slice.
///
/// Nothing is read before it is touched, and many processes share the same pages. [`F64Reader`](crate::F64Reader) is as
/// fast for reading once from front to back and needs no `unsafe`; a map is for slices at random places. Little-endian
/// platforms only: on others [`open`](Self::open) fails.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::MappedF64;
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
    /// `None` for an empty file, which no system maps. Otherwise `elements * 8` bytes, aligned for f64.
    map: Option<Mmap>,
    elements: usize,
    path: PathBuf,
}

impl MappedF64 {
    /// Maps a whole file, whose length must be a multiple of 8. An empty file is an empty slice.
    ///
    /// # Safety
    ///
    /// Until the value is dropped, the file must neither be written to nor cut short, by this process or any other:
    /// the slice would change under shared references, which is undefined behaviour, and touching a page beyond the
    /// new end kills the process (`SIGBUS` on Unix). File locks are advisory on most systems and do not ensure this;
    /// a file that is only ever created under a temporary name and renamed, as [`process_file`](crate::process_file)
    /// does, meets the condition, and so does one that no one else may write to.
    ///
    /// # Errors
    ///
    /// [`FileError`] when the file cannot be opened or mapped, is not a regular file, its length is no multiple of 8
    /// or beyond the address space, or the platform is big-endian.
    ///
    /// # Examples
    ///
    /// See [`MappedF64`].
    pub unsafe fn open(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref();
        let failed = |source| FileError::Map { path: path.to_owned(), source };
        if cfg!(target_endian = "big") {
            return Err(failed(io::Error::new(
                io::ErrorKind::Unsupported,
                "the file is little-endian, the platform big-endian",
            )));
        }
        let (file, len) = open(path)?;
        let len = usize::try_from(len)
            .ok()
            .filter(|&len| isize::try_from(len).is_ok())
            .ok_or_else(|| failed(io::Error::new(io::ErrorKind::OutOfMemory, "longer than the address space")))?;
        let map = if len == 0 {
            None
        } else {
            // SAFETY: the caller promises that the file is neither written to nor cut short while the map lives; the
            // length is the file's own.
            let map = unsafe { MmapOptions::new().len(len).map(&file) }.map_err(failed)?;
            if map.len() != len || !map.as_ptr().cast::<f64>().is_aligned() {
                return Err(failed(io::Error::other("the mapping is not aligned for f64")));
            }
            Some(map)
        };
        Ok(Self { map, elements: len / ELEMENT, path: path.to_owned() })
    }
}

impl Deref for MappedF64 {
    type Target = [f64];

    fn deref(&self) -> &[f64] {
        match &self.map {
            None => &[],
            // SAFETY: the map is `elements * 8` bytes long, at most `isize::MAX`, and aligned for f64 (both checked in
            // `open`), lives as long as `self`, and by the promise made to `open` nobody writes to it. Every pattern of
            // 8 bytes is an f64.
            Some(map) => unsafe { std::slice::from_raw_parts(map.as_ptr().cast::<f64>(), self.elements) },
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

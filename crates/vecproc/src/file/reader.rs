//! Reading raw little-endian f64 files in chunks.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::ELEMENT;
use super::error::FileError;

/// Elements of a chunk unless told otherwise: 128 KiB, where reading is as fast as it gets and still fits the
/// second-level cache.
const CHUNK: usize = 16 * 1024;

/// Bytes asked of the system at a time.
const READ: usize = 64 * 1024;

/// A file of raw little-endian f64s, read in chunks through one reused buffer: constant memory at any length.
///
/// Reads by position (`pread` on Unix, `seek_read` on Windows) and not through a memory map, so a file that is cut
/// short meanwhile is an error and never a crash. Works on every platform with the same meaning; on big-endian ones
/// bytes are swapped.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::F64Reader;
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("x.f64");
/// std::fs::write(&path, [1.0_f64, 2.0, 3.0].map(f64::to_le_bytes).as_flattened())?;
/// let mut reader = F64Reader::open(&path)?.chunk_len(2);
/// let mut sum = 0.0;
/// while let Some(chunk) = reader.next_chunk()? {
///     sum += lagom_vecproc::sum(chunk);
/// }
/// assert_eq!(sum, 6.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct F64Reader {
    file: File,
    path: PathBuf,
    /// Elements.
    len: u64,
    /// The next element.
    position: u64,
    chunk_len: usize,
    chunk: Vec<f64>,
    bytes: Vec<u8>,
}

impl F64Reader {
    /// Opens a file and checks its length.
    ///
    /// # Errors
    ///
    /// [`FileError`] when it cannot be opened, is not a regular file, has content beyond a length of 0 (as the files of
    /// `/proc` do), or its length is no multiple of 8.
    ///
    /// # Examples
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("x.f64");
    /// std::fs::write(&path, [0; 15])?;
    /// let error = lagom_vecproc::F64Reader::open(&path).unwrap_err();
    /// assert!(error.to_string().ends_with(
    ///     "is 15 bytes long, no multiple of 8: its last element, at byte 8, is incomplete"
    /// ));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn open(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref();
        let (file, len) = open(path)?;
        Ok(Self {
            file,
            path: path.to_owned(),
            len: len / ELEMENT as u64,
            position: 0,
            chunk_len: CHUNK,
            chunk: Vec::new(),
            bytes: Vec::new(),
        })
    }

    /// Sets how many elements [`next_chunk`](Self::next_chunk) gives, 16,384 by default. 0 counts as 1.
    ///
    /// Memory grows with it, at most to the length of the file.
    ///
    /// ```no_run
    /// let reader = lagom_vecproc::F64Reader::open("x.f64")?.chunk_len(1000);
    /// # Ok::<(), lagom_vecproc::FileError>(())
    /// ```
    #[must_use]
    pub fn chunk_len(mut self, elements: usize) -> Self {
        self.chunk_len = elements.max(1);
        self
    }

    /// Elements in the file, as it was when opened.
    ///
    /// ```no_run
    /// println!("{} elements", lagom_vecproc::F64Reader::open("x.f64")?.len());
    /// # Ok::<(), lagom_vecproc::FileError>(())
    /// ```
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether the file has no elements.
    ///
    /// ```no_run
    /// println!("nothing: {}", lagom_vecproc::F64Reader::open("x.f64")?.is_empty());
    /// # Ok::<(), lagom_vecproc::FileError>(())
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The next elements, never none, and fewer than the chunk length only at the end; `None` after the last.
    ///
    /// The buffer is reused for the next chunk.
    ///
    /// # Errors
    ///
    /// [`FileError`] when reading fails, the file was cut short since it was opened, or, at the end, has another length
    /// than then. After an error the same chunk can be asked for again.
    ///
    /// # Examples
    ///
    /// See [`F64Reader`].
    pub fn next_chunk(&mut self) -> Result<Option<&[f64]>, FileError> {
        Ok(self.next_chunk_mut()?.map(|chunk| &*chunk))
    }

    /// [`next_chunk`](Self::next_chunk), open to be worked on in place.
    ///
    /// # Errors
    ///
    /// As for [`next_chunk`](Self::next_chunk).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// let mut reader = lagom_vecproc::F64Reader::open("celsius.f64")?;
    /// while let Some(chunk) = reader.next_chunk_mut()? {
    ///     lagom_vecproc::affine_in_place(chunk, 1.8, 32.0);
    /// }
    /// # Ok::<(), lagom_vecproc::FileError>(())
    /// ```
    pub fn next_chunk_mut(&mut self) -> Result<Option<&mut [f64]>, FileError> {
        let left = self.len - self.position;
        if left == 0 {
            self.check_len()?;
            return Ok(None);
        }
        let len = usize::try_from(left).map_or(self.chunk_len, |left| left.min(self.chunk_len));
        let mut chunk = std::mem::take(&mut self.chunk);
        chunk.resize(len, 0.0);
        let read = self.fill(self.position, &mut chunk);
        self.chunk = chunk;
        read?;
        self.position += len as u64;
        Ok(Some(&mut self.chunk))
    }

    /// Reads the elements from `start` on into `out`, wherever [`next_chunk`](Self::next_chunk) is.
    ///
    /// # Errors
    ///
    /// [`FileError`] when the file has not that many, was cut short since it was opened, or reading fails. What `out`
    /// then holds is unspecified.
    ///
    /// # Examples
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("x.f64");
    /// std::fs::write(&path, [1.0_f64, 2.0, 3.0].map(f64::to_le_bytes).as_flattened())?;
    /// let mut out = [0.0; 2];
    /// lagom_vecproc::F64Reader::open(&path)?.read_at(1, &mut out)?;
    /// assert_eq!(out, [2.0, 3.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read_at(&mut self, start: u64, out: &mut [f64]) -> Result<(), FileError> {
        if start.checked_add(out.len() as u64).is_none_or(|end| end > self.len) {
            return Err(FileError::OutOfRange { path: self.path.clone(), start, count: out.len(), elements: self.len });
        }
        self.fill(start, out)
    }

    /// Fills `out` with the elements from `start` on, which the file had when it was opened.
    fn fill(&mut self, start: u64, out: &mut [f64]) -> Result<(), FileError> {
        let mut offset = start * ELEMENT as u64;
        for part in out.chunks_mut(READ / ELEMENT) {
            self.bytes.resize(READ.min(part.len() * ELEMENT).max(self.bytes.len()), 0);
            let bytes = &mut self.bytes[..part.len() * ELEMENT];
            let read = read_full_at(&self.file, bytes, offset).map_err(|(read, source)| FileError::Read {
                path: self.path.clone(),
                offset: offset + read as u64,
                source,
            })?;
            if read < bytes.len() {
                return Err(FileError::Truncated {
                    path: self.path.clone(),
                    len: self.len * ELEMENT as u64,
                    offset: offset + read as u64,
                });
            }
            for (value, bytes) in part.iter_mut().zip(bytes.as_chunks().0) {
                *value = f64::from_le_bytes(*bytes);
            }
            offset += bytes.len() as u64;
        }
        Ok(())
    }

    fn check_len(&self) -> Result<(), FileError> {
        let len = self.len * ELEMENT as u64;
        match self.file.metadata() {
            Ok(metadata) if metadata.len() == len => Ok(()),
            Ok(metadata) => Err(FileError::Resized { path: self.path.clone(), len, now: metadata.len() }),
            Err(source) => Err(FileError::Read { path: self.path.clone(), offset: len, source }),
        }
    }
}

/// Opens a regular file of whole elements; the length is in bytes.
pub(crate) fn open(path: &Path) -> Result<(File, u64), FileError> {
    let failed = |source| FileError::Open { path: path.to_owned(), source };
    // Before opening, as opening a pipe would wait for its other end.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err(FileError::NotAFile { path: path.to_owned() });
    }
    let file = File::open(path).map_err(failed)?;
    let len = file.metadata().map_err(failed)?.len();
    // Files that the system makes up while they are read have a length of 0, whatever is in them.
    if len == 0 {
        let read = read_full_at(&file, &mut [0], 0);
        let read = read.map_err(|(_, source)| FileError::Read { path: path.to_owned(), offset: 0, source })?;
        if read > 0 {
            return Err(FileError::NotAFile { path: path.to_owned() });
        }
    }
    match len % ELEMENT as u64 {
        0 => Ok((file, len)),
        part => Err(FileError::PartialElement { path: path.to_owned(), len, offset: len - part }),
    }
}

/// Reads until `bytes` is full or the file ends; gives how many bytes were read, with an error too.
fn read_full_at(file: &File, bytes: &mut [u8], offset: u64) -> Result<usize, (usize, io::Error)> {
    let mut read = 0;
    while read < bytes.len() {
        match read_at(file, &mut bytes[read..], offset + read as u64) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err((read, error)),
        }
    }
    Ok(read)
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, bytes, offset)
}

// Without positioned reads; as good, for the handle is not shared.
#[cfg(not(any(unix, windows)))]
fn read_at(mut file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    use std::io::{Read, Seek, SeekFrom};
    file.seek(SeekFrom::Start(offset))?;
    file.read(bytes)
}

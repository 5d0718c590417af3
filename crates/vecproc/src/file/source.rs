//! Where elements come from.

use super::error::FileError;

/// Elements that come in chunks, from a buffer that is reused: an iterator that lends what it gives.
///
/// All formats are sources; implement it for what else has elements.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::Pipeline;
/// use lagom_vecproc::file::{FileError, Source, process};
///
/// /// So many zeros.
/// struct Zeros(usize, [f64; 100]);
///
/// impl Source for Zeros {
///     fn next_chunk_mut(&mut self) -> Result<Option<&mut [f64]>, FileError> {
///         let n = self.0.min(100);
///         self.0 -= n;
///         self.1 = [0.0; 100];
///         Ok(if n == 0 { None } else { Some(&mut self.1[..n]) })
///     }
/// }
///
/// let mut ones = Vec::new();
/// process(Zeros(250, [0.0; 100]), &Pipeline::new().affine(1.0, 1.0), &mut ones)?;
/// assert_eq!(ones, [1.0; 250]);
/// # Ok::<(), lagom_vecproc::file::ProcessFileError>(())
/// ```
pub trait Source {
    /// The next elements, never none, open to be worked on in place; `None` after the last.
    ///
    /// # Errors
    ///
    /// [`FileError`] when they cannot be read.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use lagom_vecproc::file::{ElementType, ElementReader, Source};
    ///
    /// let mut celsius = ElementReader::open("celsius.f64", ElementType::F64)?;
    /// while let Some(chunk) = celsius.next_chunk_mut()? {
    ///     chunk.iter_mut().for_each(|x| *x = *x * 1.8 + 32.0);
    /// }
    /// # Ok::<(), lagom_vecproc::file::FileError>(())
    /// ```
    fn next_chunk_mut(&mut self) -> Result<Option<&mut [f64]>, FileError>;

    /// [`next_chunk_mut`](Self::next_chunk_mut) for who only reads.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Examples
    ///
    /// ```
    /// use lagom_vecproc::file::{ElementType, ElementReader, Source};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("x.f64");
    /// std::fs::write(&path, [1.0_f64, 2.0, 3.0].map(f64::to_le_bytes).as_flattened())?;
    /// let mut x = ElementReader::open(&path, ElementType::F64)?;
    /// let mut sum = 0.0;
    /// while let Some(chunk) = x.next_chunk()? {
    ///     sum += chunk.iter().sum::<f64>();
    /// }
    /// assert_eq!(sum, 6.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn next_chunk(&mut self) -> Result<Option<&[f64]>, FileError> {
        Ok(self.next_chunk_mut()?.map(|chunk| &*chunk))
    }

    /// How many elements come in all, those that came included, if that is known before the end. By default it is not.
    ///
    /// ```
    /// use lagom_vecproc::file::{ElementType, ElementReader, Source};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("x.f32");
    /// std::fs::write(&path, [0; 12])?;
    /// assert_eq!(ElementReader::open(&path, ElementType::F32)?.total(), Some(3));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn total(&self) -> Option<u64> {
        None
    }

    /// An iterator over the chunks, each in a vector of its own: one allocation and one copy per chunk, for what takes
    /// iterators, as [`Pipeline::over`](crate::Pipeline::over) does.
    ///
    /// An error is an item; after it the iterator asks the source again. A source that is broken says so every time: stop at
    /// the first error, and do not filter them out.
    ///
    /// ```
    /// use lagom_vecproc::file::{ElementType, Source, StreamReader};
    ///
    /// let x = StreamReader::new(&[1, 2, 3][..], ElementType::U8).chunk_len(2);
    /// let chunks: Vec<Vec<f64>> = x.chunks().collect::<Result<_, _>>()?;
    /// assert_eq!(chunks, [vec![1.0, 2.0], vec![3.0]]);
    /// # Ok::<(), lagom_vecproc::file::FileError>(())
    /// ```
    fn chunks(self) -> SourceChunks<Self>
    where
        Self: Sized,
    {
        SourceChunks(self)
    }
}

/// Made by [`Source::chunks`].
///
/// # Examples
///
/// ```
/// use lagom_vecproc::file::{ElementType, Source, StreamReader};
///
/// let mut chunks = StreamReader::new(&[1, 2][..], ElementType::U8).chunks();
/// assert_eq!(chunks.next().transpose()?, Some(vec![1.0, 2.0]));
/// assert!(chunks.next().is_none());
/// # Ok::<(), lagom_vecproc::file::FileError>(())
/// ```
#[derive(Debug)]
pub struct SourceChunks<S>(S);

impl<S: Source> Iterator for SourceChunks<S> {
    type Item = Result<Vec<f64>, FileError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next_chunk().map(|chunk| chunk.map(<[f64]>::to_vec)).transpose()
    }
}

impl<S: Source + ?Sized> Source for &mut S {
    fn next_chunk_mut(&mut self) -> Result<Option<&mut [f64]>, FileError> {
        (**self).next_chunk_mut()
    }

    fn total(&self) -> Option<u64> {
        (**self).total()
    }
}

impl<S: Source + ?Sized> Source for Box<S> {
    fn next_chunk_mut(&mut self) -> Result<Option<&mut [f64]>, FileError> {
        (**self).next_chunk_mut()
    }

    fn total(&self) -> Option<u64> {
        (**self).total()
    }
}

//! What does not fit at all.

use core::error::Error;
use core::fmt;

/// What was offered takes more memory by itself than the whole collection may. It comes back in this error; the collection is
/// as it was.
///
/// ```
/// use lagom_weakcache::{MemoryLimitedList, TooHeavy};
///
/// let mut texts = MemoryLimitedList::new(1_000, |text: &String| text.capacity());
/// let refused: TooHeavy<String> = texts.push("x".repeat(5_000)).unwrap_err();
/// assert_eq!(refused.to_string(), "heavier than the memory limit of 1000 bytes");
/// ```
pub struct TooHeavy<T> {
    value: T,
    max_bytes: usize,
}

impl<T> TooHeavy<T> {
    pub(super) fn new(value: T, max_bytes: usize) -> Self {
        Self { value, max_bytes }
    }

    /// What was offered.
    ///
    /// ```
    /// use lagom_weakcache::MemoryLimited;
    ///
    /// let mut cache = MemoryLimited::new(1_000, |_: &u32, text: &String| text.capacity());
    /// let refused = cache.insert(1, "x".repeat(5_000)).unwrap_err();
    /// let (key, text) = refused.into_inner();
    /// assert_eq!((key, text.len()), (1, 5_000));
    /// ```
    #[must_use]
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T> fmt::Debug for TooHeavy<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TooHeavy").field("max_bytes", &self.max_bytes).finish_non_exhaustive()
    }
}

impl<T> fmt::Display for TooHeavy<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "heavier than the memory limit of {} bytes", self.max_bytes)
    }
}

impl<T> Error for TooHeavy<T> {}

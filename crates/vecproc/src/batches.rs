//! Batches of any items from an iterator.

use std::fmt;
use std::iter::Fuse;

/// Batches of `n` items from an iterator, in one buffer that is reused; the last batch holds what is left.
///
/// An `n` of 0 counts as 1, so that a batch is never empty. For a slice, [`slice::chunks`] does the same without a
/// copy.
///
/// # Examples
///
/// ```
/// let mut batches = lagom_vecproc::batches(1..=5, 2);
/// while let Some(batch) = batches.next_batch() {
///     println!("{batch:?}"); // [1, 2], then [3, 4], then [5]
/// }
/// ```
pub fn batches<I: IntoIterator>(items: I, n: usize) -> Batches<I::IntoIter> {
    Batches { items: items.into_iter().fuse(), n: n.max(1), buffer: Vec::new() }
}

/// Made by [`batches`].
///
/// Not an [`Iterator`], as each batch borrows the buffer. The buffer grows with what the iterator yields, never beyond
/// `n` items, and keeps its memory. The items of a batch are dropped when the next one is asked for, or with `self`.
///
/// # Examples
///
/// ```
/// let mut batches = lagom_vecproc::batches("a b c".split(' '), 2);
/// assert_eq!(batches.next_batch(), Some(&["a", "b"][..]));
/// assert_eq!(batches.next_batch(), Some(&["c"][..]));
/// assert_eq!(batches.next_batch(), None);
/// ```
#[derive(Clone)]
pub struct Batches<I: Iterator> {
    items: Fuse<I>,
    n: usize,
    buffer: Vec<I::Item>,
}

impl<I: Iterator> Batches<I> {
    /// The next batch, never empty; `None` at the end and ever after.
    ///
    /// A panic of the iterator leaves `self` usable; the items taken for the broken batch are dropped with the next
    /// call.
    ///
    /// ```
    /// assert_eq!(lagom_vecproc::batches([7], 2).next_batch(), Some(&[7][..]));
    /// ```
    pub fn next_batch(&mut self) -> Option<&[I::Item]> {
        self.buffer.clear();
        self.buffer.extend(self.items.by_ref().take(self.n));
        if self.buffer.is_empty() { None } else { Some(&self.buffer) }
    }
}

impl<I: Iterator> fmt::Debug for Batches<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batches").field("n", &self.n).field("last", &self.buffer.len()).finish_non_exhaustive()
    }
}

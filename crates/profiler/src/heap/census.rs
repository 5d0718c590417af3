//! Texts that are there more than once.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt;

use super::{SizeVisitor, size::HeapSize};
use crate::format::{Bytes, Count, printable};

/// Rows of the table.
const TOP: usize = 10;

/// Columns for a text.
const TEXT: usize = 60;

/// Which texts there are, how often each, and what it would save to keep each but once.
///
/// Give it texts, or values that own some: it keeps one copy of each content that it finds in a value, and borrows what it is given. An
/// [`Interner`](https://docs.rs/lagom-weakcache) is then the remedy.
///
/// ```
/// use lagom_profiler::heap::StringCensus;
///
/// let census: StringCensus = ["GET", "GET", "POST", "GET"].into_iter().collect();
/// assert_eq!((census.count(), census.distinct()), (4, 2));
/// assert_eq!(census.bytes(), 13);
/// assert_eq!(census.duplicate_bytes(), 6);
/// assert_eq!(census.top(1)[0].text(), b"GET");
/// println!("{census}");
/// ```
#[derive(Clone, Debug, Default)]
pub struct StringCensus<'t> {
    counts: HashMap<Cow<'t, [u8]>, u64>,
    count: u64,
    bytes: u64,
}

impl<'t> StringCensus<'t> {
    /// Of nothing yet.
    ///
    /// ```
    /// let census = lagom_profiler::heap::StringCensus::new();
    /// assert_eq!(census.count(), 0);
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts one text, in no more than an entry of a hash table.
    ///
    /// ```
    /// let mut census = lagom_profiler::heap::StringCensus::new();
    /// census.add("a");
    /// census.add(b"a");
    /// assert_eq!((census.count(), census.distinct()), (2, 1));
    /// ```
    pub fn add<T: AsRef<[u8]> + ?Sized>(&mut self, text: &'t T) {
        let text = text.as_ref();
        self.counted(text.len());
        *self.counts.entry(Cow::Borrowed(text)).or_default() += 1;
    }

    /// Counts a text that may be gone afterwards.
    pub(super) fn add_copy(&mut self, text: &[u8]) {
        self.counted(text.len());
        match self.counts.get_mut(text) {
            Some(count) => *count += 1,
            None => {
                self.counts.insert(Cow::Owned(text.to_vec()), 1);
            }
        }
    }

    fn counted(&mut self, bytes: usize) {
        self.count += 1;
        self.bytes += bytes as u64;
    }

    /// How many texts there are.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::StringCensus::from_iter(["a", "a"]).count(), 2);
    /// ```
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// How many different ones.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::StringCensus::from_iter(["a", "a"]).distinct(), 1);
    /// ```
    #[must_use]
    pub fn distinct(&self) -> u64 {
        self.counts.len() as u64
    }

    /// Bytes of all texts, without room to grow.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::StringCensus::from_iter(["ab", "ab"]).bytes(), 4);
    /// ```
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Bytes that would not be there if each content were held but once: what interning saves, before what the interner itself
    /// takes.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::StringCensus::from_iter(["ab", "ab", "c"]).duplicate_bytes(), 2);
    /// ```
    #[must_use]
    pub fn duplicate_bytes(&self) -> u64 {
        self.counts.iter().map(|(text, count)| (count - 1) * text.len() as u64).sum()
    }

    /// The contents whose duplicates take most bytes, at most `n`, none that is there once. Sorts all of them.
    ///
    /// ```
    /// let census = lagom_profiler::heap::StringCensus::from_iter(["ab", "c", "ab", "d", "c"]);
    /// let top = census.top(5);
    /// assert_eq!((top[0].text(), top[0].count(), top[0].duplicate_bytes()), (&b"ab"[..], 2, 2));
    /// assert_eq!(top.len(), 2);
    /// ```
    #[must_use]
    pub fn top(&self, n: usize) -> Vec<RepeatedString<'_>> {
        let repeated = self.counts.iter().filter(|(_, count)| **count > 1);
        let mut top: Vec<RepeatedString<'_>> =
            repeated.map(|(text, count)| RepeatedString { text, count: *count }).collect();
        top.sort_unstable_by_key(|repeated| {
            (Reverse(repeated.duplicate_bytes()), Reverse(repeated.count), repeated.text)
        });
        top.truncate(n);
        top
    }
}

impl StringCensus<'static> {
    /// The texts that a value owns: each `String`, `Box<str>`, `Arc<str>`, `PathBuf`, `OsString`, `CString` that
    /// [`HeapSize`] comes to. What is shared counts once.
    ///
    /// ```
    /// use lagom_profiler::heap::StringCensus;
    ///
    /// let orders = vec![("DE".to_owned(), 7), ("FR".to_owned(), 8), ("DE".to_owned(), 9)];
    /// let census = StringCensus::of(&orders);
    /// assert_eq!((census.count(), census.distinct(), census.duplicate_bytes()), (3, 2, 2));
    /// ```
    #[must_use]
    pub fn of<T: HeapSize + ?Sized>(value: &T) -> Self {
        let mut visitor = SizeVisitor::new(Some(Self::new()));
        value.visit_heap(&mut visitor);
        visitor.finish().1.unwrap_or_default()
    }
}

impl<'t, T: AsRef<[u8]> + ?Sized> Extend<&'t T> for StringCensus<'t> {
    fn extend<I: IntoIterator<Item = &'t T>>(&mut self, texts: I) {
        texts.into_iter().for_each(|text| self.add(text));
    }
}

impl<'t, T: AsRef<[u8]> + ?Sized> FromIterator<&'t T> for StringCensus<'t> {
    fn from_iter<I: IntoIterator<Item = &'t T>>(texts: I) -> Self {
        let mut census = Self::new();
        census.extend(texts);
        census
    }
}

impl fmt::Display for StringCensus<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let duplicates = self.duplicate_bytes();
        write!(
            f,
            "{} texts, {} different, {}; duplicates: {} ({:.1}%)",
            Count(self.count),
            Count(self.distinct()),
            Bytes(self.bytes),
            Bytes(duplicates),
            100.0 * duplicates as f64 / self.bytes.max(1) as f64
        )?;
        let top = self.top(TOP);
        if !top.is_empty() {
            write!(f, "\n{:>8}{:>8}{:>8}  text", "count", "length", "twice")?;
        }
        for repeated in top {
            write!(
                f,
                "\n{:>8}{:>8}{:>8}  {}",
                Count(repeated.count),
                Bytes(repeated.text.len() as u64),
                Bytes(repeated.duplicate_bytes()),
                head(repeated.text)
            )?;
        }
        Ok(())
    }
}

/// The begin of a text, in one line.
fn head(text: &[u8]) -> String {
    // Four bytes a character at most.
    let begin = String::from_utf8_lossy(&text[..text.len().min(4 * TEXT)]);
    let begin = printable(&begin);
    match begin.char_indices().nth(TEXT) {
        Some((end, _)) => format!("{}…", &begin[..end]),
        None => begin.into_owned(),
    }
}

/// A content that is there more than once, from [`StringCensus::top`].
///
/// ```
/// use lagom_profiler::heap::StringCensus;
///
/// for repeated in StringCensus::from_iter(["a", "b", "a"]).top(10) {
///     println!("{} times {}", repeated.count(), String::from_utf8_lossy(repeated.text()));
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RepeatedString<'c> {
    text: &'c [u8],
    count: u64,
}

impl<'c> RepeatedString<'c> {
    /// The content.
    ///
    /// ```
    /// let census = lagom_profiler::heap::StringCensus::from_iter(["a", "b", "a"]);
    /// assert_eq!(census.top(1)[0].text(), b"a");
    /// ```
    #[must_use]
    pub const fn text(&self) -> &'c [u8] {
        self.text
    }

    /// How often it is there.
    ///
    /// ```
    /// let census = lagom_profiler::heap::StringCensus::from_iter(["a", "b", "a"]);
    /// assert_eq!(census.top(1)[0].count(), 2);
    /// ```
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Bytes of all but one of them.
    ///
    /// ```
    /// let census = lagom_profiler::heap::StringCensus::from_iter(["a", "b", "a"]);
    /// assert_eq!(census.top(1)[0].duplicate_bytes(), 1);
    /// ```
    #[must_use]
    pub const fn duplicate_bytes(&self) -> u64 {
        (self.count - 1) * self.text.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_break_the_table() {
        let long = "é".repeat(200);
        let texts = [long.as_bytes(), long.as_bytes(), b"two\nlines\x1b[2J\xff", b"two\nlines\x1b[2J\xff"];
        let text = StringCensus::from_iter(texts).to_string();
        assert_eq!(text.lines().count(), 4, "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        assert!(!text.contains('\x1b') && text.contains("é…"), "{text}");
    }

    #[test]
    fn empty_texts_save_nothing() {
        let census = StringCensus::from_iter(["", "", ""]);
        assert_eq!((census.count(), census.distinct(), census.bytes(), census.duplicate_bytes()), (3, 1, 0, 0));
        assert_eq!(StringCensus::new().to_string(), "0 texts, 0 different, 0B; duplicates: 0B (0.0%)");
    }
}

//! Going through the entries of a local cache.

use core::fmt;
use core::iter::FusedIterator;

use super::node::{Held, LocalCached};

/// An entry of a [`LocalCache`](crate::LocalCache), held: what [`entries`](crate::LocalCache::entries) yields.
///
/// ```
/// use lagom_weakcache::{LocalCache, LocalEntry};
///
/// let cache = LocalCache::new(10);
/// cache.insert("one", 1);
/// let entry: LocalEntry<&str, i32> = cache.entries().next().unwrap();
/// assert_eq!((*entry.key(), **entry.value()), ("one", 1));
/// ```
pub struct LocalEntry<K, V> {
    held: Held<K, V>,
}

impl<K, V> LocalEntry<K, V> {
    /// The key. Stays valid when the entry leaves the cache.
    ///
    /// ```
    /// # use lagom_weakcache::LocalCache;
    /// let cache = LocalCache::new(10);
    /// cache.insert("one", 1);
    /// assert!(cache.entries().all(|entry| *entry.key() == "one"));
    /// ```
    #[must_use]
    pub fn key(&self) -> &K {
        self.held.key()
    }

    /// A handle of the value.
    ///
    /// ```
    /// # use lagom_weakcache::LocalCache;
    /// let cache = LocalCache::new(10);
    /// cache.insert("one", 1);
    /// assert_eq!(cache.entries().map(|entry| **entry.value()).sum::<i32>(), 1);
    /// ```
    #[must_use]
    pub fn value(&self) -> &LocalCached<V> {
        self.held.handle()
    }

    /// A handle of the value, to keep.
    ///
    /// ```
    /// # use lagom_weakcache::{LocalCache, LocalCached};
    /// let cache = LocalCache::new(10);
    /// cache.insert("one", 1);
    /// let all: Vec<LocalCached<i32>> = cache.entries().map(|entry| entry.into_value()).collect();
    /// assert_eq!(*all[0], 1);
    /// ```
    #[must_use]
    pub fn into_value(self) -> LocalCached<V> {
        self.held.into_handle()
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for LocalEntry<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LocalEntry").field(self.key()).field(self.value()).finish()
    }
}

/// The entries that were live when [`entries`](crate::LocalCache::entries) was called.
///
/// ```
/// use lagom_weakcache::{LocalCache, LocalEntries};
///
/// let cache = LocalCache::<u8, u8>::new(10);
/// let entries: LocalEntries<u8, u8> = cache.entries();
/// assert_eq!(entries.len(), 0);
/// ```
pub struct LocalEntries<K, V> {
    rest: std::vec::IntoIter<Held<K, V>>,
}

impl<K, V> LocalEntries<K, V> {
    pub(super) fn new(all: Vec<Held<K, V>>) -> Self {
        Self { rest: all.into_iter() }
    }
}

impl<K, V> Iterator for LocalEntries<K, V> {
    type Item = LocalEntry<K, V>;

    fn next(&mut self) -> Option<LocalEntry<K, V>> {
        self.rest.next().map(|held| LocalEntry { held })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rest.size_hint()
    }
}

impl<K, V> ExactSizeIterator for LocalEntries<K, V> {}

impl<K, V> FusedIterator for LocalEntries<K, V> {}

impl<K, V> fmt::Debug for LocalEntries<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalEntries").field("len", &self.len()).finish_non_exhaustive()
    }
}

//! An entry with its key.
#![allow(unsafe_code, reason = "knows that the handle is one of a node with such a key")]

use core::fmt;
use core::marker::PhantomData;

use crate::shared::cached::Cached;
use crate::shared::node::Node;

/// A live entry, from [`WeakCache::iter`](crate::WeakCache::iter): a handle that knows its key.
///
/// ```
/// use lagom_weakcache::{Cached, Entry, WeakCache};
///
/// let cache = WeakCache::new(1);
/// cache.insert("key", 1);
/// let entry: Entry<&str, i32> = cache.iter().next().unwrap();
/// assert_eq!((*entry.key(), *entry.value()), ("key", 1));
/// let handle: Cached<i32> = entry.into_handle();
/// assert_eq!(*handle, 1);
/// ```
pub struct Entry<K, V> {
    handle: Cached<V>,
    key: PhantomData<K>,
}

impl<K, V> Entry<K, V> {
    /// # Safety
    ///
    /// The handle must be one of a node with such a key.
    pub(super) unsafe fn new(handle: Cached<V>) -> Self {
        Self { handle, key: PhantomData }
    }

    /// The key.
    ///
    /// ```
    /// # let cache = lagom_weakcache::WeakCache::new(1);
    /// cache.insert("key", 1);
    /// assert!(cache.iter().all(|entry| *entry.key() == "key"));
    /// ```
    #[must_use]
    pub fn key(&self) -> &K {
        // SAFETY: the node has such a key, and the handle keeps it.
        unsafe { Node::<K, V>::key(self.handle.node()) }
    }

    /// The value.
    ///
    /// ```
    /// # let cache = lagom_weakcache::WeakCache::new(1);
    /// cache.insert("key", 1);
    /// assert!(cache.iter().all(|entry| *entry.value() == 1));
    /// ```
    #[must_use]
    pub fn value(&self) -> &V {
        &self.handle
    }

    /// The handle.
    ///
    /// ```
    /// # let cache = lagom_weakcache::WeakCache::new(1);
    /// cache.insert("key", 1);
    /// let handles: Vec<_> = cache.iter().map(|entry| entry.into_handle()).collect();
    /// assert_eq!(*handles[0], 1);
    /// ```
    #[must_use]
    pub fn into_handle(self) -> Cached<V> {
        self.handle
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Entry<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("key", self.key()).field("value", self.value()).finish()
    }
}

//! The strong tier: keeps the entries that were used last alive, up to a bound.

use lagom_base::sync::Arc;
use lru::LruCache;

use crate::entry::Entry;
use crate::hasher::DefaultHashBuilder;

/// The `capacity` entries that were used last; each is held once. Every entry in it is in the table too.
pub(crate) struct Strong<V> {
    capacity: usize,
    /// By address, which is unique while the entry is here.
    order: LruCache<usize, Arc<Entry<V>>, DefaultHashBuilder>,
}

impl<V> Strong<V> {
    /// Allocates for entries as they come, never for `capacity`.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity, order: LruCache::unbounded_with_hasher(DefaultHashBuilder::default()) }
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    /// `entry` was used. Returns the entry that had to leave for it, still held once: the caller takes that hold back.
    pub(crate) fn touch(&mut self, entry: &Arc<Entry<V>>) -> Option<Arc<Entry<V>>> {
        let address = address(entry);
        if self.capacity == 0 || self.order.promote(&address) {
            return None;
        }
        let evicted = if self.order.len() >= self.capacity { self.order.pop_lru() } else { None };
        entry.hold();
        self.order.put(address, Arc::clone(entry));
        evicted.map(|(_, entry)| entry)
    }

    /// Lets go of `entry`, if it is here.
    pub(crate) fn discard(&mut self, entry: &Arc<Entry<V>>) {
        if self.order.pop(&address(entry)).is_some() {
            entry.release();
        }
    }

    /// Lets go of all entries. Somebody else must own them, so that no value dies inside of `lru`.
    pub(crate) fn disband(self) {
        for (_, entry) in &self.order {
            entry.release();
        }
    }
}

fn address<V>(entry: &Arc<Entry<V>>) -> usize {
    Arc::as_ptr(entry).addr()
}

//! Weak maps of one thread, behind a lock.

use std::sync::{Arc, Weak};

use ahash::RandomState;
use parking_lot::RwLock;
use weak_map::WeakMap;
use weak_table::{WeakHashSet, WeakValueHashMap};

use super::peer::{Interning, Payload, Value, Weakly};

/// weak-table. Dead entries go when an insertion would make it grow.
pub(super) struct WeakTable(RwLock<WeakValueHashMap<u64, Weak<Payload>, RandomState>>);

impl Weakly for WeakTable {
    type Handle = Arc<Payload>;

    fn new() -> Self {
        Self(RwLock::new(WeakValueHashMap::with_hasher(RandomState::new())))
    }

    #[inline(always)]
    fn insert(&self, key: u64) -> Arc<Payload> {
        let value = Arc::of(key);
        self.0.write().insert(key, Arc::clone(&value));
        value
    }

    #[inline(always)]
    fn get(&self, key: u64) -> Option<Arc<Payload>> {
        self.0.read().get(&key)
    }

    fn len(&self) -> usize {
        self.0.read().len()
    }

    fn shrink(&self) {
        let mut map = self.0.write();
        map.remove_expired();
        map.shrink_to_fit();
    }
}

/// weak-map, a tree that is swept every 1,000 operations.
pub(super) struct Tree(RwLock<WeakMap<u64, Weak<Payload>>>);

impl Weakly for Tree {
    type Handle = Arc<Payload>;

    fn new() -> Self {
        Self(RwLock::new(WeakMap::new()))
    }

    #[inline(always)]
    fn insert(&self, key: u64) -> Arc<Payload> {
        let value = Arc::of(key);
        self.0.write().insert(key, &value);
        value
    }

    #[inline(always)]
    fn get(&self, key: u64) -> Option<Arc<Payload>> {
        self.0.read().get(&key)
    }

    fn len(&self) -> usize {
        // `len` counts the living one by one; this is what it holds.
        self.0.read().raw_len()
    }

    fn shrink(&self) {
        self.0.write().cleanup();
    }
}

/// weak-table's set of texts.
pub(super) struct TextSet(RwLock<WeakHashSet<Weak<str>, RandomState>>);

impl Interning for TextSet {
    type Handle = Arc<str>;

    fn new() -> Self {
        Self(RwLock::new(WeakHashSet::with_hasher(RandomState::new())))
    }

    #[inline(always)]
    fn intern(&self, text: &str) -> Arc<str> {
        if let Some(found) = self.0.read().get(text) {
            return found;
        }
        let mut table = self.0.write();
        // Another thread may have been faster.
        if let Some(found) = table.get(text) {
            return found;
        }
        let made: Arc<str> = text.into();
        table.insert(Arc::clone(&made));
        made
    }

    fn same(a: &Arc<str>, b: &Arc<str>) -> bool {
        Arc::ptr_eq(a, b)
    }

    #[inline(always)]
    fn text<'a>(&'a self, handle: &'a Arc<str>) -> &'a str {
        handle
    }
}

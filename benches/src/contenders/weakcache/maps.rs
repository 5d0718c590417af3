//! Concurrent maps: of std's `Weak`, as users build it, and of numbers that are loaded.
//!
//! None of them notices that a value died.

use std::sync::{Arc, Weak};

use ahash::RandomState;
use dashmap::DashMap;
use papaya::HashMap as Papaya;
use scc::HashMap as Scc;

use super::peer::{Loading, Payload, Value, Weakly};

/// dashmap: shards, each behind a lock.
pub(super) struct Dash<V>(DashMap<u64, V, RandomState>);

/// papaya: no locks.
pub(super) struct Papayas<V>(Papaya<u64, V, RandomState>);

/// scc: a lock for each bucket.
pub(super) struct Buckets<V>(Scc<u64, V, RandomState>);

impl Weakly for Dash<Weak<Payload>> {
    type Handle = Arc<Payload>;

    fn new() -> Self {
        Self(DashMap::with_hasher(RandomState::new()))
    }

    #[inline(always)]
    fn insert(&self, key: u64) -> Arc<Payload> {
        let value = Arc::of(key);
        self.0.insert(key, Arc::downgrade(&value));
        value
    }

    #[inline(always)]
    fn get(&self, key: u64) -> Option<Arc<Payload>> {
        self.0.get(&key)?.upgrade()
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn shrink(&self) {
        self.0.retain(|_, value| value.strong_count() > 0);
        self.0.shrink_to_fit();
    }
}

impl Weakly for Papayas<Weak<Payload>> {
    type Handle = Arc<Payload>;

    fn new() -> Self {
        Self(Papaya::with_hasher(RandomState::new()))
    }

    #[inline(always)]
    fn insert(&self, key: u64) -> Arc<Payload> {
        let value = Arc::of(key);
        self.0.pin().insert(key, Arc::downgrade(&value));
        value
    }

    #[inline(always)]
    fn get(&self, key: u64) -> Option<Arc<Payload>> {
        self.0.pin().get(&key)?.upgrade()
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn shrink(&self) {
        self.0.pin().retain(|_, value| value.strong_count() > 0);
    }
}

impl Weakly for Buckets<Weak<Payload>> {
    type Handle = Arc<Payload>;

    fn new() -> Self {
        Self(Scc::with_hasher(RandomState::new()))
    }

    #[inline(always)]
    fn insert(&self, key: u64) -> Arc<Payload> {
        let value = Arc::of(key);
        self.0.upsert_sync(key, Arc::downgrade(&value));
        value
    }

    #[inline(always)]
    fn get(&self, key: u64) -> Option<Arc<Payload>> {
        self.0.read_sync(&key, |_, value| value.upgrade())?
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn shrink(&self) {
        // It shrinks by itself.
        self.0.retain_sync(|_, value| value.strong_count() > 0);
    }
}

impl Papayas<Payload> {
    /// A plain map of all the keys below `n`.
    pub(super) fn plain(n: u64) -> Self {
        let map = Papaya::with_hasher(RandomState::new());
        for key in 0..n {
            map.pin().insert(key, Payload::of(key));
        }
        Self(map)
    }

    /// Borrows.
    #[inline(always)]
    pub(super) fn look(&self, key: u64) -> u64 {
        self.0.pin().get(&key).map_or(0, |value| value.right(key))
    }
}

/// Holds the lock of a shard while it loads.
impl Loading for Dash<u64> {
    fn new(_: usize) -> Self {
        Self(DashMap::with_hasher(RandomState::new()))
    }

    #[inline(always)]
    fn load(&self, key: u64, make: impl FnOnce() -> u64) -> u64 {
        match self.read(key) {
            Some(value) => value,
            None => *self.0.entry(key).or_insert_with(make),
        }
    }

    #[inline(always)]
    fn read(&self, key: u64) -> Option<u64> {
        self.0.get(&key).map(|value| *value)
    }
}

/// Lets all threads that miss load; one wins.
impl Loading for Papayas<u64> {
    fn new(_: usize) -> Self {
        Self(Papaya::with_hasher(RandomState::new()))
    }

    #[inline(always)]
    fn load(&self, key: u64, make: impl FnOnce() -> u64) -> u64 {
        let map = self.0.pin();
        match map.get(&key) {
            Some(value) => *value,
            // It makes room for the entry before it looks.
            None => *map.get_or_insert_with(key, make),
        }
    }

    #[inline(always)]
    fn read(&self, key: u64) -> Option<u64> {
        self.0.pin().get(&key).copied()
    }
}

/// Holds the lock of a bucket while it loads.
impl Loading for Buckets<u64> {
    fn new(_: usize) -> Self {
        Self(Scc::with_hasher(RandomState::new()))
    }

    #[inline(always)]
    fn load(&self, key: u64, make: impl FnOnce() -> u64) -> u64 {
        match self.read(key) {
            Some(value) => value,
            None => *self.0.entry_sync(key).or_insert_with(make).get(),
        }
    }

    #[inline(always)]
    fn read(&self, key: u64) -> Option<u64> {
        self.0.read_sync(&key, |_, value| *value)
    }
}

//! Bounded caches that hold their values themselves, and what users build of one and a map of `Weak`.

use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::sync::{Arc, Weak};

use ahash::RandomState;
use lru::LruCache;
use parking_lot::Mutex;
use quick_cache::UnitWeighter;
use quick_cache::sync::DefaultLifecycle;

use super::maps::Dash;
use super::peer::{Loading, Payload, Strongly, Value, Weakly};

/// quick_cache.
pub(super) struct Quick<V>(quick_cache::sync::Cache<u64, V, UnitWeighter, RandomState>);

/// moka for threads.
pub(super) struct Moka<V>(moka::sync::Cache<u64, V, RandomState>);

/// lru, behind a lock.
pub(super) struct Lru<V>(Mutex<LruCache<u64, V, RandomState>>);

impl<V: Value> Quick<V> {
    fn of(capacity: usize) -> Self {
        let (hasher, lifecycle) = (RandomState::new(), DefaultLifecycle::default());
        Self(quick_cache::sync::Cache::with(capacity, capacity as u64, UnitWeighter, hasher, lifecycle))
    }
}

impl<V: Value> Strongly for Quick<V> {
    fn new(capacity: usize) -> Self {
        Self::of(capacity)
    }

    #[inline(always)]
    fn find(&self, key: u64) -> Option<u64> {
        self.0.get(&key).map(|value| value.right(key))
    }

    #[inline(always)]
    fn insert(&self, key: u64) {
        self.0.insert(key, V::of(key));
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

impl Loading for Quick<u64> {
    fn new(capacity: usize) -> Self {
        Self::of(capacity)
    }

    #[inline(always)]
    fn load(&self, key: u64, make: impl FnOnce() -> u64) -> u64 {
        self.0.get_or_insert_with(&key, || Ok::<_, Infallible>(make())).unwrap_or_else(|never| match never {})
    }

    #[inline(always)]
    fn read(&self, key: u64) -> Option<u64> {
        self.0.get(&key)
    }
}

impl<V: Value> Moka<V> {
    fn of(capacity: usize) -> Self {
        Self(moka::sync::Cache::builder().max_capacity(capacity as u64).build_with_hasher(RandomState::new()))
    }
}

impl<V: Value> Strongly for Moka<V> {
    fn new(capacity: usize) -> Self {
        Self::of(capacity)
    }

    #[inline(always)]
    fn find(&self, key: u64) -> Option<u64> {
        self.0.get(&key).map(|value| value.right(key))
    }

    #[inline(always)]
    fn insert(&self, key: u64) {
        self.0.insert(key, V::of(key));
    }

    fn len(&self) -> usize {
        self.0.run_pending_tasks();
        usize::try_from(self.0.entry_count()).unwrap_or(usize::MAX)
    }
}

impl Loading for Moka<u64> {
    fn new(capacity: usize) -> Self {
        Self::of(capacity)
    }

    #[inline(always)]
    fn load(&self, key: u64, make: impl FnOnce() -> u64) -> u64 {
        self.0.get_with(key, make)
    }

    #[inline(always)]
    fn read(&self, key: u64) -> Option<u64> {
        self.0.get(&key)
    }
}

impl<V: Value> Lru<V> {
    fn of(capacity: usize) -> Self {
        let capacity = NonZeroUsize::new(capacity).unwrap_or(NonZeroUsize::MIN);
        Self(Mutex::new(LruCache::with_hasher(capacity, RandomState::new())))
    }
}

impl<V: Value> Strongly for Lru<V> {
    fn new(capacity: usize) -> Self {
        Self::of(capacity)
    }

    #[inline(always)]
    fn find(&self, key: u64) -> Option<u64> {
        let found = self.0.lock().get(&key).cloned();
        found.map(|value| value.right(key))
    }

    #[inline(always)]
    fn insert(&self, key: u64) {
        let value = V::of(key);
        let evicted = self.0.lock().push(key, value);
        drop(evicted);
    }

    fn len(&self) -> usize {
        self.0.lock().len()
    }
}

/// Holds its lock while it loads.
impl Loading for Lru<u64> {
    fn new(capacity: usize) -> Self {
        Self::of(capacity)
    }

    #[inline(always)]
    fn load(&self, key: u64, make: impl FnOnce() -> u64) -> u64 {
        *self.0.lock().get_or_insert(key, make)
    }

    #[inline(always)]
    fn read(&self, key: u64) -> Option<u64> {
        self.0.lock().get(&key).copied()
    }
}

/// Entries of the strong part of the workaround; as many as ours has by default.
const ROOM: usize = 1_000;

/// What users build today: a map of `Weak` for identity, quick_cache to keep what is in use.
pub(super) struct Workaround {
    weak: Dash<Weak<Payload>>,
    strong: quick_cache::sync::Cache<u64, Arc<Payload>, UnitWeighter, RandomState>,
}

impl Weakly for Workaround {
    type Handle = Arc<Payload>;

    fn new() -> Self {
        Self { weak: Weakly::new(), strong: Quick::of(ROOM).0 }
    }

    #[inline(always)]
    fn insert(&self, key: u64) -> Arc<Payload> {
        let value = self.weak.insert(key);
        self.strong.insert(key, Arc::clone(&value));
        value
    }

    #[inline(always)]
    fn get(&self, key: u64) -> Option<Arc<Payload>> {
        if let Some(value) = self.strong.get(&key) {
            return Some(value);
        }
        let value = self.weak.get(key)?;
        self.strong.insert(key, Arc::clone(&value));
        Some(value)
    }

    fn len(&self) -> usize {
        self.weak.len()
    }

    fn shrink(&self) {
        self.weak.shrink();
    }
}

//! The Python cache that ours comes from.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Weak};
use std::time::SystemTime;

use ahash::RandomState;
use parking_lot::ReentrantMutex;

use super::peer::{Payload, Value, Weakly};

/// Room for all that the cases keep alive: it forgets entries that are in use when it is full.
const MAX_SIZE: usize = 200_000;

/// Its weak dictionary, its times of access and its reentrant lock. The dictionary takes an entry out when its value
/// dies, the times stay. When it is full it sorts all times and forgets the oldest quarter.
pub(super) struct Original(Arc<Inner>);

type Inner = ReentrantMutex<RefCell<State>>;

#[derive(Default)]
struct State {
    cache: HashMap<u64, Weak<Tracked>, RandomState>,
    access_times: HashMap<u64, SystemTime, RandomState>,
}

/// A value that tells the dictionary of its death.
struct Tracked {
    payload: Payload,
    key: u64,
    home: Weak<Inner>,
}

impl Drop for Tracked {
    fn drop(&mut self) {
        let Some(home) = self.home.upgrade() else { return };
        let home = home.lock();
        let cache = &mut home.borrow_mut().cache;
        if cache.get(&self.key).is_some_and(|value| value.strong_count() == 0) {
            cache.remove(&self.key);
        }
    }
}

/// As Python's reference.
pub(super) struct Reference(Arc<Tracked>);

impl Deref for Reference {
    type Target = Payload;

    #[inline(always)]
    fn deref(&self) -> &Payload {
        &self.0.payload
    }
}

impl State {
    fn evict_lru(&mut self) {
        let remove = (self.access_times.len() / 4).max(1);
        let mut sorted: Vec<(u64, SystemTime)> = self.access_times.iter().map(|(key, time)| (*key, *time)).collect();
        sorted.sort_by_key(|(_, time)| *time);
        for (key, _) in sorted.into_iter().take(remove) {
            self.cache.remove(&key);
            self.access_times.remove(&key);
        }
    }
}

impl Weakly for Original {
    type Handle = Reference;

    fn new() -> Self {
        Self(Arc::default())
    }

    #[inline(always)]
    fn insert(&self, key: u64) -> Reference {
        let value = Arc::new(Tracked { payload: Payload::of(key), key, home: Arc::downgrade(&self.0) });
        let home = self.0.lock();
        let mut state = home.borrow_mut();
        if state.cache.len() >= MAX_SIZE {
            state.evict_lru();
        }
        state.cache.insert(key, Arc::downgrade(&value));
        state.access_times.insert(key, SystemTime::now());
        Reference(value)
    }

    #[inline(always)]
    fn get(&self, key: u64) -> Option<Reference> {
        let home = self.0.lock();
        let mut state = home.borrow_mut();
        let value = state.cache.get(&key)?.upgrade()?;
        state.access_times.insert(key, SystemTime::now());
        Some(Reference(value))
    }

    fn len(&self) -> usize {
        self.0.lock().borrow().cache.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_quarter_goes_and_times_stay() {
        let cache = Original::new();
        let held: Vec<Reference> = (0..8).map(|key| cache.insert(key)).collect();
        cache.0.lock().borrow_mut().evict_lru();
        assert!(cache.get(1).is_none(), "forgotten while it is in use");
        assert_eq!((cache.get(2).unwrap()[7], cache.len()), (2, 6));
        drop(held);
        assert_eq!((cache.len(), cache.0.lock().borrow().access_times.len()), (0, 6));
    }
}

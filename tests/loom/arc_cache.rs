//! The cache of `Arc`s: one call for those who load at once, and no live value of a key but the one that is found.
//!
//! The values' own counts are std's and not modelled: between the locks, a value is dropped whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use lagom_base::sync::loom::{self, thread};
use lagom_weakcache::ArcCache;

type Cache = Arc<ArcCache<u8, u8>>;

fn cache(capacity: usize) -> Cache {
    Arc::new(ArcCache::builder().capacity(capacity).shards(1).build())
}

#[test]
fn two_that_load_one_key_share_one_call() {
    loom::model(|| {
        let (cache, calls) = (cache(0), Arc::new(AtomicUsize::new(0)));
        let load =
            |cache: &Cache, calls: &AtomicUsize| cache.get_or_insert_with(1, || calls.fetch_add(1, SeqCst) as u8);
        let other = thread::spawn({
            let (cache, calls) = (Arc::clone(&cache), Arc::clone(&calls));
            move || load(&cache, &calls)
        });
        let mine = load(&cache, &calls);
        let theirs = other.join().unwrap();
        assert!(Arc::ptr_eq(&mine, &theirs));
        assert_eq!((calls.load(SeqCst), cache.len(), cache.stats().loads()), (1, 1, 1));
    });
}

#[test]
fn a_load_that_fails_hands_over() {
    loom::model(|| {
        let cache = cache(0);
        let other = thread::spawn({
            let cache = Arc::clone(&cache);
            move || {
                assert_eq!(cache.try_get_or_insert_with(1, || Err::<u8, ()>(())).map(|value| *value).unwrap_or(7), 7)
            }
        });
        let mine = cache.get_or_insert_with(1, || 7);
        other.join().unwrap();
        assert_eq!((*mine, cache.len(), cache.stats().loading()), (7, 1, 0));
    });
}

#[test]
fn an_insert_wins_over_a_load() {
    loom::model(|| {
        let cache = cache(1);
        let inserter = thread::spawn({
            let cache = Arc::clone(&cache);
            move || drop(cache.insert(1, Arc::new(2)))
        });
        let mine = cache.get_or_insert_with(1, || 3);
        inserter.join().unwrap();
        // Before, during, or after the load: what was inserted is what is found.
        assert_eq!(cache.get(&1).as_deref(), Some(&2));
        assert!(*mine == 2 || *mine == 3);
    });
}

#[test]
fn a_removal_against_a_load() {
    loom::model(|| {
        let cache = cache(1);
        let remover = thread::spawn({
            let cache = Arc::clone(&cache);
            move || cache.remove(&1)
        });
        let mine = cache.get_or_insert_with(1, || 3);
        let removed = remover.join().unwrap();
        assert_eq!((*mine, cache.stats().loading()), (3, 0));
        if let Some(removed) = removed {
            assert!(Arc::ptr_eq(&mine, &removed) && cache.get(&1).is_none());
        }
    });
}

#[test]
fn the_last_drop_against_a_load() {
    loom::model(|| {
        let cache = cache(0);
        let first = Arc::new(1);
        cache.insert(1, Arc::clone(&first));
        let dropper = thread::spawn(move || drop(first));
        let found = cache.get_or_insert_with(1, || 2);
        dropper.join().unwrap();
        assert!(cache.get(&1).is_some_and(|again| Arc::ptr_eq(&again, &found)));
        assert_eq!(cache.stats().live(), 1);
    });
}

//! Single flight, and what comes between.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use lagom_base::sync::loom::{self, thread};
use lagom_weakcache::Cached;

use super::{Both, Cache, Ledger, cache};

/// Two threads want one key: one factory runs, both get its value.
#[test]
fn one_load_for_two() {
    loom::model(|| {
        let (cache, ledger) = (cache(0), Ledger::default());
        let other = {
            let (cache, ledger) = (Arc::clone(&cache), ledger.clone());
            thread::spawn(move || cache.get_or_insert_with(1, || ledger.value()))
        };
        let mine = cache.get_or_insert_with(1, || ledger.value());
        mine.use_it();
        // The other thread gives its handle back by the join: both are held at once, so there is one life.
        let other = other.join().unwrap();
        if ledger.made() == 1 {
            assert!(Cached::ptr_eq(&mine, &other));
        } else {
            panic!("two live values of one key");
        }
        drop((mine, other));
        assert_eq!((ledger.alive(), cache.len()), (0, 0));
    });
}

/// A load fails while another thread may wait for it: that one loads.
#[test]
fn failing_load_hands_over() {
    loom::model(|| {
        let (cache, ledger) = (cache(0), Ledger::default());
        let failing = {
            let cache = Arc::clone(&cache);
            thread::spawn(move || cache.try_get_or_insert_with(1, || Err(())).map(drop))
        };
        let mine = cache.get_or_insert_with(1, || ledger.value());
        mine.use_it();
        let _ = failing.join().unwrap();
        assert_eq!((ledger.made(), cache.len()), (1, 1));
        drop(mine);
        assert_eq!((ledger.alive(), cache.len()), (0, 0));
    });
}

/// An `insert` during a load wins; whoever loaded gets a valid handle.
#[test]
fn insert_against_load() {
    loom::model(|| {
        let (cache, ledger) = (cache(0), Ledger::default());
        let loader = {
            let (cache, ledger) = (Arc::clone(&cache), ledger.clone());
            thread::spawn(move || cache.get_or_insert_with(1, || ledger.value()).use_it())
        };
        let inserted = cache.insert(1, ledger.value());
        loader.join().unwrap();
        assert!(Cached::ptr_eq(&inserted, &cache.get(&1).expect("held")));
        assert_eq!((ledger.alive(), cache.len()), (1, 1));
        drop(inserted);
        assert_eq!((ledger.alive(), cache.len()), (0, 0));
    });
}

/// A `clear` during a load: the load gives a valid handle, in the table or not.
#[test]
fn clear_against_load() {
    loom::model(|| {
        let (cache, ledger) = (cache(1), Ledger::default());
        let loader = {
            let (cache, ledger) = (Arc::clone(&cache), ledger.clone());
            thread::spawn(move || cache.get_or_insert_with(1, || ledger.value()))
        };
        cache.clear();
        let loaded = loader.join().unwrap();
        loaded.use_it();
        let stats = cache.stats();
        assert_eq!((ledger.alive(), stats.len()), (1, stats.strong_len()));
        cache.clear();
        drop(loaded);
        assert_eq!((ledger.alive(), cache.len()), (0, 0));
    });
}

/// A `clear` between two loads of one key: the later one is found, wherever the former ends.
#[test]
fn clear_between_loads() {
    loom::model(|| {
        let (cache, ledger) = (cache(0), Ledger::default());
        let former = {
            let (cache, ledger) = (Arc::clone(&cache), ledger.clone());
            thread::spawn(move || cache.get_or_insert_with(1, || ledger.value()).use_it())
        };
        cache.clear();
        let latter = cache.get_or_insert_with(1, || ledger.value());
        former.join().unwrap();
        latter.use_it();
        assert!(Cached::ptr_eq(&latter, &cache.get(&1).expect("held")));
        assert_eq!((ledger.alive(), cache.len()), (1, 1));
        drop(latter);
        assert_eq!((ledger.alive(), cache.len()), (0, 0));
    });
}

/// A load panics while another thread may wait for it: that one loads.
#[test]
fn panicking_load_hands_over() {
    loom::model(|| {
        let (cache, ledger) = (cache(0), Ledger::default());
        let panicking = {
            let cache = Arc::clone(&cache);
            thread::spawn(move || {
                let load = || cache.get_or_insert_with(1, || resume_unwind(Box::new("in the load"))).use_it();
                catch_unwind(AssertUnwindSafe(load)).is_err()
            })
        };
        let mine = cache.get_or_insert_with(1, || ledger.value());
        mine.use_it();
        panicking.join().unwrap();
        assert_eq!((ledger.made(), cache.len()), (1, 1));
        drop(mine);
        assert_eq!((ledger.alive(), cache.len()), (0, 0));
    });
}

/// The key is taken out while one thread loads it, and loaded again: both get values, and what is found afterwards is
/// held.
#[test]
fn removal_between_loads() {
    loom::model(|| {
        let (cache, ledger) = (cache(0), Ledger::default());
        let other = {
            let (cache, ledger) = (Arc::clone(&cache), ledger.clone());
            thread::spawn(move || cache.get_or_insert_with(1, || ledger.value()))
        };
        drop(cache.remove(&1));
        let mine = cache.get_or_insert_with(1, || ledger.value());
        let other = other.join().unwrap();
        mine.use_it();
        other.use_it();
        assert!(Cached::ptr_eq(&mine, &cache.get(&1).expect("held")));
        let lives = if Cached::ptr_eq(&mine, &other) { 1 } else { 2 };
        assert!(ledger.made() >= lives);
        assert_eq!((ledger.alive(), cache.len()), (lives, 1));
        drop((mine, other));
        assert_eq!((ledger.alive(), cache.len()), (0, 0));
    });
}

/// A load puts the key in itself while another thread may wait for it: that is what both get.
#[test]
fn insert_within_a_load() {
    loom::model(|| {
        let (cache, ledger) = (cache(0), Ledger::default());
        let other = {
            let (cache, ledger) = (Arc::clone(&cache), ledger.clone());
            thread::spawn(move || {
                let mut inserted = None;
                let loaded = cache.get_or_insert_with(1, || {
                    inserted = Some(cache.insert(1, ledger.value()));
                    ledger.value()
                });
                assert!(inserted.is_none_or(|inserted| Cached::ptr_eq(&inserted, &loaded)), "an insert wins");
                loaded
            })
        };
        let mine = cache.get_or_insert_with(1, || ledger.value());
        let other = other.join().unwrap();
        assert!(Cached::ptr_eq(&mine, &other));
        assert_eq!((ledger.alive(), cache.len()), (1, 1));
        drop((mine, other));
        assert_eq!((ledger.alive(), cache.len()), (0, 0));
    });
}

/// A load fails while another thread may wait for it: they have one error, or each its own, and then the cache has none.
#[test]
fn failing_load_is_shared() {
    let shared = Both::default();
    let note = shared.clone();
    loom::model(move || {
        let (cache, ledger) = (cache(0), Ledger::default());
        let fails = |cache: &Cache, ledger: &Ledger| {
            let Err(error) = cache.try_get_or_insert_shared(1, || Err(ledger.value())) else {
                unreachable!("it fails")
            };
            error
        };
        let other = {
            let (cache, ledger) = (Arc::clone(&cache), ledger.clone());
            thread::spawn(move || fails(&cache, &ledger))
        };
        let mine = fails(&cache, &ledger);
        let other = other.join().unwrap();
        mine.use_it();
        other.use_it();
        let is_one = Arc::ptr_eq(&mine, &other);
        note.note(is_one);
        let calls = if is_one { 1 } else { 2 };
        assert_eq!((ledger.made(), ledger.alive(), cache.len()), (calls, calls, 0));
        assert_eq!(Arc::strong_count(&mine) + Arc::strong_count(&other), 4 - 2 * (calls - 1), "theirs alone");
        drop((mine, other));
        assert_eq!((ledger.alive(), cache.memory_usage().entries()), (0, 0));
    });
    assert!(shared.came());
}

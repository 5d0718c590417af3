//! Lookups in a table that changes: what is there all the time is found, and no memory is looked at that was freed.

use std::sync::Arc;

use lagom_base::sync::loom::{self, thread};
use lagom_weakcache::Cached;

use super::{Ledger, cache};

/// The table grows.
#[test]
fn growth_against_lookup() {
    loom::model(|| {
        let (cache, ledger) = (cache(0), Ledger::default());
        let held = cache.insert(1, ledger.value());
        let inserter = {
            let (cache, ledger) = (Arc::clone(&cache), ledger.clone());
            thread::spawn(move || (cache.insert(2, ledger.value()), cache.insert(3, ledger.value())))
        };
        assert!(Cached::ptr_eq(&held, &cache.get(&1).expect("held")));
        let others = inserter.join().unwrap();
        assert!(Cached::ptr_eq(&others.0, &cache.get(&2).expect("held")));
        assert_eq!((ledger.alive(), cache.len()), (3, 3));
    });
}

/// The table grows while a lookup compares keys of the same hash, one after the other, which have other places in the new
/// groups: the last one, which found its group full and is in the first one therefore, comes first.
#[test]
fn growth_against_lookup_among_equal_hashes() {
    loom::model(|| {
        let (cache, ledger) = (cache(0), Ledger::default());
        let held = [1, 17, 9].map(|key| cache.insert(key, ledger.value()));
        let inserter = {
            let (cache, ledger) = (Arc::clone(&cache), ledger.clone());
            thread::spawn(move || cache.insert(2, ledger.value()))
        };
        assert!(Cached::ptr_eq(&held[2], &cache.get(&9).expect("held")));
        let _other = inserter.join().unwrap();
        for (held, key) in held.iter().zip([1, 17, 9]) {
            assert!(Cached::ptr_eq(held, &cache.get(&key).expect("held")));
        }
        assert_eq!(cache.len(), 4);
    });
}

/// An entry takes the place of another one of its key, whose node is used again, for another key of `other` hash: there
/// was an entry of the key all the time.
fn replacement_against_lookup(other: u8) {
    loom::model(move || {
        let (cache, ledger) = (cache(0), Ledger::default());
        let old = cache.insert(1, ledger.value());
        let inserter = {
            let (cache, ledger) = (Arc::clone(&cache), ledger.clone());
            thread::spawn(move || {
                let new = cache.insert(1, ledger.value());
                drop(old);
                (new, cache.insert(other, ledger.value()))
            })
        };
        cache.get(&1).expect("it was there all the time").use_it();
        let others = inserter.join().unwrap();
        assert_eq!((ledger.alive(), cache.len()), (2, 2));
        drop(others);
        assert_eq!((ledger.alive(), cache.len()), (0, 0));
    });
}

#[test]
fn replacement_by_another_hash_against_lookup() {
    replacement_against_lookup(2);
}

#[test]
fn replacement_by_an_equal_hash_against_lookup() {
    replacement_against_lookup(9);
}

/// The nodes of two entries are given back, one of them with its chunk, while they are looked up.
#[test]
fn chunks_go_while_they_are_looked_at() {
    loom::model(|| {
        let (cache, ledger) = (cache(0), Ledger::default());
        let handles = [1, 9].map(|key| cache.insert(key, ledger.value()));
        let dropper = thread::spawn(move || drop(handles));
        for key in [9, 1] {
            if let Some(found) = cache.get(&key) {
                found.use_it();
            }
        }
        dropper.join().unwrap();
        assert_eq!((ledger.alive(), cache.len()), (0, 0));
    });
}

/// The whole table goes while it is looked through.
#[test]
fn the_table_goes_while_it_is_looked_through() {
    loom::model(|| {
        let (cache, ledger) = (cache(0), Ledger::default());
        let held = cache.insert(1, ledger.value());
        let clearer = {
            let (cache, ledger) = (Arc::clone(&cache), ledger.clone());
            thread::spawn(move || {
                cache.clear();
                cache.insert(2, ledger.value())
            })
        };
        if let Some(found) = cache.get(&1) {
            assert!(Cached::ptr_eq(&held, &found));
        }
        let other = clearer.join().unwrap();
        assert!(cache.get(&1).is_none());
        assert!(Cached::ptr_eq(&other, &cache.get(&2).expect("held")));
        assert_eq!((ledger.alive(), cache.len()), (2, 1));
    });
}

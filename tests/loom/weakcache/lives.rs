//! The ends of entries: an entry is found alive, or is dead and gone.

use std::sync::Arc;

use lagom_base::sync::loom::{self, thread};
use lagom_weakcache::Cached;

use super::{Ledger, cache, of_three_threads};

/// The value is found alive, or is dead and gone; nothing in between.
#[test]
fn last_drop_against_lookup() {
    loom::model(|| {
        let (cache, ledger) = (cache(0), Ledger::default());
        let handle = cache.insert(1, ledger.value());
        let dropper = thread::spawn(move || drop(handle));
        if let Some(found) = cache.get(&1) {
            found.use_it();
            assert_eq!((ledger.alive(), cache.len()), (1, 1));
            let again = cache.get(&1).expect("as long as a handle lives, it is found");
            assert!(Cached::ptr_eq(&found, &again));
        }
        dropper.join().unwrap();
        assert_eq!((ledger.alive(), cache.len(), cache.stats().deaths()), (0, 0, 1));
    });
}

/// While the last handle drops, a load either gets the old life or starts the next: one per call of the factory.
#[test]
fn last_drop_against_load() {
    loom::model(|| {
        let (cache, ledger) = (cache(0), Ledger::default());
        let handle = cache.insert(1, ledger.value());
        let dropper = thread::spawn(move || drop(handle));
        let held = cache.get_or_insert_with(1, || ledger.value());
        held.use_it();
        dropper.join().unwrap();
        assert_eq!((ledger.alive(), cache.len()), (1, 1));
        assert_eq!(cache.stats().deaths() + 1, ledger.made() as u64);
        assert!(Cached::ptr_eq(&held, &cache.get(&1).unwrap()));
    });
}

/// Two handles, both dropped at once: one burial, one drop.
#[test]
fn two_last_drops() {
    loom::model(|| {
        let (cache, ledger) = (cache(0), Ledger::default());
        let handle = cache.insert(1, ledger.value());
        let other = handle.clone();
        let dropper = thread::spawn(move || {
            other.use_it();
            drop(other);
        });
        handle.use_it();
        drop(handle);
        dropper.join().unwrap();
        assert_eq!((ledger.alive(), cache.len(), cache.stats().deaths()), (0, 0, 1));
    });
}

/// Two threads are on their way to bury the same entry, and a third hands it out in between.
#[test]
fn last_drop_against_two_lookups() {
    of_three_threads(|| {
        let (cache, ledger) = (cache(0), Ledger::default());
        let handle = cache.insert(1, ledger.value());
        let dropper = thread::spawn(move || drop(handle));
        let looker = {
            let cache = Arc::clone(&cache);
            thread::spawn(move || drop(cache.get(&1)))
        };
        let found = cache.get(&1);
        if let Some(found) = &found {
            found.use_it();
        }
        dropper.join().unwrap();
        looker.join().unwrap();
        let live = usize::from(found.is_some());
        assert_eq!((ledger.alive(), cache.len()), (live, live));
        drop(found);
        assert_eq!((ledger.alive(), cache.len(), cache.stats().deaths()), (0, 0, 1));
    });
}

/// The strong tier lets go of an entry while it is looked up.
#[test]
fn eviction_against_lookup() {
    loom::model(|| {
        let (cache, ledger) = (cache(1), Ledger::default());
        cache.insert(1, ledger.value());
        let inserter = {
            let (cache, ledger) = (Arc::clone(&cache), ledger.clone());
            thread::spawn(move || drop(cache.insert(2, ledger.value())))
        };
        let found = cache.get(&1);
        if let Some(found) = &found {
            found.use_it();
            assert!(Cached::ptr_eq(found, &cache.get(&1).expect("held")));
        }
        inserter.join().unwrap();
        let stats = cache.stats();
        assert_eq!((stats.strong_len(), stats.len()), (1, ledger.alive()));
        drop(found);
        assert_eq!((cache.len(), ledger.alive()), (1, 1), "the tier keeps one");
        drop(cache);
        assert_eq!(ledger.alive(), 0);
    });
}

/// Of two that are put in, neither of which anybody holds, one leaves for the other while it is looked up: what is found is
/// whole, and what leaves is gone unless it was found.
#[test]
fn putting_in_against_lookup() {
    loom::model(|| {
        let (cache, ledger) = (cache(1), Ledger::default());
        let other = {
            let (cache, ledger) = (Arc::clone(&cache), ledger.clone());
            thread::spawn(move || {
                cache.put(1, ledger.value());
                cache.put(2, ledger.value());
            })
        };
        let found = cache.get(&1);
        if let Some(found) = &found {
            found.use_it();
        }
        other.join().unwrap();
        assert_eq!((cache.len(), ledger.alive()), (1 + usize::from(found.is_some()), cache.len()));
        assert_eq!(cache.get(&1).is_some(), found.is_some());
        drop(found);
        assert_eq!((cache.len(), ledger.alive(), cache.stats().deaths()), (1, 1, 1));
        drop(cache);
        assert_eq!(ledger.alive(), 0);
    });
}

/// One key, put in by two threads at once: the later one stays, and the other is gone.
#[test]
fn two_put_in() {
    loom::model(|| {
        let (cache, ledger) = (cache(1), Ledger::default());
        let other = {
            let (cache, ledger) = (Arc::clone(&cache), ledger.clone());
            thread::spawn(move || cache.put(1, ledger.value()))
        };
        cache.put(1, ledger.value());
        other.join().unwrap();
        assert_eq!((cache.len(), ledger.made(), ledger.alive()), (1, 2, 1));
        cache.get(&1).expect("it is in the tier").use_it();
        drop(cache);
        assert_eq!(ledger.alive(), 0);
    });
}

/// An entry dies late, after its key has a new one: the new one stays.
#[test]
fn replacement_against_late_death() {
    loom::model(|| {
        let (cache, ledger) = (cache(0), Ledger::default());
        let old = cache.insert(1, ledger.value());
        let dropper = thread::spawn(move || drop(old));
        let new = cache.insert(1, ledger.value());
        dropper.join().unwrap();
        assert_eq!((ledger.alive(), cache.len()), (1, 1));
        assert!(Cached::ptr_eq(&new, &cache.get(&1).expect("held")));
        new.use_it();
        drop(new);
        assert_eq!((ledger.alive(), cache.len()), (0, 0));
    });
}

/// `remove` hands out an entry whose last handle just drops.
#[test]
fn removal_against_last_drop() {
    loom::model(|| {
        let (cache, ledger) = (cache(1), Ledger::default());
        let handle = cache.insert(1, ledger.value());
        let dropper = thread::spawn(move || drop(handle));
        let removed = cache.remove(&1).expect("in the strong tier");
        removed.use_it();
        dropper.join().unwrap();
        assert_eq!((ledger.alive(), cache.len()), (1, 0));
        drop(removed);
        assert_eq!(ledger.alive(), 0);
    });
}

/// The cache goes first, or last, or in the middle.
#[test]
fn cache_dropped_before_its_handles() {
    loom::model(|| {
        let (cache, ledger) = (cache(1), Ledger::default());
        let handle = cache.insert(1, ledger.value());
        let other = handle.clone();
        cache.insert(2, ledger.value()); // Out of the tier with 1.
        let dropper = thread::spawn(move || {
            other.use_it();
            drop(other);
        });
        drop(cache);
        handle.use_it();
        drop(handle);
        dropper.join().unwrap();
        assert_eq!(ledger.alive(), 0);
    });
}

/// The strong tier is emptied while the last handle drops: the value dies once, in one of the two threads.
#[test]
fn clear_against_last_drop() {
    loom::model(|| {
        let (cache, ledger) = (cache(1), Ledger::default());
        let handle = cache.insert(1, ledger.value());
        let dropper = thread::spawn(move || {
            handle.use_it();
            drop(handle);
        });
        cache.clear();
        dropper.join().unwrap();
        assert_eq!((ledger.alive(), cache.len(), cache.stats().deaths()), (0, 0, 0));
    });
}

/// The cache and the handles go at the same time, in three threads: the engine outlives them all.
#[test]
fn everything_goes_at_once() {
    loom::model(|| {
        let (cache, ledger) = (cache(0), Ledger::default());
        let droppers = [1, 2].map(|key| {
            let handle = cache.insert(key, ledger.value());
            thread::spawn(move || drop(handle))
        });
        drop(cache);
        for dropper in droppers {
            dropper.join().unwrap();
        }
        assert_eq!(ledger.alive(), 0);
    });
}

/// What the strong tier alone keeps is taken out while it is looked up.
#[test]
fn removal_against_lookup() {
    loom::model(|| {
        let (cache, ledger) = (cache(1), Ledger::default());
        drop(cache.insert(1, ledger.value()));
        let remover = {
            let cache = Arc::clone(&cache);
            thread::spawn(move || cache.remove(&1).expect("in the strong tier").use_it())
        };
        if let Some(found) = cache.get(&1) {
            found.use_it();
        }
        remover.join().unwrap();
        assert_eq!((ledger.alive(), cache.len()), (0, 0));
    });
}

/// All is taken out while it is looked up.
#[test]
fn clear_against_lookup() {
    loom::model(|| {
        let (cache, ledger) = (cache(1), Ledger::default());
        drop(cache.insert(1, ledger.value()));
        let clearer = {
            let cache = Arc::clone(&cache);
            thread::spawn(move || {
                cache.clear();
                assert!(cache.get(&1).is_none());
            })
        };
        if let Some(found) = cache.get(&1) {
            found.use_it();
        }
        clearer.join().unwrap();
        assert_eq!((ledger.alive(), cache.len()), (0, 0));
    });
}

/// Two threads give the same key a value: one is found afterwards, the other one is its holder's alone.
#[test]
fn two_inserts() {
    loom::model(|| {
        let (cache, ledger) = (cache(0), Ledger::default());
        let other = {
            let (cache, ledger) = (Arc::clone(&cache), ledger.clone());
            thread::spawn(move || cache.insert(1, ledger.value()))
        };
        let mine = cache.insert(1, ledger.value());
        let other = other.join().unwrap();
        assert_eq!((ledger.alive(), cache.len()), (2, 1));
        let found = cache.get(&1).expect("held");
        assert!(Cached::ptr_eq(&found, &mine) != Cached::ptr_eq(&found, &other));
        drop((mine, other, found));
        assert_eq!((ledger.alive(), cache.len()), (0, 0));
    });
}

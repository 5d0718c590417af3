//! Borrows without a handle, of entries that leave the strong tier meanwhile.

use std::sync::Arc;

use lagom_base::sync::loom::{self, thread};

use super::{Cache, Ledger, cache, of_three_threads};

/// A cache whose strong tier of one has an entry that may be borrowed without a handle.
fn lent(ledger: &Ledger) -> Cache {
    let cache = cache(1);
    drop(cache.insert(1, ledger.value()));
    cache.with(&1, |_| ()).expect("in the strong tier");
    cache
}

/// An entry is evicted under a borrow: it is found no more at once, and dropped when the borrow ends.
#[test]
fn eviction_under_a_borrow() {
    loom::model(|| {
        let ledger = Ledger::default();
        let cache = lent(&ledger);
        let evict = {
            let (cache, ledger) = (Arc::clone(&cache), ledger.clone());
            move || {
                drop(cache.insert(2, ledger.value()));
                assert!(cache.get(&1).is_none());
                assert_eq!(cache.len(), 1);
            }
        };
        let borrow = |value: &super::Value| {
            let evictor = thread::spawn(evict);
            value.use_it();
            evictor.join().unwrap();
            assert_eq!(ledger.alive(), 2);
            value.use_it();
        };
        cache.with(&1, borrow).expect("in the strong tier");
        assert_eq!((ledger.alive(), cache.len()), (1, 1));
    });
}

/// An entry is evicted before, during, or after a borrow, which may just fail.
#[test]
fn eviction_against_borrow() {
    loom::model(|| {
        let ledger = Ledger::default();
        let cache = lent(&ledger);
        let evictor = {
            let (cache, ledger) = (Arc::clone(&cache), ledger.clone());
            thread::spawn(move || drop(cache.insert(2, ledger.value())))
        };
        cache.with(&1, |value| value.use_it());
        evictor.join().unwrap();
        assert_eq!((ledger.alive(), cache.len()), (1, 1));
        assert!(cache.get(&1).is_none());
    });
}

/// An entry is lent for the first time while it is evicted.
#[test]
fn eviction_against_lending() {
    loom::model(|| {
        let (cache, ledger) = (cache(1), Ledger::default());
        drop(cache.insert(1, ledger.value()));
        let evictor = {
            let (cache, ledger) = (Arc::clone(&cache), ledger.clone());
            thread::spawn(move || drop(cache.insert(2, ledger.value())))
        };
        cache.with(&1, |value| value.use_it());
        cache.with(&1, |value| value.use_it());
        evictor.join().unwrap();
        assert_eq!((ledger.alive(), cache.len()), (1, 1));
    });
}

/// As with a closure, by a pin, which has the one place that a thread has here; what it sees besides it has a handle of.
#[test]
fn eviction_against_a_pin() {
    loom::model(|| {
        let ledger = Ledger::default();
        let cache = lent(&ledger);
        let evictor = {
            let (cache, ledger) = (Arc::clone(&cache), ledger.clone());
            thread::spawn(move || drop(cache.insert(2, ledger.value())))
        };
        let mut pin = cache.pin();
        let seen = pin.get(&1);
        if let Some(value) = seen {
            value.use_it();
            cache.with(&1, |value| value.use_it());
            value.use_it();
        }
        drop(pin);
        evictor.join().unwrap();
        assert_eq!((ledger.alive(), cache.len()), (1, 1));
    });
}

/// Two threads have it borrowed when it is cleared away: the later one drops it.
#[test]
fn clear_against_two_borrows() {
    of_three_threads(|| {
        let ledger = Ledger::default();
        let cache = lent(&ledger);
        let borrowers = [(); 2].map(|()| {
            let cache = Arc::clone(&cache);
            thread::spawn(move || cache.with(&1, |value| value.use_it()))
        });
        cache.clear();
        assert_eq!(cache.len(), 0);
        for borrower in borrowers {
            borrower.join().unwrap();
        }
        assert_eq!((ledger.alive(), cache.len()), (0, 0));
    });
}

/// It is evicted in one thread, taken out in another, and borrowed in a third one.
#[test]
fn two_ends_against_a_borrow() {
    of_three_threads(|| {
        let ledger = Ledger::default();
        let cache = lent(&ledger);
        let evictor = {
            let (cache, ledger) = (Arc::clone(&cache), ledger.clone());
            thread::spawn(move || drop(cache.insert(2, ledger.value())))
        };
        let remover = {
            let cache = Arc::clone(&cache);
            thread::spawn(move || drop(cache.remove(&1)))
        };
        cache.with(&1, |value| value.use_it());
        evictor.join().unwrap();
        remover.join().unwrap();
        assert_eq!((ledger.alive(), cache.len()), (1, 1));
    });
}

/// A handle outlives the entry's time in the tier, and goes while it is borrowed.
#[test]
fn last_drop_against_borrow() {
    loom::model(|| {
        let ledger = Ledger::default();
        let cache = lent(&ledger);
        let handle = cache.get(&1).expect("in the strong tier");
        let ender = {
            let cache = Arc::clone(&cache);
            thread::spawn(move || {
                cache.clear();
                drop(handle);
            })
        };
        cache.with(&1, |value| value.use_it());
        ender.join().unwrap();
        assert_eq!((ledger.alive(), cache.len()), (0, 0));
    });
}

/// The node of an entry is used again for another one, which is lent too, while somebody is about to borrow the former.
#[test]
fn a_borrow_meets_another_entry() {
    loom::model(|| {
        let ledger = Ledger::default();
        let cache = lent(&ledger);
        let changer = {
            let (cache, ledger) = (Arc::clone(&cache), ledger.clone());
            thread::spawn(move || {
                cache.clear();
                drop(cache.insert(9, ledger.value()));
                cache.with(&9, |value| value.use_it());
            })
        };
        cache.with(&1, |value| value.use_it());
        changer.join().unwrap();
        assert_eq!((ledger.alive(), cache.len()), (1, 1));
        cache.clear();
        assert_eq!(ledger.alive(), 0);
    });
}

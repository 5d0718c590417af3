//! The weak cache: no live value that a lookup misses, none in the table that is dead, every value dropped exactly
//! once.
//!
//! What values count with is not modelled, so that it adds no interleavings; a modelled atomic in each, dropped by way
//! of `with_mut`, shows a drop that does not come after every use.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use lagom_base::sync::atomic;
use lagom_base::sync::loom::{self, thread};
use lagom_weakcache::{Cached, WeakCache};

/// How many values were made, and how many are alive.
#[derive(Clone, Default)]
struct Ledger(Arc<[AtomicUsize; 2]>);

impl Ledger {
    fn value(&self) -> Value {
        self.0[0].fetch_add(1, SeqCst);
        self.0[1].fetch_add(1, SeqCst);
        Value { used: atomic::AtomicUsize::new(0), ledger: self.clone() }
    }

    fn made(&self) -> usize {
        self.0[0].load(SeqCst)
    }

    fn alive(&self) -> usize {
        self.0[1].load(SeqCst)
    }
}

/// A value that loom watches: a drop that races with a use fails.
struct Value {
    used: atomic::AtomicUsize,
    ledger: Ledger,
}

impl Value {
    fn use_it(&self) {
        self.used.load(atomic::Ordering::Relaxed);
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        self.used.with_mut(|_| ());
        assert!(self.ledger.0[1].fetch_sub(1, SeqCst) > 0, "dropped twice");
    }
}

type Cache = Arc<WeakCache<u8, Value>>;

fn cache(capacity: usize) -> Cache {
    Arc::new(WeakCache::new(capacity))
}

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
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
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
        let (cache, ledger) = (WeakCache::<u8, Value>::new(1), Ledger::default());
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

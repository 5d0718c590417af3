//! What is kept by name, expires, or is told of its death.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use lagom_base::sync::loom::{self, thread};
use lagom_weakcache::{Cached, WeakCache};

use super::{Cache, Fixed, Ledger, cache};

/// An entry is kept while the strong tier lets go of it: then it stays, or it was too late.
#[test]
fn keeping_against_eviction() {
    loom::model(|| {
        let (cache, ledger) = (cache(1), Ledger::default());
        drop(cache.insert(1, ledger.value()));
        let evictor = {
            let (cache, ledger) = (Arc::clone(&cache), ledger.clone());
            thread::spawn(move || drop(cache.insert(2, ledger.value())))
        };
        let kept = cache.keep(&1);
        evictor.join().unwrap();
        assert_eq!((ledger.alive(), cache.len()), (1 + usize::from(kept), 1 + usize::from(kept)));
        assert_eq!(cache.get(&1).is_some(), kept);
        assert_eq!(cache.release(&1), kept);
        assert_eq!((ledger.alive(), cache.len()), (1, 1), "the strong tier has room for one");
    });
}

/// What is kept is released by two threads, and taken out by one of them.
#[test]
fn two_releases_and_a_removal() {
    loom::model(|| {
        let (cache, ledger) = (cache(0), Ledger::default());
        let handle = cache.insert(1, ledger.value());
        assert!(cache.keep(&1));
        drop(handle);
        let other = {
            let cache = Arc::clone(&cache);
            thread::spawn(move || {
                let released = cache.release(&1);
                drop(cache.remove(&1));
                released
            })
        };
        let mine = cache.release(&1);
        let theirs = other.join().unwrap();
        assert!(!(mine && theirs), "released once");
        assert_eq!((ledger.alive(), cache.len()), (0, 0));
    });
}

/// All entries are given out while one of them dies.
#[test]
fn iteration_against_last_drop() {
    loom::model(|| {
        let (cache, ledger) = (cache(0), Ledger::default());
        let [first, second] = [1, 9].map(|key| cache.insert(key, ledger.value()));
        let dropper = thread::spawn(move || drop(first));
        let seen: Vec<u8> = cache.iter().inspect(|entry| entry.value().use_it()).map(|entry| *entry.key()).collect();
        assert!(seen.contains(&9) && seen.len() <= 2);
        dropper.join().unwrap();
        assert_eq!((ledger.alive(), cache.len()), (1, 1));
        second.use_it();
    });
}

/// Two threads find an entry stale at once: it expires once, and who holds it keeps it.
#[test]
fn two_lookups_of_what_is_stale() {
    loom::model(|| {
        let ledger = Ledger::default();
        let cache = WeakCache::<u8, super::Value>::builder().capacity(1).ttl(Duration::ZERO).clock(|| Duration::ZERO);
        let cache: Cache = Arc::new(cache.hasher(Fixed).build());
        let held = cache.insert(1, ledger.value());
        let other = {
            let cache = Arc::clone(&cache);
            thread::spawn(move || assert!(cache.get(&1).is_none()))
        };
        assert!(cache.get(&1).is_none());
        other.join().unwrap();
        assert_eq!((cache.len(), cache.stats().expirations()), (0, 1));
        held.use_it();
        drop(held);
        assert_eq!(ledger.alive(), 0);
    });
}

/// The end of an entry is told once, whoever ends it: a clear, the last handle, or a borrow.
#[test]
fn one_death_is_told_once() {
    loom::model(|| {
        let (ledger, told) = (Ledger::default(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&told);
        let cache = WeakCache::<u8, super::Value>::builder().capacity(1).on_death(move |_, value| {
            value.use_it();
            count.fetch_add(1, SeqCst);
        });
        let cache: Cache = Arc::new(cache.hasher(Fixed).build());
        let handle = cache.insert(1, ledger.value());
        cache.with(&1, |_| ());
        let dropper = {
            let cache = Arc::clone(&cache);
            thread::spawn(move || {
                cache.with(&1, |value| value.use_it());
                drop(handle);
            })
        };
        cache.clear();
        dropper.join().unwrap();
        assert_eq!((ledger.alive(), told.load(SeqCst)), (0, 1));
    });
}

/// A load and the death of what it replaces: each life is told once.
#[test]
fn every_life_is_told() {
    loom::model(|| {
        let (ledger, told) = (Ledger::default(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&told);
        let cache = WeakCache::<u8, super::Value>::builder().capacity(0).on_death(move |_, _| {
            count.fetch_add(1, SeqCst);
        });
        let cache: Cache = Arc::new(cache.hasher(Fixed).build());
        let loader = {
            let (cache, ledger) = (Arc::clone(&cache), ledger.clone());
            thread::spawn(move || drop(cache.get_or_insert_with(1, || ledger.value())))
        };
        let mine = cache.insert(1, ledger.value());
        loader.join().unwrap();
        assert!(Cached::ptr_eq(&mine, &cache.get(&1).expect("held")));
        drop(mine);
        assert_eq!((ledger.alive(), told.load(SeqCst)), (0, ledger.made()));
    });
}

/// An entry is kept while it is taken out, which ends that, too.
#[test]
fn keeping_against_removal() {
    loom::model(|| {
        let (cache, ledger) = (cache(1), Ledger::default());
        drop(cache.insert(1, ledger.value()));
        let remover = {
            let cache = Arc::clone(&cache);
            thread::spawn(move || cache.remove(&1).expect("in the strong tier, or kept").use_it())
        };
        cache.keep(&1);
        remover.join().unwrap();
        assert_eq!((ledger.alive(), cache.len()), (0, 0));
    });
}

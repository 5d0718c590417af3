//! Keys and values whose code panics, or calls back into the cache, or runs where nobody expects it.

mod common;

use std::cell::RefCell;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Weak};
use std::thread;

use common::{Counted, Ledger, panic_message};
use lagom_weakcache::{Cached, Eviction, Interner, WeakCache};

/// A key whose `Eq` or `Hash` panics on demand.
#[derive(Debug)]
struct Touchy(u32);

static IN_EQ: AtomicBool = AtomicBool::new(false);
static IN_HASH: AtomicBool = AtomicBool::new(false);

impl PartialEq for Touchy {
    fn eq(&self, other: &Self) -> bool {
        assert!(!IN_EQ.load(SeqCst), "in eq");
        self.0 == other.0
    }
}

impl Eq for Touchy {}

impl Hash for Touchy {
    fn hash<H: Hasher>(&self, state: &mut H) {
        assert!(!IN_HASH.load(SeqCst), "in hash");
        self.0.hash(state);
    }
}

#[test]
fn panics_in_eq_and_hash() {
    let (cache, ledger) = (WeakCache::new(2), Ledger::default());
    let held = cache.insert(Touchy(1), ledger.value(1));
    for (switch, message) in [(&IN_EQ, "in eq"), (&IN_HASH, "in hash")] {
        let before = cache.stats();
        switch.store(true, SeqCst);
        assert_eq!(panic_message(|| cache.get(&Touchy(1))), message);
        assert_eq!(panic_message(|| cache.contains_key(&Touchy(1))), message);
        assert_eq!(panic_message(|| cache.insert(Touchy(1), ledger.value(2))), message);
        assert_eq!(panic_message(|| cache.remove(&Touchy(1))), message);
        assert_eq!(panic_message(|| cache.get_or_insert_with(Touchy(1), || ledger.value(3))), message);
        switch.store(false, SeqCst);
        assert_eq!(cache.stats(), before);
        assert_eq!(ledger.alive(), 1);
        assert!(Cached::ptr_eq(&held, &cache.get(&Touchy(1)).unwrap()));
    }
    IN_EQ.store(true, SeqCst);
    IN_HASH.store(true, SeqCst);
    cache.clear(); // Neither is needed to forget, …
    drop(held); // … nor to die.
    IN_EQ.store(false, SeqCst);
    IN_HASH.store(false, SeqCst);
    assert_eq!((cache.len(), ledger.alive()), (0, 0));
}

/// Panics when dropped.
struct Bomb(Counted);

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(self.0.id == 0 || thread::panicking(), "in drop");
    }
}

#[test]
fn panics_in_the_drop_of_values() {
    let (cache, ledger) = (WeakCache::builder().capacity(1).eviction(Eviction::Lru).build(), Ledger::default());
    // Of the last handle.
    cache.insert('s', Bomb(ledger.value(0)));
    let weak = cache.insert('w', Bomb(ledger.value(1)));
    cache.get(&'s').is_none().then_some(()).expect("evicted");
    cache.insert('s', Bomb(ledger.value(0)));
    assert_eq!(panic_message(|| drop(weak)), "in drop");
    assert_eq!((cache.len(), ledger.alive()), (1, 1));
    // By eviction, out of the insert that evicts.
    cache.insert('s', Bomb(ledger.value(1)));
    assert_eq!(panic_message(|| cache.insert('t', Bomb(ledger.value(0)))), "in drop");
    assert_eq!((cache.len(), ledger.alive(), cache.contains_key(&'t')), (1, 1, true));
    // By replacement.
    cache.insert('t', Bomb(ledger.value(1)));
    assert_eq!(panic_message(|| cache.insert('t', Bomb(ledger.value(0)))), "in drop");
    assert_eq!((cache.len(), ledger.alive()), (1, 1));
    // Out of a load, which has landed already.
    cache.insert('t', Bomb(ledger.value(1)));
    assert_eq!(panic_message(|| cache.get_or_insert_with('u', || Bomb(ledger.value(0)))), "in drop");
    assert_eq!((cache.len(), ledger.alive(), cache.contains_key(&'u')), (1, 1, true));
    // By a lookup that takes another entry back into the tier, and by one that lets go of the last handle.
    let held = cache.insert('v', Bomb(ledger.value(0)));
    cache.insert('w', Bomb(ledger.value(1)));
    assert_eq!(panic_message(|| cache.get(&'v')), "in drop");
    drop(held);
    assert_eq!((cache.len(), ledger.alive(), cache.contains_key(&'v')), (1, 1, true));
    // None of the panics leaked the handle that was to be returned.
    cache.clear();
    assert_eq!((cache.len(), ledger.alive()), (0, 0));
}

/// A key that panics when dropped.
#[derive(PartialEq, Eq, Hash)]
struct Fuse(u32);

impl Drop for Fuse {
    fn drop(&mut self) {
        assert!(self.0 == 0 || thread::panicking(), "in drop of a key");
    }
}

#[test]
fn panics_in_the_drop_of_keys() {
    let (cache, ledger) = (WeakCache::new(0), Ledger::default());
    let key = std::mem::ManuallyDrop::new(Fuse(1));
    let held = cache.insert(Fuse(1), ledger.value(1));
    // The key that is not needed, as one is there.
    assert_eq!(panic_message(|| cache.get_or_insert_with(Fuse(1), || unreachable!())), "in drop of a key");
    assert_eq!(panic_message(|| drop(cache.insert(Fuse(1), ledger.value(2)))), "in drop of a key");
    assert_eq!((cache.len(), ledger.alive()), (0, 1), "the insert replaced, and nobody holds the new one");
    // Each entry has its own key.
    assert_eq!(panic_message(|| drop(held)), "in drop of a key");
    assert_eq!(ledger.alive(), 0);

    let held = cache.insert(Fuse(1), ledger.value(1));
    let removed = cache.remove(&*key);
    assert_eq!((cache.len(), ledger.alive()), (0, 1));
    drop(removed);
    assert_eq!(panic_message(|| drop(held)), "in drop of a key");
    assert_eq!(ledger.alive(), 0);

    let held = cache.insert(Fuse(1), ledger.value(1));
    assert_eq!(panic_message(|| drop(held)), "in drop of a key");
    assert_eq!((cache.len(), ledger.alive()), (0, 0));
    assert_eq!(panic_message(|| cache.try_get_or_insert_with(Fuse(1), || Err::<Counted, _>(()))), "in drop of a key");
    assert_eq!((cache.len(), ledger.alive()), (0, 0));
}

#[test]
fn a_panic_in_the_drop_of_one_value_spares_the_others() {
    for by_drop in [false, true] {
        let (cache, ledger) = (WeakCache::new(usize::MAX), Ledger::default());
        for key in 0..50 {
            cache.insert(key, Bomb(ledger.value(u64::from(key == 25))));
        }
        let panic = catch_unwind(AssertUnwindSafe(|| if by_drop { drop(cache) } else { cache.clear() }));
        assert!(panic.is_err());
        assert_eq!(ledger.alive(), 0);
    }
}

#[test]
fn a_panic_in_retain_leaves_the_rest() {
    let (cache, ledger) = (WeakCache::new(usize::MAX), Ledger::default());
    for key in 0..10 {
        cache.insert(key, ledger.value(key));
    }
    let mut seen = 0;
    let retain = AssertUnwindSafe(|| {
        cache.retain(|_, _| {
            seen += 1;
            assert!(seen <= 5, "in the predicate");
            false
        });
    });
    assert_eq!(panic_message(retain), "in the predicate");
    assert_eq!((cache.len(), ledger.alive()), (5, 5));
}

type Nest = WeakCache<u32, Caller>;

/// A value that uses its cache when it is dropped.
struct Caller {
    cache: Weak<Nest>,
    calls: Arc<AtomicUsize>,
    key: u32,
}

impl Drop for Caller {
    fn drop(&mut self) {
        let Some(cache) = self.cache.upgrade() else { return };
        assert!(
            cache.get(&self.key).is_none_or(|other| !std::ptr::eq(&raw const *other, self)),
            "gone before its drop"
        );
        cache.retain(|_, _| true);
        let _ = cache.stats();
        assert!(!format!("{cache:?}").is_empty());
        if self.key < 100 {
            let child = |key| Caller { cache: self.cache.clone(), calls: Arc::clone(&self.calls), key };
            cache.insert(self.key + 100, child(self.key + 100));
            cache.get_or_insert_with(self.key + 200, || child(self.key + 200));
            cache.remove(&(self.key + 100));
        }
        self.calls.fetch_add(1, SeqCst);
    }
}

#[test]
fn values_that_use_the_cache_when_dropped() {
    for capacity in [0, 1, 3] {
        let calls = Arc::new(AtomicUsize::new(0));
        let cache = Arc::new(Nest::new(capacity));
        for key in 0..20 {
            let value = Caller { cache: Arc::downgrade(&cache), calls: Arc::clone(&calls), key };
            cache.insert(key, value);
            cache.get_or_insert_with(key, || Caller { cache: Arc::downgrade(&cache), calls: Arc::clone(&calls), key });
        }
        cache.clear();
        cache.clear(); // What the drops put in.
        assert!(cache.len() <= capacity);
        assert!(calls.load(SeqCst) > 20);
    }
}

#[test]
fn predicates_may_use_the_cache() {
    let cache = WeakCache::new(usize::MAX);
    for key in 0..10 {
        cache.insert(key, key);
    }
    cache.retain(|key, _| {
        cache.insert(key + 100, *key);
        cache.remove(&((key + 1) % 10));
        cache.get(key).is_some()
    });
    assert!(cache.len() >= 10);
}

/// A value that holds the next one.
struct Link {
    _next: Option<Cached<Link>>,
    _counted: Counted,
}

fn chain(cache: &WeakCache<u64, Link>, ledger: &Ledger, length: u64) -> Cached<Link> {
    let mut head = None;
    for key in 0..length {
        head = Some(cache.insert(key, Link { _next: head, _counted: ledger.value(key) }));
    }
    head.unwrap()
}

#[test]
fn long_chains_die_flat() {
    const LENGTH: u64 = 20_000;
    // The threads of tests have 2 MiB of stack; this one has less.
    let small = thread::Builder::new().stack_size(512 * 1024);
    let test = || {
        let ledger = Ledger::default();
        let cache = WeakCache::new(0);

        let head = chain(&cache, &ledger, LENGTH);
        assert_eq!(cache.len(), LENGTH as usize);
        drop(head);
        assert_eq!((cache.len(), ledger.alive()), (0, 0), "all of it, before `drop` returned");

        // By eviction.
        let strong = WeakCache::new(1);
        drop(chain(&strong, &ledger, LENGTH));
        strong.insert(LENGTH, Link { _next: None, _counted: ledger.value(0) });
        assert_eq!((strong.len(), ledger.alive()), (1, 1));

        // By the end of the table, before or after that of the head.
        for capacity in [0, 1, usize::MAX] {
            for how in ["head, clear", "clear, head", "head, cache", "cache, head"] {
                let (cache, ledger) = (WeakCache::new(capacity), Ledger::default());
                let head = chain(&cache, &ledger, LENGTH);
                match how {
                    "head, clear" => {
                        drop(head);
                        cache.clear();
                    }
                    "clear, head" => {
                        cache.clear();
                        drop(head);
                    }
                    "head, cache" => {
                        drop(head);
                        drop(cache);
                    }
                    _ => {
                        drop(cache);
                        drop(head);
                    }
                }
                assert_eq!(ledger.alive(), 0, "{how} with capacity {capacity}");
            }
        }
    };
    small.spawn(test).unwrap().join().unwrap();
}

#[test]
fn a_chain_with_bombs_dies_whole() {
    struct Node {
        _next: Option<Cached<Node>>,
        _counted: Counted,
        panics: bool,
    }
    impl Drop for Node {
        fn drop(&mut self) {
            assert!(!self.panics || thread::panicking(), "in drop");
        }
    }
    // In the part of the chain that nests, and in the part that was put off.
    for bomb in [999, 500] {
        let (cache, ledger) = (WeakCache::new(0), Ledger::default());
        let mut head = None;
        for key in 0..1000 {
            head = Some(cache.insert(key, Node { _next: head, _counted: ledger.value(key), panics: key == bomb }));
        }
        assert_eq!(panic_message(|| drop(head)), "in drop");
        assert_eq!((cache.len(), ledger.alive()), (0, 0));
    }
}

#[test]
fn handles_in_thread_locals() {
    thread_local! {
        static KEPT: RefCell<Vec<Cached<Counted>>> = const { RefCell::new(Vec::new()) };
    }
    let (cache, ledger) = (Arc::new(WeakCache::new(0)), Ledger::default());
    for cache_first in [false, true] {
        let cache = if cache_first { Arc::new(WeakCache::new(0)) } else { Arc::clone(&cache) };
        let copy = Arc::clone(&cache);
        let value = ledger.value(1);
        let test = move || KEPT.with_borrow_mut(|kept| kept.push(copy.insert(1, value)));
        let thread = thread::spawn(test);
        if cache_first {
            drop(cache);
        }
        thread.join().unwrap();
    }
    assert_eq!((ledger.alive(), cache.len()), (0, 0));
}

#[test]
fn values_that_hold_interned_handles() {
    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Tree(Option<lagom_weakcache::Interned<Tree>>);

    let trees = Interner::<Tree>::new();
    let mut tree = trees.intern(&Tree(None));
    for _ in 0..10_000 {
        tree = trees.intern(&Tree(Some(tree)));
    }
    assert_eq!(trees.len(), 10_001);
    drop(tree);
    assert!(trees.is_empty());
}

/// A key that looks into its cache when it is hashed, compared or dropped.
struct Curious {
    id: u32,
    cache: Weak<WeakCache<Curious, Counted>>,
}

thread_local! {
    /// How deep this thread is in calls of its own keys.
    static INSIDE: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

impl Curious {
    fn look(&self) {
        if INSIDE.get() > 0 {
            return;
        }
        let Some(cache) = self.cache.upgrade() else { return };
        INSIDE.set(1);
        let other = || Self { id: self.id + 1, cache: Weak::new() };
        cache.get(&other());
        cache.with(&other(), |value| value.id);
        cache.remove(&Self { id: self.id + 2, cache: Weak::new() });
        cache.retain(|_, _| true);
        let _ = cache.stats();
        INSIDE.set(0);
    }
}

impl PartialEq for Curious {
    fn eq(&self, other: &Self) -> bool {
        self.look();
        self.id == other.id
    }
}

impl Eq for Curious {}

impl Hash for Curious {
    /// All in one slot after the other.
    fn hash<H: Hasher>(&self, _: &mut H) {
        self.look();
    }
}

impl Drop for Curious {
    fn drop(&mut self) {
        self.look();
    }
}

#[test]
fn keys_that_use_the_cache() {
    for capacity in [0, 1, 3, usize::MAX] {
        let (cache, ledger) = (Arc::new(WeakCache::new(capacity)), Ledger::default());
        let key = |id| Curious { id, cache: Arc::downgrade(&cache) };
        for id in [1, 4, 7, 1, 4, 7, 10] {
            let held = cache.insert(key(id), ledger.value(u64::from(id)));
            assert!(Cached::ptr_eq(&held, &cache.get(&key(id)).expect("held")));
            assert_eq!(cache.with(&key(id), |value| value.id), Some(u64::from(id)));
            let loaded = cache.get_or_insert_with(key(id + 100), || {
                cache.get(&key(id));
                drop(cache.insert(key(id + 200), ledger.value(0)));
                ledger.value(u64::from(id) + 100)
            });
            assert_eq!(loaded.id, u64::from(id) + 100);
            assert!(Cached::ptr_eq(&held, &cache.remove(&key(id)).expect("held")));
        }
        cache.clear();
        assert_eq!((cache.len(), ledger.alive()), (0, 0));
    }
}

/// A thread that ends uses the cache, also after its number is gone.
#[test]
fn caches_in_thread_locals() {
    struct Last(Arc<WeakCache<u32, Counted>>, Ledger);

    impl Drop for Last {
        fn drop(&mut self) {
            let Self(cache, ledger) = self;
            let held = cache.insert(1, ledger.value(1));
            assert!(Cached::ptr_eq(&held, &cache.get(&1).expect("held")));
            assert_eq!(cache.with(&1, |value| value.id), Some(1));
            assert_eq!(cache.with(&1, |value| value.id), Some(1));
            assert_eq!(cache.get_or_insert_with(2, || ledger.value(2)).id, 2);
            cache.remove(&1);
            assert!(cache.get(&1).is_none());
            drop(held);
            cache.clear();
        }
    }

    thread_local! {
        static EARLY: RefCell<Option<Last>> = const { RefCell::new(None) };
        static LATE: RefCell<Option<Last>> = const { RefCell::new(None) };
    }
    for capacity in [0, 2] {
        let (cache, ledger) = (Arc::new(WeakCache::new(capacity)), Ledger::default());
        let last = || Last(Arc::clone(&cache), ledger.clone());
        let (early, late) = (last(), last());
        let thread = thread::spawn(move || {
            EARLY.set(Some(early));
            // The number of the thread, whose end comes between those of the two.
            late.0.get(&7);
            LATE.set(Some(late));
        });
        thread.join().unwrap();
        assert_eq!((cache.len(), ledger.alive(), Arc::strong_count(&cache)), (0, 0, 1));
        assert_eq!(cache.stats().hits() + cache.stats().misses(), 11);
    }
}

/// As long as the longest that is promised.
#[test]
fn a_hundred_thousand_that_hold_the_next() {
    for capacity in [0, 1] {
        let (cache, ledger) = (WeakCache::new(capacity), Ledger::default());
        let head = chain(&cache, &ledger, 100_000);
        assert_eq!(cache.len(), 100_000);
        cache.clear();
        drop(head);
        assert_eq!((cache.len(), ledger.alive()), (0, 0));
    }
}

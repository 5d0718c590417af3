//! Keys, values and factories of a `LocalCache` that panic, call back, or run where nobody expects it.

mod common;

use std::cell::{Cell, RefCell};
use std::hash::{Hash, Hasher};
use std::rc::{Rc, Weak};
use std::thread;

use common::{Counted, Ledger, panic_message};
use lagom_weakcache::{LocalCache, LocalCached};

/// What is to be run by the next hash, comparison or drop of a [`Lively`]; once.
#[derive(Clone, Default)]
struct Hook(Rc<RefCell<Option<Callback>>>);

type Callback = Box<dyn Fn()>;

impl Hook {
    fn set(&self, hook: impl Fn() + 'static) {
        *self.0.borrow_mut() = Some(Box::new(hook));
    }

    fn run(&self) {
        let hook = self.0.borrow_mut().take();
        if let Some(hook) = hook {
            hook();
        }
    }

    fn is_done(&self) -> bool {
        self.0.borrow().is_none()
    }
}

#[derive(Clone, Default)]
struct Hooks {
    hash: Hook,
    eq: Hook,
    drop: Hook,
}

/// A key that calls its hooks.
struct Lively(u32, Hooks);

impl Hash for Lively {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.1.hash.run();
        self.0.hash(state);
    }
}

impl PartialEq for Lively {
    fn eq(&self, other: &Self) -> bool {
        self.1.eq.run();
        self.0 == other.0
    }
}

impl Eq for Lively {}

impl Drop for Lively {
    fn drop(&mut self) {
        self.1.drop.run();
    }
}

/// A value that calls a hook when dropped.
struct Loud(Hook, #[allow(dead_code, reason = "to be counted")] Counted);

impl Drop for Loud {
    fn drop(&mut self) {
        self.0.run();
    }
}

#[test]
fn handles_are_one_pointer_wide() {
    assert_eq!(size_of::<LocalCached<String>>(), size_of::<usize>());
    assert_eq!(size_of::<Option<LocalCached<[u8; 100]>>>(), size_of::<usize>());
}

#[test]
fn a_load_that_needs_itself_panics() {
    let cache = LocalCache::new(3);
    let message = panic_message(|| cache.get_or_insert_with(1, || *cache.get_or_insert_with(1, || 2)));
    assert!(message.contains("i32") && message.contains("needs itself"), "{message}");
    assert_eq!((cache.len(), cache.stats().loads()), (0, 0));
    let message = panic_message(|| {
        // By way of another key.
        cache.try_get_or_insert_with(1, || {
            cache
                .try_get_or_insert_with(2, || cache.try_get_or_insert_with(1, || Ok::<i32, ()>(3)).map(|v| *v))
                .map(|v| *v)
        })
    });
    assert!(message.contains("needs itself"), "{message}");
    assert!(cache.is_empty());
    assert_eq!(*cache.get_or_insert_with(1, || *cache.get_or_insert_with(2, || 7) + 1), 8);
    assert_eq!((cache.len(), cache.stats().loads()), (2, 2));
}

#[test]
fn loads_that_fail_leave_nothing() {
    let (cache, ledger) = (LocalCache::new(3), Ledger::default());
    assert_eq!(cache.try_get_or_insert_with(1, || Err("no")).err(), Some("no"));
    assert_eq!(panic_message(|| cache.get_or_insert_with(1, || panic!("factory"))), "factory");
    assert_eq!((cache.len(), cache.stats().deaths()), (0, 0));
    assert_eq!(cache.get_or_insert_with(1, || ledger.value(5)).id, 5);
    assert_eq!((cache.stats().loads(), cache.stats().misses()), (1, 3));
}

#[test]
fn a_load_whose_key_is_inserted_and_then_fails_leaves_what_was_inserted() {
    let cache = LocalCache::new(3);
    assert!(
        cache
            .try_get_or_insert_with(1, || {
                cache.insert(1, 7);
                Err(())
            })
            .is_err()
    );
    assert_eq!((cache.get(&1).as_deref(), cache.len()), (Some(&7), 1));
    // Where nobody keeps that, it is gone.
    cache.clear();
    cache.set_capacity(0);
    assert!(
        cache
            .try_get_or_insert_with(1, || {
                cache.insert(1, 7);
                Err(())
            })
            .is_err()
    );
    assert_eq!((cache.len(), cache.stats().deaths()), (0, 1));
}

#[test]
fn a_load_whose_key_is_removed_is_not_in_the_cache() {
    for wipe in [|cache: &LocalCache<u32, u32>| drop(cache.remove(&1)), |cache: &LocalCache<u32, u32>| cache.clear()] {
        let cache = LocalCache::new(3);
        let value = cache.get_or_insert_with(1, || {
            wipe(&cache);
            // Forgotten, so this is a load of its own.
            *cache.get_or_insert_with(1, || 4) + 1
        });
        assert_eq!((*value, cache.get(&1).as_deref()), (5, Some(&4)));
        drop(value);
        assert_eq!((cache.len(), cache.stats().deaths()), (1, 0));
    }
}

#[test]
fn panics_in_hash_and_eq() {
    let (cache, ledger, hooks) = (LocalCache::new(2), Ledger::default(), Hooks::default());
    let key = |n| Lively(n, hooks.clone());
    let held = cache.insert(key(1), ledger.value(1));
    for (hook, message) in [(&hooks.hash, "in hash"), (&hooks.eq, "in eq")] {
        let before = cache.stats();
        for attempt in 0..5 {
            hook.set(move || panic!("{message}"));
            assert_eq!(
                panic_message(|| match attempt {
                    0 => drop(cache.get(&key(1))),
                    1 => assert!(cache.contains_key(&key(1))),
                    2 => drop(cache.insert(key(1), ledger.value(2))),
                    3 => drop(cache.remove(&key(1))),
                    _ => drop(cache.get_or_insert_with(key(1), || ledger.value(3))),
                }),
                message
            );
        }
        assert_eq!((cache.stats(), ledger.alive()), (before, 1));
        assert!(LocalCached::ptr_eq(&held, &cache.get(&key(1)).unwrap()));
    }
    // Neither is needed to forget nor to die.
    hooks.eq.set(|| panic!("in eq"));
    hooks.hash.set(|| panic!("in hash"));
    cache.clear();
    drop(held);
    assert_eq!((cache.len(), ledger.alive()), (0, 0));
}

#[test]
fn hash_and_eq_that_change_the_cache() {
    type Change = fn(&LocalCache<Lively, u32>, Lively);
    let changes: [Change; 5] = [
        |cache, _| cache.clear(),
        |cache, key| drop(cache.remove(&key)),
        |cache, key| drop(cache.insert(key, 50)),
        |cache, key| drop(cache.get_or_insert_with(key, || 60)),
        |cache, _| (100..200).for_each(|n| drop(cache.insert(Lively(n, Hooks::default()), n))),
    ];
    for change in changes {
        for present in [false, true] {
            for in_hash in [false, true] {
                for attempt in 0..4 {
                    let (cache, hooks) = (Rc::new(LocalCache::new(3)), Hooks::default());
                    let key = || Lively(1, hooks.clone());
                    let held = present.then(|| cache.insert(key(), 10));
                    let (again, plain) = (Rc::downgrade(&cache), hooks.clone());
                    let hook = if in_hash { &hooks.hash } else { &hooks.eq };
                    hook.set(move || change(&again.upgrade().unwrap(), Lively(1, plain.clone())));
                    match attempt {
                        0 => drop(cache.get(&key())),
                        1 => assert_eq!(*cache.insert(key(), 20), 20),
                        2 => drop(cache.remove(&key())),
                        _ => drop(cache.get_or_insert_with(key(), || 30)),
                    }
                    // Never two entries of one key, and what was entered is found.
                    let all: Vec<_> = cache.entries().filter(|entry| entry.key().0 == 1).collect();
                    assert!(all.len() <= 1, "{present} {in_hash} {attempt}");
                    let ours = all.first().map(|entry| **entry.value());
                    assert_eq!(cache.get(&key()).as_deref().copied(), ours);
                    if attempt == 1 {
                        assert_eq!(ours.or_else(|| hook.is_done().then_some(20)), Some(20));
                    }
                    drop((all, held));
                    hook.0.take();
                    cache.clear();
                    assert!(cache.is_empty() && cache.stats().strong_len() == 0);
                }
            }
        }
    }
}

/// A key that meets all others, and calls its hook when compared.
struct Twin(u32, Hook);

impl Hash for Twin {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl PartialEq for Twin {
    fn eq(&self, other: &Self) -> bool {
        self.1.run();
        self.0 == other.0
    }
}

impl Eq for Twin {}

#[test]
fn a_key_that_comes_while_it_is_looked_for_is_there_once() {
    for (load, others, before) in
        [(false, 1, 0), (true, 1, 0), (false, 3, 1), (true, 3, 1), (false, 3, 2), (true, 3, 2)]
    {
        let (cache, hook) = (Rc::new(LocalCache::new(10)), Hook::default());
        (2..2 + others).for_each(|n| drop(cache.insert(Twin(n, hook.clone()), n)));
        // The comparison with another key, after so many before it, brings in the very key that is not found.
        arrange(&cache, &hook, before);
        let value = if load {
            *cache.get_or_insert_with(Twin(1, hook.clone()), || 20)
        } else {
            *cache.insert(Twin(1, hook.clone()), 20)
        };
        assert!(hook.is_done());
        assert_eq!(value, if load { 10 } else { 20 });
        let all: Vec<_> = cache.entries().filter(|entry| entry.key().0 == 1).map(|entry| **entry.value()).collect();
        assert_eq!((all, cache.len()), (vec![value], others as usize + 1));
    }
}

fn arrange(cache: &Rc<LocalCache<Twin, u32>>, hook: &Hook, before: u32) {
    let (cache, again) = (Rc::clone(cache), hook.clone());
    hook.set(move || match before {
        0 => drop(cache.insert(Twin(1, Hook::default()), 10)),
        _ => arrange(&cache, &again, before - 1),
    });
}

#[test]
fn panics_in_the_drop_of_values_and_keys() {
    for of_key in [false, true] {
        let (cache, ledger, hooks) = (LocalCache::new(1), Ledger::default(), Hooks::default());
        let key = |n| Lively(n, if n == 1 { hooks.clone() } else { Hooks::default() });
        let value = |n| Loud(if n == 1 { hooks.drop.clone() } else { Hook::default() }, ledger.value(n));
        let hook = hooks.drop.clone();
        // Whichever of the two is dropped first panics; the other follows.
        let enter =
            || {
                drop(cache.insert(
                    Lively(1, if of_key { hooks.clone() } else { Hooks::default() }),
                    value(u64::from(!of_key)),
                ));
                hook.set(|| panic!("in drop"));
            };
        let look = |n| cache.contains_key(&Lively(n, Hooks::default()));
        // Evicted, removed, replaced, cleared, the last handle.
        enter();
        assert_eq!(panic_message(|| cache.insert(key(2), value(2))), "in drop");
        assert!(look(2) && !look(1));
        enter();
        assert_eq!(panic_message(|| drop(cache.remove(&Lively(1, Hooks::default())))), "in drop");
        assert!(!look(1));
        enter();
        assert_eq!(panic_message(|| cache.insert(Lively(1, Hooks::default()), value(3))), "in drop");
        assert!(look(1));
        cache.clear();
        enter();
        assert_eq!(panic_message(|| cache.clear()), "in drop");
        assert!(cache.is_empty());
        enter();
        assert_eq!(panic_message(|| cache.set_capacity(0)), "in drop");
        assert!(cache.is_empty() && cache.stats().strong_len() == 0);
        let held =
            cache.insert(Lively(1, if of_key { hooks.clone() } else { Hooks::default() }), value(u64::from(!of_key)));
        hook.set(|| panic!("in drop"));
        assert_eq!(panic_message(|| drop(held)), "in drop");
        cache.set_capacity(1);
        enter();
        assert_eq!(panic_message(|| drop(cache)), "in drop");
        assert_eq!(ledger.alive(), 0);
    }
}

/// A value that uses its cache when dropped.
struct Reentrant {
    cache: Weak<LocalCache<u32, Reentrant>>,
    runs: Rc<Cell<u32>>,
    id: u32,
}

impl Drop for Reentrant {
    fn drop(&mut self) {
        self.runs.set(self.runs.get() + 1);
        let Some(cache) = self.cache.upgrade() else { return };
        assert!(cache.get(&self.id).is_none_or(|other| other.id == self.id), "gone before its drop, or replaced");
        if self.id < 100 {
            let (again, runs, id) = (self.cache.clone(), Rc::clone(&self.runs), self.id + 100);
            cache.insert(id, Reentrant { cache: again, runs, id });
        } else if self.id.is_multiple_of(7) {
            cache.clear();
        } else {
            cache.remove(&(self.id + 1));
            cache.retain(|id, _| id % 3 != 0);
        }
    }
}

#[test]
fn drops_that_use_the_cache() {
    for capacity in [0, 1, 3, usize::MAX] {
        let (cache, runs) = (Rc::new(LocalCache::new(capacity)), Rc::new(Cell::new(0)));
        let value = |id| Reentrant { cache: Rc::downgrade(&cache), runs: Rc::clone(&runs), id };
        for id in 0..100 {
            let held = cache.insert(id % 10, value(id % 10));
            if id % 3 == 0 {
                cache.remove(&(id % 10));
            }
            drop(held);
            assert!(cache.stats().strong_len() <= capacity);
        }
        cache.clear();
        cache.clear();
        assert!(cache.stats().len() >= cache.stats().strong_len());
        cache.retain(|_, _| false);
        drop(cache);
        assert!((200..=300).contains(&runs.get()) || capacity > 0, "{}", runs.get());
    }
}

/// The next in a chain, in the value and in the key.
struct Chained(
    #[allow(dead_code, reason = "held")] Option<LocalCached<Chained>>,
    #[allow(dead_code, reason = "counted")] Counted,
);

#[test]
fn a_long_chain_dies_on_a_small_stack() {
    let length = if cfg!(miri) { 1_000 } else { 100_000 };
    let dying = thread::Builder::new().stack_size(128 * 1024).spawn(move || {
        let (cache, ledger) = (LocalCache::new(0), Ledger::default());
        let mut next = None;
        for id in 0..length {
            next = Some(cache.insert(id, Chained(next, ledger.value(id))));
        }
        assert_eq!((cache.len(), ledger.alive()), (length as usize, length as usize));
        drop(next);
        assert_eq!((cache.len(), ledger.alive()), (0, 0));
        assert_eq!(cache.stats().deaths(), length);
        // Through the strong tier, with the cache.
        let cache = LocalCache::new(usize::MAX);
        let mut next = None;
        for id in 0..length {
            next = Some(cache.insert(id, Chained(next, ledger.value(id))));
        }
        drop(next);
        drop(cache);
        assert_eq!(ledger.alive(), 0);
    });
    dying.unwrap().join().unwrap();
}

#[test]
fn a_panic_deep_in_a_chain_loses_nothing() {
    struct Link(#[allow(dead_code, reason = "held")] Option<LocalCached<Link>>, Counted);

    impl Drop for Link {
        fn drop(&mut self) {
            assert!(self.1.id != 900 && self.1.id != 50 || thread::panicking(), "in drop");
        }
    }

    let (cache, ledger) = (LocalCache::new(0), Ledger::default());
    for length in [51, 901, 1000] {
        let mut next = None;
        for id in 0..length {
            next = Some(cache.insert(id, Link(next, ledger.value(id))));
        }
        assert_eq!(panic_message(|| drop(next)), "in drop");
        assert_eq!((cache.len(), ledger.alive()), (0, 0));
    }
}

#[test]
fn a_late_death_leaves_the_new_entry() {
    let (cache, ledger) = (LocalCache::new(0), Ledger::default());
    let old = cache.insert('a', ledger.value(1));
    let new = cache.insert('a', ledger.value(2));
    drop(old);
    assert_eq!((cache.get(&'a').unwrap().id, cache.len(), ledger.alive()), (2, 1, 1));
    let removed = cache.remove(&'a').unwrap();
    let newest = cache.insert('a', ledger.value(3));
    drop((removed, new));
    assert_eq!((cache.get(&'a').unwrap().id, cache.len(), ledger.alive()), (3, 1, 1));
    drop(newest);
    assert_eq!((cache.len(), ledger.alive(), cache.stats().deaths()), (0, 0, 1));
}

#[test]
fn handles_outlive_their_cache() {
    thread_local! {
        static LAST: RefCell<Option<LocalCached<Counted>>> = const { RefCell::new(None) };
    }

    let ledger = Ledger::default();
    let theirs = ledger.clone();
    thread::spawn(move || {
        let cache = LocalCache::new(10);
        for id in 0..10 {
            cache.insert(id, theirs.value(id));
        }
        let held = cache.get(&3).unwrap();
        LAST.set(cache.get(&4));
        drop(cache);
        assert_eq!((held.id, held.clone().id, theirs.alive()), (3, 3, 2));
        drop(held);
        assert_eq!(theirs.alive(), 1);
    })
    .join()
    .unwrap();
    assert_eq!(ledger.alive(), 0, "the last one went with its thread");
}

#[test]
fn what_leaves_the_tier_is_still_the_one() {
    for capacity in [0, 1, 3] {
        let (cache, ledger) = (LocalCache::new(capacity), Ledger::default());
        let held: Vec<_> = (0..50).map(|id| cache.insert(id, ledger.value(id))).collect();
        for (id, handle) in held.iter().enumerate() {
            assert!(LocalCached::ptr_eq(handle, &cache.get_or_insert_with(id as u64, || unreachable!())));
            assert_eq!(cache.stats().strong_len(), capacity);
        }
        drop(held);
        assert_eq!((cache.len(), ledger.alive()), (capacity, capacity));
    }
}

#[test]
fn a_hit_keeps_in_the_tier() {
    let cache = LocalCache::new(10);
    for n in 0..10 {
        cache.insert(n, n);
    }
    for n in 10..1000 {
        assert!(cache.get(&0).is_some(), "{n}");
        cache.insert(n, n);
    }
    assert_eq!((cache.len(), cache.stats().evictions()), (10, 990));
}

#[test]
fn a_tier_that_becomes_smaller_keeps_the_newest() {
    let cache = LocalCache::new(10);
    (0..10).for_each(|n| drop(cache.insert(n, n)));
    cache.set_capacity(5);
    assert!((0..10).all(|n| cache.contains_key(&n) == (n >= 5)));
    cache.set_capacity(7);
    (10..12).for_each(|n| drop(cache.insert(n, n)));
    assert_eq!((cache.len(), cache.stats().evictions()), (7, 5));
}

#[test]
fn values_of_all_shapes() {
    #[derive(Debug)]
    #[repr(align(256))]
    struct Aligned(u8);

    let units = LocalCache::new(2);
    let (one, two) = (units.insert(1, ()), units.insert(2, ()));
    assert!(!LocalCached::ptr_eq(&one, &two));
    drop((one, two));
    units.clear();

    let aligned = LocalCache::new(0);
    let held: Vec<_> = (0..20).map(|n| aligned.insert(n, Aligned(n))).collect();
    assert!(held.iter().enumerate().all(|(n, v)| (&raw const **v).addr() % 256 == 0 && v.0 == n as u8));

    // An aligned key behind a small value.
    #[derive(PartialEq, Eq, Hash)]
    #[repr(align(128))]
    struct Key(u16);
    let keyed = LocalCache::new(5);
    for n in 0..20 {
        keyed.insert(Key(n), n as u8);
    }
    assert!(keyed.entries().all(|entry| entry.key().0 == u16::from(**entry.value())));
    assert!(keyed.entries().all(|entry| std::ptr::from_ref(entry.key()).addr() % 128 == 0));

    let boxes: LocalCache<&str, Box<dyn Fn(u32) -> u32>> = LocalCache::new(2);
    boxes.insert("double", Box::new(|n| 2 * n));
    assert_eq!(boxes.with("double", |f| f(21)), Some(42));
}

#[test]
fn an_unused_cache_has_no_hits() {
    let cache = LocalCache::<u8, u8>::new(usize::MAX);
    assert_eq!((cache.stats().hit_ratio(), cache.len(), cache.capacity()), (0.0, 0, usize::MAX));
    assert!(cache.memory_usage() < 512, "nothing is allocated ahead");
    cache.set_capacity(0);
    cache.shrink_to_fit();
    cache.clear();
    assert_eq!(cache.capacity(), 0);
}

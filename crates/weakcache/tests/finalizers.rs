//! What is done at a death: once for each life, outside of locks, whatever panics.

mod common;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock, Weak, mpsc};
use std::thread;
use std::time::Duration;

use common::{Counted, Ledger};
use lagom_weakcache::{Eviction, WeakCache, WeakCacheBuilder};

/// Who died, by the id of the value: how often.
#[derive(Clone, Default)]
struct Deaths(Arc<Mutex<HashMap<u64, u32>>>);

impl Deaths {
    fn note(&self, id: u64) {
        *self.0.lock().unwrap().entry(id).or_default() += 1;
    }

    /// All that died, each once.
    fn ids(&self) -> Vec<u64> {
        let deaths = self.0.lock().unwrap();
        assert!(deaths.values().all(|times| *times == 1), "{deaths:?}");
        let mut ids: Vec<_> = deaths.keys().copied().collect();
        ids.sort_unstable();
        ids
    }

    fn build(&self, builder: WeakCacheBuilder<u64, Counted>) -> WeakCache<u64, Counted> {
        let deaths = self.clone();
        builder
            .on_death(move |key, value| {
                assert_eq!(*key, value.id % 100, "key and value are there, and belong together");
                deaths.note(value.id);
            })
            .build()
    }
}

fn setup(capacity: usize) -> (WeakCache<u64, Counted>, Deaths, Ledger) {
    let deaths = Deaths::default();
    (deaths.build(WeakCache::builder().capacity(capacity).eviction(Eviction::Lru)), deaths, Ledger::default())
}

#[test]
fn on_the_drop_of_the_last_handle() {
    let (cache, deaths, ledger) = setup(0);
    let first = cache.insert(1, ledger.value(1));
    let second = first.clone();
    drop(first);
    assert_eq!(deaths.ids(), []);
    drop(second);
    assert_eq!((deaths.ids(), ledger.alive()), (vec![1], 0));
}

#[test]
fn on_eviction_unless_it_is_held() {
    let (cache, deaths, ledger) = setup(2);
    let held = cache.insert(1, ledger.value(1));
    for key in 2..=5 {
        cache.insert(key, ledger.value(key));
    }
    assert_eq!(deaths.ids(), [2, 3]);
    drop(held);
    assert_eq!(deaths.ids(), [1, 2, 3]);
    cache.set_capacity(1);
    assert_eq!(deaths.ids(), [1, 2, 3, 4]);
    cache.set_capacity(0);
    assert_eq!(deaths.ids(), [1, 2, 3, 4, 5]);
}

#[test]
fn on_remove_replace_retain_and_clear() {
    let (cache, deaths, ledger) = setup(10);
    for key in 1..=5 {
        cache.insert(key, ledger.value(key));
    }
    let removed = cache.remove(&1).unwrap();
    assert_eq!(deaths.ids(), []);
    drop(removed);
    cache.insert(2, ledger.value(102));
    assert_eq!(deaths.ids(), [1, 2]);
    cache.retain(|key, _| *key != 3);
    assert_eq!(deaths.ids(), [1, 2, 3]);
    let held = cache.get(&4);
    cache.keep(&5);
    cache.clear();
    assert_eq!(deaths.ids(), [1, 2, 3, 5, 102]);
    cache.insert(4, ledger.value(104));
    drop(held);
    assert_eq!(deaths.ids(), [1, 2, 3, 4, 5, 102]);
    assert_eq!((ledger.alive(), cache.get(&4).unwrap().id), (1, 104));
}

#[test]
fn on_expiry() {
    let (deaths, ledger) = (Deaths::default(), Ledger::default());
    let cache = deaths.build(WeakCache::builder().ttl(Duration::ZERO));
    let held = cache.insert(1, ledger.value(1));
    cache.insert(2, ledger.value(2));
    assert!(cache.get(&1).is_none() && cache.get(&2).is_none());
    assert_eq!(deaths.ids(), [2]);
    drop(held);
    cache.insert(3, ledger.value(3));
    cache.purge_expired();
    assert_eq!(deaths.ids(), [1, 2, 3]);
}

#[test]
fn when_the_cache_goes_and_after_it() {
    let (cache, deaths, ledger) = setup(10);
    let held: Vec<_> = (1..4).map(|key| cache.insert(key, ledger.value(key))).collect();
    cache.insert(4, ledger.value(4));
    cache.insert(5, ledger.value(5));
    cache.keep(&5);
    drop(cache);
    assert_eq!(deaths.ids(), [4, 5]);
    thread::spawn(move || drop(held)).join().unwrap();
    assert_eq!((deaths.ids(), ledger.alive()), (vec![1, 2, 3, 4, 5], 0));
    assert_eq!(Arc::strong_count(&deaths.0), 1, "the finalizer itself goes with the last of them");
}

#[test]
fn not_before_a_borrow_ends() {
    let (deaths, ledger) = (Deaths::default(), Ledger::default());
    let cache = deaths.build(WeakCache::builder().capacity(1).shards(1));
    for ending in [0, 1, 2, 3] {
        let id = 1 + 100 * ending;
        cache.insert(1, ledger.value(id));
        cache.with(&1, |_| ()).unwrap(); // From the second on it is borrowed.
        let (say, hear) = mpsc::channel();
        let (go, wait) = mpsc::channel();
        thread::scope(|scope| {
            let (cache, deaths) = (&cache, &deaths);
            scope.spawn(move || {
                cache.with(&1, |value| {
                    say.send(()).unwrap();
                    wait.recv().unwrap();
                    assert!(!deaths.ids().contains(&value.id));
                });
                assert!(deaths.ids().contains(&id), "it is over when the borrow is");
            });
            hear.recv().unwrap();
            match ending {
                0 => drop(cache.remove(&1)),
                1 => cache.clear(),
                2 => cache.set_capacity(0),
                _ => drop(cache.insert(1, ledger.value(901))),
            }
            cache.set_capacity(1);
            assert_ne!(cache.get(&1).map(|value| value.id), Some(id));
            assert!(!deaths.ids().contains(&id));
            go.send(()).unwrap();
        });
    }
    drop(cache);
    assert_eq!((deaths.ids(), ledger.alive()), (vec![1, 101, 201, 301, 901], 0));
}

#[test]
fn not_for_a_load_that_failed_but_for_one_that_lost() {
    let (cache, deaths, ledger) = setup(10);
    cache.try_get_or_insert_with(1, || Err::<Counted, _>(())).unwrap_err();
    common::panic_message(|| cache.get_or_insert_with(1, || panic!("no")));
    assert_eq!(deaths.ids(), []);
    let won = cache.get_or_insert_with(1, || {
        cache.insert(1, ledger.value(101));
        ledger.value(1)
    });
    assert_eq!((won.id, deaths.ids()), (101, vec![1]));
    let left = cache.get_or_insert_with(2, || {
        cache.remove(&2);
        ledger.value(2)
    });
    assert_eq!(deaths.ids(), [1]);
    drop((left, won, cache));
    assert_eq!((deaths.ids(), ledger.alive()), (vec![1, 2, 101], 0));
}

struct KeyOf(u64, Ledger, #[allow(dead_code, reason = "its drop is what it is for")] Counted);

impl PartialEq for KeyOf {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl Eq for KeyOf {}
impl std::hash::Hash for KeyOf {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl KeyOf {
    fn new(id: u64, ledger: &Ledger) -> Self {
        Self(id, ledger.clone(), ledger.value(id))
    }
}
impl Drop for KeyOf {
    fn drop(&mut self) {
        assert!(self.1.alive() > 0);
    }
}

#[test]
fn one_that_panics_leaves_all_in_order() {
    let (keys, values, calls) = (Ledger::default(), Ledger::default(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&calls);
    let cache = WeakCache::builder().capacity(3).eviction(Eviction::Lru).on_death(move |_: &KeyOf, value: &Counted| {
        count.fetch_add(1, SeqCst);
        if value.id.is_multiple_of(2) {
            panic!("death of {}", value.id);
        }
    });
    let cache = cache.build();
    let insert = |id| cache.insert(KeyOf::new(id, &keys), values.value(id));
    (0..3).for_each(|id| drop(insert(id)));
    let message = common::panic_message(|| insert(3));
    assert_eq!(message, "death of 0");
    assert_eq!((cache.len(), keys.alive(), values.alive(), calls.load(SeqCst)), (3, 3, 3, 1));
    drop(insert(4)); // 1 leaves.
    assert_eq!((cache.len(), keys.alive(), values.alive(), calls.load(SeqCst)), (3, 3, 3, 2));
    // Several at once: those behind one that panics go, too.
    catch_unwind(AssertUnwindSafe(|| cache.set_capacity(1))).unwrap_err();
    assert_eq!((cache.len(), keys.alive(), values.alive(), calls.load(SeqCst)), (1, 1, 1, 4));
    catch_unwind(AssertUnwindSafe(|| insert(5))).unwrap_err(); // 4 leaves.
    assert_eq!((cache.len(), keys.alive(), values.alive(), calls.load(SeqCst)), (1, 1, 1, 5));
    assert!(catch_unwind(AssertUnwindSafe(|| cache.get(&KeyOf::new(4, &keys)))).unwrap().is_none());
    drop(insert(7));
    let held = insert(8);
    cache.clear();
    catch_unwind(AssertUnwindSafe(|| drop(held))).unwrap_err();
    insert(10);
    catch_unwind(AssertUnwindSafe(|| drop(cache))).unwrap_err();
    assert_eq!((keys.alive(), values.alive(), calls.load(SeqCst)), (0, 0, 9));
    assert_eq!(Arc::strong_count(&calls), 1, "the cache is gone as a whole");
}

#[test]
fn one_that_uses_the_cache() {
    type Cache = WeakCache<u64, Counted>;
    for capacity in [0, 1, 2] {
        let (ledger, own): (_, Arc<OnceLock<Weak<Cache>>>) = (Ledger::default(), Arc::default());
        let (back, values, calls) = (Arc::clone(&own), ledger.clone(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&calls);
        let builder = WeakCache::builder().capacity(capacity).shards(1).on_death(move |key: &u64, value: &Counted| {
            count.fetch_add(1, SeqCst);
            let Some(cache) = back.get().and_then(Weak::upgrade) else { return };
            assert!(cache.get(key).is_none_or(|other| other.id != value.id), "who dies is not found");
            // Lives on for a while, as another one, and dies with the next.
            if value.id < 5 {
                let again = cache.insert(*key, values.value(value.id + 1));
                assert_eq!(cache.get(key).unwrap().id, again.id);
                cache.get_or_insert_with(key + 1, || values.value(100));
                cache.remove(&(key + 1));
                cache.keep(key);
                cache.release(key);
                assert!(cache.iter().count() <= cache.stats().len() && cache.memory_usage().total() > 0);
                cache.retain(|_, _| true);
                cache.shrink_to_fit();
            }
        });
        let cache = Arc::new(builder.build());
        own.set(Arc::downgrade(&cache)).unwrap();
        drop(cache.insert(1, ledger.value(0)));
        cache.remove(&1);
        cache.clear();
        for _ in 0..10 {
            cache.clear();
        }
        assert_eq!((cache.len(), ledger.alive(), calls.load(SeqCst)), (0, 0, ledger.made()), "{capacity}");
        cache.insert(7, ledger.value(4));
        drop(cache);
        assert_eq!((ledger.alive(), calls.load(SeqCst)), (0, ledger.made()));
    }
}

/// Long chains die by way of a list, with a finalizer for each.
#[test]
fn each_of_a_long_chain() {
    struct Link(#[allow(dead_code, reason = "holds the next")] Option<lagom_weakcache::Cached<Link>>);

    let (calls, many) = (Arc::new(AtomicUsize::new(0)), if cfg!(miri) { 300 } else { 100_000 });
    let count = Arc::clone(&calls);
    let cache = WeakCache::builder().capacity(0).on_death(move |_, _| {
        count.fetch_add(1, SeqCst);
    });
    let cache = cache.build();
    let chain = (0..many).fold(None, |next, key| Some(cache.insert(key, Link(next))));
    assert_eq!(cache.len(), many);
    drop(chain);
    assert_eq!((cache.len(), calls.load(SeqCst)), (0, many));
}

/// Four threads do all that there is; every value made has exactly one finalizer run.
#[test]
fn once_for_each_life_whoever_lets_go() {
    for capacity in [0, 5, 50] {
        let (made, calls) = (AtomicUsize::new(0), Arc::new(Mutex::new(Vec::<u32>::new())));
        let ended = Arc::clone(&calls);
        let cache = WeakCache::builder().capacity(capacity).ttl(Duration::from_micros(200)).on_death(
            move |_: &u64, id: &usize| {
                let mut ended = ended.lock().unwrap();
                let len = ended.len().max(id + 1);
                ended.resize(len, 0);
                ended[*id] += 1;
            },
        );
        let cache = cache.build();
        let all: Vec<_> = thread::scope(|scope| {
            let work = |thread: u64| {
                let (cache, made) = (&cache, &made);
                move || {
                    let mut held = Vec::new();
                    for step in 0..if cfg!(miri) { 50_u64 } else { 4000 } {
                        let key = (step * 7 + thread * 3) % 40;
                        match (step + thread) % 9 {
                            0 | 1 => held.push(cache.insert(key, made.fetch_add(1, SeqCst))),
                            2 => held.push(cache.get_or_insert_with(key, || made.fetch_add(1, SeqCst))),
                            3 => held.extend(cache.get(&key)),
                            4 => drop(held.drain(..held.len() / 2).collect::<Vec<_>>()),
                            5 => drop(cache.remove(&key)),
                            6 => drop(cache.with(&key, |_| ())),
                            7 if step % 100 == 0 => cache.clear(),
                            7 => drop((cache.keep(&key), cache.release(&(key + 1)))),
                            _ => cache.set_capacity(if step % 2 == 0 { capacity } else { 3 }),
                        }
                    }
                    held
                }
            };
            let threads: Vec<_> = (0..4).map(|thread| scope.spawn(work(thread))).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        drop(cache);
        drop(all);
        let ended = calls.lock().unwrap();
        assert_eq!(ended.len(), made.load(SeqCst));
        assert!(ended.iter().all(|times| *times == 1), "{ended:?}");
    }
}

/// An `insert` wins over the load, and what is swept with it panics: the value that was made dies all the same.
#[test]
fn a_load_that_lost_dies_once_also_by_a_panic() {
    struct Value(u32, Arc<AtomicUsize>);

    impl Drop for Value {
        fn drop(&mut self) {
            self.1.fetch_add(1, SeqCst);
            assert!(self.0 != 13 || thread::panicking(), "in drop");
        }
    }

    let (dropped, told) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&told);
    let cache = WeakCache::builder()
        .expiry(|_: &u32, value: &Value| Duration::from_secs(if value.0 == 13 { 0 } else { 60 }))
        .on_death(move |_, _| {
            count.fetch_add(1, SeqCst);
        })
        .shards(1)
        .build();
    let value = |id| Value(id, Arc::clone(&dropped));
    let load = || {
        cache.insert(1, value(1));
        cache.insert(13, value(13));
        value(2)
    };
    let panic = catch_unwind(AssertUnwindSafe(|| drop(cache.get_or_insert_with(1, load))));
    drop(panic);
    drop(cache);
    assert_eq!((dropped.load(SeqCst), told.load(SeqCst)), (3, 3));
}

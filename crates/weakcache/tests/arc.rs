//! `ArcCache`: what it finds, how many dead it keeps, and code of users that panics, re-enters and waits.

mod common;

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Mutex, Weak};
use std::thread;
use std::time::Duration;

use common::{Counted, Ledger, panic_message};
use lagom_weakcache::ArcCache;
use proptest::prelude::*;

/// A cache with the strict order of use.
fn strict<K, V: ?Sized>(capacity: usize) -> ArcCache<K, V> {
    ArcCache::builder().capacity(capacity).shards(1).build()
}

#[derive(Clone, Debug)]
enum Op {
    Get(u8),
    Insert(u8),
    Load(u8),
    FailedLoad(u8),
    Remove(u8),
    Retain(u8),
    Clear,
    Purge,
    Release(prop::sample::Index),
}

fn op() -> impl Strategy<Value = Op> {
    let key = 0..12_u8;
    prop_oneof![
        4 => key.clone().prop_map(Op::Get),
        4 => key.clone().prop_map(Op::Insert),
        4 => key.clone().prop_map(Op::Load),
        1 => key.clone().prop_map(Op::FailedLoad),
        1 => key.prop_map(Op::Remove),
        1 => (2..4_u8).prop_map(Op::Retain),
        1 => Just(Op::Clear),
        1 => Just(Op::Purge),
        6 => any::<prop::sample::Index>().prop_map(Op::Release),
    ]
}

/// The truth, as simple as it can be: ids of lives.
#[derive(Default)]
struct Model {
    capacity: usize,
    table: HashMap<u8, u64>,
    /// From the least to the most recently used.
    strong: Vec<u64>,
    held: Vec<u64>,
    evictions: u64,
}

impl Model {
    fn touch(&mut self, id: u64) {
        self.strong.retain(|other| *other != id);
        self.strong.push(id);
        if self.strong.len() > self.capacity {
            let out = self.strong.remove(0);
            // With capacity 0 nothing ever enters the tier.
            self.evictions += u64::from(out != id);
        }
    }

    fn settle(&mut self) {
        let (strong, held) = (&self.strong, &self.held);
        self.table.retain(|_, id| strong.contains(id) || held.contains(id));
    }

    fn unlist(&mut self, key: u8) -> Option<u64> {
        let id = self.table.remove(&key)?;
        self.strong.retain(|other| *other != id);
        Some(id)
    }

    fn alive(&self) -> usize {
        let mut ids: Vec<_> = self.table.values().chain(&self.held).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.len()
    }
}

fn run(capacity: usize, ops: &[Op]) {
    let (cache, ledger) = (strict::<u8, Counted>(capacity), Ledger::default());
    let mut model = Model { capacity, ..Model::default() };
    let mut held: Vec<Arc<Counted>> = Vec::new();
    let mut next = 0;
    for op in ops {
        let mut found = None;
        match *op {
            Op::Get(key) => {
                found = cache.get(&key);
                assert_eq!(found.as_ref().map(|value| value.id), model.table.get(&key).copied());
                if let Some(value) = &found {
                    model.touch(value.id);
                }
            }
            Op::Insert(key) => {
                next += 1;
                let value = Arc::new(ledger.value(next));
                let former = cache.insert(key, Arc::clone(&value));
                assert_eq!(former.map(|value| value.id), model.unlist(key));
                model.table.insert(key, next);
                model.touch(next);
                found = Some(value);
            }
            Op::Load(key) => {
                next += 1;
                let value = cache.get_or_insert_with(key, || ledger.value(next));
                assert_eq!(value.id, *model.table.entry(key).or_insert(next));
                model.touch(value.id);
                found = Some(value);
            }
            Op::FailedLoad(key) => match cache.try_get_or_insert_with(key, || Err::<Counted, _>(key)) {
                Ok(value) => {
                    assert_eq!(Some(&value.id), model.table.get(&key));
                    model.touch(value.id);
                    found = Some(value);
                }
                Err(error) => assert!(error == key && !model.table.contains_key(&key)),
            },
            Op::Remove(key) => {
                found = cache.remove(&key);
                assert_eq!(found.as_ref().map(|value| value.id), model.unlist(key));
            }
            Op::Retain(modulus) => {
                cache.retain(|key, _| key % modulus != 0);
                for key in (0..12).filter(|key| key % modulus == 0) {
                    model.unlist(key);
                }
            }
            Op::Clear => {
                cache.clear();
                model.table.clear();
                model.strong.clear();
            }
            Op::Purge => {
                let dead = cache.stats().dead();
                assert_eq!(cache.purge(), dead);
                assert_eq!(cache.len(), model.table.len());
            }
            Op::Release(which) => {
                if !held.is_empty() {
                    let index = which.index(held.len());
                    held.swap_remove(index);
                    model.held.swap_remove(index);
                }
            }
        }
        if let Some(value) = found {
            model.held.push(value.id);
            held.push(value);
        }
        model.settle();
        let stats = cache.stats();
        assert_eq!((stats.live(), ledger.alive()), (model.table.len(), model.alive()), "{op:?}");
        assert_eq!((stats.live() + stats.dead(), stats.loading()), (cache.len(), 0));
        assert_eq!((stats.strong_len(), stats.evictions()), (model.strong.len(), model.evictions));
        for key in 0..12 {
            assert_eq!(cache.contains_key(&key), model.table.contains_key(&key));
        }
    }
    drop((cache, held));
    assert_eq!(ledger.alive(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn behaves_like_the_model(capacity in 0..5_usize, ops in prop::collection::vec(op(), 0..120)) {
        run(capacity, &ops);
    }

    /// Up to `most` live at once, and however they come and go, there are never more than twice as many slots.
    #[test]
    fn the_dead_are_bounded(
        most in 1..60_usize,
        keys in prop_oneof![Just(u64::MAX), 1..300_u64],
        steps in prop::collection::vec((0..4_u8, any::<u64>()), 1..2000),
    ) {
        let cache = strict::<u64, u64>(0);
        let (mut held, mut peak): (Vec<Arc<u64>>, usize) = (Vec::new(), 0);
        let mut next = 0;
        for (what, random) in steps {
            match what {
                0 if !held.is_empty() => {
                    held.swap_remove(random as usize % held.len());
                }
                1 if random % 64 == 0 => held.clear(),
                1 if random % 7 == 0 => drop(cache.remove(&(random / 7 % keys.min(next.max(1))))),
                _ => {
                    while held.len() >= most {
                        // From the front, from the back, from the middle.
                        held.remove(match what { 1 => 0, 2 => held.len() - 1, _ => random as usize % held.len() });
                    }
                    next += 1;
                    let value = Arc::new(next);
                    peak = peak.max(held.len() + 1);
                    cache.insert(next % keys, Arc::clone(&value));
                    held.push(value);
                }
            }
            assert!(cache.len() <= 2 * peak + 3, "{} of {peak}", cache.len());
        }
    }
}

/// What the proof calls the worst: all that is seen is alive then and dies afterwards.
#[test]
fn the_dead_are_bounded_at_the_worst() {
    for most in [1, 10, 100, 1000] {
        for oldest_first in [false, true] {
            let cache = strict::<usize, usize>(0);
            let mut held = std::collections::VecDeque::new();
            let mut largest = 0;
            for n in 0..20 * most {
                if held.len() >= most {
                    let half = if n / most % 2 == 0 { held.len() / 2 } else { 0 };
                    drop(if oldest_first { held.pop_front() } else { held.remove(half) });
                }
                let value = Arc::new(n);
                cache.insert(n, Arc::clone(&value));
                held.push_back(value);
                largest = largest.max(cache.len());
            }
            assert!(largest <= 2 * most + 3, "{largest} of {most}");
            assert!(most == 1 || largest > most, "it is about the dead");
        }
    }
}

#[test]
fn nothing_but_a_few_dead_is_left_behind() {
    let (cache, ledger) = (ArcCache::<u64, Counted>::new(0), Ledger::default());
    for n in 0..100_000 {
        drop(cache.get_or_insert_with(n, || ledger.value(n)));
    }
    let stats = cache.stats();
    assert!(stats.dead() <= 16 * 5 && stats.live() == 0, "{stats}");
    assert_eq!((stats.swept() + stats.dead() as u64, ledger.alive()), (100_000, 0));
    // A crowd that dies at once is still there, and says so, …
    let crowd: Vec<_> = (0..10_000).map(|n| cache.get_or_insert_with(n, || ledger.value(n))).collect();
    drop(crowd);
    let stats = cache.stats();
    assert!(stats.dead() >= 10_000 && stats.dead_bytes() >= stats.dead() * size_of::<Counted>());
    // … until it is asked for, or others come.
    assert_eq!(cache.get(&1).map(|value| value.id), None);
    assert_eq!(cache.len(), stats.dead() - 1);
    for n in 0..8_000 {
        drop(cache.get_or_insert_with(n + 1_000_000, || ledger.value(n)));
    }
    assert!(cache.len() < 500, "{}", cache.len());
    cache.purge();
    assert!(cache.is_empty());
}

#[test]
fn arcs_from_elsewhere_and_unsized_values() {
    let cache = ArcCache::<u8, dyn Fn(u32) -> u32 + Send + Sync>::new(0);
    let double: Arc<dyn Fn(u32) -> u32 + Send + Sync> = Arc::new(|n| 2 * n);
    cache.insert(1, Arc::clone(&double));
    assert_eq!(cache.get(&1).unwrap()(21), 42);
    drop(double);
    assert!(cache.get(&1).is_none());

    let slices = ArcCache::<u8, [u16]>::new(2);
    assert_eq!(*slices.get_or_insert_with(1, || vec![1, 2, 3]), [1, 2, 3]);
    assert_eq!(*slices.get_or_insert_with(2, || Arc::from([4_u16, 5])), [4, 5]);
    slices.insert(3, Arc::from([0; 500]));
    assert_eq!((slices.stats().dead(), slices.stats().dead_bytes()), (1, 24));
}

#[test]
fn the_strong_tier_is_bounded_over_all_shards() {
    for capacity in [0, 1, 3, 31, 32, 100, 1000] {
        for shards in [None, Some(1), Some(3), Some(64)] {
            let builder = ArcCache::<u32, u32>::builder().capacity(capacity);
            let cache = shards.map_or_else(|| ArcCache::builder().capacity(capacity), |n| builder.shards(n)).build();
            for n in 0..5_000 {
                cache.get_or_insert_with(n, || n);
            }
            let stats = cache.stats();
            assert_eq!((stats.strong_len(), stats.live()), (capacity, capacity), "{shards:?}");
        }
    }
}

#[test]
fn one_thread_loads_and_the_others_wait() {
    let (cache, calls, start) = (ArcCache::<u32, u32>::new(0), AtomicUsize::new(0), Barrier::new(8));
    let all: Vec<Arc<u32>> = thread::scope(|scope| {
        let load = || {
            start.wait();
            cache.get_or_insert_with(7, || {
                calls.fetch_add(1, SeqCst);
                thread::sleep(Duration::from_millis(30));
                70
            })
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(load)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(calls.load(SeqCst), 1);
    assert!(all.iter().all(|value| Arc::ptr_eq(value, &all[0])));
    assert_eq!(cache.stats().loads(), 1);
}

#[test]
fn a_load_that_panics_or_fails_hands_over() {
    let (cache, inside) = (ArcCache::<u32, u32>::new(3), Barrier::new(2));
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            panic_message(|| {
                cache.get_or_insert_with(7, || -> u32 {
                    inside.wait();
                    thread::sleep(Duration::from_millis(20));
                    panic!("factory")
                })
            })
        });
        inside.wait();
        assert_eq!(*cache.get_or_insert_with(7, || 70), 70);
        assert_eq!(leader.join().unwrap(), "factory");
    });
    assert_eq!(cache.try_get_or_insert_with(8, || Err::<u32, _>("no")), Err("no"));
    assert_eq!((cache.len(), cache.stats().loads()), (1, 1));
}

#[test]
fn loads_that_need_themselves_panic() {
    let cache = ArcCache::<u32, u32>::new(3);
    let message = panic_message(|| cache.get_or_insert_with(1, || *cache.get_or_insert_with(1, || 2)));
    assert!(message.contains("u32") && message.contains("needs itself"), "{message}");
    assert!(cache.is_empty());

    // Across threads.
    let both = Barrier::new(2);
    let load = |key: u32, other: u32| {
        cache.get_or_insert_with(key, || {
            both.wait();
            *cache.get_or_insert_with(other, || 5) + 1
        })
    };
    let panics = thread::scope(|scope| {
        let threads = [scope.spawn(|| load(1, 2)), scope.spawn(|| load(2, 1))];
        threads.into_iter().map(|thread| usize::from(thread.join().is_err())).sum::<usize>()
    });
    assert!(panics >= 1);
    assert!(*cache.get_or_insert_with(1, || 9) > 0);
}

#[test]
fn an_insert_or_a_removal_during_a_load() {
    let cache = ArcCache::<u32, u32>::new(3);
    let inserted = Arc::new(5);
    let loaded = cache.get_or_insert_with(1, || {
        assert_eq!((cache.stats().loading(), cache.contains_key(&1), cache.get(&1)), (1, false, None));
        assert_eq!(cache.insert(1, Arc::clone(&inserted)), None);
        6
    });
    assert!(Arc::ptr_eq(&loaded, &inserted) && Arc::ptr_eq(&loaded, &cache.get(&1).unwrap()));

    let wipes: [fn(&ArcCache<u32, u32>); 2] = [|cache| drop(cache.remove(&2)), |cache| cache.clear()];
    for wipe in wipes {
        let loaded = cache.get_or_insert_with(2, || {
            wipe(&cache);
            *cache.get_or_insert_with(2, || 7) + 1
        });
        assert_eq!((*loaded, cache.get(&2).as_deref()), (8, Some(&7)));
        cache.remove(&2);
    }
}

/// A key or value that runs a function when it is hashed, compared or dropped; once for each.
type Hook = Arc<Mutex<Option<Box<dyn Fn() + Send>>>>;

fn run_hook(hook: &Hook) {
    let hook = hook.lock().ok().and_then(|mut hook| hook.take());
    if let Some(hook) = hook {
        hook();
    }
}

fn set_hook(hook: &Hook, f: impl Fn() + Send + 'static) {
    *hook.lock().unwrap() = Some(Box::new(f));
}

#[derive(Clone, Default)]
struct Lively {
    id: u32,
    hash: Hook,
    eq: Hook,
    drop: Hook,
}

impl Lively {
    fn new(id: u32) -> Self {
        Self { id, hash: Hook::default(), eq: Hook::default(), drop: Hook::default() }
    }
}

impl Hash for Lively {
    fn hash<H: Hasher>(&self, state: &mut H) {
        run_hook(&self.hash);
        self.id.hash(state);
    }
}

impl PartialEq for Lively {
    fn eq(&self, other: &Self) -> bool {
        run_hook(&self.eq);
        self.id == other.id
    }
}

impl Eq for Lively {}

impl Drop for Lively {
    fn drop(&mut self) {
        run_hook(&self.drop);
    }
}

#[test]
fn keys_and_values_that_use_the_cache_or_panic() {
    type Cache = ArcCache<Lively, Lively>;
    let changes: [fn(&Cache, Lively); 6] = [
        |cache, _| cache.clear(),
        |cache, key| drop(cache.remove(&key)),
        |cache, key| drop(cache.insert(key, Arc::default())),
        |cache, key| drop(cache.get_or_insert_with(key, Lively::default)),
        |cache, _| assert!(cache.purge() <= cache.stats().swept() as usize),
        |_, _| panic!("hook"),
    ];
    for change in changes {
        for which in 0..4 {
            for attempt in 0..6 {
                let cache: Arc<Cache> = Arc::new(strict(1));
                // Its hooks are shared with its clones.
                let key = Lively::new(1);
                let value = Lively::new(2);
                cache.insert(key.clone(), Arc::new(value.clone()));
                let (again, plain): (Weak<Cache>, _) = (Arc::downgrade(&cache), key.clone());
                set_hook([&key.hash, &key.eq, &key.drop, &value.drop][which], move || {
                    if let Some(cache) = again.upgrade() {
                        change(&cache, Lively::new(plain.id));
                    }
                });
                let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| match attempt {
                    0 => drop(cache.get(&key)),
                    1 => drop(cache.insert(key.clone(), Arc::default())),
                    2 => drop(cache.remove(&key)),
                    3 => drop(cache.get_or_insert_with(key.clone(), Lively::default)),
                    4 => drop(cache.insert(Lively::new(3), Arc::default())),
                    _ => cache.clear(),
                }));
                if let Err(panic) = outcome {
                    assert_eq!(panic.downcast_ref::<&str>(), Some(&"hook"));
                }
                for hook in [&key.hash, &key.eq, &key.drop, &value.drop] {
                    hook.lock().unwrap().take();
                }
                assert!(cache.stats().strong_len() <= 1 && cache.stats().loading() == 0);
                let found = cache.get(&key);
                assert!(found.is_none_or(|found| Arc::ptr_eq(&found, &cache.get(&key).unwrap())));
                cache.insert(key.clone(), Arc::new(value.clone()));
                assert_eq!(cache.get(&key).unwrap().id, 2);
                cache.clear();
                assert!(cache.is_empty());
            }
        }
    }
}

/// All keys in one slot after the other, of one hash.
#[test]
fn keys_of_one_hash() {
    #[derive(PartialEq, Eq)]
    struct Alike(u32);

    impl Hash for Alike {
        fn hash<H: Hasher>(&self, _: &mut H) {}
    }

    let cache = ArcCache::new(10);
    let held: Vec<_> = (0..50).map(|n| cache.get_or_insert_with(Alike(n), || n)).collect();
    assert!((0..50).all(|n| cache.get(&Alike(n)).is_some_and(|value| *value == n)));
    assert!((0..50).step_by(2).all(|n| cache.remove(&Alike(n)).is_some()));
    assert!((0..50).all(|n| cache.contains_key(&Alike(n)) == (n % 2 == 1)));
    drop(held);
    assert!((0..50).filter(|n| cache.get(&Alike(*n)).is_some()).count() <= 10);
    assert_eq!(cache.stats().live() + cache.stats().dead(), cache.len());
}

#[test]
fn never_two_live_values_of_one_key() {
    let rounds: u64 = if cfg!(miri) { 200 } else { 20_000 };
    for capacity in [0, 4] {
        let (cache, ledger) = (ArcCache::<u64, Counted>::new(capacity), Ledger::default());
        thread::scope(|scope| {
            for seed in 0..4 {
                let (cache, ledger) = (&cache, &ledger);
                scope.spawn(move || {
                    let mut kept: Vec<Arc<Counted>> = Vec::new();
                    let mut random = seed + 1_u64;
                    for _ in 0..rounds {
                        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                        let key = random >> 61;
                        let value = cache.get_or_insert_with(key, || ledger.value(key));
                        // While we have it, everybody finds it.
                        assert!(cache.get(&key).is_some_and(|other| Arc::ptr_eq(&other, &value)));
                        if random & 0xF00 == 0 {
                            kept.clear();
                        }
                        kept.push(value);
                    }
                });
            }
        });
        let stats = cache.stats();
        assert_eq!((stats.loads(), stats.loading()), (ledger.made() as u64, 0));
        assert_eq!((ledger.alive(), stats.strong_len()), (stats.live(), capacity));
    }
}

#[cfg(feature = "serde")]
#[test]
fn stats_serialize() {
    let cache = ArcCache::<u8, u8>::new(0);
    drop(cache.get_or_insert_with(1, || 1));
    let stats = serde_json::to_value(cache.stats()).unwrap();
    assert_eq!((&stats["dead"], &stats["hit_ratio"], stats["swept"].as_u64()), (&1.into(), &0.0.into(), Some(0)));
    assert_eq!(stats.as_object().unwrap().len(), 12);
}

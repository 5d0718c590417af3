//! Keeping by key, iteration, shrinking, statistics; and random programs over all of it.

mod common;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use common::{Counted, Ledger};
use lagom_weakcache::{Cached, Eviction, WeakCache};
use proptest::prelude::*;

#[test]
fn who_is_kept_stays_and_takes_no_room() {
    for eviction in [Eviction::Adaptive, Eviction::Lru] {
        for capacity in [0, 1, 3] {
            let ledger = Ledger::default();
            let cache = WeakCache::builder().capacity(capacity).eviction(eviction).build();
            assert!(!cache.keep(&0) && !cache.release(&0));
            let first = cache.insert(0, ledger.value(0));
            assert!(cache.keep(&0) && cache.keep(&0));
            assert_eq!((cache.len(), cache.stats().strong_len(), cache.stats().evictions()), (1, 0, 0));
            let address = std::ptr::from_ref(&*first).addr();
            drop(first);
            for key in 1..20 {
                cache.insert(key, ledger.value(key));
                cache.get(&0).unwrap();
                assert_eq!(cache.stats().strong_len(), capacity.min(key as usize));
            }
            assert_eq!((cache.len(), ledger.alive()), (capacity + 1, capacity + 1));
            cache.set_capacity(0);
            assert_eq!(std::ptr::from_ref(&*cache.get(&0).unwrap()).addr(), address);
            cache.set_capacity(capacity);
            assert!(cache.release(&0));
            assert!(!cache.release(&0), "it is kept once, however often it was said");
            assert_eq!(
                (cache.len(), ledger.alive(), cache.stats().strong_len()),
                (capacity.min(1), capacity.min(1), capacity.min(1))
            );
        }
    }
}

#[test]
fn to_keep_ends_with_the_entry() {
    let (cache, ledger) = (WeakCache::new(0), Ledger::default());
    let keep = |id| {
        let held = cache.insert(1, ledger.value(id));
        assert!(cache.keep(&1));
        drop(held);
    };
    keep(1);
    let removed = cache.remove(&1).unwrap();
    assert_eq!((removed.id, cache.len(), cache.release(&1)), (1, 0, false));
    drop(removed);
    assert_eq!(ledger.alive(), 0);
    keep(2);
    let new = cache.insert(1, ledger.value(3));
    assert_eq!((ledger.alive(), cache.release(&1)), (1, false), "the new one is not kept");
    drop(new);
    assert!(cache.is_empty());
    keep(4);
    cache.clear();
    assert_eq!((ledger.alive(), cache.keep(&1)), (0, false));
    keep(5);
    cache.retain(|_, _| false);
    assert_eq!(ledger.alive(), 0);
    // Loads are not kept before they are done.
    cache.get_or_insert_with(1, || {
        assert!(!cache.keep(&1) && !cache.release(&1));
        ledger.value(6)
    });
    assert!(cache.is_empty());
    keep(7);
    drop(cache);
    assert_eq!(ledger.alive(), 0);
}

#[test]
fn a_handle_goes_on_when_the_entry_is_released() {
    let (cache, ledger) = (WeakCache::new(0), Ledger::default());
    let held = cache.insert(1, ledger.value(1));
    cache.keep(&1);
    assert!(cache.release(&1));
    assert!(Cached::ptr_eq(&held, &cache.get(&1).unwrap()));
    drop(held);
    assert!(cache.is_empty() && ledger.alive() == 0);
}

/// A key that is always there can always be kept, whoever replaces it.
#[test]
fn keep_finds_what_is_being_replaced() {
    let (cache, done) = (WeakCache::new(10), AtomicBool::new(false));
    cache.insert(1, 0);
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..if cfg!(miri) { 100 } else { 20_000 } {
                cache.insert(1, n);
            }
            done.store(true, SeqCst);
        });
        while !done.load(SeqCst) {
            assert!(cache.keep(&1));
            cache.release(&1);
        }
    });
    assert_eq!(cache.len(), 1);
}

#[test]
fn an_iteration_sees_what_is_there_once() {
    for shards in [1, 8] {
        let ledger = Ledger::default();
        let cache = WeakCache::builder().capacity(500).shards(shards).build();
        let held: Vec<_> = (0..1000).map(|key| cache.insert(key, ledger.value(key))).collect();
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            for thread in 1..4_u64 {
                let (cache, ledger, done) = (&cache, &ledger, &done);
                scope.spawn(move || {
                    let mut own = Vec::new();
                    for step in 0_u64.. {
                        if done.load(SeqCst) {
                            break;
                        }
                        let key = 1000 * thread + step * 17 % 1000;
                        own.push(cache.insert(key, ledger.value(key)));
                        cache.get_or_insert_with(key + 5000, || ledger.value(key + 5000));
                        cache.remove(&(key + 5000 - 17));
                        if step % 300 == 299 {
                            own.clear();
                            cache.shrink_to_fit();
                        }
                    }
                });
            }
            for _ in 0..if cfg!(miri) { 2 } else { 100 } {
                let mut seen = HashSet::new();
                for entry in cache.iter() {
                    assert_eq!(*entry.key(), entry.value().id);
                    if *entry.key() < 1000 {
                        assert!(seen.insert(*entry.key()), "{} twice", entry.key());
                    }
                }
                assert_eq!(seen.len(), 1000);
            }
            done.store(true, SeqCst);
        });
        drop(held);
        // What it has yet to give out it holds, no more.
        let mut iteration = cache.iter();
        let first = iteration.next().unwrap();
        let key = *first.key();
        cache.clear();
        drop(iteration);
        assert_eq!((ledger.alive(), first.value().id), (1, key));
        drop(first.into_handle());
        assert_eq!(ledger.alive(), 0);
    }
}

#[test]
fn an_iteration_changes_nothing() {
    let cache = WeakCache::builder().capacity(3).eviction(Eviction::Lru).build();
    (0..3).for_each(|key| drop(cache.insert(key, key)));
    let before = cache.stats();
    assert_eq!(cache.iter().filter(|entry| *entry.key() == 0).count(), 1);
    cache.retain(|_, _| true);
    assert_eq!(cache.stats(), before);
    cache.insert(3, 3);
    assert!(!cache.contains_key(&0), "it was not used");
    // Entries may be taken out while one looks.
    for entry in cache.iter() {
        assert_eq!(cache.remove(entry.key()).as_deref(), Some(entry.value()));
        cache.insert(10 + entry.key(), 0);
    }
    assert_eq!(cache.iter().map(|entry| *entry.key()).collect::<HashSet<_>>(), HashSet::from([11, 12, 13]));
}

#[test]
fn retain_goes_on_with_what_was_there() {
    let (cache, ledger) = (WeakCache::new(100), Ledger::default());
    (0..50).for_each(|key| drop(cache.insert(key, ledger.value(key))));
    let mut seen = Vec::new();
    cache.retain(|key, value| {
        assert_eq!(*key, value.id);
        seen.push(*key);
        // Whatever it does to others.
        cache.insert(key + 100, ledger.value(key + 100));
        cache.remove(&(key + 1));
        key % 2 == 0
    });
    seen.sort_unstable();
    seen.dedup();
    assert!(seen.iter().filter(|key| **key < 50).count() >= 25);
    assert!((0..50).step_by(2).all(|key| !cache.contains_key(&(key + 1))));
    // One that panics stops it and breaks nothing.
    let before = cache.len();
    common::panic_message(|| cache.retain(|_, _| panic!("enough")));
    assert_eq!((cache.len(), ledger.alive()), (before, before));
}

#[test]
fn shrinking_changes_nothing_that_is_found() {
    for eviction in [Eviction::Adaptive, Eviction::Lru] {
        let ledger = Ledger::default();
        let cache = WeakCache::builder().capacity(100).eviction(eviction).build();
        let mut held: HashMap<u64, Cached<Counted>> = HashMap::new();
        for step in 0..3000 {
            let key = step * 37 % 1009;
            if step % 3 == 0 {
                held.insert(key, cache.insert(key, ledger.value(key)));
            } else {
                held.remove(&key);
                cache.insert(key + 2000, ledger.value(key + 2000));
            }
            if step % 50 == 0 {
                let (before, keys) = (cache.stats(), cache.iter().map(|entry| *entry.key()).collect::<HashSet<_>>());
                cache.shrink_to_fit();
                assert_eq!(cache.stats(), before);
                assert!(keys.iter().all(|key| cache.contains_key(key)));
                assert!(held.iter().all(|(key, held)| Cached::ptr_eq(held, &cache.get(key).unwrap())));
            }
        }
        assert_eq!(ledger.alive(), cache.len());
    }
}

#[test]
fn a_cache_that_nobody_used_has_no_hits() {
    let cache = WeakCache::<u32, u32>::new(10);
    cache.insert(1, 1);
    drop((cache.contains_key(&1), cache.keep(&1), cache.remove(&1), cache.iter().count()));
    assert_eq!(cache.stats().hit_ratio().to_bits(), 0.0_f64.to_bits());
    assert_eq!((cache.stats().hits(), cache.stats().misses()), (0, 0));
}

#[test]
fn loads_are_timed_where_that_is_asked_for() {
    let load = |cache: &WeakCache<u32, u32>| {
        for key in 0..3 {
            cache.get_or_insert_with(key, || {
                thread::sleep(Duration::from_millis(2));
                key
            });
        }
        cache
            .try_get_or_insert_with(9, || {
                thread::sleep(Duration::from_millis(50));
                Err(())
            })
            .unwrap_err();
        cache.stats().load_time()
    };
    assert_eq!(load(&WeakCache::new(10)), Duration::ZERO);
    let time = load(&WeakCache::builder().time_loads().build());
    assert!(time >= Duration::from_millis(6), "{time:?}");
    // Without the one that failed, however slow the machine.
    let timed = WeakCache::<u32, u32>::builder().time_loads().build();
    let fail = || {
        thread::sleep(Duration::from_millis(50));
        Err(())
    };
    timed.try_get_or_insert_with(9, fail).unwrap_err();
    assert_eq!(timed.stats().load_time(), Duration::ZERO);
}

#[test]
fn shards_are_a_power_of_two_and_share_the_capacity() {
    for (shards, capacity) in [(0, 10), (1, 10), (3, 10), (4, 3), (1000, 5000), (usize::MAX, 4096)] {
        let cache = WeakCache::builder().capacity(capacity).shards(shards).build();
        (0..50_000).for_each(|key| drop(cache.insert(key, key)));
        let stats = cache.stats();
        assert_eq!((stats.strong_len(), stats.len(), cache.capacity()), (capacity, capacity, capacity), "{shards}");
    }
}

#[derive(Clone, Debug)]
enum Op {
    Insert(u8),
    Get(u8),
    With(u8),
    Load(u8),
    Remove(u8),
    Keep(u8),
    Release(u8),
    SetCapacity(usize),
    Advance(u64),
    Purge,
    Shrink,
    Clear,
    Drop(prop::sample::Index),
}

fn op() -> impl Strategy<Value = Op> {
    let key = || 0..16_u8;
    prop_oneof![
        6 => key().prop_map(Op::Insert),
        6 => key().prop_map(Op::Get),
        3 => key().prop_map(Op::With),
        6 => key().prop_map(Op::Load),
        2 => key().prop_map(Op::Remove),
        2 => key().prop_map(Op::Keep),
        2 => key().prop_map(Op::Release),
        1 => prop_oneof![0..12_usize, Just(usize::MAX)].prop_map(Op::SetCapacity),
        3 => (0..5_u64).prop_map(Op::Advance),
        1 => Just(Op::Purge),
        1 => Just(Op::Shrink),
        1 => Just(Op::Clear),
        9 => any::<prop::sample::Index>().prop_map(Op::Drop),
    ]
}

/// What a life of an entry is known to be.
#[derive(Clone, Copy, Debug)]
struct Life {
    key: u8,
    weight: u64,
    begun: u64,
    used: u64,
    kept: bool,
}

const TTL: u64 = 12;
const TTI: u64 = 5;

impl Life {
    fn is_fresh(&self, now: u64) -> bool {
        now < self.begun + TTL && now < self.used + TTI
    }
}

/// What must hold whatever leaves the strong tier.
struct Model {
    /// Lives that a lookup finds, if nothing left.
    table: HashMap<u8, u64>,
    lives: HashMap<u64, Life>,
    held: Vec<Cached<Counted>>,
    now: u64,
    capacity: u64,
}

impl Model {
    fn is_held(&self, id: u64) -> bool {
        self.held.iter().any(|handle| handle.id == id)
    }

    fn finds(&self, key: u8, found: Option<u64>) {
        match (self.table.get(&key), found) {
            (Some(id), Some(found)) => {
                assert_eq!(*id, found, "another life than the last one of {key}");
                assert!(self.lives[id].is_fresh(self.now), "{key} has expired");
            }
            (None, found) => assert_eq!(found, None),
            (Some(id), None) => {
                let life = &self.lives[id];
                let must = life.is_fresh(self.now) && (life.kept || self.is_held(*id));
                assert!(!must, "{key} is held or kept, but not found");
            }
        }
    }
}

fn run(eviction: Eviction, expires: bool, weighs: bool, capacity: usize, ops: &[Op]) {
    let ledger = Ledger::default();
    let (clock, deaths) = (Arc::new(AtomicU64::new(1000)), Arc::new(Mutex::new(Vec::new())));
    let (hands, died) = (Arc::clone(&clock), Arc::clone(&deaths));
    let mut builder = WeakCache::builder().capacity(capacity).eviction(eviction).shards(1);
    builder = builder.on_death(move |_: &u8, value: &Counted| died.lock().unwrap().push(value.id));
    if expires {
        builder = builder.ttl(Duration::from_secs(TTL)).tti(Duration::from_secs(TTI));
        builder = builder.clock(move || Duration::from_secs(hands.load(SeqCst)));
    }
    if weighs {
        builder = builder.weigher(|_, value| value.id % 4);
    }
    let cache = builder.build();
    let capacity = if capacity == usize::MAX { u64::MAX } else { capacity as u64 };
    let (table, lives) = (HashMap::new(), HashMap::new());
    let mut model = Model { table, lives, held: Vec::new(), now: if expires { 1000 } else { 0 }, capacity };
    let mut next = 0;
    for op in ops {
        let mut life = |key: u8, now: u64| {
            next += 1;
            let weight = if weighs { next % 4 } else { 1 };
            (next, Life { key, weight, begun: now, used: now, kept: false })
        };
        let mut begins = None;
        match *op {
            Op::Insert(key) => {
                let new = life(key, model.now);
                model.held.push(cache.insert(key, ledger.value(new.0)));
                begins = Some(new);
            }
            Op::Get(key) => {
                let found = cache.get(&key);
                model.finds(key, found.as_ref().map(|value| value.id));
                if let Some(value) = found {
                    model.lives.get_mut(&value.id).unwrap().used = model.now;
                    model.held.push(value);
                }
            }
            Op::With(key) => {
                let found = cache.with(&key, |value| value.id);
                model.finds(key, found);
                if let Some(id) = found {
                    model.lives.get_mut(&id).unwrap().used = model.now;
                }
            }
            Op::Load(key) => {
                let new = life(key, model.now);
                let value = cache.get_or_insert_with(key, || ledger.value(new.0));
                if value.id == new.0 {
                    model.finds(key, None);
                    begins = Some(new);
                } else {
                    model.finds(key, Some(value.id));
                    model.lives.get_mut(&value.id).unwrap().used = model.now;
                }
                model.held.push(value);
            }
            Op::Remove(key) => {
                let removed = cache.remove(&key);
                model.finds(key, removed.as_ref().map(|value| value.id));
                model.table.remove(&key);
            }
            Op::Keep(key) => {
                let found = cache.contains_key(&key);
                assert_eq!(cache.keep(&key), found);
                model.finds(key, model.table.get(&key).copied().filter(|_| found));
                if found {
                    let id = model.table[&key];
                    model.lives.get_mut(&id).unwrap().kept = true;
                }
            }
            Op::Release(key) => {
                let found = cache.contains_key(&key);
                let id = model.table.get(&key).copied().filter(|_| found);
                model.finds(key, id);
                let kept = id.is_some_and(|id| model.lives[&id].kept);
                assert_eq!(cache.release(&key), kept);
                if let Some(id) = id {
                    model.lives.get_mut(&id).unwrap().kept = false;
                }
            }
            Op::SetCapacity(capacity) => {
                cache.set_capacity(capacity);
                model.capacity = if capacity == usize::MAX { u64::MAX } else { capacity as u64 };
            }
            Op::Advance(seconds) => {
                if expires {
                    model.now += seconds;
                    clock.store(model.now, SeqCst);
                }
            }
            Op::Purge => drop(cache.purge_expired()),
            Op::Shrink => cache.shrink_to_fit(),
            Op::Clear => {
                cache.clear();
                model.table.clear();
            }
            Op::Drop(which) => {
                if !model.held.is_empty() {
                    drop(model.held.swap_remove(which.index(model.held.len())));
                }
            }
        }
        if let Some((id, life)) = begins {
            model.table.insert(life.key, id);
            model.lives.insert(id, life);
        }
        check(&cache, &mut model, &ledger, &deaths);
    }
    drop(cache);
    model.held.clear();
    let mut died = deaths.lock().unwrap().clone();
    died.sort_unstable();
    let mut all: Vec<_> = model.lives.keys().copied().collect();
    all.sort_unstable();
    assert_eq!(died, all, "each once");
    assert_eq!(ledger.alive(), 0);
}

fn check(cache: &WeakCache<u8, Counted>, model: &mut Model, ledger: &Ledger, deaths: &Mutex<Vec<u64>>) {
    let deaths = || deaths.lock().unwrap().clone();
    let stats = cache.stats();
    assert_eq!(model.lives.len() - deaths().len(), ledger.alive());
    let held: HashSet<_> = model.held.iter().map(|handle| handle.id).collect();
    for handle in &model.held {
        assert!(!deaths().contains(&handle.id));
    }
    let (mut strong, mut found) = (0, 0);
    for key in 0..16 {
        let there = cache.contains_key(&key);
        let id = model.table.get(&key).copied().filter(|_| there);
        model.finds(key, id.or(there.then_some(0)));
        match id {
            Some(id) => {
                found += 1;
                let life = &model.lives[&id];
                assert!(!deaths().contains(&id));
                // Nobody but the strong tier.
                if !life.kept && !held.contains(&id) {
                    strong += life.weight;
                }
            }
            None => drop(model.table.remove(&key)),
        }
    }
    assert!(strong <= model.capacity, "{strong} of {}", model.capacity);
    assert!(stats.len() >= found);
    assert_eq!(cache.len(), found, "all that had expired were met");
    let unlisted = held.iter().filter(|id| !model.table.values().any(|other| other == *id)).count();
    assert_eq!(ledger.alive(), found + unlisted);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 400 }, ..ProptestConfig::default() })]
    #[test]
    fn random_programs_keep_what_is_promised(
        lru: bool,
        expires: bool,
        weighs: bool,
        capacity in prop_oneof![0..12_usize, Just(usize::MAX)],
        ops in prop::collection::vec(op(), 0..120),
    ) {
        run(if lru { Eviction::Lru } else { Eviction::Adaptive }, expires, weighs, capacity, &ops);
    }
}

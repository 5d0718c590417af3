//! `MemoryLimited` and `MemoryLimitedList` against models, and with code of users that panics.

mod common;

use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use common::{Counted, Ledger, panic_message};
use lagom_weakcache::{DefaultHashBuilder, MemoryLimited, MemoryLimitedList};
use proptest::prelude::*;

/// A value that says itself what it weighs.
struct Heavy {
    bytes: usize,
    counted: Counted,
}

fn weight(_: &u8, value: &Heavy) -> usize {
    value.bytes
}

/// All keys are in one chain.
#[derive(Clone, Default)]
struct Constant;

impl BuildHasher for Constant {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        Self
    }
}

impl Hasher for Constant {
    fn write(&mut self, _: &[u8]) {}

    fn finish(&self) -> u64 {
        0
    }
}

#[derive(Clone, Debug)]
enum Op {
    Get(u8),
    Insert(u8, usize),
    GetOrInsert(u8, usize),
    Remove(u8),
    SetMax(usize),
    Clear,
}

fn op() -> impl Strategy<Value = Op> {
    // Light, middling, heavier than some limits, absurd.
    let bytes = || prop_oneof![8 => 0..100_usize, 4 => 100..600_usize, 1 => 600..5_000_usize, 1 => Just(usize::MAX)];
    prop_oneof![
        4 => any::<u8>().prop_map(Op::Get),
        8 => (any::<u8>(), bytes()).prop_map(|(key, bytes)| Op::Insert(key, bytes)),
        2 => (any::<u8>(), bytes()).prop_map(|(key, bytes)| Op::GetOrInsert(key, bytes)),
        2 => any::<u8>().prop_map(Op::Remove),
        1 => (0..8_000_usize).prop_map(Op::SetMax),
        1 => Just(Op::Clear),
    ]
}

/// What is there must be right, within the limit, and what is not must have been evicted.
fn run<S: BuildHasher>(mut cache: MemoryLimited<u8, Heavy, S>, ops: &[Op]) {
    let ledger = Ledger::default();
    // What may be there: by key, id and weight.
    let mut model = BTreeMap::<u8, (u64, usize)>::new();
    let mut next = 0;
    for op in ops {
        let before = cache.evictions();
        match *op {
            Op::Get(key) => assert_eq!(cache.get(&key).map(|v| v.counted.id), model.get(&key).map(|v| v.0)),
            Op::Insert(key, bytes) => {
                next += 1;
                match cache.insert(key, Heavy { bytes, counted: ledger.value(next) }) {
                    Ok(former) => {
                        assert_eq!(former.map(|v| v.counted.id), model.insert(key, (next, bytes)).map(|v| v.0));
                        assert!(cache.contains_key(&key), "the newest stays");
                    }
                    Err(refused) => {
                        let (back, value) = refused.into_inner();
                        assert_eq!((back, value.counted.id), (key, next));
                        assert!(bytes.saturating_add(120) > cache.max_bytes());
                        assert_eq!(cache.evictions(), before, "nothing has changed");
                    }
                }
            }
            Op::GetOrInsert(key, bytes) => {
                next += 1;
                let found = cache.get_or_insert_with(key, || Heavy { bytes, counted: ledger.value(next) });
                match found.map(|v| v.counted.id) {
                    Ok(id) => assert_eq!(id, model.entry(key).or_insert((next, bytes)).0),
                    Err(_) => assert!(!model.contains_key(&key)),
                }
            }
            Op::Remove(key) => assert_eq!(cache.remove(&key).map(|v| v.counted.id), model.remove(&key).map(|v| v.0)),
            Op::SetMax(max) => cache.set_max_bytes(max),
            Op::Clear => {
                cache.clear();
                model.clear();
            }
        }
        let known = model.len();
        model.retain(|key, _| cache.contains_key(key));
        assert_eq!((known - model.len()) as u64, cache.evictions() - before, "{op:?}");
        assert_eq!((cache.len(), ledger.alive()), (model.len(), model.len()), "{op:?}");
        assert!(cache.iter().all(|(key, value)| model[key] == (value.counted.id, value.bytes)));
        let weights: usize = model.values().map(|v| v.1).sum();
        let least = weights + model.len() * (size_of::<(u8, Heavy)>() + 12);
        assert!(cache.memory_usage() <= cache.max_bytes(), "{op:?}");
        assert!(cache.memory_usage() >= least);
        assert!(cache.memory_usage() <= weights + 400 + 120 * 3 * model.len(), "the table is not much too large");
    }
    drop(cache);
    assert_eq!(ledger.alive(), 0);
}

#[derive(Clone, Debug)]
enum ListOp {
    Push(usize),
    Pop,
    Clear,
}

fn list_op() -> impl Strategy<Value = ListOp> {
    let bytes = prop_oneof![8 => 0..50_usize, 4 => 50..600_usize, 1 => 600..5_000_usize, 1 => Just(usize::MAX)];
    prop_oneof![12 => bytes.prop_map(ListOp::Push), 2 => Just(ListOp::Pop), 1 => Just(ListOp::Clear)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_cache_behaves_like_the_model(max in 0..8_000_usize, ops in prop::collection::vec(op(), 0..150)) {
        run(MemoryLimited::with_hasher(max, weight, DefaultHashBuilder::default()), &ops);
    }

    #[test]
    fn the_cache_behaves_like_the_model_in_one_chain(max in 0..8_000_usize, ops in prop::collection::vec(op(), 0..150)) {
        run(MemoryLimited::with_hasher(max, weight, Constant), &ops);
    }

    #[test]
    fn the_list_behaves_like_the_model(max in 0..8_000_usize, ops in prop::collection::vec(list_op(), 0..200)) {
        let ledger = Ledger::default();
        let mut list = MemoryLimitedList::new(max, |value: &Heavy| value.bytes);
        let mut model = VecDeque::<(u64, usize)>::new();
        for (next, op) in ops.iter().enumerate() {
            let next = next as u64;
            match *op {
                ListOp::Push(bytes) => match list.push(Heavy { bytes, counted: ledger.value(next) }) {
                    Ok(()) => {
                        model.push_back((next, bytes));
                        model.drain(..model.len() - list.len());
                    }
                    Err(refused) => {
                        assert_eq!(refused.into_inner().counted.id, next);
                        assert!(bytes.saturating_add(2 * 32 + max / 16 + 48) > max);
                        assert_eq!(list.len(), model.len());
                    }
                },
                ListOp::Pop => assert_eq!(list.pop_oldest().map(|v| v.counted.id), model.pop_front().map(|v| v.0)),
                ListOp::Clear => {
                    list.clear();
                    model.clear();
                }
            }
            assert!(list.iter().map(|v| v.counted.id).eq(model.iter().map(|v| v.0)));
            assert!(list.iter().rev().map(|v| v.counted.id).eq(model.iter().rev().map(|v| v.0)));
            assert!((0..=model.len()).all(|n| list.get(n).map(|v| v.counted.id) == model.get(n).map(|v| v.0)));
            assert_eq!((list.oldest().is_some(), list.newest().map(|v| v.counted.id)), (!model.is_empty(), model.back().map(|v| v.0)));
            assert_eq!((list.len(), list.is_empty(), ledger.alive()), (model.len(), model.is_empty(), model.len()));
            let weights: usize = model.iter().map(|v| v.1).sum();
            assert!(list.memory_usage() <= max && list.memory_usage() >= weights + model.len() * size_of::<Heavy>());
            assert!(!model.is_empty() || list.memory_usage() == 0);
        }
    }
}

#[test]
fn the_oldest_leave_first_and_no_more_than_it_takes() {
    // 40 and some hundred bytes of each.
    let mut cache = MemoryLimited::new(10_000, |_: &u32, text: &String| text.capacity());
    for n in 0..1_000 {
        cache.insert(n, "x".repeat(400)).unwrap();
    }
    assert!(cache.len() >= 18, "{}", cache.len());
    assert!((1_000 - cache.len() as u32..1_000).all(|n| cache.contains_key(&n)));
    // One that is used stays.
    for n in 1_000..2_000 {
        assert!(cache.get(&999).is_some());
        cache.insert(n, "x".repeat(400)).unwrap();
    }

    let mut list = MemoryLimitedList::new(10_000, |text: &String| text.capacity());
    for n in 0..1_000 {
        list.push(format!("{n:0>400}")).unwrap();
        assert!(n < 30 || list.len() >= 17, "{}", list.len());
    }
    assert!(list.oldest().unwrap().ends_with(&(1_000 - list.len()).to_string()));
}

#[test]
fn most_of_the_limit_is_used() {
    for max in [5_000, 50_000, 1_000_000] {
        let mut cache = MemoryLimited::new(max, |_: &u64, _: &u64| 0);
        (0..max as u64).for_each(|n| drop(cache.insert(n, n)));
        assert!(cache.memory_usage() * 10 >= max * 7, "{} of {max}", cache.memory_usage());
        let mut list = MemoryLimitedList::new(max, |_: &u64| 0);
        (0..max as u64).for_each(|n| list.push(n).unwrap());
        assert!(list.memory_usage() * 10 >= max * 7, "{} of {max}", list.memory_usage());
    }
}

#[test]
fn many_light_ones_make_way_for_a_heavy_one() {
    let mut cache = MemoryLimited::new(100_000, |_: &u64, text: &String| text.capacity());
    (0..1_000).for_each(|n| drop(cache.insert(n, String::new())));
    assert!(cache.len() > 900);
    cache.insert(5_000, "x".repeat(99_700)).unwrap();
    assert!(cache.len() <= 3 && cache.contains_key(&5_000), "{}", cache.len());
    cache.insert(5_001, String::new()).unwrap();
    assert!(cache.contains_key(&5_001));
}

#[test]
fn weighers_and_drops_that_panic() {
    thread_local! {
        static ARMED: Cell<bool> = const { Cell::new(false) };
    }

    fn weigh(value: &Bomb) -> usize {
        assert!(value.0.id != 13, "in weigher");
        200
    }

    struct Bomb(Counted);

    impl Drop for Bomb {
        fn drop(&mut self) {
            assert!(!ARMED.take(), "in drop");
        }
    }

    let ledger = Ledger::default();
    let mut cache = MemoryLimited::new(1_000, |_: &u64, value: &Bomb| weigh(value));
    let mut list = MemoryLimitedList::new(1_000, weigh);
    for id in 0..3 {
        cache.insert(id, Bomb(ledger.value(id))).unwrap_or_else(|_| panic!("it fits"));
        list.push(Bomb(ledger.value(id))).unwrap_or_else(|_| panic!("it fits"));
    }
    let (usage, listed) = (cache.memory_usage(), list.memory_usage());
    assert_eq!(panic_message(|| cache.insert(1, Bomb(ledger.value(13))).is_ok()), "in weigher");
    assert_eq!(panic_message(|| list.push(Bomb(ledger.value(13))).is_ok()), "in weigher");
    assert_eq!((cache.memory_usage(), list.memory_usage(), ledger.alive()), (usage, listed, 6));
    for round in 0..20 {
        ARMED.set(true);
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            cache.insert(100 + round, Bomb(ledger.value(round.min(12)))).is_ok()
        }));
        assert_eq!(outcome.is_err(), !ARMED.replace(true));
        let outcome =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| list.push(Bomb(ledger.value(0))).is_ok()));
        assert_eq!(outcome.is_err(), !ARMED.take());
        assert!(cache.memory_usage() <= 1_000 && list.memory_usage() <= 1_000);
        assert_eq!(ledger.alive(), cache.len() + list.len());
        assert_eq!(cache.iter().filter(|(key, _)| cache.contains_key(*key)).count(), cache.len());
    }
    ARMED.set(true);
    assert_eq!(panic_message(|| cache.clear()), "in drop");
    ARMED.set(true);
    assert_eq!(panic_message(|| list.clear()), "in drop");
    assert_eq!((cache.len(), cache.memory_usage(), list.len(), ledger.alive()), (0, 0, 0, 0));
}

#[test]
fn limits_at_the_edges() {
    let mut none = MemoryLimited::new(0, |_: &u8, _: &u8| 0);
    assert_eq!(none.insert(1, 2).unwrap_err().into_inner(), (1, 2));
    assert_eq!((none.get(&1), none.len(), none.memory_usage()), (None, 0, 0));
    none.set_max_bytes(1_000);
    assert!(none.insert(1, 2).is_ok());
    none.set_max_bytes(0);
    assert_eq!((none.len(), none.memory_usage(), none.evictions()), (0, 0, 1));

    let mut all = MemoryLimited::new(usize::MAX, |_: &u32, _: &u32| 0);
    (0..10_000).for_each(|n| drop(all.insert(n, n)));
    assert_eq!((all.len(), all.evictions()), (10_000, 0));
    (0..9_990).for_each(|n| assert_eq!(all.remove(&n), Some(n)));
    assert!(all.memory_usage() < 2_000, "{}", all.memory_usage());
    assert!((9_990..10_000).all(|n| all.get(&n) == Some(&n)));
    // A weigher that says too much.
    let mut liar = MemoryLimited::new(usize::MAX, |_: &u32, weight: &usize| *weight);
    assert!(liar.insert(1, usize::MAX - 1_000).is_ok());
    assert!(liar.insert(2, usize::MAX - 1_000).is_ok());
    assert_eq!(liar.len(), 1);

    let mut list = MemoryLimitedList::new(0, |_: &u8| 0);
    assert_eq!(list.push(1).unwrap_err().into_inner(), 1);
    let mut units = MemoryLimitedList::new(usize::MAX, |(): &()| 0);
    (0..1_000).for_each(|_| units.push(()).unwrap());
    assert_eq!((units.len(), units.iter().count()), (1_000, 1_000));
    let mut liar = MemoryLimitedList::new(usize::MAX, |weight: &usize| *weight);
    assert!((0..3).all(|_| liar.push(usize::MAX - 10_000).is_ok()));
    assert_eq!(liar.len(), 1);
}

/// `Eq` and `Hash` are asked no more than they must.
#[test]
fn equality_that_panics() {
    static LEFT: AtomicU32 = AtomicU32::new(u32::MAX);

    #[expect(clippy::derived_hash_with_manual_eq, reason = "equal ones hash alike all the same")]
    #[derive(Hash)]
    struct Key(u8);

    impl PartialEq for Key {
        fn eq(&self, other: &Self) -> bool {
            assert!(LEFT.fetch_sub(1, SeqCst) != 0, "in eq");
            self.0 == other.0
        }
    }

    impl Eq for Key {}

    let mut cache = MemoryLimited::new(3_000, |_: &Key, _: &u8| 0);
    (0..20).for_each(|n| drop(cache.insert(Key(n), n)));
    let usage = (cache.len(), cache.memory_usage());
    LEFT.store(0, SeqCst);
    assert_eq!(panic_message(|| cache.insert(Key(3), 9).is_ok()), "in eq");
    LEFT.store(0, SeqCst);
    assert_eq!(panic_message(|| cache.remove(&Key(3))), "in eq");
    LEFT.store(u32::MAX, SeqCst);
    assert_eq!((cache.len(), cache.memory_usage()), usage);
    assert_eq!(cache.get(&Key(3)), Some(&3));
}

//! Random programs on a `LocalCache` against a model: lists of who holds what, and a clock of ids.

mod common;

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};

use common::{Counted, Ledger};
use lagom_weakcache::{DefaultHashBuilder, LocalCache, LocalCached};
use proptest::prelude::*;

/// All keys are twins.
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
    With(u8),
    Insert(u8),
    Load(u8),
    FailedLoad(u8),
    /// A load with an insert and perhaps a removal of its key inside.
    OvertakenLoad(u8, bool),
    Remove(u8),
    Retain(u8),
    Clear,
    SetCapacity(usize),
    Entries,
    /// Drops one of the handles that the program holds.
    Release(prop::sample::Index),
    Clone(prop::sample::Index),
}

fn op() -> impl Strategy<Value = Op> {
    let key = 0..12_u8;
    prop_oneof![
        4 => key.clone().prop_map(Op::Get),
        1 => key.clone().prop_map(Op::With),
        4 => key.clone().prop_map(Op::Insert),
        4 => key.clone().prop_map(Op::Load),
        1 => key.clone().prop_map(Op::FailedLoad),
        1 => (key.clone(), any::<bool>()).prop_map(|(key, removed)| Op::OvertakenLoad(key, removed)),
        1 => key.prop_map(Op::Remove),
        1 => (2..4_u8).prop_map(Op::Retain),
        1 => Just(Op::Clear),
        1 => (0..6_usize).prop_map(Op::SetCapacity),
        1 => Just(Op::Entries),
        6 => any::<prop::sample::Index>().prop_map(Op::Release),
        1 => any::<prop::sample::Index>().prop_map(Op::Clone),
    ]
}

/// The truth, as simple as it can be: ids of lives.
#[derive(Default)]
struct Model {
    capacity: usize,
    /// The life that a lookup finds.
    table: HashMap<u8, u64>,
    /// The seats of the clock, each with its mark.
    strong: Vec<(u64, bool)>,
    hand: usize,
    /// One per handle of the program.
    held: Vec<u64>,
    evictions: u64,
    deaths: u64,
}

impl Model {
    fn touch(&mut self, id: u64) {
        if let Some(seat) = self.strong.iter_mut().find(|seat| seat.0 == id) {
            seat.1 = true;
        } else if self.strong.len() < self.capacity {
            self.strong.push((id, false));
        } else if self.capacity > 0 {
            let seat = self.next_out();
            self.strong[seat] = (id, false);
            self.hand = seat + 1;
            self.evictions += 1;
        }
    }

    fn next_out(&mut self) -> usize {
        loop {
            self.hand = if self.hand >= self.strong.len() { 0 } else { self.hand };
            if !std::mem::take(&mut self.strong[self.hand].1) {
                return self.hand;
            }
            self.hand += 1;
        }
    }

    fn set_capacity(&mut self, capacity: usize) {
        self.capacity = capacity;
        while self.strong.len() > capacity {
            let seat = self.next_out();
            self.strong.swap_remove(seat);
            self.hand = seat + 1;
            self.evictions += 1;
        }
    }

    /// Entries that nobody keeps die.
    fn settle(&mut self) {
        let (strong, held) = (&self.strong, &self.held);
        let before = self.table.len();
        self.table.retain(|_, id| strong.iter().any(|seat| seat.0 == *id) || held.contains(id));
        self.deaths += (before - self.table.len()) as u64;
    }

    fn unlist(&mut self, key: u8) -> Option<u64> {
        let id = self.table.remove(&key)?;
        if let Some(seat) = self.strong.iter().position(|seat| seat.0 == id) {
            self.strong.swap_remove(seat);
        }
        Some(id)
    }

    /// Lives that are in the table or held.
    fn alive(&self) -> usize {
        let mut ids: Vec<_> = self.table.values().chain(&self.held).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.len()
    }
}

fn run<S: BuildHasher>(cache: LocalCache<u8, Counted, S>, ops: &[Op]) {
    let ledger = Ledger::default();
    let mut model = Model { capacity: cache.capacity(), ..Model::default() };
    let mut held: Vec<LocalCached<Counted>> = Vec::new();
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
            Op::With(key) => {
                let id = cache.with(&key, |value| value.id);
                assert_eq!(id, model.table.get(&key).copied());
                if let Some(id) = id {
                    model.touch(id);
                }
            }
            Op::Insert(key) => {
                next += 1;
                model.unlist(key);
                found = Some(cache.insert(key, ledger.value(next)));
                model.table.insert(key, next);
                model.touch(next);
            }
            Op::Load(key) => {
                next += 1;
                let value = cache.get_or_insert_with(key, || ledger.value(next));
                assert_eq!(value.id, *model.table.entry(key).or_insert(next));
                model.touch(value.id);
                found = Some(value);
            }
            Op::FailedLoad(key) => match cache.try_get_or_insert_with(key, || Err(key)) {
                Ok(value) => {
                    assert_eq!(Some(&value.id), model.table.get(&key));
                    model.touch(value.id);
                    found = Some(value);
                }
                Err(error) => assert!(error == key && !model.table.contains_key(&key)),
            },
            Op::OvertakenLoad(key, removed) => {
                next += 2;
                let value = cache.get_or_insert_with(key, || {
                    assert!(cache.get(&key).is_none() && !cache.contains_key(&key));
                    assert_eq!(cache.insert(key, ledger.value(next)).id, next);
                    assert!(!removed || cache.remove(&key).is_some_and(|value| value.id == next));
                    ledger.value(next - 1)
                });
                if let Some(id) = model.table.get(&key) {
                    assert_eq!(*id, value.id);
                    model.touch(value.id);
                } else {
                    assert_eq!(value.id, next);
                    model.table.insert(key, next);
                    model.touch(next);
                    if removed {
                        model.unlist(key);
                    } else {
                        model.touch(next); // At the end of the load.
                    }
                }
                found = Some(value);
            }
            Op::Remove(key) => {
                found = cache.remove(&key);
                assert_eq!(found.as_ref().map(|value| value.id), model.unlist(key));
            }
            Op::Retain(modulus) => {
                // The order decides who moves to which seat.
                let mut order = Vec::new();
                cache.retain(|key, _| {
                    order.push(*key);
                    key % modulus != 0
                });
                for key in order.iter().filter(|key| *key % modulus == 0) {
                    model.unlist(*key);
                }
                assert!(model.table.keys().all(|key| key % modulus != 0));
            }
            Op::Clear => {
                cache.clear();
                model.table.clear();
                model.strong.clear();
                model.hand = 0;
            }
            Op::SetCapacity(capacity) => {
                cache.set_capacity(capacity);
                model.set_capacity(capacity);
            }
            Op::Entries => {
                let all: HashMap<u8, u64> = cache.entries().map(|entry| (*entry.key(), entry.value().id)).collect();
                assert_eq!(all, model.table);
            }
            Op::Release(which) => {
                if !held.is_empty() {
                    let index = which.index(held.len());
                    held.swap_remove(index);
                    model.held.swap_remove(index);
                }
            }
            Op::Clone(which) => {
                if !held.is_empty() {
                    found = Some(held[which.index(held.len())].clone());
                }
            }
        }
        if let Some(value) = found {
            model.held.push(value.id);
            held.push(value);
        }
        model.settle();
        let stats = cache.stats();
        assert_eq!((cache.len(), ledger.alive()), (model.table.len(), model.alive()), "{op:?}");
        assert_eq!((stats.strong_len(), stats.capacity()), (model.strong.len(), model.capacity));
        assert_eq!((stats.evictions(), stats.deaths()), (model.evictions, model.deaths), "{op:?}");
        for key in 0..12 {
            assert_eq!(cache.contains_key(&key), model.table.contains_key(&key));
        }
    }
    drop(cache);
    model.held.sort_unstable();
    model.held.dedup();
    assert_eq!(ledger.alive(), model.held.len());
    drop(held);
    assert_eq!(ledger.alive(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 300 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn behaves_like_the_model(capacity in 0..5_usize, ops in prop::collection::vec(op(), 0..120)) {
        run(LocalCache::builder().hasher(DefaultHashBuilder::default()).capacity(capacity).build(), &ops);
    }

    #[test]
    fn behaves_like_the_model_where_all_keys_have_one_hash(capacity in 0..5_usize, ops in prop::collection::vec(op(), 0..120)) {
        run(LocalCache::builder().hasher(Constant).capacity(capacity).build(), &ops);
    }
}

//! Random programs against a model: lists of who holds what, and the order of use.

mod common;

use std::collections::HashMap;

use common::{Counted, Ledger};
use lagom_weakcache::{Cached, Eviction, WeakCache};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Op {
    Get(u8),
    With(u8),
    Insert(u8),
    Put(u8),
    Load(u8),
    FailedLoad(u8),
    Remove(u8),
    Retain(u8),
    Clear,
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
        3 => key.clone().prop_map(Op::Put),
        4 => key.clone().prop_map(Op::Load),
        1 => key.clone().prop_map(Op::FailedLoad),
        1 => key.prop_map(Op::Remove),
        1 => (2..4_u8).prop_map(Op::Retain),
        1 => Just(Op::Clear),
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
    /// From the least to the most recently used.
    strong: Vec<u64>,
    /// One per handle of the program.
    held: Vec<u64>,
    evictions: u64,
    deaths: u64,
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

    /// Entries that nobody keeps die.
    fn settle(&mut self) {
        let (strong, held) = (&self.strong, &self.held);
        let before = self.table.len();
        self.table.retain(|_, id| strong.contains(id) || held.contains(id));
        self.deaths += (before - self.table.len()) as u64;
    }

    fn unlist(&mut self, key: u8) -> Option<u64> {
        let id = self.table.remove(&key)?;
        self.strong.retain(|other| *other != id);
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

fn run(capacity: usize, keep: bool, ops: &[Op]) {
    let (cache, ledger) = (WeakCache::<u8, Counted>::builder(), Ledger::default());
    let cache = cache.capacity(capacity).eviction(Eviction::Lru).build();
    let mut model = Model { capacity, ..Model::default() };
    let mut held: Vec<Cached<Counted>> = Vec::new();
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
            Op::Put(key) => {
                next += 1;
                model.unlist(key);
                cache.put(key, ledger.value(next));
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
            Op::Release(which) => {
                if !held.is_empty() {
                    let at = which.index(held.len());
                    model.held.swap_remove(at);
                    drop(held.swap_remove(at));
                }
            }
            Op::Clone(which) => {
                if !held.is_empty() {
                    let at = which.index(held.len());
                    found = Some(held[at].clone());
                }
            }
        }
        match found {
            Some(value) if keep || matches!(op, Op::Clone(_)) => {
                model.held.push(value.id);
                held.push(value);
            }
            other => drop(other),
        }
        model.settle();

        let stats = cache.stats();
        assert_eq!(ledger.alive(), model.alive(), "after {op:?}");
        assert_eq!((stats.len(), stats.strong_len()), (model.table.len(), model.strong.len()), "after {op:?}");
        assert_eq!((stats.evictions(), stats.deaths()), (model.evictions, model.deaths), "after {op:?}");
        for key in 0..12 {
            assert_eq!(cache.contains_key(&key), model.table.contains_key(&key), "{key} after {op:?}");
        }
    }
    drop(cache);
    model.held.sort_unstable();
    model.held.dedup();
    assert_eq!(ledger.alive(), model.held.len());
    drop(held);
    assert_eq!(ledger.alive(), 0);
}

/// 400 cases, unless the environment asks for another number.
fn cases() -> ProptestConfig {
    let config = ProptestConfig::default();
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => config,
        None => ProptestConfig { cases: 400, ..config },
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..cases() })]

    #[test]
    fn like_the_model(
        capacity in prop_oneof![Just(0_usize), Just(1), Just(3), Just(usize::MAX)],
        keep in any::<bool>(),
        ops in prop::collection::vec(op(), 0..120),
    ) {
        run(capacity, keep, &ops);
    }
}

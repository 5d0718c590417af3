//! A memo against a model that is too simple to be wrong: a list, the most recently used last.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use lagom_memo::Memo;
use proptest::prelude::*;

#[derive(Clone, Copy, Debug)]
enum Step {
    GetOrInsert(u8),
    Fail(u8),
    Get(u8),
    Insert(u8),
    Remove(u8),
    Retain(u8),
    Purge,
    Clear,
    /// The computation takes this long.
    Slow(u8, u64),
    Wait(u64),
    JumpBack(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let key = || 0..8_u8;
    prop_oneof![
        6 => key().prop_map(Step::GetOrInsert),
        1 => key().prop_map(Step::Fail),
        4 => key().prop_map(Step::Get),
        3 => key().prop_map(Step::Insert),
        1 => key().prop_map(Step::Remove),
        1 => (1..4_u8).prop_map(Step::Retain),
        1 => Just(Step::Purge),
        1 => Just(Step::Clear),
        1 => (key(), 0..12_u64).prop_map(|(key, long)| Step::Slow(key, long)),
        4 => (0..6_u64).prop_map(Step::Wait),
        1 => (0..30_u64).prop_map(Step::JumpBack),
    ]
}

struct Model {
    /// Key, value, when it was made. A value is the number of its step, so the smaller one was put in before.
    kept: Vec<(u8, u32, u64)>,
    capacity: usize,
    /// `None` is never.
    ttl: Option<u64>,
}

impl Model {
    fn is_fresh(&self, made: u64, now: u64) -> bool {
        self.ttl.is_none_or(|ttl| ttl > 0 && made + ttl > now)
    }

    fn get(&mut self, key: u8, now: u64) -> Option<u32> {
        let at = self.kept.iter().position(|entry| entry.0 == key)?;
        let entry = self.kept.remove(at);
        if !self.is_fresh(entry.2, now) {
            return None;
        }
        self.kept.push(entry);
        Some(entry.1)
    }

    /// Up to four, the first to expire first; of those that expire together, the first that was put in.
    fn sweep(&mut self, now: u64) {
        for _ in 0..4 {
            let oldest = (0..self.kept.len()).min_by_key(|at| (self.kept[*at].2, self.kept[*at].1));
            match oldest {
                Some(at) if !self.is_fresh(self.kept[at].2, now) => drop(self.kept.remove(at)),
                _ => break,
            }
        }
    }

    fn put(&mut self, key: u8, value: u32, made: u64, now: u64) {
        if self.capacity == 0 || !self.is_fresh(made, now) {
            return;
        }
        self.kept.retain(|entry| entry.0 != key);
        self.kept.push((key, value, made));
        if self.kept.len() > self.capacity {
            self.kept.remove(0);
        }
    }
}

/// Runs the steps on both.
fn run(capacity: usize, ttl: Option<u64>, steps: &[Step]) -> Result<(), TestCaseError> {
    let now = Arc::new(AtomicU64::new(50));
    let clock = Arc::clone(&now);
    let memo = Memo::builder()
        .capacity(capacity)
        .ttl(ttl.map_or(Duration::MAX, Duration::from_secs))
        .clock(move || Duration::from_secs(clock.load(Relaxed)))
        .build();
    let mut model = Model { kept: Vec::new(), capacity, ttl };
    let mut asked = 0;
    for (next, step) in (0_u32..).zip(steps.iter().copied()) {
        let at = now.load(Relaxed);
        match step {
            Step::GetOrInsert(key) | Step::Slow(key, _) => {
                asked += 1;
                let long = if let Step::Slow(_, long) = step { long } else { 0 };
                let value = memo.get_or_insert_with(key, || {
                    now.fetch_add(long, Relaxed);
                    next
                });
                let expected = model.get(key, at).unwrap_or_else(|| {
                    model.sweep(at);
                    model.put(key, next, at, at + long);
                    next
                });
                prop_assert_eq!(value, expected);
            }
            Step::Fail(key) => {
                asked += 1;
                let expected = model.get(key, at).ok_or(next);
                if expected.is_err() {
                    model.sweep(at);
                }
                prop_assert_eq!(memo.try_get_or_insert_with(key, || Err(next)), expected);
            }
            Step::Get(key) => {
                asked += 1;
                let expected = model.get(key, at);
                if expected.is_none() {
                    model.sweep(at);
                }
                prop_assert_eq!(memo.get(&key), expected);
            }
            Step::Insert(key) => {
                memo.insert(key, next);
                model.sweep(at);
                model.put(key, next, at, at);
            }
            Step::Remove(key) => {
                let expected = model.get(key, at);
                model.kept.retain(|entry| entry.0 != key);
                prop_assert_eq!(memo.remove(&key), expected);
            }
            Step::Retain(by) => {
                memo.retain(|key, value| (u32::from(*key) + value) % u32::from(by) == 0);
                model.kept.retain(|entry| (u32::from(entry.0) + entry.1) % u32::from(by) == 0);
            }
            Step::Purge => {
                let before = model.kept.len();
                let fresh: Vec<_> = model.kept.iter().copied().filter(|entry| model.is_fresh(entry.2, at)).collect();
                model.kept = fresh;
                prop_assert_eq!(memo.purge_expired(), before - model.kept.len());
            }
            Step::Clear => {
                memo.clear();
                model.kept.clear();
            }
            Step::Wait(long) => drop(now.fetch_add(long, Relaxed)),
            Step::JumpBack(long) => now.store(at.saturating_sub(long), Relaxed),
        }
        prop_assert_eq!(memo.len(), model.kept.len());
        prop_assert!(memo.len() <= capacity);
        let stats = memo.stats();
        prop_assert_eq!((stats.hits() + stats.misses(), stats.in_flight()), (asked, 0));
    }
    Ok(())
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
    #![proptest_config(cases())]

    #[test]
    fn behaves_like_the_model(
        capacity in 0..6_usize,
        ttl in prop_oneof![Just(None), Just(Some(0)), (1..12_u64).prop_map(Some)],
        steps in prop::collection::vec(step(), 1..120),
    ) {
        run(capacity, ttl, &steps)?;
    }
}

/// A look-up changes the order of use, and not the order in which values expire.
#[test]
fn of_those_that_expire_together_the_first_put_in_goes_first() {
    use Step::{Get, GetOrInsert, Insert, Wait};
    let steps = [GetOrInsert(0), Insert(2), Insert(3), GetOrInsert(1), GetOrInsert(4), Get(3), Wait(1), Insert(3)];
    run(5, Some(1), &steps).unwrap();
}

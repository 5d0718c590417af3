//! The pool against a model: a `Vec` of numbers, and plain counts.

mod common;

use common::{Counted, Ledger};
use lagom_pool::{Pool, Pooled, PooledOwned};
use proptest::collection::vec;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Op {
    Acquire,
    AcquireOwned,
    /// The guard at this place, modulo how many there are.
    Release(usize),
    Detach(usize),
    Attach,
    AttachOwned,
    Trim(usize),
    Clear,
    Prewarm(usize),
    /// The guard at this place is dropped by a panic.
    Unwind(usize),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => Just(Op::Acquire),
        4 => Just(Op::AcquireOwned),
        8 => any::<usize>().prop_map(Op::Release),
        2 => any::<usize>().prop_map(Op::Detach),
        1 => Just(Op::Attach),
        1 => Just(Op::AttachOwned),
        1 => (0..6_usize).prop_map(Op::Trim),
        1 => Just(Op::Clear),
        1 => (0..8_usize).prop_map(Op::Prewarm),
        1 => any::<usize>().prop_map(Op::Unwind),
    ]
}

enum Guard<'a> {
    Borrowed(Pooled<'a, Counted>),
    Owned(PooledOwned<Counted>),
}

impl Guard<'_> {
    fn number(&self) -> usize {
        match self {
            Guard::Borrowed(guard) => guard.number,
            Guard::Owned(guard) => guard.number,
        }
    }

    fn detach(self) -> Counted {
        match self {
            Guard::Borrowed(guard) => Pooled::detach(guard),
            Guard::Owned(guard) => PooledOwned::detach(guard),
        }
    }
}

/// What the pool should do. Objects are their numbers; every third is no longer fit when it comes back.
#[derive(Default)]
struct Model {
    idle: Vec<usize>,
    max_idle: usize,
    built: usize,
    created: u64,
    reused: u64,
    prewarmed: u64,
    discarded: u64,
}

fn fit(number: usize) -> bool {
    number % 3 != 2
}

impl Model {
    fn build(&mut self) -> usize {
        self.built += 1;
        self.built - 1
    }

    /// Whether the pool may hand out this object: any idle one, for which one depends on where it lies, or else a new one.
    fn may_acquire(&mut self, number: usize) -> bool {
        if let Some(place) = self.idle.iter().position(|idle| *idle == number) {
            self.idle.remove(place);
            self.reused += 1;
            return true;
        }
        self.created += 1;
        self.idle.is_empty() && self.build() == number
    }

    fn release(&mut self, number: usize) {
        if fit(number) && self.idle.len() < self.max_idle {
            self.idle.push(number);
        } else {
            self.discarded += 1;
        }
    }

    /// What is left after a trim is for the pool to choose; how many, is not.
    fn trim(&mut self, keep: usize, alive: impl Fn(usize) -> bool) -> bool {
        let expected = self.idle.len().min(keep);
        self.idle.retain(|number| alive(*number));
        self.idle.len() == expected
    }

    fn prewarm(&mut self, n: usize) {
        while self.idle.len() < n.min(self.max_idle) {
            let number = self.build();
            self.idle.push(number);
            self.prewarmed += 1;
        }
    }
}

proptest! {
    #![proptest_config(common::cases(400))]

    #[test]
    fn behaves_like_a_vec(max_idle in 0..6_usize, ops in vec(op(), 0..80)) {
        let ledger = Ledger::default();
        let births = ledger.clone();
        let pool = Pool::builder(move || births.object())
            .retain_if(|object: &Counted| fit(object.number))
            .max_idle(max_idle)
            .build();
        let mut model = Model { max_idle, ..Model::default() };
        let mut out: Vec<Guard> = Vec::new();
        let mut detached: Vec<Counted> = Vec::new();

        for op in ops {
            match op {
                Op::Acquire | Op::AcquireOwned => {
                    let guard = match op {
                        Op::Acquire => Guard::Borrowed(pool.acquire()),
                        _ => Guard::Owned(pool.acquire_owned()),
                    };
                    prop_assert!(model.may_acquire(guard.number()), "{} of {:?}", guard.number(), model.idle);
                    out.push(guard);
                }
                Op::Release(place) if !out.is_empty() => {
                    let guard = out.swap_remove(place % out.len());
                    model.release(guard.number());
                    drop(guard);
                }
                Op::Detach(place) if !out.is_empty() => {
                    let guard = out.swap_remove(place % out.len());
                    detached.push(guard.detach());
                }
                Op::Attach | Op::AttachOwned => {
                    if let Some(object) = detached.pop() {
                        out.push(match op {
                            Op::Attach => Guard::Borrowed(pool.attach(object)),
                            _ => Guard::Owned(pool.attach_owned(object)),
                        });
                    }
                }
                Op::Trim(keep) => {
                    pool.trim(keep);
                    prop_assert!(model.trim(keep, |number| ledger.is_alive(number)));
                }
                Op::Clear => {
                    pool.clear();
                    prop_assert!(model.trim(0, |number| ledger.is_alive(number)));
                }
                Op::Prewarm(n) => {
                    pool.prewarm(n);
                    model.prewarm(n);
                }
                Op::Unwind(place) if !out.is_empty() => {
                    let guard = out.swap_remove(place % out.len());
                    // Not `panic!`: the hook would print every one of them.
                    let unwound = common::panics(move || {
                        let _guard = guard;
                        std::panic::resume_unwind(Box::new(()));
                    });
                    prop_assert!(unwound);
                    model.discarded += 1;
                }
                Op::Release(_) | Op::Detach(_) | Op::Unwind(_) => {}
            }

            let stats = pool.stats();
            prop_assert_eq!(stats.created(), model.created);
            prop_assert_eq!(stats.reused(), model.reused);
            prop_assert_eq!(stats.prewarmed(), model.prewarmed);
            prop_assert_eq!(stats.discarded(), model.discarded);
            prop_assert_eq!(stats.idle(), model.idle.len());
            prop_assert_eq!(stats.in_use(), out.len());
            prop_assert_eq!(pool.len(), model.idle.len());
            prop_assert_eq!(ledger.built(), model.built);
            prop_assert_eq!(ledger.alive(), model.idle.len() + out.len() + detached.len());
        }

        drop((out, detached));
        drop(pool);
        prop_assert_eq!(ledger.alive(), 0);
    }
}

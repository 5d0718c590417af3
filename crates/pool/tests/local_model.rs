//! The pool of one thread against a model: a `Vec` of numbers, and plain counts.

mod common;

use common::{Counted, Ledger};
use lagom_pool::{LocalPool, LocalPooled, LocalPooledOwned, TryAcquireError};
use proptest::collection::vec;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Op {
    Acquire,
    AcquireOwned,
    /// Takes and gives back so often.
    Spin(usize),
    /// The guard at this place, modulo how many there are.
    Release(usize),
    Detach(usize),
    Attach,
    AttachOwned,
    Trim(usize),
    Prewarm(usize),
    /// The guard at this place is dropped by a panic.
    Unwind(usize),
    Close,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => Just(Op::Acquire),
        8 => Just(Op::AcquireOwned),
        3 => (1..20_000_usize).prop_map(Op::Spin),
        16 => any::<usize>().prop_map(Op::Release),
        4 => any::<usize>().prop_map(Op::Detach),
        2 => Just(Op::Attach),
        2 => Just(Op::AttachOwned),
        3 => (0..6_usize).prop_map(Op::Trim),
        3 => (0..8_usize).prop_map(Op::Prewarm),
        2 => any::<usize>().prop_map(Op::Unwind),
        1 => Just(Op::Close),
    ]
}

enum Guard<'a> {
    Borrowed(LocalPooled<'a, Counted>),
    Owned(LocalPooledOwned<Counted>),
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
            Guard::Borrowed(guard) => LocalPooled::detach(guard),
            Guard::Owned(guard) => LocalPooledOwned::detach(guard),
        }
    }
}

/// What the pool should do. Objects are their numbers; every fifth is no longer fit when it comes back.
#[derive(Default)]
struct Model {
    idle: Vec<usize>,
    in_use: usize,
    max_idle: usize,
    max_live: usize,
    closed: bool,
    built: usize,
    created: u64,
    reused: u64,
    prewarmed: u64,
    discarded: u64,
    /// The fewest that were idle since the last time that `reused` was a multiple of a round, and somebody asked again.
    low: usize,
    rounds: u64,
}

fn fit(number: usize) -> bool {
    number % 5 != 4
}

impl Model {
    fn build(&mut self) -> Result<usize, TryAcquireError> {
        if self.closed {
            return Err(TryAcquireError::Closed);
        }
        if self.idle.len() + self.in_use >= self.max_live {
            return Err(TryAcquireError::Exhausted);
        }
        self.built += 1;
        Ok(self.built - 1)
    }

    fn acquire(&mut self) -> Result<usize, TryAcquireError> {
        if self.reused == (self.rounds + 1) * 65_536 {
            self.rounds += 1;
            self.idle.drain(..self.low.div_ceil(2));
            self.low = self.idle.len();
        }
        let number = match self.idle.pop() {
            Some(number) => {
                self.reused += 1;
                self.low = self.low.min(self.idle.len());
                number
            }
            None => {
                self.low = 0;
                let number = self.build()?;
                self.created += 1;
                number
            }
        };
        self.in_use += 1;
        Ok(number)
    }

    fn release(&mut self, number: usize) {
        let too_many = self.idle.len() + self.in_use > self.max_live;
        self.in_use -= 1;
        if !self.closed && !too_many && fit(number) && self.idle.len() < self.max_idle {
            self.idle.push(number);
        } else {
            self.discarded += 1;
        }
    }

    fn trim(&mut self, keep: usize) {
        self.idle.drain(..self.idle.len().saturating_sub(keep));
        self.low = self.low.min(self.idle.len());
    }

    fn prewarm(&mut self, n: usize) {
        // Once attached objects are too many, none that is made would stay.
        while self.idle.len() < n.min(self.max_idle) {
            let Ok(number) = self.build() else { return };
            self.idle.push(number);
            self.prewarmed += 1;
        }
    }
}

proptest! {
    #![proptest_config(common::cases(300))]

    #[test]
    fn behaves_like_a_vec(
        max_idle in 0..8_usize,
        max_live in prop_oneof![Just(usize::MAX), 1..8_usize],
        ops in vec(op(), 0..80),
    ) {
        let ledger = Ledger::default();
        let births = ledger.clone();
        let pool = LocalPool::builder(move || births.object())
            .retain_if(|object: &Counted| fit(object.number))
            .max_idle(max_idle)
            .max_live(max_live)
            .build();
        let mut model = Model { max_idle, max_live, ..Model::default() };
        let mut out: Vec<Guard> = Vec::new();
        let mut detached: Vec<Counted> = Vec::new();

        for op in ops {
            match op {
                Op::Acquire | Op::AcquireOwned => {
                    let guard = match op {
                        Op::Acquire => pool.try_acquire().map(Guard::Borrowed),
                        _ => pool.try_acquire_owned().map(Guard::Owned),
                    };
                    prop_assert_eq!(guard.as_ref().map(Guard::number).map_err(|error| *error), model.acquire());
                    out.extend(guard);
                }
                Op::Spin(times) => {
                    for _ in 0..times {
                        let number = pool.try_acquire().map(|guard| guard.number);
                        prop_assert_eq!(number, model.acquire());
                        let Ok(number) = number else { break };
                        model.release(number);
                    }
                }
                Op::Release(place) if !out.is_empty() => {
                    let guard = out.swap_remove(place % out.len());
                    model.release(guard.number());
                    drop(guard);
                }
                Op::Detach(place) if !out.is_empty() => {
                    let guard = out.swap_remove(place % out.len());
                    detached.push(guard.detach());
                    model.in_use -= 1;
                }
                Op::Attach | Op::AttachOwned => {
                    if let Some(object) = detached.pop() {
                        out.push(match op {
                            Op::Attach => Guard::Borrowed(pool.attach(object)),
                            _ => Guard::Owned(pool.attach_owned(object)),
                        });
                        model.in_use += 1;
                    }
                }
                Op::Trim(keep) => {
                    pool.trim(keep);
                    model.trim(keep);
                }
                Op::Prewarm(n) => {
                    pool.prewarm(n);
                    model.prewarm(n);
                }
                Op::Unwind(place) if !out.is_empty() => {
                    let guard = out.swap_remove(place % out.len());
                    if cfg!(feature = "std") {
                        model.in_use -= 1;
                        model.discarded += 1;
                    } else {
                        model.release(guard.number());
                    }
                    // Not `panic!`: the hook would print every one of them.
                    let unwound = common::panics(move || {
                        let _guard = guard;
                        std::panic::resume_unwind(Box::new(()));
                    });
                    prop_assert!(unwound);
                }
                Op::Close => {
                    pool.close();
                    model.closed = true;
                    model.trim(0);
                }
                Op::Release(_) | Op::Detach(_) | Op::Unwind(_) => {}
            }

            let stats = pool.stats();
            prop_assert_eq!(stats.created(), model.created);
            prop_assert_eq!(stats.reused(), model.reused);
            prop_assert_eq!(stats.prewarmed(), model.prewarmed);
            prop_assert_eq!(stats.discarded(), model.discarded);
            prop_assert_eq!(stats.idle(), model.idle.len());
            prop_assert_eq!(stats.in_use(), model.in_use);
            prop_assert_eq!(pool.is_closed(), model.closed);
            prop_assert_eq!(ledger.built(), model.built);
            prop_assert!(model.idle.iter().all(|number| ledger.is_alive(*number)));
            prop_assert_eq!(ledger.alive(), model.idle.len() + out.len() + detached.len());
        }

        drop((out, detached));
        drop(pool);
        prop_assert_eq!(ledger.alive(), 0);
    }
}

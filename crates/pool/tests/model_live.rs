//! A bounded pool against a model: who may have an object, when there is none, what is leaked, and that it may be closed.

mod common;

use common::{Counted, Ledger};
use lagom_pool::{AcquireTimeoutError, Pool, PooledOwned, TryAcquireError};
use proptest::collection::vec;
use proptest::prelude::*;
use std::time::Duration;

#[derive(Clone, Debug)]
enum Op {
    /// Borrowed for a moment, and then: back, detached, unwound, or forgotten.
    Borrow(End),
    AcquireOwned,
    TimeoutOwned,
    /// The guard at this place, modulo how many there are.
    Release(usize),
    Detach(usize),
    Unwind(usize),
    ForgetOwned(usize),
    AttachOwned,
    Prewarm(usize),
    Trim(usize),
    WriteOff,
    Close,
}

#[derive(Clone, Copy, Debug)]
enum End {
    Back,
    Detach,
    Unwind,
    Forget,
}

fn op() -> impl Strategy<Value = Op> {
    let end = prop_oneof![4 => Just(End::Back), 1 => Just(End::Detach), 1 => Just(End::Unwind), 2 => Just(End::Forget)];
    prop_oneof![
        8 => end.prop_map(Op::Borrow),
        8 => Just(Op::AcquireOwned),
        2 => Just(Op::TimeoutOwned),
        12 => any::<usize>().prop_map(Op::Release),
        3 => any::<usize>().prop_map(Op::Detach),
        2 => any::<usize>().prop_map(Op::Unwind),
        1 => any::<usize>().prop_map(Op::ForgetOwned),
        2 => Just(Op::AttachOwned),
        2 => (0..8_usize).prop_map(Op::Prewarm),
        2 => (0..4_usize).prop_map(Op::Trim),
        3 => Just(Op::WriteOff),
        1 => prop_oneof![9 => Just(Op::Trim(0)), 1 => Just(Op::Close)],
    ]
}

/// Objects are their numbers; every fifth is no longer fit when it comes back.
fn fit(number: usize) -> bool {
    number % 5 != 4
}

#[derive(Default)]
struct Model {
    max_idle: usize,
    max_live: usize,
    closed: bool,
    idle: Vec<usize>,
    /// Borrowed and forgotten, and not yet written off.
    forgotten: usize,
    /// Owned and forgotten, for ever in use.
    lost: usize,
    created: u64,
    reused: u64,
    prewarmed: u64,
    discarded: u64,
    leaked: u64,
}

impl Model {
    fn in_use(&self, out: usize) -> usize {
        out + self.forgotten + self.lost
    }

    fn live(&self, out: usize) -> usize {
        self.idle.len() + self.in_use(out)
    }

    /// What an acquisition should end with, while `out` owned guards are out; `Ok` if it may be had from the idle ones, or
    /// made.
    fn verdict(&self, out: usize) -> Result<(), TryAcquireError> {
        if self.closed {
            Err(TryAcquireError::Closed)
        } else if self.idle.is_empty() && self.live(out) >= self.max_live {
            Err(TryAcquireError::Exhausted)
        } else {
            Ok(())
        }
    }

    /// Whether this is the object to be had: an idle one, or a new one only if none is idle.
    fn acquire(&mut self, number: usize, newest: usize) -> bool {
        if let Some(place) = self.idle.iter().position(|idle| *idle == number) {
            self.idle.remove(place);
            self.reused += 1;
            return true;
        }
        self.created += 1;
        self.idle.is_empty() && number == newest
    }

    fn release(&mut self, number: usize) {
        if !self.closed && fit(number) && self.idle.len() < self.max_idle {
            self.idle.push(number);
        } else {
            self.discarded += 1;
        }
    }
}

fn unwind<T>(guard: T) {
    assert!(common::panics(move || {
        let _guard = guard;
        std::panic::resume_unwind(Box::new(()));
    }));
}

proptest! {
    #![proptest_config(common::cases(400))]

    #[test]
    fn behaves_like_counts(max_idle in 0..6_usize, max_live in 1..6_usize, ops in vec(op(), 0..100)) {
        let ledger = Ledger::default();
        let births = ledger.clone();
        let mut pool = Pool::builder(move || births.object())
            .retain_if(|object: &Counted| fit(object.number))
            .max_idle(max_idle)
            .max_live(max_live)
            .build();
        let mut model = Model { max_idle, max_live, ..Model::default() };
        let mut out: Vec<PooledOwned<Counted>> = Vec::new();
        let mut detached: Vec<Counted> = Vec::new();
        let mut gone = 0;

        for op in ops {
            let verdict = model.verdict(out.len());
            match op {
                Op::Borrow(end) => match pool.try_acquire() {
                    Ok(guard) => {
                        prop_assert!(verdict.is_ok(), "{:?}", verdict);
                        let number = guard.number;
                        prop_assert!(model.acquire(number, ledger.built() - 1), "{} of {:?}", number, model.idle);
                        match end {
                            End::Back => {
                                drop(guard);
                                model.release(number);
                            }
                            End::Detach => detached.push(lagom_pool::Pooled::detach(guard)),
                            End::Unwind => {
                                unwind(guard);
                                model.discarded += 1;
                            }
                            End::Forget => {
                                std::mem::forget(guard);
                                model.forgotten += 1;
                            }
                        }
                    }
                    Err(error) => prop_assert_eq!(verdict, Err(error)),
                },
                Op::AcquireOwned | Op::TimeoutOwned => {
                    let result = match op {
                        Op::AcquireOwned => pool.try_acquire_owned(),
                        _ => pool.acquire_owned_timeout(Duration::ZERO).map_err(|error| match error {
                            AcquireTimeoutError::TimedOut => TryAcquireError::Exhausted,
                            AcquireTimeoutError::Closed => TryAcquireError::Closed,
                        }),
                    };
                    prop_assert_eq!(verdict, result.as_ref().map(|_| ()).map_err(|error| *error));
                    if let Ok(guard) = result {
                        prop_assert!(model.acquire(guard.number, ledger.built() - 1));
                        out.push(guard);
                    }
                }
                Op::Release(place) if !out.is_empty() => {
                    let guard = out.swap_remove(place % out.len());
                    model.release(guard.number);
                    drop(guard);
                }
                Op::Detach(place) if !out.is_empty() => {
                    detached.push(PooledOwned::detach(out.swap_remove(place % out.len())));
                }
                Op::Unwind(place) if !out.is_empty() => {
                    unwind(out.swap_remove(place % out.len()));
                    model.discarded += 1;
                }
                Op::ForgetOwned(place) if !out.is_empty() => {
                    std::mem::forget(out.swap_remove(place % out.len()));
                    model.lost += 1;
                }
                Op::AttachOwned => {
                    if let Some(object) = detached.pop() {
                        out.push(pool.attach_owned(object));
                    }
                }
                Op::Prewarm(n) => {
                    pool.prewarm(n);
                    while !model.closed && model.idle.len() < n.min(max_idle) && model.live(out.len()) < max_live {
                        // Numbers only grow, and each of these is alive.
                        model.idle.push(usize::MAX - model.idle.len());
                        model.prewarmed += 1;
                    }
                    let made = model.idle.iter().filter(|number| **number > usize::MAX / 2).count();
                    model.idle.retain(|number| *number <= usize::MAX / 2);
                    model.idle.extend(ledger.built() - made..ledger.built());
                }
                Op::Trim(keep) => {
                    let expected = model.idle.len().min(keep);
                    pool.trim(keep);
                    model.idle.retain(|number| ledger.is_alive(*number));
                    prop_assert_eq!(model.idle.len(), expected);
                }
                Op::WriteOff => {
                    prop_assert_eq!(pool.write_off_leaked(), model.forgotten);
                    model.leaked += model.forgotten as u64;
                    gone += std::mem::take(&mut model.forgotten);
                }
                Op::Close => {
                    pool.close();
                    model.closed = true;
                    model.idle.clear();
                }
                Op::Release(_) | Op::Detach(_) | Op::Unwind(_) | Op::ForgetOwned(_) => {}
            }

            let stats = pool.stats();
            prop_assert_eq!(stats.created(), model.created);
            prop_assert_eq!(stats.reused(), model.reused);
            prop_assert_eq!(stats.prewarmed(), model.prewarmed);
            prop_assert_eq!(stats.discarded(), model.discarded);
            prop_assert_eq!(stats.leaked(), model.leaked);
            prop_assert_eq!(stats.idle(), model.idle.len());
            prop_assert_eq!(stats.in_use(), model.in_use(out.len()));
            prop_assert_eq!(stats.waiting(), 0);
            prop_assert_eq!(pool.is_closed(), model.closed);
            let outstanding = pool.outstanding();
            prop_assert_eq!(outstanding.in_use(), model.in_use(out.len()));
            if cfg!(debug_assertions) {
                let noted: usize = outstanding.places().iter().map(|place| place.1).sum();
                prop_assert_eq!(noted, model.in_use(out.len()));
            }
            prop_assert_eq!(ledger.alive(), model.live(out.len()) + detached.len() + gone);
        }

        drop((out, detached));
        drop(pool);
        prop_assert_eq!(ledger.alive(), gone + model.forgotten + model.lost);
    }
}

//! What a case asks of a pool, whoever made it.

use std::array;
use std::hint::black_box;
use std::sync::Arc;

use super::MAX_IDLE;
use super::object::Object;
use crate::case::{Contender, Worker};
use crate::measure::Batch;

/// A pool, used as its own users use it.
pub(super) trait Peer: Sized + 'static {
    /// What is pooled.
    type Object: Object;
    /// An object in use.
    type Held<'a>
    where
        Self: 'a;

    /// Whether an object in use gives itself back when it is dropped; if not, [`give`](Self::give) does it.
    const GUARD: bool = true;
    /// Drops all that is idle, of those that can.
    const TRIM: Option<fn(&Self)> = None;

    /// A pool, with a factory that is a closure; those that can be asked keep so many idle objects at most.
    fn new(max_idle: usize) -> Self;

    /// Takes an object, or has one made.
    fn take(&self) -> Self::Held<'_>;

    /// Makes the object clean, if no hook has done that, and writes to it: as [`Object::fill`].
    fn fill(held: &mut Self::Held<'_>, i: u64) -> u64;

    /// Gives an object back.
    #[inline(always)]
    fn give<'a>(&'a self, held: Self::Held<'a>) {
        drop(held);
    }

    /// Takes one object, writes to it and gives it back.
    #[inline(always)]
    fn pair(&self, i: u64) -> u64 {
        // A guard is dropped where it is: to move some of them costs more than the pair.
        let mut held = self.take();
        let filled = Self::fill(&mut held, i);
        if !Self::GUARD {
            self.give(held);
        }
        filled
    }

    /// Takes several, writes to all of them and gives them back.
    #[inline(always)]
    fn several<const N: usize>(&self, i: u64) -> u64 {
        let mut held: [Self::Held<'_>; N] = array::from_fn(|_| self.take());
        let filled = held.iter_mut().map(|held| Self::fill(held, i)).sum();
        if !Self::GUARD {
            held.into_iter().for_each(|held| self.give(held));
        }
        filled
    }
}

/// A pool that threads share.
pub(super) trait Shared: Peer + Send + Sync {}

impl<P: Peer + Send + Sync> Shared for P {}

/// Where peers enter: a case makes a contender of each.
pub(super) trait Field: Sized {
    /// Adds a contender under this name.
    fn enter<P: Shared>(self, name: &str, first: First) -> Self;
}

/// Which thread uses a pool first: some pools favour that one for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum First {
    /// One of those that are measured.
    Measured,
    /// Another.
    Other,
}

/// Pools to choose from at run time, so that no compiler knows the one that is used.
pub(super) const POOLS: usize = 64;

/// Several pools of a kind; a thread of its own has used all of them, where the case wants that.
pub(super) fn pools<P: Shared>(max_idle: usize, first: First) -> Box<[P; POOLS]> {
    let pools = Box::new(array::from_fn(|_| P::new(max_idle)));
    if first == First::Other {
        std::thread::scope(|scope| {
            scope.spawn(|| pools.iter().for_each(|pool: &P| assert_eq!(pool.pair(0), P::Object::FILLED)));
        });
    }
    pools
}

/// The one that is used.
pub(super) fn chosen<P>(pools: &[P; POOLS]) -> &P {
    black_box(&pools[black_box(37)])
}

/// `operation(pool, i)` on one of 64 pools, the same for all threads.
pub(super) fn contender<P: Shared>(
    name: &str,
    first: First,
    operation: impl Fn(&P, u64) -> u64 + Copy + Send + 'static,
) -> Contender {
    on_pools(name, first, move |pools, batch: &mut Batch<'_>| {
        let pool: &P = chosen(pools);
        let mut sum = 0_u64;
        batch.time(|i| sum = sum.wrapping_add(operation(pool, i)));
        sum
    })
}

/// A contender of which each thread runs its batch on the same 64 pools; `run` returns the sum to judge.
pub(super) fn on_pools<P: Shared>(
    name: &str,
    first: First,
    run: impl Fn(&[P; POOLS], &mut Batch<'_>) -> u64 + Copy + Send + 'static,
) -> Contender {
    Contender::from_workers(name, move |threads| {
        let pools = Arc::new(pools::<P>(MAX_IDLE, first));
        let worker = |_| {
            let pools = Arc::clone(&pools);
            Box::new(move |batch: &mut Batch<'_>| {
                let sum = run(&pools, batch);
                batch.answer_sum(sum);
            }) as Worker
        };
        (0..threads).map(worker).collect()
    })
}

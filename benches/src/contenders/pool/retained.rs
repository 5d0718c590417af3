//! What is kept when nobody uses it.

use std::sync::Mutex;
use std::sync::mpsc::channel;

use super::MAX_IDLE;
use super::counted::{Count, Counted};
use super::object::{KIB, Object};
use super::peer::{Field, First, Shared};
use super::roster;
use crate::case::{Case, Contender, Found};

type Counts = Counted<{ 64 * KIB }>;

/// Threads that use the pool without ever needing more than one object at once.
const THREADS: u64 = 64;

const UNIT: &str = "objects of 64 KiB";

struct Retained(Case);

impl Field for Retained {
    fn enter<P: Shared>(self, name: &str, _: First) -> Self {
        let contender = Contender::untimed(name)
            .figure("idle after new()", UNIT, 1, |n| after(|_: &P| 0, |pool| (0..n).map(|i| pool.pair(i)).sum()))
            .figure("idle after 1,000 at once", UNIT, 1000, |n| after(|pool: &P| burst(pool, n), |_| 0))
            .figure("idle after 64 threads, one after another", UNIT, THREADS, |n| {
                after(|pool: &P| (0..n).map(|i| elsewhere(|| pool.pair(i))).sum(), |_| 0)
            })
            .figure("idle while 64 threads live that used it in turn", UNIT, THREADS, |n| in_turn::<P>(n, |_| ()));
        let contender = match P::TRIM {
            Some(trim) => contender.figure("after that and trim(0)", UNIT, THREADS, move |n| in_turn(n, trim)),
            None => contender,
        };
        Self(self.0.with(contender))
    }
}

/// The objects that are alive, and nobody's, after `work` with a fresh pool; both return what the objects answered.
fn after<P: Shared>(work: impl Fn(&P) -> u64, then: impl Fn(&P) -> u64) -> Found {
    let count = Count::begin();
    let pool = P::new(MAX_IDLE);
    let answer = work(&pool);
    let value = count.alive() as f64;
    Found { value, answer: answer + then(&pool) }
}

fn burst<P: Shared>(pool: &P, n: u64) -> u64 {
    let mut held: Vec<_> = (0..n).map(|_| pool.take()).collect();
    let filled = held.iter_mut().map(|held| P::fill(held, n)).sum();
    held.into_iter().for_each(|held| pool.give(held));
    filled
}

fn elsewhere<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|scope| scope.spawn(work).join()).expect("a pair does not panic")
}

/// Each thread uses the pool when the one before it has, and stays until it has been counted.
fn in_turn<P: Shared>(n: u64, trim: impl Fn(&P)) -> Found {
    let count = Count::begin();
    let pool = P::new(MAX_IDLE);
    let stay = Mutex::new(());
    std::thread::scope(|scope| {
        let (staying, (answers, answer)) = (stay.lock(), channel());
        let mut sum = 0;
        for i in 0..n {
            let (pool, stay, answers) = (&pool, &stay, answers.clone());
            scope.spawn(move || {
                // Nobody listens any more after a failure.
                let _ = answers.send(pool.pair(i));
                drop(stay.lock());
            });
            sum += answer.recv().expect("a pair does not panic");
        }
        trim(&pool);
        let value = count.alive() as f64;
        drop(staying);
        Found { value, answer: sum }
    })
}

/// Objects that stay alive when the pool is at rest.
pub(super) fn idle() -> Case {
    let case = Case::new("pool", "retained", "what stays when nobody uses it", |n| n * Counts::FILLED).note(
        "Objects alive in a pool at rest. ours, opool, ArrayQueue and the original are asked to keep 64 at most; the others cannot be asked. deadpool's \
         bound is on all objects. trim(0) is ours, and what comes closest to it elsewhere.",
    );
    roster::keepers::<Counts, _>(Retained(case)).0
}

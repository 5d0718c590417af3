//! What nobody needs for a while leaves, half of it with each round; what somebody needs stays.

mod common;

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;

use common::{Counted, Ledger};
use lagom_pool::Pool;

/// As documented.
const ROUND: usize = 65_536;

fn pool(ledger: &Ledger) -> Pool<Counted> {
    let births = ledger.clone();
    Pool::builder(move || births.object()).build()
}

fn burst(pool: &Pool<Counted>, n: usize) {
    drop((0..n).map(|_| pool.acquire()).collect::<Vec<_>>());
}

fn hits(pool: &Pool<Counted>, rounds: usize) {
    (0..rounds * ROUND).for_each(|_| drop(pool.acquire()));
}

#[test]
fn after_a_burst_what_is_idle_shrinks_to_what_is_used() {
    let ledger = Ledger::default();
    let pool = pool(&ledger);
    burst(&pool, 100);
    assert_eq!((pool.len(), ledger.built()), (100, 100));
    let mut lens = vec![100];
    for _ in 0..10 {
        hits(&pool, 1);
        lens.push(pool.len());
    }
    assert!(lens[1] >= 50, "one round takes no more than half: {lens:?}");
    assert!(lens.windows(2).all(|pair| pair[1] <= pair[0] && pair[1] >= pair[0] / 2), "half at most: {lens:?}");
    assert!(lens[4] < 50 && lens[10] <= 2, "{lens:?}");
    assert_eq!((ledger.built(), pool.stats().in_use(), ledger.alive()), (100, 0, pool.len()));
    assert_eq!(pool.stats().discarded(), 0, "`max_idle` had room for all of it");
}

#[test]
fn before_a_round_is_over_nothing_leaves() {
    let ledger = Ledger::default();
    let pool = pool(&ledger);
    burst(&pool, 80);
    (0..ROUND - 2_000).for_each(|_| drop(pool.acquire()));
    assert_eq!(pool.len(), 80);
}

#[test]
fn the_count_of_hits_is_exact_over_many_rounds() {
    let ledger = Ledger::default();
    let pool = pool(&ledger);
    let mut acquired = 0;
    for step in [1, ROUND - 2, 1, 1, 1, ROUND - 1, ROUND, ROUND + 1, 7] {
        for _ in 0..step {
            drop(pool.acquire());
            drop(pool.acquire_owned());
        }
        acquired += 2 * step as u64;
        let stats = pool.stats();
        assert_eq!((stats.created(), stats.reused(), stats.idle()), (1, acquired - 1, 1));
    }
}

#[test]
fn what_other_threads_do_not_use_leaves_too() {
    let ledger = Ledger::default();
    let pool = pool(&ledger);
    let filled = Barrier::new(4);
    thread::scope(|scope| {
        let stop: Vec<_> = (0..3)
            .map(|_| {
                let (stop, stopped) = mpsc::channel::<()>();
                let (pool, filled) = (&pool, &filled);
                scope.spawn(move || {
                    burst(pool, 12);
                    filled.wait();
                    // Alive, and idle.
                    let _ = stopped.recv();
                    drop(pool.acquire());
                });
                stop
            })
            .collect();
        filled.wait();
        burst(&pool, 2);
        let before = pool.len();
        assert!(before >= 12);
        hits(&pool, 12);
        assert!(pool.len() <= 6, "{before} became {}", pool.len());
        drop(stop);
    });
    assert_eq!((pool.len(), pool.stats().in_use()), (ledger.alive(), 0));
}

#[test]
fn what_is_needed_in_every_round_stays() {
    // Now and then all of it, mostly little: no round goes by without its being needed.
    let ledger = Ledger::default();
    let pool = pool(&ledger);
    for _ in 0..8 {
        for _ in 0..4 {
            burst(&pool, 60);
            (0..ROUND / 8).for_each(|_| drop(pool.acquire()));
        }
    }
    assert_eq!(ledger.built(), 60, "{}", pool.stats());
}

#[test]
fn a_few_in_a_row_stay() {
    for n in [2, 3, 8] {
        let ledger = Ledger::default();
        let pool = pool(&ledger);
        (0..2 * ROUND + 100).for_each(|_| burst(&pool, n));
        assert_eq!(ledger.built(), n, "{}", pool.stats());
    }
}

#[test]
fn what_leaves_makes_room_where_few_may_live() {
    let ledger = Ledger::default();
    let births = ledger.clone();
    let pool = Pool::builder(move || births.object()).max_live(20).build();
    burst(&pool, 20);
    hits(&pool, 4);
    assert!(pool.len() < 20);
    let all: Vec<_> = (0..20).map(|_| pool.try_acquire().unwrap()).collect();
    assert!(pool.try_acquire().is_err() && all.len() == 20);
}

#[test]
fn what_every_batch_needs_stays() {
    for batch in [16, 24, 40] {
        let ledger = Ledger::default();
        let pool = pool(&ledger);
        for _ in 0..ROUND + ROUND / 8 {
            drop(std::array::from_fn::<_, 40, _>(|i| (i < batch).then(|| pool.acquire())));
        }
        assert_eq!((ledger.built(), pool.len()), (batch, batch));
    }
}

/// An object whose drop panics while the fuse is lit.
struct Bomb(Arc<AtomicBool>);

impl Drop for Bomb {
    fn drop(&mut self) {
        if self.0.load(SeqCst) && !thread::panicking() {
            // Not `panic!`: the hook would print every one of them.
            std::panic::resume_unwind(Box::new(()));
        }
    }
}

#[test]
fn a_panic_of_what_leaves_takes_no_object_along() {
    let lit = Arc::new(AtomicBool::new(false));
    let fuse = Arc::clone(&lit);
    let mut pool = Pool::builder(move || Bomb(Arc::clone(&fuse))).build();
    drop((0..100).map(|_| pool.acquire()).collect::<Vec<_>>());
    lit.store(true, SeqCst);
    let panics = (0..4 * ROUND).filter(|_| common::panics(|| drop(pool.acquire_owned()))).count();
    lit.store(false, SeqCst);
    assert!(panics > 0, "nothing left");
    assert_eq!((pool.stats().in_use(), pool.stats().reused()), (0, 4 * ROUND as u64));
    for _ in 0..3 {
        std::mem::forget(pool.acquire());
    }
    assert_eq!(pool.write_off_leaked(), 3);
}

#[test]
fn what_goes_by_way_of_the_depot_decays_too() {
    // As where somebody always waits: magazines are out of use, and every acquisition takes from the depot.
    let ledger = Ledger::default();
    let births = ledger.clone();
    let pool = Pool::builder(move || births.object()).max_live(40).build();
    pool.prewarm(40);
    let held: Vec<_> = (0..20).map(|_| pool.acquire()).collect();
    for _ in 0..3 * ROUND {
        drop(pool.acquire());
        pool.trim(usize::MAX);
    }
    assert!(pool.len() < 20, "{}", pool.stats());
    drop(held);
}

//! Very many pools, very many threads: memory follows what is used at once.

mod common;

use std::sync::{Mutex, PoisonError};
use std::thread;

use common::{Ledger, Watchdog};
use lagom_pool::Pool;

/// What is measured is the whole process's: one at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// Memory in use by this process, in bytes, where the system says it.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).map_or(0, |pages: usize| pages * 4096)
}

#[test]
#[cfg_attr(miri, ignore = "too much for it")]
fn dropped_pools_give_their_memory_back() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let ledger = Ledger::default();
    let wave = |n: usize, at_once: bool| {
        let mut pools = Vec::new();
        for _ in 0..n {
            let births = ledger.clone();
            let pool = Pool::builder(move || births.object()).build();
            drop((pool.acquire(), pool.acquire()));
            drop(pool.acquire_owned());
            if at_once {
                pools.push(pool);
            }
        }
        assert!(pools.iter().all(|pool| pool.len() == 2));
    };
    wave(10_000, true);
    assert_eq!((ledger.built(), ledger.alive()), (20_000, 0));
    let before = resident();
    (0..4).for_each(|_| wave(10_000, false));
    wave(10_000, true);
    let grown = resident().saturating_sub(before);
    assert_eq!((ledger.built(), ledger.alive()), (120_000, 0));
    // 40,000 that leave a KiB each would be seen.
    assert!(grown < 32 << 20, "{grown} bytes");
}

#[test]
#[cfg_attr(miri, ignore = "too much for it")]
fn very_many_short_threads() {
    // All 65,536 take a quarter of a minute: for who asks for deep tests.
    let deep = std::env::var_os("PROPTEST_CASES").is_some();
    let threads = if deep { 65_536 } else { 16_384 };
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let _watchdog = Watchdog::new();
    let ledger = Ledger::default();
    let births = ledger.clone();
    let pool = Pool::builder(move || births.object()).max_live(24).build();
    let batch = || {
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| drop((pool.acquire(), pool.acquire_owned())));
            }
        });
    };
    (0..64).for_each(|_| batch());
    let before = resident();
    (64..threads / 8).for_each(|_| batch());
    let (stats, grown) = (pool.stats(), resident().saturating_sub(before));
    assert_eq!((stats.created() + stats.reused(), stats.in_use()), (2 * threads, 0));
    assert!(ledger.built() <= 24 && stats.idle() == ledger.alive(), "{stats}");
    assert!(grown < 8 << 20, "{grown} bytes: a magazine for each would be more");
}

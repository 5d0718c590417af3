//! Many threads: herds, cycles, hand-over, and a storm with a checker.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use lagom_memo::Memo;

/// Fails the test, instead of hanging it, if `f` does not end.
fn ends<R: Send + 'static>(f: impl FnOnce() -> R + Send + 'static) -> R {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(f()));
    receiver.recv_timeout(Duration::from_secs(30)).expect("ends, and does not panic")
}

#[test]
fn a_herd_computes_once() {
    ends(|| {
        let memo = Memo::new(10);
        let (runs, barrier) = (AtomicU32::new(0), Barrier::new(8));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    barrier.wait();
                    let value = memo.get_or_insert_with(1, || {
                        runs.fetch_add(1, Relaxed);
                        thread::sleep(Duration::from_millis(50));
                        42
                    });
                    assert_eq!(value, 42);
                });
            }
        });
        let stats = memo.stats();
        assert_eq!((runs.into_inner(), stats.misses(), stats.hits(), stats.in_flight()), (1, 1, 7, 0));
    });
}

#[test]
fn different_keys_do_not_wait_for_each_other() {
    ends(|| {
        // Every computation ends only when all eight run.
        let (memo, barrier) = (Memo::new(10), Barrier::new(8));
        thread::scope(|scope| {
            for key in 0..8 {
                let (memo, barrier) = (&memo, &barrier);
                scope.spawn(move || {
                    memo.get_or_insert_with(key, || {
                        barrier.wait();
                        key
                    })
                });
            }
        });
        assert_eq!(memo.stats().misses(), 8);
    });
}

#[test]
fn a_crossed_recursion_ends() {
    ends(|| {
        for _ in 0..100 {
            let (memo, barrier) = (Memo::new(10), Barrier::new(2));
            thread::scope(|scope| {
                for me in 0..2 {
                    let (memo, barrier) = (&memo, &barrier);
                    scope.spawn(move || {
                        memo.get_or_insert_with(me, || {
                            barrier.wait();
                            // The other computes this key and waits for mine.
                            memo.get_or_insert_with(1 - me, || 100) + 1
                        })
                    });
                }
            });
            // Whoever closed the cycle computed the other's key itself.
            let (a, b) = (memo.get(&0).unwrap(), memo.get(&1).unwrap());
            assert!([(101, 102), (102, 101)].contains(&(a, b)), "{a} {b}");
            assert_eq!(memo.stats().in_flight(), 0);
        }
    });
}

#[test]
fn a_panicking_leader_hands_over() {
    ends(|| {
        let memo = Memo::new(10);
        let (runs, leading) = (AtomicU32::new(0), Barrier::new(4));
        thread::scope(|scope| {
            let leader = scope.spawn(|| {
                catch_unwind(AssertUnwindSafe(|| {
                    memo.get_or_insert_with(1, || {
                        leading.wait();
                        thread::sleep(Duration::from_millis(50));
                        panic!("the leader")
                    })
                }))
            });
            let waiters: Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| {
                        leading.wait();
                        memo.get_or_insert_with(1, || {
                            runs.fetch_add(1, Relaxed);
                            7
                        })
                    })
                })
                .collect();
            assert!(leader.join().unwrap().is_err());
            for waiter in waiters {
                assert_eq!(waiter.join().unwrap(), 7);
            }
        });
        assert_eq!((runs.into_inner(), memo.stats().in_flight()), (1, 0));
    });
}

#[test]
fn those_who_wait_for_a_failure_try_their_own() {
    ends(|| {
        let memo = Memo::new(10);
        let leading = Barrier::new(4);
        let results: Vec<Result<u32, u32>> = thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|me| {
                    let (memo, leading) = (&memo, &leading);
                    scope.spawn(move || {
                        leading.wait();
                        memo.try_get_or_insert_with(1, || {
                            thread::sleep(Duration::from_millis(10));
                            Err(me)
                        })
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(results, [Err(0), Err(1), Err(2), Err(3)], "each its own error");
        assert_eq!((memo.len(), memo.stats().misses()), (0, 4));
    });
}

#[test]
fn a_cleared_memo_is_not_refilled_but_waiters_are_served() {
    /// What a call got that was to wait for the outdated computation, if it was scheduled in time.
    fn waiter_gets() -> &'static str {
        let memo = Memo::new(10);
        let (computing, cleared) = (Barrier::new(2), Barrier::new(2));
        thread::scope(|scope| {
            let older = scope.spawn(|| {
                memo.get_or_insert_with(1, || {
                    computing.wait();
                    cleared.wait();
                    "old"
                })
            });
            computing.wait();
            let waiter = scope.spawn(|| memo.get_or_insert_with(1, || "too late"));
            thread::sleep(Duration::from_millis(20));
            memo.clear();
            // A new call does not join the outdated computation, and is what is kept.
            let new = memo.get_or_insert_with(1, || "new");
            cleared.wait();
            assert_eq!(older.join().unwrap(), "old");
            let got = waiter.join().unwrap();
            assert!(["new", "too late"].contains(&new));
            assert_eq!(memo.get(&1), Some(new), "not refilled");
            got
        })
    }
    ends(|| assert!((0..50).any(|_| waiter_gets() == "old")));
}

#[test]
fn an_outdated_computation_does_not_end_the_newer_one() {
    ends(|| {
        let memo = Memo::new(10);
        let barriers: [Barrier; 4] = std::array::from_fn(|_| Barrier::new(2));
        let [older_runs, older_ends, newer_runs, newer_ends] = &barriers;
        thread::scope(|scope| {
            let older = scope.spawn(|| {
                memo.get_or_insert_with(1, || {
                    older_runs.wait();
                    older_ends.wait();
                    "older"
                })
            });
            older_runs.wait();
            memo.clear();
            let newer = scope.spawn(|| {
                memo.get_or_insert_with(1, || {
                    newer_runs.wait();
                    newer_ends.wait();
                    "newer"
                })
            });
            newer_runs.wait();
            assert_eq!(memo.stats().in_flight(), 2);
            older_ends.wait();
            assert_eq!(older.join().unwrap(), "older");
            assert_eq!((memo.get(&1), memo.stats().in_flight()), (None, 1));
            newer_ends.wait();
            assert_eq!(newer.join().unwrap(), "newer");
            assert_eq!((memo.get(&1), memo.stats().in_flight()), (Some("newer"), 0));
        });
    });
}

#[test]
fn a_computation_older_than_the_ttl_is_not_joined() {
    ends(|| {
        let now = Arc::new(AtomicU64::new(0));
        let clock = Arc::clone(&now);
        let memo = Memo::builder()
            .ttl(Duration::from_secs(10))
            .clock(move || Duration::from_secs(clock.load(Relaxed)))
            .build();
        let (computing, done) = (Barrier::new(2), Barrier::new(2));
        thread::scope(|scope| {
            let slow = scope.spawn(|| {
                memo.get_or_insert_with(1, || {
                    computing.wait();
                    done.wait();
                    "slow"
                })
            });
            computing.wait();
            now.store(10, Relaxed);
            assert_eq!(memo.get_or_insert_with(1, || "fresh"), "fresh");
            done.wait();
            assert_eq!(slow.join().unwrap(), "slow");
        });
        assert_eq!(memo.get(&1), Some("fresh"), "the older one took no place");
    });
}

#[test]
fn a_storm_never_serves_what_is_too_old() {
    // Every value is the time when its computation began; the clock runs while all operations mix.
    const TTL: u64 = 20;
    const ALWAYS_FRESH: u64 = u64::MAX / 2;
    ends(|| {
        let now = Arc::new(AtomicU64::new(0));
        let clock = Arc::clone(&now);
        let memo = Memo::builder()
            .capacity(16)
            .ttl(Duration::from_nanos(TTL))
            .clock(move || Duration::from_nanos(clock.load(Relaxed)))
            .build();
        let end = Instant::now() + Duration::from_millis(500);
        thread::scope(|scope| {
            for me in 0..4_u64 {
                let (memo, now) = (&memo, &now);
                scope.spawn(move || {
                    let mut seed = me + 1;
                    while Instant::now() < end {
                        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                        let key = (seed >> 33) % 32;
                        let asked = now.load(Relaxed);
                        match (seed >> 50) % 20 {
                            0 => memo.clear(),
                            1 => drop(memo.remove(&key)),
                            // Says nothing about its time: the clock may run on before it is stamped.
                            2 => memo.insert(key, ALWAYS_FRESH),
                            3 => drop(memo.purge_expired()),
                            4 => memo.retain(|key, _| key % 3 != 0),
                            5 => drop(catch_unwind(AssertUnwindSafe(|| {
                                memo.try_get_or_insert_with(key, || Err::<u64, _>("no")).ok()
                            }))),
                            6..10 => drop(now.fetch_add(1, Relaxed)),
                            _ => {
                                // Begins at `asked` or later.
                                let value = memo.get_or_insert_with(key, || now.load(Relaxed));
                                assert!(value + TTL > asked, "asked at {asked}, got what began at {value}");
                            }
                        }
                        assert!(memo.len() <= 16);
                    }
                });
            }
        });
        let stats = memo.stats();
        assert_eq!(stats.in_flight(), 0);
        assert!(stats.hits() > 0 && stats.misses() > 0);
    });
}

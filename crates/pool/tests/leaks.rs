//! Guards that never come back: who is out, from which line, and what may be written off.

mod common;

use std::mem::forget;
use std::panic::Location;
use std::sync::mpsc;
use std::thread;

use common::{Counted, Ledger, Watchdog};
use lagom_pool::{Pool, Pooled, PooledOwned};

fn pool(max_live: usize, ledger: &Ledger) -> Pool<Counted> {
    let births = ledger.clone();
    Pool::builder(move || births.object()).max_live(max_live).build()
}

/// Lines and how many objects each holds.
fn lines<T>(pool: &Pool<T>) -> Vec<(u32, usize)> {
    let outstanding = pool.outstanding();
    let places = outstanding.places().iter();
    let mut lines: Vec<_> = places.map(|(place, objects)| (place.line(), *objects)).collect();
    assert!(outstanding.places().iter().all(|(place, _)| place.file() == file!()));
    assert!(lines.windows(2).all(|pair| pair[0].1 >= pair[1].1), "most first: {lines:?}");
    lines.sort_unstable();
    lines
}

/// The line it is called in.
#[track_caller]
fn here() -> u32 {
    Location::caller().line()
}

#[test]
fn every_way_out_notes_its_line() {
    let ledger = Ledger::default();
    let pool = pool(usize::MAX, &ledger);
    let mut expected = Vec::new();
    let mut held = Vec::new();
    let mut held_owned = Vec::new();
    // New objects, then idle ones, then hits.
    for _ in 0..3 {
        expected.clear();
        for _ in 0..2 {
            held.push((pool.acquire(), here()));
            held.push((pool.try_acquire().unwrap(), here()));
            held.push((pool.acquire_timeout(std::time::Duration::ZERO).unwrap(), here()));
            held_owned.push((pool.acquire_owned(), here()));
            held_owned.push((pool.try_acquire_owned().unwrap(), here()));
            held_owned.push((pool.acquire_owned_timeout(std::time::Duration::ZERO).unwrap(), here()));
            held.push((pool.attach(ledger.object()), here()));
            held_owned.push((pool.attach_owned(ledger.object()), here()));
        }
        expected.extend(held.iter().map(|(_, line)| *line).chain(held_owned.iter().map(|(_, line)| *line)));
        expected.sort_unstable();
        expected.dedup();
        assert_eq!(pool.outstanding().in_use(), 16);
        if cfg!(debug_assertions) {
            assert_eq!(lines(&pool), expected.iter().map(|line| (*line, 2)).collect::<Vec<_>>());
        } else {
            assert!(lines(&pool).is_empty());
        }
        held.clear();
        held_owned.clear();
        assert_eq!((pool.outstanding().in_use(), pool.outstanding().places().len()), (0, 0));
    }
}

#[test]
fn what_is_detached_is_not_out_and_what_moves_stays_out() {
    let ledger = Ledger::default();
    let pool = pool(usize::MAX, &ledger);
    let (detached, moved) = (Pooled::detach(pool.acquire()), pool.acquire_owned());
    let line = here() - 1;
    let (sender, receiver) = mpsc::channel::<()>();
    let thread = thread::spawn(move || {
        let _moved = moved;
        assert!(receiver.recv().is_err());
    });
    assert_eq!(pool.outstanding().in_use(), 1);
    if cfg!(debug_assertions) {
        assert_eq!(lines(&pool), [(line, 1)]);
    }
    drop(sender);
    thread.join().unwrap();
    assert_eq!((pool.outstanding().in_use(), pool.outstanding().places().len()), (0, 0));
    drop(detached);
}

#[test]
fn says_it_in_words() {
    let pool = Pool::new(String::new);
    assert_eq!(pool.outstanding().to_string(), "0 in use");
    let once = pool.acquire();
    let place = format!("{}:{}", file!(), here() - 1);
    let twice: Vec<_> = (0..2).map(|_| pool.acquire()).collect();
    let second = format!("{}:{}", file!(), here() - 1);
    let text = pool.outstanding().to_string();
    if cfg!(debug_assertions) {
        let (most, fewer) = text.split_once(", ").unwrap();
        assert!(most.starts_with(&format!("3 in use: 2 acquired at {second}:")), "{text}");
        assert!(fewer.starts_with(&format!("1 acquired at {place}:")), "{text}");
    } else {
        assert_eq!(text, "3 in use");
    }
    drop((once, twice));
}

#[test]
fn forgotten_guards_are_written_off_once() {
    let ledger = Ledger::default();
    let mut pool = pool(3, &ledger);
    drop((pool.acquire(), pool.acquire(), pool.acquire()));
    // Taken as hits, by way of the depot, and as a new one.
    forget(pool.acquire());
    forget(pool.try_acquire());
    assert_eq!((pool.outstanding().in_use(), pool.stats().leaked()), (2, 0));
    assert_eq!(pool.write_off_leaked(), 2);
    assert_eq!(pool.write_off_leaked(), 0);
    let stats = pool.stats();
    assert_eq!((stats.leaked(), stats.in_use(), stats.idle(), stats.created()), (2, 0, 1, 3));
    assert_eq!((pool.outstanding().in_use(), pool.outstanding().places().len()), (0, 0));

    let all: Vec<_> = (0..3).map(|_| pool.try_acquire().unwrap()).collect();
    assert!(pool.try_acquire().is_err(), "as many as may live, and no more");
    all.into_iter().for_each(forget);
    assert_eq!((pool.write_off_leaked(), pool.stats().leaked()), (3, 5));
    drop(pool.try_acquire().unwrap());
    assert_eq!((ledger.built(), ledger.alive()), (6, 6), "leaked objects are never dropped");
    drop(pool);
    assert_eq!(ledger.alive(), 5);
}

#[test]
fn owned_guards_are_not_written_off() {
    let ledger = Ledger::default();
    let mut pool = pool(usize::MAX, &ledger);
    // Every way for an owned guard to go out: new, hit, depot, attached.
    let new = pool.acquire_owned();
    drop([pool.acquire(), pool.acquire(), pool.acquire()]);
    let hit = pool.acquire_owned();
    let found = thread::scope(|scope| scope.spawn(|| pool.acquire_owned()).join().unwrap());
    let attached = pool.attach_owned(ledger.object());
    forget(pool.attach(ledger.object()));
    forget(pool.acquire());
    let idle = pool.len();
    assert_eq!(pool.write_off_leaked(), 2);
    assert_eq!((pool.stats().in_use(), pool.len(), pool.outstanding().in_use()), (4, idle, 4));
    if cfg!(debug_assertions) {
        assert_eq!(lines(&pool).iter().map(|line| line.1).sum::<usize>(), 4);
    }
    // Every way for it to come back: straight, in another thread, detached, unwound.
    drop(hit);
    thread::spawn(move || drop(found)).join().unwrap();
    drop(PooledOwned::detach(new));
    assert!(common::panics(|| {
        let _attached = attached;
        std::panic::resume_unwind(Box::new(()));
    }));
    assert_eq!((pool.write_off_leaked(), pool.stats().in_use()), (0, 0));
    forget(pool.acquire());
    assert_eq!(pool.write_off_leaked(), 1, "the count of the owned is level again");
}

#[test]
fn a_forgotten_owned_guard_stays_in_use() {
    let ledger = Ledger::default();
    let mut pool = pool(2, &ledger);
    forget(pool.acquire_owned());
    assert_eq!((pool.write_off_leaked(), pool.stats().in_use(), pool.stats().leaked()), (0, 1, 0));
    forget(pool.acquire());
    assert_eq!((pool.write_off_leaked(), pool.stats().in_use(), pool.stats().leaked()), (1, 1, 1));
    drop(pool.try_acquire().unwrap());
}

#[test]
fn owned_guards_that_hooks_judge_are_counted_right() {
    let ledger = Ledger::default();
    let births = ledger.clone();
    let mut pool = Pool::builder(move || births.object())
        .reset(|object| assert_ne!(object.number % 4, 3))
        .retain_if(|object| object.number % 4 != 2)
        .build();
    for _ in 0..10 {
        let guards: Vec<_> = (0..6).map(|_| pool.acquire_owned()).collect();
        for guard in guards {
            let bad = guard.number % 4 == 3;
            assert_eq!(common::panics(|| drop(guard)), bad);
        }
        let kept = pool.acquire_owned();
        forget(pool.acquire());
        assert_eq!((pool.write_off_leaked(), pool.stats().in_use()), (1, 1));
        drop(kept);
    }
}

#[test]
fn room_that_was_written_off_may_be_waited_for() {
    let _watchdog = Watchdog::new();
    let ledger = Ledger::default();
    let mut pool = pool(1, &ledger);
    for round in 1..4 {
        let held = pool.acquire();
        thread::scope(|scope| {
            scope.spawn(|| forget(pool.acquire()));
            common::until(|| pool.stats().waiting() == 1);
            drop(held);
        });
        assert!(pool.try_acquire().is_err());
        assert_eq!((pool.write_off_leaked(), pool.stats().leaked()), (1, round));
    }
    assert_eq!(ledger.built(), 3);
}

#[test]
fn a_closed_pool_may_be_written_off() {
    let ledger = Ledger::default();
    let mut pool = pool(2, &ledger);
    forget(pool.acquire());
    let late = pool.acquire_owned();
    pool.close();
    assert_eq!((pool.write_off_leaked(), pool.stats().in_use()), (1, 1));
    drop(late);
    assert_eq!((pool.stats().in_use(), pool.stats().discarded(), ledger.alive()), (0, 1, 1));
}

#[test]
fn an_owned_guard_on_its_way_back_is_no_leak() {
    let _watchdog = Watchdog::new();
    for round in 0..2_000 {
        let mut pool = Pool::new(|| 0_u8);
        let guard = pool.acquire_owned();
        let (start, started) = mpsc::channel();
        let detaches = round % 2 == 0;
        let other = thread::spawn(move || {
            start.send(()).unwrap();
            if detaches {
                assert_eq!(PooledOwned::detach(guard), 0);
            } else {
                drop(guard);
            }
        });
        started.recv().unwrap();
        let leaked: usize = (0..50).map(|_| pool.write_off_leaked()).sum();
        other.join().unwrap();
        assert_eq!((leaked, pool.stats().in_use()), (0, 0), "round {round}");
    }
}

//! The engine in a process that was forked: what it had counted is there, it counts on, and it never waits for a thread that
//! is not.
#![cfg(all(feature = "enabled", feature = "macros", target_os = "linux"))]
#![allow(unsafe_code, reason = "forks")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use lagom_profiler::{Mode, profile, reset, set_mode, span, suggestions, summary};

const MS: Duration = Duration::from_millis(1);

/// Tests reset, so that one runs at a time.
static ONE: Mutex<()> = Mutex::new(());

/// Runs `work` in a child, which must not panic and must end.
#[track_caller]
fn in_child(work: impl FnOnce()) {
    // SAFETY: the child runs only what it was made for, and ends by `_exit`.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "{}", std::io::Error::last_os_error());
    if child == 0 {
        let passed = catch_unwind(AssertUnwindSafe(work));
        // SAFETY: ends this process, without destructors that the parent will run.
        unsafe { libc::_exit(i32::from(passed.is_err())) }
    }
    let start = Instant::now();
    let mut status = 0;
    // SAFETY: the status is writable.
    while unsafe { libc::waitpid(child, &mut status, libc::WNOHANG) } == 0 {
        if start.elapsed() > Duration::from_secs(20) {
            // SAFETY: the child was not waited for yet, so that the number is still its.
            unsafe { libc::kill(child, libc::SIGKILL) };
        }
        std::thread::sleep(MS);
    }
    assert_eq!(status, 0, "the child panicked, or hung");
}

fn calls(name: &str) -> u64 {
    summary().get(name).map_or(0, lagom_profiler::FunctionStats::calls)
}

#[test]
fn a_child_counts_on_and_the_parent_does_not_see_it() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let call = || drop(span!("handed down"));
    for mode in [Mode::Adaptive, Mode::Exact] {
        set_mode(mode);
        reset();
        (0..100_000).for_each(|_| call());
        std::thread::scope(|scope| {
            scope.spawn(|| (0..1_000).for_each(|_| call()));
        });
        let open = span!("over a fork");
        in_child(|| {
            assert_eq!(calls("handed down"), 101_000);
            (0..50).for_each(|_| call());
            drop(span!("of the child"));
            std::thread::spawn(move || (0..7).for_each(|_| call())).join().expect("no panic");
            assert_eq!((calls("handed down"), calls("of the child"), calls("over a fork")), (101_057, 1, 1));
            let summary = summary();
            let row = summary.get("handed down").expect("called");
            assert!(row.timed() > 0 && row.total() <= summary.elapsed() * 2, "{row:?}");
            reset();
            (0..5).for_each(|_| call());
            assert_eq!(calls("handed down"), 5);
        });
        drop(open);
        assert_eq!((calls("handed down"), calls("of the child"), calls("over a fork")), (101_000, 0, 1));
        assert!(summary().get("over a fork").is_some_and(|row| row.timed() == 1));
    }
    set_mode(Mode::Adaptive);
}

/// Keeps what is behind a lock in the threads of the parent.
#[profile(records, repeats)]
fn with_details(value: u64) -> Result<u64, String> {
    if value.is_multiple_of(4) { Err(format!("no {value}")) } else { Ok(value) }
}

/// Forks at any moment: while threads come with new functions, end, and the figures are read and reset.
#[test]
fn a_child_never_hangs() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    set_mode(Mode::Adaptive);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for worker in 0..2_u64 {
            let done = &done;
            scope.spawn(move || {
                let mut turn = worker;
                while !done.load(Ordering::Relaxed) {
                    turn += 1;
                    drop(with_details(turn % 50));
                    if turn.is_multiple_of(64) {
                        std::thread::spawn(|| drop(span!("short lived"))).join().expect("no panic");
                    }
                }
            });
        }
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                drop(summary());
                reset();
            }
        });
        let result = catch_unwind(AssertUnwindSafe(|| {
            for _ in 0..150 {
                in_child(|| {
                    drop(span!("first seen in a child"));
                    drop(with_details(3));
                    drop((summary(), suggestions()));
                    // No thread of std's: it has a lock of its own that a starting thread of the parent may hold.
                    drop(with_details(4));
                    reset();
                    drop(with_details(5));
                    assert_eq!(calls("with_details"), 1);
                });
            }
        }));
        done.store(true, Ordering::Relaxed);
        if let Err(panic) = result {
            std::panic::resume_unwind(panic);
        }
    });
}

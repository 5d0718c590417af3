//! The monitor in a process that was forked, that has lost its files, or that cannot open any.
#![cfg(all(feature = "enabled", target_os = "linux"))]
#![allow(unsafe_code, reason = "forks, closes files by their numbers, sets limits")]

use std::fs::File;
use std::os::fd::AsRawFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lagom_profiler::{Monitor, sample_now};

const MS: Duration = Duration::from_millis(1);

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

#[test]
fn a_child_sees_itself() {
    let monitor = Monitor::new();
    let before = (monitor.sample(), sample_now());
    assert!(before.0.rss().is_some() && before.1.rss().is_some());
    in_child(|| {
        let read = || [monitor.sample().rss().expect("read"), sample_now().rss().expect("read")];
        let before = read();
        let block = vec![1_u8; 200 << 20];
        let after = read();
        assert!(before.iter().zip(after).all(|(before, after)| after > before + (150 << 20)), "{before:?} {after:?}");
        assert_eq!(block[77], 1);
        drop(block);
        // Its CPU time is its own: less than the parent's, and no share is made of the difference.
        assert!(monitor.sample().cpu_time().expect("read") < Duration::from_secs(5));
        assert_eq!(monitor.samples()[0], before_fork(&monitor), "what was sampled before is kept");
    });
    let after = monitor.sample().rss().expect("read");
    assert!(after < before.0.rss().expect("read") + (150 << 20), "the parent sees itself");
}

fn before_fork(monitor: &Monitor) -> lagom_profiler::Sample {
    monitor.samples()[0]
}

/// Forks at any moment, also while samples are taken: the child may have no use of the monitor then, but it comes back.
#[test]
fn a_child_never_hangs() {
    let monitor = Monitor::builder().interval(MS).build();
    monitor.start();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                monitor.sample();
            }
        });
        for _ in 0..40 {
            in_child(|| {
                assert!(!monitor.is_running());
                monitor.sample();
                drop((monitor.samples(), monitor.summary()));
                monitor.clear();
                if monitor.start() {
                    monitor.stop();
                }
                assert!(!monitor.is_running());
                assert!(sample_now().rss().is_some());
                assert!(Monitor::new().sample().rss().is_some());
            });
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(monitor.is_running(), "the parent's goes on");
}

#[test]
fn files_that_somebody_closed_are_opened_again_and_what_took_their_numbers_is_left_alone() {
    in_child(|| {
        let monitor = Monitor::new();
        assert!(monitor.sample().rss().is_some() && sample_now().rss().is_some());
        // As a daemon does.
        for number in 3..256 {
            // SAFETY: nobody in this process relies on these files but the monitors, whose loss of them is the test.
            unsafe { libc::close(number) };
        }
        let taken: Vec<_> = (0..20).map(|_| File::open("/dev/null").expect("opens")).collect();
        assert!(taken.iter().any(|file| file.as_raw_fd() < 20), "the numbers are taken again");
        for _ in 0..5 {
            assert!(monitor.sample().rss().is_some() && sample_now().rss().is_some());
        }
        let count = sample_now().open_files();
        for _ in 0..50 {
            monitor.sample();
        }
        assert_eq!(sample_now().open_files(), count, "no file is opened again and again");
        drop(monitor);
        assert!(taken.iter().all(|file| file.metadata().is_ok()));
    });
}

#[test]
fn without_descriptors_there_are_no_figures_and_no_panic() {
    in_child(|| {
        let limit = |soft| {
            let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
            // SAFETY: the limit is writable.
            assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) }, 0);
            let old = std::mem::replace(&mut limit.rlim_cur, soft);
            // SAFETY: the limit is readable.
            assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
            old
        };
        let fired = std::sync::Arc::new(AtomicBool::new(false));
        let seen = std::sync::Arc::clone(&fired);
        // Of memory, the heap is left, of which nobody keeps count here.
        let monitor = Monitor::builder()
            .detail_interval(Duration::ZERO)
            .on_alert(0, move |alert| {
                assert_eq!(alert.figure(), "traced_current");
                seen.store(true, Ordering::Relaxed);
            })
            .build();
        let old = limit(0);
        let sample = monitor.sample();
        assert_eq!((sample.rss(), sample.vms(), sample.threads()), (None, None, None), "{sample:?}");
        assert!(sample.cpu_time().is_some() && sample.peak_rss().is_some(), "these need no file");
        assert!(fired.load(Ordering::Relaxed));
        assert!(monitor.summary().rss().is_none());
        limit(old);
        let sample = monitor.sample();
        assert!(sample.rss().is_some() && sample.threads().is_some(), "{sample:?}");
    });
}

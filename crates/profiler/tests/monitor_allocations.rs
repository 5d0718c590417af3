//! A sample allocates nothing: not in the foreground, not in the background, not with rules and leaks to watch for.
#![cfg(all(feature = "enabled", target_os = "linux"))]
#![allow(unsafe_code, reason = "`GlobalAlloc` is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lagom_profiler::{AlertRule, LeakRule, Metric, Monitor, MonitorBuilder, sample_now};

static COUNT: AtomicU64 = AtomicU64::new(0);

struct Counting;

// SAFETY: every call goes to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Of all threads: this file has one test, so that nothing else runs. The least of some tries, for the harness may still be at
/// work; what each sample allocates shows in all of them.
fn allocations(mut work: impl FnMut()) -> u64 {
    let once = |_| {
        let before = COUNT.load(Ordering::Relaxed);
        work();
        COUNT.load(Ordering::Relaxed) - before
    };
    (0..3).map(once).min().unwrap_or(0)
}

fn watching(capacity: usize, detail_interval: Duration) -> MonitorBuilder {
    Monitor::builder()
        .capacity(capacity)
        .interval(Duration::from_millis(1))
        .detail_interval(detail_interval)
        .on_alert(u64::MAX, |_| unreachable!())
        .alert_when(AlertRule::above(Metric::Threads, 1_000_000), |_| unreachable!())
        .on_leak(LeakRule::new().warm_up(Duration::from_millis(1)).min_growth(1e18), |_| unreachable!())
}

#[test]
fn a_sample_allocates_nothing() {
    // Before Linux 6.2 open files are counted by a listing, which allocates.
    let details = std::fs::metadata("/proc/self/fd").expect("there").len() > 0;
    for capacity in [0, 3, 1_000] {
        for detail_interval in [Duration::MAX, if details { Duration::ZERO } else { Duration::MAX }] {
            let monitor = watching(capacity, detail_interval).build();
            monitor.sample();
            let count = allocations(|| (0..2_000).for_each(|_| assert!(monitor.sample().rss().is_some())));
            assert_eq!(count, 0, "{capacity} {detail_interval:?}");
            monitor.start();
            let some_more = || {
                let end = monitor.summary().samples() + 30;
                while monitor.summary().samples() < end {
                    std::thread::sleep(Duration::from_millis(1));
                }
            };
            assert_eq!(allocations(some_more), 0, "in the background, {capacity} {detail_interval:?}");
        }
    }
    assert!(sample_now().rss().is_some());
    if details {
        assert_eq!(allocations(|| assert!(sample_now().threads().is_some())), 0);
    }
    assert!(allocations(|| drop(Monitor::new())) > 0, "it does count");
}

//! The first calls of a program, of many threads at once: the profiler measures itself in one of them.
#![cfg(feature = "enabled")]

use std::sync::Barrier;
use std::time::Duration;

use lagom_profiler::{span, summary};

#[test]
fn threads_that_begin_together_are_all_timed() {
    const THREADS: u32 = 6;
    const NAP: Duration = Duration::from_millis(40);
    let barrier = Barrier::new(THREADS as usize);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                barrier.wait();
                let _span = span!("worker");
                std::thread::sleep(NAP);
            });
        }
    });
    let summary = summary();
    let worker = summary.get("worker").expect("it was called");
    assert_eq!((worker.calls(), worker.timed()), (u64::from(THREADS), u64::from(THREADS)));
    assert!(worker.total() >= NAP * THREADS, "{worker:?}");
    assert!(summary.elapsed() >= NAP);
}

//! Recursion far deeper than calls are timed one and all: what was timed for itself must not be scaled up.
#![cfg(feature = "enabled")]

use std::time::{Duration, Instant};

use lagom_profiler::{reset, span, summary};

fn down(depth: u32) {
    let _span = span!("down");
    if depth > 1 {
        down(depth - 1);
    } else {
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn the_total_of_a_deep_recursion_is_within_the_wall_time() {
    for round in 0..3 {
        for depth in [10, 100, 300, 1_000, 2_000] {
            reset();
            let start = Instant::now();
            down(depth);
            let wall = start.elapsed();
            let summary = summary();
            let row = summary.get("down").expect("called");
            assert_eq!(row.calls(), u64::from(depth));
            // The clock's rate is known to some millionths.
            let most = wall + wall / 1_000;
            assert!(row.total() <= most && row.self_time() <= most, "{round}, {depth}: {:?} of {wall:?}", row.total());
            assert!(row.total() >= Duration::from_millis(4), "{round}, {depth}: {:?} of {wall:?}", row.total());
        }
    }
}

//! Reset and the switch, which are for the whole program: one test, so that nothing else runs beside it.
#![cfg(feature = "enabled")]

use std::sync::atomic::{AtomicBool, Ordering};

use lagom_profiler::{is_enabled, reset, set_enabled, span, summary};

fn calls(name: &str) -> u64 {
    summary().get(name).map_or(0, |row| row.calls())
}

#[test]
fn reset_and_switch() {
    // The switch.
    assert!(is_enabled());
    let open = span!("open");
    set_enabled(false);
    drop(open);
    drop(span!("off"));
    assert!(!is_enabled());
    set_enabled(true);
    assert_eq!((calls("open"), calls("off")), (1, 0));

    // A span around a reset is not recorded, those after it are, and nesting stays right.
    let around = span!("around");
    drop(span!("before"));
    reset();
    assert!(summary().is_empty(), "{}", summary());
    drop(span!("after"));
    drop(around);
    assert_eq!((calls("before"), calls("around"), calls("after"), calls("open")), (0, 0, 1, 0));
    assert_eq!(summary().len(), 1);
    assert!(summary().elapsed().as_secs() < 60);

    // The outermost activation lies before the reset; the ones after it still have a total.
    fn place() -> lagom_profiler::Span {
        span!("place")
    }
    let outer = place();
    reset();
    drop(outer);
    drop(place());
    let row = summary().get("place").expect("called").clone();
    assert_eq!((row.calls(), row.total()), (1, row.wall()));

    // Resets while threads run: never more than what was called since, and nothing is stuck afterwards.
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let _outer = span!("busy outer");
                    drop(span!("busy inner"));
                }
            });
        }
        for _ in 0..200 {
            reset();
            let summary = summary();
            for row in summary.functions() {
                assert!(row.min() <= row.mean() && row.mean() <= row.max(), "{row:?}");
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    reset();
    for _ in 0..3 {
        drop(span!("last"));
    }
    assert_eq!((summary().len(), calls("last")), (1, 3));
}

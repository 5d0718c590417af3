//! Time: nesting, recursion, panics, guards that do not drop in order, threads that come and go.
#![cfg(feature = "enabled")]

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lagom_profiler::{FunctionStats, span, summary};

const MS: Duration = Duration::from_millis(1);

fn stats(name: &str) -> FunctionStats {
    summary().get(name).unwrap_or_else(|| panic!("{name} was not recorded")).clone()
}

fn busy(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        std::hint::spin_loop();
    }
}

#[test]
fn self_time_is_total_without_the_children() {
    {
        let _outer = span!("nest outer");
        busy(3 * MS);
        for _ in 0..2 {
            let _inner = span!("nest inner");
            busy(2 * MS);
        }
    }
    let (outer, inner) = (stats("nest outer"), stats("nest inner"));
    assert_eq!((outer.calls(), inner.calls()), (1, 2));
    assert!(inner.total() >= 4 * MS && inner.self_time() == inner.total());
    assert!(outer.self_time() >= 3 * MS);
    // What counting the inner calls took is neither's.
    let apart = outer.self_time().abs_diff(outer.total() - inner.total());
    assert!(apart < MS / 1000, "{apart:?}");
    assert!(inner.min() <= inner.mean() && inner.mean() <= inner.max());
    assert!(inner.first() == inner.min() || inner.first() == inner.max());
}

fn direct(depth: u32) {
    let _span = span!("direct");
    if depth > 0 {
        direct(depth - 1);
    } else {
        busy(5 * MS);
    }
}

#[test]
fn direct_recursion_counts_time_once() {
    let start = Instant::now();
    direct(99);
    let wall = start.elapsed();
    let stats = stats("direct");
    assert_eq!(stats.calls(), 100);
    assert!(stats.total() >= 5 * MS && stats.total() <= wall, "{stats:?}, wall {wall:?}");
    assert!(stats.self_time() <= stats.total());
    assert!(stats.wall() >= 500 * MS, "durations of calls within calls overlap");
}

fn even(n: u32) -> bool {
    let _span = span!("even");
    busy(MS / 10);
    n == 0 || odd(n - 1)
}

fn odd(n: u32) -> bool {
    let _span = span!("odd");
    busy(MS / 10);
    n != 0 && even(n - 1)
}

#[test]
fn mutual_recursion_counts_time_once() {
    let start = Instant::now();
    assert!(even(20));
    let wall = start.elapsed();
    let (even, odd) = (stats("even"), stats("odd"));
    assert_eq!((even.calls(), odd.calls()), (11, 10));
    assert!(even.total() <= wall && odd.total() <= even.total());
    assert!(even.self_time() + odd.self_time() <= even.total() + MS / 1000);
}

#[test]
fn ten_thousand_deep() {
    fn down(depth: u32) {
        let _span = span!("deep");
        if depth > 1 {
            down(depth - 1);
        }
    }
    let run = || {
        let start = Instant::now();
        down(10_000);
        start.elapsed()
    };
    let wall = std::thread::Builder::new().stack_size(64 << 20).spawn(run).expect("a thread").join().expect("no panic");
    let stats = stats("deep");
    assert_eq!(stats.calls(), 10_000);
    assert!(stats.total() <= wall && stats.self_time() <= stats.total());
}

#[test]
fn a_panic_counts_in_every_frame_it_passes() {
    let result = catch_unwind(|| {
        let _a = span!("panic a");
        {
            let _b = span!("panic b");
            {
                let _c = span!("panic c");
                panic!("on purpose");
            }
        }
    });
    assert!(result.is_err());
    for name in ["panic a", "panic b", "panic c"] {
        assert_eq!((stats(name).calls(), stats(name).panics(), stats(name).errors()), (1, 1, 0), "{name}");
    }
    // And the books are straight afterwards.
    drop(span!("panic a after"));
    assert_eq!(stats("panic a after").panics(), 0);
}

#[test]
fn a_span_opened_while_unwinding_is_not_to_blame() {
    struct Cleanup;
    impl Drop for Cleanup {
        fn drop(&mut self) {
            let _span = span!("cleanup");
            busy(MS / 10);
        }
    }
    let result = catch_unwind(|| {
        let _cleanup = Cleanup;
        panic!("on purpose");
    });
    assert!(result.is_err());
    assert_eq!((stats("cleanup").calls(), stats("cleanup").panics()), (1, 0));
}

/// Documented: the thread unwinds before and after, so that nothing tells the two panics apart.
#[test]
fn a_panic_of_a_span_opened_while_unwinding_is_not_seen() {
    struct Cleanup;
    impl Drop for Cleanup {
        fn drop(&mut self) {
            let result = catch_unwind(|| {
                let _span = span!("panics in cleanup");
                panic!("on purpose, the second");
            });
            assert!(result.is_err());
        }
    }
    let result = catch_unwind(|| {
        let _cleanup = Cleanup;
        panic!("on purpose");
    });
    assert!(result.is_err());
    assert_eq!((stats("panics in cleanup").calls(), stats("panics in cleanup").panics()), (1, 0));
}

#[test]
fn a_panic_caught_inside_is_none() {
    {
        let _span = span!("catches");
        let _ = catch_unwind(|| panic!("on purpose"));
    }
    assert_eq!((stats("catches").calls(), stats("catches").panics()), (1, 0));
}

#[test]
fn a_span_marked_as_failed_is_an_error() {
    for failed in [true, false, true] {
        let span = span!("marked");
        if failed {
            span.fail();
        }
    }
    assert_eq!((stats("marked").calls(), stats("marked").errors()), (3, 2));
}

/// In a thread of its own, so that the anomaly cannot meet another test's spans.
fn alone<R: Send>(run: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|scope| scope.spawn(run).join().expect("no panic"))
}

#[test]
fn guards_dropped_out_of_order_count_and_never_twice() {
    let wall = alone(|| {
        let start = Instant::now();
        let parent = span!("order parent");
        let a = span!("order a");
        busy(2 * MS);
        let b = span!("order b");
        busy(2 * MS);
        drop(a);
        busy(2 * MS);
        drop(b);
        busy(2 * MS);
        drop(parent);
        start.elapsed()
    });
    let (parent, a, b) = (stats("order parent"), stats("order a"), stats("order b"));
    assert_eq!((parent.calls(), a.calls(), b.calls()), (1, 1, 1));
    assert!(a.total() >= 4 * MS && b.total() >= 4 * MS && b.min() >= 4 * MS, "{a:?} {b:?}");
    // Of what outlived its parent the time counts as that parent's own.
    assert!(a.self_time() >= 4 * MS && b.self_time().is_zero() && parent.self_time() >= 4 * MS);
    let own = parent.self_time() + a.self_time() + b.self_time();
    assert!(own <= wall, "{own:?} of {wall:?}");
    assert!(own.abs_diff(parent.total()) < MS / 1000);
}

#[test]
fn time_of_a_guard_that_lost_its_place_is_not_that_of_who_took_it() {
    alone(|| {
        let a = span!("place lost a");
        let b = span!("place lost b");
        drop(a);
        let c = span!("place lost c");
        busy(5 * MS);
        let d = span!("place taken");
        drop(b);
        drop(d);
        drop(c);
    });
    let (b, d) = (stats("place lost b"), stats("place taken"));
    assert!(b.total() >= 5 * MS && d.total() < 5 * MS && d.self_time() < 5 * MS, "{b:?} {d:?}");
}

#[test]
fn overlapping_guards_of_one_place_stay_within_the_wall_time() {
    fn open() -> lagom_profiler::Span {
        span!("overlap")
    }
    let wall = alone(|| {
        let start = Instant::now();
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1]] {
            let parent = span!("overlap parent");
            let mut guards: Vec<_> = (0..2).map(|_| Some(open())).collect();
            busy(MS / 2);
            // The parent ends first, so that both are on their own.
            drop(parent);
            guards.push(Some(open()));
            busy(MS / 2);
            drop(open());
            for place in order {
                guards[place] = None;
                busy(MS / 2);
            }
        }
        start.elapsed()
    });
    let stats = stats("overlap");
    assert_eq!(stats.calls(), 20);
    assert!(stats.total() <= wall, "{:?} of {wall:?}", stats.total());
    // Some of it is given up rather than counted twice.
    assert!(stats.total() >= 4 * MS, "{:?}", stats.total());
    assert!(stats.self_time() <= stats.total());
}

#[test]
fn a_moment_under_two_activations_of_one_place_counts_once() {
    fn open() -> lagom_profiler::Span {
        span!("twice")
    }
    let wall = alone(|| {
        let start = Instant::now();
        // The second activation ends within the first, which is on its own since its parent ended.
        let parent = span!("twice parent");
        let first = open();
        drop(parent);
        let second = open();
        busy(5 * MS);
        drop(second);
        drop(first);
        // The second one goes on after the first.
        let parent = span!("twice parent");
        let first = open();
        drop(parent);
        let second = open();
        busy(5 * MS);
        drop(first);
        busy(MS);
        drop(second);
        start.elapsed()
    });
    let stats = stats("twice");
    assert_eq!(stats.calls(), 4);
    assert!(stats.total() >= 11 * MS && stats.total() <= wall, "{:?} of {wall:?}", stats.total());
    assert!(stats.wall() >= 21 * MS);
}

#[test]
fn a_forgotten_guard_spoils_nothing() {
    fn forgotten() -> lagom_profiler::Span {
        span!("forgotten")
    }
    alone(|| {
        for _ in 0..30 {
            let _parent = span!("forgetful");
            std::mem::forget(forgotten());
        }
        let parent = span!("after forgetting");
        let span = forgotten();
        busy(2 * MS);
        drop(span);
        drop(parent);
    });
    let (forgotten, after) = (stats("forgotten"), stats("after forgetting"));
    assert_eq!((forgotten.calls(), forgotten.timed()), (31, 1));
    assert!(forgotten.total() >= 2 * MS, "it is no recursion: {forgotten:?}");
    assert!(after.self_time() < after.total() - forgotten.total() + MS / 1000);
    assert_eq!(stats("forgetful").calls(), 30);
}

#[test]
fn a_forgotten_guard_without_a_parent_spoils_nothing() {
    fn place() -> lagom_profiler::Span {
        span!("forgotten at the bottom")
    }
    alone(|| {
        std::mem::forget(place());
        for _ in 0..3 {
            let span = place();
            busy(2 * MS);
            drop(span);
            busy(2 * MS);
        }
    });
    let stats = stats("forgotten at the bottom");
    assert_eq!((stats.calls(), stats.timed()), (4, 3));
    assert_eq!((stats.total(), stats.self_time()), (stats.wall(), stats.wall()));
}

#[test]
fn the_total_of_overlapping_guards_is_the_time_under_any_of_them() {
    fn place() -> lagom_profiler::Span {
        span!("staggered")
    }
    let wall = alone(|| {
        let start = Instant::now();
        let first = place();
        busy(2 * MS);
        let second = place();
        busy(2 * MS);
        drop(first);
        busy(4 * MS);
        drop(second);
        start.elapsed()
    });
    let total = stats("staggered").total();
    assert!(total >= 8 * MS && total <= wall, "{total:?} of {wall:?}");
}

#[test]
fn a_thousand_short_threads_lose_nothing() {
    for _ in 0..100 {
        std::thread::scope(|scope| {
            for _ in 0..10 {
                scope.spawn(|| {
                    for _ in 0..7 {
                        let _span = span!("short");
                        drop(span!("short inner"));
                    }
                });
            }
        });
    }
    assert_eq!((stats("short").calls(), stats("short inner").calls()), (7_000, 7_000));
}

thread_local! {
    static LATE: Late = const { Late };
    static KEPT: RefCell<Option<lagom_profiler::Span>> = const { RefCell::new(None) };
}

struct Late;

impl Drop for Late {
    fn drop(&mut self) {
        let _outer = span!("late outer");
        drop(span!("late inner"));
    }
}

fn late_before() {
    drop(span!("late before"));
}

#[test]
fn spans_in_destructors_of_thread_locals_count() {
    for first in [true, false] {
        for _ in 0..50 {
            // Whether the profiler's destructor runs before or after the other one depends on who came first.
            std::thread::spawn(move || {
                if first {
                    late_before();
                }
                LATE.with(|_| ());
                if !first {
                    late_before();
                }
            })
            .join()
            .expect("no panic");
        }
    }
    for name in ["late before", "late outer", "late inner"] {
        assert_eq!(stats(name).calls(), 100, "{name}");
    }
}

static TOGETHER: std::sync::Barrier = std::sync::Barrier::new(2);

thread_local! {
    static CROWD: Crowd = const { Crowd };
}

fn crowd_call() {
    drop(span!("late beside an heir"));
}

struct Crowd;

impl Drop for Crowd {
    fn drop(&mut self) {
        TOGETHER.wait();
        (0..300_000).for_each(|_| crowd_call());
    }
}

#[test]
fn late_calls_lose_none_of_the_thread_that_has_the_figures_now() {
    // Where the figures are handed on first it takes a race to lose a call.
    for first in [true, false, false, false, false, false] {
        let ending = std::thread::spawn(move || {
            if first {
                crowd_call();
            }
            CROWD.with(|_| ());
            if !first {
                crowd_call();
            }
        });
        let heir = std::thread::spawn(|| {
            TOGETHER.wait();
            (0..300_000).for_each(|_| crowd_call());
        });
        ending.join().expect("no panic");
        heir.join().expect("no panic");
    }
    assert_eq!(stats("late beside an heir").calls(), 6 * 600_001);
}

#[test]
fn a_guard_kept_in_a_thread_local_is_still_a_call() {
    for first in [true, false] {
        std::thread::spawn(move || {
            if first {
                KEPT.with(|_| ());
            }
            let span = span!("kept");
            KEPT.with(|kept| *kept.borrow_mut() = Some(span));
        })
        .join()
        .expect("no panic");
    }
    assert_eq!(stats("kept").calls(), 2);
    assert!(stats("kept").total() <= stats("kept").wall());
}

mod one {
    pub(super) fn same() {
        let _span = lagom_profiler::span!("same name");
    }
}

mod two {
    pub(super) fn same() {
        let _span = lagom_profiler::span!("same name");
    }
}

#[test]
fn two_places_of_one_name_stay_apart() {
    one::same();
    two::same();
    two::same();
    let summary = summary();
    let mut rows: Vec<_> = summary
        .functions()
        .iter()
        .filter(|row| row.name() == "same name")
        .map(|row| (row.module(), row.calls()))
        .collect();
    rows.sort_unstable();
    assert_eq!(rows, [("spans::one", 1), ("spans::two", 2)]);
}

fn generic<T>(_value: T) {
    let _span = span!("generic");
}

#[test]
fn all_instances_of_a_generic_function_share_a_place() {
    generic(3);
    generic("text");
    assert_eq!(stats("generic").calls(), 2);
}

#[test]
fn a_summary_read_while_threads_run_is_consistent() {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let span = span!("read while running");
                    span.fail();
                }
            });
        }
        let mut before = 0;
        let result = catch_unwind(AssertUnwindSafe(|| {
            let mut read = 0;
            while read < 300 {
                if let Some(row) = summary().get("read while running") {
                    read += 1;
                    // Calls that are open are counted, and no errors yet.
                    assert!(row.errors() <= row.calls(), "{row:?}");
                    assert!(row.timed() <= row.calls(), "{row:?}");
                    assert!(row.calls() >= before);
                    before = row.calls();
                }
            }
        }));
        stop.store(true, Ordering::Relaxed);
        result.expect("consistent");
    });
}

#[test]
fn many_sites_in_many_threads() {
    macro_rules! sites {
        ($($name:literal)*) => { [$({ fn open() { drop(span!($name)); } open as fn() }),*] };
    }
    let sites = sites!("s0" "s1" "s2" "s3" "s4" "s5" "s6" "s7" "s8" "s9" "s10" "s11" "s12" "s13" "s14" "s15" "s16" "s17" "s18"
        "s19" "s20" "s21" "s22" "s23" "s24" "s25" "s26" "s27" "s28" "s29" "s30" "s31" "s32" "s33" "s34" "s35" "s36" "s37");
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let sites = &sites;
            scope.spawn(move || {
                for round in 0..100 {
                    sites[(round * 7 + thread) % sites.len()]();
                }
            });
        }
    });
    let total: u64 = summary()
        .functions()
        .iter()
        .filter(|row| row.name().strip_prefix('s').is_some_and(|rest| rest.parse::<u8>().is_ok()))
        .map(FunctionStats::calls)
        .sum();
    assert_eq!(total, 400);
}

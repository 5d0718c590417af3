//! Scopes of the heap, exact while other tests run beside them.
#![cfg(all(feature = "enabled", feature = "macros"))]

use std::future::poll_fn;
use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use lagom_profiler::heap::{self, ScopeStats, ScopeTotals, TimedDrop};
use lagom_profiler::{TrackingAllocator, profile, profile_all, profile_lines, profile_memory, span, summary};

#[global_allocator]
static ALLOCATOR: TrackingAllocator = TrackingAllocator::new();

fn block(size: usize) -> Vec<u8> {
    black_box(Vec::with_capacity(size))
}

fn figures(stats: ScopeStats) -> (u64, u64, u64, i64, u64) {
    let (allocations, bytes, freed) = (stats.allocations(), stats.allocated_bytes(), stats.freed_bytes());
    (allocations, bytes, freed, stats.net_bytes(), stats.peak())
}

fn totals(name: &str) -> ScopeTotals {
    heap::scopes().get(name).unwrap_or_else(|| panic!("{name} has no row")).clone()
}

#[test]
fn a_scope_counts_exactly() {
    let scope = heap::scope("exact");
    let kept = block(1_000);
    drop(block(5_000));
    let mut grown = block(100);
    grown.reserve_exact(300);
    assert_eq!(figures(scope.stats()), (4, 6_300, 5_000, 1_300, 6_000));
    grown.shrink_to(10);
    assert_eq!(figures(scope.stats()), (5, 6_300, 5_290, 1_010, 6_000));
    drop(grown);
    assert_eq!(figures(scope.finish()), (5, 6_300, 5_300, 1_000, 6_000));
    drop(kept);
    assert_eq!(figures(heap::scope("exact").finish()), (0, 0, 0, 0, 0));
    let row = totals("exact");
    assert_eq!((row.count(), row.allocations(), row.allocated_bytes(), row.freed_bytes()), (2, 5, 6_300, 5_300));
    assert_eq!((row.net_bytes(), row.peak(), row.last()), (1_000, 6_000, ScopeStats::default()));
    assert_eq!((row.module(), row.file(), row.line()), ("", "", 0));
    assert!(heap::scopes().to_string().contains("exact"));
}

#[test]
fn freeing_what_was_there_before_is_negative_and_no_peak() {
    let old = block(4_000);
    let ((), stats) = heap::measure(|| {
        drop(block(300));
        drop(old);
        drop(block(3_000));
    });
    assert_eq!(figures(stats), (2, 3_300, 7_300, -4_000, 300));
}

#[test]
fn the_value_of_measure_is_left() {
    let (value, stats) = heap::measure(|| block(777));
    assert_eq!((figures(stats), value.capacity()), ((1, 777, 0, 777, 777), 777));
}

#[test]
fn scopes_nest() {
    let ((inner, second), outer) = heap::measure(|| {
        drop(block(10_000));
        let kept = block(500);
        let ((), inner) = heap::measure(|| drop(block(2_000)));
        let ((), second) = heap::measure(|| {
            drop(block(100));
            let ((), third) = heap::measure(|| drop(block(20_000)));
            assert_eq!(third.peak(), 20_000);
        });
        drop(kept);
        (inner, second)
    });
    assert_eq!((inner.peak(), second.peak(), outer.peak()), (2_000, 20_000, 20_500));
    // The highest of all lay before the inner one.
    let ((), outer) = heap::measure(|| {
        drop(block(10_000));
        let ((), inner) = heap::measure(|| drop(block(20)));
        assert_eq!(inner.peak(), 20);
    });
    assert_eq!(outer.peak(), 10_000);
}

#[test]
fn scopes_may_end_in_any_order() {
    // Again and again, so that none stays open.
    for _ in 0..100 {
        let outer = heap::scope("outer of a mess");
        drop(block(3_000));
        let inner = heap::scope("inner of a mess");
        drop(block(1_000));
        assert_eq!(outer.finish().peak(), 3_000);
        drop(block(2_000));
        let innermost = heap::scope("innermost of a mess");
        drop(block(500));
        assert_eq!((inner.finish().peak(), innermost.finish().peak()), (2_000, 500));
        assert_eq!(heap::measure(|| drop(block(7))).1.peak(), 7);
    }
}

#[test]
fn a_forgotten_scope_disturbs_nobody() {
    let ((), outer) = heap::measure(|| {
        drop(block(4_000));
        std::mem::forget(heap::scope("forgotten"));
        drop(block(1_000));
        let ((), after) = heap::measure(|| drop(block(10)));
        assert_eq!(after.peak(), 10);
    });
    assert_eq!(outer.peak(), 4_000);
    assert!(heap::scopes().get("forgotten").is_none());
    // More than there are slots for: what ends innermost first is still exact.
    for _ in 0..200 {
        std::mem::forget(heap::scope("forgotten"));
    }
    let ((), outer) = heap::measure(|| {
        drop(block(4_000));
        let ((), inner) = heap::measure(|| drop(block(1_000)));
        assert_eq!(inner.peak(), 1_000);
    });
    assert_eq!(outer.peak(), 4_000);
}

#[test]
fn a_recursion_deeper_than_the_slots() {
    fn deep(depth: usize) -> u64 {
        let (below, stats) = heap::measure(|| {
            let kept = block(10);
            let below = if depth > 0 { deep(depth - 1) } else { 0 };
            drop(kept);
            below
        });
        assert_eq!((stats.peak(), stats.net_bytes()), (below + 10, 0));
        stats.peak()
    }
    assert_eq!(deep(1_000), 10_010);
}

#[test]
fn a_panic_ends_scopes_and_they_count() {
    let ((), outer) = heap::measure(|| {
        let caught = catch_unwind(|| {
            let _scope = heap::scope("panicking");
            let _kept = block(5_000);
            std::panic::resume_unwind(Box::new(()));
        });
        assert!(caught.is_err());
        let ((), stats) = heap::measure(|| drop(block(3)));
        assert_eq!(stats.peak(), 3);
    });
    assert!((5_000..6_000).contains(&outer.peak()), "{outer}");
    let row = totals("panicking");
    assert_eq!((row.count(), row.allocated_bytes() >= 5_000, row.peak() >= 5_000), (1, true, true), "{row:?}");
}

#[test]
fn threads_do_not_see_each_other() {
    let (stop, kept) = (AtomicBool::new(false), block(64));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    drop(block(123_456));
                }
            });
        }
        for round in 1..2_000_usize {
            let ((), stats) = heap::measure(|| {
                let first = block(round);
                drop(block(2 * round));
                drop(first);
            });
            let round = round as u64;
            assert_eq!(figures(stats), (2, 3 * round, 3 * round, 0, 3 * round));
        }
        stop.store(true, Ordering::Relaxed);
    });
    drop(kept);
    // What another thread frees is freed there, and what it has allocated is freed here.
    let foreign = std::thread::spawn(|| block(9_000)).join().expect("no panic");
    let ((), here) = heap::measure(|| drop(foreign));
    assert_eq!((here.freed_bytes(), here.net_bytes(), here.peak()), (9_000, -9_000, 0));
}

/// The hook looks at peaks only while scopes are open: the end of one must not take them from those that begin.
#[test]
fn scopes_of_many_threads_begin_and_end_at_once() {
    std::thread::scope(|scope| {
        for thread in 1..=4 {
            scope.spawn(move || {
                for round in 1..50_000 {
                    let ((), stats) = heap::measure(|| drop(block(thread * round)));
                    assert_eq!(stats.peak(), (thread * round) as u64, "thread {thread}, round {round}");
                }
            });
        }
    });
}

#[test]
fn scopes_of_many_threads_add_up() {
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..500 {
                    let _scope = heap::scope("crowd");
                    drop(block(100));
                }
            });
        }
    });
    let row = totals("crowd");
    assert_eq!((row.count(), row.allocations(), row.allocated_bytes(), row.net_bytes()), (2_000, 2_000, 200_000, 0));
    assert_eq!(row.peak(), 100);
}

#[profile_lines]
fn line_in_a_scope() {
    black_box(3);
}

#[profile_memory]
fn memory_in_a_scope() {}

#[test]
fn the_profilers_own_allocations_are_nobodys() {
    std::thread::spawn(|| {
        let ((), stats) = heap::measure(|| {
            // A new thread and new places: the profiler must set up its own.
            drop(span!("first in a scope"));
            drop(heap::scope("named in a scope"));
            line_in_a_scope();
            memory_in_a_scope();
            heap::timed_drop([1_u8; 3]);
        });
        assert_eq!(figures(stats), (0, 0, 0, 0, 0));
        // The table itself belongs to the program.
        let ((), stats) = heap::measure(|| drop(heap::scopes()));
        assert_eq!((stats.net_bytes(), stats.peak() > 100), (0, true), "{stats}");
        let ((), stats) = heap::measure(|| {
            fn deep(depth: u32) {
                let _span = span!("deep in a scope");
                if depth > 0 {
                    deep(depth - 1);
                }
            }
            deep(300);
            drop(heap::scope("named later in a scope"));
            drop(block(11));
        });
        assert_eq!(figures(stats), (1, 11, 11, 0, 11));
    })
    .join()
    .expect("no panic");
}

#[test]
fn in_the_destructor_of_a_thread_local() {
    struct Late(Vec<u8>);
    impl Drop for Late {
        fn drop(&mut self) {
            let ((), stats) = heap::measure(|| drop(block(50)));
            assert_eq!(figures(stats), (1, 50, 50, 0, 50));
            drop(heap::scope("late"));
        }
    }
    thread_local!(static LATE: Late = const { Late(Vec::new()) });
    std::thread::spawn(|| LATE.with(|late| assert!(late.0.is_empty()))).join().expect("no panic");
    assert_eq!(totals("late").count(), 1);
}

#[profile_memory]
fn squares(count: u64) -> Vec<u64> {
    let numbers: Vec<u64> = (0..count).collect();
    numbers.iter().map(|number| number * number).collect()
}

#[profile_memory(name = "by another name")]
#[profile]
fn fails(text: &str) -> Result<u32, std::num::ParseIntError> {
    drop(block(64));
    let number = text.parse::<u32>()?;
    Ok(number)
}

struct Store(Vec<Vec<u8>>);

#[profile_all]
impl Store {
    #[profile_memory]
    fn add(&mut self, size: usize) -> &mut Vec<u8> {
        self.0.push(block(size));
        self.0.last_mut().expect("just put there")
    }

    #[profile_memory]
    fn give_up(self) {
        drop(self.0);
    }

    #[profile_memory]
    fn generic<T: Clone>(value: &T) -> T {
        value.clone()
    }
}

#[test]
fn functions() {
    let kept = squares(100);
    squares(10);
    let row = totals("squares");
    assert_eq!((row.count(), row.allocations(), row.allocated_bytes(), row.freed_bytes()), (2, 4, 1_760, 880));
    assert_eq!((row.net_bytes(), row.peak(), row.last().peak()), (880, 1_600, 160));
    assert_eq!((row.module(), kept.len()), (module_path!(), 100));
    assert!(row.file().ends_with("heap_scopes.rs") && row.line() > 100);

    assert!(fails("7").is_ok() && fails("seven").is_err());
    assert_eq!((totals("by another name").count(), totals("by another name").allocations()), (2, 2));
    assert_eq!(summary().get("fails").expect("called").errors(), 1);

    let mut store = Store(Vec::with_capacity(4));
    store.add(200).push(1);
    store.add(100);
    assert_eq!((totals("add").net_bytes(), totals("add").peak()), (300, 200));
    store.give_up();
    assert_eq!(totals("give_up").net_bytes(), -300 - 4 * 24);
    assert_eq!(summary().get("Store::add").expect("called").calls(), 2);
    assert_eq!((Store::generic(&5), Store::generic(&String::from("abc")).as_str()), (5, "abc"));
    assert_eq!((totals("generic").count(), totals("generic").allocated_bytes()), (2, 3));
}

fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn wait() -> impl Future<Output = ()> {
    let mut waited = false;
    poll_fn(move |_| if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending })
}

#[profile_memory]
async fn downloads(size: usize) -> Result<Vec<u8>, ()> {
    let header = block(100);
    wait().await;
    let body = block(size);
    drop(block(30));
    wait().await;
    drop(header);
    if size == 0 {
        Err(())?
    }
    Ok(body)
}

#[test]
fn async_functions() {
    let mut future = pin!(downloads(1_000));
    assert!(poll(future.as_mut()).is_pending());
    // Between two polls the thread does other things, and the next poll may be elsewhere.
    let between = block(50_000);
    std::thread::scope(|scope| {
        let second = scope.spawn(|| poll(future.as_mut()).is_pending());
        assert!(second.join().expect("no panic"));
    });
    assert!(heap::scopes().get("downloads").is_none(), "it goes on");
    drop(between);
    let Poll::Ready(Ok(body)) = poll(future.as_mut()) else { panic!("it was the third") };
    assert_eq!(body.capacity(), 1_000);
    let row = totals("downloads");
    assert_eq!((row.count(), row.allocations(), row.net_bytes(), row.peak()), (1, 3, 1_000, 1_130));
}

#[profile_memory]
async fn small() {
    let kept = block(100);
    wait().await;
    drop(block(900));
    drop(kept);
}

#[profile_memory]
async fn cancelled() {
    let kept = block(100);
    wait().await;
    drop(kept);
}

#[profile_memory]
async fn panics_in_its_poll() {
    drop(block(800));
    std::panic::resume_unwind(Box::new(()));
}

#[test]
fn async_calls_are_recorded_when_they_end() {
    drop(small());
    {
        let mut future = pin!(small());
        assert!(poll(future.as_mut()).is_pending());
        assert!(poll(future.as_mut()).is_ready());
    }
    let row = totals("small");
    assert_eq!((row.count(), row.allocations(), row.net_bytes(), row.peak()), (1, 2, 0, 1_000));
    {
        let mut future = pin!(cancelled());
        assert!(poll(future.as_mut()).is_pending());
    }
    assert_eq!((totals("cancelled").count(), totals("cancelled").peak()), (1, 100));
    let caught = catch_unwind(AssertUnwindSafe(|| poll(pin!(panics_in_its_poll()))));
    assert!(caught.is_err());
    let row = totals("panics_in_its_poll");
    assert_eq!((row.count(), (800..2_000).contains(&row.peak())), (1, true), "{row:?}");
    assert_eq!(heap::measure(|| drop(block(7))).1.peak(), 7);
}

#[profile_lines]
fn by_line(count: usize) -> usize {
    let mut kept = Vec::with_capacity(count);
    for _ in 0..count {
        kept.push(block(100));
    }
    drop(block(64));
    kept.clear();
    let grown = if count > 1 { by_line(1) } else { 0 };
    count + grown
}

#[test]
fn memory_per_line() {
    assert_eq!(by_line(10), 11);
    let tables = lagom_profiler::lines();
    let table = tables.iter().find(|table| table.name() == "by_line").expect("called");
    assert!(table.heap_tracked());
    let figures = |line: &lagom_profiler::LineStats| (line.allocations(), line.allocated_bytes(), line.net_bytes());
    let lines: Vec<_> = table.lines().iter().map(figures).collect();
    // The recursion's are those of the line that calls; `kept` itself goes after the last line began.
    let expected =
        [(1, 240, 240), (0, 0, 0), (10, 1_000, 1_000), (1, 64, 0), (0, 0, -1_000), (3, 24 + 100 + 64, 0), (0, 0, -240)];
    assert_eq!(lines, expected, "{table}");
    let text = table.to_string();
    assert!(text.contains("allocs     net  source"), "{text}");
    assert!(text.contains("      1    240B  let mut kept"), "{text}");
    assert!(text.contains("      0  -1000B  kept.clear();"), "{text}");
}

#[test]
fn drops_are_timed_under_the_name_of_the_type() {
    struct Slow(#[allow(dead_code, reason = "it is there to be dropped")] Vec<u8>);
    impl Drop for Slow {
        fn drop(&mut self) {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    }
    heap::timed_drop(Slow(block(10)));
    let summary = summary();
    let row = summary.get("drop Slow").expect("dropped");
    assert!(row.calls() == 1 && row.total().as_millis() >= 2, "{row:?}");
    assert!(row.module().ends_with("Slow") && row.file().ends_with("heap_scopes.rs"), "{row:?}");

    let mut wrapped = TimedDrop::new(vec![String::from("a")]);
    wrapped.push(String::from("b"));
    assert_eq!(wrapped.len(), 2);
    drop(wrapped);
    let kept = TimedDrop::into_inner(TimedDrop::new(Slow(block(3))));
    drop(kept);
    let summary = lagom_profiler::summary();
    assert_eq!(summary.get("drop Vec<String>").expect("dropped").calls(), 1);
    assert_eq!(summary.get("drop Slow").expect("dropped").calls(), 1);

    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            std::panic::resume_unwind(Box::new(()));
        }
    }
    assert!(catch_unwind(|| drop(TimedDrop::new(Panics))).is_err());
    assert_eq!(lagom_profiler::summary().get("drop Panics").expect("dropped").panics(), 1);
}

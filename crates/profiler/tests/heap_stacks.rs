//! The modes that know call stacks, installed: from an allocation to the line in a table.
#![cfg(feature = "enabled")]

use std::hint::black_box;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lagom_profiler::heap::{self, By, LeakDetector, Mode, Snapshot};
use lagom_profiler::{TrackingAllocator, span};

#[global_allocator]
static ALLOCATOR: TrackingAllocator = TrackingAllocator::new();

/// The mode is the whole program's.
fn alone(mode: Mode) -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    let guard = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    heap::set_mode(mode);
    guard
}

#[inline(never)]
fn allocate_here(blocks: usize, bytes: usize) -> Vec<Vec<u8>> {
    let mut kept = Vec::with_capacity(blocks);
    for _ in 0..blocks {
        kept.push(black_box(vec![1_u8; bytes]));
    }
    kept
}

#[cfg(all(feature = "symbols", feature = "unwind", target_os = "linux"))]
#[test]
fn a_snapshot_names_the_function_that_allocated() {
    let _alone = alone(Mode::Live);
    let before = Snapshot::take();
    let kept = {
        let _span = span!("a span of the heap");
        allocate_here(100, 10_000)
    };
    let after = Snapshot::take();
    if std::env::var_os("SHOW").is_some() {
        println!("{}", after.statistics(By::Stack));
    }
    let functions = after.statistics(By::Function);
    let row = functions
        .rows()
        .iter()
        .find(|row| row.key().contains("allocate_here"))
        .unwrap_or_else(|| panic!("{functions} {}", heap::unwinding() as u8));
    assert_eq!((row.amount().blocks(), row.amount().bytes()), (101, 1_000_000 + 100 * 24), "{functions}");
    let spans = after.statistics(By::Span);
    assert!(
        spans.rows().iter().any(|row| row.key() == "a span of the heap" && row.amount().bytes() >= 1_000_000),
        "{spans}"
    );
    let lines = after.statistics(By::Line);
    assert!(lines.rows()[0].key().contains("heap_stacks.rs"), "{lines}");
    let text = after.compare(&before, By::Function).to_string();
    assert!(text.contains("allocate_here"), "{text}");
    drop(kept);
    let row_is_gone =
        !Snapshot::take().statistics(By::Function).rows().iter().any(|row| row.key().contains("allocate_here"));
    assert!(row_is_gone);
    heap::set_mode(Mode::Count);
}

#[cfg(all(feature = "symbols", feature = "unwind", target_os = "linux"))]
#[test]
fn samples_find_the_large_consumer() {
    let _alone = alone(Mode::Sample);
    heap::set_interval(64 << 10);
    let kept = allocate_here(10_000, 1_000);
    let snapshot = Snapshot::take();
    let functions = snapshot.statistics(By::Function);
    let row = functions
        .rows()
        .iter()
        .find(|row| row.key().contains("allocate_here"))
        .unwrap_or_else(|| panic!("{functions} {}", heap::unwinding() as u8));
    let bytes = row.amount().bytes() as f64;
    // 153 samples or so: 8 % off, give or take.
    assert!((bytes / 10.24e6 - 1.0).abs() < 0.5, "{functions}");
    drop(kept);
    heap::set_interval(512 << 10);
    heap::set_mode(Mode::Count);
}

#[cfg(all(feature = "symbols", feature = "unwind", target_os = "linux"))]
#[test]
fn a_leak_is_found_by_its_growth() {
    let _alone = alone(Mode::Live);
    let mut kept = Vec::with_capacity(100);
    let mut detector = LeakDetector::new();
    for _ in 0..12 {
        detector.cycle(|| {
            drop(allocate_here(5, 3_000));
            kept.push(black_box(Box::new([1_u8; 777])));
        });
    }
    let report = detector.report();
    assert!(report.to_string().contains("a_leak_is_found_by_its_growth"), "{report}");
    assert!(!report.to_string().contains("allocate_here"), "{report}");
    heap::set_mode(Mode::Count);
}

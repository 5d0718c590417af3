//! Heap tests in a program whose allocator does not count.
#![cfg(all(feature = "enabled", feature = "macros"))]

use lagom_profiler::{assert_allocs, heap, heap_test};

#[heap_test(max_allocs = 10)]
#[should_panic(
    expected = "`#[heap_test]` cannot be checked: this program's allocations are not counted; install the allocator"
)]
fn without_the_allocator() {}

#[test]
#[should_panic(expected = "assert_allocs! cannot be checked: this program's allocations are not counted")]
fn assertions_too() {
    assert_allocs!(drop(vec![1]), <= 1);
}

#[test]
fn everything_is_zero() {
    let (_, stats) = heap::measure(|| vec![1; 100]);
    assert_eq!(stats, heap::ScopeStats::default());
    drop(heap::scope("zero"));
    assert_eq!(heap::scopes().get("zero").expect("it has ended").peak(), 0);
}

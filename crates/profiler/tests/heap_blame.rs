//! Limits that do not hold, in the mode that knows the stacks; and scopes are as exact in it as in any other.
#![cfg(all(feature = "enabled", target_os = "linux"))]

use std::hint::black_box;
use std::panic::catch_unwind;

use lagom_profiler::heap::{self, Mode};
use lagom_profiler::{TrackingAllocator, assert_allocs};

#[global_allocator]
static ALLOCATOR: TrackingAllocator = TrackingAllocator::new();

#[inline(never)]
fn the_spender() -> Vec<u8> {
    black_box(Vec::with_capacity(100_000))
}

#[test]
fn stacks_are_named() {
    for mode in [Mode::Count, Mode::CountAndSample, Mode::Live] {
        heap::set_mode(mode);
        for round in 0..100_u64 {
            let (kept, stats) = heap::measure(|| {
                drop(the_spender());
                black_box(vec![1_u8; 1_000])
            });
            let figures = (stats.allocations(), stats.allocated_bytes(), stats.net_bytes(), stats.peak());
            assert_eq!((figures, kept.len()), ((2, 101_000, 1_000, 100_000), 1_000), "{mode:?}, {round}");
        }
    }
    heap::set_mode(Mode::Sample);
    let payload = catch_unwind(|| assert_allocs!(drop(the_spender()), <= 1)).expect_err("nothing can be said");
    assert!(
        payload.downcast_ref::<String>().expect("a text").contains("`heap::mode()` is `Sample`, which looks at some")
    );
    heap::set_mode(Mode::Live);
    let kept = the_spender();
    let payload = catch_unwind(|| {
        assert_allocs!((drop(black_box(vec![1_u8; 10])), drop(the_spender())), == 2, peak <= "1 kB");
    });
    drop(kept);
    heap::set_mode(Mode::Count);
    let payload = payload.expect_err("it does not hold");
    let text = payload.downcast_ref::<String>().expect("a text");
    assert!(text.contains("\n  live at peak: 100000 B (97.7K), expected at most 1000 B"), "{text}");
    if cfg!(target_arch = "x86_64") {
        // One in this stretch, the other is from before it.
        let by_stack = text.contains("\nby these stacks:\n  1 allocation of 97.7K, 0B left\n");
        // Without a way to unwind all stacks are one.
        let in_all =
            text.contains("\nby these stacks:\n  2 allocations of 97.7K, 0B left\n    by a stack that is not known");
        assert!(by_stack || in_all && !cfg!(feature = "unwind"), "{text}");
        if cfg!(feature = "unwind") {
            assert_eq!(cfg!(feature = "symbols"), text.contains("the_spender at "), "{text}");
        }
    }
}

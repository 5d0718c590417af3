//! A recording of a program that has the allocator installed, from its first event to the functions in the profile.
#![cfg(all(feature = "enabled", target_os = "linux"))]

use std::hint::black_box;

use lagom_profiler::TrackingAllocator;
use lagom_profiler::heap::{self, Recording};

#[global_allocator]
static ALLOCATOR: TrackingAllocator = TrackingAllocator::new();

#[inline(never)]
fn keeps(blocks: usize) -> Vec<Vec<u8>> {
    (0..blocks).map(|_| black_box(vec![1; 1_000])).collect()
}

#[inline(never)]
fn churns(blocks: usize) {
    for _ in 0..blocks {
        drop(black_box(Box::new([1_u8; 300])));
    }
}

#[test]
fn a_recording_tells_who_allocated_what() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("test.heap");
    heap::record(&path).expect("it begins");
    assert!(heap::record(&path).is_err(), "one at a time");
    let before = (heap::allocations(), heap::current());
    let kept = keeps(500);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| churns(10_000));
        }
    });
    let counted = heap::allocations() - before.0;
    let recorded = heap::stop_recording().expect("it ends");
    let grown = heap::current() - before.1;
    assert!(recorded.events() > 2 * 30_000 + 500 && recorded.lost() == 0, "{recorded:?}");
    assert!((recorded.bytes() as f64) < 3.5 * recorded.events() as f64 + 100_000.0, "{recorded:?}");
    let profile = Recording::open(&path).expect("a recording").profile().expect("whole");
    // What starting and stopping allocate lies on the border.
    let total: u64 = profile.sites().iter().map(|site| site.total().blocks()).sum();
    assert!(total.abs_diff(counted) < 200, "{total} recorded, {counted} counted");
    let live: u64 = profile.sites().iter().map(|site| site.live().bytes()).sum();
    assert!(live.abs_diff(grown) < 50_000, "{live} {grown}");
    #[cfg(all(feature = "symbols", feature = "unwind"))]
    {
        let site = |name: &str| {
            profile.sites().iter().find(|site| site.frames().iter().any(|frame| frame.function().contains(name)))
        };
        let (keeps, churns) = (site("keeps").expect("its stack"), site("churns").expect("its stack"));
        assert!(keeps.live().bytes() >= 500_000, "{keeps:?}");
        assert_eq!((churns.live().bytes(), churns.temporary().blocks()), (0, churns.total().blocks()));
    }
    drop(kept);
}

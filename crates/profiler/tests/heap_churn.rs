//! Churn, fragmentation, and what a reset does: one test, as the figures are the whole program's.
#![cfg(feature = "enabled")]

use std::hint::black_box;
use std::panic::catch_unwind;
use std::time::Duration;

use lagom_profiler::heap::{self, Holder, Mode};
use lagom_profiler::{TrackingAllocator, assert_allocs, reset};

#[global_allocator]
static ALLOCATOR: TrackingAllocator = TrackingAllocator::new();

#[test]
fn figures_of_the_whole_heap() {
    // Since the start.
    let (first, all) = (heap::churn(), heap::allocations());
    assert!(first.elapsed() > Duration::ZERO && first.elapsed() < Duration::from_secs(600), "{first}");
    if cfg!(target_os = "linux") {
        assert!(first.allocations() > 0 && first.allocations() <= all, "{first}");
    }

    let name = "before the reset";
    drop(heap::scope(name));
    assert_eq!(heap::scopes().get(name).expect("it has ended").count(), 1);
    let kept = black_box(vec![1_u8; 1 << 20]);
    reset();
    assert!(heap::scopes().get(name).is_none());
    for _ in 0..4 {
        drop(black_box(vec![1_u8; 1 << 20]));
    }
    std::thread::sleep(Duration::from_millis(20));
    let churn = heap::churn();
    assert!((4..100).contains(&churn.allocations()), "{churn}");
    assert!((4 << 20..5 << 20).contains(&churn.allocated_bytes()), "{churn}");
    assert!(
        churn.elapsed() >= Duration::from_millis(20) && churn.elapsed() < first.elapsed() + Duration::from_secs(60)
    );
    assert!(churn.live() >= 1 << 20 && (2.0..=4.5).contains(&churn.turnover()), "{churn}");
    assert!(churn.bytes_per_second() > 0.0 && churn.mean_lifetime().is_some());
    drop(heap::scope(name));
    assert_eq!(heap::scopes().get(name).expect("it has ended").count(), 1);

    let before = heap::fragmentation();
    assert!(before.live() >= 1 << 20 && before.held() >= before.live(), "{before}");
    if cfg!(all(target_os = "linux", target_env = "gnu")) {
        assert_eq!(before.holder(), Holder::Malloc);
        // Every second of many small blocks goes: what is between them is held, and of no use.
        let mut blocks: Vec<_> = (0..40_000).map(|_| Some(black_box(Box::new([1_u8; 500])))).collect();
        let full = heap::fragmentation();
        blocks.iter_mut().step_by(2).for_each(|block| *block = None);
        let holes = heap::fragmentation();
        assert!(holes.held() + (1 << 20) > full.held() && holes.live() + 9_000_000 < full.live(), "{full} {holes}");
        assert!(holes.unused_share() > full.unused_share() + 0.2, "{full} {holes}");
    }
    drop(kept);

    heap::set_mode(Mode::Off);
    let payload = catch_unwind(|| assert_allocs!(drop(vec![1]), <= 1)).expect_err("nothing can be said");
    heap::set_mode(Mode::Count);
    let text = payload.downcast_ref::<String>().expect("a text");
    assert_eq!(text, "assert_allocs! cannot be checked: `heap::mode()` is `Off`, so that nothing is counted");
    assert_allocs!(drop(vec![1]), <= 1);
}

//! `assert_allocs!` and `#[heap_test]`, run by the harness in parallel threads.
#![cfg(all(feature = "enabled", feature = "macros"))]

use std::hint::black_box;
use std::panic::{UnwindSafe, catch_unwind};

use lagom_profiler::{TrackingAllocator, assert_allocs, heap_test};

#[global_allocator]
static ALLOCATOR: TrackingAllocator = TrackingAllocator::new();

fn block(size: usize) -> Vec<u8> {
    black_box(Vec::with_capacity(size))
}

fn message(test: impl FnOnce() + UnwindSafe) -> String {
    let payload = catch_unwind(test).expect_err("it panics");
    payload.downcast_ref::<String>().expect("a text").clone()
}

#[test]
fn conditions_that_hold() {
    let kept = assert_allocs!(block(100), == 1, bytes == 100, peak == 100, left == 100);
    assert_allocs!(kept.len(), == 0);
    assert_allocs!(|| drop(block(1_024)), <= 1, bytes <= "1 KiB", peak < 1_025, left == 0,);
    let limit = 3_usize;
    let moved = kept;
    assert_allocs!(move || drop((moved, block(10))), allocations < limit, allocations == 4 - limit, left <= "0 B");
    const FEW: u32 = 2;
    assert_allocs!({ drop(block(1)); drop(block(1)) }, <= FEW, bytes <= 2);
}

#[test]
fn control_flow_goes_through() {
    fn parse(text: &str) -> Result<u32, std::num::ParseIntError> {
        let number = assert_allocs!(text.parse::<u32>()?, == 0);
        Ok(number)
    }
    assert!(parse("7").is_ok() && parse("x").is_err());
    assert_allocs!(drop(block(5)), peak == 5);
}

#[test]
fn what_does_not_hold_is_said() {
    let text = message(|| assert_allocs!(drop(block(3_000)), == 0, bytes <= "1 KiB", peak < 4_000, left == 0));
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        lines[..4],
        [
            "`drop(block(3_000))` does not keep to its limits on the heap",
            "  allocations: 1, expected exactly 0: 1 too many",
            "  bytes allocated: 3000 B (2.93K), expected at most 1024 B (1.00K) (`\"1 KiB\"`): 1976 B (1.93K) too many",
            "this thread did: 1 allocation of 2.93K, 2.93K freed, net 0B, peak 2.93K",
        ],
        "{text}"
    );
    assert!(lines[4].contains("heap::set_mode(heap::Mode::Live)"), "{text}");
    let text = message(|| drop(assert_allocs!(block(3), left == 0)));
    assert!(text.contains("left at the end: 3 B, expected exactly 0 B"), "{text}");
}

#[heap_test(max_live = "64 KiB", max_allocs = 2, max_bytes = 70_000, no_leak)]
fn within_its_limits() {
    drop(block(60_000));
    drop(block(10_000));
}

const BLOCKS: usize = 3;

#[heap_test(max_allocs = BLOCKS, max_left = 8 * BLOCKS, max_peak = "1.5 kB", warm_up = 2)]
fn what_is_set_up_once_is_left_by_the_first_run() -> Result<(), String> {
    thread_local!(static ONCE: Vec<u8> = block(100_000));
    ONCE.with(|once| assert!(once.is_empty()));
    drop(block(1_500));
    Ok(())
}

#[heap_test(max_live = 100, max_allocs = 1)]
#[should_panic(
    expected = "`exceeds` does not keep to its limits on the heap\n  live at peak: 101 B, expected at most 100 B: \
                           1 B too many\nthis thread did: 1 allocation of 101B"
)]
fn exceeds() {
    drop(block(101));
}

#[heap_test(no_leak)]
#[should_panic(expected = "left at the end: 40 B, expected at most 0 B: 40 B too many")]
fn leaks() {
    std::mem::forget(block(40));
}

#[heap_test(no_leak)]
#[should_panic(expected = "its own")]
fn a_panic_of_the_body_is_its_own() {
    std::mem::forget(block(40));
    panic!("its own");
}

mod inner {
    pub(super) use lagom_profiler as renamed;
}

#[test]
#[allow(unnameable_test_items, reason = "one that fails is called by hand")]
fn an_error_of_the_body_goes_before_its_limits() {
    #[heap_test(max_allocs = 0)]
    fn fails() -> Result<(), String> {
        Err(String::from("its own"))
    }
    assert_eq!(fails(), Err(String::from("its own")));
}

/// Other attributes stay, the path to the crate is taken.
#[heap_test(max_allocs = 0, crate = inner::renamed)]
#[allow(clippy::no_effect, reason = "only whether it builds")]
fn by_another_path() {
    7;
}

/// Many at once, each in its own thread: nobody sees the others.
mod crowd {
    use super::*;

    macro_rules! crowd {
        ($($name:ident $size:expr)*) => {$(
            #[heap_test(max_live = 3 * $size, max_allocs = 2_000, max_bytes = 3_000 * $size, no_leak)]
            fn $name() {
                for _ in 0..1_000 {
                    let small = block($size);
                    drop(block(2 * $size));
                    drop(small);
                }
            }
        )*};
    }
    crowd!(a 10 b 20 c 100 d 1_000 e 10_000 f 30 g 7 h 50_000);
}

/// Every name the expansions could stumble over.
#[allow(dead_code, unused_macros, reason = "they only stand in the way")]
mod shadowed {
    use lagom_profiler::{assert_allocs, heap_test, profile_memory};

    mod core {}
    mod std {}
    struct Option;
    struct Some;
    struct None;
    struct Result;
    struct Literal;
    macro_rules! stringify {
        () => {
            compile_error!("shadowed")
        };
    }
    macro_rules! panic {
        () => {
            compile_error!("shadowed")
        };
    }

    #[profile_memory]
    fn one() -> u8 {
        let __lagom_memory = 1;
        __lagom_memory + 1
    }

    #[profile_memory]
    async fn two() -> u8 {
        2
    }

    #[heap_test(max_allocs = 10)]
    fn a_test() {
        let __lagom_value = one();
        assert_allocs!(__lagom_value, == 0);
    }
}

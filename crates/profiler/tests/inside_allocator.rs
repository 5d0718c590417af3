//! The allocator itself with probes, which run wherever anything allocates: inside the profiler, under its locks, before and
//! after a thread's own data.
#![cfg(all(feature = "enabled", feature = "macros"))]
#![allow(unsafe_code, reason = "an allocator")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;

use lagom_profiler::{lines, profile, profile_lines, reset, summary};

struct Probed;

// SAFETY: every call goes to the system's allocator.
unsafe impl GlobalAlloc for Probed {
    #[profile_lines]
    #[profile(size = layout.size(), repeats)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        assert!(layout.align() > 0);
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    #[profile_lines]
    #[profile(size = layout.size(), repeats)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Probed = Probed;

fn allocate(times: usize) {
    for size in 0..times {
        drop(black_box(vec![1_u8; size]));
    }
}

#[test]
fn nothing_hangs_and_nothing_is_lost() {
    let late = || {
        thread_local!(static LATE: Late = const { Late });
        struct Late;
        impl Drop for Late {
            fn drop(&mut self) {
                allocate(10);
            }
        }
        LATE.with(|_| allocate(100));
    };
    for _ in 0..50 {
        std::thread::scope(|scope| [(); 2].map(|()| scope.spawn(late)).into_iter().for_each(drop));
        black_box((lines(), summary()));
    }
    reset();
    allocate(1_000);
    let table = lines().into_iter().find(|table| table.name() == "alloc").expect("something allocated");
    assert!(table.calls() >= 999 && table.lines().iter().all(|line| line.hits() >= 999), "{table}");
    let calls = summary().get("dealloc").map_or(0, |function| function.calls());
    assert!(calls >= 999, "{calls}");
}

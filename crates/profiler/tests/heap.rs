//! The tracking allocator, installed. A program of its own without the test harness: the counts are the whole program's, so
//! nothing may run beside it.
#![allow(unsafe_code, reason = "allocates by hand, forks")]

use std::alloc::{GlobalAlloc, Layout, System, alloc, alloc_zeroed, dealloc, realloc};
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};

use lagom_profiler::heap::{self, Mode};
use lagom_profiler::{TrackingAllocator, reset, span, summary};

#[global_allocator]
static ALLOCATOR: TrackingAllocator<Failing> = TrackingAllocator::with(Failing);

static FAIL: AtomicBool = AtomicBool::new(false);
/// No other size is ever refused.
const REFUSED: usize = 7_777_777;

/// The system's allocator, with failures on demand.
struct Failing;

// SAFETY: every call goes to the system's allocator or answers null, which is always allowed.
unsafe impl GlobalAlloc for Failing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if FAIL.load(Ordering::Relaxed) && layout.size() == REFUSED {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if FAIL.load(Ordering::Relaxed) && layout.size() == REFUSED {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(block, layout) }
    }
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if FAIL.load(Ordering::Relaxed) && new_size == REFUSED {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller keeps the contract.
        unsafe { System.realloc(block, layout, new_size) }
    }
}

fn main() {
    if !cfg!(feature = "enabled") {
        drop(black_box(vec![1_u8; 1_000]));
        assert_eq!(heap::stats(), heap::HeapStats::default());
        return;
    }
    counts_and_peak();
    content_and_alignment_in_every_mode();
    failures_are_not_counted();
    big_zeroed_blocks_stay_lazy();
    growing_stays_in_place();
    short_threads_are_exact();
    short_threads_leave_nothing_behind();
    #[cfg(unix)]
    a_forked_process_goes_on();
    frees_in_another_thread();
    modes_switched_while_threads_allocate();
    allocations_of_spans();
    own_allocations_belong_to_nobody();
    allocations_in_destructors_of_thread_locals();
    advice_on_allocations();
    #[cfg(target_os = "linux")]
    a_forked_process_starts_its_monitor_anew();
}

fn counts_and_peak() {
    assert!(heap::is_installed() && heap::mode() == Mode::Count);
    assert!(!heap::exact_peak());
    heap::set_exact_peak(true);
    assert!(heap::exact_peak());
    let before = heap::stats();
    let block = black_box(vec![1_u8; 1_000_000]);
    let during = heap::stats();
    assert_eq!(during.current() - before.current(), 1_000_000);
    assert_eq!(during.allocations() - before.allocations(), 1);
    assert_eq!(during.allocated_bytes() - before.allocated_bytes(), 1_000_000);
    drop(block);
    assert_eq!(heap::current(), before.current());
    assert!(heap::peak() >= before.current() + 1_000_000);
    heap::reset_peak();
    assert_eq!(heap::peak(), heap::current());
    drop(black_box(vec![1_u8; 500]));
    assert_eq!(heap::peak(), heap::current() + 500);
    // A growth in place or by moving: one allocation, the difference in bytes.
    let mut block = black_box(Vec::<u8>::with_capacity(100));
    let before = heap::stats();
    block.reserve_exact(300);
    let after = heap::stats();
    assert_eq!(after.current() - before.current(), 200);
    assert_eq!(after.allocated_bytes() - before.allocated_bytes(), 200);
    assert_eq!(after.allocations() - before.allocations(), 1);
    block.shrink_to(10);
    let shrunk = heap::stats();
    assert_eq!(after.current() - shrunk.current(), 290);
    assert_eq!(shrunk.allocated_bytes(), after.allocated_bytes());
}

fn fill(block: *mut u8, from: usize, to: usize) {
    for at in from..to {
        // SAFETY: the caller's block has at least `to` bytes.
        let byte = unsafe { block.add(at) };
        // SAFETY: as above.
        unsafe { byte.write((at % 251) as u8) };
    }
}

/// The first bytes of a block in which all of them are written.
fn bytes<'a>(block: *const u8, length: usize) -> &'a [u8] {
    // SAFETY: the caller's block has at least `length` bytes, all written, and outlives the slice.
    unsafe { std::slice::from_raw_parts(block, length) }
}

fn check(block: *const u8, length: usize) {
    assert!(bytes(block, length).iter().enumerate().all(|(at, byte)| *byte == (at % 251) as u8));
}

fn content_and_alignment_in_every_mode() {
    let base = heap::current();
    // So that among these blocks some are samples.
    heap::set_interval(500);
    for mode in EVERY_MODE.into_iter().chain([Mode::Count]) {
        heap::set_mode(mode);
        assert_eq!(heap::mode(), mode);
        for align in (0..13).map(|shift| 1_usize << shift) {
            for size in [1, 2, 3, 8, 15, 16, 17, 63, 64, 65, 255, 1_000, 4_095, 4_096] {
                one_block(Layout::from_size_align(size, align).expect("valid"));
            }
        }
    }
    heap::set_interval(512 << 10);
    assert_eq!(heap::current(), base);
}

const EVERY_MODE: [Mode; 5] = [Mode::Count, Mode::Off, Mode::Sample, Mode::CountAndSample, Mode::Live];

fn one_block(layout: Layout) {
    let size = layout.size();
    // SAFETY: the size is not zero.
    let block = unsafe { alloc(layout) };
    assert!(!block.is_null() && block.addr().is_multiple_of(layout.align()));
    fill(block, 0, size);
    // SAFETY: allocated above with this layout.
    let block = unsafe { realloc(block, layout, 3 * size) };
    assert!(block.addr().is_multiple_of(layout.align()));
    check(block, size);
    fill(block, size, 3 * size);
    let grown = Layout::from_size_align(3 * size, layout.align()).expect("valid");
    // SAFETY: grown above to this layout.
    let block = unsafe { realloc(block, grown, size) };
    check(block, size);
    // SAFETY: shrunk above to this layout.
    unsafe { dealloc(block, layout) };
    // SAFETY: the size is not zero.
    let zeroed = unsafe { alloc_zeroed(layout) };
    assert!(zeroed.addr().is_multiple_of(layout.align()));
    assert!(bytes(zeroed, size).iter().all(|byte| *byte == 0));
    // SAFETY: allocated above with this layout.
    unsafe { dealloc(zeroed, layout) };
}

fn failures_are_not_counted() {
    let layout = Layout::from_size_align(100, 8).expect("valid");
    let refused = Layout::from_size_align(REFUSED, 8).expect("valid");
    // SAFETY: the size is not zero.
    let block = unsafe { alloc(layout) };
    heap::reset_peak();
    let before = heap::stats();
    FAIL.store(true, Ordering::Relaxed);
    // SAFETY: the size is not zero.
    assert!(unsafe { alloc(refused) }.is_null());
    // SAFETY: the size is not zero.
    assert!(unsafe { alloc_zeroed(refused) }.is_null());
    // SAFETY: allocated above with this layout.
    assert!(unsafe { realloc(block, layout, REFUSED) }.is_null());
    FAIL.store(false, Ordering::Relaxed);
    assert_eq!(heap::stats(), before);
    // SAFETY: the failed growth left the block as it was.
    unsafe { dealloc(block, layout) };
}

fn big_zeroed_blocks_stay_lazy() {
    // The first sample opens files; later ones allocate nothing.
    let _ = lagom_profiler::sample_now();
    let before = lagom_profiler::sample_now();
    let block = black_box(vec![0_u8; 1 << 30]);
    let after = lagom_profiler::sample_now();
    assert_eq!(after.traced_current() - before.traced_current(), 1 << 30);
    if let (Some(before), Some(after)) = (before.rss(), after.rss()) {
        assert!(after < before + (64 << 20), "{before} to {after}");
    }
    assert_eq!(block[(1 << 30) - 1], 0);
}

fn growing_stays_in_place() {
    // The system moves pages, not bytes: 16 M pushes end with one block, and the peak holds no second one.
    let mut values = Vec::new();
    heap::reset_peak();
    let base = heap::current();
    for value in 0..16_000_000_u32 {
        values.push(value);
    }
    assert!(heap::peak() - base <= 4 * (1 << 24));
    assert_eq!(black_box(&values)[15_999_999], 15_999_999);
}

fn short_threads_are_exact() {
    const EACH: u64 = 1_000;
    // What a thread itself costs is the same for all after the first few.
    let run = |blocks: u64| {
        let before = heap::stats();
        for _ in 0..100 {
            std::thread::spawn(move || {
                for _ in 0..blocks {
                    drop(black_box(Box::new([0_u8; 64])));
                }
            })
            .join()
            .expect("no panic");
        }
        let after = heap::stats();
        (after.allocations() - before.allocations(), after.allocated_bytes() - before.allocated_bytes())
    };
    run(0);
    let (empty, empty_bytes) = run(0);
    let (full, full_bytes) = run(EACH);
    assert_eq!(full - empty, 100 * EACH);
    assert_eq!(full_bytes - empty_bytes, 100 * EACH * 64);
}

/// A thread that ends leaves what it noted to the next one, in every mode.
fn short_threads_leave_nothing_behind() {
    let run = |threads: usize| {
        for _ in 0..threads {
            let blocks = std::thread::spawn(|| (0..20).map(|i| black_box(vec![1_u8; 10 + i])).collect::<Vec<_>>());
            drop(blocks.join().expect("no panic"));
        }
    };
    heap::set_interval(200);
    for mode in EVERY_MODE {
        heap::set_mode(mode);
        run(100);
        let before = lagom_profiler::sample_now().rss();
        run(3_000);
        if let (Some(before), Some(after)) = (before, lagom_profiler::sample_now().rss()) {
            assert!(after < before + (2 << 20), "{mode:?}: {before} to {after}");
        }
    }
    heap::set_mode(Mode::Count);
    heap::set_interval(512 << 10);
}

/// A child has the figures of its parent, and its own from then on.
#[cfg(unix)]
fn a_forked_process_goes_on() {
    for mode in EVERY_MODE {
        heap::set_mode(mode);
        let kept = black_box(vec![1_u8; 5_000]);
        let before = heap::allocations();
        // SAFETY: the child allocates, which the system's allocator allows after a fork, and leaves at once.
        let child = unsafe { libc::fork() };
        assert!(child >= 0);
        if child == 0 {
            let block = black_box(vec![2_u8; 20_000]);
            let counted = heap::allocations() > before;
            drop((block, kept));
            let expected = matches!(mode, Mode::Count | Mode::CountAndSample | Mode::Live);
            // SAFETY: ends the process.
            unsafe { libc::_exit(i32::from(counted != expected)) };
        }
        let mut status = 0;
        // SAFETY: waits for the child made above, and writes its status.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0, "{mode:?}");
        drop(kept);
    }
    heap::set_mode(Mode::Count);
}

fn frees_in_another_thread() {
    let base = heap::current();
    let block = std::thread::spawn(|| black_box(vec![1_u8; 12_345])).join().expect("no panic");
    assert!(heap::current() >= base + 12_345);
    std::thread::spawn(move || drop(block)).join().expect("no panic");
    assert!(heap::current().abs_diff(base) < 4_096, "{} to {base}", heap::current());
}

fn modes_switched_while_threads_allocate() {
    let stop = AtomicBool::new(false);
    heap::set_interval(2_000);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut kept = Vec::new();
                let mut round = 0_usize;
                while !stop.load(Ordering::Relaxed) {
                    round += 1;
                    kept.push(vec![round as u8; round % 300 + 1]);
                    if kept.len() > 50 {
                        let old = kept.swap_remove(round % 50);
                        assert!(old.iter().all(|byte| *byte == old[0]));
                    }
                }
            });
        }
        for round in 0..2_000 {
            heap::set_mode(EVERY_MODE[round % EVERY_MODE.len()]);
            assert!(heap::current() <= heap::peak());
            let stats = heap::stats();
            assert!(stats.current() <= stats.peak());
        }
        heap::set_mode(Mode::Count);
        stop.store(true, Ordering::Relaxed);
    });
    heap::set_interval(512 << 10);
    // Never below zero, whatever was missed.
    assert!(heap::current() < 1 << 40);
}

fn allocations_of_spans() {
    reset();
    for _ in 0..10 {
        let _outer = span!("alloc outer");
        drop(black_box(vec![1_u8; 100]));
        for _ in 0..2 {
            let _inner = span!("alloc inner");
            drop(black_box(vec![1_u8; 1_000]));
            drop(black_box(vec![1_u8; 500]));
        }
    }
    let summary = summary();
    let outer = summary.get("alloc outer").expect("called");
    let inner = summary.get("alloc inner").expect("called");
    assert_eq!((inner.allocations(), inner.allocated_bytes()), (40, 30_000));
    assert_eq!((inner.self_allocations(), inner.self_allocated_bytes()), (40, 30_000));
    assert_eq!((outer.allocations(), outer.allocated_bytes()), (50, 31_000));
    assert_eq!((outer.self_allocations(), outer.self_allocated_bytes()), (10, 1_000));
    assert_eq!((outer.allocations_per_call(), outer.bytes_per_call()), (5.0, 3_100.0));
    assert!(summary.heap_tracked() && summary.to_string().contains("allocs"), "{summary}");

    fn recursive(depth: u32) {
        let _span = span!("alloc recursive");
        drop(black_box(Box::new(1_u64)));
        if depth > 1 {
            recursive(depth - 1);
        }
    }
    recursive(10);
    let row = lagom_profiler::summary().get("alloc recursive").expect("called").clone();
    assert_eq!((row.calls(), row.allocations(), row.self_allocations()), (10, 10, 10));
}

/// A new thread, new places, deep stacks: the profiler allocates, and no span shows it.
fn own_allocations_belong_to_nobody() {
    fn deep(depth: u32) {
        let _span = span!("own deep");
        if depth > 1 {
            deep(depth - 1);
        }
    }
    std::thread::spawn(|| {
        let _outer = span!("own outer");
        deep(500);
        drop(span!("own late"));
    })
    .join()
    .expect("no panic");
    let summary = summary();
    for name in ["own outer", "own deep", "own late"] {
        let row = summary.get(name).expect("called");
        assert_eq!((row.allocations(), row.self_allocations(), row.allocated_bytes()), (0, 0, 0), "{row:?}");
    }
    // And after the first calls there are none, but for durations that no call has had yet.
    drop(span!("own late"));
    fn place() {
        drop(span!("own steady"));
    }
    place();
    let before = heap::allocations();
    for _ in 0..1_000 {
        place();
    }
    assert!(heap::allocations() <= before + 20);
}

fn allocations_in_destructors_of_thread_locals() {
    struct Late(Vec<u8>);
    impl Drop for Late {
        fn drop(&mut self) {
            self.0 = vec![2; 50];
            let _span = span!("alloc late");
            drop(black_box(Box::new(3_u8)));
        }
    }
    thread_local!(static LATE: Late = const { Late(Vec::new()) });
    for _ in 0..20 {
        std::thread::spawn(|| LATE.with(|late| assert!(late.0.is_empty()))).join().expect("no panic");
    }
    let row = summary().get("alloc late").expect("called").clone();
    assert_eq!((row.calls(), row.allocations()), (20, 20));
}

fn advice_on_allocations() {
    reset();
    for _ in 0..10_000 {
        let _span = span!("heavy");
        for size in 1..50 {
            drop(black_box(vec![1_u8; size]));
        }
    }
    let summary = summary();
    let found = summary.suggestions();
    let advice = found.iter().find(|advice| advice.rule() == lagom_profiler::Rule::AllocationHeavy).expect("heavy");
    assert_eq!((advice.function(), advice.samples()), ("heavy", 10_000));
    assert!(advice.remedy().contains("lagom-pool") && advice.message().contains("49.0 allocations"), "{advice}");
    assert!(advice.gain() <= summary.get("heavy").expect("called").total());
}

/// Here since this program has but one thread, so that a fork takes no held lock along.
#[cfg(target_os = "linux")]
fn a_forked_process_starts_its_monitor_anew() {
    use std::time::{Duration, Instant};

    let monitor = || {
        let monitor = lagom_profiler::Monitor::builder().interval(Duration::from_secs(3_600)).build();
        assert!(monitor.start());
        while monitor.samples().is_empty() {
            std::thread::yield_now();
        }
        // By now it waits for the interval.
        std::thread::sleep(Duration::from_millis(50));
        monitor
    };
    let (stopped, started, dropped) = (monitor(), monitor(), monitor());
    // SAFETY: the other threads of this process are parked and hold no lock; the child ends by `_exit`.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "{}", std::io::Error::last_os_error());
    if child == 0 {
        let passed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            assert!(!stopped.is_running() && !started.is_running());
            stopped.stop();
            drop(dropped);
            for monitor in [&stopped, &started] {
                assert!(monitor.start() && monitor.is_running());
                while monitor.samples().len() < 2 {
                    std::thread::yield_now();
                }
                monitor.stop();
                assert!(!monitor.is_running());
            }
        }));
        // SAFETY: ends this process, without destructors that the parent will run.
        unsafe { libc::_exit(i32::from(passed.is_err())) }
    }
    let start = Instant::now();
    let mut status = 0;
    // SAFETY: the status is writable.
    while unsafe { libc::waitpid(child, &mut status, libc::WNOHANG) } == 0 {
        if start.elapsed() > Duration::from_secs(10) {
            // SAFETY: the child was not waited for yet, so that the number is still its.
            unsafe { libc::kill(child, libc::SIGKILL) };
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(status, 0, "the child panicked or hung");
    assert!(stopped.is_running() && started.is_running() && dropped.is_running(), "the parent's go on");
}

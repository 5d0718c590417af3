//! The scan for leaks, in a program of its own: it is asked about all that is allocated here.
#![cfg(all(feature = "enabled", target_os = "linux", target_arch = "x86_64"))]
#![allow(unsafe_code, reason = "registers, signals, memory of C")]
#![allow(clippy::vec_box, clippy::multiple_unsafe_ops_per_block, reason = "pointers are what it is about")]

mod leaked;
mod reached;
mod speed;
mod why;

use std::collections::HashSet;
use std::hint::black_box;
use std::sync::Mutex;

use lagom_profiler::TrackingAllocator;
use lagom_profiler::heap::{self, LeakScan, Mode};

#[global_allocator]
static ALLOCATOR: TrackingAllocator = TrackingAllocator::new();

/// The addresses of all that was made to leak, inverted, so that this is no pointer to it.
static PLANTED: Mutex<Vec<usize>> = Mutex::new(Vec::new());

fn main() {
    heap::set_mode(Mode::Live);
    if std::env::args().any(|argument| argument == "speed") {
        return speed::a_million_blocks();
    }
    let tests: &[(&str, fn())] = &[
        ("nothing has leaked", nothing_has_leaked),
        ("reached::structures", reached::structures),
        ("reached::statics_and_thread_locals", reached::statics_and_thread_locals),
        ("reached::odd_pointers", reached::odd_pointers),
        ("reached::from_other_threads", reached::from_other_threads),
        ("reached::from_a_register", reached::from_a_register),
        ("reached::from_a_vector_register", reached::from_a_vector_register),
        ("reached::from_a_thread_that_blocks_signals", reached::from_a_thread_that_blocks_signals),
        ("reached::from_memory_of_others", reached::from_memory_of_others),
        ("reached::from_keys_of_threads", reached::from_keys_of_threads),
        ("reached::tasks", reached::tasks),
        ("reached::while_threads_work", reached::while_threads_work),
        ("leaked::parent_and_child", leaked::parent_and_child),
        ("leaked::a_thousand_cycles", leaked::a_thousand_cycles),
        ("leaked::cycles_among_other_work", leaked::cycles_among_other_work),
        ("leaked::by_threads_that_ended", leaked::by_threads_that_ended),
        ("leaked::forgotten", leaked::forgotten),
        ("leaked::arcs", leaked::arcs),
        ("leaked::texts", leaked::texts),
        ("why::from_a_static", why::from_a_static),
        ("why::from_a_thread_local", why::from_a_thread_local),
        ("why::from_another_thread", why::from_another_thread),
        ("why::not_at_all", why::not_at_all),
        ("reached::from_sampled_blocks", reached::from_sampled_blocks),
    ];
    // From the system, so that there are no addresses in it that were never overwritten.
    PLANTED.lock().unwrap().reserve(1 << 20);
    let wanted = std::env::args().nth(1).unwrap_or_default();
    for (name, test) in tests.iter().filter(|(name, _)| name.contains(&wanted)) {
        test();
        println!("{name}: ok");
    }
}

/// Overwrites what calls have left on the stack.
#[inline(never)]
fn wipe() {
    let mut bytes = [0_u8; 64 << 10];
    black_box(&mut bytes);
}

/// Runs what leaks something in a thread of its own, which leaves nothing at all.
fn apart<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> R {
    std::thread::spawn(work).join().unwrap()
}

/// Runs what leaks something far below, so that nothing of it stays on the stack when that is wiped.
#[inline(never)]
fn below<R>(work: impl FnOnce() -> R) -> R {
    let mut space = [0_u8; 16 << 10];
    black_box(&mut space);
    let result = work();
    black_box(&mut space);
    wipe();
    result
}

#[inline(never)]
fn plant(address: usize) {
    PLANTED.lock().unwrap().push(!address);
}

/// Scans, and asserts that only what was planted is called leaked.
#[inline(never)]
fn scan() -> LeakScan {
    // At the depth at which the scan begins, and where the test's own functions were.
    wipe();
    checked_scan()
}

#[inline(never)]
fn checked_scan() -> LeakScan {
    let scan = heap::leaks().unwrap();
    let planted: HashSet<u64> = PLANTED.lock().unwrap().iter().map(|&address| address as u64).collect();
    let wrong: Vec<_> = scan.blocks().iter().filter(|block| !planted.contains(&!block.address())).collect();
    assert!(wrong.is_empty(), "no leaks: {wrong:x?}\n{scan}");
    scan
}

/// How many of these are called leaked.
fn found(scan: &LeakScan, planted: &[usize]) -> usize {
    let leaked: HashSet<u64> = scan.blocks().iter().map(|block| !block.address()).collect();
    planted.iter().filter(|&&address| leaked.contains(&(address as u64))).count()
}

/// Why the first of these is not called leaked.
fn explain(scan: &LeakScan, planted: &[usize]) -> String {
    let missed = planted.iter().find(|&&address| found(scan, &[address]) == 0);
    let why = missed.map(|&address| heap::why_alive(&apart(move || heap::Target::address(!address))));
    format!(
        "{scan}{}",
        why.map_or_else(String::new, |why| why.map_or_else(|error| error.to_string(), |why| why.to_string()))
    )
}

fn nothing_has_leaked() {
    let scan = scan();
    assert!(scan.is_empty() && scan.running().is_empty() && scan.scanned().blocks() > 0, "{scan}");
    assert!(scan.to_string().starts_with("no leak; "));
}

//! What the interner takes from the allocator, and that it gives all of it back.
#![allow(unsafe_code, reason = "`GlobalAlloc` is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use lagom_weakcache::{Interned, Interner};

struct Counting;

static BYTES: AtomicUsize = AtomicUsize::new(0);
static BLOCKS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all is left to `System`; a layout that does not fit to its block is told by the counts.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.fetch_add(layout.size(), Relaxed);
        BLOCKS.fetch_add(1, Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size(), Relaxed);
        BLOCKS.fetch_sub(1, Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn held() -> (usize, usize) {
    (BYTES.load(Relaxed), BLOCKS.load(Relaxed))
}

/// One test, for the counts are the process's.
#[test]
#[cfg_attr(miri, ignore = "too much for it")]
fn counts_agree_with_the_allocator() {
    const N: usize = 100_000;
    let texts: Vec<String> = (0..N).map(|n| format!("{n:017}")).collect();
    let mut handles: Vec<Interned<str>> = Vec::with_capacity(2 * N);
    let _ = Interner::<str>::new(); // What is asked for once: a thread asks the system for a fence.
    let mut before = None;
    while before != Some(held()) {
        before = Some(held());
        thread::sleep(Duration::from_millis(50));
    }
    let (bytes, blocks) = held();
    let interner = Interner::<str>::new();
    let grown = || held().0 - bytes;
    assert_eq!(interner.bytes().total(), grown(), "empty");

    for text in &texts {
        handles.push(interner.intern(text));
        handles.push(interner.intern(text));
        let n = interner.bytes().entries();
        if n.is_power_of_two() || n == N {
            assert_eq!(interner.bytes().total(), grown(), "{n} texts");
        }
    }
    assert_eq!(interner.bytes().values(), 17 * N);
    let beyond = (grown() as f64 - 17.0 * N as f64) / N as f64;
    assert!(beyond <= 40.0, "{beyond} bytes for each text beyond itself");
    let before = held();
    handles.clear();
    let freed = before.1 - held().1;
    assert!(freed >= N, "one block for each text, {freed}");
    assert_eq!(interner.bytes().total(), grown(), "all gone");
    assert!(interner.bytes().overhead() < N / 4, "{} left", interner.bytes().overhead());
    interner.shrink_to_fit();
    assert_eq!(interner.bytes(), Interner::<str>::new().bytes());

    // The last block of each, and nothing twice, when the interner goes first.
    handles.extend(texts.iter().take(1000).map(|text| interner.intern(text)));
    let total = interner.bytes().total();
    drop(interner);
    assert!((17_000..total - 10_000).contains(&grown()), "the tables went with it, {} of {total}", grown());
    handles.clear();
    assert_eq!(held(), (bytes, blocks));

    // What is made in vain is freed as well.
    let numbers = Interner::<[u64]>::new();
    let many: Vec<Vec<u64>> = (0..100).map(|n| vec![n; n as usize]).collect();
    let all: Vec<_> = many.iter().map(|row| numbers.intern(row)).collect();
    many.iter().for_each(|row| assert!(all.contains(&numbers.intern_owned(row.clone()))));
    drop((numbers, all, many));
    assert_eq!(held(), (bytes, blocks));
}

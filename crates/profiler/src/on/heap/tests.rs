//! The allocator in every mode, against a model. It is not installed here: only what these tests do passes through it.
#![allow(unsafe_code, reason = "allocates by hand")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use lagom_base::sync::Mutex;

use super::*;
use crate::TrackingAllocator;
use crate::heap::{Amount, Mode};
use crate::on::memory;

/// The mode is the whole program's.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> impl Drop {
    struct Back<T>(#[allow(dead_code, reason = "held")] T);
    impl<T> Drop for Back<T> {
        fn drop(&mut self) {
            set_mode(Mode::Count);
            set_interval(512 << 10);
            set_exact_peak(false);
        }
    }
    Back(ALONE.lock())
}

static FAIL: AtomicBool = AtomicBool::new(false);
static FAILED: AtomicUsize = AtomicUsize::new(0);

/// The system's, that refuses on demand and checks that layouts come back as they were given.
struct Strict;

// SAFETY: every call goes to the system's allocator or answers null, which is always allowed.
unsafe impl GlobalAlloc for Strict {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if FAIL.load(Ordering::Relaxed) {
            FAILED.fetch_add(1, Ordering::Relaxed);
            return std::ptr::null_mut();
        }
        assert!(layout.size() >= 16);
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        assert!(!region::contains(block.addr()), "it is not the system's");
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(block, layout) }
    }
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        assert!(!region::contains(block.addr()), "it is not the system's");
        if FAIL.load(Ordering::Relaxed) {
            FAILED.fetch_add(1, Ordering::Relaxed);
            return std::ptr::null_mut();
        }
        // SAFETY: the caller keeps the contract.
        unsafe { System.realloc(block, layout, new_size) }
    }
}

static HEAP: TrackingAllocator<Strict> = TrackingAllocator::with(Strict);

struct Held {
    address: *mut u8,
    layout: Layout,
    mark: u8,
}

fn write(held: &Held) {
    // SAFETY: the block has so many bytes.
    unsafe { held.address.write_bytes(held.mark, held.layout.size()) };
}

fn check(held: &Held, size: usize) {
    assert_eq!(held.address.addr() % held.layout.align(), 0);
    // SAFETY: the block has so many bytes, all written.
    let bytes = unsafe { std::slice::from_raw_parts(held.address, size) };
    assert!(bytes.iter().all(|byte| *byte == held.mark), "{:?}", held.layout);
}

fn new(layout: Layout, zeroed: bool, mark: u8) -> Option<Held> {
    let address = if zeroed {
        // SAFETY: no size is zero.
        unsafe { HEAP.alloc_zeroed(layout) }
    } else {
        // SAFETY: no size is zero.
        unsafe { HEAP.alloc(layout) }
    };
    if address.is_null() {
        return None;
    }
    let held = Held { address, layout, mark };
    if zeroed {
        check(&Held { mark: 0, ..held }, layout.size());
    }
    write(&held);
    Some(held)
}

fn drop_block(held: &Held) {
    check(held, held.layout.size());
    // SAFETY: allocated with this layout.
    unsafe { HEAP.dealloc(held.address, held.layout) };
}

fn resize(held: &mut Held, size: usize) -> bool {
    // SAFETY: allocated with this layout, and the size is not zero.
    let address = unsafe { HEAP.realloc(held.address, held.layout, size) };
    if address.is_null() {
        check(held, held.layout.size());
        return false;
    }
    let least = size.min(held.layout.size());
    held.address = address;
    held.layout = Layout::from_size_align(size, held.layout.align()).expect("valid");
    check(held, least);
    write(held);
    true
}

fn random(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 11) as usize
}

fn some_size(state: &mut u64) -> usize {
    match random(state) % 10 {
        0 => random(state) % 16 + 1,
        1..7 => random(state) % 500 + 1,
        7 => random(state) % 5_000 + 1,
        8 => region::TOO_LARGE - 3 + random(state) % 6,
        _ => random(state) % 100_000 + 1,
    }
}

fn live() -> Amount {
    raw().sites.iter().fold(Amount::default(), |sum, site| Amount {
        blocks: sum.blocks + site.live.blocks,
        bytes: sum.bytes + site.live.bytes,
    })
}

/// Steps at random; modes change on the way if there are several.
fn storm(modes: &[Mode], seed: u64, steps: usize) -> Vec<Held> {
    let mut state = seed;
    let mut blocks: Vec<Held> = Vec::new();
    for step in 0..steps {
        if step % 50 == 0 {
            set_mode(modes[step / 50 % modes.len()]);
        }
        match random(&mut state) % 8 {
            0..4 => {
                let align = 1 << [0, 1, 2, 3, 4, 5, 6, 8, 12, 15][random(&mut state) % 10];
                let layout = Layout::from_size_align(some_size(&mut state), align).expect("valid");
                blocks.extend(new(layout, random(&mut state).is_multiple_of(3), step as u8 | 1));
            }
            4..6 if !blocks.is_empty() => {
                let at = random(&mut state) % blocks.len();
                FAIL.store(random(&mut state).is_multiple_of(10), Ordering::Relaxed);
                resize(&mut blocks[at], some_size(&mut state));
                FAIL.store(false, Ordering::Relaxed);
            }
            _ if blocks.len() > 40 || random(&mut state).is_multiple_of(2) && !blocks.is_empty() => {
                let at = random(&mut state) % blocks.len();
                drop_block(&blocks.swap_remove(at));
            }
            _ => {}
        }
    }
    blocks
}

#[test]
fn live_blocks_are_known_exactly_and_nothing_is_left() {
    let _alone = alone();
    for seed in 1..20 {
        let blocks = storm(&[Mode::Live], seed, 2_000);
        let mut expected: Vec<_> = blocks.iter().map(|held| (held.address.addr(), held.layout.size())).collect();
        expected.sort_unstable();
        let mut found = Vec::new();
        super::blocks(|block| found.push((block.address, block.size)));
        // What the shadow's own test puts there is no address that a program has.
        found.retain(|(address, _)| expected.iter().any(|(known, _)| known.abs_diff(*address) < 1 << 30));
        assert!(found == expected, "{} blocks, {} of the shadow", expected.len(), found.len());
        let bytes = expected.iter().map(|(_, size)| *size as u64).sum();
        assert_eq!(live(), Amount { blocks: expected.len() as u64, bytes });
        // What is released in another mode is known to be gone.
        set_mode(if seed % 2 == 0 { Mode::Off } else { Mode::Count });
        blocks.iter().for_each(drop_block);
        assert_eq!(live(), Amount::default());
    }
    assert!(FAILED.load(Ordering::Relaxed) > 0, "resizing was refused, too");
}

#[test]
fn with_an_interval_of_one_byte_samples_are_everything() {
    let _alone = alone();
    set_interval(1);
    for seed in 1..20 {
        let blocks = storm(&[Mode::Sample], seed, 2_000);
        // Small ones that are aligned as widely have no place.
        let has_place = |layout: Layout| layout.align() <= 16 << 10 || layout.size() > region::TOO_LARGE;
        let usual: Vec<_> = blocks.iter().filter(|held| has_place(held.layout)).collect();
        let bytes: u64 = usual.iter().map(|held| held.layout.size() as u64).sum();
        // The smallest are missed now and then: one byte with the chance 1/e.
        let (live, blocks_now) = (live(), usual.len() as u64);
        assert!(live.bytes.abs_diff(bytes) <= 64 + bytes / 1_000, "{live:?} {bytes}");
        assert!(live.blocks.abs_diff(blocks_now) <= 8, "{live:?} {blocks_now}");
        assert!(usual.iter().filter(|held| region::contains(held.address.addr())).count() > usual.len() / 2);
        set_mode(Mode::Off);
        blocks.iter().for_each(drop_block);
        set_mode(Mode::Sample);
        assert_eq!(super::tests::live(), Amount::default());
    }
}

#[test]
fn setting_the_interval_again_makes_no_samples() {
    let _alone = alone();
    set_mode(Mode::Sample);
    let total = || raw().sites.iter().map(|site| site.total.bytes).sum::<u64>();
    let before = total();
    let layout = Layout::new::<[u64; 2]>();
    for _ in 0..500 {
        set_interval(1 << 20);
        new(layout, false, 1).iter().for_each(drop_block);
    }
    // Of 8,000 bytes in all: one sample at most, short of a miracle, where each round would have made one.
    assert!(total() - before <= 4 << 20, "{}", total() - before);
}

#[test]
fn modes_may_change_at_any_time() {
    let _alone = alone();
    set_interval(300);
    let modes = [Mode::Count, Mode::Live, Mode::Sample, Mode::Off, Mode::CountAndSample, Mode::Live];
    std::thread::scope(|scope| {
        for seed in 1..5 {
            scope.spawn(move || {
                let blocks = storm(&modes, seed, 20_000);
                blocks.iter().for_each(drop_block);
            });
        }
    });
    for mode in [Mode::Live, Mode::Sample] {
        set_mode(mode);
        assert_eq!(live(), Amount::default(), "{mode:?}");
    }
}

#[test]
fn what_one_thread_allocates_another_releases() {
    struct Passed(Held);
    // SAFETY: a block belongs to nobody's thread.
    unsafe impl Send for Passed {}
    let _alone = alone();
    for mode in [Mode::Live, Mode::CountAndSample] {
        set_mode(mode);
        set_interval(64);
        let blocks: Vec<Passed> =
            std::thread::spawn(|| storm(&[mode_now()], 7, 1_000).into_iter().map(Passed).collect())
                .join()
                .expect("no panic");
        assert!(live().blocks > 0);
        std::thread::spawn(move || blocks.iter().for_each(|passed| drop_block(&passed.0))).join().expect("no panic");
        assert_eq!(live(), Amount::default());
    }
}

fn mode_now() -> Mode {
    mode()
}

#[test]
fn short_threads_use_the_same_block() {
    let _alone = alone();
    let before = allocations();
    let run = || {
        for _ in 0..100 {
            std::thread::spawn(|| {
                let layout = Layout::new::<[u64; 4]>();
                (0..10).for_each(|_| new(layout, false, 1).iter().for_each(drop_block));
            })
            .join()
            .expect("no panic");
        }
    };
    run();
    let blocks = block::all().count();
    run();
    assert_eq!(allocations() - before, 2_000);
    // Other tests run beside this one, but do not allocate by this allocator.
    assert_eq!(block::all().count(), blocks);
}

#[test]
fn a_peak_is_within_what_threads_may_keep_to_themselves_or_exact() {
    let _alone = alone();
    reset_peak();
    let base = current();
    let layout = Layout::from_size_align(1_000, 8).expect("valid");
    let rise_and_fall = |count| {
        let blocks: Vec<_> = (0..count).filter_map(|_| new(layout, false, 1)).collect();
        blocks.iter().for_each(drop_block);
    };
    rise_and_fall(1_000);
    assert_eq!(current(), base);
    assert!((peak() - base).abs_diff(1_000_000) <= 2 * 65_536, "{}", peak() - base);
    set_exact_peak(true);
    reset_peak();
    rise_and_fall(17);
    assert_eq!(peak() - base, 17_000);
}

#[test]
fn nothing_is_recorded_of_what_is_put_aside() {
    let _alone = alone();
    set_mode(Mode::Live);
    let layout = Layout::new::<[u64; 100]>();
    let held =
        aside(|| aside(|| new(layout, false, 1)).and_then(|held| new(layout, false, 2).map(|other| [held, other])));
    assert_eq!(live(), Amount::default());
    let seen = new(layout, false, 3).expect("memory");
    assert_eq!(live(), Amount { blocks: 1, bytes: 800 });
    held.iter().flatten().for_each(drop_block);
    drop_block(&seen);
    assert_eq!(live(), Amount::default());
    assert!(memory::reserve(usize::MAX / 2).is_none(), "no panic");
}

/// Estimates over many trials: without bias, and as far off as they say.
#[test]
fn samples_estimate_without_bias_and_know_their_error() {
    let _alone = alone();
    set_interval(4_096);
    set_mode(Mode::Sample);
    for (size, count, trials) in
        [(16, 20_000, 150), (1_000, 300, 400), (5_000, 60, 400), (30_000, 30, 300), (200_000, 3, 100)]
    {
        let truth = (size * count) as f64;
        let layout = Layout::from_size_align(size, 8).expect("valid");
        let (mut sum, mut within) = (0.0, 0);
        for _ in 0..trials {
            let blocks: Vec<_> = (0..count)
                .map(|_| {
                    // SAFETY: the size is not zero.
                    let address = unsafe { HEAP.alloc(layout) };
                    Held { address, layout, mark: 0 }
                })
                .collect();
            let site = raw()
                .sites
                .into_iter()
                .fold((0.0, 0.0), |(bytes, variance), site| (bytes + site.live.bytes as f64, variance + site.variance));
            sum += site.0;
            within += usize::from((site.0 - truth).abs() <= 1.96 * site.1.sqrt() + 0.01 * size as f64);
            for held in blocks {
                // SAFETY: allocated above with this layout.
                unsafe { HEAP.dealloc(held.address, held.layout) };
            }
        }
        let bias = sum / trials as f64 / truth - 1.0;
        // Theory: the spread of one estimate is sqrt((1 - p) / (p n)).
        let p = 1.0 - (-(size as f64) / 4_096.0).exp();
        let error = ((1.0 - p) / p / count as f64 / trials as f64).sqrt();
        assert!(bias.abs() <= 4.0 * error + 1e-4, "{size}: bias {bias:.4}, standard error {error:.4}");
        let share = within as f64 / trials as f64;
        // 0.95 but for chance: of 150 trials 0.85 is five standard errors away.
        assert!(share >= 0.85, "{size}: {share}");
    }
    assert_eq!(live(), Amount::default());
}

//! Several threads that allocate for each other.

use crate::heap::Measure;
use std::alloc::{Layout, alloc, dealloc, realloc};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};

use super::super::{flush, on_alloc, on_free, on_realloc};
use super::model::Random;
use super::*;
use crate::heap::Amount;

const STACKS: u32 = 40;

/// What one thread after the other did, by stack.
#[derive(Default)]
struct Counted {
    total: AtomicU64,
    total_bytes: AtomicU64,
    live: AtomicU64,
    live_bytes: AtomicU64,
}

fn counted() -> Vec<Counted> {
    (0..=STACKS).map(|_| Counted::default()).collect()
}

/// A real block, so that its address comes again when and where the allocator has it come.
struct Owned {
    address: usize,
    size: usize,
    stack: u32,
}

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size, 8).expect("valid")
}

fn pointer(address: usize) -> *mut u8 {
    std::ptr::with_exposed_provenance_mut(address)
}

impl Owned {
    fn new(to: &'static ThreadTrace, size: usize, stack: u32, counted: &[Counted]) -> Self {
        // SAFETY: the size is not zero.
        let address = unsafe { alloc(layout(size)) }.expose_provenance();
        on_alloc(to, address, size, stack);
        let count = &counted[stack as usize];
        count.total.fetch_add(1, Ordering::Relaxed);
        count.total_bytes.fetch_add(size as u64, Ordering::Relaxed);
        count.live.fetch_add(1, Ordering::Relaxed);
        count.live_bytes.fetch_add(size as u64, Ordering::Relaxed);
        Self { address, size, stack }
    }

    fn free(self, to: &'static ThreadTrace, counted: &[Counted]) {
        on_free(to, self.address, self.size);
        // SAFETY: allocated with this layout, and given back once.
        unsafe { dealloc(pointer(self.address), layout(self.size)) };
        let count = &counted[self.stack as usize];
        count.live.fetch_sub(1, Ordering::Relaxed);
        count.live_bytes.fetch_sub(self.size as u64, Ordering::Relaxed);
    }
}

/// Totals are exact. Of the releases as many may be missing, and their blocks live: of threads that pass blocks around
/// all the time, the order is known to a microsecond.
fn check(profile: &HeapProfile, counted: &[Counted], missing: u64) {
    let get = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
    for site in profile.sites() {
        let count = &counted[stack_of(site) as usize];
        assert_eq!(site.total(), Amount { blocks: get(&count.total), bytes: get(&count.total_bytes) });
        if profile.events().unknown_frees() == 0 && missing == 0 {
            assert_eq!(site.live(), Amount { blocks: get(&count.live), bytes: get(&count.live_bytes) });
        }
    }
    let all = |of: fn(&Counted) -> &AtomicU64| counted.iter().map(|count| get(of(count))).sum::<u64>();
    assert_eq!(
        profile.amount(Measure::Total),
        Amount { blocks: all(|count| &count.total), bytes: all(|count| &count.total_bytes) }
    );
    assert!(profile.events().unknown_frees() <= missing, "{}", profile.events().unknown_frees());
    assert_eq!(
        (profile.amount(Measure::Live).blocks(), profile.events().lost()),
        (all(|count| &count.live) + profile.events().unknown_frees(), 0)
    );
}

/// What one thread allocates the next one releases, when all have done the one and before any does the other.
#[test]
fn threads_that_take_turns_are_exact() {
    const THREADS: usize = 3;
    let place = Place::new("turns");
    let counted = counted();
    let barrier = Barrier::new(THREADS);
    let shelf: [Mutex<Vec<Owned>>; THREADS] = Default::default();
    let recording = place.record(|| {
        std::thread::scope(|scope| {
            for number in 0..THREADS {
                let (counted, barrier, shelf) = (&counted, &barrier, &shelf);
                scope.spawn(move || {
                    let state = state();
                    let mut random = Random(number as u64);
                    for _ in 0..100 {
                        for _ in 0..1 + random.below(50) {
                            let (size, stack) = (1 + random.below(3) as usize * 24, 1 + random.below(20) as u32);
                            shelf[number].lock().push(Owned::new(state, size, stack, counted));
                        }
                        barrier.wait();
                        let left: Vec<_> = std::mem::take(&mut *shelf[(number + 1) % THREADS].lock());
                        for (at, block) in left.into_iter().enumerate() {
                            if at != 3 {
                                block.free(state, counted);
                            }
                        }
                        barrier.wait();
                    }
                    flush(state);
                });
            }
        });
    });
    check(&profile(&recording), &counted, 0);
}

#[test]
fn threads_that_pass_blocks_around() {
    const THREADS: usize = 4;
    let place = Place::new("threads");
    let counted = counted();
    let recording = place.record(|| {
        std::thread::scope(|scope| {
            let (senders, receivers): (Vec<Sender<Owned>>, Vec<_>) = (0..THREADS).map(|_| channel()).unzip();
            for (number, receiver) in receivers.into_iter().enumerate() {
                let (senders, counted) = (senders.clone(), &counted);
                let work = move || {
                    let state = state();
                    let mut random = Random(number as u64);
                    let mut own = Vec::new();
                    for _ in 0..20_000 {
                        match random.below(8) {
                            0..4 => {
                                let size = 1 + random.below(6) as usize * 24;
                                let block =
                                    Owned::new(state, size, 1 + random.below(u64::from(STACKS)) as u32, counted);
                                // Every other one is another thread's to release.
                                if random.below(2) == 0 {
                                    let _ = senders[random.below(THREADS as u64) as usize].send(block);
                                } else {
                                    own.push(block);
                                }
                            }
                            4..7 => {
                                if let Ok(block) = receiver.try_recv() {
                                    block.free(state, counted);
                                }
                            }
                            _ if !own.is_empty() => {
                                own.swap_remove(random.below(own.len() as u64) as usize).free(state, counted)
                            }
                            _ => {}
                        }
                    }
                    if number != 0 {
                        flush(state);
                    }
                };
                std::thread::Builder::new().name(format!("worker {number}")).spawn_scoped(scope, work).expect("starts");
            }
        });
    });
    check(&profile(&recording), &counted, 20);
    let mut names: Vec<&str> = recording.threads().collect();
    names.sort_unstable();
    // The first left its log to whoever stops, when it was gone and its name with it.
    assert!(["", "worker 0"].contains(&names[0]), "{names:?}");
    assert_eq!(names[1..], ["worker 1", "worker 2", "worker 3"]);
}

#[test]
fn a_block_may_grow_in_another_thread() {
    let place = Place::new("grow");
    let counted = counted();
    let recording = place.record(|| {
        let (there, here) = channel::<Owned>();
        std::thread::scope(|scope| {
            let counted = &counted;
            scope.spawn(move || {
                let state = state();
                for round in 0..20_000_usize {
                    let block = Owned::new(state, 1 + round % 50, 1 + round as u32 % STACKS, counted);
                    there.send(block).expect("somebody listens");
                }
                flush(state);
            });
            let state = state();
            for (round, mut block) in here.into_iter().enumerate() {
                let size = 1 + round % 300;
                // SAFETY: allocated with this layout; the new size is not zero.
                let moved = unsafe { realloc(pointer(block.address), layout(block.size), size) }.expose_provenance();
                on_realloc(state, block.address, block.size, moved, size, 0);
                let count = &counted[block.stack as usize];
                count.total.fetch_add(1, Ordering::Relaxed);
                count.total_bytes.fetch_add(size as u64, Ordering::Relaxed);
                count.live_bytes.fetch_add(size as u64, Ordering::Relaxed);
                count.live_bytes.fetch_sub(block.size as u64, Ordering::Relaxed);
                (block.address, block.size) = (moved, size);
                if round % 7 != 0 {
                    block.free(state, counted);
                }
            }
        });
    });
    let profile = profile(&recording);
    let all =
        |of: fn(&Counted) -> &AtomicU64| counted.iter().map(|count| of(count).load(Ordering::Relaxed)).sum::<u64>();
    assert_eq!(
        profile.amount(Measure::Total),
        Amount { blocks: all(|count| &count.total), bytes: all(|count| &count.total_bytes) }
    );
    assert!(profile.events().unknown_frees() <= 20, "{}", profile.events().unknown_frees());
    assert_eq!(profile.amount(Measure::Live).blocks(), all(|count| &count.live) + profile.events().unknown_frees());
}

#[test]
fn short_threads_use_one_state_after_the_other() {
    let place = Place::new("short");
    let state = state();
    let recording = place.record(|| {
        for number in 0..300_u32 {
            let work = move || {
                on_alloc(state, 0x1000 + number as usize * 32, 16, 1 + number % STACKS);
                flush(state);
                // What comes after the end is not lost.
                on_alloc(state, 0x9_1000 + number as usize * 32, 16, 1);
                flush(state);
                flush(state);
            };
            std::thread::Builder::new()
                .name(format!("short {number}"))
                .spawn(work)
                .expect("starts")
                .join()
                .expect("ends");
        }
    });
    assert_eq!(recording.threads().len(), 600);
    assert_eq!(recording.threads().filter(|name| *name == "short 17").count(), 2);
    assert_eq!(profile(&recording).amount(Measure::Live), Amount { blocks: 600, bytes: 9_600 });
}

#[test]
fn recordings_start_and_stop_while_threads_allocate() {
    let place = Place::new("switch");
    let done = AtomicBool::new(false);
    let allocated = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for number in 0..3_u32 {
            let (done, allocated) = (&done, &allocated);
            scope.spawn(move || {
                let state = state();
                let mut round = 0_usize;
                while !done.load(Ordering::Relaxed) {
                    let address = ((number as usize + 1) << 32) + round % 1_000 * 64;
                    on_alloc(state, address, 40, 1 + round as u32 % STACKS);
                    on_free(state, address, 40);
                    round += 1;
                    allocated.fetch_add(1, Ordering::Relaxed);
                    if round.is_multiple_of(50_000) {
                        flush(state);
                    }
                }
            });
        }
        let _done = AtEnd(&done);
        for _ in 0..10 {
            let recording = place.record(|| {
                // More than what the threads may have begun before the start.
                let before = allocated.load(Ordering::Relaxed) + 3;
                while allocated.load(Ordering::Relaxed) < before + 3_000 {
                    std::thread::yield_now();
                }
            });
            let profile = profile(&recording);
            assert!(profile.events().events() >= 3_000, "{}", profile.events().events());
            // At most one pair of each thread was cut by the start, and one by the stop.
            assert!(
                profile.events().unknown_frees() <= 3 && profile.amount(Measure::Live).blocks() <= 3,
                "{profile:?}"
            );
        }
    });
}

/// Also when a check fails, for which the threads are waited for.
struct AtEnd<'a>(&'a AtomicBool);

impl Drop for AtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn only_one_recording_at_a_time() {
    let place = Place::new("one");
    assert_eq!(stop().expect_err("nothing runs").kind(), std::io::ErrorKind::NotFound);
    place.record(|| {
        let error = start(&place.path, describe).expect_err("one runs");
        assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists);
    });
    let nowhere = start(std::path::Path::new("/there/is/no/such/place"), describe);
    assert_eq!(nowhere.expect_err("cannot be made").kind(), std::io::ErrorKind::NotFound);
    place.record(|| {});
}

//! What the caches hold, by the word of the allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

use lagom_weakcache::{ArcCache, LocalCache, MemoryLimited, MemoryLimitedList};

struct Counting;

thread_local! {
    /// Of this thread, so that tests do not see each other.
    static HELD: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: hands everything on to the system's. (`realloc` is that of the trait: old block and new are there together.)
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.set(HELD.get().wrapping_add(layout.size()));
        PEAK.set(PEAK.get().max(HELD.get()));
        // SAFETY: the caller's word.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        HELD.set(HELD.get().wrapping_sub(layout.size()));
        // SAFETY: the caller's word.
        unsafe { System.dealloc(at, layout) };
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn held() -> usize {
    HELD.get()
}

/// The most that was held while `f` ran, beyond what was before.
fn peak<R>(f: impl FnOnce() -> R) -> (usize, R) {
    let before = HELD.get();
    PEAK.set(before);
    let result = f();
    (PEAK.get() - before, result)
}

#[test]
fn a_local_cache_knows_what_it_holds_and_gives_it_back_at_once() {
    drop(LocalCache::<u8, u8>::new(0)); // The seed of the hasher is made once and stays.
    let start = held();
    let cache = LocalCache::<u64, [u8; 4096]>::new(0);
    let empty = held();
    let handle = cache.insert(1, [7; 4096]);
    assert!(held() > empty + 4096);
    let table_only = held() - empty;
    drop(handle);
    assert!(held() + 4096 <= empty + table_only, "the block itself is freed before the drop returns");
    drop(cache);
    assert_eq!(held(), start);

    for capacity in [0, 1_000, usize::MAX] {
        let cache = LocalCache::<u64, [u64; 8]>::new(capacity);
        let mut handles = Vec::with_capacity(10_000);
        let start = held();
        let base = cache.memory_usage();
        for n in 0..10_000 {
            let handle = cache.insert(n, [n; 8]);
            if n % 2 == 0 {
                handles.push(handle);
            }
            if n % 1_000 == 999 {
                let (real, told) = (held() - start, cache.memory_usage() - base);
                assert!(real.abs_diff(told) * 50 <= real, "{told} of {real}");
            }
        }
        handles.clear();
        cache.clear();
        cache.shrink_to_fit();
        assert_eq!((held(), cache.memory_usage()), (start, base));
    }

    // Short lives leave nothing behind.
    let cache = LocalCache::<u64, [u64; 8]>::new(0);
    let before = held();
    for n in 0..100_000 {
        cache.insert(n, [n; 8]);
    }
    assert!(held() - before < 1_000, "{}", held() - before);
    drop(cache);
}

#[test]
fn limited_collections_never_hold_more_than_they_may() {
    for max in [600, 3_000, 50_000, 1_000_000] {
        let mut cache = MemoryLimited::<u64, [u64; 2]>::new(max, |_, _| 0);
        drop(cache.insert(0, [0; 2])); // The seed of the hasher is made once and stays.
        cache.clear();
        let start = held();
        let (most, _) = peak(|| {
            for n in 0..max as u64 / 4 {
                drop(cache.insert(n % 50_000, [n; 2]));
                if n % 7 == 0 {
                    cache.remove(&(n / 2));
                }
                assert_eq!(held() - start, cache.memory_usage(), "{n}");
            }
        });
        assert!(most <= max && most * 10 > max * 7, "{most} of {max}");
        let (most, ()) = peak(|| cache.set_max_bytes(max / 2));
        assert!(most == 0 && held() - start <= max / 2);
        drop(cache);
        assert_eq!(held(), start);

        let mut list = MemoryLimitedList::<[u64; 2]>::new(max, |_| 0);
        let (most, ()) = peak(|| {
            for n in 0..max as u64 / 4 {
                list.push([n; 2]).unwrap();
                if n % 7 == 0 {
                    list.pop_oldest();
                }
                assert_eq!(held() - start, list.memory_usage(), "{n}");
            }
        });
        assert!(most <= max && most * 10 > max * 7, "{most} of {max}");
        drop(list);
        assert_eq!(held(), start);
    }
    // A table that could be smaller, but not while there is no room for two.
    let start = held();
    let mut cache = MemoryLimited::<u64, Vec<u8>>::new(usize::MAX, |_, bytes| bytes.capacity());
    for n in 0..160 {
        cache.insert(n, Vec::new()).unwrap();
    }
    (0..80).for_each(|n| drop(cache.remove(&n)));
    cache.insert(1_000, vec![0; 50_000]).unwrap();
    cache.set_max_bytes(cache.memory_usage());
    for n in 80..150 {
        let before = held() - start;
        assert!(before + peak(|| cache.remove(&n)).0 <= cache.max_bytes(), "{n}");
    }
    assert!(cache.memory_usage() < 52_000, "once there is room, it is");
    // With what is owned elsewhere.
    let mut cache = MemoryLimited::<u64, Vec<u8>>::new(50_000, |_, bytes| bytes.capacity());
    let mut list = MemoryLimitedList::<Vec<u8>>::new(50_000, Vec::capacity);
    let start = held();
    for n in 0..5_000 {
        drop(cache.insert(n % 400, vec![0; n as usize * 7 % 3_000]));
        list.push(vec![0; n as usize * 7 % 3_000]).unwrap();
        assert_eq!(held() - start, cache.memory_usage() + list.memory_usage());
    }
}

#[test]
fn the_bytes_of_dead_arcs_are_told() {
    let cache = ArcCache::<u64, [u64; 100]>::builder().capacity(0).shards(1).build();
    let all: Vec<Arc<[u64; 100]>> = (0..1_000).map(|n| cache.get_or_insert_with(n, || [n; 100])).collect();
    let before = held();
    drop(all);
    let freed = before - held();
    assert!(freed < 10_000, "only the list of them: the blocks stay, {freed}");
    let dead = cache.stats().dead_bytes();
    assert_eq!((cache.stats().dead(), dead), (1_000, 1_000 * 816));
    let before = held();
    assert_eq!(cache.purge(), 1_000);
    assert!(before - held() >= dead);
    drop(cache);
}

#[test]
fn short_lives_leave_little_behind_in_an_arc_cache() {
    let cache = ArcCache::<u64, [u64; 8]>::new(0);
    let before = held();
    for n in 0..100_000 {
        drop(cache.get_or_insert_with(n, || [n; 8]));
    }
    assert!(held() - before < 50_000, "{}", held() - before);
}

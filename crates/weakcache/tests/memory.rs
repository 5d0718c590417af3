//! What a cache takes from the allocator: all of it is given back, whatever keys and values are like.
#![allow(unsafe_code, reason = "`GlobalAlloc` is an unsafe trait")]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use common::Ledger;
use lagom_weakcache::{Cached, WeakCache};

struct Counting;

static BYTES: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all is left to `System`.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.fetch_add(layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// So many keys where there are many.
const MANY: u16 = if cfg!(miri) { 12 } else { 300 };

fn held() -> usize {
    BYTES.load(Relaxed)
}

/// Runs `f` until it leaves nothing behind: what is made once for a process, or for a thread that had to wait, stays.
fn leaves_nothing(what: &str, f: impl Fn()) {
    for _ in 0..10 {
        let before = held();
        f();
        // A thread that was joined may still be on its way out.
        for _ in 0..50 {
            if held() <= before {
                return;
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
    panic!("{what}: each time more than {} bytes", held());
}

#[repr(align(128))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Line(u8);

#[repr(align(4096))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Page(u8);

/// Keys and values of whatever layout: what was put in is found, aligned, and goes.
fn shape<K: Hash + Eq + Clone + Send + Sync + 'static, V: PartialEq + Debug + Clone + Send + Sync + 'static>(
    keys: &[K],
    value: &V,
) {
    for capacity in [0, 1, 3, usize::MAX] {
        let cache = WeakCache::<K, V>::builder().capacity(capacity).shards(1).build();
        let mut handles: Vec<Cached<V>> = keys.iter().map(|key| cache.insert(key.clone(), value.clone())).collect();
        for (key, handle) in keys.iter().zip(&handles) {
            assert_eq!(&**handle, value);
            assert_eq!(std::ptr::from_ref::<V>(handle).addr() % align_of::<V>(), 0);
            assert!(Cached::ptr_eq(handle, &cache.get(key).expect("held")));
            assert_eq!(cache.with(key, |found| found == value), Some(true));
            assert!(Cached::ptr_eq(handle, &cache.get_or_insert_with(key.clone(), || unreachable!())));
        }
        assert_eq!(cache.len(), keys.len());
        drop(handles.split_off(keys.len() / 2));
        if capacity == 0 {
            assert_eq!(cache.len(), keys.len() / 2);
        }
        cache.remove(&keys[0]);
        cache.clear();
        drop(cache);
        assert!(handles.iter().all(|handle| **handle == *value));
    }
}

fn shapes() {
    leaves_nothing("integers", || shape(&(0..MANY).map(u64::from).collect::<Vec<_>>(), &7_u64));
    leaves_nothing("strings", || shape(&(0..MANY).map(|key| key.to_string()).collect::<Vec<_>>(), &"value".to_owned()));
    leaves_nothing("no key", || shape(&[()], &7_u64));
    leaves_nothing("no value", || shape(&(0..MANY).collect::<Vec<u16>>(), &()));
    leaves_nothing("nothing at all", || shape(&[()], &()));
    leaves_nothing("lines", || shape(&[1, 2, 3].map(Line), &Line(7)));
    leaves_nothing("pages", || shape(&[1, 2, 3_u8], &Page(7)));
    leaves_nothing("pages as keys", || shape(&[1, 2, 3].map(Page), &7_u8));
    leaves_nothing("both", || shape(&[1, 2, 3].map(Page), &Line(7)));
    leaves_nothing("boxes", || shape(&(0..MANY).map(Box::new).collect::<Vec<Box<u16>>>(), &vec![7_u8; 100]));
}

/// In place, not behind a pointer.
fn long_ones() {
    let test = || {
        leaves_nothing("a MiB of value", || shape(&[1, 2, 3_u8], &[7_u8; 1 << 20]));
        leaves_nothing("a MiB of key", || shape(&[[1_u8; 1 << 20], [2; 1 << 20]], &7_u8));
        leaves_nothing("KiBs of both", || shape(&[[1_u16; 3000], [2; 3000]], &[7_u64; 999]));
    };
    thread::Builder::new().stack_size(256 << 20).spawn(test).unwrap().join().unwrap();
}

/// Threads that drop the cache and its handles in any order.
fn ends() {
    let ledger = Ledger::default();
    leaves_nothing("a cache that dies in the crowd", || {
        for round in 0..if cfg!(miri) { 2 } else { 50_u64 } {
            let cache = WeakCache::builder().capacity(round as usize % 5).shards(1 << (round % 3)).build();
            let handles: Vec<_> = (0..100).map(|key| cache.insert(key, ledger.value(key))).collect();
            for key in 0..100 {
                cache.with(&key, |value| assert_eq!(value.id, key));
            }
            let (first, second) = handles.split_at(50);
            let (first, second) = (first.to_vec(), second.to_vec());
            thread::scope(|scope| {
                scope.spawn(move || drop(first));
                scope.spawn(move || drop(second));
                scope.spawn(move || drop(cache));
                drop(handles);
            });
            assert_eq!(ledger.alive(), 0);
        }
    });
}

/// One reader stays in a borrow while another thread writes: what waits for it is one value.
fn a_reader_that_stays() {
    const KIB: usize = 1 << 10;
    leaves_nothing("a reader that stays", || {
        let (cache, before) = (WeakCache::builder().capacity(4).shards(1).build(), held());
        cache.insert(0, vec![0_u8; KIB]);
        cache.with(&0, |_| ());
        thread::scope(|scope| {
            let (inside, entered) = mpsc::channel();
            let (leave, left) = mpsc::channel::<()>();
            let cache = &cache;
            scope.spawn(move || {
                cache.with(&0, |value| {
                    inside.send(()).unwrap();
                    left.recv().unwrap();
                    assert_eq!(value.len(), KIB);
                })
            });
            entered.recv().unwrap();
            cache.clear();
            for round in 0..if cfg!(miri) { 2 } else { 20_u32 } {
                // The table grows and goes, as chunks do.
                let handles: Vec<_> = (1..500_u32).map(|key| cache.insert(key, vec![1; KIB])).collect();
                drop(handles);
                cache.clear();
                cache.shrink_to_fit();
                assert!(held() - before < 200 * KIB, "{} bytes in round {round}", held() - before);
            }
            leave.send(()).unwrap();
        });
    });
}

/// After a crowd of entries that came and went.
fn churn() {
    const ENTRIES: u64 = if cfg!(miri) { 500 } else { 200_000 };
    let before = held();
    let cache = WeakCache::<u64, [u64; 8]>::new(0);
    for key in 0..ENTRIES {
        cache.insert(key, [key; 8]);
    }
    assert_eq!(cache.len(), 0);
    assert!(held() - before < 1_500_000, "{} bytes", held() - before);
}

/// One test, for the counts are the process's.
#[test]
fn nothing_is_left() {
    shapes();
    if !cfg!(miri) {
        long_ones();
    }
    ends();
    a_reader_that_stays();
    churn();
}

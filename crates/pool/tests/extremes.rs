//! Objects of odd sizes, and more threads at once than are near.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use common::Watchdog;
use lagom_pool::{Pool, Pooled, PooledOwned};

#[test]
fn objects_without_size() {
    static ALIVE: AtomicUsize = AtomicUsize::new(0);
    struct Nothing;
    impl Drop for Nothing {
        fn drop(&mut self) {
            ALIVE.fetch_sub(1, SeqCst);
        }
    }
    let pool = Pool::new(|| {
        ALIVE.fetch_add(1, SeqCst);
        Nothing
    });
    let all: Vec<_> = (0..70).map(|_| pool.acquire()).collect();
    let mut addresses: Vec<_> = all.iter().map(|guard| std::ptr::from_ref(&**guard).addr()).collect();
    addresses.sort_unstable();
    addresses.dedup();
    assert_eq!(addresses.len(), 70, "each has a home");
    drop(all);
    assert_eq!((pool.len(), ALIVE.load(SeqCst)), (70, 70));
    thread::scope(|scope| {
        scope.spawn(|| drop((pool.acquire_owned(), Pooled::detach(pool.acquire()))));
    });
    assert_eq!((pool.len(), ALIVE.load(SeqCst)), (69, 69));
    drop(pool);
    assert_eq!(ALIVE.load(SeqCst), 0);
}

#[test]
fn objects_of_high_alignment() {
    #[repr(align(256))]
    struct Aligned(u8);
    fn check(aligned: &Aligned, value: u8) {
        assert_eq!((std::ptr::from_ref(aligned).addr() % 256, aligned.0), (0, value));
    }
    let pool = Pool::builder(|| Aligned(1)).max_live(40).build();
    for _ in 0..3 {
        let all: Vec<_> = (0..40).map(|_| pool.acquire()).collect();
        all.iter().for_each(|guard| check(guard, 1));
    }
    pool.clear();
    pool.prewarm(1);
    check(&pool.acquire(), 1);
    let mut detached = Pooled::detach(pool.acquire());
    detached.0 = 2;
    let attached = pool.attach_owned(detached);
    check(&attached, 2);
    thread::scope(|scope| {
        scope.spawn(move || drop(attached)).join().unwrap();
    });
    check(&pool.acquire(), 2);
}

#[test]
fn large_objects_stay_where_they_are() {
    // Built where the stack is large; a copy through the small one would end the process.
    type Large = [u8; 1 << 20];
    let spawn = |size, f: Box<dyn FnOnce() + Send>| {
        thread::Builder::new().stack_size(size).spawn(f).unwrap().join().unwrap();
    };
    let pool = Arc::new(Pool::builder(|| [7; 1 << 20]).max_idle(2).retain_if(|large: &Large| large[9] == 7).build());
    let objects = Arc::new(Mutex::new(Vec::new()));
    let (source, basket) = (Arc::clone(&pool), Arc::clone(&objects));
    spawn(64 << 20, Box::new(move || basket.lock().unwrap().extend((0..4).map(|_| source.acquire_owned()))));
    let held: Vec<PooledOwned<Large>> = std::mem::take(&mut objects.lock().unwrap());
    let sink = Arc::clone(&pool);
    let work = move || {
        let mut held = held;
        held[3][9] = 8;
        let addresses: Vec<_> = held.iter().map(|guard| guard.as_ptr().addr()).collect();
        // Kept, kept, no room, not retained.
        drop(held);
        assert_eq!((sink.len(), sink.stats().discarded()), (2, 2));
        for _ in 0..3 {
            let hits = (sink.acquire(), sink.acquire_owned());
            let found = [hits.0.as_ptr().addr(), hits.1.as_ptr().addr()];
            assert!(found.iter().all(|address| addresses[..2].contains(address)));
            assert!(hits.0.iter().chain(hits.1.iter()).all(|&byte| byte == 7));
        }
        sink.trim(1);
        assert_eq!(sink.len(), 1);
        drop(sink);
    };
    spawn(256 << 10, Box::new(work));
    assert_eq!(pool.len(), 1, "its thread is gone");
    // The last one is taken from the depot, and dropped, in a small stack too.
    let work = move || {
        assert_eq!(pool.acquire()[0], 7);
        drop(pool);
    };
    spawn(256 << 10, Box::new(work));
}

/// A page whose parts belong together.
struct Page([u64; 64]);

impl Page {
    fn is_whole(&self) -> bool {
        self.0.iter().all(|&part| part == self.0[0])
    }

    fn write(&mut self, mark: u64) {
        assert!(self.is_whole(), "torn");
        self.0.iter_mut().for_each(|part| *part = mark);
    }
}

#[test]
fn more_threads_at_once_than_are_near() {
    const THREADS: usize = 72;
    let _watchdog = Watchdog::new();
    let (built, start) = (Arc::new(AtomicUsize::new(0)), Barrier::new(THREADS));
    let births = Arc::clone(&built);
    let pool = Pool::builder(move || {
        births.fetch_add(1, SeqCst);
        Page([0; 64])
    });
    let pool = pool.max_idle(4 * THREADS).build();
    let basket: Mutex<Vec<PooledOwned<Page>>> = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for thread in 0..THREADS as u64 {
            let (pool, start, basket) = (&pool, &start, &basket);
            scope.spawn(move || {
                start.wait();
                for round in 0..150 {
                    pool.acquire().write(thread);
                    let (mut one, mut other) = (pool.acquire(), pool.acquire_owned());
                    one.write(round);
                    other.write(thread);
                    let mine = if round % 10 == thread % 10 {
                        let mut basket = basket.lock().unwrap();
                        basket.push(other);
                        let place = round as usize % basket.len();
                        basket.swap_remove(place)
                    } else {
                        other
                    };
                    assert!(one.is_whole() && mine.is_whole());
                }
                start.wait();
                // Everybody is still alive.
                assert!(pool.stats().idle() <= 4 * THREADS);
                start.wait();
            });
        }
    });
    let stats = pool.stats();
    assert_eq!(stats.created() + stats.reused(), 3 * 150 * THREADS as u64);
    assert_eq!((stats.in_use(), stats.created()), (basket.lock().unwrap().len(), built.load(SeqCst) as u64));
    // Two in use each, and what lay unfound now and then.
    assert!(stats.created() <= 4 * THREADS as u64 + stats.discarded(), "{stats}");
    basket.lock().unwrap().clear();
    assert_eq!(pool.stats().in_use(), 0);
}

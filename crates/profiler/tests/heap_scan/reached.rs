//! What is reached is not called a leak.

use std::alloc::{Layout, alloc, dealloc};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, LinkedList, VecDeque};
use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use lagom_profiler::heap;

use crate::{apart, below, scan, wipe};

fn boxes(count: usize) -> Vec<Box<u64>> {
    (0..count as u64).map(Box::new).collect()
}

struct Chained(u64, Option<Box<Chained>>);

pub(crate) fn structures() {
    let boxes = boxes(10_000);
    let hashes: HashMap<String, Vec<String>> =
        (0..5_000).map(|number| (format!("key {number}"), vec![format!("value {number}"); 3])).collect();
    let tree: BTreeMap<u64, Box<[u64]>> = (0..20_000).map(|number| (number, vec![number; 4].into())).collect();
    let list: LinkedList<String> = (0..1_000).map(|number| number.to_string()).collect();
    let ring: VecDeque<Rc<Cell<u64>>> = (0..1_000).map(|number| Rc::new(Cell::new(number))).collect();
    let dynamic: Vec<Box<dyn Fn() -> usize>> = (0..1_000)
        .map(|number| {
            let text = format!("captured {number}");
            Box::new(move || text.len()) as Box<dyn Fn() -> usize>
        })
        .collect();
    let mut chain: Option<Box<Chained>> = None;
    for number in 0..50_000_u64 {
        chain = Some(Box::new(Chained(number, chain)));
    }
    let large: Vec<Vec<u64>> = (0..8).map(|_| vec![7; 100_000]).collect();
    let aligned: Vec<_> = [32, 64, 256, 4096]
        .into_iter()
        .map(|align| {
            let layout = Layout::from_size_align(200, align).unwrap();
            // SAFETY: the size is not 0.
            (unsafe { alloc(layout) }, layout)
        })
        .collect();
    let lazy = vec![0_u64; 1 << 27];
    assert!(scan().is_empty());
    for (block, layout) in aligned {
        // SAFETY: allocated above.
        unsafe { dealloc(block, layout) };
    }
    black_box((&boxes, &hashes, &tree, &list, &ring, &dynamic, &large, &lazy));
    // Not by recursion.
    while let Some(mut link) = chain {
        black_box(link.0);
        chain = link.1.take();
    }
    drop((boxes, hashes));
    // Holes between what is left, and blocks in them that nobody has a list of.
    let again: Vec<Box<[u8; 100]>> = (0..3_000).map(|_| Box::new([1; 100])).collect();
    assert!(scan().is_empty());
    black_box((again, tree));
}

pub(crate) fn statics_and_thread_locals() {
    static ONCE: OnceLock<Vec<Box<u64>>> = OnceLock::new();
    static LAZY: LazyLock<HashMap<u64, Box<u64>>> =
        LazyLock::new(|| (0..100).map(|number| (number, Box::new(number))).collect());
    static LOCKED: Mutex<Vec<String>> = Mutex::new(Vec::new());
    thread_local! {
        static CONST: Cell<Option<Box<u64>>> = const { Cell::new(None) };
        static DROPPED: RefCell<Vec<Box<u64>>> = RefCell::new(boxes(100));
        static WIDE: RefCell<[Option<Box<u64>>; 5_000]> = const { RefCell::new([const { None }; 5_000]) };
    }
    fn fill() {
        CONST.set(Some(Box::new(1)));
        DROPPED.with_borrow_mut(|boxes| boxes.push(Box::new(2)));
        WIDE.with_borrow_mut(|places| places[0] = Some(Box::new(3)));
        WIDE.with_borrow_mut(|places| places[4_999] = Some(Box::new(4)));
    }
    apart(|| {
        ONCE.get_or_init(|| boxes(100));
        assert_eq!(LAZY.len(), 100);
        LOCKED.lock().unwrap().push("text".repeat(20));
    });
    below(fill);
    let (ready, is_ready) = mpsc::channel();
    let (end, ends) = mpsc::channel::<()>();
    let thread = thread::spawn(move || {
        fill();
        ready.send(()).unwrap();
        let _ = ends.recv();
    });
    is_ready.recv().unwrap();
    assert!(scan().is_empty());
    drop(end);
    thread.join().unwrap();
    // From a thread that is not the first: where the first one's thread-locals are is found, too.
    thread::spawn(|| {
        fill();
        assert!(scan().is_empty());
    })
    .join()
    .unwrap();
    assert!(scan().is_empty());
}

type Odd = (usize, usize, *const (), *const [u8], &'static u8, std::slice::Iter<'static, u64>);

pub(crate) fn odd_pointers() {
    // Only into the middle, only with a mark in the low or upper bits, only behind the counts.
    fn odd() -> Box<Odd> {
        let middle = Box::leak(Box::new([1_u64; 10]));
        let low = Box::into_raw(Box::new(5_u64)).addr() | 3;
        let high = Box::into_raw(Box::new(6_u64)).addr() | (0x7ff9 << 48);
        let empty = Arc::into_raw(Arc::new(()));
        let slice: *const [u8] = Arc::into_raw(Arc::<[u8]>::from(&[][..]));
        let last: &u8 = &vec![1_u8; 999].leak()[998];
        Box::new((low, high, empty, slice, last, middle[5..].iter()))
    }
    // In a thread of its own, so that no other copy stays anywhere.
    struct Sent(Box<Odd>);
    // SAFETY: the other thread has ended.
    unsafe impl Send for Sent {}
    let held = black_box(apart(|| Sent(odd())).0);
    let bytes = vec![9_u8; 50].into_iter();
    assert!(scan().is_empty());
    let (low, high, empty, slice, last, mut iterator) = *held;
    black_box((bytes, iterator.next()));
    let boxed = |address: usize| std::ptr::with_exposed_provenance_mut::<u64>(address);
    // SAFETY: each was given away above, once.
    unsafe {
        drop(Box::from_raw(boxed(low & !3)));
        drop(Box::from_raw(boxed(high & ((1 << 47) - 1))));
        drop(Arc::from_raw(empty));
        drop(Arc::from_raw(slice));
        let first = std::ptr::from_ref(last).cast_mut().sub(998);
        drop(Vec::from_raw_parts(first, 999, 999));
        let first = iterator.as_slice().as_ptr().sub(6).cast_mut();
        drop(Box::from_raw(first.cast::<[u64; 10]>()));
    }
}

pub(crate) fn from_other_threads() {
    let (end, ends) = mpsc::channel::<()>();
    let ends = Arc::new(Mutex::new(ends));
    let threads: Vec<_> = (0..20)
        .map(|_| {
            let ends = Arc::clone(&ends);
            let barrier = Arc::new((Mutex::new(false), std::sync::Condvar::new()));
            let of_thread = Arc::clone(&barrier);
            let thread = thread::spawn(move || {
                let held = boxes(100);
                let shared = Rc::new(RefCell::new(vec![String::from("a text of a thread")]));
                *of_thread.0.lock().unwrap() = true;
                of_thread.1.notify_one();
                // Waits for the lock, the channel, or in a sleep.
                thread::sleep(Duration::from_millis(1));
                let _ = ends.lock().unwrap().recv();
                black_box((held, shared));
            });
            drop(barrier.1.wait_while(barrier.0.lock().unwrap(), |ready| !*ready).unwrap());
            thread
        })
        .collect();
    let (sender, receiver) = mpsc::channel();
    for number in 0..1_000 {
        sender.send(Box::new(number)).unwrap();
    }
    let (bounded, queue) = mpsc::sync_channel(100);
    for number in 0..100 {
        bounded.send(vec![number; 10]).unwrap();
    }
    let result = thread::spawn(|| boxes(100));
    while !result.is_finished() {
        thread::yield_now();
    }
    for _ in 0..5 {
        assert!(scan().is_empty());
    }
    black_box((receiver, queue, result.join().unwrap()));
    drop(end);
    for thread in threads {
        thread.join().unwrap();
    }
    assert!(scan().is_empty());
}

/// A thread that has a pointer in a register and nowhere else.
fn spinning(spin: fn(usize, &AtomicUsize)) {
    static STATE: AtomicUsize = AtomicUsize::new(0);
    STATE.store(0, Ordering::SeqCst);
    let (send, address) = mpsc::channel::<usize>();
    let thread = thread::spawn(move || {
        // Inverted in the channel, and then only here.
        let address = address.recv().unwrap();
        spin(address, &STATE);
    });
    let inverted = apart(|| !Box::into_raw(Box::new([8_u64; 6])).addr());
    send.send(inverted).unwrap();
    crate::wipe();
    while STATE.load(Ordering::SeqCst) == 0 {
        thread::yield_now();
    }
    let scans = [scan(), scan()];
    STATE.store(2, Ordering::SeqCst);
    thread.join().unwrap();
    assert!(scans.iter().all(heap_is_empty));
    // SAFETY: given away above.
    drop(unsafe { Box::from_raw(std::ptr::with_exposed_provenance_mut::<[u64; 6]>(!inverted)) });
}

fn heap_is_empty(scan: &lagom_profiler::heap::LeakScan) -> bool {
    scan.is_empty()
}

pub(crate) fn from_a_register() {
    spinning(|inverted, state| {
        // SAFETY: spins until the state is 2; the pointer is in r12 only.
        unsafe {
            std::arch::asm!(
                "not r12", "mov qword ptr [{state}], 1",
                "2: pause", "cmp qword ptr [{state}], 2", "jne 2b",
                "xor r12, r12",
                state = in(reg) state.as_ptr(),
                inout("r12") inverted => _,
            );
        }
    });
}

pub(crate) fn from_a_vector_register() {
    spinning(|inverted, state| {
        // SAFETY: as above; the pointer is in the upper half of xmm9 only.
        unsafe {
            std::arch::asm!(
                "not {value}", "movq xmm9, {value}", "pslldq xmm9, 8", "xor {value}, {value}",
                "mov qword ptr [{state}], 1",
                "2: pause", "cmp qword ptr [{state}], 2", "jne 2b",
                "pxor xmm9, xmm9",
                state = in(reg) state.as_ptr(),
                value = inout(reg) inverted => _,
                out("xmm9") _,
            );
        }
    });
}

pub(crate) fn from_a_thread_that_blocks_signals() {
    static END: AtomicBool = AtomicBool::new(false);
    let (ready, is_ready) = mpsc::channel();
    let thread = thread::Builder::new()
        .name("deaf".to_owned())
        .spawn(move || {
            // SAFETY: zero bytes are a set.
            let mut all: libc::sigset_t = unsafe { std::mem::zeroed() };
            // SAFETY: the set is writable.
            unsafe { libc::sigfillset(&mut all) };
            // SAFETY: as above.
            unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &all, std::ptr::null_mut()) };
            let held = boxes(1_000);
            ready.send(()).unwrap();
            while !END.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(1));
            }
            black_box(held);
            // Now it gets the signal that nobody waits for any more.
            // SAFETY: as above.
            unsafe { libc::sigemptyset(&mut all) };
            // SAFETY: as above.
            unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &all, std::ptr::null_mut()) };
        })
        .unwrap();
    is_ready.recv().unwrap();
    let scan = scan();
    assert!(scan.is_empty() && scan.running() == ["deaf"], "{scan}");
    END.store(true, Ordering::SeqCst);
    thread.join().unwrap();
    assert!(crate::scan().running().is_empty());
}

pub(crate) fn from_memory_of_others() {
    // SAFETY: the size is not 0, and the block large enough for what is written.
    let (small, large, mapped) = unsafe {
        let small = libc::malloc(40).cast::<*mut u64>();
        small.add(2).write(Box::into_raw(Box::new(1)));
        // A list of them, as a C library has it.
        let mut list = std::ptr::null_mut::<[*mut u64; 4]>();
        for number in 0..1_000 {
            let next = libc::malloc(32).cast::<[*mut u64; 4]>();
            next.write([list.cast(), Box::into_raw(Box::new(number)), std::ptr::null_mut(), std::ptr::null_mut()]);
            list = next;
        }
        small.write(list.cast());
        let large = libc::malloc(1 << 20).cast::<*mut u64>();
        large.add(100_000).write(Box::into_raw(Box::new(2)));
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        let mapped = libc::mmap(std::ptr::null_mut(), 1 << 22, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0);
        mapped.cast::<*mut u64>().add(300_000).write(Box::into_raw(Box::new(3)));
        (small, large, mapped.cast::<*mut u64>())
    };
    let held = black_box(Box::new((small, large, mapped)));
    assert!(scan().is_empty());
    let (small, large, mapped) = *held;
    // SAFETY: all was made above.
    unsafe {
        let mut list = small.read().cast::<[*mut u64; 4]>();
        while !list.is_null() {
            let [next, boxed, ..] = list.read();
            drop(Box::from_raw(boxed));
            libc::free(list.cast());
            list = next.cast();
        }
        drop(Box::from_raw(small.add(2).read()));
        drop(Box::from_raw(large.add(100_000).read()));
        drop(Box::from_raw(mapped.add(300_000).read()));
        libc::free(small.cast());
        libc::free(large.cast());
        libc::munmap(mapped.cast(), 1 << 22);
    }
}

pub(crate) fn from_keys_of_threads() {
    // The first 32 lie in the thread's control block, the others in a block of glibc's.
    let keys: Vec<_> = (0..100)
        .map(|number| {
            let mut key = 0;
            let boxed = Box::into_raw(Box::new(number));
            // SAFETY: the key is writable, and made before it is used.
            unsafe {
                assert_eq!(libc::pthread_key_create(&mut key, None), 0);
                assert_eq!(libc::pthread_setspecific(key, boxed.cast()), 0);
            }
            key
        })
        .collect();
    assert!(scan().is_empty());
    for key in keys {
        // SAFETY: the value was set above.
        unsafe {
            drop(Box::from_raw(libc::pthread_getspecific(key).cast::<i32>()));
            // Or the address stays where it was.
            libc::pthread_setspecific(key, std::ptr::null());
            libc::pthread_key_delete(key);
        }
    }
}

pub(crate) fn tasks() {
    async fn work(number: usize) -> usize {
        let held = Box::new([number; 10]);
        std::future::pending::<()>().await;
        held.len()
    }
    let mut tasks: Vec<Pin<Box<dyn Future<Output = usize>>>> =
        (0..1_000).map(|number| Box::pin(work(number)) as Pin<Box<dyn Future<Output = usize>>>).collect();
    let waker = std::task::Waker::noop();
    for task in &mut tasks {
        assert!(task.as_mut().poll(&mut std::task::Context::from_waker(waker)).is_pending());
    }
    let weak: Vec<Weak<u64>> = (0..100).map(|number| Rc::downgrade(&Rc::new(number))).collect();
    assert!(scan().is_empty());
    black_box((tasks, weak));
}

/// Threads that allocate, grow, pass on and release all the time.
pub(crate) fn while_threads_work() {
    static END: AtomicBool = AtomicBool::new(false);
    let (sender, receiver) = mpsc::sync_channel::<Vec<Box<u64>>>(10);
    let work = move || {
        let mut kept: Vec<Vec<Box<u64>>> = Vec::new();
        let mut tree = BTreeMap::new();
        let mut number = 0_u64;
        while !END.load(Ordering::Relaxed) {
            number += 1;
            let mut growing = Vec::new();
            for value in 0..number % 200 {
                growing.push(Box::new(value));
            }
            tree.insert(number % 500, growing.len().to_string());
            if number.is_multiple_of(3) {
                kept.push(growing);
            } else if number.is_multiple_of(7) {
                let _ = sender.try_send(growing);
            }
            if kept.len() > 50 {
                kept.clear();
            }
        }
    };
    let threads = [thread::spawn(work.clone()), thread::spawn(work)];
    let starts = thread::spawn(|| {
        while !END.load(Ordering::Relaxed) {
            thread::spawn(|| black_box(boxes(10))).join().unwrap();
        }
    });
    let receives = thread::spawn(move || while receiver.recv().is_ok() {});
    for _ in 0..40 {
        let scan = scan();
        assert!(scan.is_empty() && scan.running().is_empty(), "{scan}");
        thread::sleep(Duration::from_micros(300));
    }
    END.store(true, Ordering::Relaxed);
    for thread in threads {
        thread.join().unwrap();
    }
    starts.join().unwrap();
    receives.join().unwrap();
}

/// Blocks that were sampled lie in a range of the profiler's own.
pub(crate) fn from_sampled_blocks() {
    let interval = heap::interval();
    heap::set_interval(1);
    heap::set_mode(heap::Mode::Sample);
    let mut lists: Vec<Vec<Box<[u64; 4]>>> = (0..100).map(|_| Vec::with_capacity(8)).collect();
    heap::set_mode(heap::Mode::Live);
    heap::set_interval(interval);
    for (number, list) in lists.iter_mut().enumerate() {
        list.extend((0..8).map(|value| Box::new([number as u64 + value; 4])));
    }
    wipe();
    let scan = scan();
    assert!(scan.scanned().blocks() >= 800, "{scan}");
    black_box(lists);
}

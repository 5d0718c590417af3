//! Stacks that are no ordinary ones: tiny, a signal handler's, of a thread that ends, the main thread's, a coroutine's.

use super::*;

/// Runs it in a thread that C made, with the least stack there is.
fn in_tiny_thread(f: extern "C" fn(*mut libc::c_void) -> *mut libc::c_void, size: usize) {
    let mut attributes = std::mem::MaybeUninit::<libc::pthread_attr_t>::uninit();
    let attributes = attributes.as_mut_ptr();
    let mut thread: libc::pthread_t = 0;
    // SAFETY: fills the place it is given.
    assert_eq!(unsafe { libc::pthread_attr_init(attributes) }, 0);
    // SAFETY: initialized above.
    assert_eq!(unsafe { libc::pthread_attr_setstacksize(attributes, size) }, 0);
    // SAFETY: initialized above; the function asks nothing of its argument.
    assert_eq!(unsafe { libc::pthread_create(&raw mut thread, attributes, f, ptr::null_mut()) }, 0);
    // SAFETY: a thread that was made just now.
    assert_eq!(unsafe { libc::pthread_join(thread, ptr::null_mut()) }, 0);
}

#[test]
fn threads_with_tiny_stacks() {
    static DEPTHS: AtomicUsize = AtomicUsize::new(0);
    extern "C" fn body(_: *mut libc::c_void) -> *mut libc::c_void {
        for way in ways() {
            let number = deep(4, &mut || take(way, 0));
            DEPTHS.fetch_add(most_frequent(&frames_at(number)), Ordering::Relaxed);
        }
        ptr::null_mut()
    }
    // glibc takes the room for the program's own thread-locals from the stack, that of `CACHE` among it.
    in_tiny_thread(body, libc::PTHREAD_STACK_MIN + size_of::<StackCache>() + (64 << 10));
    assert_eq!(DEPTHS.load(Ordering::Relaxed), 4 * ways().len());
}

/// A signal handler on a stack of its own takes a stack, and so does the code it interrupts.
#[test]
fn signal_handlers_on_their_own_stack() {
    static WAY: AtomicU32 = AtomicU32::new(0);
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    extern "C" fn handler(_: libc::c_int) {
        let way = if WAY.load(Ordering::Relaxed) == 1 { Unwinding::FramePointers } else { Unwinding::Framehop };
        let number = deep(7, &mut || take(way, 0));
        NUMBER.store(number, Ordering::Relaxed);
    }
    std::thread::spawn(|| {
        const SIZE: usize = 256 << 10;
        let memory = crate::on::memory::reserve(SIZE).unwrap();
        let stack = libc::stack_t { ss_sp: memory.as_ptr().cast(), ss_flags: 0, ss_size: SIZE };
        // SAFETY: memory of that size that is used for nothing else.
        assert_eq!(unsafe { libc::sigaltstack(&raw const stack, ptr::null_mut()) }, 0);
        // SAFETY: all zero is one without flags and mask.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = handler as extern "C" fn(libc::c_int) as usize;
        action.sa_flags = libc::SA_ONSTACK;
        // SAFETY: the handler does nothing but take a stack.
        assert_eq!(unsafe { libc::sigaction(libc::SIGUSR2, &raw const action, ptr::null_mut()) }, 0);
        for way in ways() {
            WAY.store(way as u32, Ordering::Relaxed);
            let before = deep(3, &mut || take(way, 0));
            // Again, as the home of the thread must still be known then.
            for _ in 0..3 {
                deep(3, &mut || {
                    // SAFETY: a signal that has a handler, to this thread.
                    unsafe { libc::raise(libc::SIGUSR2) }
                });
                let found = frames_at(NUMBER.load(Ordering::Relaxed));
                // The handler, and what it has interrupted, which is one function with it or its twin. By frame pointers the
                // way there leads through a function of C, and on other processors framehop does not know it.
                let deepest = most_frequent(&found);
                let times = |address| found.iter().filter(|other| *other == address).count();
                let is_whole = deepest == 7 + 3 || found.iter().any(|address| times(address) == 3);
                let must_be_whole = way == Unwinding::Framehop && cfg!(target_arch = "x86_64");
                assert!(deepest == 7 || is_whole, "{way:?}: {found:x?}");
                assert!(is_whole || !must_be_whole, "{way:?}: {found:x?}");
                assert_eq!(deep(3, &mut || take(way, 0)) != 0, before != 0);
            }
        }
    })
    .join()
    .unwrap();
}

#[test]
fn threads_that_end() {
    struct Late(Unwinding);
    impl Drop for Late {
        fn drop(&mut self) {
            let number = deep(6, &mut || take(self.0, 0));
            assert_eq!(most_frequent(&frames_at(number)), 6);
            ENDED.fetch_add(1, Ordering::Relaxed);
        }
    }
    static ENDED: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static LATE: Cell<Option<Late>> = const { Cell::new(None) };
    }
    let ways = ways();
    for way in &ways {
        let way = *way;
        std::thread::spawn(move || LATE.set(Some(Late(way)))).join().unwrap();
    }
    assert_eq!(ENDED.load(Ordering::Relaxed), ways.len());
}

/// The harness runs no test in the main thread, so a child does this before its `main`.
#[test]
fn deep_in_the_main_thread() {
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    let output = child.env(IN_MAIN_THREAD, "1").output().unwrap();
    assert!(output.status.success() && output.stdout == b"deep enough", "{output:?}");
}

const IN_MAIN_THREAD: &str = "LAGOM_STACK_IN_MAIN_THREAD";

#[used]
// SAFETY: a function that takes no arguments may stand there; std works before `main` but for what this does not use.
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = before_main;

extern "C" fn before_main() {
    use std::io::Write;

    if std::env::var_os(IN_MAIN_THREAD).is_none() {
        return;
    }
    // SAFETY: no preconditions.
    assert_eq!(unsafe { libc::syscall(libc::SYS_gettid) }, libc::c_long::from(std::process::id() as i32));
    for way in ways() {
        // 10,000 frames are a good part of 8 MB in a debug build, and then back to where it was.
        for depth in [2, 10_000, 3, 5_000] {
            let found = frames_at(deep(depth, &mut || take(way, 0)));
            assert!(most_frequent(&found) >= depth.min(MOST_FRAMES - 10), "{way:?}");
        }
        CACHE.with(|cache| assert!(cache.bounds.hold(Registers::here().stack)));
    }
    std::io::stdout().write_all(b"deep enough").unwrap();
    std::process::exit(0);
}

/// On another stack, as a coroutine, with nonsense in the frame pointer.
#[test]
#[cfg(target_arch = "x86_64")]
fn stacks_that_are_not_the_threads() {
    const SIZE: usize = 256 << 10;

    extern "C" fn body(way: u32, number: &mut u32) {
        let way = if way == 1 { Unwinding::FramePointers } else { Unwinding::Framehop };
        *number = deep(5, &mut || take(way, 0));
    }

    fn on_stack(end: usize, way: Unwinding, frame: usize) -> u32 {
        let mut number = 0;
        // SAFETY: `body` runs on memory that is used for nothing else, and comes back; all else is declared.
        unsafe {
            std::arch::asm!(
                "mov r12, rsp",
                "mov r13, rbp",
                "mov rsp, {end}",
                "mov rbp, {frame}",
                "call {body}",
                "mov rsp, r12",
                "mov rbp, r13",
                end = in(reg) end,
                frame = in(reg) frame,
                body = sym body,
                in("edi") way as u32,
                in("rsi") &raw mut number,
                out("r12") _,
                out("r13") _,
                clobber_abi("C"),
            );
        }
        number
    }

    std::thread::spawn(|| {
        let end = crate::on::memory::reserve(SIZE).unwrap().as_ptr() as usize + SIZE;
        for way in ways() {
            let home = deep(5, &mut || take(way, 0));
            for nonsense in [0, 1, 8, usize::MAX, end - 64, end + 64, 0x5555_5555_5550, 1 << 62] {
                let found = frames_at(on_stack(end, way, nonsense));
                // What is found further out is of no use, but does no harm.
                assert!(most_frequent(&found) >= 5, "{way:?}, {nonsense:x}: {found:x?}");
            }
            assert_eq!(deep(5, &mut || take(way, 0)) != 0, home != 0);
            CACHE.with(|cache| assert!(cache.bounds.hold(Registers::here().stack)));
        }
    })
    .join()
    .unwrap();
}

/// A library that comes late, and goes.
#[test]
fn libraries_come_and_go() {
    let loaded = || {
        let mut names = Vec::new();
        modules::each(&mut |module| names.push(module));
        names
    };
    prepare();
    let before = loaded();
    let open = || {
        // SAFETY: a library of the system without side effects at its loading.
        unsafe { libc::dlopen(c"libresolv.so.2".as_ptr(), libc::RTLD_NOW) }
    };
    for _ in 0..3 {
        let library = open();
        if library.is_null() || loaded() == before {
            // Not there, or a part of what was loaded anyway: then there is nothing to see here.
            return;
        }
        prepare();
        let here = LOADED.lock().as_ref().unwrap().0.clone();
        assert!(here.len() > before.len());
        for way in ways() {
            let number = deep(5, &mut || take(way, 0));
            assert_eq!(most_frequent(&frames_at(number)), 5);
        }
        // SAFETY: opened above.
        assert_eq!(unsafe { libc::dlclose(library) }, 0);
        prepare();
        for way in ways() {
            let number = deep(5, &mut || take(way, 0));
            assert_eq!(most_frequent(&frames_at(number)), 5);
        }
    }
}

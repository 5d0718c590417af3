//! Where a thread's stack lies, found without asking the threads library, which allocates and locks for its answer.
//!
//! The main thread's stack ends above what the kernel put there, and the kernel keeps room below it. Any other thread's
//! control block lies at the top of its stack's mapping (glibc, musl), so what can be read without a gap from the stack
//! pointer up to there is its stack. That is tried out page by page, by a system call that reads for us and so cannot
//! fault, downwards as the thread gets deeper, each page once.
//!
//! All else is a foreign stack: a signal handler's, a coroutine's. It is read by system calls alone.
#![allow(unsafe_code, reason = "system calls")]

use crate::on::memory;
use std::cell::Cell;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

/// The smallest page.
const PAGE: usize = 4096;

/// No stack is believed to be longer.
const LONGEST: usize = 1 << 30;

/// Part of the calling thread's stack: all between can be read from a stack pointer in it upwards. Zeros before the first look.
pub(in crate::on::stack) struct Bounds {
    low: Cell<usize>,
    high: Cell<usize>,
    /// Whose it is.
    thread: Cell<usize>,
}

impl Bounds {
    pub(in crate::on::stack) const fn new() -> Self {
        Self { low: Cell::new(0), high: Cell::new(0), thread: Cell::new(0) }
    }

    pub(in crate::on::stack) fn forget(&self) {
        self.low.set(0);
        self.high.set(0);
        self.thread.set(0);
    }

    /// Whether the thread is on its own stack, as far as that is known.
    #[inline(always)]
    pub(in crate::on::stack) fn hold(&self, stack: usize) -> bool {
        self.low.get() <= stack && stack < self.high.get()
    }

    /// The end of the stack.
    #[inline(always)]
    pub(in crate::on::stack) fn high(&self) -> usize {
        self.high.get()
    }

    /// Looks whether the thread is on its own stack after all.
    #[cold]
    pub(in crate::on::stack) fn reach(&self, stack: usize) -> bool {
        if !can_tell() {
            return false;
        }
        let thread = this_thread();
        if self.thread.replace(thread) != thread {
            self.low.set(0);
            self.high.set(0);
        }
        let (end, room) = main_stack();
        if stack < end && end - stack <= room {
            // Up to the end, or to where reading ends, as under a tool that has a stack of its own for the program.
            let mut high = stack.next_multiple_of(PAGE);
            while high < end && reads(high) {
                high += PAGE;
            }
            self.low.set(end - room);
            self.high.set(high.min(end));
            return self.hold(stack);
        }
        if self.high.get() == 0 {
            if is_main_thread() {
                return false;
            }
            self.low.set(thread & !(PAGE - 1));
            self.high.set(thread);
        }
        let high = self.high.get();
        if stack >= high || high - stack > LONGEST {
            return false;
        }
        while self.low.get() > stack {
            let below = self.low.get() - PAGE;
            if !reads(below) {
                return false;
            }
            self.low.set(below);
        }
        true
    }
}

fn this_thread() -> usize {
    // SAFETY: no preconditions; reads a register.
    unsafe { libc::pthread_self() as usize }
}

fn is_main_thread() -> bool {
    // SAFETY: no preconditions.
    let process = unsafe { libc::getpid() };
    // SAFETY: no preconditions.
    libc::c_long::from(process) == unsafe { libc::syscall(libc::SYS_gettid) }
}

/// The end of the main thread's stack, and how long it may be.
fn main_stack() -> (usize, usize) {
    static END: AtomicUsize = AtomicUsize::new(0);
    static ROOM: AtomicUsize = AtomicUsize::new(0);
    let room = ROOM.load(Ordering::Acquire);
    if room != 0 {
        return (END.load(Ordering::Relaxed), room);
    }
    // The kernel copies these to the very end of the stack; 0 where it does not tell.
    let told = [libc::AT_EXECFN, libc::AT_RANDOM].map(|what| {
        // SAFETY: no preconditions.
        unsafe { libc::getauxval(what) as usize }
    });
    let end = told.into_iter().max().unwrap_or(0) & !(size_of::<usize>() - 1);
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: fills the place it is given.
    let told = unsafe { libc::getrlimit(libc::RLIMIT_STACK, &raw mut limit) };
    let limit = if told == 0 { usize::try_from(limit.rlim_cur).unwrap_or(LONGEST) } else { 0 };
    let room = limit.clamp(1 << 20, LONGEST).min(end.max(1));
    END.store(end, Ordering::Relaxed);
    ROOM.store(room, Ordering::Release);
    (end, room)
}

/// Whether [`reads`] tells the truth: something between us and the kernel may look at things in another order.
fn can_tell() -> bool {
    const UNKNOWN: u8 = 0;
    const YES: u8 = 1;
    const NO: u8 = 2;
    static TELLS: AtomicU8 = AtomicU8::new(UNKNOWN);
    match TELLS.load(Ordering::Relaxed) {
        UNKNOWN => {
            let mask = [0u64; 16];
            let tells = reads(mask.as_ptr() as usize) && !reads(8);
            TELLS.store(if tells { YES } else { NO }, Ordering::Relaxed);
            tells
        }
        known => known == YES,
    }
}

/// Whether there is memory to be read. Asks the kernel to set a signal mask from there, in a way that it refuses after it has
/// read the mask.
fn reads(address: usize) -> bool {
    /// Of the kernel's signal mask.
    const SIZE: usize = 8;
    const NO_SUCH_CHANGE: libc::c_int = -1;
    let nowhere = std::ptr::null_mut::<u8>();
    // SAFETY: the kernel reads what it can, and changes nothing, as there is no such change.
    let told = unsafe { libc::syscall(libc::SYS_rt_sigprocmask, NO_SUCH_CHANGE, address, nowhere, SIZE) };
    told == -1 && memory::errno() == libc::EINVAL
}

/// The words at an address, by a system call: `None` if there is no memory, or the system does not let us ask.
pub(super) fn foreign<const WORDS: usize>(address: usize) -> Option<[usize; WORDS]> {
    let mut words = [0; WORDS];
    let size = size_of::<[usize; WORDS]>();
    let to = libc::iovec { iov_base: words.as_mut_ptr().cast(), iov_len: size };
    let from = libc::iovec { iov_base: address as *mut libc::c_void, iov_len: size };
    // SAFETY: no preconditions.
    let process = unsafe { libc::getpid() };
    // SAFETY: the kernel writes to `words`, as many bytes as there are, and reads from where it can.
    let count = unsafe { libc::process_vm_readv(process, &raw const to, 1, &raw const from, 1, 0) };
    (usize::try_from(count) == Ok(size)).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack_pointer() -> usize {
        let local = 0u8;
        std::hint::black_box(&raw const local) as usize
    }

    #[test]
    fn memory_is_told_from_none() {
        let page = crate::on::memory::reserve(PAGE).unwrap().as_ptr() as usize;
        assert!(reads(page));
        assert!(reads(stack_pointer()));
        assert!(!reads(8));
        assert!(!reads(usize::MAX - PAGE + 1));
        // SAFETY: nobody else knows of the page.
        assert_eq!(unsafe { libc::mprotect(page as *mut libc::c_void, PAGE, libc::PROT_NONE) }, 0);
        assert!(!reads(page));
        assert_eq!(foreign::<1>(page), None);
        let words = [7usize, 8];
        assert_eq!(foreign::<2>(words.as_ptr() as usize), Some(words));
    }

    #[test]
    fn a_threads_own_stack_is_found() {
        for size in [64 << 10, 2 << 20, 64 << 20] {
            let thread = std::thread::Builder::new().stack_size(size).spawn(move || {
                let (bounds, here) = (Bounds::new(), stack_pointer());
                assert!(!bounds.hold(here));
                assert!(bounds.reach(here));
                assert!(bounds.hold(here));
                assert!(!bounds.hold(bounds.high()) && !bounds.hold(bounds.low.get() - 1));
                assert!(!bounds.reach(bounds.high()), "above");
                // Not as deep as it may get, and no further.
                assert!(!bounds.reach(here - size - (1 << 20)), "far below");
                assert!(bounds.low.get() <= here && here - bounds.low.get() <= size);
                assert!(bounds.high() >= here && bounds.high() - here <= 1 << 20);
            });
            thread.unwrap().join().unwrap();
        }
    }

    #[test]
    fn another_thread_is_another_stack() {
        // The addresses are all that crosses: the threads wait for each other.
        fn look(bounds: usize) {
            // SAFETY: it lives, and no other thread uses it meanwhile.
            let bounds = unsafe { &*(bounds as *const Bounds) };
            assert!(!bounds.hold(stack_pointer()));
            assert!(bounds.reach(stack_pointer()));
            assert_eq!(bounds.thread.get(), this_thread());
        }
        let bounds = Bounds::new();
        let address = &raw const bounds as usize;
        // All alive, so that no stack is used twice.
        let first = move || {
            look(address);
            let second = move || {
                look(address);
                std::thread::spawn(move || look(address)).join().unwrap();
            };
            std::thread::spawn(second).join().unwrap();
            look(address);
        };
        std::thread::spawn(first).join().unwrap();
        assert!(bounds.high() != 0);
        bounds.forget();
        assert!(!bounds.hold(stack_pointer()) && bounds.reach(stack_pointer()));
    }

    #[test]
    fn errno_stays() {
        let open = std::fs::File::open("/nowhere/at/all").unwrap_err().raw_os_error();
        memory::keeping_errno(|| foreign::<1>(8));
        assert_eq!(std::io::Error::last_os_error().raw_os_error(), open);
    }
}

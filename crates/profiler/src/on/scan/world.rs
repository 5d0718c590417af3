//! Stops all other threads, by a signal whose handler waits.
//!
//! A handler, once installed, stays: a thread that has blocked the signal gets it whenever it unblocks it, and the default
//! would end the process. It then finds that nobody asks for it any more, and returns.
#![allow(unsafe_code, reason = "signals")]

use std::ptr::null_mut;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::file::File;
use super::words::thread_pointer;
use crate::on::memory::reserve;

/// More threads are not stopped.
const THREADS: usize = 1 << 16;
/// For a thread to come to the handler.
const PATIENCE: Duration = Duration::from_millis(250);

/// Which stop threads shall wait in; 0 when none.
static STOP: AtomicU32 = AtomicU32::new(0);
/// The last one.
static LAST: AtomicU32 = AtomicU32::new(0);
/// Threads in the handler.
static INSIDE: AtomicU32 = AtomicU32::new(0);
static SLOTS: OnceLock<&'static [Slot]> = OnceLock::new();
static SIGNAL: OnceLock<Option<i32>> = OnceLock::new();

/// What a thread tells of itself.
#[derive(Debug)]
#[repr(align(64))]
struct Slot {
    thread: AtomicI32,
    /// The stop that it waits in.
    stopped: AtomicU32,
    frame: AtomicUsize,
    stack: AtomicUsize,
    pointer: AtomicUsize,
    alternate: [AtomicUsize; 2],
}

/// Where a stopped thread is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopped {
    pub(super) thread: i32,
    /// The lowest address of the handler's frame; its registers lie between here and `stack`, or the end of `alternate`.
    pub(super) frame: usize,
    /// The stack pointer where it was interrupted.
    pub(super) stack: usize,
    /// The thread pointer.
    pub(super) pointer: usize,
    /// Begin and end of the stack for signals, if the handler runs there.
    pub(super) alternate: Option<(usize, usize)>,
}

/// All threads but the calling one wait until it is dropped.
#[derive(Debug)]
pub(super) struct World {
    slots: &'static [Slot],
    count: usize,
    stop: u32,
    mask: libc::sigset_t,
}

/// Reserves what is needed and installs the handler, before anything is stopped. `None` if the system has no memory or no
/// signal for it.
pub(super) fn prepare() -> Option<()> {
    if SLOTS.get().is_none() {
        let memory = reserve(THREADS * size_of::<Slot>())?;
        // SAFETY: the memory is zero, which is a slot's value, at the begin of a page, and for ever.
        let slots = unsafe { std::slice::from_raw_parts(memory.as_ptr().cast::<Slot>(), THREADS) };
        let _ = SLOTS.set(slots);
    }
    SIGNAL.get_or_init(install).map(|_| ())
}

/// The handler on the last real-time signal that nobody has a handler for.
fn install() -> Option<i32> {
    for signal in (libc::SIGRTMIN()..libc::SIGRTMAX()).rev() {
        // SAFETY: zero bytes are a value.
        let mut old: libc::sigaction = unsafe { std::mem::zeroed() };
        // SAFETY: only asks; the place for the answer is writable.
        let asked = unsafe { libc::sigaction(signal, null_mut(), &mut old) };
        if asked != 0 || old.sa_sigaction != libc::SIG_DFL {
            continue;
        }
        let handler: extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void) = on_signal;
        // SAFETY: zero bytes are a value.
        let mut new: libc::sigaction = unsafe { std::mem::zeroed() };
        new.sa_sigaction = handler as usize;
        new.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART | libc::SA_ONSTACK;
        // SAFETY: the set is writable.
        unsafe { libc::sigfillset(&mut new.sa_mask) };
        // SAFETY: the handler does only what a handler may.
        if unsafe { libc::sigaction(signal, &new, null_mut()) } == 0 {
            return Some(signal);
        }
    }
    None
}

fn futex(word: &AtomicU32, operation: i32, value: u32, wait: Option<Duration>) {
    let time = wait.map(|wait| libc::timespec { tv_sec: 0, tv_nsec: i64::from(wait.subsec_nanos()) });
    let time = time.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: the word lives for ever, the time as long as the call.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), operation | libc::FUTEX_PRIVATE_FLAG, value, time) };
}

extern "C" fn on_signal(_: i32, information: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: a thread has an errno.
    let place = unsafe { libc::__errno_location() };
    // SAFETY: it can be read.
    let errno = unsafe { place.read() };
    INSIDE.fetch_add(1, Ordering::SeqCst);
    // SAFETY: the system gives one to handlers that ask for it.
    let information = unsafe { &*information };
    // SAFETY: signals that were sent with a value have one, and for others this is memory that can be read.
    let value = unsafe { information.si_value() }.sival_ptr.addr();
    let (stop, index) = ((value >> 32) as u32, value & (u32::MAX as usize));
    if stop != 0
        && STOP.load(Ordering::SeqCst) == stop
        && let Some(slot) = SLOTS.get().and_then(|slots| slots.get(index))
    {
        // SAFETY: the system gives one to handlers that ask for it.
        let context = unsafe { &*context.cast::<libc::ucontext_t>() };
        let stack = context.uc_mcontext.gregs[libc::REG_RSP as usize] as usize;
        let here = 0_u8;
        let frame = (&raw const here).addr() & !63;
        slot.frame.store(frame, Ordering::Relaxed);
        slot.stack.store(stack, Ordering::Relaxed);
        slot.pointer.store(thread_pointer(), Ordering::Relaxed);
        slot.alternate[0].store(context.uc_stack.ss_sp.addr(), Ordering::Relaxed);
        slot.alternate[1].store(context.uc_stack.ss_size, Ordering::Relaxed);
        slot.stopped.store(stop, Ordering::Release);
        while STOP.load(Ordering::Acquire) == stop {
            futex(&STOP, libc::FUTEX_WAIT, stop, None);
        }
    }
    INSIDE.fetch_sub(1, Ordering::SeqCst);
    // SAFETY: as above.
    unsafe { place.write(errno) };
}

impl World {
    /// Stops all other threads, also those that are started meanwhile. `None` if they cannot be listed.
    ///
    /// One at a time: who calls has a lock around it.
    pub(super) fn stop(tasks: &File) -> Option<Self> {
        let (slots, signal) = (*SLOTS.get()?, (*SIGNAL.get()?)?);
        // SAFETY: zero bytes are a value.
        let mut all: libc::sigset_t = unsafe { std::mem::zeroed() };
        let mut mask = all;
        // SAFETY: the set is writable.
        unsafe { libc::sigfillset(&mut all) };
        // A handler of the program must not run here: it may want a lock that a stopped thread holds.
        // SAFETY: both sets are what they shall be.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut mask) };
        let stop = LAST.fetch_add(1, Ordering::Relaxed) % (u32::MAX - 1) + 1;
        STOP.store(stop, Ordering::SeqCst);
        let mut world = Self { slots, count: 0, stop, mask };
        world.gather(tasks, signal)?;
        Some(world)
    }

    fn gather(&mut self, tasks: &File, signal: i32) -> Option<()> {
        // SAFETY: has no conditions.
        let own = unsafe { libc::gettid() };
        let process = std::process::id().cast_signed();
        let mut begin = Instant::now();
        loop {
            let before = self.count;
            tasks.numbers(&mut |thread| {
                if thread == own || self.count == self.slots.len() {
                    return;
                }
                // From the last one found: the system lists them in the order of their start.
                if self.slots[..self.count].iter().rev().any(|slot| slot.thread.load(Ordering::Relaxed) == thread) {
                    return;
                }
                let slot = &self.slots[self.count];
                slot.thread.store(thread, Ordering::Relaxed);
                slot.stopped.store(0, Ordering::Relaxed);
                send(process, thread, signal, (self.stop as usize) << 32 | self.count);
                self.count += 1;
            })?;
            if self.count != before {
                begin = Instant::now();
            }
            let late = begin.elapsed();
            if self.count == before && (self.waiting(process, late).is_none() || late > PATIENCE) {
                return Some(());
            }
            if late > Duration::from_micros(200) {
                std::thread::sleep(Duration::from_micros(100));
            } else {
                std::thread::yield_now();
            }
        }
    }

    /// A thread that is still to come.
    fn waiting(&self, process: i32, late: Duration) -> Option<i32> {
        self.slots[..self.count].iter().find_map(|slot| {
            let thread = slot.thread.load(Ordering::Relaxed);
            let stopped = slot.stopped.load(Ordering::Acquire) == self.stop || thread == 0;
            // One that has ended will not.
            if !stopped && late > Duration::from_millis(1) && ended(process, thread) {
                slot.thread.store(0, Ordering::Relaxed);
                return None;
            }
            (!stopped).then_some(thread)
        })
    }

    /// Those that wait.
    pub(super) fn threads(&self) -> impl Iterator<Item = Stopped> {
        self.slots[..self.count].iter().filter(|slot| slot.stopped.load(Ordering::Acquire) == self.stop).map(|slot| {
            let frame = slot.frame.load(Ordering::Relaxed);
            let (begin, length) =
                (slot.alternate[0].load(Ordering::Relaxed), slot.alternate[1].load(Ordering::Relaxed));
            let end = begin.saturating_add(length);
            Stopped {
                thread: slot.thread.load(Ordering::Relaxed),
                frame,
                stack: slot.stack.load(Ordering::Relaxed),
                pointer: slot.pointer.load(Ordering::Relaxed),
                alternate: (begin..end).contains(&frame).then_some((begin, end)),
            }
        })
    }

    /// Those that did not come in time: they run on.
    pub(super) fn missing(&self) -> impl Iterator<Item = i32> {
        self.slots[..self.count].iter().filter_map(|slot| {
            let thread = slot.thread.load(Ordering::Relaxed);
            (thread != 0 && slot.stopped.load(Ordering::Acquire) != self.stop).then_some(thread)
        })
    }
}

impl Drop for World {
    fn drop(&mut self) {
        STOP.store(0, Ordering::SeqCst);
        futex(&STOP, libc::FUTEX_WAKE, i32::MAX.cast_unsigned(), None);
        // The slots are used again only when nobody writes to them.
        while INSIDE.load(Ordering::SeqCst) != 0 {
            std::thread::yield_now();
        }
        // SAFETY: the set was filled by the system.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &self.mask, null_mut()) };
    }
}

/// Begin and end of the calling thread's stack for signals, if it has one and is not on it.
pub(super) fn unused_alternate_stack() -> Option<(usize, usize)> {
    // SAFETY: zero bytes are a value.
    let mut stack: libc::stack_t = unsafe { std::mem::zeroed() };
    // SAFETY: only asks; the place for the answer is writable.
    let asked = unsafe { libc::sigaltstack(std::ptr::null(), &mut stack) };
    let begin = stack.ss_sp.addr();
    (asked == 0 && stack.ss_flags == 0).then_some((begin, begin + stack.ss_size))
}

/// The layout of the system's `siginfo_t` for a signal with a value.
#[repr(C)]
struct Information {
    signal: i32,
    error: i32,
    code: i32,
    padding: i32,
    process: i32,
    user: u32,
    value: usize,
    rest: [usize; 12],
}

fn send(process: i32, thread: i32, signal: i32, value: usize) {
    // SAFETY: has no conditions.
    let user = unsafe { libc::getuid() };
    let information =
        Information { signal, error: 0, code: libc::SI_QUEUE, padding: 0, process, user, value, rest: [0; 12] };
    // A thread that has ended meanwhile gets none.
    // SAFETY: the information is as large as the system wants it.
    unsafe { libc::syscall(libc::SYS_rt_tgsigqueueinfo, process, thread, signal, &raw const information) };
}

/// Whether a thread has ended, or is a first thread that has and waits for the others.
fn ended(process: i32, thread: i32) -> bool {
    // SAFETY: signal 0 is none.
    if unsafe { libc::syscall(libc::SYS_tgkill, process, thread, 0) } != 0 {
        return true;
    }
    thread == process && {
        let mut buffer = [0_u8; 256];
        let count = File::open(c"/proc/self/stat").and_then(|file| file.read_at(&mut buffer, 0)).unwrap_or(0);
        // The state follows the name, which is in parentheses and may hold any.
        let text = &buffer[..count.min(buffer.len())];
        let state = text.iter().rposition(|&byte| byte == b')').and_then(|at| text.get(at + 2));
        matches!(state, Some(b'Z' | b'X'))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU64};

    use super::*;

    #[test]
    fn nobody_runs_while_stopped() {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        static END: AtomicBool = AtomicBool::new(false);
        let threads: Vec<_> = (0..3)
            .map(|_| {
                std::thread::spawn(|| {
                    while !END.load(Ordering::Relaxed) {
                        COUNTER.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        while COUNTER.load(Ordering::Relaxed) == 0 {
            std::thread::yield_now();
        }
        prepare().unwrap();
        let tasks = File::open(c"/proc/self/task").unwrap();
        for _ in 0..20 {
            let world = World::stop(&tasks).unwrap();
            let before = COUNTER.load(Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(2));
            let moved = COUNTER.load(Ordering::Relaxed) - before;
            let (stopped, missing) = (world.threads().count(), world.missing().count());
            drop(world);
            assert!(stopped >= 3 && missing == 0 && moved == 0, "{stopped} {missing} {moved}");
        }
        END.store(true, Ordering::Relaxed);
        for thread in threads {
            thread.join().unwrap();
        }
    }
}

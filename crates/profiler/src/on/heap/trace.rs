//! Recordings: every allocation and release of every thread into one file.
//!
//! A thread writes into a [`Log`] of its own; a full one goes out by one `write` at the end of the file. The thread says
//! that it is [busy](ThreadTrace::busy) while it does, so that whoever stops the recording can wait until nobody is, and
//! then write what is left of all threads: the fence between saying so and looking whether there still is a recording is
//! paid by the one who stops.
//!
//! What [`on_alloc`], [`on_free`], [`on_realloc`] and [`flush`] do runs inside `malloc`: it neither allocates nor locks nor
//! panics.
#![allow(unsafe_code, reason = "logs and recordings are reached by pointers that more than one thread knows")]

mod encode;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod modules;
mod names;
mod session;
#[cfg(all(test, target_os = "linux"))]
mod tests;

use std::ptr;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32};

use lagom_base::fence;

use self::encode::{About, Log};
use self::session::{RUNNING, Session};
pub(crate) use self::session::{start, stop};
use crate::on::memory;

/// What one thread at a time records. All zero is a new one.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct ThreadTrace {
    /// The thread is at the log, or about to look whether it may.
    busy: AtomicBool,
    listed: AtomicBool,
    /// What the log is for; null if it is for nothing.
    session: AtomicPtr<Session>,
    log: AtomicPtr<Log>,
    /// The number of the thread in the recording, and that of the system.
    thread: AtomicU32,
    system: AtomicU32,
    /// Events of signal handlers that came while the thread was busy.
    lost: AtomicU32,
    next: AtomicPtr<ThreadTrace>,
}

/// All that were ever used; they live for ever.
static ALL: AtomicPtr<ThreadTrace> = AtomicPtr::new(ptr::null_mut());

fn all() -> impl Iterator<Item = &'static ThreadTrace> {
    let mut next = &ALL;
    std::iter::from_fn(move || {
        // SAFETY: what is listed was a `&'static` of its owner's.
        let state = unsafe { next.load(Acquire).as_ref() }?;
        next = &state.next;
        Some(state)
    })
}

/// A block was allocated, by a stack with this number; 0 if it is not known. By the thread that did, after it did.
#[inline]
pub(crate) fn on_alloc(state: &'static ThreadTrace, address: usize, size: usize, stack: u32) {
    if let Some(turn) = state.enter() {
        turn.define_if_new(stack);
        if let Some(log) = turn.log() {
            log.alloc(address, size, stack);
        }
    }
}

/// A block is going to be released, by this thread.
#[inline]
pub(crate) fn on_free(state: &'static ThreadTrace, address: usize, _: usize) {
    if let Some(turn) = state.enter()
        && let Some(log) = turn.log()
    {
        log.free(address);
    }
}

/// A block was reallocated: it stays that of the stack that allocated it. `stack` is the one that asked, 0 if nobody looked; it
/// gets the blocks that are older than the recording.
#[inline]
pub(crate) fn on_realloc(
    state: &'static ThreadTrace,
    old_address: usize,
    _: usize,
    new_address: usize,
    new_size: usize,
    stack: u32,
) {
    if let Some(turn) = state.enter() {
        turn.define_if_new(stack);
        if let Some(log) = turn.log() {
            log.realloc(old_address, new_address, new_size, stack);
        }
    }
}

/// Writes what is in the log; what comes later is another thread's. When a thread ends, or is to record no more.
pub(crate) fn flush(state: &'static ThreadTrace) {
    if state.session.load(Relaxed).is_null() {
        return;
    }
    if let Some(turn) = state.enter() {
        turn.send(&names::current());
        state.session.store(ptr::null_mut(), Relaxed);
    }
}

impl ThreadTrace {
    /// Nothing recorded yet; zeroed memory is one, too.
    #[cfg(all(test, target_os = "linux"))]
    pub(crate) const fn new() -> Self {
        Self {
            busy: AtomicBool::new(false),
            listed: AtomicBool::new(false),
            session: AtomicPtr::new(ptr::null_mut()),
            log: AtomicPtr::new(ptr::null_mut()),
            thread: AtomicU32::new(0),
            system: AtomicU32::new(0),
            lost: AtomicU32::new(0),
            next: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// The right to write into the log, if there is a recording.
    #[inline(always)]
    fn enter(&'static self) -> Option<Turn> {
        if self.busy.load(Relaxed) {
            // A signal handler within a turn of its own thread.
            self.lost.store(self.lost.load(Relaxed).wrapping_add(1), Relaxed);
            return None;
        }
        self.busy.store(true, Relaxed);
        let turn = Turn { state: self };
        // Either whoever ends the recording sees that this thread is busy, or this thread that it has ended.
        fence::light();
        let session = RUNNING.load(Acquire);
        if session.is_null() || session != self.session.load(Relaxed) && !turn.begin() {
            return None;
        }
        Some(turn)
    }

    /// Waits until the thread is not busy; `false` if that takes too long.
    fn is_left(&self) -> bool {
        let start = std::time::Instant::now();
        while self.busy.load(Acquire) {
            if start.elapsed().as_secs() >= 2 {
                return false;
            }
            std::thread::yield_now();
        }
        true
    }
}

/// The time in which a thread has its log to itself, or in which whoever stops the recording has.
struct Turn {
    state: &'static ThreadTrace,
}

impl Drop for Turn {
    #[inline(always)]
    fn drop(&mut self) {
        self.state.busy.store(false, Release);
    }
}

impl Turn {
    /// Takes part in the recording that runs now, if one does.
    #[cold]
    #[inline(never)]
    fn begin(&self) -> bool {
        let state = self.state;
        if !state.listed.load(Relaxed) {
            list(state);
            // As in `enter`: either the thread is found in the list, or it finds the recording gone.
            fence::light();
        }
        let pointer = RUNNING.load(Acquire);
        // SAFETY: a recording is given back only after all listed threads have left; this one is listed and busy.
        let Some(session) = (unsafe { pointer.as_ref() }) else { return false };
        if state.log.load(Relaxed).is_null() {
            let Some(memory) = memory::reserve(size_of::<Log>()) else { return false };
            state.log.store(memory.cast().as_ptr(), Relaxed);
        }
        state.thread.store(session.next_thread(), Relaxed);
        state.system.store(names::number(), Relaxed);
        state.lost.store(0, Relaxed);
        state.session.store(pointer, Relaxed);
        if let Some(log) = self.log_anyway() {
            log.begin();
        }
        true
    }

    fn session(&self) -> Option<&Session> {
        // SAFETY: as in `begin`; for whoever stops, it is theirs.
        unsafe { self.state.session.load(Relaxed).as_ref() }
    }

    /// The log, with room for an event.
    #[inline(always)]
    fn log(&self) -> Option<&mut Log> {
        let log = self.log_anyway()?;
        if !log.has_room() {
            self.send(&names::current());
        }
        self.log_anyway()
    }

    #[inline(always)]
    #[expect(clippy::mut_from_ref, reason = "a turn is the right to it; no caller holds two")]
    fn log_anyway(&self) -> Option<&mut Log> {
        // SAFETY: the memory is there for ever, zeroed at first, which is a valid log, and reached in turns only.
        unsafe { self.state.log.load(Relaxed).as_mut() }
    }

    /// Has the frames of a stack in the file before its first event, in this thread's part of it.
    #[inline(always)]
    fn define_if_new(&self, stack: u32) {
        // What the log expects it has seen.
        if stack != 0 && self.log_anyway().is_some_and(|log| !log.expects(stack)) && session::is_new(stack) {
            self.define(stack);
        }
    }

    #[cold]
    #[inline(never)]
    fn define(&self, stack: u32) {
        let Some(session) = self.session() else { return };
        if self.log_anyway().is_some_and(|log| !log.has_room_for_stack()) {
            self.send(&names::current());
        }
        let mut frames = [0; crate::heap::recording::format::FRAMES];
        let (depth, span) = session.describe(stack, &mut frames);
        if let Some(log) = self.log_anyway() {
            log.define(stack, &frames[..depth.min(frames.len())], span);
        }
    }

    /// Writes the log and begins a new one.
    #[cold]
    #[inline(never)]
    fn send(&self, name: &names::Name) {
        let (Some(session), Some(log)) = (self.session(), self.log_anyway()) else { return };
        if !log.is_empty() {
            let state = self.state;
            let about = About {
                thread: state.thread.load(Relaxed),
                system: state.system.load(Relaxed),
                ns: session.elapsed(),
                lost: state.lost.swap(0, Relaxed),
                name: *name,
            };
            let (events, lost) = (log.events(), about.lost);
            memory::keeping_errno(|| session.write_events(log.seal(&about), events, lost));
        }
        log.begin();
    }
}

fn list(state: &'static ThreadTrace) {
    state.listed.store(true, Relaxed);
    let mut first = ALL.load(Relaxed);
    loop {
        state.next.store(first, Relaxed);
        let pointer = ptr::from_ref(state).cast_mut();
        match ALL.compare_exchange_weak(first, pointer, Release, Relaxed) {
            Ok(_) => return,
            Err(now) => first = now,
        }
    }
}

/// Writes what threads have in their logs for a recording that does not run any more. `false` if one of them is stuck: it
/// may still be at the recording.
fn collect(session: *mut Session) -> bool {
    let mut all_left = true;
    for state in all() {
        if !state.is_left() {
            all_left = false;
            continue;
        }
        if state.session.load(Relaxed) == session {
            // Not a turn by `busy`, which the owner's next attempt takes and gives back: it finds no recording.
            let turn = std::mem::ManuallyDrop::new(Turn { state });
            turn.send(&names::of(state.system.load(Relaxed)));
            state.session.store(ptr::null_mut(), Relaxed);
        }
    }
    all_left
}

/// In a forked process: the threads are not there any more, and the file is the parent's.
#[cfg(unix)]
fn forget() {
    for state in all() {
        state.session.store(ptr::null_mut(), Relaxed);
        // A signal handler that finds the thread free finds it without a recording.
        std::sync::atomic::compiler_fence(Release);
        state.busy.store(false, Relaxed);
    }
}

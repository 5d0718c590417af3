//! Locks that a forked process finds free: who forks takes them all first, so that nobody else holds one, and what is behind
//! them is whole, in a child that has no other threads.
//!
//! Nobody sleeps for such a lock, but looks again after a while. A queue of sleepers would hold threads that the child does
//! not have, and what should wake another would wake one of those.
#![allow(unsafe_code, reason = "the holder of a lock has what it guards; `pthread_atfork`")]

use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};

use lagom_base::sync::wait_a_little;

use super::{calls, churn, control, figures, scopes};

/// A lock for what is seldom fought over, and never held for long.
#[derive(Default)]
pub(crate) struct Lock<T> {
    state: AtomicU8,
    value: UnsafeCell<T>,
}

const FREE: u8 = 0;
const TAKEN: u8 = 1;
/// By who forks.
const KEPT: u8 = 2;

// SAFETY: one thread at a time reaches the value, through the guard, so that it goes from thread to thread.
unsafe impl<T: Send> Sync for Lock<T> {}

/// The thread that forks, from when it has all locks until it gives them back: handlers of the program may come here.
static KEEPER: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Its address is the number of the thread, also in a child.
    static HERE: u8 = const { 0 };
}

fn this_thread() -> usize {
    HERE.try_with(|here| std::ptr::from_ref(here).addr()).unwrap_or(usize::MAX)
}

/// Of one thread, as what it lends need not be `Sync`.
pub(crate) struct Locked<'a, T> {
    lock: &'a Lock<T>,
    /// By the thread that forks and keeps it.
    kept: bool,
    of_one_thread: PhantomData<*const T>,
}

impl<T> Lock<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self { state: AtomicU8::new(FREE), value: UnsafeCell::new(value) }
    }

    #[inline]
    pub(crate) fn lock(&self) -> Locked<'_, T> {
        let kept = !self.take(TAKEN, || KEEPER.load(Ordering::Relaxed) == this_thread());
        Locked { lock: self, kept, of_one_thread: PhantomData }
    }

    /// `false` if it is kept, and the caller says that this will do.
    #[inline]
    fn take(&self, state: u8, may_be_kept: impl Fn() -> bool) -> bool {
        let mut round = 0;
        while let Err(now) = self.state.compare_exchange_weak(FREE, state, Ordering::Acquire, Ordering::Relaxed) {
            if now == KEPT && may_be_kept() {
                return false;
            }
            wait_a_little(round);
            round = round.saturating_add(1);
        }
        true
    }
}

impl<T> Deref for Locked<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the lock is taken for this guard, which lends no longer than it lives; or kept by this thread, whose handlers
        // around a fork take no lock twice, as they could not take one that is not kept.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> DerefMut for Locked<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and the guard itself is borrowed exclusively.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T> Drop for Locked<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if !self.kept {
            self.lock.state.store(FREE, Ordering::Release);
        }
    }
}

impl<T> fmt::Debug for Lock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock").field("state", &self.state).finish_non_exhaustive()
    }
}

/// What is done with a lock around a fork.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Around {
    Before,
    After,
}

impl Around {
    /// Takes the lock, or gives it back; not one that was made in between, and may be taken by another.
    pub(crate) fn meet<T>(self, lock: &Lock<T>) {
        self.meet_with(lock, |_| {});
    }

    /// The same, and what hangs on what the lock guards.
    pub(crate) fn meet_with<T>(self, lock: &Lock<T>, with: impl FnOnce(&T)) {
        match self {
            Self::Before => {
                lock.take(KEPT, || false);
            }
            Self::After if lock.state.load(Ordering::Relaxed) != KEPT => return,
            Self::After => {}
        }
        // SAFETY: the lock is taken for the fork: just now, or since the call with `Before`, of which this is the pair.
        with(unsafe { &*lock.value.get() });
        if matches!(self, Self::After) {
            lock.state.store(FREE, Ordering::Release);
        }
    }
}

/// Meets every lock, in the order in which one may be taken while another is held.
fn all(around: Around) {
    control::around_fork(around);
    figures::around_fork(around);
    scopes::around_fork(around);
    churn::around_fork(around);
    calls::around_fork(around);
}

/// From now on a fork leaves the locks whole; to be called before any of them is taken that others may hold.
#[inline]
pub(crate) fn survive() {
    static ASKED: AtomicBool = AtomicBool::new(false);
    if !ASKED.load(Ordering::Relaxed) && !ASKED.swap(true, Ordering::Relaxed) {
        ask();
    }
}

#[cfg(unix)]
#[cold]
fn ask() {
    extern "C" fn before() {
        all(Around::Before);
        KEEPER.store(this_thread(), Ordering::Relaxed);
    }
    extern "C" fn after() {
        KEEPER.store(0, Ordering::Relaxed);
        all(Around::After);
    }
    // SAFETY: the functions may be called at any time. That they run as a pair around a fork, on the thread that forks, is
    // what lets the second give back what the first has taken. Refused for want of memory, forks are as without them.
    unsafe { libc::pthread_atfork(Some(before), Some(after), Some(after)) };
}

#[cfg(not(unix))]
fn ask() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thread_at_a_time_has_it() {
        let lock = Lock::new(0_u32);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1_000 {
                        let mut value = lock.lock();
                        let before = *value;
                        std::hint::spin_loop();
                        *value = before + 1;
                    }
                });
            }
        });
        assert_eq!(*lock.lock(), 4_000);
    }

    #[test]
    fn a_lock_taken_before_a_fork_is_free_after_it() {
        let lock = Lock::new(1);
        Around::Before.meet(&lock);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| *lock.lock());
            assert!(!waiting.is_finished());
            Around::After.meet(&lock);
            assert_eq!(waiting.join().expect("no panic"), 1);
        });
        Around::Before.meet(&lock);
        KEEPER.store(this_thread(), Ordering::Relaxed);
        *lock.lock() += 1;
        assert_eq!((*lock.lock(), lock.state.load(Ordering::Relaxed)), (2, KEPT), "the thread that forks has it");
        KEEPER.store(0, Ordering::Relaxed);
        Around::After.meet(&lock);
        let held = lock.lock();
        Around::After.meet(&lock);
        assert_eq!(lock.state.load(Ordering::Relaxed), TAKEN, "it was none of the fork's");
        drop(held);
        drop(lock.lock());
    }
}

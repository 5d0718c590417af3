//! A lock that its owner takes for nothing: no read-modify-write and, where the system helps, no fence.
//!
//! The owner says that it is inside by a plain store and then looks whether the lock is revoked. Who wants in from outside
//! revokes it, fences every thread ([`fence`]), and waits until the owner is not inside. One of the two sees
//! the other (Dekker 1965; the asymmetric form as in Dice, Huang and Yang, "Asymmetric Dekker Synchronization", 2001).
#![allow(unsafe_code, reason = "the lock hands out the data that it guards")]

use crate::fence;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::cell::UnsafeCell;

/// `T`, guarded: by its one owner thread, or, one at a time, by those who hold another lock.
#[derive(Debug)]
pub struct Biased<T> {
    /// Written by the owner alone.
    inside: AtomicBool,
    /// Written by those from outside alone.
    revoked: AtomicBool,
    data: UnsafeCell<T>,
}

// SAFETY: `data` is only reached by one thread at a time, see `enter` and `with_revoked`: as if it were sent.
unsafe impl<T: Send> Sync for Biased<T> {}

impl<T> Biased<T> {
    /// Guards `data`.
    pub fn new(data: T) -> Self {
        fence::prepare();
        Self { inside: AtomicBool::new(false), revoked: AtomicBool::new(false), data: UnsafeCell::new(data) }
    }

    /// Runs `f` on the data as the owner; `None` without running it when the lock is revoked.
    ///
    /// `f` must not panic and must not come back here. Takes a pointer, and holds no reference to the whole lock: when the
    /// owner is outside again, somebody else may free it before this function has returned.
    ///
    /// # Safety
    ///
    /// `this` must be valid until the owner is outside again. No other thread may be the owner at the same time, and
    /// whoever was it before must have happened before.
    #[inline]
    pub unsafe fn enter<R>(this: *const Self, f: impl FnOnce(&mut T) -> R) -> Option<R> {
        // SAFETY: valid by the caller's promise. Nothing of an atomic is outside of its cell, so that the reference may
        // outlive what it refers to; it is not used after the owner is outside.
        let inside = unsafe { &(*this).inside };
        inside.store(true, Ordering::Relaxed);
        fence::light();
        // SAFETY: valid by the caller's promise: the owner is inside.
        let revoked = unsafe { &(*this).revoked };
        if revoked.load(Ordering::Acquire) {
            inside.store(false, Ordering::Release);
            return None;
        }
        // SAFETY: valid by the caller's promise: the owner is inside.
        let data = unsafe { &(*this).data };
        let result = data.with_mut(|data| {
            // SAFETY: we are the owner, `inside` is set and `revoked` was not after the fence: anyone from outside sees
            // `inside` after its own fence and waits, so that nobody else has this reference.
            f(unsafe { &mut *data })
        });
        inside.store(false, Ordering::Release);
        Some(result)
    }

    /// Tells the owner to stay out. To be followed by [`fence::heavy`], [`with_revoked`](Self::with_revoked) and [`restore`](Self::restore).
    pub fn revoke(&self) {
        self.revoked.store(true, Ordering::Relaxed);
    }

    /// After [`revoke`](Self::revoke) and a heavy fence: waits until the owner is outside, and runs `f` on the data.
    ///
    /// # Safety
    ///
    /// The caller must have revoked the lock and fenced since, must hold a lock that excludes all others who call this,
    /// and must not be inside as the owner.
    pub unsafe fn with_revoked<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        let mut rounds = 0;
        while self.inside.load(Ordering::Acquire) {
            // The owner is a few instructions from its end, unless it was preempted there.
            crate::sync::wait_a_little(rounds);
            rounds += 1;
        }
        self.data.with_mut(|data| {
            // SAFETY: the owner was outside after the fence and stays there while `revoked` is set; others are excluded
            // by the caller's lock.
            f(unsafe { &mut *data })
        })
    }

    /// Lets the owner in again.
    pub fn restore(&self) {
        self.revoked.store(false, Ordering::Release);
    }
}

//! A lock that is given back by a plain store.
//!
//! Other locks take two atomic read-modify-writes, 9 ns where nobody else wants in: the second one tells who gives the lock
//! back whether somebody sleeps. Here that is a word of its own, which is read after the store. So that of who gives back and
//! who is about to sleep one sees the other there must be a fence on both sides ([`fence`]), which who sleeps pays for both.
//!
//! The words lie in a table that is never freed, as in `WebKit`'s parking lot (Pizlo 2016): the lock itself may be gone as
//! soon as it is free. Who wakes others wakes all that wait for a lock with the same place in the table, which seldom is
//! more than one. Nobody is served in the order of coming.
#![allow(unsafe_code, reason = "who holds the lock has what it guards")]

use crate::fence;
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::sync::{Condvar, Mutex, wait_a_little};

#[cfg(lagom_loom)]
pub use crate::sync::{Mutex as Lock, MutexGuard as LockGuard};
#[cfg(not(lagom_loom))]
pub use native::{Lock, LockGuard};

/// So often who finds the lock taken looks again before it sleeps.
const LOOKS: u32 = if cfg!(lagom_loom) { 0 } else { 10 };

/// Where those sleep that wait for a [`Word`].
///
/// ```
/// use lagom_base::lock::{Queue, Word};
///
/// let (word, queue) = (Word::new(), Queue::new());
/// word.take(&queue);
/// word.give(&queue);
/// ```
#[derive(Debug)]
#[repr(align(64))]
pub struct Queue {
    waiting: AtomicUsize,
    asleep: Mutex<()>,
    turn: Condvar,
}

/// Whether a lock is held: the lock without what it guards. See [`Queue`] for an example.
#[derive(Debug)]
pub struct Word(AtomicBool);

macro_rules! const_where_native {
    ($($(#[$doc:meta])* $name:ty: $make:expr;)*) => {$(
        impl $name {
            $(#[$doc])*
            #[cfg(not(lagom_loom))]
            pub const fn new() -> Self {
                $make
            }

            $(#[$doc])*
            #[cfg(lagom_loom)]
            pub fn new() -> Self {
                $make
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }
    )*};
}

const_where_native! {
    /// One in which nobody waits.
    Queue: Self { waiting: AtomicUsize::new(0), asleep: Mutex::new(()), turn: Condvar::new() };
    /// That of a lock which is free.
    Word: Self(AtomicBool::new(false));
}

impl Word {
    /// Waits until the lock is free, and takes it. Whoever uses this word must name the same queue.
    #[inline]
    pub fn take(&self, queue: &Queue) {
        if !self.try_take() {
            self.wait(queue);
        }
    }

    /// Takes the lock if it is free; whether it was.
    #[inline]
    pub fn try_take(&self) -> bool {
        if cfg!(lagom_loom) {
            // Loom does not know that what a swap writes comes right after what it has read: if the lock is held, it may
            // take that for newer than what gives the lock back.
            return self.0.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok();
        }
        !self.0.swap(true, Ordering::Acquire)
    }

    #[cold]
    fn wait(&self, queue: &Queue) {
        for round in 0..LOOKS {
            if round < 3 {
                (0..2 << round).for_each(|_| core::hint::spin_loop());
            } else {
                wait_a_little(0);
            }
            if !self.0.load(Ordering::Relaxed) && self.try_take() {
                return;
            }
        }
        let mut asleep = queue.asleep.lock();
        queue.waiting.fetch_add(1, Ordering::Relaxed);
        // Who gave the lock back before this is seen below; who does so from here on sees that somebody waits, and tells,
        // but only when this thread sleeps and has released `asleep`.
        let _ = fence::heavy();
        while !self.try_take() {
            queue.turn.wait(&mut asleep);
        }
        queue.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    /// Gives the lock back, which the caller must have. This word is not looked at afterwards.
    #[inline]
    pub fn give(&self, queue: &Queue) {
        self.0.store(false, Ordering::Release);
        fence::light();
        if queue.waiting.load(Ordering::Relaxed) != 0 {
            queue.wake();
        }
    }
}

impl Queue {
    #[cold]
    fn wake(&self) {
        // Nobody is between a look at the word and sleep.
        drop(self.asleep.lock());
        self.turn.notify_all();
    }
}

#[cfg(not(lagom_loom))]
mod native {
    use core::cell::UnsafeCell;
    use core::fmt;
    use core::marker::PhantomData;
    use core::ops::{Deref, DerefMut};
    use core::ptr;

    use super::{Queue, Word};

    /// Log2 of the number of queues.
    const QUEUE_BITS: u32 = 6;
    static QUEUES: [Queue; 1 << QUEUE_BITS] = [const { Queue::new() }; 1 << QUEUE_BITS];

    /// A mutex without poisoning: a byte and the value. Panics while it is held give it back.
    ///
    /// It is cheaper than others once [`fence::prepare`](crate::fence::prepare) has been called.
    ///
    /// ```
    /// let lock = lagom_base::lock::Lock::new(1);
    /// *lock.lock() += 1;
    /// assert_eq!(*lock.lock(), 2);
    /// ```
    #[derive(Default)]
    pub struct Lock<T> {
        word: Word,
        value: UnsafeCell<T>,
    }

    // SAFETY: the value is seen by one thread at a time.
    unsafe impl<T: Send> Sync for Lock<T> {}

    impl<T> Lock<T> {
        /// One that nobody holds.
        pub const fn new(value: T) -> Self {
            Self { word: Word::new(), value: UnsafeCell::new(value) }
        }

        /// Waits until the lock is held.
        #[inline]
        pub fn lock(&self) -> LockGuard<'_, T> {
            self.word.take(self.queue());
            LockGuard { lock: self, thread: PhantomData }
        }

        /// The lock, if nobody holds it.
        #[inline]
        pub fn try_lock(&self) -> Option<LockGuard<'_, T>> {
            self.word.try_take().then_some(LockGuard { lock: self, thread: PhantomData })
        }

        /// The value: nobody else can hold the lock.
        pub fn get_mut(&mut self) -> &mut T {
            self.value.get_mut()
        }

        /// By the address, so that it is known before the lock is free.
        #[inline]
        fn queue(&self) -> &'static Queue {
            let spread = (ptr::from_ref(self).addr() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            &QUEUES[(spread >> (u64::BITS - QUEUE_BITS)) as usize]
        }
    }

    impl<T> fmt::Debug for Lock<T> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("Lock").finish_non_exhaustive()
        }
    }

    /// The lock of a [`Lock`], held.
    #[derive(Debug)]
    #[must_use = "the lock is given back at once"]
    pub struct LockGuard<'a, T> {
        lock: &'a Lock<T>,
        /// Neither `Send` nor, where `T` is not, `Sync`.
        thread: PhantomData<*mut T>,
    }

    impl<T> Deref for LockGuard<'_, T> {
        type Target = T;

        #[inline]
        fn deref(&self) -> &T {
            // SAFETY: nobody else has the value while the lock is held.
            unsafe { &*self.lock.value.get() }
        }
    }

    impl<T> DerefMut for LockGuard<'_, T> {
        #[inline]
        fn deref_mut(&mut self) -> &mut T {
            // SAFETY: nobody else has the value while the lock is held.
            unsafe { &mut *self.lock.value.get() }
        }
    }

    impl<T> Drop for LockGuard<'_, T> {
        #[inline]
        fn drop(&mut self) {
            let queue = self.lock.queue();
            self.lock.word.give(queue);
        }
    }

    #[cfg(test)]
    mod tests {
        use std::panic::{AssertUnwindSafe, catch_unwind};
        use std::thread;
        use std::time::Duration;

        use super::*;

        fn count(threads: usize, each: usize, under: impl Fn(usize) + Sync) -> usize {
            let lock = Lock::new(0);
            thread::scope(|scope| {
                for _ in 0..threads {
                    scope.spawn(|| {
                        for i in 0..each {
                            let mut count = lock.lock();
                            let before = *count;
                            under(i);
                            *count = before + 1;
                        }
                    });
                }
            });
            *lock.lock()
        }

        #[test]
        fn one_at_a_time() {
            for prepared in [false, true] {
                if prepared {
                    crate::fence::prepare();
                }
                assert_eq!(count(4, 20_000, |_| ()), 80_000);
            }
        }

        #[test]
        fn those_that_sleep_are_woken() {
            crate::fence::prepare();
            assert_eq!(
                count(8, 60, |i| if i % 3 == 0 {
                    thread::sleep(Duration::from_micros(200))
                }),
                480
            );
        }

        #[test]
        fn locks_that_share_a_queue_do_not_keep_each_other_asleep() {
            let locks: Vec<Lock<usize>> = (0..QUEUES.len() * 100).map(Lock::new).collect();
            let first = &locks[0];
            let other = locks[1..].iter().find(|lock| ptr::eq(lock.queue(), first.queue())).expect("more than queues");
            thread::scope(|scope| {
                let (held, also) = (first.lock(), other.lock());
                let waits = [scope.spawn(|| *first.lock()), scope.spawn(|| *other.lock())];
                while first.queue().waiting.load(super::super::Ordering::Relaxed) < 2 {
                    thread::yield_now();
                }
                drop(held);
                drop(also);
                for wait in waits {
                    wait.join().unwrap();
                }
            });
        }

        #[test]
        fn a_panic_gives_it_back() {
            let lock = Lock::new(1);
            let panicked = catch_unwind(AssertUnwindSafe(|| {
                let _held = lock.lock();
                panic!("while it is held");
            }));
            assert!(panicked.is_err());
            assert_eq!(*lock.try_lock().expect("it is free"), 1);
        }

        #[test]
        fn who_tries_does_not_wait() {
            let lock = Lock::new(());
            let held = lock.lock();
            assert!(lock.try_lock().is_none());
            drop(held);
            assert!(lock.try_lock().is_some());
        }
    }
}

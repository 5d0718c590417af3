//! A pair of fences of unequal price: the frequent side pays nothing, the rare side pays for both.
//!
//! Two threads that each write one word and then read the other's must not both miss the other's write (Dekker 1965).
//! Usually both sides pay a full fence, 4 to 5 ns. Here the side that runs all the time calls [`light`], and the rare one
//! [`heavy`], which makes every running thread of the process pass a fence (Linux: `membarrier`, Desnoyers 2010;
//! Windows: `FlushProcessWriteBuffers`). Where the system has no such call, both are full fences; a frequent side that can
//! do with less leaves its fence [to the rare one](left_to_heavy), which says whether it made up for it.
#![allow(unsafe_code, reason = "the system call has no safe interface")]

#[cfg(lagom_loom)]
pub use model::{free, heavy, is_free, left_to_heavy, light, model_where_free, prepare, settle};
#[cfg(not(lagom_loom))]
pub use native::{free, heavy, is_free, left_to_heavy, light, prepare, settle};

#[cfg(lagom_loom)]
mod model {
    use std::cell::Cell;

    use crate::sync::atomic::{Ordering::SeqCst, fence};

    thread_local! {
        /// Of the whole model: all of its threads run in one.
        static IS_FREE: Cell<bool> = const { Cell::new(true) };
    }

    /// Models from now on, in this test, a system that can fence threads on demand, or one that cannot.
    pub fn model_where_free(is_free: bool) {
        IS_FREE.set(is_free);
    }

    /// Nothing: the model has full fences on both sides.
    pub fn prepare() {}

    /// As the test has it; so unless it says otherwise.
    pub fn is_free() -> bool {
        IS_FREE.get()
    }

    /// The fence of the frequent side.
    pub fn free() {
        fence(SeqCst);
    }

    /// The fence of the frequent side.
    pub fn light() {
        fence(SeqCst);
    }

    /// The fence that is there if `heavy` would make up for it.
    pub fn left_to_heavy() {
        if is_free() {
            fence(SeqCst);
        }
    }

    /// The fence of the rare side.
    pub fn heavy() -> bool {
        fence(SeqCst);
        is_free()
    }

    /// Time does not pass in a model.
    pub fn settle() {}
}

#[cfg(not(lagom_loom))]
mod native {
    use std::sync::Once;
    use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
    use std::sync::atomic::{AtomicBool, compiler_fence, fence};
    use std::thread;
    use std::time::Duration;

    static PREPARED: Once = Once::new();
    /// Whether [`heavy`] must fence the other threads too.
    static REGISTERED: AtomicBool = AtomicBool::new(false);
    /// Whether [`light`] may leave the fence to [`heavy`].
    static ASYMMETRIC: AtomicBool = AtomicBool::new(false);

    /// Has the system asked, once, whether it can fence threads on demand; until it has answered both sides are full
    /// fences.
    ///
    /// Does not wait: to register a process that has threads takes the kernel 10 ms and more, so that a thread that ends
    /// with the answer does it.
    pub fn prepare() {
        // Without such a thread the fences stay full.
        PREPARED.call_once(|| drop(thread::Builder::new().name("lagom-membarrier".to_owned()).spawn(register)));
    }

    fn register() {
        if system::register() {
            REGISTERED.store(true, Relaxed);
            // A `heavy` that still misses `REGISTERED` passed its fence before this one: what was written before it is
            // seen by every `light` that finds `ASYMMETRIC`.
            fence(SeqCst);
            ASYMMETRIC.store(true, Release);
        }
    }

    /// Whether the frequent side may call [`free`]; once true, always true.
    #[inline]
    pub fn is_free() -> bool {
        ASYMMETRIC.load(Acquire)
    }

    /// The fence of the frequent side, for those who know that [`is_free`]: no instruction at all.
    #[inline]
    pub fn free() {
        compiler_fence(SeqCst);
    }

    /// The fence of the frequent side: [`free`] where it [may be](is_free).
    #[inline]
    pub fn light() {
        if is_free() {
            free();
        } else {
            fence(SeqCst);
        }
    }

    /// The fence of a frequent side that can do without: no instruction at all. Where [`heavy`] says that it fenced every
    /// thread it made up for this one, whatever [`is_free`] said.
    #[inline]
    pub fn left_to_heavy() {
        compiler_fence(SeqCst);
    }

    /// The fence of the rare side: a system call of less than a microsecond, more where many threads run.
    ///
    /// Whether it has fenced every thread of the process; if not, then only those that pass a fence of their own.
    pub fn heavy() -> bool {
        fence(SeqCst);
        let fences_all = REGISTERED.load(Relaxed);
        if fences_all {
            system::fence_all();
        }
        fences_all
    }

    /// Waits long enough for what other threads have written to be seen, by far: 1 ms, where machines take less than a
    /// microsecond. No language and no machine promises a bound, so that nothing may break where this is too short.
    pub fn settle() {
        thread::sleep(Duration::from_millis(1));
    }

    #[cfg(all(windows, not(any(miri, lagom_no_membarrier))))]
    mod system {
        /// Since Windows Vista it does so for every process.
        pub(super) fn register() -> bool {
            true
        }

        pub(super) fn fence_all() {
            // SAFETY: takes nothing, returns nothing, cannot fail.
            unsafe { FlushProcessWriteBuffers() }
        }

        #[link(name = "kernel32")]
        // SAFETY: the signature is that of Windows' documentation.
        unsafe extern "system" {
            fn FlushProcessWriteBuffers();
        }
    }

    #[cfg(all(target_os = "linux", not(any(miri, lagom_no_membarrier))))]
    mod system {
        /// Whether the kernel (4.14 or later, no sandbox forbidding it) fences the other threads on demand.
        pub(super) fn register() -> bool {
            membarrier(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED)
        }

        pub(super) fn fence_all() {
            let fenced = membarrier(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED)
                || register() && membarrier(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED);
            // To go on would be a data race: others already rely on this side to fence them.
            assert!(fenced, "the system took back its membarrier: {}", std::io::Error::last_os_error());
        }

        fn membarrier(command: libc::c_int) -> bool {
            // SAFETY: membarrier takes three integers, touches no memory of ours, and reports what it cannot do.
            unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
        }
    }

    #[cfg(any(miri, lagom_no_membarrier, not(any(windows, target_os = "linux"))))]
    mod system {
        pub(super) fn register() -> bool {
            false
        }

        pub(super) fn fence_all() {}
    }
}

#[cfg(all(test, not(lagom_loom)))]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering::Relaxed;

    use super::*;

    #[test]
    fn two_sides_never_both_miss_the_other() {
        const ROUNDS: usize = 20_000;
        let words = [AtomicUsize::new(0), AtomicUsize::new(0)];
        let missed = AtomicUsize::new(0);
        let barrier = Barrier::new(2);
        prepare();
        std::thread::scope(|scope| {
            for side in 0..2 {
                let (words, missed, barrier) = (&words, &missed, &barrier);
                scope.spawn(move || {
                    for round in 1..=ROUNDS {
                        barrier.wait();
                        words[side].store(round, Relaxed);
                        if side == 0 {
                            light();
                        } else {
                            let _ = heavy();
                        }
                        if words[1 - side].load(Relaxed) != round {
                            missed.fetch_add(1, Relaxed);
                        }
                        barrier.wait();
                        assert!(missed.load(Relaxed) < 2, "both missed the other in round {round}");
                        barrier.wait();
                        missed.store(0, Relaxed);
                    }
                });
            }
        });
    }
}

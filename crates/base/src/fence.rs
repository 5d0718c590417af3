//! A pair of fences of unequal price: the frequent side pays nothing, the rare side pays for both.
//!
//! Two threads that each write one word and then read the other's must not both miss the other's write (Dekker 1965).
//! Usually both sides pay a full fence, 4 to 5 ns. Here the side that runs all the time calls [`light`], and the rare one
//! [`heavy`], which makes every running thread of the process pass a fence (Linux: `membarrier`, Desnoyers 2010;
//! Windows: `FlushProcessWriteBuffers`). Where the system has no such call, both are full fences.
#![allow(unsafe_code, reason = "the system call has no safe interface")]

#[cfg(lagom_loom)]
pub use model::{free, heavy, is_free, light, prepare};
#[cfg(not(lagom_loom))]
pub use native::{free, heavy, is_free, light, prepare};

#[cfg(lagom_loom)]
mod model {
    use crate::sync::atomic::{Ordering::SeqCst, fence};

    /// Nothing: the model has full fences on both sides.
    pub fn prepare() {}

    /// Always: so that what may be free is modelled.
    pub fn is_free() -> bool {
        true
    }

    /// The fence of the frequent side.
    pub fn free() {
        fence(SeqCst);
    }

    /// The fence of the frequent side.
    pub fn light() {
        fence(SeqCst);
    }

    /// The fence of the rare side.
    pub fn heavy() {
        fence(SeqCst);
    }
}

#[cfg(not(lagom_loom))]
mod native {
    use std::sync::Once;
    use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
    use std::sync::atomic::{AtomicBool, compiler_fence, fence};
    use std::thread;

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

    /// The fence of the rare side: a system call of less than a microsecond, more where many threads run.
    pub fn heavy() {
        fence(SeqCst);
        if REGISTERED.load(Relaxed) {
            system::fence_all();
        }
    }

    #[cfg(all(windows, not(miri)))]
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

    #[cfg(all(target_os = "linux", not(miri)))]
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

    #[cfg(any(miri, not(any(windows, target_os = "linux"))))]
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
                            heavy();
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

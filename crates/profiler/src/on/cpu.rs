//! The time that a thread has run.
#![cfg_attr(unix, allow(unsafe_code, reason = "calls into the C library"))]

/// CPU time of the calling thread in nanoseconds; a system call, about 0.7 us.
#[cfg(unix)]
pub(in crate::on) fn thread_time() -> Option<u64> {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a timespec of ours, which is all that clock_gettime asks for.
    let answer = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    let seconds = u64::try_from(time.tv_sec).ok()?;
    (answer == 0).then(|| seconds * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(not(unix))]
pub(in crate::on) fn thread_time() -> Option<u64> {
    None
}

/// How long the calling thread has waited for a core though it could run, in nanoseconds, as Linux tells.
///
/// Each thread that asks keeps a file open. `may_open` says whether it is worth opening now (some 10 us).
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(in crate::on) fn thread_queued(may_open: bool) -> Option<u64> {
    queue::read(may_open)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(in crate::on) fn thread_queued(_: bool) -> Option<u64> {
    None
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod queue {
    use std::cell::RefCell;
    use std::fs::File;
    use std::os::unix::fs::FileExt;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// So many threads at once may keep a file open for this.
    const FILES: u32 = 64;
    static OPEN: AtomicU32 = AtomicU32::new(0);

    thread_local!(static QUEUE: RefCell<Queue> = const { RefCell::new(Queue::Unasked) });

    enum Queue {
        Unasked,
        /// The system does not tell, or too many ask.
        Silent,
        Open(File),
    }

    impl Drop for Queue {
        fn drop(&mut self) {
            if let Self::Open(_) = self {
                OPEN.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }

    impl Queue {
        fn open() -> Self {
            if OPEN.fetch_add(1, Ordering::Relaxed) < FILES
                && let Ok(file) = File::open("/proc/thread-self/schedstat")
            {
                return Self::Open(file);
            }
            OPEN.fetch_sub(1, Ordering::Relaxed);
            Self::Silent
        }
    }

    pub(in crate::on) fn read(may_open: bool) -> Option<u64> {
        let read = |queue: &RefCell<Queue>| {
            let mut queue = queue.try_borrow_mut().ok()?;
            if may_open && matches!(*queue, Queue::Unasked) {
                *queue = Queue::open();
            }
            let Queue::Open(file) = &*queue else { return None };
            // Time on a core, time in the queue for one, and how often it got one.
            let mut text = [0; 64];
            let len = file.read_at(&mut text, 0).ok()?;
            std::str::from_utf8(&text[..len]).ok()?.split(' ').nth(1)?.parse().ok()
        };
        QUEUE.try_with(read).ok().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_sleeps_neither_runs_nor_queues_for_long() {
        let before = (thread_time(), thread_queued(true));
        std::thread::sleep(std::time::Duration::from_millis(20));
        let after = (thread_time(), thread_queued(true));
        if let (Some(before), Some(after)) = (before.0, after.0) {
            assert!(after - before < 10_000_000, "{}", after - before);
        }
        if let (Some(before), Some(after)) = (before.1, after.1) {
            assert!(after >= before);
        }
    }
}

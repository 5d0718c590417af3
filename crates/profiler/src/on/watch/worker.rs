//! A thread that a fork leaves behind.

use std::thread::JoinHandle;

pub(super) struct Worker {
    run: u64,
    /// A fork takes the monitor along, but not the thread.
    pid: u32,
    handle: JoinHandle<()>,
}

impl Worker {
    /// The `run`th thread of its monitor.
    pub(super) fn new(run: u64, handle: JoinHandle<()>) -> Self {
        Self { run, pid: std::process::id(), handle }
    }

    pub(super) const fn run(&self) -> u64 {
        self.run
    }

    /// Whether this process has it.
    pub(super) fn is_here(&self) -> bool {
        self.pid == std::process::id()
    }

    /// To be called without a lock held, on a worker that the state no longer names.
    pub(super) fn end(self) {
        if !self.is_here() {
            // To join or detach a thread that this process has never had is an error.
            std::mem::forget(self.handle);
            return;
        }
        self.handle.thread().unpark();
        // A callback may stop or drop its own monitor, but no thread can wait for itself.
        if self.handle.thread().id() != std::thread::current().id() {
            drop(self.handle.join());
        }
    }
}

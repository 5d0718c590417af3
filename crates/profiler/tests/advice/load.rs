//! Others that want the cores.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, available_parallelism, spawn};

use crate::work::compute;

/// Threads that run until it is dropped.
pub(crate) struct Load {
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

/// A busy thread for every core, two at least.
pub(crate) fn on_every_core() -> Load {
    let over = Arc::new(AtomicBool::new(false));
    let cores = available_parallelism().map_or(2, usize::from).max(2);
    let busy = |over: Arc<AtomicBool>| {
        move || {
            while !over.load(Ordering::Relaxed) {
                compute(10_000);
            }
        }
    };
    let threads = (0..cores).map(|_| spawn(busy(Arc::clone(&over)))).collect();
    Load { over, threads }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().expect("it does not panic");
        }
    }
}

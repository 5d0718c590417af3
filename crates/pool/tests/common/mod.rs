//! What several test files need.
#![allow(dead_code, reason = "every test file compiles its own copy and uses a part of it")]

pub(crate) mod tasks;

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// How many objects were built and dropped.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger(Arc<(AtomicUsize, AtomicUsize, Mutex<HashSet<usize>>)>);

impl Ledger {
    pub(crate) fn object(&self) -> Counted {
        let number = self.0.0.fetch_add(1, SeqCst);
        self.0.2.lock().unwrap().insert(number);
        Counted { number, ledger: self.clone() }
    }

    pub(crate) fn built(&self) -> usize {
        self.0.0.load(SeqCst)
    }

    pub(crate) fn dropped(&self) -> usize {
        self.0.1.load(SeqCst)
    }

    pub(crate) fn is_alive(&self, number: usize) -> bool {
        self.0.2.lock().unwrap().contains(&number)
    }

    pub(crate) fn alive(&self) -> usize {
        self.built() - self.dropped()
    }
}

/// An object with a number of its own, entered in a ledger.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(crate) number: usize,
    ledger: Ledger,
}

impl Drop for Counted {
    fn drop(&mut self) {
        assert!(self.ledger.0.2.lock().unwrap().remove(&self.number), "dropped twice");
        self.ledger.0.1.fetch_add(1, SeqCst);
    }
}

/// Whether `f` panics.
pub(crate) fn panics(f: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(f)).is_err()
}

/// So many cases, or as many as `PROPTEST_CASES` asks for.
pub(crate) fn cases(usual: u32) -> proptest::test_runner::Config {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    proptest::test_runner::Config { cases: asked.unwrap_or(usual), ..Default::default() }
}

/// Ends the test run when it is not dropped in time: what hangs must not look like what is slow.
pub(crate) struct Watchdog(#[allow(dead_code, reason = "dropped, which is heard")] mpsc::Sender<()>);

impl Watchdog {
    pub(crate) fn new() -> Self {
        let (sender, receiver) = mpsc::channel();
        let test = thread::current().name().unwrap_or("a test").to_owned();
        thread::spawn(move || {
            if receiver.recv_timeout(Duration::from_secs(60)) == Err(RecvTimeoutError::Timeout) {
                eprintln!("{test} hangs");
                std::process::abort();
            }
        });
        Self(sender)
    }
}

/// Waits for `what`, not for ever.
pub(crate) fn until(what: impl Fn() -> bool) {
    let start = Instant::now();
    while !what() {
        assert!(start.elapsed() < Duration::from_secs(30), "it never comes");
        thread::yield_now();
    }
}

/// Counts objects from before their birth until after the last line of their destructor.
#[derive(Clone, Debug, Default)]
pub(crate) struct Census(Arc<(AtomicUsize, AtomicUsize)>);

impl Census {
    pub(crate) fn object(&self) -> Citizen {
        let alive = self.0.0.fetch_add(1, SeqCst) + 1;
        self.0.1.fetch_max(alive, SeqCst);
        thread::yield_now();
        Citizen(self.clone())
    }

    pub(crate) fn alive(&self) -> usize {
        self.0.0.load(SeqCst)
    }

    /// The most that ever lived at once.
    pub(crate) fn most(&self) -> usize {
        self.0.1.load(SeqCst)
    }
}

/// An object that takes its time to die.
#[derive(Debug)]
pub(crate) struct Citizen(Census);

impl Drop for Citizen {
    fn drop(&mut self) {
        thread::yield_now();
        self.0.0.0.fetch_sub(1, SeqCst);
    }
}

/// Cheap pseudo-random numbers (Marsaglia's xorshift64, 2003), the same in every run.
pub(crate) fn next(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

//! Values that are counted.
#![allow(dead_code, reason = "every test crate uses its part")]

#[cfg(feature = "async")]
pub(crate) mod tasks;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// How many values were made and are alive.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    made: AtomicUsize,
    alive: AtomicUsize,
}

impl Ledger {
    pub(crate) fn value(&self, id: u64) -> Counted {
        self.0.made.fetch_add(1, SeqCst);
        self.0.alive.fetch_add(1, SeqCst);
        Counted { id, ledger: self.clone() }
    }

    pub(crate) fn made(&self) -> usize {
        self.0.made.load(SeqCst)
    }

    pub(crate) fn alive(&self) -> usize {
        self.0.alive.load(SeqCst)
    }
}

#[derive(Debug)]
pub(crate) struct Counted {
    pub(crate) id: u64,
    ledger: Ledger,
}

impl Drop for Counted {
    fn drop(&mut self) {
        assert_ne!(self.ledger.0.alive.fetch_sub(1, SeqCst), 0, "dropped twice");
    }
}

/// Runs `f`, which must panic, and returns the message.
pub(crate) fn panic_message<R>(f: impl FnOnce() -> R) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).err().expect("a panic");
    match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(panic) => (*panic.downcast::<&str>().expect("a message")).to_owned(),
    }
}

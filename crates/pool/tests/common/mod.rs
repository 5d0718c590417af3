//! What several test files need.
#![allow(dead_code, reason = "every test file compiles its own copy and uses a part of it")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// How many objects were built and dropped.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger(Arc<(AtomicUsize, AtomicUsize)>);

impl Ledger {
    pub(crate) fn object(&self) -> Counted {
        Counted { number: self.0.0.fetch_add(1, SeqCst), ledger: self.clone() }
    }

    pub(crate) fn built(&self) -> usize {
        self.0.0.load(SeqCst)
    }

    pub(crate) fn dropped(&self) -> usize {
        self.0.1.load(SeqCst)
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
        self.ledger.0.1.fetch_add(1, SeqCst);
    }
}

/// Whether `f` panics.
pub(crate) fn panics(f: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(f)).is_err()
}

//! What several test files need.
#![allow(dead_code, reason = "every test file compiles its own copy and uses a part of it")]

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

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

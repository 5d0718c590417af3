//! The weak cache: no live value that a lookup misses, none in the table that is dead, every value dropped exactly
//! once.
//!
//! What values count with is not modelled, so that it adds no interleavings; a modelled atomic in each, dropped by way
//! of `with_mut`, shows a drop that does not come after every use.

mod borrows;
mod keeping;
mod lives;
mod loads;
mod tables;
mod tasks;

use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use lagom_base::sync::atomic;
use lagom_base::sync::loom;
use lagom_weakcache::WeakCache;

/// How many values were made, and how many are alive.
#[derive(Clone, Default)]
struct Ledger(Arc<[AtomicUsize; 2]>);

impl Ledger {
    fn value(&self) -> Value {
        self.0[0].fetch_add(1, SeqCst);
        self.0[1].fetch_add(1, SeqCst);
        Value { used: atomic::AtomicUsize::new(0), ledger: self.clone() }
    }

    fn made(&self) -> usize {
        self.0[0].load(SeqCst)
    }

    fn alive(&self) -> usize {
        self.0[1].load(SeqCst)
    }
}

/// A value that loom watches: a drop that races with a use fails.
struct Value {
    used: atomic::AtomicUsize,
    ledger: Ledger,
}

impl Value {
    fn use_it(&self) {
        self.used.load(atomic::Ordering::Relaxed);
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        self.used.with_mut(|_| ());
        assert!(self.ledger.0[1].fetch_sub(1, SeqCst) > 0, "dropped twice");
    }
}

/// Hashes that are the same in every execution. Keys that are equal modulo 8 have the same.
struct Fixed;

impl BuildHasher for Fixed {
    type Hasher = FixedHasher;

    fn build_hasher(&self) -> FixedHasher {
        FixedHasher(0)
    }
}

struct FixedHasher(u64);

impl Hasher for FixedHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().map(|byte| u64::from(byte % 8)).sum();
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

type Cache = Arc<WeakCache<u8, Value, Fixed>>;

fn cache(capacity: usize) -> Cache {
    Arc::new(WeakCache::builder().capacity(capacity).hasher(Fixed).build())
}

/// Whether something happened, and did not, in some execution each.
#[derive(Clone, Default)]
struct Both(Arc<[AtomicUsize; 2]>);

impl Both {
    fn note(&self, happened: bool) {
        self.0[usize::from(happened)].fetch_add(1, SeqCst);
    }

    fn came(&self) -> bool {
        self.0.iter().all(|times| times.load(SeqCst) > 0)
    }
}

/// A model with so many interleavings that those of few forced switches have to do.
fn of_three_threads(f: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = model.preemption_bound.map(|bound| bound.div_ceil(2)).or(Some(2));
    model.check(f);
}

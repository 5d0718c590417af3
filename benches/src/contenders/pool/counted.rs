//! Objects that are counted: how many were made, and how many are alive.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::object::{Buffer, Object};

static MADE: AtomicU64 = AtomicU64::new(0);
static ALIVE: AtomicI64 = AtomicI64::new(0);

/// As [`Buffer`], counted. Slower to make and to drop: for figures other than time.
pub(super) struct Counted<const CAPACITY: usize>(Buffer<CAPACITY>);

impl<const CAPACITY: usize> Object for Counted<CAPACITY> {
    const NAME: &'static str = Buffer::<CAPACITY>::NAME;
    const BYTES: usize = CAPACITY;
    const FILLED: u64 = Buffer::<CAPACITY>::FILLED;

    fn make() -> Self {
        MADE.fetch_add(1, Ordering::Relaxed);
        ALIVE.fetch_add(1, Ordering::Relaxed);
        Self(Buffer::make())
    }

    fn clean(&mut self) {
        self.0.clean();
    }

    fn fill(&mut self, i: u64) -> u64 {
        self.0.fill(i)
    }
}

impl<const CAPACITY: usize> Drop for Counted<CAPACITY> {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Who has it is the only one to count.
static COUNTING: Mutex<()> = Mutex::new(());

/// The counts since it was made, of one count at a time.
pub(super) struct Count {
    made: u64,
    alive: i64,
    _alone: MutexGuard<'static, ()>,
}

impl Count {
    pub(super) fn begin() -> Self {
        let alone = COUNTING.lock().unwrap_or_else(PoisonError::into_inner);
        Self { made: MADE.load(Ordering::Relaxed), alive: ALIVE.load(Ordering::Relaxed), _alone: alone }
    }

    pub(super) fn made(&self) -> u64 {
        MADE.load(Ordering::Relaxed) - self.made
    }

    pub(super) fn alive(&self) -> i64 {
        ALIVE.load(Ordering::Relaxed) - self.alive
    }
}

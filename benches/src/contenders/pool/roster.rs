//! Who takes part: a new contender of all these cases is one line here.

use std::alloc::System;

#[cfg(unix)]
use tikv_jemallocator::Jemalloc;

use mimalloc::MiMalloc;

use super::lock_free::{Crossbeam, Lockfree, LockfreeOwned, Opool, OpoolOwned, ShardedSlab, ShardedSlabOwned};
use super::locked::{Deadpool, MutexVec, ObjectPool, ObjectPoolOwned, Original};
use super::malloc::{Bare, Zeroed};
use super::object::Object;
use super::ours::{Ours, Owned, WithReset};
use super::peer::Field;
use super::peer::First::{Measured, Other};
use super::per_thread::{Regex, ThreadStacks};

/// Every pool, and every allocator in place of one.
pub(super) fn everyone<O: Object, F: Field>(field: F) -> F {
    let field = best::<O, F>(field)
        .enter::<Opool<O>>("opool", Other)
        .enter::<ShardedSlab<O>>("sharded-slab", Other)
        .enter::<Deadpool<O>>("deadpool unmanaged", Other)
        .enter::<MutexVec<O>>("Mutex<Vec>", Other)
        .enter::<Bare<System, O>>("glibc malloc", Other);
    // The work of a new plain object is to write all of it; the bare ones above leave that out.
    if size_of::<O>() < O::BYTES { field } else { zeroed::<O, F>(field) }
}

/// Those that are best at something, and those that the goals name.
pub(super) fn best<O: Object, F: Field>(field: F) -> F {
    let field = field
        .enter::<Ours<O>>("lagom", Other)
        .enter::<WithReset<O>>("lagom with reset", Other)
        .enter::<Regex<O>>("regex-automata owner", Measured)
        .enter::<Regex<O>>("regex-automata other", Other)
        .enter::<ThreadStacks<O>>("thread_local", Other)
        .enter::<Lockfree<O>>("lockfree-object-pool", Other)
        .enter::<ObjectPool<O>>("object-pool", Other)
        .enter::<Crossbeam<O>>("ArrayQueue", Other)
        .enter::<Original<O>>("the Python original", Other)
        .enter::<Bare<MiMalloc, O>>("mimalloc", Other);
    #[cfg(unix)]
    let field = field.enter::<Bare<Jemalloc, O>>("jemalloc", Other);
    field
}

fn zeroed<O: Object, F: Field>(field: F) -> F {
    let field = field
        .enter::<Zeroed<System, O>>("glibc malloc zeroed", Other)
        .enter::<Zeroed<MiMalloc, O>>("mimalloc zeroed", Other);
    #[cfg(unix)]
    let field = field.enter::<Zeroed<Jemalloc, O>>("jemalloc zeroed", Other);
    field
}

/// Guards that borrow nothing.
pub(super) fn owned<O: Object, F: Field>(field: F) -> F {
    field
        .enter::<Owned<O>>("lagom", Other)
        .enter::<Ours<O>>("lagom borrowed", Other)
        .enter::<LockfreeOwned<O>>("lockfree-object-pool", Other)
        .enter::<ObjectPoolOwned<O>>("object-pool", Other)
        .enter::<OpoolOwned<O>>("opool", Other)
        .enter::<ShardedSlabOwned<O>>("sharded-slab", Other)
        .enter::<Deadpool<O>>("deadpool unmanaged", Other)
}

/// Pools whose idle objects can be counted by what is alive.
pub(super) fn keepers<O: Object, F: Field>(field: F) -> F {
    field
        .enter::<Ours<O>>("lagom", Measured)
        .enter::<Regex<O>>("regex-automata", Measured)
        .enter::<ThreadStacks<O>>("thread_local", Measured)
        .enter::<Lockfree<O>>("lockfree-object-pool", Measured)
        .enter::<ObjectPool<O>>("object-pool", Measured)
        .enter::<Opool<O>>("opool", Measured)
        .enter::<ShardedSlab<O>>("sharded-slab", Measured)
        .enter::<Deadpool<O>>("deadpool unmanaged", Measured)
        .enter::<Crossbeam<O>>("ArrayQueue", Measured)
        .enter::<Original<O>>("the Python original", Measured)
        .enter::<MutexVec<O>>("Mutex<Vec>", Measured)
}

//! The one place where `parking_lot`, std and loom are chosen between.
//!
//! Both backends have the same surface, that of `parking_lot`: locks are not poisoned, [`Condvar::wait`] borrows its
//! guard. Under `--cfg lagom_loom` every type here is a model, to be used inside `loom::model` only, and `const`
//! constructors are not.

#[cfg(lagom_loom)]
mod model;
#[cfg(not(lagom_loom))]
mod native;

#[cfg(lagom_loom)]
pub use model::{
    Arc, Condvar, Mutex, MutexGuard, ThreadId, Weak, atomic, cell, current_thread, loom, thread_local, wait_a_little,
};
#[cfg(not(lagom_loom))]
pub use native::{
    Arc, Condvar, Mutex, MutexGuard, ThreadId, Weak, atomic, cell, current_thread, thread_local, wait_a_little,
};

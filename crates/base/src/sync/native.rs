//! The real primitives.

pub use parking_lot::{Condvar, Mutex, MutexGuard};
pub use std::sync::{Arc, atomic};
pub use std::thread::ThreadId;

/// The identity of the calling thread.
#[inline]
pub fn current_thread() -> ThreadId {
    std::thread::current().id()
}

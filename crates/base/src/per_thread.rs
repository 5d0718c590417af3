//! One value per thread, found by the thread's number; others may look at it.
#![allow(unsafe_code, reason = "a table of pointers, so that a thread finds its value by one load")]

#[cfg(lagom_loom)]
mod model;
#[cfg(lagom_loom)]
pub use model::PerThread;
#[cfg(not(lagom_loom))]
pub use native::PerThread;

#[cfg(not(lagom_loom))]
mod native;

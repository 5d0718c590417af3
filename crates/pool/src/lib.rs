//! A thread-safe object pool: reuse what is dear to build, keep no more than you say.
//!
//! ```
//! use lagom_pool::Pool;
//!
//! static BUFFERS: Pool<Vec<u8>> = Pool::new(|| Vec::with_capacity(4096));
//!
//! fn checksum(data: &[u8]) -> u32 {
//!     let mut scratch = BUFFERS.acquire(); // an idle buffer, or a new one
//!     scratch.clear();
//!     scratch.extend(data.iter().rev());
//!     scratch.iter().fold(0, |sum, byte| sum.rotate_left(5) ^ u32::from(*byte))
//! } // dropped: the buffer goes back
//!
//! assert_eq!(checksum(b"lagom"), checksum(b"lagom"));
//! assert_eq!(BUFFERS.stats().created(), 1);
//! assert_eq!(BUFFERS.stats().reused(), 1);
//! ```
//!
//! # When not to use it
//!
//! - **One thread, one place.** A local `Vec<T>` that you push to and pop from, or one buffer that you `clear`, costs
//!   nothing and needs no crate.
//! - **Small plain objects.** A good allocator makes 64 bytes in a few ns; taking a lock twice costs more. Pool what
//!   owns memory that grew, or what is dear to set up.
//! - **Connections, and anything else of which at most `n` may live.** This pool makes a new object when none is idle; it
//!   never waits. `deadpool` and `bb8` (async) or `r2d2` (threads) bound what is out, check health and time out.
//! - **Many threads on one pool at every microsecond.** The idle objects sit behind one lock, held for a push or a pop.
//!
//! # What is promised
//!
//! - **The bound.** No more than [`max_idle`](PoolBuilder::max_idle) objects are ever idle, at any instant. How many are
//!   in use is not bounded.
//! - **Last in, first out.** The object that came back last, the warmest, goes out first. Objects never move in memory
//!   between [`acquire`](Pool::acquire) and the end.
//! - **No callback under a lock.** The factory, [`reset`](PoolBuilder::reset), [`retain_if`](PoolBuilder::retain_if) and
//!   `T::drop` may use the same pool. (A factory that always acquires from its own empty pool recurses, as any function
//!   that calls itself does.)
//! - **Panics.** A panicking factory changes nothing. An object whose `reset` or `retain_if` panics is discarded. A guard
//!   that is dropped *while its thread unwinds* discards its object and runs no hook: what a panic left behind may be half
//!   written, and a second panic would abort the process. The counts stay right, and nothing is ever poisoned.
//! - **`mem::forget` of a guard** leaks its object, which [`Stats::in_use`] goes on counting. Nothing else changes.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod builder;
mod engine;
mod guard;
mod pool;
mod stats;

pub use builder::PoolBuilder;
pub use guard::{Pooled, PooledOwned};
pub use pool::Pool;
pub use stats::Stats;

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
#[derive(Debug)]
pub struct ReadmeDoctests;

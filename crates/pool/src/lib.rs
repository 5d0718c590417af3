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
//! - **Small plain objects.** A good allocator makes 64 bytes in about the time that a pool needs to hand one out. Pool
//!   what owns memory that grew, or what is dear to set up.
//! - **Connections, and anything else of which at most `n` may live.** This pool makes a new object when none is idle; it
//!   never waits. `deadpool` and `bb8` (async) or `r2d2` (threads) bound what is out, check health and time out.
//! - **A small `max_idle` and many threads that want more than it.** They take the few places from one another, at a system
//!   call each; a mutex around a `Vec` is faster there. Let `max_idle` be what is used at once.
//!
//! # What is promised
//!
//! - **The bound.** No more than [`max_idle`](PoolBuilder::max_idle) objects are ever idle, at any instant. How many are
//!   in use is not bounded.
//! - **No lock and no atomic read-modify-write on a hit**, for any thread: each keeps up to 32 idle objects in a magazine
//!   of its own and exchanges half of it with a shared depot when it runs empty or full. The bound counts them all. Idle
//!   objects of another thread are found, and its unused places, but after a look for some that found few only every
//!   64th time: then the factory makes one more, or an object is discarded.
//! - **Last in, first out.** The object that came back last to a thread, the warmest, goes out to it first. Objects never
//!   move in memory between [`acquire`](Pool::acquire) and the end.
//! - **Threads that end** give their idle objects back. Memory follows what is used at once, not the threads ever seen.
//! - **No callback under a lock.** The factory, [`reset`](PoolBuilder::reset), [`retain_if`](PoolBuilder::retain_if) and
//!   `T::drop` may use the same pool. (A factory that always acquires from its own empty pool recurses, as any function
//!   that calls itself does.)
//! - **Panics.** A panicking factory changes nothing. An object whose `reset` or `retain_if` panics is discarded. A guard
//!   that is dropped *while its thread unwinds* discards its object and runs no hook: what a panic left behind may be half
//!   written, and a second panic would abort the process. The counts stay right, and nothing is ever poisoned.
//! - **`len`, `stats`, `trim` and `clear`** see every thread's objects: they keep the owners out of their magazines for a
//!   moment (Linux: one `membarrier`, less than a microsecond). They are exact, and not for every request.
//! - **After `fork`** the child may use the pool unless another thread was inside it at that moment.
//! - **`mem::forget` of a guard** leaks its object, which [`Stats::in_use`] goes on counting. Nothing else changes.

//!
//! # One thread
//!
//! [`LocalPool`] is the twin for a single thread: no atomics and no system calls, some fifteen instructions each way. With
//! `default-features = false` it is all there is in this crate, which is then `no_std` with `alloc`.

#![cfg_attr(not(feature = "std"), no_std)]
#![deny(unsafe_code)]
#![warn(missing_docs)]

extern crate alloc;

#[cfg(feature = "std")]
mod builder;
#[cfg(feature = "std")]
mod engine;
mod error;
#[cfg(feature = "std")]
mod guard;
mod local;
#[cfg(feature = "std")]
mod magazine;
#[cfg(feature = "std")]
mod node;
#[cfg(feature = "std")]
mod pool;
#[cfg(feature = "std")]
mod shards;
mod stats;

#[cfg(feature = "std")]
pub use builder::PoolBuilder;
pub use error::TryAcquireError;
#[cfg(feature = "std")]
pub use guard::{Pooled, PooledOwned};
pub use local::{LocalPool, LocalPoolBuilder, LocalPooled, LocalPooledOwned};
#[cfg(feature = "std")]
pub use pool::Pool;
pub use stats::Stats;

#[doc = include_str!("../README.md")]
#[cfg(all(doctest, feature = "std"))]
#[derive(Debug)]
pub struct ReadmeDoctests;

//! A thread-safe object pool: reuse what is costly to build, keep no more than you say.
//!
//! ```
//! # #[cfg(feature = "std")] {
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
//! # }
//! ```
//!
//! # When not to use it
//!
//! - **One thread, one place.** A local `Vec<T>` that you push to and pop from, or one buffer that you `clear`, costs
//!   nothing and needs no crate.
//! - **Small plain objects.** A good allocator (jemalloc) takes 2.4 ns for 64 bytes, made and freed, and the pool 1.5. Pool
//!   what owns memory that grew, or what is costly to set up.
//! - **Connections.** [`max_live`](PoolBuilder::max_live) bounds them and `acquire_async` waits for
//!   them, but this pool makes objects by a plain function, and keeps no clock: `deadpool`, `bb8` and `r2d2` connect in
//!   the background, probe what was idle for long, and end what is too old.
//! - **A `max_idle` of one or two, and many threads that hold objects while they wait for something.** They take the
//!   places from one another, and objects are made and dropped; a mutex around a `Vec` is a little faster there. Let
//!   `max_idle` be what is used at once.
//!
//! # What is promised
//!
//! - **The bounds.** No more than [`max_idle`](PoolBuilder::max_idle) objects are ever idle, and no more than
//!   [`max_live`](PoolBuilder::max_live) alive, at any instant, those that threads keep for themselves included.
//! - **No lock and no atomic read-modify-write on a hit**, for any thread, bounded or not, borrowed or owned: each keeps up
//!   to 32 idle objects in a magazine of its own and exchanges half of it with a shared depot when it runs empty or full.
//! - **What is idle is found.** Who has to wait otherwise, because the pool is full, always looks into the magazines of
//!   other threads. Where the factory could make an object instead, or an object be dropped for want of a place, that
//!   look is taken as long as hits have paid for it (64 looks at once, then one per 64 hits, or every 64th time): so a
//!   magazine's worth of objects per thread may be made that need not have been.
//! - **First come, first served.** Threads and tasks that wait stand in one queue; nobody overtakes them. A waiter that
//!   gives up, by its timeout or because its future is dropped, passes on what it had been given.
//! - **Last in, first out.** The object that came back last to a thread, the warmest, goes out to it first. Objects never
//!   move in memory between [`acquire`](Pool::acquire) and the end.
//! - **Memory follows use.** Threads that end give their idle objects back. Each time that a thread has taken objects
//!   65,536 times at the same depth (as its first object in use, or as its second, …), half of what lay in the depot
//!   unused since the last time is dropped, and all magazines give their colder halves to the depot: what nobody needs
//!   goes little by little, without a clock and a thread of its own. A pool that nobody uses keeps what it has;
//!   [`trim`](Pool::trim) it. The magazines themselves, some 600 bytes for each thread of the largest crowd that was
//!   ever alive at once, stay with the pool.
//! - **No callback under a lock.** The factory, [`reset`](PoolBuilder::reset), [`retain_if`](PoolBuilder::retain_if),
//!   `T::drop` and wakers may use the same pool. (A factory that always acquires from its own empty pool recurses, as any
//!   function that calls itself does.)
//! - **Panics.** A panicking factory changes nothing. An object whose `reset` or `retain_if` panics is discarded. In a pool
//!   with such hooks a guard that is dropped *while its thread unwinds* discards its object and runs none: what a panic
//!   left behind may be half written, and a second panic would abort the process. A pool without hooks keeps objects as
//!   they come. The counts stay right, and nothing is ever poisoned.
//! - **`len`, `stats`, `outstanding`, `trim` and `clear`** see every thread's objects: they keep the owners out of their
//!   magazines for a moment (Linux: one `membarrier`, less than a microsecond while few threads run), and cost time for
//!   each magazine. They are exact, and not for every request.
//! - **Debug builds** (`debug_assertions`) also note where each object was acquired, under a lock of its own.
//! - **After `fork`** the child may use the pool unless another thread was inside it at that moment.
//! - **`mem::forget` of a guard** leaks its object, which [`Stats::in_use`] goes on counting and
//!   [`outstanding`](Pool::outstanding) shows; [`write_off_leaked`](Pool::write_off_leaked) makes room again.
//! - **A global allocator** must not use a pool: a pool allocates.
//!
//! # One thread
//!
//! [`LocalPool`] is the twin for a single thread: no atomics and no system calls, some fifteen instructions each way. With
//! `default-features = false` it is all there is in this crate, which is then `no_std` with `alloc`.
//!
//! # Features
//!
//! - `std` (default): [`Pool`].
//! - `async`: `Pool::acquire_async` and `Pool::acquire_owned_async`, for any runtime.
//! - `serde`: `Serialize` for [`Stats`].

#![cfg_attr(not(feature = "std"), no_std)]
#![deny(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;

mod error;
mod local;
#[cfg(feature = "std")]
mod shared;
mod stats;

#[cfg(feature = "async")]
pub use error::AcquireError;
#[cfg(feature = "std")]
pub use error::AcquireTimeoutError;
pub use error::TryAcquireError;
pub use local::{LocalPool, LocalPoolBuilder, LocalPooled, LocalPooledOwned};
#[cfg(feature = "async")]
pub use shared::{Acquire, AcquireOwned};
#[cfg(feature = "std")]
pub use shared::{Outstanding, Pool, PoolBuilder, Pooled, PooledOwned};
pub use stats::Stats;

#[doc = include_str!("../README.md")]
#[cfg(all(doctest, feature = "std"))]
#[derive(Debug)]
pub struct ReadmeDoctests;

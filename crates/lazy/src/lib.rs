//! Values computed on first use, recomputed after they expire or are invalidated.
//!
//! ```
//! use core::time::Duration;
//! use lagom_lazy::{ExpiringLazy, Lazy, LazyField};
//!
//! static PRIMES: Lazy<Vec<u32>> = Lazy::new(|| vec![2, 3, 5, 7]);
//! assert_eq!(PRIMES.len(), 4);
//!
//! static RATE: ExpiringLazy<f64> = ExpiringLazy::new(Duration::from_secs(300), || 1.08);
//! assert_eq!(*RATE.get(), 1.08);
//!
//! #[derive(Default)]
//! struct Analyzer {
//!     data: Vec<f64>,
//!     mean: LazyField<f64>,
//! }
//!
//! impl Analyzer {
//!     fn mean(&self) -> f64 {
//!         *self.mean.get_or_init(|| self.data.iter().sum::<f64>() / self.data.len() as f64)
//!     }
//!
//!     fn push(&mut self, value: f64) {
//!         self.data.push(value);
//!         self.mean.invalidate();
//!     }
//! }
//!
//! let mut analyzer = Analyzer::default();
//! analyzer.push(1.0);
//! assert_eq!(analyzer.mean(), 1.0);
//! analyzer.push(2.0);
//! assert_eq!(analyzer.mean(), 1.5);
//! ```
//!
//! # When not to use it
//!
//! - The value is never reset, its computation cannot panic and cannot need itself:
//!   [`LazyLock`](std::sync::LazyLock) and [`OnceLock`](std::sync::OnceLock) of std read as fast, need no dependency, and are
//!   made and filled in an eighth of the time (12 ns, not 100).
//! - One thread: [`LazyCell`](core::cell::LazyCell) and [`OnceCell`](core::cell::OnceCell).
//! - One value per key: `lagom-memo`, or [`moka`](https://docs.rs/moka).
//! - An expiring value behind an attribute, or `async`: `#[once]` of [`cached`](https://docs.rs/cached).
//! - Many threads read one expiring value in a tight loop: here each read takes a lock for a moment;
//!   [`arc-swap`](https://docs.rs/arc-swap) reads without one, but you write the expiry.
//!
//! # Which one
//!
//! | type | for | read gives | reset by |
//! | --- | --- | --- | --- |
//! | [`Lazy`] | a value that knows how to make itself | `&T` | `&mut` |
//! | [`LazyField`] | a field computed from its neighbours | `&T` | `&mut` |
//! | [`ExpiringLazy`] | a value that grows old | a guard, or an `Arc` | time, or `&` |
//!
//! What they share: one thread computes while the others wait; a panic in the computation leaves them empty, and the next
//! access tries again; a value that needs itself, even crossed between threads, panics with a clear message at once
//! instead of hanging.
//!
//! Waits for other things are not seen: an initializer that joins a thread which reads the same value, or waits for a
//! lock or a channel of yours that such a thread holds or serves, hangs as it would anywhere.
//!
//! # Features
//!
//! - `serde`: `Serialize` for [`Stats`].

#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod cycle;
mod expiring;
mod field;
mod guard;
mod initializing;
mod lazy;
mod state;
mod stats;

pub use builder::ExpiringLazyBuilder;
pub use expiring::ExpiringLazy;
pub use field::LazyField;
pub use guard::LazyRef;
pub use lazy::Lazy;
pub use stats::Stats;

/// Compiles and runs the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
#[derive(Debug)]
pub struct ReadmeDoctests;

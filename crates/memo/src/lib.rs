//! Memoize functions: a time to live, a bound, one computation per key at a time.
//!
//! ```
//! # #[cfg(not(feature = "macros"))]
//! # fn main() {}
//! # #[cfg(feature = "macros")]
//! # fn main() {
//! use lagom_memo::memoize;
//!
//! #[memoize(ttl = "300s", capacity = 1000)]
//! fn distance(from: &str, to: &str) -> f64 {
//!     // Something slow.
//!     (from.len() + to.len()) as f64
//! }
//!
//! assert_eq!(distance("JFK", "SFO"), 6.0);
//! assert_eq!(distance("JFK", "SFO"), 6.0); // not computed again
//! assert_eq!(distance::cache_info().hits(), 1);
//! distance::cache_clear();
//! # }
//! ```
//!
//! # When not to use it
//!
//! - The function is cheaper than a look-up: 50 to 70 ns; `cargo xtask bench memo` says what one takes on your machine.
//! - There is one value, not one per key: [`LazyLock`](std::sync::LazyLock), or `lagom-lazy` if it expires.
//! - You need `async` functions, methods, generic functions, a cache on disk or in Redis: the crate
//!   [`cached`](https://docs.rs/cached) has all of these.
//! - Many threads share one memo, and nothing expires: a hit of [`quick_cache`](https://docs.rs/quick_cache) takes a fifth of
//!   the time, for two threads an eighth. Here one lock protects a memo.
//! - You need weighed entries, listeners, or an admission policy that resists scans: [`moka`](https://docs.rs/moka), or
//!   `lagom-weakcache`.
//! - The values are big and shared: let the function return an `Arc`, since every hit is a clone.
//!
//! # By hand
//!
//! Where the attribute does not reach, there is [`Memo`]:
//!
//! ```
//! use core::time::Duration;
//! use lagom_memo::Memo;
//!
//! let pages: Memo<String, usize> = Memo::builder().capacity(100).ttl(Duration::from_secs(60)).build();
//! let length = pages.try_get_or_insert_with("a.txt".to_owned(), || Ok::<_, std::io::Error>(42))?;
//! assert_eq!(length, 42);
//! # Ok::<_, std::io::Error>(())
//! ```
//!
//! # Features
//!
//! - `macros` (default): the attribute `#[memoize]`.
//! - `serde`: `Serialize` for [`Stats`].

#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod key;
mod memo;
mod pending;
#[expect(missing_docs, reason = "for generated code alone")]
mod site;
mod state;
mod stats;

#[doc(hidden)]
pub mod __private;

pub use builder::MemoBuilder;
pub use memo::Memo;
pub use stats::Stats;

/// Keeps what a free function returned, and returns it again for equal arguments.
///
/// ```
/// use lagom_memo::memoize;
///
/// #[memoize]
/// fn fibonacci(n: u64) -> u64 {
///     if n < 2 { n } else { fibonacci(n - 1) + fibonacci(n - 2) }
/// }
///
/// assert_eq!(fibonacci(80), 23_416_728_348_467_685);
/// assert_eq!(fibonacci::cache_info().misses(), 81);
/// ```
///
/// # Settings
///
/// | setting | meaning | default |
/// | --- | --- | --- |
/// | `ttl = "5m"` | how long a value is served, counted from when its computation began; units `ns`, `us`, `ms`, `s`, `m`, `h`, `d`, also combined: `"1h30m"`; `"0s"` keeps nothing | for ever |
/// | `capacity = 500` | the most values that are kept; 0 keeps nothing | 1000 |
/// | `crate = path` | where this crate is found, if it was renamed or comes through another one | `::lagom_memo` |
///
/// # What it makes
///
/// The function itself, and a type of the same name and visibility that carries, for a function `f`:
///
/// - `f::cache_info() -> Stats`: [`Stats`] so far,
/// - `f::cache_clear()`: gives all values up, as [`Memo::clear`],
/// - `f::cache_purge_expired() -> usize`: frees all that expired, as [`Memo::purge_expired`].
///
/// Everything else is as [`Memo`] says: one computation per key at a time, and what can hang.
///
/// So the name is taken among types and modules too: no `mod f` beside a memoized `f`, and no memoized function with the
/// name of a type that is used near it, `u32` for instance.
///
/// # Arguments
///
/// Owned, or references to what has [`ToOwned`]: a `&str` is kept as a `String`, a `&[T]` as a `Vec<T>`. What is kept must
/// be `Hash + Eq + Send + Sync`, owned arguments also `Clone`. An `f32` or `f64`, also behind a reference, is told apart by
/// its bits: `0.0` and `-0.0` are two keys, and a NaN is equal to itself. Floats inside of other types are not: `[f64]` and
/// `Option<f64>` are neither `Hash` nor `Eq`. Patterns and `#[cfg]` work.
///
/// # Results
///
/// The returned value must be `Clone + Send + Sync`. Of a `Result`, by whatever name, only the value in `Ok` is kept,
/// and only that must be `Clone + Send + Sync`; an `Err` is returned and computed again next time. `None` is a value like any other.
///
/// ```
/// # use lagom_memo::memoize;
/// #[memoize(ttl = "10s")]
/// fn size_of_file(path: &str) -> std::io::Result<u64> {
///     Ok(std::fs::metadata(path)?.len())
/// }
///
/// assert!(size_of_file("no such file").is_err());
/// assert_eq!(size_of_file::cache_info().len(), 0);
/// ```
///
/// # Refused
///
/// With an error that says what to do instead: methods, generic functions (lifetimes are fine), `impl Trait`, `async`,
/// `const`, `unsafe` and `extern` functions, `&mut` and other borrows than `&T` at the top, borrowed results.
///
/// What the attribute cannot see, rustc refuses in its own words: a lifetime that is left out, as in `Cow<str>` or
/// `Borrowed` for a `Borrowed<'_>` ("borrowed data escapes outside of function", "lifetime may not live long enough"), and
/// an associated function that nowhere says `self` or `Self` ("struct is not supported in `trait`s or `impl`s").
#[cfg(feature = "macros")]
pub use lagom_memo_macros::memoize;

/// [`memoize`] for those who depend on the facade alone: paths begin at `::lagom::memo`.
#[cfg(feature = "macros")]
#[doc(hidden)]
pub use lagom_memo_macros::memoize_facade;

/// Compiles and runs the examples of the README.
#[cfg(all(doctest, feature = "macros"))]
#[doc = include_str!("../README.md")]
#[derive(Debug)]
pub struct ReadmeDoctests;

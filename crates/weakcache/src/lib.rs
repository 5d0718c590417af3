//! A cache of weak values with a bounded strong tier, an interner that frees, and sets of what vanishes with its owner.
//!
//! ```
//! use lagom_weakcache::{Cached, Interner, Observers, WeakCache};
//!
//! // Up to 1000 entries stay because they proved useful; any others only while somebody holds them.
//! let airports: WeakCache<String, Vec<u8>> = WeakCache::new(1000);
//! let jfk = airports.get_or_insert_with("JFK".to_owned(), || vec![0; 64]); // One thread loads, the others wait.
//! assert!(Cached::ptr_eq(&jfk, &airports.get("JFK").unwrap())); // The same object, as long as you hold it.
//! println!("{}", airports.stats());
//!
//! let codes: Interner<str> = Interner::new();
//! assert!(codes.intern("UA") == codes.intern("UA")); // One object; compared by address.
//!
//! let delayed = Observers::<str>::new();
//! let listener = delayed.subscribe(|flight| println!("{flight} is late")); // For as long as you keep it.
//! delayed.notify("UA 1714");
//! ```
//!
//! | type | for |
//! | --- | --- |
//! | [`WeakCache`] | all threads; its own handles, gone at once |
//! | [`LocalCache`] | the same for one thread, without locks and atomics |
//! | [`ArcCache`] | all threads; values that must be plain `Arc`s; dead entries are bounded and counted |
//! | [`MemoryLimited`], [`MemoryLimitedList`] | one owner; a map and a list that keep to a budget of bytes |
//! | [`Interner`] | all threads; one object per value |
//! | [`WeakSet`], [`Observers`] | all threads; things, and listeners, that vanish with their owner |
//!
//! # When not to use it
//!
//! - A bounded cache of one thread that is mostly written: [`lru`](https://docs.rs/lru) takes two thirds of the time for a
//!   miss and an insertion, [`quick_cache`](https://docs.rs/quick_cache) about as long. (Reads are faster here, and it hits
//!   more often on real traces.)
//! - Symbols that may stay for ever: the handles of [`lasso`](https://docs.rs/lasso) and [`ustr`](https://docs.rs/ustr) are
//!   `Copy`, 4 and 8 bytes, and cost nothing to drop.
//! - One thread only, and dead entries do not matter: [`weak-table`](https://docs.rs/weak-table) over plain `Rc`s takes
//!   fewer instructions.
//! - Values or keys that borrow: both must be `'static`.
//!
//! # What is promised
//!
//! - [`WeakCache`]: an entry lives while somebody holds a [`Cached`] handle of it or it is in the strong tier, and when
//!   neither does it is gone at once: [`len`](WeakCache::len) is exact. Reads take no lock but where they
//!   [change something](WeakCache#locking). Eviction never takes away what somebody still uses: the next lookup finds the
//!   same object, so there are never two live ones of one key.
//! - Single flight: the factory of a key runs once however many threads ask, other keys go on, and a factory that needs
//!   its own result, directly or through the loads of other threads, panics instead of hanging. Other waits are not
//!   seen: a factory that joins a thread which asks for the same key, or waits for a lock or a channel of yours that
//!   such a thread holds or serves, hangs as it would anywhere. Who waits for a factory that fails retries, or
//!   [shares its error](WeakCache::try_get_or_insert_shared).
//! - Tasks (feature `async`) fill entries by `get_or_insert_async`, in single flight with threads; a load that is dropped
//!   half-way hands over.
//! - [`Interner`]: one object per value of `str`, `[T]` or your type, with handles one pointer wide, in one block of
//!   memory that is freed when unused. A value that dies is never waited for.
//! - [`WeakSet`]: members are gone when their owner is; [`Observers`], a list of listeners, is one.
//! - No code of yours runs under a lock.

#![deny(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod arc;
mod control;
mod hasher;
mod interner;
mod limited;
mod local;
mod memory;
mod nested;
mod observers;
mod set;
mod shared;
mod spread;
mod stats;

pub use arc::{ArcCache, ArcCacheBuilder, ArcStats};
pub use hasher::{DefaultHashBuilder, DefaultHasher};
pub use interner::{Internable, Interned, Interner, InternerBuilder, InternerBytes};
pub use limited::{MemoryLimited, MemoryLimitedList, TooHeavy};
pub use local::{LocalCache, LocalCacheBuilder, LocalCached, LocalEntries, LocalEntry};
pub use memory::MemoryUsage;
pub use observers::{Observer, Observers};
pub use set::{Member, WeakSet};
pub use shared::{Cached, Entry, Eviction, LoadError, Pin, WeakCache, WeakCacheBuilder};
pub use stats::Stats;

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
pub struct ReadmeDoctests;

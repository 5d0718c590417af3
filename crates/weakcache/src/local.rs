//! The cache of one thread: the rules of [`WeakCache`](crate::WeakCache) without its locks and atomics.

mod builder;
mod cache;
mod engine;
mod entries;
mod node;
mod tier;

pub use builder::LocalCacheBuilder;
pub use cache::LocalCache;
pub use entries::{LocalEntries, LocalEntry};
pub use node::LocalCached;

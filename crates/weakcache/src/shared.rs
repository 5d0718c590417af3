//! The cache of all threads.

mod builder;
mod cache;
mod cached;
mod debris;
mod engine;
mod entry;
mod expiry;
mod failure;
mod fill;
#[cfg(feature = "async")]
mod future;
mod limbo;
mod load;
mod loads;
mod lookup;
mod maintenance;
mod node;
mod pin;
mod readers;
mod search;
mod settings;
mod shard;
mod slab;
mod table;
mod tier;
mod upkeep;

pub use builder::{Eviction, WeakCacheBuilder};
pub use cache::WeakCache;
pub use cached::Cached;
pub use entry::Entry;
pub use fill::LoadError;
pub use pin::Pin;

//! The cache of values that are `Arc`s and stay so.

mod builder;
mod cache;
mod shard;
mod slots;
mod stats;

pub use builder::ArcCacheBuilder;
pub use cache::ArcCache;
pub use stats::ArcStats;

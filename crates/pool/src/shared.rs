//! The pool of all threads.

#[cfg(feature = "async")]
mod acquire;
mod builder;
mod depot;
mod engine;
mod guard;
mod magazine;
mod node;
mod outstanding;
mod pool;
mod shards;
mod upkeep;
mod waiters;

#[cfg(feature = "async")]
pub use acquire::{Acquire, AcquireOwned};
pub use builder::PoolBuilder;
pub use guard::{Pooled, PooledOwned};
pub use outstanding::Outstanding;
pub use pool::Pool;

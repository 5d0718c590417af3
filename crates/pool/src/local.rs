//! The pool of one thread: the rules of [`Pool`](crate::Pool) without its locks, fences and magazines.

mod builder;
mod engine;
mod guard;
mod held;
mod pool;
mod stack;

pub use builder::LocalPoolBuilder;
pub use guard::{LocalPooled, LocalPooledOwned};
pub use pool::LocalPool;

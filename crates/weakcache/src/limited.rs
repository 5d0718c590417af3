//! Collections that let go of what is old before they take more memory than they may.

mod cache;
mod error;
mod list;

pub use cache::MemoryLimited;
pub use error::TooHeavy;
pub use list::MemoryLimitedList;

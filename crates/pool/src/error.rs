//! Why an object was not handed out.

use core::error::Error;
use core::fmt;

/// Why a `try_acquire` handed out nothing, as [`LocalPool::try_acquire`](crate::LocalPool::try_acquire).
///
/// ```
/// use lagom_pool::{LocalPool, TryAcquireError};
///
/// let pool = LocalPool::builder(String::new).max_live(1).build();
/// let only = pool.acquire();
/// assert_eq!(pool.try_acquire().unwrap_err(), TryAcquireError::Exhausted);
/// drop(only);
/// pool.close();
/// assert_eq!(pool.try_acquire().unwrap_err(), TryAcquireError::Closed);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryAcquireError {
    /// Nothing is idle, and as many objects live as may.
    Exhausted,
    /// The pool was closed.
    Closed,
}

impl fmt::Display for TryAcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exhausted => "every object that may live is in use",
            Self::Closed => "the pool is closed",
        })
    }
}

impl Error for TryAcquireError {}

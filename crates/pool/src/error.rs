//! Why there is no object.

use core::error::Error;
use core::fmt;

/// Why `try_acquire` gave no object, of a [`LocalPool`](crate::LocalPool::try_acquire) or a `Pool`.
///
/// ```
/// use lagom_pool::{LocalPool, TryAcquireError};
///
/// let pool = LocalPool::builder(String::new).max_live(1).build();
/// let held = pool.acquire();
/// assert_eq!(pool.try_acquire().unwrap_err(), TryAcquireError::Exhausted);
/// # drop(held);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryAcquireError {
    /// As many objects as may live are in use, or others wait for one.
    Exhausted,
    /// The pool was closed.
    Closed,
}

impl fmt::Display for TryAcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exhausted => "every object that the pool may have is in use",
            Self::Closed => "the pool is closed",
        })
    }
}

impl Error for TryAcquireError {}

/// Why [`acquire_timeout`](crate::Pool::acquire_timeout) gave no object.
///
/// ```
/// use std::time::Duration;
///
/// use lagom_pool::{AcquireTimeoutError, Pool};
///
/// let pool = Pool::builder(String::new).max_live(1).build();
/// let held = pool.acquire();
/// let late = pool.acquire_timeout(Duration::from_millis(1));
/// assert_eq!(late.unwrap_err(), AcquireTimeoutError::TimedOut);
/// # drop(held);
/// ```
#[cfg(feature = "std")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcquireTimeoutError {
    /// No object came back in time.
    TimedOut,
    /// The pool was closed.
    Closed,
}

#[cfg(feature = "std")]
impl fmt::Display for AcquireTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TimedOut => "no object came back to the pool in time",
            Self::Closed => "the pool is closed",
        })
    }
}

#[cfg(feature = "std")]
impl Error for AcquireTimeoutError {}

/// The pool was closed, so that [`acquire_async`](crate::Pool::acquire_async) gave no object.
///
/// ```
/// # use std::task::{Context, Poll, Waker};
/// use lagom_pool::{AcquireError, Pool};
///
/// let pool = Pool::new(String::new);
/// pool.close();
/// let mut future = std::pin::pin!(pool.acquire_async());
/// let Poll::Ready(Err(error)) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) else { unreachable!() };
/// assert_eq!(error, AcquireError);
/// ```
#[cfg(feature = "async")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcquireError;

#[cfg(feature = "async")]
impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the pool is closed")
    }
}

#[cfg(feature = "async")]
impl Error for AcquireError {}

//! Why there is no answer.

use std::fmt;

/// Why the heap could not be scanned.
///
/// ```
/// use lagom_profiler::heap::{self, ScanError};
///
/// // Without a tracking allocator in the mode `Live` no block is known.
/// let error = heap::leaks().unwrap_err();
/// assert!(matches!(error, ScanError::NotLive | ScanError::Unsupported));
/// println!("{error}");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ScanError {
    /// There are scans on Linux on x86-64 with the feature `enabled` only.
    Unsupported,
    /// No block is known: the mode must be [`Live`](crate::heap::Mode::Live) when blocks are allocated.
    NotLive,
    /// The address is in no live block that is known.
    NotABlock,
    /// No allocation of that type is known.
    NoSuchType,
    /// The system refused what a scan needs.
    System(&'static str),
}

impl fmt::Display for ScanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unsupported => {
                "scans need to stop threads and to read their registers, which is written for Linux on x86-64 only, with the \
                 feature `enabled`"
            }
            Self::NotLive => {
                "no live block is known: the program needs a TrackingAllocator as its #[global_allocator], in the mode `Live`"
            }
            Self::NotABlock => "the address is in no live block that is known",
            Self::NoSuchType => "no live block is known to be of that type",
            Self::System(what) => what,
        })
    }
}

impl std::error::Error for ScanError {}

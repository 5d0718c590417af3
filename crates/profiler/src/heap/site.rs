//! What was allocated where: call stacks with names, and the figures of each.

use std::sync::Arc;

/// Blocks and their bytes.
///
/// ```
/// assert_eq!(lagom_profiler::heap::Amount::default().bytes(), 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Amount {
    pub(crate) blocks: u64,
    pub(crate) bytes: u64,
}

impl Amount {
    /// How many blocks.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Amount::default().blocks(), 0);
    /// ```
    #[must_use]
    pub const fn blocks(&self) -> u64 {
        self.blocks
    }

    /// How many bytes were asked for.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Amount::default().bytes(), 0);
    /// ```
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Both together, at most what the numbers hold.
    pub(crate) const fn plus(self, other: Self) -> Self {
        Self { blocks: self.blocks.saturating_add(other.blocks), bytes: self.bytes.saturating_add(other.bytes) }
    }
}

/// One function of a call stack, inlined or not.
///
/// ```
/// fn print(frame: &lagom_profiler::heap::Frame) {
///     println!("{} at {}:{}", frame.function(), frame.file(), frame.line());
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Frame {
    pub(crate) function: Arc<str>,
    pub(crate) file: Arc<str>,
    pub(crate) line: u32,
    pub(crate) object: Arc<str>,
    pub(crate) address: u64,
}

impl Frame {
    /// The demangled name with its path and generic arguments, without the compiler's hash; the address in hexadecimal if it is
    /// not known.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Frame::default().function(), "");
    /// ```
    #[must_use]
    pub fn function(&self) -> &str {
        &self.function
    }

    /// The source file as the compiler was given it; empty if it is not known.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Frame::default().file(), "");
    /// ```
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The line of the call, from 1; 0 if it is not known.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Frame::default().line(), 0);
    /// ```
    #[must_use]
    pub const fn line(&self) -> u32 {
        self.line
    }

    /// The program or library that holds the code.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Frame::default().object(), "");
    /// ```
    #[must_use]
    pub fn object(&self) -> &str {
        &self.object
    }

    /// Where the code is in that file, as `addr2line` takes it; several inlined functions share one.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Frame::default().address(), 0);
    /// ```
    #[must_use]
    pub const fn address(&self) -> u64 {
        self.address
    }
}

/// All that one call stack allocated.
///
/// ```
/// fn print(site: &lagom_profiler::heap::Site) {
///     let place = site.frames().first().map_or("?", |frame| frame.function());
///     println!("{place}: {} blocks, {} bytes of them live", site.total().blocks(), site.live().bytes());
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Site {
    pub(crate) frames: Arc<[Frame]>,
    pub(crate) thread: Arc<str>,
    pub(crate) span: Arc<str>,
    pub(crate) total: Amount,
    pub(crate) live: Amount,
    pub(crate) peak: Amount,
    /// The most that was live of it at any moment; zero where that is not known.
    #[cfg_attr(feature = "serde", serde(default))]
    pub(crate) most: Amount,
    pub(crate) temporary: Amount,
    pub(crate) lifetime_ns: u64,
    pub(crate) variance: f64,
}

impl Site {
    /// The stack, the function that asked for memory first, its callers after it.
    ///
    /// ```
    /// assert!(lagom_profiler::heap::Site::default().frames().is_empty());
    /// ```
    #[must_use]
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// The name of the thread that allocated; empty if threads are not told apart.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Site::default().thread(), "");
    /// ```
    #[must_use]
    pub fn thread(&self) -> &str {
        &self.thread
    }

    /// The span or profiled function that was open; empty if none was.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Site::default().span(), "");
    /// ```
    #[must_use]
    pub fn span(&self) -> &str {
        &self.span
    }

    /// All it ever allocated.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Site::default().total().blocks(), 0);
    /// ```
    #[must_use]
    pub const fn total(&self) -> Amount {
        self.total
    }

    /// What of it is live: at the moment of a snapshot, at the end of a recording.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Site::default().live().bytes(), 0);
    /// ```
    #[must_use]
    pub const fn live(&self) -> Amount {
        self.live
    }

    /// What of it was live when the whole heap was largest; zero but in recordings.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Site::default().peak().bytes(), 0);
    /// ```
    #[must_use]
    pub const fn peak(&self) -> Amount {
        self.peak
    }

    /// The most of it that was live at any moment, at least what is known of its moments; exact in recordings.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Site::default().most().bytes(), 0);
    /// ```
    #[must_use]
    pub const fn most(&self) -> Amount {
        let known = if self.peak.bytes > self.live.bytes { self.peak } else { self.live };
        if self.most.bytes > known.bytes { self.most } else { known }
    }

    /// What of it was released before its thread allocated anything else; zero but in recordings.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Site::default().temporary().blocks(), 0);
    /// ```
    #[must_use]
    pub const fn temporary(&self) -> Amount {
        self.temporary
    }

    /// How long its blocks lived, added up, in nanoseconds; those not released until the end. Zero but in recordings.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Site::default().lifetime_ns(), 0);
    /// ```
    #[must_use]
    pub const fn lifetime_ns(&self) -> u64 {
        self.lifetime_ns
    }

    /// The standard error of the live bytes, where they are estimated from samples; else 0.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::heap::Site::default().standard_error(), 0.0);
    /// ```
    #[must_use]
    pub fn standard_error(&self) -> f64 {
        self.variance.sqrt()
    }
}

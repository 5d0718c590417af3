//! What a function's probe tells beside counts and times, where it was asked to.

use std::borrow::Cow;
use std::time::Duration;

use super::histogram::nanos;

/// How a function waits: from calls of at least 50 us on, of some of which the thread's CPU time is read.
///
/// ```
/// assert_eq!(lagom_profiler::Waiting::default().share(), 0.0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct Waiting {
    /// Calls whose CPU time was read.
    pub(crate) calls: u64,
    pub(crate) wall_ns: f64,
    pub(crate) cpu_ns: f64,
    /// The same of those that took more than four times the typical (geometric mean) duration.
    pub(crate) long_calls: u64,
    pub(crate) long_wall_ns: f64,
    pub(crate) long_cpu_ns: f64,
    /// Of the same calls; `None` where the system does not tell.
    pub(crate) queued: Option<Queued>,
}

/// The time in which a thread could run and had no core: what other programs cost, not what the function waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Queued {
    pub(crate) ns: f64,
    pub(crate) long_ns: f64,
}

impl Waiting {
    /// How many calls the figures come from.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::Waiting::default().calls(), 0);
    /// ```
    #[must_use]
    pub const fn calls(&self) -> u64 {
        self.calls
    }

    /// The share of the duration in which the thread did not run: 0.0 computes all the time, 1.0 only waits.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::Waiting::default().share(), 0.0);
    /// ```
    #[must_use]
    pub fn share(&self) -> f64 {
        share(self.wall_ns, self.cpu_ns)
    }

    /// The same share in calls that took more than four times the typical duration.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::Waiting::default().long_share(), 0.0);
    /// ```
    #[must_use]
    pub fn long_share(&self) -> f64 {
        share(self.long_wall_ns, self.long_cpu_ns)
    }

    /// The share of the duration in which the thread waited, but not for a core: for a lock, for I/O, for the time to
    /// pass. 0.0 where the system does not tell the one from the other; Linux does.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::Waiting::default().blocked_share(), 0.0);
    /// ```
    #[must_use]
    pub fn blocked_share(&self) -> f64 {
        self.queued.map_or(0.0, |queued| share(self.wall_ns, self.cpu_ns + queued.ns))
    }
}

fn share(wall: f64, cpu: f64) -> f64 {
    if wall > 0.0 { (1.0 - cpu / wall).clamp(0.0, 1.0) } else { 0.0 }
}

/// How often a function is called with arguments it was called with before; with `#[profile(repeats)]`.
///
/// ```
/// assert_eq!(lagom_profiler::Repeats::default().share(), 0.0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct Repeats {
    pub(crate) calls: u64,
    pub(crate) repeated: u64,
    pub(crate) repeated_ns: f64,
}

impl Repeats {
    /// Calls whose arguments were looked at.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::Repeats::default().calls(), 0);
    /// ```
    #[must_use]
    pub const fn calls(&self) -> u64 {
        self.calls
    }

    /// Calls with the arguments of one of the last 1,000 different ones in the same thread.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::Repeats::default().repeated(), 0);
    /// ```
    #[must_use]
    pub const fn repeated(&self) -> u64 {
        self.repeated
    }

    /// Repeated calls as a share of all, 0.0 to 1.0.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::Repeats::default().share(), 0.0);
    /// ```
    #[must_use]
    pub fn share(&self) -> f64 {
        if self.calls == 0 { 0.0 } else { self.repeated as f64 / self.calls as f64 }
    }

    /// The time that repeated calls took: the most that remembering results can save.
    ///
    /// ```
    /// assert!(lagom_profiler::Repeats::default().repeated_time().is_zero());
    /// ```
    #[must_use]
    pub fn repeated_time(&self) -> Duration {
        nanos(self.repeated_ns)
    }
}

/// Timed calls whose input size lies between two powers of two; with `#[profile(size = …)]`.
///
/// ```
/// assert_eq!(lagom_profiler::SizeClass::default().calls(), 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct SizeClass {
    pub(crate) calls: u64,
    /// Sums over the calls: of the natural logarithms of size and duration in ns, of their squares, of the durations' squares.
    pub(crate) log_size: f64,
    pub(crate) log_ns: f64,
    pub(crate) log_ns_squared: f64,
    pub(crate) total_size: f64,
    pub(crate) total_ns: f64,
}

impl SizeClass {
    /// Timed calls of such a size.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::SizeClass::default().calls(), 0);
    /// ```
    #[must_use]
    pub const fn calls(&self) -> u64 {
        self.calls
    }

    /// Their mean size; 0.0 without a call.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::SizeClass::default().mean_size(), 0.0);
    /// ```
    #[must_use]
    pub fn mean_size(&self) -> f64 {
        if self.calls == 0 { 0.0 } else { self.total_size / self.calls as f64 }
    }

    /// Their mean duration; zero without a call.
    ///
    /// ```
    /// assert!(lagom_profiler::SizeClass::default().mean().is_zero());
    /// ```
    #[must_use]
    pub fn mean(&self) -> Duration {
        nanos(if self.calls == 0 { 0.0 } else { self.total_ns / self.calls as f64 })
    }
}

/// Calls of one stretch of time: what drift is found by.
///
/// ```
/// assert_eq!(lagom_profiler::Stretch::default().calls(), 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct Stretch {
    pub(crate) from_ns: u64,
    pub(crate) to_ns: u64,
    pub(crate) calls: u64,
    /// The geometric mean of the durations.
    pub(crate) typical_ns: f64,
}

impl Stretch {
    /// When it began, counted from the start of the figures.
    ///
    /// ```
    /// assert!(lagom_profiler::Stretch::default().from().is_zero());
    /// ```
    #[must_use]
    pub const fn from(&self) -> Duration {
        Duration::from_nanos(self.from_ns)
    }

    /// When it ended.
    ///
    /// ```
    /// assert!(lagom_profiler::Stretch::default().to().is_zero());
    /// ```
    #[must_use]
    pub const fn to(&self) -> Duration {
        Duration::from_nanos(self.to_ns)
    }

    /// Timed calls that ended in it.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::Stretch::default().calls(), 0);
    /// ```
    #[must_use]
    pub const fn calls(&self) -> u64 {
        self.calls
    }

    /// The typical duration: the geometric mean, which an outlier hardly moves.
    ///
    /// ```
    /// assert!(lagom_profiler::Stretch::default().typical().is_zero());
    /// ```
    #[must_use]
    pub fn typical(&self) -> Duration {
        nanos(self.typical_ns)
    }
}

/// One of the last calls of a function; with `#[profile(records)]`.
///
/// ```
/// for function in lagom_profiler::summary().functions() {
///     for record in function.records() {
///         println!("{:?} {:?} {:?}", record.at(), record.duration(), record.error());
///     }
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct Record {
    pub(crate) at_ns: u64,
    pub(crate) duration_ns: u64,
    pub(crate) allocations: u64,
    pub(crate) allocated_bytes: u64,
    pub(crate) outcome: RecordOutcome,
    pub(crate) error: Option<Cow<'static, str>>,
}

/// How a recorded call ended.
///
/// ```
/// assert_eq!(lagom_profiler::RecordOutcome::default(), lagom_profiler::RecordOutcome::Done);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum RecordOutcome {
    /// It returned, and no `Err`.
    #[default]
    Done,
    /// It returned an `Err`.
    Error,
    /// A panic ended it.
    Panic,
    /// Its future was dropped.
    Cancelled,
}

impl Record {
    /// When it began, counted from the start of the figures.
    ///
    /// ```
    /// assert!(lagom_profiler::Record::default().at().is_zero());
    /// ```
    #[must_use]
    pub const fn at(&self) -> Duration {
        Duration::from_nanos(self.at_ns)
    }

    /// How long it took.
    ///
    /// ```
    /// assert!(lagom_profiler::Record::default().duration().is_zero());
    /// ```
    #[must_use]
    pub const fn duration(&self) -> Duration {
        Duration::from_nanos(self.duration_ns)
    }

    /// Allocations during the call; zero unless [`TrackingAllocator`](crate::TrackingAllocator) counts.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::Record::default().allocations(), 0);
    /// ```
    #[must_use]
    pub const fn allocations(&self) -> u64 {
        self.allocations
    }

    /// Bytes requested by those allocations.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::Record::default().allocated_bytes(), 0);
    /// ```
    #[must_use]
    pub const fn allocated_bytes(&self) -> u64 {
        self.allocated_bytes
    }

    /// How it ended.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::Record::default().outcome(), lagom_profiler::RecordOutcome::Done);
    /// ```
    #[must_use]
    pub const fn outcome(&self) -> RecordOutcome {
        self.outcome
    }

    /// The text of the error that it returned, of types that are `Display` or else `Debug`, at most 256 bytes.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::Record::default().error(), None);
    /// ```
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }
}

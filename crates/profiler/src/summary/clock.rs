//! What the profiler measures with.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use super::histogram::nanos;

/// The profiler's clock, and what a probe costs: measured on this machine when the first function is profiled.
///
/// ```
/// println!("{}", lagom_profiler::summary().clock());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct Clock {
    pub(crate) source: Cow<'static, str>,
    pub(crate) step_ns: f64,
    pub(crate) inside_ns: f64,
    pub(crate) timed_ns: f64,
    pub(crate) counted_ns: f64,
}

impl Clock {
    /// What is read: `tsc`, `cntvct` or `Instant`; empty if nothing was profiled.
    ///
    /// ```
    /// println!("{}", lagom_profiler::summary().clock().source());
    /// ```
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The least by which it moves on, in nanoseconds.
    ///
    /// ```
    /// println!("{} ns", lagom_profiler::summary().clock().step_ns());
    /// ```
    #[must_use]
    pub fn step_ns(&self) -> f64 {
        self.step_ns
    }

    /// Percentiles below this, five steps, say more of the clock than of the function; means are sound below it, too.
    ///
    /// ```
    /// println!("{:?}", lagom_profiler::summary().clock().percentiles_from());
    /// ```
    #[must_use]
    pub fn percentiles_from(&self) -> Duration {
        nanos(5.0 * self.step_ns)
    }

    /// What timing adds to a call's own duration, in nanoseconds; it has been taken off all times.
    ///
    /// ```
    /// println!("{} ns", lagom_profiler::summary().clock().inside_ns());
    /// ```
    #[must_use]
    pub fn inside_ns(&self) -> f64 {
        self.inside_ns
    }

    /// What a timed call costs its caller, in nanoseconds; it has been taken off the callers' times.
    ///
    /// ```
    /// println!("{} ns", lagom_profiler::summary().clock().timed_ns());
    /// ```
    #[must_use]
    pub fn timed_ns(&self) -> f64 {
        self.timed_ns
    }

    /// What a call that is counted but not timed costs its caller, in nanoseconds; it has been taken off the callers' times.
    ///
    /// ```
    /// println!("{} ns", lagom_profiler::summary().clock().counted_ns());
    /// ```
    #[must_use]
    pub fn counted_ns(&self) -> f64 {
        self.counted_ns
    }
}

/// `clock: tsc in steps of 10.0 ns (percentiles below 50 ns are not meaningful here); a probe takes 21.0 ns timed, 1.0 ns not`
impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.source.is_empty() {
            return f.write_str("clock: not read yet");
        }
        write!(f, "clock: {} in steps of {:.1} ns", self.source, self.step_ns)?;
        if self.step_ns >= 1.0 {
            write!(f, " (percentiles below {:.0} ns are not meaningful here)", 5.0 * self.step_ns)?;
        }
        write!(f, "; a probe takes {:.1} ns timed, {:.1} ns not", self.timed_ns, self.counted_ns)
    }
}
